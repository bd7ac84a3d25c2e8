"""How a folder's files become cases: a file a layout, each with ``find(files, root)``."""

from collections.abc import Sequence
from pathlib import Path

from segstudio.data.cases import Dataset
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
            return found
    return None
