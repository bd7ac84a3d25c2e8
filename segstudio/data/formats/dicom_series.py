"""The files of a DICOM series, and the planes they hold in the order in which they lie."""

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_frames import Header, header_of
from segstudio.data.formats.dicom_headers import LABEL_MAP, SEGMENTATION, NoImageError
from segstudio.data.formats.dicom_planes import Numbers, Plane, normal_of
from segstudio.data.formats.table import is_dicom

# CT, MR, PET, secondary capture.
_STACKED_CLASSES = ("5.1.4.1.1.2", "5.1.4.1.1.4", "5.1.4.1.1.128", "5.1.4.1.1.7")
_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3  # relative
# Of the distance between voxels: planes nearer to each other are one place, as times of a
# sequence are written with positions that differ by their rounding.
_SAME_PLACE = 0.1
_FARTHEST = 1e7  # mm
_MOST_BESIDE = 64
# The last folders read; one of a thousand files is about a megabyte.
_KEPT_FOLDERS = 4

State = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, eq=False)
class Folder:
    """The headers of a folder's images, and how many of its files could not be read."""

    headers: tuple[Header, ...]
    unread: int


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
    folder = _folder(path.parent)
    alike = [h for h in folder.headers if h.path != path and _belong_together(h, header)]
    doubts: tuple[str, ...] = ()
    if folder.unread:
        doubts = (
            f"{folder.unread} DICOM file(s) of this folder could not be read and were left "
            "out; planes may be missing.",
        )
    return _stack([header, *alike], path, doubts)


def series_in(folder: Path) -> list[list[Path]]:
    """Return the images in a folder, without its subfolders, each as its files.

    Returns
    -------
    list of list of Path
        A series, or the part of one that lies in one direction, is an image; its first file
        stands for it. Segmentations are left out: they are labels.
    """
    groups: list[list[Header]] = []
    for header in _folder(folder).headers:
        if header.kind in (SEGMENTATION, LABEL_MAP):
            continue
        fit = (g for g in groups if len(header.planes) == 1 and _belong_together(g[0], header))
        found = next(fit, None)
        if found is None:
            groups.append([header])
        else:
            found.append(header)
    return [[h.path for h in group] for group in groups]


def series_of(path: Path) -> str:
    """Return which series a file belongs to, by its unique identifier; nothing if unreadable."""
    found = (h.series for h in _folder(path.parent).headers if h.path == path)
    return next(found, "")


def segmentations_in(folder: Path) -> dict[str, Path]:
    """Return the segmentations in a folder by the series that they were drawn on.

    Of several on one series the last by name counts: programs number them.
    """
    kinds = (SEGMENTATION, LABEL_MAP)
    found = (h for h in _folder(folder).headers if h.kind in kinds)
    by_name = sorted(found, key=lambda header: header.path.name)
    return {series: header.path for header in by_name for series in header.drawn_on}


def images_of(header: Header) -> list[Header]:
    """Return the headers of the images that a segmentation was drawn on, where they are near.

    They are looked for in its folder and in those beside it, as archives put each series in a
    folder of its own; of these the first file tells which series it is.
    """
    own = header.path.parent
    try:
        beside = sorted(p for p in own.absolute().parent.iterdir() if p.is_dir())
    except OSError:
        beside = []
    if len(beside) > _MOST_BESIDE:
        beside = []
    found = [h for h in _folder(own).headers if h.series in header.drawn_on]
    for folder in beside if not found else ():
        try:
            first = next(filter(_may_be_dicom, sorted(folder.iterdir())), None)
            if first and header_of(first).series in header.drawn_on:
                found.extend(h for h in _folder(folder).headers if h.series in header.drawn_on)
        except (InputError, OSError):
            continue
    return found


def _belong_together(one: Header, other: Header) -> bool:
    if len(one.planes) > 1 or len(other.planes) > 1:
        return False
    same = (one.series == other.series != "", one.kind == other.kind, one.size == other.size)
    a, b = one.planes[0], other.planes[0]
    # Radiographs of one series are no stack, and have no position.
    stacked = a.position is not None or one.kind.endswith(_STACKED_CLASSES)
    return all((*same, stacked, one.samples == other.samples)) and alike(a, b)


def alike(a: Plane, b: Plane) -> bool:
    """Return whether two planes have one direction and spacing, and both a position or neither."""
    return (
        (a.position is None) == (b.position is None)
        and _near(a.orientation, b.orientation, absolute=_SAME_DIRECTION)
        and _near(a.pixel_spacing, b.pixel_spacing, relative=_SAME_SPACING)
    )


def _near(
    one: Numbers | None, other: Numbers | None, *, absolute: float = 0.0, relative: float = 0.0
) -> bool:
    if one is None or other is None:
        return one is other
    # Plain numbers: numpy takes a hundred times as long for two, and a folder has thousands.
    return one == other or all(
        # NaN is alike, too: it is refused as what it is, later.
        math.isclose(a, b, abs_tol=absolute, rel_tol=relative) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(one, other, strict=True)
    )


_kept: OrderedDict[Path, tuple[State, Folder]] = OrderedDict()
_kept_lock = threading.Lock()


def _folder(folder: Path) -> Folder:
    """Return the headers of a folder's images, read again only where a file has changed."""
    entries = [p for p in sorted(folder.iterdir()) if _may_be_dicom(p)]
    state: State = tuple((p.name, s.st_mtime_ns, s.st_size) for p in entries for s in [p.stat()])
    with _kept_lock:
        known = _kept.get(folder)
        if known is not None and known[0] == state:
            _kept.move_to_end(folder)
            return known[1]
    headers, unread = [], 0
    for path in entries:
        try:
            headers.append(header_of(path))
        except NoImageError:
            continue
        except (InputError, OSError):
            unread += 1
    found = Folder(_without_copies(headers), unread)
    with _kept_lock:
        _kept[folder] = (state, found)
        while len(_kept) > _KEPT_FOLDERS:
            _kept.popitem(last=False)
    return found


def _may_be_dicom(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and is_dicom(path)


def _without_copies(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return headers without those of a file that lies twice in the folder."""
    return tuple({(h.series, h.instance): h for h in reversed(headers)}.values())[::-1]


def _stack(headers: list[Header], path: Path, doubts: tuple[str, ...] = ()) -> Stack:
    own = headers[0]
    unique = {own.instance: own} | {
        h.instance: h for h in headers[1:] if h.instance != own.instance
    }
    by_path = {h.path: h for h in unique.values()}
    planes = [p for h in unique.values() for p in h.planes]
    if not all(alike(planes[0], p) for p in planes):
        raise InputError(
            f"'{path}' holds frames in several directions or spacings; one stack of planes is "
            "needed. Export one of them."
        )
    if planes[0].position is not None and planes[0].orientation is not None:
        return Stack(_placed(planes, path), by_path, doubts)
    ordered = sorted(planes, key=lambda p: p.order[-2:])
    if own.is_time:
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
