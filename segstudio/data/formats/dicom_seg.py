"""DICOM segmentations as label values."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_frames import Header
from segstudio.data.formats.dicom_pixels import expect_held, values_of
from segstudio.data.formats.dicom_place import grid_of, is_length
from segstudio.data.formats.dicom_planes import Plane, alike, moved
from segstudio.data.formats.dicom_series import Stack, by_place, depths, images_of
from segstudio.data.formats.opened import Opened, expect_room

_LATTICE = 0.05
_SAME_CORNER = 0.05  # of the distance between voxels
_MOST_PLANES = 20_000


def open_segmentation(header: Header) -> Opened:
    """Return a segmentation whose header was read; its voxels are label values.

    A label is its segment's number. Planes that the file leaves out because nothing is drawn on
    them are given back, empty: those of the images it was drawn on, where these lie in its folder
    or in one beside it; else those between the first and the last that it holds.

    Raises
    ------
    InputError
        It holds probabilities (FRACTIONAL), or does not say where its planes lie.
    """
    path = header.path
    if header.segmentation not in ("BINARY", "LABELMAP"):
        raise InputError(
            f"'{path}' holds a segmentation of probabilities (FRACTIONAL); labels are whole "
            "numbers. Export it as a binary segmentation."
        )
    expect_held(header)
    if any(p.position is None or p.orientation is None for p in header.planes):
        raise InputError(
            f"'{path}' is a segmentation that does not say where its planes lie. Export it again "
            "with positions."
        )
    first = header.planes[0].orientation
    if any(not np.allclose(p.orientation, first, atol=1e-3) for p in header.planes):  # type: ignore[arg-type]
        raise InputError(f"'{path}' holds planes in several directions. Export one of them.")
    places = by_place(header.planes, path)
    if len(places) != header.referenced:  # else no plane was left out, and a gap is the images'
        places = _with_planes_of_images(places, header) or _with_empty_planes(places)
    stack = Stack((tuple(planes[0] for planes in places),), {path: header})
    return Opened(grid_of(stack, path), lambda _: _labels(places, header))


def _with_planes_of_images(places: list[list[Plane]], header: Header) -> list[list[Plane]] | None:
    """Return the places of the images it was drawn on; None where they are not near, or differ."""
    first = places[0][0]
    images = [h for h in images_of(header) if h.size == header.size]
    planes = [p for h in images for p in h.planes if alike(p, first)]
    if not planes:
        return None
    theirs = [place[0] for place in by_place(planes, header.path)]
    corners = np.array([p.position for p in theirs])
    filled = [[_without_frame(moved(first, p.position))] for p in theirs]
    for place in places:
        apart = np.linalg.norm(corners - np.array(place[0].position), axis=1)
        if apart.min() > _SAME_CORNER * min(first.pixel_spacing or (1.0, 1.0)):
            return None
        filled[int(apart.argmin())] = place
    return filled


def _with_empty_planes(places: list[list[Plane]]) -> list[list[Plane]]:
    """Return the places with those between them that no frame was written for.

    A place that is empty holds one plane without a frame, its index below 0.
    """
    deep = depths([planes[0] for planes in places])
    apart = np.diff(deep)
    if not apart.size:
        return places
    between = abs(places[0][0].between or 0.0)
    known = is_length(between) and _is_lattice(apart, between)
    step = between if known else float(apart.min())
    if not _is_lattice(apart, step) or (deep[-1] - deep[0]) / step > _MOST_PLANES:
        return places
    filled = [places[0]]
    for before, after in pairwise(places):
        one, other = (np.array(p[0].position) for p in (before, after))
        count = round(float(depths([after[0]])[0] - depths([before[0]])[0]) / step)
        for k in range(1, count):
            between_them = tuple((one + (other - one) * k / count).tolist())
            filled.append([_without_frame(moved(before[0], between_them))])
        filled.append(after)
    return filled


def _is_lattice(apart: NDArray[np.float64], step: float) -> bool:
    counts = apart / step
    return bool((np.abs(counts - np.round(counts)) < _LATTICE).all() and counts.min() > 0.5)


def _without_frame(plane: Plane) -> Plane:
    return Plane(**{**vars(plane), "index": -1, "segment": 0})


def _labels(places: Sequence[Sequence[Plane]], header: Header) -> NDArray[Any]:
    largest = max((*header.segments, *(p.segment for p in header.planes), 1))
    whole = header.segmentation == "LABELMAP"
    kind = header.dtype if whole else np.min_scalar_type(largest)
    expect_room(header.path, (len(places), *header.size), kind)
    labels = np.zeros((len(places), *header.size), kind)
    frames = [(z, p) for z, planes in enumerate(places) for p in planes if p.index >= 0]
    # A few at a time: every segment's frames at once would be many times the labels.
    for start in range(0, len(frames), max(1, len(places))):
        some = frames[start : start + max(1, len(places))]
        read = values_of([p for _, p in some], {header.path: header}, header.path)
        for (z, plane), frame in zip(some, read, strict=True):
            if whole:
                labels[z] = frame
            else:
                _draw(labels[z], frame.astype(bool), plane.segment, header.path)
    return labels


def _draw(labels: NDArray[Any], mask: NDArray[np.bool_], segment: int, path: Path) -> None:
    if segment < 1:
        raise InputError(f"'{path}' is damaged: a frame belongs to no segment. Export it again.")
    if labels[mask].any():
        raise InputError(
            f"'{path}' holds segments that overlap ({int(labels[mask].max())} and {segment}); a "
            "voxel can have one label only. Export the segments in files of their own."
        )
    labels[mask] = segment
