"""ACDC with and without augmentation, in a short and a longer training; run it as a script.

    python tests/benchmarks/augmentation_table.py [--data FOLDER] [--out FOLDER] [--losses NAME …]
                                                  [--epochs 12 30] [--seed 0] [--constant]

38 patients for training and validation, 12 for test; trained on centre crops of 128², evaluated on
whole images. A cosine schedule and the average of the weights for all: with a constant rate the
validation Dice jumps by 0.1 from epoch to epoch, and the best one is a lucky one. --constant shows
that. Trainings that are done are looked up and one that was cut short goes on, so the
command can be given again at any time, and twice at once.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from trials import Trial, run_trials, write_table

from segstudio.data.datasets import Dataset, open_dataset

STEADY = {"schedule": "cosine", "average": 0.99}
LOSSES = ("dice", "cross-entropy", "modified-boundary-log")
TEST_PATIENTS = 12


def hearts(data: Path) -> Dataset:
    """Return all patients, the last of them the test side."""
    whole = open_dataset(data)
    test = set(sorted({c.patient for c in whole.cases})[-TEST_PATIENTS:])
    cases = (replace(c, official_split="test" if c.patient in test else None) for c in whole.cases)
    return replace(whole, cases=tuple(cases))


def main() -> None:
    """Run what is still to run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("SEGSTUDIO_DATA", ".")) / "acdc"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--out", type=Path, default=Path.home() / "segstudio" / "augmentation")
    parser.add_argument("--losses", nargs="+", default=list(LOSSES), metavar="NAME")
    parser.add_argument("--epochs", nargs="+", type=int, default=[12, 30])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--constant", action="store_true", help="constant rate, newest weights")
    options = parser.parse_args()
    trials = [
        Trial(f"{loss}, {epochs} epochs, {name}", {"loss": loss, "epochs": epochs, **change})
        for epochs in options.epochs
        for loss in options.losses
        for name, change in (("plain", {}), ("augmented", {"augmentation": {}}))
    ]
    common = {} if options.constant else STEADY
    home = options.out / f"seed_{options.seed}{'_constant' if options.constant else ''}"
    rows = run_trials(
        hearts(options.data), trials, home, seed=options.seed, patch_size=(128, 128), **common
    )
    print(f"seed {options.seed}\n\n{write_table(rows, home / 'table')}")


if __name__ == "__main__":
    main()
