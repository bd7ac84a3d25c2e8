"""A project through the session: made, opened, followed."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.project import new_project
from segstudio.data.project_file import read_project, write_project
from segstudio.learn.config import make_config
from segstudio.learn.run_folder import runs_home
from segstudio.session import Session
from segstudio.session.messages import TrainingRequest
from tests.session.labelling import reading


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of three images without labels."""
    for name in ("a", "b", "c"):
        path = tmp_path / "images" / f"{name}.nii"
        path.parent.mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), path)
    return tmp_path / "images"


@pytest.fixture
def session(bare: Path, tmp_path: Path) -> Session:
    """A session with a project of those images."""
    made = reading(Session())
    made.open(bare)
    made.ask_new_project(tmp_path / "mine")
    return made


def test_a_project_is_made_of_the_folders_that_are_open(session: Session, bare: Path) -> None:
    assert session.project == read_project(session.project.root)
    assert session.project.folders == (bare,)
    assert session.dataset.name == "mine"


def test_a_project_is_opened_at_the_case_that_was_in_view_last(session: Session) -> None:
    session.show_case("b")
    other = Session()
    other.open(session.project.root)

    assert other.project == session.project
    assert other.open_case.case.name == "b"


def test_a_last_case_that_is_gone_is_the_first(session: Session, bare: Path) -> None:
    session.show_case("b")
    (bare / "b.nii").unlink()
    other = Session()
    other.open(session.project.file)

    assert other.open_case.case.name == "a"


def test_a_folder_opened_after_a_project_is_no_project(session: Session, bare: Path) -> None:
    session.open(bare)

    assert session.project is None
    assert session.runs_folder == runs_home()


def test_labels_saved_anywhere_are_the_image_s_own_in_a_project(
    session: Session, tmp_path: Path
) -> None:
    session.new_labels()
    session.labels[0, 0, 0] = 1
    session.save_labels(tmp_path / "mine" / "labels" / "mine.nii.gz")
    other = Session()
    other.open(session.project.root)

    assert session.dataset.case("a").labels == tmp_path / "mine" / "labels" / "mine.nii.gz"
    assert not session.is_unsaved(session.open_case.case)
    assert other.labels[0, 0, 0] == 1


def test_another_folder_comes_into_the_project_and_stays(session: Session, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    image = session.open_case.case.image
    (tmp_path / "more" / "d.nii").write_bytes(image.read_bytes())
    session.ask_more_folders(tmp_path / "more")

    assert [case.name for case in session.dataset.cases] == ["a", "b", "c", "d"]
    assert read_project(session.project.root).folders[1] == tmp_path / "more"
    with pytest.raises(InputError, match="belongs to the project already"):
        session.ask_more_folders(tmp_path / "more")


def test_a_folder_without_images_leaves_the_project_as_it_was(session: Session, tmp_path) -> None:
    before = session.project.file.read_bytes()
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match="holds no image"):
        session.ask_more_folders(tmp_path / "empty")

    assert session.project.file.read_bytes() == before


def test_single_files_make_no_project(bare: Path, tmp_path: Path) -> None:
    session = Session()
    session.open(bare / "a.nii", bare / "b.nii")
    with pytest.raises(InputError, match="made of folders"):
        session.ask_new_project(tmp_path / "mine")


def test_a_training_of_a_project_has_its_split_but_where_another_is_asked_for(
    session: Session,
) -> None:
    text = session.project.file.read_text().replace('"three-way"', '"two-way"')
    session.project.file.write_text(text.replace("seed = 0", "seed = 5"))
    session.open(session.project.root)
    asked = []
    session.training_asked.connect(asked.append)
    session.ask_training(make_config(seed=1))
    session.ask_training(make_config(split_seed=2))

    assert {request.home for request in asked} == {session.project.runs_folder}
    configs = [request.config for request in asked]
    assert [(c.split, c.seed, c.split_seed) for c in configs] == [
        ("two-way", 1, 5),
        ("two-way", 0, 2),
    ]


def test_a_training_is_listed_in_its_project_unless_it_never_began(session: Session) -> None:
    for name in ("failed", "first"):
        session.start_training(session.runs_folder / name)
        if name == "first":
            (session.runs_folder / name).mkdir(parents=True)
            (session.runs_folder / name / "config.toml").write_text("")
        session.end_training()

    assert session.runs_folder == session.project.root / "runs"
    assert read_project(session.project.root).runs == (session.runs_folder / "first",)


