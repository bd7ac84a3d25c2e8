"""The headers of a folder's DICOM images: read once, and again only where a file has changed."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from stat import S_ISREG

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_frames import Header, header_of
from segstudio.data.formats.dicom_headers import LABEL_MAP, SEGMENTATION, NoImageError
from segstudio.data.formats.dicom_planes import alike
from segstudio.data.formats.table import is_dicom, suffix_of

# CT, MR, PET, secondary capture.
_STACKED_CLASSES = ("5.1.4.1.1.2", "5.1.4.1.1.4", "5.1.4.1.1.128", "5.1.4.1.1.7")
# The last folders read; one of a thousand files is about a megabyte.
_KEPT_FOLDERS = 4
# A folder's own time tells of a file that came or went, if the listing is not of that moment:
# the times of some systems are in steps of two seconds.
_SETTLED = 2_000_000_000  # ns

State = tuple[int, int, int]
Key = tuple[str, str, tuple[int, int], int, bool]
Groups = dict[Key | None, list[list[Header]]]


class _Without(Enum):
    """Why a file has no header."""

    IMAGE = "it holds no image"
    SENSE = "it could not be read"


@dataclass(frozen=True, eq=False)
class Folder:
    """The headers of a folder's images.

    Attributes
    ----------
    headers : tuple of Header
        In order of the files' names, a file that lies there twice once.
    unread : tuple of Path
        DICOM files that could not be read.
    outside : int
        How many links were not followed, as they lead out.
    targets : dict of Path to Path
        What the links that leave the folder lead to.
    states : dict of Path to (int, int, int)
        Time, size and number of each file as it was read.
    """

    headers: tuple[Header, ...]
    unread: tuple[Path, ...]
    outside: int
    targets: dict[Path, Path]
    states: dict[Path, State]

    @property
    def segmentations(self) -> list[Header]:
        """The headers of labels."""
        return [h for h in self.headers if h.kind in (SEGMENTATION, LABEL_MAP)]

    @property
    def images(self) -> list[list[Header]]:
        """The headers of each image; the first stands for it.

        A series, or the part of one that lies in one direction, is an image.
        """
        return self._grouped[0]

    @cached_property
    def _grouped(self) -> tuple[list[list[Header]], Groups]:
        images: list[list[Header]] = []
        by_key: Groups = {}
        for header in self.headers:
            if header.kind in (SEGMENTATION, LABEL_MAP):
                continue
            found = _fitting(header, by_key)
            if found is None:
                found = []
                images.append(found)
                by_key.setdefault(_key(header), []).append(found)
            found.append(header)
        for image in images if self.targets else ():
            image.sort(key=lambda h: len(_top(h.path.parent, self.targets.get(h.path)).parts))
        return images, by_key

    @cached_property
    def _by_path(self) -> dict[Path, list[Header]]:
        return {h.path: image for image in self.images for h in image}

    def image_of(self, header: Header) -> list[Header]:
        """Return the headers of the image that a file is part of, its own as it is given."""
        image = self._by_path.get(header.path) or _fitting(header, self._grouped[1]) or []
        same = [header if h.instance == header.instance else h for h in image]
        return same if any(h is header for h in same) else [*same, header]

    def is_current(self, headers: Iterable[Header]) -> bool:
        """Return whether these files, and those that could not be read, are as they were."""
        paths = (*(h.path for h in headers), *self.unread)
        return all(_state(p) == self.states[p] for p in paths if p in self.states)


def _fitting(header: Header, by_key: Groups) -> list[Header] | None:
    key = _key(header)
    fit = by_key.get(key, ()) if key is not None else ()
    return next((g for g in fit if alike(g[0].planes[0], header.planes[0])), None)


def _key(header: Header) -> Key | None:
    """Return what all files of an image have in common; None for a file that stands alone."""
    unplaced = header.planes[0].position is None
    # Radiographs of one series are no stack, and have no position.
    alone = unplaced and not header.kind.endswith(_STACKED_CLASSES)
    if alone or len(header.planes) > 1 or not header.series:
        return None
    return header.series, header.kind, header.size, header.samples, unplaced


def top_of(path: Path) -> Path:
    """Return the lowest folder that holds a file's folder and, of a link, what it leads to.

    Links beside the file are followed within it only. Of a file of a dataset it lies in the
    dataset, so that no link from there is followed out of it.
    """
    return _top(path.parent, path.resolve())


def _top(folder: Path, target: Path | None) -> Path:
    own = folder.resolve()
    try:
        return own if target is None else Path(os.path.commonpath((own, target)))
    except ValueError:  # on another drive
        return own


@dataclass(frozen=True, eq=False)
class _Listing:
    """A folder's files, and what was read of them."""

    own: Path
    stamp: tuple[int, int, int]
    time: int
    states: dict[Path, State]
    targets: dict[Path, Path]
    found: dict[Path, Header | _Without] = field(default_factory=dict)
    folders: dict[Path, Folder] = field(default_factory=dict)

    def is_current(self, folder: Path) -> bool:
        return self.time - self.stamp[2] > _SETTLED and self.stamp == _stamp(folder)

    def admitted(self, top: Path) -> list[Path]:
        """Return the files that lie in a folder, and so do what they lead to."""
        out = {p for p, target in self.targets.items() if not target.is_relative_to(top)}
        return [p for p in self.states if p not in out]

    def within(self, top: Path) -> Folder:
        """Return the headers of the images that are admitted."""
        top = top if self.targets and self.own.is_relative_to(top) else self.own
        if top not in self.folders:
            paths = self.admitted(top)
            for path in paths:
                if path not in self.found:
                    self.found[path] = _read(path)
            headers = [h for p in paths if isinstance(h := self.found[p], Header)]
            unread = tuple(p for p in paths if self.found[p] is _Without.SENSE)
            # Not `is_dicom`, which looks into a file without a suffix.
            out = [p for p in self.states.keys() - paths if suffix_of(p).lower() in _SUFFIXES]
            self.folders[top] = Folder(
                _without_copies(headers), unread, len(out), self.targets, self.states
            )
        return self.folders[top]


