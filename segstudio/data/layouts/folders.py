"""A folder for each case: its channels, and one ``gt`` or the like."""

from collections.abc import Sequence
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import stem
from segstudio.data.layouts.beside import (
    LABEL_NAMES,
    has_label_ending,
    index_of,
    labels_beside,
    lies_inside,
    named_after,
    official_side,
    plain_labels,
)


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the cases of a dataset that has a folder for each: its images, and ``gt`` or the like.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The dataset.

    Returns
    -------
    Dataset or None
        A folder's images, in order of name, are the channels of one. None where no folder has
        such labels, or where images have labels named after them as well, which then count.

    Raises
    ------
    InputError
        Folders differ in their images, or one holds several such labels.
    """
    images: dict[Path, list[Path]] = {}
    for path in files:
        if not has_label_ending(path) and stem(path) not in LABEL_NAMES:
            images.setdefault(path.parent, []).append(path)
    if not any(p.parent in images for p in files if stem(p) in LABEL_NAMES):
        return None
    unlike = [f for f in images if _stems(images[f]) != _stems(next(iter(images.values())))]
    index = index_of(files)
    paired = {p for found in images.values() for p in found if named_after(p, index)}
    # Labels saved under the first channel's name are no sign of another layout.
    if paired and (unlike or paired - {found[0] for found in images.values()}):
        return None
    if unlike:
        _refuse_unlike(unlike[0], images)
    cases = tuple(_case(folder, found, root) for folder, found in sorted(images.items()))
    return Dataset(root.resolve().name, root, cases, None, "a folder for each case")


def _stems(paths: Sequence[Path]) -> list[str]:
    return [stem(p) for p in paths]


def _refuse_unlike(folder: Path, images: dict[Path, list[Path]]) -> None:
    first = next(iter(images))
    here, there = (", ".join(_stems(images[f])) for f in (folder, first))
    raise InputError(
        f"'{folder}' holds the image(s) {here} but '{first}' holds {there}. Every case's folder "
        "needs the same images, by name. Add those that are missing, or take the folder away."
    )


def _case(folder: Path, images: Sequence[Path], root: Path) -> Case:
    labels = labels_beside(images[0])
    named = plain_labels(folder)
    if labels is None and len(named) > 1:
        raise InputError(
            f"'{folder}' holds several label files, '{named[0].name}' and '{named[1].name}'. "
            "Keep the one to learn from, and move the other elsewhere."
        )
    if labels is not None and not lies_inside(labels, root):
        labels = None
    name = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
    pairing = f"'{labels.name}' lies in the case's folder" if labels else ""
    side = official_side(images[0], root)
    return Case(name, name, images[0], labels, side, tuple(images[1:]), pairing=pairing)
