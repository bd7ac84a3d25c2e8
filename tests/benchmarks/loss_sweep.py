"""Which form of each boundary loss trains best: reduction, classes, ε, learning rate, maps.

    python tests/benchmarks/loss_sweep.py [--data FOLDER] [--out FOLDER] [--only WORD]

Every trial has the same patients, seed and batches (16 patients to train, 3 to choose the epoch,
10 to test; centre crops of 128², 8 epochs). Runs that are done are looked up and one that was cut
short goes on, so the command can be given again at any time, and twice at once. One seed at so
small a budget: the same training differs by several hundredths of Dice when its rounding does.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from trials import Trial, cropped_hearts, run_trials, write_table


def _trial(loss: str, rate: float, **maps: Any) -> Trial:
    words = " ".join(f"{k}={v}" for k, v in maps.items())
    settings: dict[str, Any] = {"loss": loss, "learning_rate": rate}
    if maps:
        settings["maps"] = maps
    return Trial(f"{loss} {rate:g} {words}".strip(), settings)


VOXELS = {"unit": "voxels"}
CAP10 = {"unit": "voxels", "cap": 10.0}
ROOT = {"unit": "voxels", "root": True}
NEAR = {"absent": "constant", "absent_distance": 3.0}
RATIO, LOG, JACCARD = "modified-boundary", "modified-boundary-log", "modified-boundary-jaccard"
TRIALS = [
    _trial("dice", 1e-3),
    _trial("cross-entropy", 1e-3),
    # The paper's form, one ratio for all: it wants larger steps than were thought.
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=one)", 2e-4, **VOXELS),
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=one)", 5e-4, **VOXELS),
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=one)", 1e-3, **VOXELS),
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=one)", 5e-4, **CAP10),
    _trial(f"{RATIO}(share=0,classes=all,reduction=one)", 5e-4, **VOXELS),
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=class)", 5e-4, **VOXELS),
    _trial(f"{RATIO}(share=0,classes=foreground,reduction=sample)", 5e-4, **VOXELS),
    # ε as a share of the class's own weight.
    _trial(f"{RATIO}(share=0.1,classes=foreground,reduction=one)", 1e-3, **VOXELS),
    _trial(f"{RATIO}(share=0.1,classes=foreground,reduction=one)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.5,classes=foreground,reduction=one)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.5,classes=foreground,reduction=one)", 1e-3, **CAP10, **NEAR),
    _trial(f"{RATIO}(share=0.5,classes=foreground,reduction=class)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.5,classes=foreground,reduction=class)", 1e-3, **CAP10, **NEAR),
    _trial(f"{RATIO}(share=0.5,classes=foreground,reduction=sample)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.5,classes=all,reduction=sample)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.1,classes=all,reduction=sample)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=1,classes=all,reduction=sample)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=2,classes=all,reduction=sample)", 1e-3, **CAP10),
    _trial(f"{RATIO}(share=0.5,classes=all,reduction=sample)", 1e-3, **VOXELS),
    _trial(f"{RATIO}(share=0.5,classes=all,reduction=sample)", 1e-3, **ROOT),
    # Its logarithm.
    _trial(LOG, 1e-3, **CAP10),
    _trial(LOG, 1e-3, **VOXELS),
    _trial(LOG, 1e-3, **ROOT),
    _trial(LOG, 1e-3, **CAP10, **NEAR),
    _trial(LOG, 1e-3, **CAP10, absent="constant", absent_distance=1.0),
    _trial(LOG, 1e-3, **CAP10, absent="constant", absent_distance=20.0),
    _trial(f"{LOG}(classes=foreground)", 1e-3, **CAP10),
    _trial(f"{LOG}(classes=foreground)", 1e-3, **CAP10, **NEAR),
    _trial(f"{LOG}(reduction=class,classes=foreground)", 1e-3, **CAP10, **NEAR),
    _trial(f"{LOG}(epsilon=30)", 1e-3, **CAP10, **NEAR),
    _trial(LOG, 1e-3, **CAP10, **NEAR, convention="face"),
    _trial(LOG, 1e-3, **CAP10, **NEAR, convention="contour"),
    _trial(LOG, 1e-3, **VOXELS, **NEAR, cap=5.0),
    _trial(LOG, 1e-3, **VOXELS, **NEAR, cap=20.0),
    # As a Jaccard index.
    _trial(JACCARD, 1e-3, **CAP10),
    _trial(JACCARD, 1e-3, **CAP10, **NEAR),
    _trial(f"{JACCARD}(logarithm=false)", 1e-3, **ROOT),
    _trial(f"{JACCARD}(reduction=class)", 1e-3, **CAP10, **NEAR),
    # Others.
    _trial(f"{RATIO}-pointwise", 2e-4, **VOXELS),
    _trial(f"{RATIO}-pointwise", 1e-3, **VOXELS),
    _trial("boundary", 1e-3, **VOXELS),
    _trial("boundary(classes=foreground)", 1e-3, **VOXELS),
    _trial("dice + 0.01*boundary", 1e-3, **VOXELS),
    _trial("dice + 0.01*boundary, growing", 1e-3, **VOXELS),
    _trial("dice + 0.01*boundary, rebalancing", 1e-3, **VOXELS),
]


def main() -> None:
    """Run what is still to run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("SEGSTUDIO_DATA", ".")) / "acdc"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--out", type=Path, default=Path.home() / "segstudio" / "loss_sweep")
    parser.add_argument("--only", default="", help="trials whose name holds this word")
    options = parser.parse_args()
    chosen = [trial for trial in TRIALS if options.only in trial.name]
    with tempfile.TemporaryDirectory() as folder:
        dataset = cropped_hearts(options.data, Path(folder) / "hearts", 19, 10)
        rows = run_trials(dataset, chosen, options.out, epochs=8)
    print(write_table(rows, options.out / "table"))


if __name__ == "__main__":
    main()
