"""Painting, saving and putting back, through the session alone."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.formats import read_labels
from segstudio.data.project_file import read_project
from segstudio.session import Session
from segstudio.session.messages import ReadingRequest
from segstudio.session.recoveries import recovery_of


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of two images without labels."""
    for name in ("a", "b"):
        path = tmp_path / "images" / f"{name}.nii"
        path.parent.mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), path)
    return tmp_path / "images"


@pytest.fixture
def session(bare: Path) -> Session:
    """A session with labels to paint on."""
    made = reading(Session())
    made.open(bare)
    made.new_labels()
    return made


def reading(session: Session) -> Session:
    """Do at once what is asked for to be done beside the window."""

    def read(wish: ReadingRequest) -> None:
        dataset = wish.find()
        if dataset is not session.dataset:
            session.list_cases(dataset, wish.project)
        session.show_case(wish.first_case(dataset).name)

    session.reading_asked.connect(read)
    return session


def paint(session: Session, value: int = 1) -> np.ndarray:
    """Paint on two planes of the case in view; return the labels there are then."""
    session.labels[[0, 2], 1:3, 2:4] = value
    session.note_painting()
    return session.labels.copy()


def save_in_project(session: Session, root: Path) -> None:
    """Make a project of what is open, and paint and save labels in it."""
    session.ask_new_project(root)
    session.new_labels()
    paint(session)
    session.save_labels(root / "a.nii")


def names(session: Session) -> list[str]:
    return [case.name for case in session.unsaved]