_SUFFIXES = ("", ".dcm", ".dicom", ".ima")
_kept: OrderedDict[Path, _Listing] = OrderedDict()
_kept_lock = threading.Lock()


def folder_of(folder: Path, top: Path, *, anew: bool = False) -> Folder:
    """Return the headers of a folder's images.

    Parameters
    ----------
    folder : Path
        Its subfolders are not looked into.
    top : Path
        Resolved: links that leave the folder are followed within this one.
    anew : bool
        Whether the folder is listed even if nothing came or went.
    """
    with _kept_lock:
        listing = _kept.get(folder)
    if anew or listing is None or not listing.is_current(folder):
        listing = _listed(folder, listing)
    found = listing.within(top)
    with _kept_lock:
        _kept[folder] = listing
        _kept.move_to_end(folder)
        while len(_kept) > _KEPT_FOLDERS:
            _kept.popitem(last=False)
    return found


def chosen_of(
    folder: Path, top: Path, choose: Callable[[Folder], list[Header]]
) -> tuple[Folder, list[Header]]:
    """Return a folder, and those of its headers that are chosen, all of them as the files are now.

    What was overwritten where it lies is seen by these files' own times, without a look at each
    file of the folder: a folder of a thousand images is asked for each of them.
    """
    found = folder_of(folder, top)
    chosen = choose(found)
    if not found.is_current(chosen):
        found = folder_of(folder, top, anew=True)
        chosen = choose(found)
    return found, chosen


def first_in(folder: Path, top: Path) -> Header | None:
    """Return the header of a folder's first DICOM file; None where there is none.

    Raises
    ------
    InputError
        It cannot be read.
    """
    first = next(filter(is_dicom, _listed(folder, None).admitted(top)), None)
    return None if first is None else header_of(first)


def _listed(folder: Path, before: _Listing | None) -> _Listing:
    """Return a folder's files anew, with what was read of those that have not changed."""
    stamp, now, own = _stamp(folder), time.time_ns(), folder.resolve()
    states: dict[Path, State] = {}
    targets: dict[Path, Path] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            path = folder / entry.name
            state = _state(path)
            if state is None or entry.name.startswith("."):
                continue
            states[path] = state
            if entry.is_symlink() and not (target := path.resolve()).is_relative_to(own):
                targets[path] = target
    if before is None:
        return _Listing(own, stamp, now, states, targets)
    if (before.states, before.targets) == (states, targets):
        return _Listing(own, stamp, now, states, targets, before.found, before.folders)
    same = {p: h for p, h in before.found.items() if before.states[p] == states.get(p)}
    return _Listing(own, stamp, now, states, targets, same)


def _stamp(folder: Path) -> tuple[int, int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _state(path: Path) -> State | None:
    """Return what tells that a file has changed; None for what is no file, or leads to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    is_file = S_ISREG(found.st_mode)
    return (found.st_mtime_ns, found.st_size, found.st_ino) if is_file else None


def _read(path: Path) -> Header | _Without:
    try:
        return header_of(path) if is_dicom(path) else _Without.IMAGE
    except NoImageError:
        return _Without.IMAGE
    except (InputError, OSError):
        return _Without.SENSE


def _without_copies(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return headers without those of a file that lies twice in the folder."""
    return tuple({(h.series, h.instance): h for h in reversed(headers)}.values())[::-1]
