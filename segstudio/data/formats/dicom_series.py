"""The files of a DICOM series, and the planes they hold in the order in which they lie."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_folders import Folder, chosen_of, first_in, folder_of, top_of
from segstudio.data.formats.dicom_frames import Header
from segstudio.data.formats.dicom_planes import Plane, alike, normal_of

# Of the distance between voxels: planes nearer to each other are one place, as times of a
# sequence are written with positions that differ by their rounding.
_SAME_PLACE = 0.1
_FARTHEST = 1e7  # mm
_MOST_BESIDE = 64


@dataclass(frozen=True)
class Series:
    """One image of a folder.

    Attributes
    ----------
    uid : str
        Which series it is of, by its unique identifier; empty where the files do not say.
    files : tuple of Path
        The first stands for it.
    frames : int
        How many entries its fourth axis has; 1 where it has none, or is no whole stack.
    """

    uid: str
    files: tuple[Path, ...]
    frames: int


@dataclass(frozen=True)
class Drawn:
    """A segmentation, and the series it was drawn on, by their unique identifiers."""

    file: Path
    series: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stack:
    """The planes of one image.

    Attributes
    ----------
    frames : tuple of tuple of Plane
        For each entry of the fourth axis its planes, in the order in which they lie.
    headers : dict of Path to Header
        Of the files.
    doubts : tuple of str
        What could not be quite true of the files.
    """

    frames: tuple[tuple[Plane, ...], ...]
    headers: dict[Path, Header]
    doubts: tuple[str, ...] = ()

    @property
    def first(self) -> Header:
        """The header of the first plane's file."""
        return self.headers[self.frames[0][0].file]


def stack_of(header: Header) -> Stack:
    """Return the planes of the image that a file belongs to, by the file's header.

    A file of one frame stands for all of its series in its folder that have its size, spacing
    and direction; a file of many frames for itself.

    Raises
    ------
    InputError
        It holds no image; or its planes lie in several directions, or not equally often at
        each place.
    """
    path = header.path
    if len(header.planes) > 1:
        return _stack([header], path)
    folder, image = chosen_of(path.parent, top_of(path), lambda folder: folder.image_of(header))
    return _stack(image, path, _left_out(folder))


def _left_out(folder: Folder) -> tuple[str, ...]:
    doubts = []
    if folder.unread:
        doubts.append(
            f"{len(folder.unread)} DICOM file(s) of this folder could not be read and were left "
            "out; planes may be missing."
        )
    if folder.outside:
        doubts.append(
            f"{folder.outside} link(s) of this folder lead out of it and were left out; planes may "
            "be missing."
        )
    return tuple(doubts)


def contents_of(folder: Path, top: Path | None = None) -> tuple[list[Series], list[Drawn]]:
    """Return the images in a folder, without its subfolders, and the segmentations.

    Parameters
    ----------
    folder : Path
        A series in it, or the part of one that lies in one direction, is an image.
    top : Path, optional
        Links that leave the folder are followed within this one; none are where it is not given.
    """
    found = folder_of(folder, (top or folder).resolve(), anew=True)
    series = [
        Series(image[0].series, tuple(h.path for h in image), _frames(image))
        for image in found.images
    ]
    return series, [Drawn(h.path, h.drawn_on) for h in found.segmentations]


def _frames(image: list[Header]) -> int:
    if len(image) > 1 or len(image[0].planes) > 1:
        with suppress(InputError):  # told when it is read
            return len(_stack(image, image[0].path).frames)
    return 1


def images_of(header: Header) -> list[Header]:
    """Return the headers of the images that a segmentation was drawn on, where they are near.

    They are looked for in its folder and in those beside it, as archives put each series in a
    folder of its own; of these the first file tells which series it is.
    """
    own, top = header.path.parent, top_of(header.path)
    try:
        beside = sorted(p for p in own.absolute().parent.iterdir() if p.is_dir())
    except OSError:
        beside = []
    if len(beside) > _MOST_BESIDE:
        beside = []
    found = _of_series(own, top, header.drawn_on)
    for folder in beside if not found else ():
        if folder.is_symlink():
            continue
        try:
            resolved = folder.resolve()
            within = top if resolved.is_relative_to(top) else resolved
            first = first_in(folder, within)
            if first is not None and first.series in header.drawn_on:
                found.extend(_of_series(folder, within, header.drawn_on))
        except (InputError, OSError):
            continue
    return found


def _of_series(folder: Path, top: Path, series: Sequence[str]) -> list[Header]:
    return chosen_of(folder, top, lambda f: [h for h in f.headers if h.series in series])[1]


def _stack(headers: list[Header], path: Path, doubts: tuple[str, ...] = ()) -> Stack:
    by_path = {h.path: h for h in headers}
    planes = [p for h in headers for p in h.planes]
    if not all(alike(planes[0], p) for p in planes):
        raise InputError(
            f"'{path}' holds frames in several directions or spacings; one stack of planes is "
            "needed. Export one of them."
        )
    if planes[0].position is not None and planes[0].orientation is not None:
        return Stack(_placed(planes, path), by_path, doubts)
    ordered = sorted(planes, key=lambda p: p.order[-2:])
    if headers[0].is_time:
        return Stack(tuple((p,) for p in ordered), by_path, doubts)
    if len(ordered) > 1:
        doubts = (
            *doubts,
            "The header does not say where each plane lies; they are taken in the order of their "
            "numbers.",
        )
    return Stack((tuple(ordered),), by_path, doubts)


def depths(planes: Sequence[Plane]) -> NDArray[np.float64]:
    """Return how far each plane lies along the normal of the first, mm."""
    orientation = planes[0].orientation
    if orientation is None:
        raise ValueError
    along: NDArray[np.float64] = np.array([p.position for p in planes]) @ normal_of(orientation)
    return along


def by_place(planes: Sequence[Plane], path: Path) -> list[list[Plane]]:
    """Return planes gathered by where they lie along their normal, in that order.

    Raises
    ------
    InputError
        A position is no number, or absurd.
    """
    # NaN is not below it, either.
    if not (np.abs([p.position for p in planes]) < _FARTHEST).all():  # type: ignore[arg-type]
        raise InputError(f"'{path}' gives a position that cannot be true. Export it again.")
    deep = depths(planes)
    near = _SAME_PLACE * min(planes[0].pixel_spacing or (1.0, 1.0))
    places: list[list[Plane]] = []
    reached = -np.inf
    for i in np.argsort(deep, kind="stable"):
        if deep[i] - reached > near:
            places.append([])
            reached = deep[i]
        places[-1].append(planes[i])
    return places


def _placed(planes: list[Plane], path: Path) -> tuple[tuple[Plane, ...], ...]:
    """Return planes by place, those at one place by their order, as the frames of a fourth axis."""
    places = by_place(planes, path)
    counts = [len(place) for place in places]
    if len(set(counts)) > 1:
        odd = next(i for i, n in enumerate(counts) if n != max(set(counts), key=counts.count))
        raise InputError(
            f"The series of '{path}' holds {counts[odd]} image(s) at plane {odd + 1} of "
            f"{len(places)} and {max(set(counts), key=counts.count)} at most others, so that it "
            "is no whole sequence. Export it again, or put the repeated ones in another folder."
        )
    ordered = [sorted(place, key=lambda p: p.order) for place in places]
    return tuple(tuple(place[t] for place in ordered) for t in range(counts[0]))
