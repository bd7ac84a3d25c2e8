"""The last mistake stays in sight until it is taken away."""

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from segstudio.data.datasets import open_dataset
from segstudio.session import Session
from segstudio.ui.data.last_error import LastError, parted

LONG = "'/data/b.nii.gz' is damaged. Copy or export it again. It may be cut."


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def error(qtbot: QtBot, session: Session) -> LastError:
    made = LastError(session)
    qtbot.addWidget(made)
    return made


def test_nothing_is_shown_before_something_went_wrong(session, error) -> None:
    session.say("Saved a.nii.gz", is_error=False)

    assert error.isHidden()


def test_the_first_sentence_is_shown_and_the_rest_is_folded(session, error) -> None:
    session.say(LONG)

    assert not error.isHidden()
    assert error.sentence.text() == "'/data/b.nii.gz' is damaged."
    assert error.rest.isHidden()


def test_the_details_unfold_and_fold(qtbot, session, error) -> None:
    session.say(LONG)
    error.show()
    qtbot.mouseClick(error.details, Qt.MouseButton.LeftButton)
    assert not error.rest.isHidden()
    assert error.rest.text().startswith("Copy or export it again. It may be cut.\nAt ")
    qtbot.mouseClick(error.details, Qt.MouseButton.LeftButton)

    assert error.rest.isHidden()


def test_a_message_that_is_none_of_a_mistake_leaves_it(session, error) -> None:
    session.say(LONG)
    session.say("Saved a.nii.gz", is_error=False)

    assert error.sentence.text() == "'/data/b.nii.gz' is damaged."


def test_it_is_taken_away_and_comes_again_folded(qtbot, session, error) -> None:
    session.say(LONG)
    error.details.setChecked(True)
    qtbot.mouseClick(error.dismiss, Qt.MouseButton.LeftButton)
    assert error.isHidden()
    session.say("Another mistake.")

    assert not error.isHidden()
    assert error.rest.isHidden()
    assert error.sentence.text() == "Another mistake."


def test_files_of_the_dataset_are_named_as_in_it_and_in_full_in_the_details(
    session, error, hearts
) -> None:
    session.list_cases(open_dataset(hearts))
    session.say(f"'{hearts}/patient001/a.nii' is damaged.")

    assert error.sentence.text() == "'patient001/a.nii' is damaged."
    assert f"'{hearts}/patient001/a.nii' is damaged." in error.rest.text()


def test_what_a_file_is_called_is_never_markup(session, error) -> None:
    session.say("'<b>x</b>.nii' is damaged.")

    assert error.sentence.textFormat() == Qt.TextFormat.PlainText


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One sentence", "One sentence"),
        ("'a. b.nii' is cut. Copy it.", "'a. b.nii' is cut."),
        ("Is it one? No.", "Is it one?"),
        ("See a.nii, e.g. this one. Then stop.", "See a.nii, e.g. this one."),
    ],
)
def test_a_sentence_ends_where_the_next_begins(text, first) -> None:
    assert parted(text)[0] == first


def test_its_controls_say_what_they_do(error) -> None:
    assert error.details.toolTip()
    assert error.dismiss.toolTip()
