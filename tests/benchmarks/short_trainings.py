"""Short real trainings, in 2-D and 3-D, one channel and three; run it as a script.

    python tests/benchmarks/short_trainings.py [--data FOLDER] [--only NAME …]

Each prints its Dice after every epoch: that of validation patients must rise. The single
three-channel case has nobody to validate on: its Dice is that of the training itself, and says so.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from segstudio.learn.config import make_config
from segstudio.learn.events import EpochDone, Guarded, Warned
from segstudio.learn.training import train

AUGMENTATION: dict[str, Any] = {"augmentation": {}}
TRAININGS: dict[str, tuple[str, dict[str, Any]]] = {
    "acdc in 2-D": ("acdc", {"loss": "modified-boundary", "epochs": 4, "patch_size": (128, 128)}),
    "wmh_flair in 2-D": (
        "wmh_flair",
        {
            "loss": "dice + modified-boundary-log",
            "epochs": 10,
            "split": "two-way",
            "patch_size": (352, 352),
            "foreground_share": 0.5,
            "batch_size": 4,
        },
    ),
    "ms_ventricle in 3-D": (
        "ms_ventricle",
        {
            "loss": "dice + cross-entropy",
            "dimensions": 3,
            "epochs": 12,
            "split": "two-way",
            "patch_size": (16, 128, 128),
            "samples_per_epoch": 24,
            "batch_size": 2,
            "learning_rate": 2e-3,
        },
    ),
    "ms_multimodal, three channels, in 3-D": (
        "ms_multimodal",
        {
            "loss": "dice + cross-entropy",
            "dimensions": 3,
            "epochs": 6,
            "split": "none",
            "patch_size": (64, 64, 64),
            "samples_per_epoch": 24,
            "batch_size": 2,
            "learning_rate": 1e-3,
            "base_channels": 12,
        },
    ),
}


def run(name: str, data: Path, out: Path) -> bool:
    """Train, and print the Dice of every epoch; return whether it rose."""
    folder, settings = TRAININGS[name]
    config = make_config(**AUGMENTATION | settings)
    side = "TRAINING" if config.split == "none" else "validation"
    began, dice = time.monotonic(), []
    print(f"\n{name}: {config.loss}, {side} Dice", flush=True)
    for event in train(data / folder, config, out):
        if isinstance(event, EpochDone):
            dice.append(event.mean_dice)
            classes = ", ".join(f"{k} {v:.3f}" for k, v in event.dice.items())
            losses = f"loss {event.loss:.3f}, {side} loss {event.validation_loss:.3f}"
            print(
                f"  epoch {event.epoch:2}: {event.mean_dice:.3f} ({classes}), {losses}", flush=True
            )
        elif isinstance(event, Guarded | Warned):
            print(f"  {event.text}", flush=True)
    verdict = "rises" if max(dice) > dice[0] else "DOES NOT RISE"
    seconds = time.monotonic() - began
    print(f"  {side} Dice {verdict}: {dice[0]:.3f} to {max(dice):.3f}, {seconds:.0f} s", flush=True)
    return max(dice) > dice[0]


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEGSTUDIO_DATA", ".")))
    parser.add_argument("--only", nargs="+", default=list(TRAININGS), choices=list(TRAININGS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rose = [
            run(name, options.data, Path(folder) / str(i)) for i, name in enumerate(options.only)
        ]
    raise SystemExit(not all(rose))


if __name__ == "__main__":
    main()
