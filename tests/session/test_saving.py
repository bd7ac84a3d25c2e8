"""Which file labels are saved to, what is done meanwhile, and what of it is used afterwards."""

import gc
import weakref
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.formats import read_labels
from segstudio.data.project_file import read_project
from segstudio.data.recovery import stamp_of
from segstudio.session import Session
from segstudio.session.paintings import image_of
from segstudio.session.recoveries import recovery_of
from segstudio.session.saving import SaveRequest
from tests.session.labelling import names, paint, reading, save_in_project


def correct_in_a_project(session: Session, bare: Path, tmp_path: Path) -> None:
    """Save labels beside their image, and others in a project over it."""
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    paint(session, 7)
    session.save_labels(tmp_path / "mine" / "a.nii")


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


def test_painting_that_began_with_other_labels_replaces_no_file_of_the_project(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    correct_in_a_project(session, bare, tmp_path)
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


def test_labels_are_not_written_over_an_image(session: Session, bare: Path) -> None:
    with pytest.raises(InputError, match="is an image of this dataset"):
        session.ask_save(bare / "b.nii", overwrite=True)


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


def test_what_another_program_wrote_since_is_not_this_one_s_to_replace(
    session: Session, bare: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    assert session.own_file == bare / "a_gt.nii"
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), 70, np.int32), np.eye(4)), bare / "a_gt.nii")
    assert session.own_file is None


def test_labels_are_not_written_over_those_of_another_case(session: Session, bare: Path) -> None:
    wrote = paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.show_case("b")
    session.new_labels()
    paint(session, 2)
    with pytest.raises(InputError, match="holds the labels of 'a'"):
        session.ask_save(bare / "a_gt.nii", overwrite=True)
    assert np.array_equal(read_labels(bare / "a_gt.nii"), wrote)


def test_labels_are_saved_although_their_name_makes_two_images_of_one(
    session: Session, bare: Path
) -> None:
    wanted = paint(session)
    session.save_labels(bare / "b.nrrd")
    assert np.array_equal(read_labels(bare / "b.nrrd"), wanted)
    assert names(session) == []
    assert session.own_file == bare / "b.nrrd"


@pytest.fixture
def waiting(session: Session) -> list[SaveRequest]:
    """What was asked to be saved, and is still to be written."""
    asked: list[SaveRequest] = []
    session.save_asked.connect(asked.append)
    return asked


def write(session: Session, waiting: list[SaveRequest]) -> None:
    """Write what waits."""
    while waiting:
        request = waiting.pop(0)
        session.note_saved(request, request.write())


def test_what_was_painted_in_a_project_is_saved_there_when_another_folder_is_open(
    session: Session, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    newest = paint(session, 5)
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left) == tmp_path / "mine" / "a.nii"
    session.ask_save_of(left, session.own_file_of(left), overwrite=True)
    write(session, waiting)
    assert session.unsaved == []
    assert session.dataset.root == hearts
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, newest)


def test_a_first_file_of_a_project_is_its_own_when_another_folder_is_open(
    session: Session, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    session.new_labels()
    newest = paint(session, 5)
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left) is None
    session.ask_save_of(left, tmp_path / "new.nii")
    write(session, waiting)
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, newest)