def test_a_training_is_listed_in_the_project_that_asked_for_it(
    session: Session, hearts: Path, tmp_path: Path
) -> None:
    asked: list[TrainingRequest] = []
    session.training_asked.connect(asked.append)
    session.ask_training(make_config())
    own, run = session.project.root, session.runs_folder / "run"
    write_project(new_project(tmp_path / "other", [hearts]))
    session.open(tmp_path / "other")
    session.start_training(run, asked[0])
    run.mkdir(parents=True)
    (run / "config.toml").write_text("")
    session.end_training()

    assert read_project(own).runs == (run,)
    assert read_project(tmp_path / "other").runs == ()


def test_what_is_edited_in_the_file_meanwhile_is_not_written_over(session: Session) -> None:
    text = session.project.file.read_text().replace("seed = 0", "seed = 11")
    session.project.file.write_text(text + '[notes]\nby = "hand"\n')
    session.show_case("b")
    read = read_project(session.project.root)

    assert (read.split.seed, read.last_case) == (11, "b")
    assert read.unknown == {"notes": {"by": "hand"}}


def test_a_mistake_edited_into_the_file_is_told_and_left_there(session: Session) -> None:
    said = []
    session.said.connect(lambda message: said.append(message.text))
    session.project.file.write_text("folders = [")
    session.show_case("b")
    session.show_case("a")
    session.show_case("b")

    assert len(said) == 1, "once, and not at each case"
    assert "is not a TOML file" in said[0]
    assert session.open_case.case.name == "b"
    assert session.project.file.read_text() == "folders = ["


def test_painting_is_marked_until_it_is_undone_or_saved(session: Session, bare: Path) -> None:
    told = []
    session.unsaved_changed.connect(told.append)
    session.new_labels()
    case = session.open_case.case
    session.note_painting()
    assert not session.is_unsaved(case)
    session.labels[0, 0, 0] = 1
    session.note_painting()
    session.note_painting()
    assert session.is_unsaved(case)
    session.labels[0, 0, 0] = 0
    session.note_painting()

    assert not session.is_unsaved(case)
    assert told == ["a", "a"]


def test_labels_are_saved_though_the_project_s_file_has_a_mistake(
    session: Session, bare: Path
) -> None:
    session.new_labels()
    session.labels[0, 0, 0] = 1
    session.project.file.write_text("folders = [")
    said = []
    session.said.connect(lambda message: said.append(message.text))
    session.save_labels(bare / "a_gt.nii")

    assert any("is not a TOML file" in text for text in said)
    assert session.dataset.case("a").labels == bare / "a_gt.nii"
    assert not session.is_unsaved(session.open_case.case)


def test_in_a_folder_that_can_only_be_read_changes_wait_and_that_is_said(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, file = [], session.project.file
    session.said.connect(lambda message: said.append(message.text))
    before = file.read_bytes()
    monkeypatch.setattr("segstudio.session.project_record.access", lambda *_: False)
    for name in "bc":
        session.show_case(name)
    assert [text for text in said if "can only be read" in text] == said[:1]
    assert file.read_bytes() == before
    assert session.project.last_case == "c"

    monkeypatch.undo()
    session.new_labels()
    session.mark_reviewed()
    assert read_project(session.project.root) == session.project
    assert session.project.last_case == "c"
    assert [p.state for p in session.project.progress] == ["reviewed"]


def test_locked_and_hidden_classes_are_those_of_the_project_and_of_no_other_data(
    session: Session, hearts: Path
) -> None:
    marks = session.annotation.limits, session.annotation.classes
    marks[0].lock([1, 3])
    marks[1].hide([2])
    file = session.project.file.read_bytes()
    assert b"locked = [\n    1,\n    3,\n]" in file
    other = Session()
    other.open(session.project.root)
    assert other.annotation.limits.locked == {1, 3}
    assert other.annotation.classes.hidden == {2}

    session.open(hearts)
    assert marks[0].locked == marks[1].hidden == frozenset()
    assert other.project.file.read_bytes() == file
    marks[0].lock([1])
    session.show_case(session.dataset.cases[1].name)
    assert marks[0].locked == {1}


def test_a_new_project_keeps_what_is_locked_and_data_without_one_do_not(
    hearts: Path, tmp_path: Path
) -> None:
    session = Session()
    reading(session)
    session.open(hearts)
    session.annotation.limits.lock([1])
    session.annotation.classes.hide([2])
    session.ask_new_project(tmp_path / "mine")
    assert session.annotation.limits.locked == {1}
    assert session.annotation.classes.hidden == {2}
    assert read_project(tmp_path / "mine").locked == (1,)
    session.open(hearts)
    assert session.annotation.limits.locked == frozenset()
