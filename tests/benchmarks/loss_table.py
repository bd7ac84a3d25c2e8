"""Every loss on real hearts at the same small budget, each with its own default settings.

    python tests/benchmarks/loss_table.py [--data FOLDER] [--out FOLDER] [--losses NAME …]
                                          [--patients 19] [--test 10] [--epochs 8] [--seed 0]

The same patients, seed and batches for all. Of 19 patients that are not test, 16 are trained on
and 3 choose the epoch; centre crops of 128². Trainings that are done are looked up and one that
was cut short goes on, so the command can be given again at any time, and twice at once.
"""

import argparse
import os
import tempfile
from pathlib import Path

from trials import Trial, cropped_hearts, run_trials, write_table

from segstudio.losses.registry import LOSSES

SUMS = ("dice + 0.01*boundary", "dice + 0.01*boundary, growing", "dice + modified-boundary-log")


def main() -> None:
    """Run what is still to run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("SEGSTUDIO_DATA", ".")) / "acdc"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--out", type=Path, default=Path.home() / "segstudio" / "loss_table")
    parser.add_argument("--losses", nargs="+", default=[*LOSSES, *SUMS], metavar="NAME")
    for name, value in (("patients", 19), ("test", 10), ("epochs", 8), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    budget = f"{options.patients}+{options.test} patients, {options.epochs} epochs"
    home = options.out / f"{budget}, seed {options.seed}".replace(" ", "_")
    trials = [Trial(loss, {"loss": loss}) for loss in options.losses]
    with tempfile.TemporaryDirectory() as folder:
        hearts = Path(folder) / "hearts"
        dataset = cropped_hearts(options.data, hearts, options.patients, options.test)
        rows = run_trials(dataset, trials, home, epochs=options.epochs, seed=options.seed)
    print(f"{budget}, seed {options.seed}\n\n{write_table(rows, home / 'table')}")


if __name__ == "__main__":
    main()
