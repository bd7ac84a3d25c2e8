"""Drafts of a real tiny run, through the session alone."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import read_labels, read_volume
from segstudio.data.project_file import read_project
from segstudio.learn.predict import load_predictor
from segstudio.session import Session
from segstudio.session.drafting import DraftRequest
from segstudio.session.messages import ReadingRequest


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
    made = Session()

    def read(wish: ReadingRequest) -> None:
        dataset = wish.find()
        if dataset is not made.dataset:
            made.list_cases(dataset, wish.project)
        made.show_case(wish.first_case(dataset).name)

    def draft(request: DraftRequest) -> None:
        for case, path in request.drafts():
            made.note_drafted(request, case, path)

    made.reading_asked.connect(read)
    made.drafts_asked.connect(draft)
    made.open(bare)
    made.ask_new_project(tmp_path / "mine")
    return made


def state(session: Session, name: str) -> str:
    return session.progress.of(session.dataset.case(name)).state


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
    assert [case.name for case in session.unsaved] == ["a"]
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
    session.new_labels()
    session.labels[0, 0, 0] = 1
    session.note_painting()
    painted = session.labels.copy()
    session.ask_drafts(finished_run[0], "a")
    assert np.array_equal(session.labels, painted)
    assert state(session, "a") == "edited"
    assert session.dataset.case("a").draft is not None


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
