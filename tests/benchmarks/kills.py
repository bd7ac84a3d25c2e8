"""A training killed at random moments, fifty times; run it as a script.

    python tests/benchmarks/kills.py [--kills 50] [--seed 0]

On generated hearts, with augmentation, dropout, a moving average and threads that make batches
ahead. Every life ends by SIGKILL, at a random moment of start, step, validation or saving. After
each the checkpoints must be readable and the log whole lines; the training goes on from there.
At the end it is compared with one that nobody killed: weights, optimiser and curves, bit for bit.
"""

import argparse
import json
import logging
import multiprocessing
import random
import tempfile
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

CHECKPOINT_SECONDS = 0.4
SLACK_SECONDS = 1.0  # a step, a validation and the writing of a checkpoint
AT_WORK = 0.8  # share of lives that end after their first step; the others, anywhere before


def config(epochs: int) -> TrainConfig:
    """Return the settings of every life."""
    return make_config(
        loss="modified-boundary",
        epochs=epochs,
        batch_size=4,
        base_channels=4,
        levels=3,
        dropout=0.2,
        average=0.9,
        augmentation={},
        prefetch=2,
        checkpoint_minutes=CHECKPOINT_SECONDS / 60,
        precision="32-true",
    )


def live(hearts: Path, run: Path, epochs: int, resume: bool) -> None:
    """Train until the end, or until killed."""
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    for _ in train(hearts, config(epochs), run, resume=resume):
        pass


def wait_until_it_steps(run: RunFolder, child: BaseProcess) -> None:
    """Wait until a life has told of a step."""
    before = run.log.stat().st_size if run.log.exists() else 0
    while child.is_alive():
        if run.log.exists() and b"StepDone" in run.log.read_bytes()[before:]:
            return
        time.sleep(0.01)


def last_logged(run: RunFolder) -> tuple[int, int]:
    """Return epoch and step of the last step that was told; a cut last line is left out."""
    steps = [e for e in run.events() if e["event"] == "StepDone"]
    return (steps[-1]["epoch"], steps[-1]["step"]) if steps else (1, 0)


def check(run: RunFolder, died: float, steps_per_epoch: int) -> tuple[int, float]:
    """Return how many steps were lost, and the seconds since the last checkpoint."""
    progress = load_checkpoint(run.last)["progress"]
    if run.best.exists():
        load_checkpoint(run.best)
    epoch, step = last_logged(run)
    lost = (epoch - progress["epoch"]) * steps_per_epoch + step - progress["step"]
    return max(0, lost), died - run.last.stat().st_mtime


def kill_again_and_again(hearts: Path, out: Path, kills: int, rng: random.Random) -> int:
    """Train through so many deaths; print what each cost, and return the epoch that was reached."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["segstudio.learn.training"])
    run, lost_steps, seconds = RunFolder(out), [], []
    while len(lost_steps) < kills:
        child = context.Process(target=live, args=(hearts, out, 10**6, out.exists()))
        child.start()
        at_work = rng.random() < AT_WORK
        if at_work:
            wait_until_it_steps(run, child)
        time.sleep(rng.uniform(0.02, 1.5))
        child.kill()
        died = time.time()
        child.join()
        if not out.exists():
            continue  # killed before there was anything to lose: the folder comes whole or not
        steps = next((e["steps_per_epoch"] for e in run.events() if e["event"] == "Started"), 1)
        lost, since = check(run, died, steps)
        lost_steps.append(lost)
        seconds.append(since if lost else 0.0)
        print(f"kill {len(lost_steps):2}: {lost} steps lost, {seconds[-1]:.2f} s", flush=True)
    print(
        f"{kills} kills, every checkpoint readable; lost {max(lost_steps)} steps and "
        f"{max(seconds):.2f} s at most, {sum(lost_steps) / kills:.1f} steps on average, with a "
        f"checkpoint every {CHECKPOINT_SECONDS} s"
    )
    if max(seconds) > CHECKPOINT_SECONDS + SLACK_SECONDS:
        raise SystemExit("More was lost than since the last checkpoint was due.")
    return int(load_checkpoint(run.last)["progress"]["epoch"])


def differences(first: RunFolder, second: RunFolder) -> list[str]:
    """Return what differs between two runs."""
    a, b = (load_checkpoint(run.last) for run in (first, second))
    found = [k for k, v in a["model"].items() if not torch.equal(v, b["model"][k])]
    found += [
        k
        for k, v in a["average"]["weights"].items()
        if not torch.equal(v, b["average"]["weights"][k])
    ]
    for i, state in a["optimizer"]["state"].items():
        other = b["optimizer"]["state"][i]
        found += [f"{i}.{k}" for k, v in state.items() if not torch.equal(v, other[k])]
    curves = [
        [
            json.dumps({k: v for k, v in e.items() if k not in ("seconds", "done")})
            for e in run.events()
            if e["event"] in ("StepDone", "EpochDone")
        ]
        for run in (first, second)
    ]
    return found + ([] if curves[0] == curves[1] else ["the curves"])


def main() -> None:
    """Kill, resume, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        hearts, killed, whole = home / "hearts", home / "killed", home / "whole"
        write_heart_dataset(hearts, patients=6, shape=(4, 48, 48), seed=1)
        rng = random.Random(options.seed)  # noqa: S311
        epoch = kill_again_and_again(hearts, killed, options.kills, rng)
        live(hearts, killed, epoch + 1, resume=True)
        live(hearts, whole, epoch + 1, resume=False)
        found = differences(RunFolder(killed), RunFolder(whole))
        print(
            f"{epoch + 1} epochs; against a run that was never killed: {found or 'no difference'}"
        )
        raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
