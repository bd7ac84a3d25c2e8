"""Painting, saving and putting back, through the session alone."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.project_file import read_project
from segstudio.session import Session
from segstudio.session.recoveries import recovery_of
from segstudio.session.saving import SaveRequest
from tests.session.labelling import (
    names,
    paint,
    reading,
    save_in_project,
    write,
    write_as_another_program,
)


def test_a_case_whose_strokes_are_all_undone_has_the_state_it_had(
    session: Session, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    session.mark_reviewed()
    for _ in range(2):
        session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
        session.annotation.paint((2, 3, 4), (2, 3, 4), 6, 0)
    assert read_project(tmp_path / "mine").progress[0].state == "edited"
    while session.annotation.undo():
        assert session.annotation.undoable == 0 or session.unsaved
    assert read_project(tmp_path / "mine").progress[0].state == "reviewed"
    assert session.unsaved == []
    session.annotation.redo()
    assert read_project(tmp_path / "mine").progress[0].state == "edited"


@pytest.mark.parametrize("leave", [lambda s, _: s.show_case("b"), lambda s, other: s.open(other)])
def test_a_large_case_whose_strokes_are_all_undone_has_its_state_when_it_is_left(
    session: Session, tmp_path: Path, hearts: Path, monkeypatch: pytest.MonkeyPatch, leave
) -> None:
    monkeypatch.setattr("segstudio.session.paintings.LARGE", 0)
    save_in_project(session, tmp_path / "mine")
    session.mark_reviewed()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.annotation.undo()
    assert read_project(tmp_path / "mine").progress[0].state == "edited"
    leave(session, hearts)
    assert read_project(tmp_path / "mine").progress[0].state == "reviewed"


def test_what_was_reviewed_and_undone_is_not_reviewed(session: Session) -> None:
    case = session.open_case.case
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.mark_reviewed()
    session.annotation.undo()
    assert session.unsaved == []
    assert session.progress.of(case).state == "edited"


def test_painting_is_told_of_stroke_by_stroke(session: Session) -> None:
    told = []
    session.painted.connect(lambda opened: told.append(opened.case.name))
    paint(session)
    paint(session)
    assert told == ["a", "a"]


def test_a_copy_holds_the_painted_planes_and_a_picture_of_them(session: Session) -> None:
    painted = paint(session, 300)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    assert copy.planes.tolist() == [0, 2]
    assert copy.values.dtype == np.uint16
    assert np.array_equal(copy.onto(None), painted)
    assert copy.picture.shape == (4, 5, 3)
    assert copy.opens == (session.dataset.root,)


def test_there_is_no_copy_of_labels_that_are_as_they_were_read(session: Session) -> None:
    assert recovery_of(session.open_case, session.labels, session.opens) is None


def test_after_a_crash_what_was_painted_comes_back_with_its_dataset(session: Session) -> None:
    paint(session)
    copy = recovery_of(session.open_case, painted := session.labels.copy(), session.opens)
    after = reading(Session())
    after.recoveries.offer([copy])
    after.recoveries.ask(copy)

    assert np.array_equal(after.labels, painted)
    assert names(after) == ["a"]
    assert after.recoveries.offered == ()


def test_what_was_painted_on_read_labels_comes_back_onto_them(session: Session, bare: Path) -> None:
    session.labels[1] = 2
    session.save_labels(bare / "a_gt.nii")
    painted = paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    assert copy.planes.tolist() == [0, 2]
    after = reading(Session())
    after.open(bare)
    after.show_case("b")
    after.recoveries.ask(copy)

    assert after.open_case.case.name == "a"
    assert np.array_equal(after.labels, painted)


def test_labels_that_changed_since_are_told_of(session: Session, bare: Path) -> None:
    session.save_labels(bare / "a_gt.nii")
    paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after, said = reading(Session()), []
    after.said.connect(lambda message: said.append(message.text))
    after.recoveries.ask(replace(copy, stamp="of another time"))
    assert "The file of its labels has changed since" in said[-1]


def test_a_copy_that_does_not_fit_is_told_of_and_the_case_is_shown(session: Session) -> None:
    paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after, said = reading(Session()), []
    after.said.connect(lambda message: said.append(message.text))
    after.recoveries.ask(replace(copy, shape=(3, 4, 6)))
    assert "does not fit its image any more" in said[-1]
    assert after.open_case.case.name == "a"
    assert not after.unsaved


def test_a_single_file_is_opened_again_by_itself(bare: Path) -> None:
    session = Session()
    session.open(bare / "b.nii")
    assert session.opens == (bare / "b.nii",)


def test_a_copy_that_is_given_up_is_offered_no_more(session: Session) -> None:
    paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    given_up = []
    session.recoveries.given_up.connect(given_up.append)
    session.recoveries.offer([copy])
    session.recoveries.give_up(copy)
    assert session.recoveries.offered == ()
    assert given_up == [copy]


def test_what_was_painted_since_the_crash_comes_back_with_an_undo(session: Session) -> None:
    painted = paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after = reading(Session())
    after.open(*session.opens)
    after.new_labels()
    after.labels[[1, 2]] = 3
    after.note_painting()
    since = after.labels.copy()
    after.recoveries.ask(copy)

    assert np.array_equal(after.labels[[0, 2]], painted[[0, 2]])
    assert (after.labels[1] == 3).all(), "what the copy knows nothing of stays"
    after.annotation.undo()
    assert np.array_equal(after.labels, since)


def test_locks_do_not_keep_a_copy_from_being_put_back(session: Session) -> None:
    painted = paint(session)
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after = reading(Session())
    after.annotation.limits.lock([1])
    after.recoveries.ask(copy)
    assert np.array_equal(after.labels, painted)


def test_painting_goes_on_where_the_project_s_file_has_a_mistake(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    session.new_labels()
    file, told = tmp_path / "mine" / "project.toml", []
    session.painted.connect(lambda opened: told.append(opened.case.name))
    before = file.read_text()
    file.write_text("folders = [")
    paint(session)
    assert told == ["a"], "or no copy would be made"
    session.save_labels(tmp_path / "mine" / "a.nii")
    file.write_text(before)
    session.show_case("b")

    project = read_project(tmp_path / "mine")
    assert [each.state for each in project.progress] == ["edited"]
    assert [each.file.name for each in project.labels] == ["a.nii"], "written when it could be"


def test_an_image_that_became_another_is_not_shown_with_what_was_painted(
    session: Session, bare: Path
) -> None:
    painted = paint(session)
    session.show_case("b")
    nib.save(nib.Nifti1Image(np.ones((5, 4, 4), np.int16), np.eye(4)), bare / "a.nii")
    with pytest.raises(InputError, match="is another by now"):
        session.show_case("a")
    assert names(session) == ["a"]
    nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), bare / "a.nii")
    session.show_case("a")
    assert np.array_equal(session.labels, painted)


def test_what_a_script_changes_after_a_copy_was_saved_is_unsaved(
    session: Session, tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(tmp_path / "copy.nii")
    assert names(session) == []
    session.labels[1] = 2
    assert names(session) == ["a"]


def test_time_spent_on_the_case_in_view_is_written_when_the_window_closes(
    session: Session, tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    session.new_labels()
    paint(session)
    session.progress._seconds[session.open_case.case.image, ()] = 42.0
    session.note_progress()
    assert [each.seconds for each in read_project(tmp_path / "mine").progress] == [42]


def test_a_copy_knows_the_labels_file_as_it_was_read(session: Session, bare: Path) -> None:
    session.save_labels(bare / "a_gt.nii")
    paint(session)
    stamp = session.open_case.stamp
    write_as_another_program(bare / "a_gt.nii")
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after, said = reading(Session()), []
    after.said.connect(lambda message: said.append(message.text))
    after.recoveries.ask(copy)
    assert copy.stamp == stamp
    assert session.open_case.is_stale
    assert "The file of its labels has changed since" in said[-1]


def test_a_class_that_is_named_while_labels_are_written_keeps_its_name(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    session.annotation.classes.rename(1, "liver")
    write(session, waiting)
    assert session.open_case.classes.foreground[0].name == "liver"


def test_a_value_that_no_file_is_read_with_cannot_be_painted(session: Session) -> None:
    with pytest.raises(InputError, match="0 to 65535, not 70000"):
        session.annotation.paint((1, 1, 1), (1, 1, 1), 70_000, 0)


def test_what_a_script_changed_silently_is_told_of_when_its_case_goes(session: Session) -> None:
    told = []
    session.painted.connect(lambda opened: told.append((opened.case.name, session.labels[1].max())))
    session.labels[1] = 3
    session.show_case("b")
    session.show_case("a")
    assert told == [("a", 3)]


def test_new_labels_have_the_classes_that_other_cases_have(session: Session, bare: Path) -> None:
    assert len(session.open_case.classes.foreground) > 2, "any, while no case has labels"
    paint(session, 3)
    session.labels[0, 0, 0] = 1
    session.save_labels(bare / "a_gt.nii")
    session.show_case("b")
    session.new_labels()
    assert session.open_case.classes.values == (0, 1, 3)


def test_a_painted_case_keeps_its_own_classes_beside_those_of_others(
    session: Session, bare: Path
) -> None:
    paint(session, 5)
    session.show_case("b")
    session.new_labels()
    paint(session, 2)
    session.save_labels(bare / "b_gt.nii")
    session.show_case("a")
    assert session.open_case.classes.values == (0, 2, 5)


def test_a_tool_that_makes_other_labels_leaves_what_is_locked(session: Session) -> None:
    said = []
    session.said.connect(lambda message: said.append(message.text))
    session.annotation.paint((0, 0, 0), (0, 0, 2), 5, 0)
    session.annotation.paint((2, 0, 0), (2, 0, 2), 6, 0)
    labels, before = session.labels, session.labels.copy()
    session.annotation.limits.lock([5])
    session.take_labels(np.zeros_like(labels))

    assert session.labels is labels
    assert np.array_equal(labels == 5, before == 5)
    assert not (labels == 6).any()
    assert f"changed {(before == 5).sum()} voxels" in said[-1]
    session.annotation.undo()
    assert np.array_equal(labels, before)


def test_of_two_copies_that_go_to_one_place_only_its_own_is_put_back(
    session: Session, bare: Path
) -> None:
    copies = []
    for value in (3, 7):
        paint(session, value)
        root = None if session.project is None else session.project.root
        copies.append(recovery_of(session.open_case, session.labels, session.opens, root))
        if session.project is None:
            session.ask_new_project(bare)
    after = Session()
    after.recoveries.offer(copies)
    for copy in copies:
        after.recoveries.ask(copy)
    after.open(bare)
    assert after.labels.max() == 7
    assert after.recoveries.offered == (copies[0],)


def test_a_copy_whose_project_is_away_stays_offered(session: Session, tmp_path: Path) -> None:
    session.ask_new_project(tmp_path / "mine")
    session.new_labels()
    paint(session, 3)
    copy = recovery_of(session.open_case, session.labels, session.opens, tmp_path / "mine")
    after = reading(Session())
    after.open(session.open_case.case.image.parent)
    after.recoveries.offer([copy])
    (tmp_path / "mine").rename(tmp_path / "away")
    with pytest.raises(InputError, match="which is not there"):
        after.recoveries.ask(copy)
    assert after.recoveries.offered == (copy,)
    assert after.labels is None
    (tmp_path / "away").rename(tmp_path / "mine")
    after.recoveries.ask(copy)
    assert after.labels.max() == 3
