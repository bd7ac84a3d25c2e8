"""Drafts of a real tiny run, through the session alone."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import read_labels, read_volume
from segstudio.data.project_file import read_project
from segstudio.learn.predict import load_predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.session import Session
from segstudio.session.drafting import DraftRequest
from segstudio.session.recoveries import recovery_of
from tests.session.labelling import reading


@pytest.fixture
def bare(hearts: Path, tmp_path: Path) -> Path:
    """A folder of two hearts without labels."""
    (tmp_path / "images").mkdir()
    for name, case in zip("ab", open_dataset(hearts).cases, strict=False):
        (tmp_path / "images" / f"{name}.nii.gz").write_bytes(case.image.read_bytes())
    return tmp_path / "images"


@pytest.fixture
def session(bare: Path, tmp_path: Path) -> Session:
    """A session with a project of those, that does at once what is asked for."""
    made = reading(Session())

    def draft(request: DraftRequest) -> None:
        for case, path in request.drafts():
            made.note_drafted(request, case, path)

    made.drafts_asked.connect(draft)
    made.open(bare)
    made.ask_new_project(tmp_path / "mine")
    return made


def state(session: Session, name: str) -> str:
    return session.progress.of(session.dataset.case(name)).state


def open_with_labels(session: Session, folder: Path, *values: int) -> None:
    """Open a folder without a project, and save labels of its first case with some values."""
    session.open(folder)
    session.new_labels()
    session.labels[0, 0, : len(values)] = values
    session.note_painting()
    session.save_labels(folder / "a_gt.nii.gz")


def test_drafts_of_all_unlabelled_cases_are_the_run_s_predictions(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    session.ask_drafts(finished_run[0])
    predictor = load_predictor(finished_run[0])
    for case in session.dataset.cases:
        volume = read_volume(case.image)
        assert np.array_equal(read_labels(case.draft), predictor.labels(volume))
        assert case.labels is None, "a draft is no truth"
        assert state(session, case.name) == "draft"
    assert session.dataset.classes == predictor.classes


def test_drafts_that_were_stopped_go_on_with_those_that_are_not_there_yet(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    asked: list[list[str]] = []
    session.drafts_asked.connect(lambda wish: asked.append([case.name for case in wish.cases]))
    session.ask_drafts(finished_run[0], "a")  # as far as it came
    session.ask_drafts(finished_run[0])
    session.ask_drafts(finished_run[0])
    assert asked == [["a"], ["b"], ["a", "b"]]


def test_a_draft_is_shown_to_be_corrected_and_is_no_unsaved_work(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    session.ask_drafts(finished_run[0], "a")
    draft = read_labels(session.dataset.case("a").draft)
    assert session.dataset.case("b").draft is None
    assert session.open_case.case.name == "a"
    assert np.array_equal(session.labels, draft)
    assert session.open_case.truth is None
    assert not session.unsaved

    session.labels[0, 0, 0] = 1 + (draft[0, 0, 0] == 1)
    session.note_painting()
    assert [painting.case.name for painting in session.unsaved] == ["a"]
    assert state(session, "a") == "edited"


def test_a_draft_that_is_saved_makes_the_case_labelled_and_can_be_reviewed(
    session: Session, finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    session.ask_drafts(finished_run[0], "a")
    session.labels[0, :4, :4] = 2
    session.note_painting()
    session.save_labels(tmp_path / "mine" / "a.nii.gz")
    session.mark_reviewed()

    other = Session()
    other.open(tmp_path / "mine")
    assert other.dataset.case("a").labels == tmp_path / "mine" / "a.nii.gz"
    assert other.dataset.case("a").draft is None
    assert state(other, "a") == "reviewed"
    assert other.labels[0, 0, 0] == 2


def test_drafts_and_states_are_there_at_the_next_start(
    session: Session, finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    session.ask_drafts(finished_run[0])
    other = Session()
    other.open(tmp_path / "mine")
    assert [case.draft.parent for case in other.dataset.cases] == [tmp_path / "mine/drafts"] * 2
    assert np.array_equal(other.labels, read_labels(other.open_case.case.draft))
    assert state(other, "b") == "draft"
    assert read_project(tmp_path / "mine").progress[0].seconds == 0


def test_painting_that_was_begun_is_kept_when_a_draft_comes(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    asked, said = [], []
    session.drafts_asked.disconnect()
    session.drafts_asked.connect(asked.append)
    session.said.connect(lambda message: said.append(message.text))
    session.ask_drafts(finished_run[0], "a")
    session.new_labels()
    with session.annotation.stroke():  # the draft comes while it is drawn
        session.annotation.paint((0, 3, 3), (0, 3, 3), 1, 0)
        painted = session.labels.copy()
        for case, path in asked[0].drafts():
            assert not session.note_drafted(asked[0], case, path)
            assert not path.exists()
        assert session.labels.any()
    assert np.array_equal(session.labels, painted)
    assert state(session, "a") == "edited"
    assert session.dataset.case("a").draft is None
    assert said[-1] == "'a' was painted on meanwhile, so its draft was dropped."
    assert session.annotation.undo() is not None

    session.annotation.redo()
    with pytest.raises(InputError, match="You have painted on 'a'"):
        session.ask_drafts(finished_run[0], "a")
    session.ask_drafts(finished_run[0])
    assert [case.name for case in asked[-1].cases] == ["b"]


def test_what_was_reviewed_is_drafted_anew_when_its_mark_is_taken_back(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    asked = []
    session.drafts_asked.connect(lambda wish: asked.append([case.name for case in wish.cases]))
    session.ask_drafts(finished_run[0])
    session.mark_reviewed()
    assert state(session, "a") == "reviewed"
    session.ask_drafts(finished_run[0])
    assert asked[-1] == ["b"]
    assert state(session, "a") == "reviewed"
    with pytest.raises(InputError, match="'a' is marked as reviewed, and a draft would come over"):
        session.ask_drafts(finished_run[0], "a")
    session.mark_reviewed(False)
    session.ask_drafts(finished_run[0], "a")
    assert state(session, "a") == "draft"
    (first,) = session.dataset.case("a").draft.parent.glob("a_*")
    assert first == session.dataset.case("a").draft, "the draft before it is gone"

    session.mark_reviewed()
    session.show_case("b")
    session.mark_reviewed()
    with pytest.raises(InputError, match="Every case without labels was painted on or reviewed"):
        session.ask_drafts(finished_run[0])


def test_a_draft_does_not_come_over_what_was_reviewed_while_it_was_made(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    session.ask_drafts(finished_run[0])
    first = session.dataset.case("a").draft
    found, asked, said = read_labels(first), [], []
    session.said.connect(lambda message: said.append(message.text))
    session.drafts_asked.disconnect()
    session.drafts_asked.connect(asked.append)
    session.ask_drafts(finished_run[0])
    drafts = asked[0].drafts()
    case, path = next(drafts)
    session.mark_reviewed()  # while "a" is on its way
    assert not session.note_drafted(asked[0], case, path)
    assert state(session, "a") == "reviewed"
    assert session.dataset.case("a").draft == first
    assert np.array_equal(read_labels(first), found)
    assert said[-1] == "'a' was marked as reviewed meanwhile, so its draft was dropped."
    assert session.note_drafted(asked[0], *next(drafts))


def test_work_that_waits_to_be_put_back_is_not_drafted_over(
    session: Session, finished_run: tuple[Path, object]
) -> None:
    asked = []
    session.new_labels()
    session.annotation.paint((0, 3, 3), (0, 3, 3), 1, 0)
    copy = recovery_of(session.open_case, session.labels, session.opens, session.project.root)
    after = Session()
    after.drafts_asked.connect(asked.append)
    after.open(session.project.root)
    after.recoveries.offer([copy])
    after.ask_drafts(finished_run[0])
    assert [case.name for case in asked[0].cases] == ["b"]
    with pytest.raises(InputError, match="You have painted on 'a'"):
        after.ask_drafts(finished_run[0], "a")


def test_drafts_stop_when_other_images_are_opened(
    session: Session, hearts: Path, finished_run: tuple[Path, object]
) -> None:
    asked, told = [], []
    session.drafts_asked.disconnect()
    session.drafts_asked.connect(asked.append)
    session.drafts_stop_asked.connect(lambda: told.append("stop"))
    session.ask_drafts(finished_run[0], "a")
    session.note_drafting("Drafting …")
    session.show_case("b")
    assert told == []
    session.open(hearts)
    assert told == ["stop"]
    case, path = next(asked[0].drafts())
    assert not session.note_drafted(asked[0], case, path)
    assert not path.exists()


def test_which_marks_are_not_saved_is_told(
    session: Session, bare: Path, finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    said: list[str] = []
    session.said.connect(lambda message: said.append(message.text))
    session.ask_drafts(finished_run[0])
    session.mark_reviewed()
    assert said[-1] == (
        "'a' is marked as reviewed. Save its labels, too: trainings learn from what is saved."
    )
    session.show_case("b")
    session.annotation.paint((0, 3, 3), (0, 3, 3), 1, 0)
    session.ask_training(session.settings)
    assert said[-1] == (
        "Not learned from: your work on a, b, which is not saved as the labels of its image."
    )
    session.save_labels(tmp_path / "mine" / "b.nii.gz")
    session.show_case("a")
    session.save_labels(tmp_path / "mine" / "a.nii.gz")
    session.ask_training(session.settings)
    assert said[-1] == "Learned from, and not marked as reviewed: b."

    other = Session()
    other.said.connect(lambda message: said.append(message.text))
    other.open(bare)
    other.new_labels()
    other.mark_reviewed()
    assert said[-1].endswith("Without a project this mark is forgotten when the folder is closed.")


def test_the_network_of_drafts_is_named_with_its_dice_on_test_cases(
    session: Session, finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    asked = []
    session.drafts_asked.connect(asked.append)
    session.ask_drafts(finished_run[0])
    run = tmp_path / "other"
    copytree(finished_run[0], run)
    summary = json.loads((run / "summary.json").read_text())
    told = replace(asked[0], run=run).told
    for dice, words in (
        (0.91, "'other', whose Dice on its test cases is 0.91."),
        (0.12, "is 0.12. It may be quicker to draw anew than to correct."),
        (None, "'other'. How good it is was not measured on test cases."),
    ):
        summary["test"]["mean_dice"] = dice
        (run / "summary.json").write_text(json.dumps(summary))
        assert told(1).startswith("1 of 2 drafted by")
        assert told(1).endswith(words)
    said: list[str] = []
    session.said.connect(lambda message: said.append(message.text))
    session.tell_drafted(asked[0], 2)
    assert said == [asked[0].told(2)]
    session.list_cases(session.dataset)  # without the project
    session.tell_drafted(asked[0], 2)
    assert said[1].endswith("Without a project, drafts are forgotten when the folder is closed.")


def test_a_network_of_other_data_does_not_name_the_classes_of_labels_that_are_here(
    session: Session, bare: Path, finished_run: tuple[Path, object]
) -> None:
    open_with_labels(session, bare, 1)
    names = [c.name for c in session.open_case.classes.foreground]
    session.ask_drafts(finished_run[0], "b")
    session.show_case("a")
    assert [c.name for c in session.open_case.classes.foreground][:1] == names[:1]
    assert session.dataset.classes is None


def test_drafts_do_not_come_to_lie_among_the_images(
    session: Session, bare: Path, finished_run: tuple[Path, object]
) -> None:
    asked = []
    session.open(bare)
    session.ask_new_project(bare)
    session.drafts_asked.disconnect()
    session.drafts_asked.connect(asked.append)
    session.ask_drafts(finished_run[0])
    assert session.project.root == bare
    assert not asked[0].folder.is_relative_to(bare), "or they would be cases, or their labels"


def test_mistakes_are_told(
    session: Session, hearts: Path, finished_run: tuple[Path, object]
) -> None:
    with pytest.raises(InputError, match="No dataset is open"):
        Session().ask_drafts(finished_run[0])
    labelled = Session()
    labelled.open(hearts)
    with pytest.raises(InputError, match="Every case has labels already"):
        labelled.ask_drafts(finished_run[0])
    with pytest.raises(InputError, match="has labels already, and a draft would hide them"):
        labelled.ask_drafts(finished_run[0], labelled.dataset.cases[0].name)
    with pytest.raises(InputError, match="no labels to review"):
        session.mark_reviewed()


def test_a_run_of_other_classes_is_refused(
    session: Session, finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    session.new_labels()
    session.labels[0, 0, 0] = 1
    session.save_labels(tmp_path / "mine" / "a.nii.gz")
    text = session.project.file.read_text()
    session.project.file.write_text(text + '\n[[classes]]\nvalue = 7\nname = "lesion"\n')
    session.open(tmp_path / "mine")
    with pytest.raises(InputError, match="0, 1, 2, 3 and this dataset 0, 7"):
        session.ask_drafts(finished_run[0])


def test_a_run_that_does_not_know_the_values_of_labels_that_were_read_is_refused(
    session: Session, bare: Path, finished_run: tuple[Path, object]
) -> None:
    open_with_labels(session, bare, 5)
    with pytest.raises(InputError, match="0, 1, 2, 3 and this dataset 0, 5"):
        session.ask_drafts(finished_run[0])


@pytest.mark.parametrize("by", ["the dataset", "the run"])
def test_an_ignored_value_in_labels_that_were_read_is_no_other_class(
    session: Session, bare: Path, finished_run: tuple[Path, object], tmp_path: Path, by: str
) -> None:
    open_with_labels(session, bare, 1, 9)
    run = tmp_path / "run"
    copytree(finished_run[0], run)
    if by == "the run":
        text = (run / "config.toml").read_text()
        (run / "config.toml").write_text(f"ignore_label = 9\n{text}")
    else:
        classes = replace(RunFolder(run).read_config()[1], ignore=9)
        session.dataset = replace(session.dataset, classes=classes)
    session.ask_drafts(run)
    assert session.dataset.case("b").draft is not None
