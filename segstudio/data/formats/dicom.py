"""DICOM files: series of planes, files of many frames, and segmentations.

A file of a series stands for the whole of it, so that any of them may be opened. Of a header
only what places and scales the voxels is kept, nothing of the patient, and what a library says of
a header is told to nobody.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segstudio.core.volume import Grid
from segstudio.data.formats import dicom_seg
from segstudio.data.formats.dicom_codecs import expect_known
from segstudio.data.formats.dicom_frames import header_of
from segstudio.data.formats.dicom_headers import LABEL_MAP, SEGMENTATION
from segstudio.data.formats.dicom_pixels import expect_held, values_of
from segstudio.data.formats.dicom_place import DicomSource, expect_possible, grid_of
from segstudio.data.formats.dicom_series import Drawn, Series, contents_of, stack_of
from segstudio.data.formats.opened import Content, Opened

__all__ = ["DicomSource", "Drawn", "Series", "contents_of", "open_file", "write_array"]


def open_file(path: Path, content: Content) -> Opened:  # noqa: ARG001  (both are read alike)
    """Return the image, or the labels, that a file belongs to; its headers are read.

    Values have slope and intercept applied, as float32 where they are no whole numbers. Where
    low values are to be shown white (MONOCHROME1) they are turned round, as every program that
    learns from values needs white to be high; `Grid.doubts` says so.

    Several images at one place (time, echoes, diffusion weights) are entries of a fourth axis.

    Raises
    ------
    InputError
        The file is damaged, holds no image, or its series is no whole stack of planes.
    """
    header = header_of(path)
    expect_known(header)
    expect_possible(header.planes[0], path)
    if header.kind in (SEGMENTATION, LABEL_MAP):
        return dicom_seg.open_segmentation(header)
    expect_held(header)
    stack = stack_of(header)
    grid = grid_of(stack, path)
    return Opened(
        grid, lambda frame: values_of(stack.frames[frame], stack.headers, path), len(stack.frames)
    )


def write_array(path: Path, data: NDArray[Any], grid: Grid) -> None:
    """Write labels ``(Z, Y, X)`` as a DICOM segmentation; see `dicom_seg_writing`."""
    from segstudio.data.formats import dicom_seg_writing

    dicom_seg_writing.write_segmentation(path, data, grid)
