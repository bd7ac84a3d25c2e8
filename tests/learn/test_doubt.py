"""What a network doubts, by hand-worked cases and by a real tiny network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.labels import ClassTable
from segstudio.data.formats import read_volume
from segstudio.learn.doubt import (
    Doubt,
    contour_entropy,
    disagreement,
    doubt_of,
    ranked,
    usual_values,
)
from segstudio.learn.predict import load_predictor

CLASSES = ClassTable.named({1: "cavity", 2: "wall"})


def square(value: int = 1, shift: int = 0) -> np.ndarray:
    labels = np.zeros((1, 12, 12), np.int32)
    labels[0, 4:8, 4 + shift : 8 + shift] = value
    return labels


def test_entropy_counts_along_the_contour_alone() -> None:
    entropy = np.zeros((1, 12, 12), np.float32)
    entropy[0, 5:7, 5:7] = 0.9  # well inside
    entropy[0, :2] = 0.9  # far outside
    assert contour_entropy(entropy, square()) == 0
    entropy[0, 4:8, 4] = entropy[0, 4:8, 3] = 0.5
    # The thick contour is 12 inner and 16 outer voxels; 8 of them were given 0.5.
    assert contour_entropy(entropy, square()) == pytest.approx(8 * 0.5 / 28)


def test_a_prediction_of_nothing_is_doubted_most() -> None:
    nothing = np.zeros((1, 12, 12), np.int32)
    assert contour_entropy(np.zeros((1, 12, 12), np.float32), nothing) == 1
    assert disagreement(nothing, [nothing, nothing], CLASSES) == 1


def test_disagreement_is_one_minus_dice_over_classes_and_mirrors() -> None:
    # Shifted by one of four columns, 12 of 16 voxels overlap: Dice 0.75.
    assert disagreement(square(), [square(shift=1)], CLASSES) == pytest.approx(0.25)
    assert disagreement(square(), [square(), square(shift=1)], CLASSES) == pytest.approx(0.125)
    # Another class at the same place: both classes agree nowhere.
    assert disagreement(square(1), [square(2)], CLASSES) == 1
    assert disagreement(square(), [square()], CLASSES) == 0


def test_the_reason_of_a_prediction_without_outlines_names_none() -> None:
    doubt = Doubt("a", 1.0, 1.0, ("wall",), has_outlines=False)
    assert doubt.reason == "No wall was found; the network draws no outline at all."


def test_usual_values_are_in_nine_of_ten_cases() -> None:
    present = {str(i): {0, 1, 2} for i in range(9)} | {"9": {0, 1, 3}}
    assert usual_values(present) == {1, 2}
    assert usual_values({}) == frozenset()


def test_missing_classes_come_first_then_doubt_and_each_patient_once() -> None:
    doubts = [
        Doubt("a1", 0.9, 0.9, ()),
        Doubt("a2", 0.8, 0.8, ()),
        Doubt("b", 0.1, 0.1, ("wall",)),
        Doubt("c", 0.2, 0.3, ()),
    ]
    patients = {"a1": "a", "a2": "a", "b": "b", "c": "c"}
    assert [d.case for d in ranked(doubts, patients)] == ["b", "a1", "c", "a2"]


def test_the_two_measures_count_by_place() -> None:
    doubts = [Doubt("x", 0.30, 0.02, ()), Doubt("y", 0.29, 0.9, ()), Doubt("z", 0.1, 0.03, ())]
    assert [d.case for d in ranked(doubts, {"x": "x", "y": "y", "z": "z"})] == ["y", "x", "z"]


def test_the_reason_is_told_in_words() -> None:
    told = Doubt("x", 0.3, 0.25, ("wall", "cavity")).reason
    assert told == (
        "No wall and no cavity was found; the outlines are less sure; mirrored, 25% of them come "
        "out otherwise."
    )


def test_a_real_network_is_asked_with_mirrored_images(
    finished_run: tuple[Path, object], hearts: Path
) -> None:
    predictor = load_predictor(finished_run[0])
    volume = read_volume(next(hearts.rglob("*_frame01.nii.gz")))
    doubt = doubt_of(predictor, volume, "heart", expected=[1, 2, 3])
    found = predictor(volume)
    flipped = [
        np.flip(predictor(replace(volume, data=np.flip(volume.data, axis).copy())).labels, axis)
        for axis in (1, 2)
    ]
    names = {c.value: c.name for c in predictor.classes.foreground}
    absent = set(names) - set(np.unique(found.labels).tolist())
    assert doubt.missing == tuple(names[value] for value in sorted(absent))
    assert doubt.entropy == pytest.approx(contour_entropy(found.entropy, found.labels))
    assert doubt.disagreement == pytest.approx(
        disagreement(found.labels, flipped, predictor.classes), abs=1e-6
    )
