"""How a folder's files become cases: a file a layout, each with ``find(files, root)``."""

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

__all__ = ["LAYOUTS"]
