"""Which file labels are saved to, what is done meanwhile, and what of it is used afterwards."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.atomic import stamp_of
from segstudio.data.formats import read_labels
from segstudio.session import Session
from segstudio.session.recoveries import recovery_of
from segstudio.session.saving import SaveRequest
from tests.session.labelling import names, paint, write, write_as_another_program


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
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    wrote = paint(session)
    session.ask_save(bare / "a_gt.nii")
    paint(session, 2)
    write(session, waiting)

    assert np.array_equal(read_labels(bare / "a_gt.nii"), wrote)
    assert names(session) == ["a"]
    assert session.labels.max() == 2
    assert session.open_case.truth.max() == 1


def test_labels_that_are_written_after_another_case_was_opened_are_still_the_case_s(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    wrote = paint(session)
    session.ask_save(bare / "a_gt.nii")
    session.show_case("b")
    write(session, waiting)

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


def test_labels_are_not_written_over_an_image(session: Session, bare: Path) -> None:
    with pytest.raises(InputError, match="is an image of this dataset"):
        session.ask_save(bare / "b.nii", overwrite=True)


def test_what_another_program_wrote_since_is_not_this_one_s_to_replace(
    session: Session, bare: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    assert session.own_file == bare / "a_gt.nii"
    write_as_another_program(bare / "a_gt.nii", 70)
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


def test_a_stroke_while_a_file_is_written_leaves_it_one_s_own(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    newest = paint(session, 2)
    session.show_case("b")
    write(session, waiting)
    assert names(session) == ["a"]
    assert session.own_file_of(session.dataset.case("a"), None) == bare / "a_gt.nii"
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
    done, last = waiting
    waiting[:] = [last.after(done, write(session, [done]))]
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
    session.painted.connect(lambda opened, labels, _project: told.append((opened, labels)))
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
    write_as_another_program(bare / "a_gt.nii")
    session.show_case("a")
    assert session.labels.max() == 7


def test_what_another_program_writes_while_a_save_waits_is_not_replaced(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    paint(session, 2)
    session.ask_save(session.own_file, overwrite=True)
    write_as_another_program(bare / "a_gt.nii")
    with pytest.raises(InputError, match="written by another program"):
        write(session, waiting)
    assert read_labels(bare / "a_gt.nii").max() == 7
    assert names(session) == ["a"]


def test_a_file_asked_for_again_before_it_is_written_is_replaced_by_the_newer_labels(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    newest = paint(session, 2)
    assert session.own_file == bare / "a_gt.nii", "it is on its way: nobody is asked again"
    session.ask_save(session.own_file, overwrite=True)
    first, second = waiting
    write(session, [second.after(first, write(session, [first]))])
    assert np.array_equal(read_labels(bare / "a_gt.nii"), newest)
    assert names(session) == []


def test_a_file_that_another_program_made_before_it_was_written_is_not_replaced_by_asking_again(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    write_as_another_program(bare / "a_gt.nii")
    session.ask_save(session.own_file, overwrite=True)
    for request in waiting:
        with pytest.raises(InputError, match="exists already"):
            request.write()
    assert read_labels(bare / "a_gt.nii").max() == 7


def test_the_labels_of_another_case_on_their_way_to_one_file_are_not_replaced(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    wrote = paint(session)
    session.ask_save(tmp_path / "x.nii")
    session.show_case("b")
    session.new_labels()
    paint(session, 2)
    session.ask_save(tmp_path / "x.nii", overwrite=True)
    first, second = waiting
    saved = write(session, [first])
    with pytest.raises(InputError, match="written by another program"):
        second.after(first, saved).write()
    assert np.array_equal(read_labels(tmp_path / "x.nii"), wrote)


def test_saving_within_a_stroke_saves_what_is_drawn_of_it(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    session.annotation.begin_stroke()
    session.annotation.paint((0, 0, 0), (0, 0, 0), 5, 0)
    session.ask_save(bare / "a_gt.nii")
    assert session.annotation.undoable == 1
    write(session, waiting)
    assert read_labels(bare / "a_gt.nii")[0, 0, 0] == 5


def test_a_folder_opened_by_a_relative_path_is_known_by_its_whole_one(
    session: Session, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bare.parent)
    session.open(bare.name)
    paint(session) if session.labels is not None else session.new_labels()
    paint(session)
    assert session.opens == (bare,)
    assert session.open_case.case.image == bare / "a.nii"


def test_nothing_is_written_where_a_share_with_the_image_was_mounted(
    session: Session, bare: Path, waiting: list[SaveRequest], tmp_path: Path
) -> None:
    paint(session)
    session.save_labels(bare / "a_gt.nii")
    newest = paint(session, 2)
    session.ask_save(session.own_file, overwrite=True)
    bare.rename(tmp_path / "away")
    bare.mkdir()
    with pytest.raises(FileNotFoundError):
        write(session, list(waiting))
    assert not list(bare.iterdir())
    bare.rmdir()
    (tmp_path / "away").rename(bare)
    write(session, waiting)
    assert np.array_equal(read_labels(bare / "a_gt.nii"), newest)


def test_what_another_program_writes_just_after_a_save_is_not_this_one_s(
    session: Session, bare: Path, waiting: list[SaveRequest]
) -> None:
    paint(session)
    session.ask_save(bare / "a_gt.nii")
    (request,) = waiting
    saved = request.write()
    write_as_another_program(bare / "a_gt.nii", 70)
    session.note_saved(request, saved)
    assert session.own_file is None
