"""The log of a run as curves: loss, its parts, scores and step size against the epoch."""

import csv
import math
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.atomic import written
from segstudio.learn.run_folder import RunFolder

Figure = Literal["loss", "parts", "dice", "hd95", "rate", "gradient"]
MEAN = "mean"  # of the classes
LEAST_POINTS = 5  # fewer tell nothing of how far apart values will be
ORDERS = 100.0  # how far apart values lie that a linear axis cannot show
CSV_COLUMNS = ("run", "figure", "name", "side", "each", "epoch", "value")


@dataclass(frozen=True)
class CurveKey:
    """Which curve of a run.

    Attributes
    ----------
    figure : str
        What is drawn: 'loss', 'parts', 'dice', 'hd95', 'rate' or 'gradient'.
    name : str
        The part of the loss or the class; empty for what has none.
    side : {'train', 'validation', 'test'}
    each : {'step', 'epoch'}
        Whether it has a point for every step, or for every epoch.
    """

    figure: Figure
    name: str = ""
    side: Literal["train", "validation", "test"] = "train"
    each: Literal["step", "epoch"] = "epoch"


class Curve:
    """Points that come in the order of their epochs; what comes twice is taken once."""

    def __init__(self) -> None:
        self._x, self._y = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._x)

    def add(self, x: float, y: float | None) -> None:
        """Add a point; None and what is not finite stand for a gap."""
        if self._x and x <= self._x[-1]:
            return
        self._x.append(x)
        self._y.append(y if y is not None and math.isfinite(y) else math.nan)

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return copies of x, in epochs, and of y, NaN where there is a gap."""
        return np.array(self._x), np.array(self._y)

    def at(self, epoch: float | None) -> float:
        """Return the value an epoch ended with; NaN where there is none. None: the newest."""
        if not self._x:
            return math.nan
        if epoch is None:
            return self._y[-1]
        place = bisect_right(self._x, epoch) - 1
        # A run that was over by then has no value there.
        return self._y[place] if place >= 0 and self._x[place] > epoch - 1 else math.nan


@dataclass
class RunCurves:
    """All curves of a run, from its log or while it runs.

    Attributes
    ----------
    loss : str
        As typed; empty where it is not known.
    class_colors : dict of str
        By class name.
    curves : dict of Curve
        By key.
    epochs_done : int
    """

    loss: str = ""
    class_colors: dict[str, str] = field(default_factory=dict)
    curves: dict[CurveKey, Curve] = field(default_factory=dict)
    epochs_done: int = 0
    _steps_per_epoch: int = 1

    def take(self, record: Mapping[str, Any]) -> None:
        """Take a line of the log; see `segstudio.learn.events.as_record`."""
        kind = record.get("event")
        if kind == "Started":
            self._steps_per_epoch = max(1, int(record["steps_per_epoch"]))
        elif kind == "StepDone":
            self._take_step(record)
        elif kind == "EpochDone":
            self._take_epoch(record)

    def of(self, figure: Figure) -> dict[CurveKey, Curve]:
        """Return the curves of a figure, in the order in which they came up."""
        return {k: c for k, c in self.curves.items() if k.figure == figure}

    def _add(self, key: CurveKey, x: float, y: float | None) -> None:
        self.curves.setdefault(key, Curve()).add(x, y)

    def _take_step(self, record: Mapping[str, Any]) -> None:
        x = record["epoch"] - 1 + record["step"] / self._steps_per_epoch
        self._add(CurveKey("loss", each="step"), x, record["loss"])
        for name, value in (record.get("parts") or {}).items():
            self._add(CurveKey("parts", name, each="step"), x, value)
        # Runs of earlier versions told neither.
        self._add(CurveKey("rate", each="step"), x, record.get("learning_rate"))
        self._add(CurveKey("gradient", each="step"), x, record.get("gradient_norm"))

    def _take_epoch(self, record: Mapping[str, Any]) -> None:
        epoch = record["epoch"]
        self.epochs_done = max(self.epochs_done, epoch)
        self._add(CurveKey("loss"), epoch, record["loss"])
        for side, parts in (("train", "parts"), ("validation", "validation_parts")):
            for name, value in (record.get(parts) or {}).items():
                self._add(CurveKey("parts", name, side), epoch, value)  # type: ignore[arg-type]
        if "validation_loss" in record:
            self._add(CurveKey("loss", "", "validation"), epoch, record["validation_loss"])
        dice = record["dice"]
        for name, value in dice.items():
            self._add(CurveKey("dice", name, "validation"), epoch, value)
        if len(dice) > 1:
            self._add(CurveKey("dice", MEAN, "validation"), epoch, record["mean_dice"])
        if record.get("test_dice") is not None:
            self._add(CurveKey("dice", MEAN, "test"), epoch, record["test_dice"])
        for name, value in (record.get("hd95") or {}).items():
            self._add(CurveKey("hd95", name, "validation"), epoch, value)


def read_curves(path: Path) -> RunCurves:
    """Return the curves of the run in a folder, as far as its log goes.

    Raises
    ------
    InputError
        There is no run, or a line of its log is not one.
    """
    run = RunFolder.opened(path)
    config, classes = run.read_config()
    curves = RunCurves(config.loss, {c.name: c.color for c in classes.foreground})
    try:
        for record in run.events():
            curves.take(record)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"'{run.log}' is not the log of a run: a line of it is damaged."
        ) from error
    return curves


def write_curves(path: Path, runs: Mapping[str, RunCurves], *, overwrite: bool = False) -> None:
    """Write a table with a row for every point of the curves of some runs, by name.

    Raises
    ------
    InputError
        The file exists and `overwrite` is false.
    """
    with (
        written(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(CSV_COLUMNS)
        for run, curves in runs.items():
            for key, curve in curves.curves.items():
                names = (run, key.figure, key.name, key.side, key.each)
                x, y = curve.points()
                rows.writerows((*names, f"{a:.10g}", f"{b:.8g}") for a, b in zip(x, y, strict=True))


def spans_magnitudes(values: Sequence[NDArray[np.float64]]) -> bool:
    """Return whether most of some values lie orders of magnitude apart from each other."""
    sizes = [np.abs(v[np.isfinite(v) & (v != 0)]) for v in values]
    together = np.concatenate(sizes) if sizes else np.empty(0)
    if together.size < LEAST_POINTS:
        return False
    low, high = np.percentile(together, (5, 95))
    return bool(high >= ORDERS * low)
