"""Annotating what the program asks for next, against annotating at random; run it as a script.

    python tests/benchmarks/next_case.py --out FOLDER [--data FOLDER] [--seeds 3] [--samples 4800]

On hearts of ACDC (``$SEGSTUDIO_DATA/acdc``). It starts with 4 labelled patients, trains, lets the
program rank the others by the network's doubt, takes the labels of the first 2 from the truth, and
trains again from the start: 4 rounds, 12 patients. Beside it, the same with 2 patients at random.
After each round it prints the Dice of 12 patients that no training sees. Trainings that are
finished in FOLDER are taken up again. One process a core.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from segstudio.core.metrics import evaluate
from segstudio.data.atomic import write_text
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import class_table, open_dataset, read_case_labels, read_image
from segstudio.learn.config import make_config
from segstudio.learn.doubt import Doubt, doubt_of, ranked, usual_values
from segstudio.learn.predict import load_predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

FIRST, MORE, ROUNDS, TEST = 4, 2, 4, 12  # patients
EPOCHS = 5
ASKED, RANDOM = "asked for", "at random"


def main() -> None:
    """Train what is not trained yet; print the Dice after each round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEGSTUDIO_DATA", ".")))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=4800)
    options = parser.parse_args()
    course = partial(follow, options.data / "acdc", options.out, options.samples)
    seeds = range(options.seeds)
    chains = [(way, seed) for seed in seeds for way in (ASKED, RANDOM)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        # The first round of both ways is the same training.
        list(pool.map(partial(course, ASKED, rounds=0), seeds))
        found = list(pool.map(course, *zip(*chains, strict=True)))
    for (way, seed), scores in zip(chains, found, strict=True):
        print(f"{way}, seed {seed}: " + ", ".join(f"{dice:.3f}" for dice in scores))
    print(f"\n| patients | {ASKED} | {RANDOM} |\n|---|---|---|")
    for number in range(ROUNDS + 1):
        cells = []
        for way in (ASKED, RANDOM):
            dice = [s[number] for (w, _), s in zip(chains, found, strict=True) if w == way]
            cells.append(f"{np.mean(dice):.3f} ± {np.std(dice):.3f}")
        print(f"| {FIRST + MORE * number} | " + " | ".join(cells) + " |")


def follow(
    data: Path, out: Path, samples: int, way: str, seed: int, rounds: int = ROUNDS
) -> list[float]:
    """Return the Dice on the test patients after each round."""
    import torch

    torch.set_num_threads(1)
    dataset = open_dataset(data)
    rng = np.random.default_rng(seed)
    patients = sorted({case.patient for case in dataset.cases})
    order = [patients[i] for i in rng.permutation(len(patients))]
    test, labelled, rest = order[:TEST], order[TEST : TEST + FIRST], order[TEST + FIRST :]
    scores = []
    for number in range(rounds + 1):
        name = f"seed{seed}_{'first' if not number else f'{way}_{number}'}".replace(" ", "-")
        run = trained(of_patients(dataset, labelled), out / name, seed, samples)
        scores.append(test_dice(run, of_patients(dataset, test)))
        print(f"{name}: {len(labelled)} patients, test Dice {scores[-1]:.3f}", flush=True)
        if number < rounds:
            chosen = (
                asked_for(run, dataset, labelled, rest)
                if way == ASKED
                else rng.choice(rest, MORE, replace=False).tolist()
            )
            labelled, rest = [*labelled, *chosen], [p for p in rest if p not in chosen]
    return scores


def of_patients(dataset: Dataset, patients: list[str]) -> Dataset:
    """Return the cases of some patients."""
    return replace(dataset, cases=tuple(c for c in dataset.cases if c.patient in patients))


def trained(dataset: Dataset, run: Path, seed: int, samples: int) -> Path:
    """Return a run on all cases of a dataset, of a budget that does not grow with them."""
    folder = RunFolder(run)
    if folder.read_summary() is None:
        config = make_config(
            loss="dice + cross-entropy",
            epochs=EPOCHS,
            samples_per_epoch=samples // EPOCHS,
            batch_size=8,
            patch_size=(128, 128),
            schedule="cosine",
            average=0.99,
            augmentation={},
            split="none",
            seed=seed,
            timeline_cases=0,
            hd95_every=0,
            threads=1,  # of a process; there is one a core
        )
        for _ in train(dataset, config, run, resume=folder.last.exists()):
            pass
    return run


def test_dice(run: Path, dataset: Dataset) -> float:
    """Return the mean over cases and classes of a run's Dice, kept in its folder."""
    kept = run / "test_dice.json"
    if not kept.exists():
        predictor, classes = load_predictor(run), class_table(dataset)
        dice = []
        for case in dataset.cases:
            volume = read_image(case)
            truth = read_case_labels(case, volume)
            scores = evaluate(predictor.labels(volume), truth, volume.grid, classes)
            dice += [score.dice for score in scores]
        write_text(kept, json.dumps(float(np.nanmean(dice))))
    return float(json.loads(kept.read_text()))


def asked_for(run: Path, dataset: Dataset, labelled: list[str], rest: list[str]) -> list[str]:
    """Return the patients whose cases the program would have annotated next."""
    predictor = load_predictor(run)
    present = {c.name: values_in(c) for c in of_patients(dataset, labelled).cases}
    expected = usual_values(present)
    cases = of_patients(dataset, rest).cases
    doubts = [doubt_of(predictor, read_image(case), case.name, expected) for case in cases]
    return first_patients(ranked(doubts, {c.name: c.patient for c in cases}), cases)


def values_in(case: Case) -> set[int]:
    """Return the label values of a case."""
    return set(np.unique(read_case_labels(case, read_image(case))).tolist())


def first_patients(doubts: list[Doubt], cases: tuple[Case, ...]) -> list[str]:
    """Return the patients of the first cases."""
    patient_of = {case.name: case.patient for case in cases}
    return list(dict.fromkeys(patient_of[doubt.case] for doubt in doubts))[:MORE]


if __name__ == "__main__":
    main()
