"""What is said at the end of classes that the best network does not find."""

import pytest

from segstudio.core.metrics import TOGETHER, Score
from segstudio.learn.lost_classes import tell_lost
from segstudio.losses.expression import parse_loss

DICE = parse_loss("dice")


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
    (told,) = tell_lost(scores, "test", 7, DICE)

    assert (told.epoch, told.step, told.kind) == (7, 0, "lost class")
    assert told.text.startswith(
        "Lost on the test side, with a Dice below 0.05 of all voxels: 'lesion' (12,000 voxels "
        "predicted, 20 there). What lies over the background wants a loss that looks there too: "
        "'dice(classes=all)', or 'modified-boundary-log', or a sum with 'cross-entropy'."
    )


def test_classes_that_are_hardly_predicted_are_told_of_at_once() -> None:
    scores = [score("p0", name, 0, 2, 20) for name in "abcdef"]
    (told,) = tell_lost(scores, "validation", 3, DICE)

    assert "validation side" in told.text
    assert "'d' (2 voxels predicted, 20 there) and 2 more. What is hardly predicted" in told.text
    assert "'e'" not in told.text


def test_no_cure_is_told_that_was_taken_and_each_kind_has_its_own() -> None:
    scores = [score("p0", "wall", 15, 10000, 20), score("p0", "scar", 0, 0, 20)]
    (told,) = tell_lost(scores, "test", 7, parse_loss("dice(classes=all) + modified-boundary-log"))
    assert "looks there too: a sum with 'cross-entropy'. What is hardly predicted" in told.text
    (told,) = tell_lost(scores[:1], "test", 7, parse_loss("cross-entropy + modified-boundary-log"))
    assert told.text.endswith("What lies over the background wants more epochs.")


@pytest.mark.parametrize("counts", [(15, 480, 20), (0, 50, 0), (0, 0, 0)])
def test_a_class_that_is_found_or_is_not_there_is_not_told_of(counts: tuple) -> None:
    assert tell_lost([score("p0", "lesion", *counts)], "test", 7, DICE) == []


def test_single_voxels_in_many_cases_without_the_class_do_not_make_it_lost() -> None:
    healthy = [score(f"p{n}", "lesion", 0, 1, 0) for n in range(1, 25)]
    assert tell_lost([score("p0", "lesion", 95, 100, 100), *healthy], "test", 7, DICE) == []
