"""Labels saved in projects: each knows its own, whatever is open when they are written."""

import gc
import weakref
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.data.formats import read_labels
from segstudio.data.project_file import read_project
from segstudio.session import Session
from segstudio.session.paintings import image_of
from segstudio.session.saving import SaveRequest
from tests.session.labelling import names, paint, reading, save_in_project, write


def correct_in_a_project(session: Session, bare: Path, tmp_path: Path) -> None:
    """Save labels beside their image, and others in a project over it."""
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    paint(session, 7)
    session.save_labels(tmp_path / "mine" / "a.nii")


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


def test_what_is_painted_beside_an_image_replaces_no_file_of_a_project(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    correct_in_a_project(session, bare, tmp_path)
    assert session.own_file == tmp_path / "mine" / "a.nii"
    session.open(bare)
    assert session.labels.max() == 1
    assert session.own_file == bare / "a_gt.nii"  # which this program wrote, and is in view

    paint(session, 2)
    session.open(tmp_path / "mine")
    assert session.labels.max() == 7, "what is painted beside the image is not the project's"
    assert session.own_file == tmp_path / "mine" / "a.nii"
    session.open(bare)
    assert session.labels.max() == 2
    assert session.own_file == bare / "a_gt.nii"


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


def test_what_was_painted_in_a_project_is_saved_there_when_another_folder_is_open(
    session: Session, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    newest = paint(session, 5)
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left.case, left.project) == tmp_path / "mine" / "a.nii"
    session.ask_save_of(left, session.own_file_of(left.case, left.project), overwrite=True)
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
    assert session.own_file_of(left.case, left.project) is None
    session.ask_save_of(left, tmp_path / "new.nii")
    write(session, waiting)
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, newest)


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
    assert session.labels.max() == 1
    assert session.own_file == bare / "a_gt.nii"
    assert session.dataset.case("b").labels is None
    assert names(session) == []


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
    assert session.labels.max() == 7
    write(session, waiting)
    assert session.labels.max() == 7
    assert session.own_file == tmp_path / "second" / "a.nii"
    assert names(session) == []
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


