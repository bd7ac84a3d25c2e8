"""The annotation of the case that is open: its classes, its dataset, what is unsaved."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.session import Session, paintings
from segstudio.session.annotation_choices import Brush


@pytest.fixture
def session(hearts: Path) -> Session:
    session = Session()
    session.open(hearts)
    return session


def test_a_step_makes_the_case_unsaved_and_its_undoing_does_not_leave_it_so(
    session: Session,
) -> None:
    told: list[str] = []
    session.unsaved_changed.connect(told.append)
    session.annotation.choose_brush(Brush(40.0))
    session.annotation.paint((1, 6, 6), (1, 6, 6), 2, 0)
    assert session.is_unsaved(session.open_case.case)
    session.annotation.undo()
    assert not session.is_unsaved(session.open_case.case)
    assert told == [session.open_case.case.name] * 2


def test_a_large_case_is_unsaved_from_a_step_on_and_not_from_a_look_at_another_plane(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paintings, "LARGE", 10)
    session.note_painting(surely=False)
    assert not session.is_unsaved(session.open_case.case)
    session.annotation.paint((1, 6, 6), (1, 6, 6), 2, 0)
    assert session.is_unsaved(session.open_case.case)


def test_a_class_of_the_table_is_one_of_the_dataset_and_of_the_next_case(
    session: Session,
) -> None:
    session.annotation.classes.add("scar", "#ff00ff")
    session.annotation.classes.rename(1, "RV")
    names = ["background", "RV", "myocardium", "left ventricle", "scar"]
    assert [c.name for c in session.open_case.classes.classes] == names
    assert [c.name for c in session.dataset.classes.classes] == names
    session.show_case(session.dataset.cases[1].name)
    assert [c.name for c in session.annotation.classes.table.classes] == names


def test_a_class_that_another_case_has_stays_in_the_dataset(session: Session) -> None:
    first, second = (case.name for case in session.dataset.cases[:2])
    session.show_case(second)
    session.show_case(first)
    session.annotation.remove_class(2)
    assert session.open_case.classes.values == (0, 1, 3)
    assert session.dataset.classes.values == (0, 1, 2, 3)
    session.show_case(second)
    assert (session.labels == 2).any()
    assert session.annotation.classes.name(2) == "myocardium"


@pytest.mark.parametrize(("name", "words"), [(" ", "needs a name"), ("background", "has the name")])
def test_a_name_that_will_not_do_is_told(session: Session, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        session.annotation.classes.rename(1, name)


def test_labels_that_were_saved_serve_as_a_mask_from_then_on(
    session: Session, tmp_path: Path
) -> None:
    session.annotation.choose_brush(Brush(40.0))
    session.annotation.paint((1, 6, 6), (1, 6, 6), 2, 0)
    assert session.annotation.limits.has_mask("saved")
    session.save_labels(tmp_path / "copy.nii.gz")
    assert session.annotation.undoable == 1  # saving forgets no step


def test_values_that_painting_brings_are_classes(session: Session) -> None:
    session.annotation.choose_brush(Brush(40.0))
    session.annotation.paint((1, 6, 6), (1, 6, 6), 8, 0)
    assert session.open_case.classes.values == (0, 1, 2, 3, 8)
    assert np.any(session.labels == 8)
