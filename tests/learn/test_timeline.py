"""What a run predicted after every epoch, found again."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.timeline import Timeline, labels_after, read_timeline

SHAPE = (2, 3, 3)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = RunFolder(tmp_path / "run")
    folder.write_timeline_cases(["one", "two"])
    for epoch in (1, 2, 4):
        folder.write_timeline(epoch, [np.full(SHAPE, epoch), np.full(SHAPE, 10 * epoch)])
    return folder.path


def test_the_cases_and_epochs_that_are_kept_are_found(run: Path) -> None:
    assert read_timeline(run) == Timeline(("one", "two"), (1, 2, 4))


def test_a_folder_without_a_timeline_keeps_nothing(tmp_path: Path) -> None:
    assert read_timeline(tmp_path / "nowhere") == Timeline()


@pytest.mark.parametrize(("epoch", "found"), [(1, 1), (2, 2), (3, 2), (4, 4), (9, 4), (None, 4)])
def test_the_labels_are_those_of_the_newest_epoch_that_is_not_later(
    run: Path, epoch: int | None, found: int
) -> None:
    at, labels = labels_after(run, "two", epoch, SHAPE)
    assert at == found
    assert np.array_equal(labels, np.full(SHAPE, 10 * found))


def test_before_the_first_epoch_that_is_kept_the_first_is_shown() -> None:
    assert Timeline(("one",), (5, 6)).place(2) == 0


def test_a_case_that_is_not_kept_is_told_with_those_that_are(run: Path) -> None:
    with pytest.raises(
        InputError, match=r"'three' is not in this run's timeline\. Open 'one' or 'two'"
    ):
        labels_after(run, "three", 1, SHAPE)


def test_a_prediction_of_another_image_of_that_name_is_not_laid_over(run: Path) -> None:
    with pytest.raises(InputError, match="2 × 3 × 3 voxels, the image in view 2 × 3 × 4"):
        labels_after(run, "one", 1, (2, 3, 4))


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (Timeline(), "keeps no predictions"),
        (Timeline(("one",)), "when the first epoch has ended"),
        (Timeline(("two",), (1,)), "Open 'two'"),
        (Timeline(("one",), (1,)), ""),
    ],
)
def test_what_a_timeline_lacks_is_said(kept: Timeline, words: str) -> None:
    assert words in kept.lacks("one")
    assert bool(kept.lacks("one")) == bool(words)
