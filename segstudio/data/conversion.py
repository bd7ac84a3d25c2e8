"""From one format to another, with a choice where a header contradicts itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.formats import read_volume, suffix_of, whole_numbers, write_labels, write_volume
from segstudio.data.formats.files import frame_of
from segstudio.data.formats.nifti import open_corrected
from segstudio.data.formats.nifti_headers import Place

_NIFTI = (".nii", ".nii.gz", ".hdr", ".img")


def convert(
    source: Path,
    target: Path,
    *,
    frame: int | None = None,
    as_labels: bool = False,
    place: Place | None = None,
    spacing: Sequence[float] | None = None,
) -> tuple[str, ...]:
    """Write an image, or labels, in another format or with a header mended.

    Parameters
    ----------
    source, target : Path
        Their suffixes say the formats. The source is not changed.
    frame : int, optional
        Which entry of the source's fourth axis, from 0.
    as_labels : bool
        Whether the values are labels: whole numbers, written in the smallest type.
    place : {'sform', 'qform', 'none'}, optional
        Of a NIfTI source: which of its two places is the true one, for both.
    spacing : (float, float, float), optional
        Along ``(Z, Y, X)``, in mm; the axes keep their directions.

    Returns
    -------
    tuple of str
        What is still doubtful of the place that was written.

    Raises
    ------
    InputError
        The source cannot be read, the target exists or is of a format that is not written, or a
        choice does not fit.
    """
    if spacing is not None and not all(np.isfinite(s) and s > 0 for s in spacing):
        raise InputError(f"A spacing of {tuple(spacing)} mm cannot be. Give three lengths above 0.")
    is_nifti = suffix_of(source).lower() in _NIFTI
    if place is not None and not is_nifti:
        raise InputError(f"'{source}' is no NIfTI file: it has one place, and nothing to choose.")
    if is_nifti and (place is not None or spacing is not None) and source.is_file():
        opened = open_corrected(source, place, spacing)
        volume = Volume(opened.read(frame_of(opened, source, frame)), opened.grid, source)
    else:
        volume = read_volume(source, frame=frame)
        if spacing is not None:
            volume = replace(volume, grid=_respaced(volume.grid, spacing))
    if as_labels:
        write_labels(target, whole_numbers(volume.data, source), volume.grid)
    else:
        write_volume(target, volume)
    return volume.grid.doubts


def _respaced(grid: Grid, spacing: Sequence[float]) -> Grid:
    """Return a grid whose axes have other lengths, and their directions."""
    affine = grid.affine.copy()
    affine[:3, :3] *= np.array(spacing)[::-1] / np.linalg.norm(affine[:3, :3], axis=0)
    z, y, x = spacing
    return replace(grid, spacing=(z, y, x), affine=affine, unit="mm", header=None, doubts=())