def test_unsaved_cases_are_those_whose_painting_is_in_no_file(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    paint(session)
    session.show_case("b")
    session.new_labels()
    paint(session)
    assert names(session) == ["a", "b"]
    session.save_labels(bare / "b_gt.nii")
    assert names(session) == ["a"]
    session.show_case("a")
    session.save_labels(tmp_path / "elsewhere.nii")
    session.note_painting()
    assert names(session) == [], "a copy is a file, too"
    paint(session, 2)
    assert names(session) == ["a"]


def test_what_is_painted_while_labels_are_written_stays_unsaved(
    session: Session, bare: Path
) -> None:
    asked = []
    session.save_asked.connect(asked.append)
    wrote = paint(session)
    session.ask_save(bare / "a_gt.nii")
    paint(session, 2)
    (request,) = asked
    session.note_saved(request, request.write())

    assert np.array_equal(read_labels(bare / "a_gt.nii"), wrote)
    assert names(session) == ["a"]
    assert session.labels.max() == 2
    assert session.open_case.truth.max() == 1


def test_labels_that_are_written_after_another_case_was_opened_are_still_the_case_s(
    session: Session, bare: Path
) -> None:
    asked = []
    session.save_asked.connect(asked.append)
    wrote = paint(session)
    session.ask_save(bare / "a_gt.nii")
    session.show_case("b")
    (request,) = asked
    session.note_saved(request, request.write())

    assert names(session) == []
    assert session.open_case.case.name == "b"
    assert session.dataset.case("a").labels == bare / "a_gt.nii"
    session.show_case("a")
    assert np.array_equal(session.labels, wrote)


def test_saving_again_goes_to_the_file_that_was_written_and_keeps_the_one_before(
    session: Session, bare: Path
) -> None:
    assert session.own_file is None
    paint(session, 1)
    session.save_labels(bare / "a_gt.nii")
    for value in (2, 3):
        paint(session, value)
        session.save_labels(session.own_file, overwrite=True)

    assert session.own_file == bare / "a_gt.nii"
    assert read_labels(bare / "a_gt.nii").max() == 3
    previous = (bare / "a_gt.nii~").rename(bare / "before.nii")
    assert read_labels(previous).max() == 2


def test_a_file_this_program_did_not_write_is_not_its_own(session: Session, bare: Path) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    other = Session()
    other.open(bare)
    assert other.open_case.case.labels == bare / "a_gt.nii"
    assert other.own_file is None


def test_in_a_project_what_was_saved_once_is_its_own_at_the_next_start(
    session: Session, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    other = Session()
    other.open(tmp_path / "mine")
    assert other.own_file == tmp_path / "mine" / "a.nii"


def test_in_a_project_what_was_corrected_is_what_the_case_has_from_then_on(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    said = []
    session.said.connect(lambda message: said.append(message.text))
    corrected = tmp_path / "mine" / "corrected.nii"
    paint(session, 7)
    session.save_labels(corrected)

    assert said[-1] == (
        "Saved corrected.nii; the case uses it from now on, and a_gt.nii is as it was."
    )
    assert session.open_case.case.labels == corrected
    other = Session()
    other.open(tmp_path / "mine")
    assert other.labels.max() == 7
    assert read_labels(bare / "a_gt.nii").max() == 1
    paint(other, 8)
    other.save_labels(other.own_file, overwrite=True)
    assert read_labels((tmp_path / "mine" / "corrected.nii~").rename(bare / "c.nii")).max() == 7


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


def test_painting_that_began_with_other_labels_replaces_no_file_of_the_project(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    paint(session, 7)
    session.save_labels(tmp_path / "mine" / "a.nii")
    assert session.own_file == tmp_path / "mine" / "a.nii"
    session.open(bare)
    assert session.labels.max() == 1
    assert session.own_file == bare / "a_gt.nii"  # which this program wrote, and is in view

    paint(session, 2)
    session.open(tmp_path / "mine")
    assert session.labels.max() == 2
    assert session.own_file is None
    session.save_labels(tmp_path / "mine" / "merged.nii")
    assert session.own_file == tmp_path / "mine" / "merged.nii"
    assert read_labels(tmp_path / "mine" / "a.nii").max() == 7


def test_a_time_point_of_labels_over_time_is_read_again_from_a_file_of_its_own(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a", "a_seg"):
        nib.save(
            nib.Nifti1Image(np.ones((5, 4, 3, 2), np.int16), np.eye(4)), folder / f"{name}.nii"
        )
    session = reading(Session())
    session.open(folder)
    session.ask_new_project(tmp_path / "mine")
    last = session.dataset.cases[-1]
    assert last.labels_frame == 1
    session.show_case(last.name)
    wrote = paint(session, 7)
    session.save_labels(tmp_path / "mine" / "x.nii")
    other = Session()
    other.open(tmp_path / "mine")
    for each in (session, other):
        each.show_case(session.dataset.cases[0].name)
        assert each.labels.max() == 1
        each.show_case(last.name)
        assert np.array_equal(each.labels, wrote)


def test_what_was_reviewed_and_undone_is_not_reviewed(session: Session) -> None:
    case = session.open_case.case
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.mark_reviewed()
    session.annotation.undo()
    assert session.unsaved == []
    assert session.progress.of(case).state == "edited"


def test_what_was_undone_while_it_was_written_is_in_the_file_and_not_reviewed(
    session: Session, bare: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.mark_reviewed()
    asked = []
    session.save_asked.connect(asked.append)
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(bare / "a_gt.nii", overwrite=True)
    session.annotation.undo()
    session.note_saved(asked[0], asked[0].write())
    assert session.is_unsaved(session.open_case.case)
    assert session.progress.of(session.open_case.case).state == "edited"


def test_labels_of_the_project_that_are_not_in_view_are_not_replaced(
    session: Session, tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    other = Session()
    other.open(tmp_path / "mine")
    other.new_labels()
    paint(other)
    other.save_labels(tmp_path / "mine" / "a.nii")
    session.project = other.project
    assert session.own_file is None


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


def test_labels_are_not_written_over_an_image(session: Session, bare: Path) -> None:
    with pytest.raises(InputError, match="is an image of this dataset"):
        session.ask_save(bare / "b.nii", overwrite=True)


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


def test_labels_saved_while_another_project_is_opened_are_known_to_their_own(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        session.ask_new_project(tmp_path / name)
    session.ask_project(tmp_path / "first")
    asked = []
    session.save_asked.connect(asked.append)
    session.new_labels()
    paint(session)
    session.ask_save(tmp_path / "first" / "a.nii")
    session.ask_project(tmp_path / "second")
    (request,) = asked
    session.note_saved(request, request.write())

    saved = [each.file for each in read_project(tmp_path / "first").labels]
    assert saved == [tmp_path / "first" / "a.nii"]
    assert read_project(tmp_path / "second").labels == ()
    assert session.project.root == tmp_path / "second"


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
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), 7, np.uint8), np.eye(4)), bare / "a_gt.nii")
    copy = recovery_of(session.open_case, session.labels, session.opens)
    after, said = reading(Session()), []
    after.said.connect(lambda message: said.append(message.text))
    after.recoveries.ask(copy)
    assert copy.stamp == stamp
    assert session.open_case.is_stale
    assert "The file of its labels has changed since" in said[-1]


def test_what_another_program_wrote_since_is_not_this_one_s_to_replace(
    session: Session, bare: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    assert session.own_file == bare / "a_gt.nii"
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), 70, np.int32), np.eye(4)), bare / "a_gt.nii")
    assert session.own_file is None


def test_a_class_that_is_named_while_labels_are_written_keeps_its_name(
    session: Session, bare: Path
) -> None:
    asked = []
    session.save_asked.connect(asked.append)
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    session.annotation.classes.rename(1, "liver")
    (request,) = asked
    session.note_saved(request, request.write())
    assert session.open_case.classes.foreground[0].name == "liver"


def test_a_value_that_no_file_is_read_with_cannot_be_painted(session: Session) -> None:
    with pytest.raises(InputError, match="0 to 65535, not 70000"):
        session.annotation.paint((1, 1, 1), (1, 1, 1), 70_000, 0)


def test_labels_are_not_written_over_those_of_another_case(session: Session, bare: Path) -> None:
    wrote = paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.show_case("b")
    session.new_labels()
    paint(session, 2)
    with pytest.raises(InputError, match="holds the labels of 'a'"):
        session.ask_save(bare / "a_gt.nii", overwrite=True)
    assert np.array_equal(read_labels(bare / "a_gt.nii"), wrote)


def test_what_a_script_changed_silently_is_told_of_when_its_case_goes(session: Session) -> None:
    told = []
    session.painted.connect(lambda opened: told.append((opened.case.name, session.labels[1].max())))
    session.labels[1] = 3
    session.show_case("b")
    session.show_case("a")
    assert told == [("a", 3)]


def test_labels_are_saved_although_their_name_makes_two_images_of_one(
    session: Session, bare: Path
) -> None:
    wanted = paint(session)
    session.save_labels(bare / "b.nrrd")
    assert np.array_equal(read_labels(bare / "b.nrrd"), wanted)
    assert names(session) == []
    assert session.own_file == bare / "b.nrrd"


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
