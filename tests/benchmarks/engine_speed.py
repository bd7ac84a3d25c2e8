"""The whole training engine beside the bare loop of its network; run it as a script.

    python tests/benchmarks/engine_speed.py [--rounds 5]

Two threads, interleaved, freed memory kept on both sides. The bare loop goes forward and backward
and steps on fixed tensors, with the loss. The engine makes every batch anew: slices read, changed,
their maps measured, by a thread beside it, and goes through its guard, log and events.
Slices of 256² with four classes, batch 8, base 16, 5 levels.
"""

import argparse
import itertools
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import torch

from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.config import make_config
from segstudio.learn.device import keep_freed_memory
from segstudio.learn.events import StepDone
from segstudio.learn.job import Job
from segstudio.learn.job_setup import new_job
from segstudio.learn.training import train

STEPS = 12  # of a round, on either side
LOSS = "modified-boundary"
BAR = 0.85


def settings(augmentation: bool) -> dict:
    """Return the settings of both sides."""
    return {
        "loss": LOSS,
        "epochs": 10_000,
        "batch_size": 8,
        "patch_size": (256, 256),
        "samples_per_epoch": 8 * STEPS * 100,
        "augmentation": {} if augmentation else None,
    }


def bare_steps(job: Job, batch: object, count: int) -> float:
    """Return the seconds of some bare steps on one batch."""
    target = batch.target.to(job.compute.fabric.device)
    began = time.perf_counter()
    for _ in range(count):
        job.model.train()
        loss, _ = job.criterion(job.model(job.compute.image(batch.image)), target)
        job.optimizer.zero_grad()
        job.compute.fabric.backward(loss)
        job.optimizer.step()
    return time.perf_counter() - began


def engine_steps(events: object, count: int) -> float:
    """Return the seconds of some steps of the engine."""
    began = time.perf_counter()
    steps = (event for event in events if isinstance(event, StepDone))
    for _ in itertools.islice(steps, count):
        pass
    return time.perf_counter() - began


def compare(hearts: Path, folder: Path, rounds: int, *, augmentation: bool) -> float:
    """Print both speeds; return the median of their ratios."""
    config = make_config(**settings(augmentation))
    _, job = new_job_of(hearts, config, folder / f"bare-{augmentation}")
    batch = next(job.batches.epoch(1))
    ours, bare = [], []
    with closing(train(hearts, config, folder / f"engine-{augmentation}")) as events:
        engine_steps(events, 3)
        bare_steps(job, batch, 3)
        for _ in range(rounds):
            engine_steps(events, 3)  # until batches are made as fast as they are used
            ours.append(engine_steps(events, STEPS))
            time.sleep(1.0)  # what was begun ahead is done, and disturbs nobody
            bare.append(bare_steps(job, batch, STEPS))
    ratio = median(b / o for o, b in zip(ours, bare, strict=True))
    slices = 8 * STEPS
    print(
        f"{'with' if augmentation else 'without'} augmentation: engine {slices / median(ours):.1f} "
        f"slices/s, bare loop {slices / median(bare):.1f}, ratio {ratio:.3f} (bar {BAR})",
        flush=True,
    )
    return ratio


def new_job_of(hearts: Path, config: object, out: Path) -> tuple[object, Job]:
    """Return a job of its own for the bare loop."""
    from segstudio.data.datasets import open_dataset

    return new_job(open_dataset(hearts), config, out)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(2)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        hearts = Path(folder) / "hearts"
        write_heart_dataset(hearts, patients=6, shape=(10, 256, 256))
        ratios = [
            compare(hearts, Path(folder), options.rounds, augmentation=augmentation)
            for augmentation in (True, False)
        ]
    raise SystemExit(min(ratios) < BAR)


if __name__ == "__main__":
    main()
