"""Which files a dialog offers, and under which name labels are saved."""

from collections.abc import Collection
from pathlib import Path

from segstudio.data.cases import Case
from segstudio.data.formats import SUFFIXES, has_known_suffix, stem, suffix_beside
from segstudio.data.formats.table import FORMATS
from segstudio.data.layouts.beside import NNUNET_FOLDERS, first_file, nnunet_name

FIGURE_FILTERS = {
    "Picture (*.png)": ".png",
    "Drawing (*.svg)": ".svg",
    "Table of all values (*.csv)": ".csv",
}
# Files of a DICOM series often have no suffix.
ALL_FILES = "All files (*)"


def open_filter() -> str:
    """Return a dialog's filter for what can be read: all of it, then each kind."""
    kinds = [_named(_title(kind.name), kind.suffixes) for kind in FORMATS]
    return ";;".join([_named("Images", SUFFIXES), *kinds, ALL_FILES])


def save_filter() -> str:
    """Return a dialog's filter for what is written, each kind."""
    return ";;".join(_named(_title(kind.name), kind.writes) for kind in FORMATS if kind.writes)


def _named(title: str, suffixes: tuple[str, ...]) -> str:
    return f"{title} ({' '.join(f'*{suffix}' for suffix in suffixes)})"


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def free_name(case: Case, taken: Collection[Path] = ()) -> Path:
    """Return the name that pairs with a case's image; where it is taken, one that is a copy's.

    The image's own suffix is kept where it is written: a picture's labels are a NIfTI file.
    A time point's labels are named after it, since the bare name is that of all of them.
    """
    image = case.image
    base = stem(image)
    if len(case.frames) == 1:
        base += f"_t{case.frames[0]:02d}"
    if (named := nnunet_name(image)) and image.parent.name in NNUNET_FOLDERS:
        folder = image.parent.with_name(NNUNET_FOLDERS[image.parent.name])
        beside = folder / (named[0] + suffix_beside(image))
        if first_file(folder, named[0]) is None and beside not in taken:
            return beside
    name, n, suffix = f"{base}_gt", 1, suffix_beside(image)
    while first_file(image.parent, name) is not None or image.with_name(name + suffix) in taken:
        name, n = f"{base}_copy{n}_gt", n + 1
    return image.with_name(name + suffix)


def with_suffix(path: Path, chosen: str) -> Path:
    """Return a path as it was typed, with the suffix of the chosen filter where it has none."""
    kinds = {_named(_title(kind.name), kind.writes): kind.writes for kind in FORMATS}
    if has_known_suffix(path) or not kinds.get(chosen):
        return path
    return path.with_name(path.name + kinds[chosen][0])


def export_path(typed: str, chosen: str) -> tuple[Path, bool]:
    """Return a path with a suffix, and whether the dialog has asked if it may be replaced.

    Parameters
    ----------
    typed : str
        As the dialog gives it: it has asked about this very name.
    chosen : str
        The filter that was chosen, whose suffix is taken where none was typed.
    """
    path = Path(typed)
    if path.suffix.lower() in FIGURE_FILTERS.values():
        return path, True
    return path.with_name(path.name + FIGURE_FILTERS.get(chosen, ".png")), False
