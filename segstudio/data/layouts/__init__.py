"""How a folder's files become cases: a file a layout, each with ``find(files, root)``."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segstudio.data.cases import Dataset
from segstudio.data.formats import is_dicom
from segstudio.data.layouts import (
    aasce,
    acdc,
    decathlon,
    dicom,
    folders,
    nnunet,
    paired,
    pairs,
    wmh,
)

# The surest sign first: the first that knows a folder has it.
LAYOUTS = (acdc, aasce, nnunet, decathlon, wmh, pairs, dicom, folders, paired)

__all__ = ["LAYOUTS", "find_layout"]


def find_layout(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return a folder's cases by the first layout that knows it; None where none does.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The folder.
    """
    for layout in LAYOUTS:
        found: Dataset | None = layout.find(files, root)
        if found is not None:
            return _others_with_labels(files, root, found) if layout is dicom else found
    return None


def _others_with_labels(files: Sequence[Path], root: Path, series: Dataset) -> Dataset:
    """Return DICOM series without labels; or what lies beside them, where that has labels."""
    if any(case.labels is not None for case in series.cases):
        return series
    others = [p for p in files if not is_dicom(p)]
    for layout in (folders, paired):
        found: Dataset | None = layout.find(others, root)
        if found is not None and any(case.labels is not None for case in found.cases):
            note = (
                f"{len(series.cases)} DICOM series without labels are left out; the first is "
                f"'{series.cases[0].image}'."
            )
            return replace(found, notes=(*found.notes, note))
    return series
