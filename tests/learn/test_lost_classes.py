"""What is said at the end of classes that the best network does not find."""

import pytest

from segstudio.core.metrics import TOGETHER, Score
from segstudio.learn.lost_classes import tell_lost


def score(case: str, name: str, overlap: int, predicted: int, true: int) -> Score:
    """Return a score whose Dice follows from the counts."""
    both = predicted + true
    dice = 2 * overlap / both if both else float("nan")
    return Score(case, name, dice, 9.0, 5.0, 1.0, "mm", overlap, predicted, true)


def test_a_class_that_lies_over_the_background_is_told_of() -> None:
    scores = [
        score("p0", "ventricle", 80, 100, 100),
        score("p0", "lesion", 15, 10000, 20),
        score("p1", "ventricle", 70, 120, 100),
        score("p1", "lesion", 0, 2000, 0),
        score("p1", TOGETHER, 1, 12000, 120),
    ]
    (told,) = tell_lost(scores, "test", 7)

    assert (told.epoch, told.step, told.kind) == (7, 0, "not found")
    assert told.text.startswith(
        "Not found on the test side, with a Dice below 0.05 of all voxels: 'lesion' (12,000 "
        "voxels predicted, 20 there). What lies over the background"
    )


def test_classes_that_are_hardly_predicted_are_told_of_at_once() -> None:
    scores = [score("p0", name, 0, 2, 20) for name in "abcdef"]
    (told,) = tell_lost(scores, "validation", 3)

    assert "validation side" in told.text
    assert "'d' (2 voxels predicted, 20 there) and 2 more. More epochs may" in told.text
    assert "'e'" not in told.text


@pytest.mark.parametrize("counts", [(15, 480, 20), (0, 50, 0), (0, 0, 0)])
def test_a_class_that_is_found_or_is_not_there_is_not_told_of(counts: tuple) -> None:
    assert tell_lost([score("p0", "lesion", *counts)], "test", 7) == []


def test_single_voxels_in_many_cases_without_the_class_do_not_make_it_lost() -> None:
    healthy = [score(f"p{n}", "lesion", 0, 1, 0) for n in range(1, 25)]
    assert tell_lost([score("p0", "lesion", 95, 100, 100), *healthy], "test", 7) == []