def test_a_stroke_while_a_file_is_written_leaves_it_one_s_own(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    newest = paint(session, 2)
    session.show_case("b")
    write(session, waiting)
    assert names(session) == ["a"]
    assert session.own_file_of(session.dataset.case("a")) == bare / "a_gt.nii"
    session.show_case("a")
    assert session.own_file == bare / "a_gt.nii"
    assert np.array_equal(session.labels, newest)


@pytest.mark.parametrize("leave", [True, False])
def test_what_was_undone_while_a_file_was_written_is_not_lost(
    session: Session, bare: Path, waiting: list[SaveRequest], leave: bool
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    case, reviewed = session.open_case.case, session.labels.copy()
    session.mark_reviewed()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(bare / "a_gt.nii", overwrite=True)
    session.annotation.undo()
    if leave:
        session.show_case("b")
    write(session, waiting)
    assert read_labels(bare / "a_gt.nii")[0, 0, 0] == 5
    assert names(session) == ["a"]
    assert session.progress.of(case).state == "edited"
    session.show_case("a")
    assert np.array_equal(session.labels, reviewed)
    session.save_labels(session.own_file, overwrite=True)
    assert np.array_equal(read_labels(bare / "a_gt.nii"), reviewed)
    assert names(session) == []


def test_what_was_undone_while_a_copy_was_written_is_what_the_case_s_own_file_has(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(tmp_path / "copy.nii")
    session.annotation.undo()
    session.show_case("b")
    assert names(session) == [], "nothing differs from the file while the copy is written"
    write(session, waiting)
    assert names(session) == []
    session.show_case("a")
    assert session.annotation.undoable == 0
    assert np.array_equal(session.labels, read_labels(bare / "a_gt.nii"))


def test_labels_saved_while_a_folder_is_added_stay_the_project_s(
    bare: Path, hearts: Path, tmp_path: Path
) -> None:
    session, asked = Session(), []
    session.open(bare)
    session.reading_asked.connect(asked.append)
    session.ask_new_project(tmp_path / "mine")
    making = asked.pop()
    session.list_found(making.find(), making.project)
    session.show_case("a")
    session.new_labels()
    newest = paint(session, 3)
    session.ask_more_folders(hearts)
    adding = asked.pop()
    dataset = adding.find()
    session.save_labels(tmp_path / "mine" / "x.nii")
    session.annotation.limits.lock([2])
    session.mark_reviewed()
    session.list_found(dataset, adding.project)

    project = read_project(tmp_path / "mine")
    assert project == session.project
    assert project.folders == (bare, hearts)
    assert [each.file.name for each in project.labels] == ["x.nii"]
    assert project.locked == (2,)
    assert session.dataset.case("a").labels == tmp_path / "mine" / "x.nii"
    assert session.progress.of(session.dataset.case("a")).state == "reviewed"
    session.show_case("a")
    assert np.array_equal(session.labels, newest)


def test_a_project_s_file_that_is_away_is_not_replaced_unseen(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    correct_in_a_project(session, bare, tmp_path)
    away = (tmp_path / "mine" / "a.nii").rename(tmp_path / "mine" / "away")
    other = Session()
    other.open(tmp_path / "mine")
    assert other.labels.max() == 1
    paint(other, 2)
    assert other.own_file is None
    away.rename(tmp_path / "mine" / "a.nii")
    assert other.own_file is None


def test_where_the_newest_file_is_gone_the_one_before_is_used(
    session: Session, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    before = session.labels.copy()
    paint(session, 7)
    session.save_labels(tmp_path / "stick.nii")
    (tmp_path / "stick.nii").rename(tmp_path / "unplugged")
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, before)
    assert "stick.nii" in other.dataset.notes[-1]
    assert "earlier labels are used" in other.dataset.notes[-1]
    paint(other, 3)
    assert other.own_file is None, "or the newest would no longer be that when it is back"
    (tmp_path / "unplugged").rename(tmp_path / "stick.nii")
    again = Session()
    again.open(tmp_path / "mine")
    assert again.labels.max() == 7


def test_a_save_that_ends_in_another_project_changes_nothing_there(
    session: Session, bare: Path, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "first")
    paint(session, 5)
    session.ask_save(tmp_path / "first" / "a.nii", overwrite=True)
    paint(session, 6)
    session.open(hearts)
    session.ask_new_project(tmp_path / "second")
    before = read_project(tmp_path / "second")
    write(session, waiting)
    assert read_project(tmp_path / "second") == before
    assert names(session) == ["a"]


def test_a_save_in_a_project_is_not_used_by_its_folder_opened_meanwhile(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    session.new_labels()
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    paint(session, 5)
    session.ask_save(tmp_path / "mine" / "a.nii")
    session.open(bare)
    write(session, waiting)
    assert session.dataset.case("a").labels == bare / "a_gt.nii"
    assert session.open_case.case.labels == bare / "a_gt.nii"
    assert session.labels.max() == 5, "what was painted comes along"
    assert session.own_file is None, "it began with the project's file by now"
    assert session.dataset.case("b").labels is None


def test_reviewed_are_the_labels_that_were_looked_at(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.save_labels(tmp_path / "copy.nii")
    session.mark_reviewed()
    session.annotation.paint((0, 0, 1), (0, 0, 1), 5, 0)
    while session.annotation.undo():
        pass
    assert np.array_equal(session.labels, read_labels(bare / "a_gt.nii"))
    assert session.progress.of(session.open_case.case).state == "edited"


def test_a_project_that_can_only_be_read_holds_no_case_in_memory(
    session: Session, tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    (tmp_path / "mine" / "project.toml").write_text("folders = [")  # a mistake: changes wait
    session.show_case("b")
    held = weakref.ref(session.open_case)
    session.show_case("a")
    gc.collect()
    assert held() is None


def review_in_two_projects(session: Session, bare: Path, tmp_path: Path) -> None:
    """Save other labels of one image in two projects, both reviewed; the first stays open."""
    for name, value in (("second", 7), ("first", 5)):
        session.open(bare)
        save_in_project(session, tmp_path / name)
        paint(session, value)
        session.save_labels(session.own_file, overwrite=True)
        session.mark_reviewed()


def test_a_save_that_ends_in_another_project_of_the_same_images_replaces_nothing_there(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    review_in_two_projects(session, bare, tmp_path)
    newest = paint(session, 9)
    session.mark_reviewed()
    session.ask_save(session.own_file, overwrite=True)
    session.open(tmp_path / "second")
    assert np.array_equal(session.labels, newest), "what is painted comes along"
    assert session.own_file is None
    write(session, waiting)
    assert session.own_file is None
    assert names(session) == ["a"]
    assert read_labels(tmp_path / "second" / "a.nii").max() == 7
    for name in ("first", "second"):
        assert [each.state for each in read_project(tmp_path / name).progress] == ["reviewed"]
    session.open(tmp_path / "first")
    assert np.array_equal(session.labels, newest)
    assert session.own_file == tmp_path / "first" / "a.nii"
    assert names(session) == []


def test_what_was_undone_while_it_was_saved_is_not_reviewed_in_a_project_left_meanwhile(
    session: Session, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    session.mark_reviewed()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(session.own_file, overwrite=True)
    session.annotation.undo()
    session.mark_reviewed()
    session.open(hearts)
    write(session, waiting)
    assert names(session) == ["a"]
    assert [each.state for each in read_project(tmp_path / "mine").progress] == ["edited"]


@pytest.mark.parametrize("first", ["a_gt.nii", "copy.nii"])
def test_what_is_undone_between_two_saves_is_not_lost(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path, first: str
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    before = session.labels.copy()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    path = bare / first if first == "a_gt.nii" else tmp_path / first
    session.ask_save(path, overwrite=path.exists())
    if first == "a_gt.nii":
        session.annotation.paint((1, 0, 0), (1, 0, 0), 6, 0)
    session.ask_save(bare / "a_gt.nii", overwrite=True)
    write(session, [waiting.pop(0)])
    last = waiting.pop()
    waiting.append(last.after_another() if path == last.path else last)
    while session.annotation.undo():
        pass
    session.show_case("b")
    write(session, waiting)
    assert read_labels(bare / "a_gt.nii")[0, 0, 0] == 5
    assert names(session) == ["a"]
    session.show_case("a")
    assert np.array_equal(session.labels, before)


def test_what_is_unsaved_by_an_undo_is_told_of_with_its_labels(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    before = session.labels.copy()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(bare / "a_gt.nii", overwrite=True)
    session.annotation.undo()
    session.show_case("b")
    told = []
    session.painted.connect(lambda opened, labels: told.append((opened, labels)))
    write(session, waiting)
    ((opened, labels),) = told
    assert np.array_equal(labels, before)
    found = recovery_of(opened, labels, (bare,))
    assert found.planes.tolist() == [0]
    assert found.stamp == stamp_of(bare / "a_gt.nii")
    assert np.array_equal(found.onto(read_labels(bare / "a_gt.nii")), before)


def test_what_will_not_be_saved_holds_nothing_back(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.mark_reviewed()
    session.ask_save(bare / "other.nii")
    assert session.work.painted == frozenset()
    session.note_not_saved(waiting.pop())
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.annotation.undo()
    assert session.progress.of(session.open_case.case).state == "reviewed"
    session.show_case("b")
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), 7, np.uint8), np.eye(4)), bare / "a_gt.nii")
    session.show_case("a")
    assert session.labels.max() == 7


def test_a_painted_case_that_is_only_looked_at_elsewhere_is_saved_where_it_was_painted(
    session: Session, bare: Path, hearts: Path, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    paint(session, 5)
    session.open(bare)
    assert session.labels.max() == 5
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left) == tmp_path / "mine" / "a.nii"


def test_a_project_opened_again_while_a_folder_is_added_keeps_it(
    session: Session, bare: Path, hearts: Path, tmp_path: Path
) -> None:
    session.ask_new_project(tmp_path / "mine")
    asked = []
    session.reading_asked.disconnect()
    session.reading_asked.connect(asked.append)
    session.ask_more_folders(hearts)
    session.ask_project(tmp_path / "mine")
    for wish in asked:
        session.list_found(wish.find(), wish.project)
    assert read_project(tmp_path / "mine").folders == (bare, hearts)
    assert session.project.folders == (bare, hearts)
    assert len(session.dataset.cases) > 2


def test_time_spent_until_a_folder_is_added_is_counted(
    session: Session, hearts: Path, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    case = session.open_case.case
    session.progress._seconds[image_of(case)] = 150.0
    session.ask_more_folders(hearts)
    assert session.progress.of(case).seconds == 150
    assert read_project(tmp_path / "mine").progress[0].seconds == 150


def test_what_was_painted_on_in_another_project_is_saved_in_that(
    session: Session, bare: Path, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        session.open(bare)
        save_in_project(session, tmp_path / name)
    session.open(tmp_path / "first")
    before = session.labels.copy()
    paint(session, 5)
    session.open(tmp_path / "second")
    session.annotation.paint((1, 0, 0), (1, 0, 0), 6, 0)
    newest = session.labels.copy()
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left) is None, "it began with the first one's"
    session.ask_save_of(left, tmp_path / "second" / "new.nii")
    write(session, waiting)
    for name, expected in (("first", before), ("second", newest)):
        other = Session()
        other.open(tmp_path / name)
        assert np.array_equal(other.labels, expected)


def test_what_was_painted_before_a_project_was_made_and_after_is_the_project_s(
    session: Session, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    paint(session, 3)
    session.ask_new_project(tmp_path / "mine")
    newest = paint(session, 4)
    session.open(hearts)
    (left,) = session.unsaved
    session.ask_save_of(left, tmp_path / "a_gt.nii")
    write(session, waiting)
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, newest)


def test_a_save_without_a_project_is_no_progress_of_one_that_has_not_the_image(
    session: Session, bare: Path, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    paint(session, 2)
    session.open(hearts)
    session.ask_new_project(tmp_path / "mine")
    write(session, waiting)
    assert read_project(tmp_path / "mine").progress == ()


def test_what_another_program_writes_while_a_save_waits_is_not_replaced(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    paint(session, 2)
    session.ask_save(session.own_file, overwrite=True)
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), 7, np.uint8), np.eye(4)), bare / "a_gt.nii")
    with pytest.raises(InputError, match="written by another program"):
        write(session, waiting)
    assert read_labels(bare / "a_gt.nii").max() == 7
    assert names(session) == ["a"]


def test_an_undo_during_a_save_comes_along_into_another_project(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    review_in_two_projects(session, bare, tmp_path)
    before = session.labels.copy()
    session.annotation.paint((1, 0, 0), (1, 0, 0), 6, 0)
    session.ask_save(session.own_file, overwrite=True)
    session.annotation.undo()
    session.open(tmp_path / "second")
    write(session, waiting)
    assert names(session) == ["a"]
    assert np.array_equal(session.labels, before)
    assert session.own_file is None
    assert read_project(tmp_path / "first").progress[0].state == "edited"


def test_labels_saved_where_the_project_s_file_cannot_be_written_stay_in_view(
    session: Session, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    (tmp_path / "mine" / "project.toml").write_text("folders = [")
    newest = paint(session, 5)
    session.save_labels(tmp_path / "mine" / "b.nii")
    session.list_found(session.dataset, session.project)
    session.show_case("a")
    assert session.open_case.case.labels == tmp_path / "mine" / "b.nii"
    assert np.array_equal(session.labels, newest)
    assert session.own_file == tmp_path / "mine" / "b.nii"
