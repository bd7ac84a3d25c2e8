"""Peak memory of a training against the number of its cases; run it as a script.

    python tests/benchmarks/memory_table.py [--cases 8 16 32 64] [--budget-gb 0.1]

Generated hearts of 10 × 256², one epoch of a small network, each in a process of its own. A case
takes 3.1 MiB when prepared; the budget holds the first ones and the others lie in files. Memory is
the process's own peak, which grows until the budget is full and not beyond it.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.config import make_config


def train_once(hearts: Path, out: Path, budget: float) -> None:
    """Train for an epoch of few steps that touches every case, and print peak memory and files."""
    from segstudio.learn.training import train

    config = make_config(
        loss="dice", epochs=1, base_channels=4, levels=3, cache_gb=budget, split="two-way"
    )
    for _ in train(hearts, config, out):
        pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak(cases: int, budget: float) -> float:
    """Return the peak resident memory in MiB of a training on so many cases."""
    with tempfile.TemporaryDirectory() as folder:
        hearts = Path(folder) / "hearts"
        write_heart_dataset(hearts, patients=-(-cases // 2), shape=(10, 256, 256))
        command = [sys.executable, __file__, "--one", str(hearts), str(budget)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
        return float(done.stdout.split()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[8, 16, 32, 64, 128])
    parser.add_argument("--budget-gb", type=float, default=0.1)
    parser.add_argument("--one", nargs=2, metavar=("HEARTS", "BUDGET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        hearts, budget = options.one
        train_once(Path(hearts), Path(hearts).parent / "run", float(budget))
        return
    print("| cases | peak MiB, budget | peak MiB, all in memory |\n| --- | --- | --- |")
    for cases in options.cases:
        within, whole = peak(cases, options.budget_gb), peak(cases, 100.0)
        print(f"| {cases} | {within:.0f} | {whole:.0f} |", flush=True)


if __name__ == "__main__":
    main()
