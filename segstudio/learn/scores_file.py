"""Scores of cases and classes as a CSV file."""

import csv
from collections.abc import Iterable
from pathlib import Path

from segstudio.core.metrics import Score
from segstudio.data.atomic import written

SCORE_COLUMNS = (
    *("split", "case", "class", "dice", "hd95", "assd", "volume_ml", "unit"),
    *("nsd", "planes", "missed_planes", "true_voxels"),
)


def write_scores(
    path: Path, scores: Iterable[tuple[str, Score]], *, overwrite: bool = False
) -> None:
    """Write a table of scores; each comes with the side of the split it is on."""
    with (
        written(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(SCORE_COLUMNS)
        for split, s in scores:
            numbers = [f"{n:.6g}" for n in (s.dice, s.hd95, s.assd, s.volume_ml)]
            counts = (s.planes, s.missed_planes, s.true)
            rows.writerow([split, s.case, s.class_name, *numbers, s.unit, f"{s.nsd:.6g}", *counts])


def read_scores(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of scores, by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
