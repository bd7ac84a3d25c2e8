"""Scores of label files against label files."""

from pathlib import Path

import numpy as np

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import Score, evaluate
from segstudio.data.datasets import ACDC_CLASSES, LABEL_ENDINGS
from segstudio.data.formats import has_known_suffix, read_grid, read_labels, stem
from segstudio.data.layouts.beside import NNUNET_FOLDERS
from segstudio.data.layouts.nnunet import nnunet_classes
from segstudio.data.placing import expect_same_grid


def evaluate_files(predictions: Path, truth: Path, *, ignore: int | None = None) -> list[Score]:
    """Return the scores of prediction files, each against the truth of its name.

    Parameters
    ----------
    predictions, truth : Path
        Two files, or two folders; names agree but for an ending such as ``_gt``.
    ignore : int, optional
        The label value of the truth whose voxels count for nothing. Left out, what an nnU-Net
        dataset that the truth lies in names so.

    Returns
    -------
    list of Score
        For every class in any of the truths or predictions; with its name where the truth lies
        in a layout that names it.

    Raises
    ------
    InputError
        A path is missing, a prediction has no truth or several, or their grids differ.
    """
    pairs = _pairs(predictions, truth)
    for _, p, t in pairs:
        expect_same_grid(p, read_grid(p), read_grid(t), f"its truth '{t}'")
    read = [(name, read_labels(p), read_labels(t), read_grid(t)) for name, p, t in pairs]
    found = {int(v) for _, p, t, _ in read for a in (p, t) for v in np.unique(a)}
    classes = _classes(pairs[0][2], found)
    if ignore is not None:
        classes = classes.ignoring(ignore)
    scores: list[Score] = []
    for name, predicted, true, grid in read:
        scores += evaluate(predicted, true, grid, classes, case=name)
    return scores


def _classes(truth: Path, found: set[int]) -> ClassTable:
    folder = truth.parent.name
    is_acdc = folder.startswith("patient") and truth.name.startswith(f"{folder}_frame")
    if is_acdc and found <= set(ACDC_CLASSES.values):
        return ACDC_CLASSES
    named = nnunet_classes(truth.parent.parent) if folder in NNUNET_FOLDERS.values() else None
    if named is None:
        return ClassTable.found_in(found)
    if found <= {*named.values, named.ignore}:
        return named
    return ClassTable.found_in(found, ignore=named.ignore)


def _pairs(predictions: Path, truth: Path) -> list[tuple[str, Path, Path]]:
    for path in (predictions, truth):
        if not path.exists():
            raise InputError(f"'{path}' does not exist. Check the path.")
    if predictions.is_file() and truth.is_file():
        return [(stem(predictions), predictions, truth)]
    truths: dict[str, list[Path]] = {}
    for path in _label_files(truth):
        truths.setdefault(_bare(path), []).append(path)
    return [
        (stem(p), p, _only(truths.get(_bare(p), []), p, truth)) for p in _label_files(predictions)
    ]


def _only(found: list[Path], prediction: Path, truth: Path) -> Path:
    if not found:
        raise InputError(
            f"There is no truth for '{prediction.name}' in '{truth}': a file of the same name, or "
            f"with {LABEL_ENDINGS[0]} added, is expected. Add it, or take the prediction away."
        )
    if len(found) > 1:
        raise InputError(
            f"There are several truths for '{prediction.name}': '{found[0]}' and '{found[1]}'. "
            "Evaluate the folders that hold them one by one."
        )
    return found[0]


def _label_files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if _is_label_file(p))
    with_ending = [p for p in files if stem(p).endswith(LABEL_ENDINGS)]
    files = with_ending or files  # images may lie beside their labels
    if not files:
        raise InputError(f"'{path}' holds no label file (.nii, .nii.gz). Check the path.")
    return files


def _is_label_file(path: Path) -> bool:
    return path.is_file() and has_known_suffix(path) and not path.name.startswith(".")


def _bare(path: Path) -> str:
    name = stem(path)
    for ending in LABEL_ENDINGS:
        name = name.removesuffix(ending)
    return name