def test_what_is_painted_in_a_project_stays_there(
    session: Session, bare: Path, hearts: Path, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    paint(session, 5)
    session.open(bare)
    assert session.labels is None
    session.open(hearts)
    (left,) = session.unsaved
    assert session.own_file_of(left.case, left.project) == tmp_path / "mine" / "a.nii"


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


def test_what_is_painted_on_one_image_in_two_projects_is_saved_in_each(
    session: Session, bare: Path, hearts: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        session.open(bare)
        save_in_project(session, tmp_path / name)
    expected = {}
    for name, value in (("first", 5), ("second", 6)):
        session.open(tmp_path / name)
        session.mark_reviewed()
        expected[name] = paint(session, value)
    session.open(hearts)
    assert names(session) == ["a", "a"]
    for left in session.unsaved:
        session.ask_save_of(left, session.own_file_of(left.case, left.project), overwrite=True)
    write(session, waiting)
    assert names(session) == []
    for name, labels in expected.items():
        other = Session()
        other.open(tmp_path / name)
        assert np.array_equal(other.labels, labels)
        assert other.progress.of(other.open_case.case).state == "edited"


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


def test_an_undo_during_a_save_stays_in_its_project(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    review_in_two_projects(session, bare, tmp_path)
    before = session.labels.copy()
    session.annotation.paint((1, 0, 0), (1, 0, 0), 6, 0)
    session.ask_save(session.own_file, overwrite=True)
    session.annotation.undo()
    session.open(tmp_path / "second")
    write(session, waiting)
    assert session.labels.max() == 7
    (left,) = session.unsaved
    assert np.array_equal(left.labels, before)
    assert left.project.root == tmp_path / "first"
    assert [read_project(tmp_path / name).progress[0].state for name in ("first", "second")] == [
        "edited",
        "reviewed",
    ]


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


def test_what_is_painted_before_a_project_is_made_is_the_project_s(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    newest = paint(session, 3)
    session.show_case("b")
    session.ask_new_project(tmp_path / "mine")
    assert names(session) == ["a"]
    assert session.is_unsaved(session.dataset.case("a"))
    assert read_project(tmp_path / "mine").progress[0].state == "edited"
    session.show_case("a")
    assert np.array_equal(session.labels, newest)
    told = []
    session.said.connect(lambda message: told.append(message.text))
    session.open(bare)
    session.show_case("a")
    assert session.labels is None
    assert "Not shown here: what you painted elsewhere on a and have" in told[0]


def test_an_own_file_asked_for_while_its_stick_is_away_is_written_when_it_is_back(
    session: Session, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    save_in_project(session, tmp_path / "mine")
    session.save_labels(stick / "a.nii")
    newest = paint(session, 2)
    stick.rename(tmp_path / "away")
    session.ask_save(session.own_file, overwrite=True)
    with pytest.raises(FileNotFoundError):
        write(session, list(waiting))
    assert not stick.exists(), "or labels would lie where the stick is to be"
    (tmp_path / "away").rename(stick)
    write(session, waiting)
    assert np.array_equal(read_labels(stick / "a.nii"), newest)


def test_a_stroke_that_outlasts_its_case_is_a_step_of_it(session: Session, tmp_path: Path) -> None:
    save_in_project(session, tmp_path / "mine")
    case = session.open_case.case
    session.mark_reviewed()
    session.annotation.begin_stroke()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.show_case("b")
    session.annotation.end_stroke()
    assert names(session) == ["a"]
    assert session.progress.of(case).state == "edited"
    assert read_project(tmp_path / "mine").progress[0].state == "edited"


def test_a_project_that_cannot_be_told_of_a_file_is_told_later(
    session: Session, tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    told = (tmp_path / "mine" / "project.toml").read_text()
    (tmp_path / "mine" / "project.toml").write_text("folders = [")
    said = []
    session.said.connect(lambda message: said.append(message.text))
    newest = paint(session, 5)
    place, file = session.place_of(session.open_case.case), tmp_path / "mine" / "b.nii"
    session.save_labels(file)
    assert "'b.nii' is written, and the project does not know of it yet" in said[-1]
    assert not session.knows_labels(place)
    ((project, unknown),) = session.labels_unknown_to_projects()
    assert (project.root, unknown) == (tmp_path / "mine", file)
    (tmp_path / "mine" / "project.toml").write_text(told)
    assert session.labels_unknown_to_projects() == []
    assert session.knows_labels(place)
    other = Session()
    other.open(tmp_path / "mine")
    assert np.array_equal(other.labels, newest)


def test_what_is_still_being_saved_beside_its_image_is_shown_in_a_project_made_meanwhile(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    newest = paint(session)
    session.ask_save(bare / "a_gt.nii")
    session.ask_new_project(tmp_path / "mine")
    assert session.labels is None
    write(session, waiting)
    assert session.open_case.case.labels == bare / "a_gt.nii"
    assert np.array_equal(session.labels, newest)
    assert names(session) == []


def test_files_unknown_to_projects_of_one_name_are_told_of_all(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    files = []
    for parent in ("x", "y"):
        session.open(bare)
        root = tmp_path / parent / "mine"
        save_in_project(session, root)
        (root / "project.toml").write_text("folders = [")
        paint(session, 5)
        files.append(root / "b.nii")
        session.save_labels(files[-1])
    assert [file for _, file in session.labels_unknown_to_projects()] == files


def test_a_project_that_is_away_is_not_made_anew(
    session: Session, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    save_in_project(session, tmp_path / "mine")
    newest = paint(session, 5)
    (tmp_path / "mine").rename(tmp_path / "away")
    (tmp_path / "mine").mkdir()  # as where a share was mounted
    session.ask_save(session.own_file, overwrite=True)
    with pytest.raises(FileNotFoundError):
        write(session, list(waiting))
    session.show_case("b")
    assert not list((tmp_path / "mine").iterdir())
    (tmp_path / "mine").rmdir()
    (tmp_path / "away").rename(tmp_path / "mine")
    write(session, waiting)
    other = Session()
    other.open(tmp_path / "mine")
    other.show_case("a")
    assert np.array_equal(other.labels, newest)


def test_a_first_file_is_not_written_where_its_image_was(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    bare.rename(bare.with_name("away"))
    session.ask_save(bare / "a_gt.nii")
    with pytest.raises(FileNotFoundError):
        write(session, waiting)
    assert not bare.exists()


def test_a_stroke_that_lasts_until_another_project_is_listed_is_of_its_own(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    for name in ("second", "first"):
        session.open(bare)
        save_in_project(session, tmp_path / name)
        session.mark_reviewed()
    session.annotation.begin_stroke()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.open(tmp_path / "second")
    states = {name: read_project(tmp_path / name).progress[0].state for name in ("first", "second")}
    assert states == {"first": "edited", "second": "reviewed"}


def test_what_only_a_copy_has_is_unsaved_in_a_project_that_takes_it_along(
    session: Session, tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(tmp_path / "copy.nii")
    assert names(session) == []
    session.ask_new_project(tmp_path / "mine")
    assert names(session) == ["a"]
