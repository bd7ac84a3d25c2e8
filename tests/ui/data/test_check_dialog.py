"""Checking a dataset from the data panel."""

import threading
import time
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from segstudio.data.doctor import diagnose, examine
from segstudio.ui.data import checker


@pytest.fixture
def broken(tmp_path):
    """A folder of three cases: one well, one with a stray shape, one cut short."""
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        image = rng.integers(0, 99, (12, 10, 4)).astype(np.int16)
        labels = np.zeros(image.shape, np.uint8)
        labels[3:6, 3:6] = 1
        nib.save(nib.Nifti1Image(image, np.diag([2.0, 2, 8, 1])), tmp_path / f"{name}.nii.gz")
        cut = labels[:-1] if name == "b" else labels
        nib.save(nib.Nifti1Image(cut, np.diag([2.0, 2, 8, 1])), tmp_path / f"{name}_gt.nii.gz")
    content = (tmp_path / "c.nii.gz").read_bytes()
    (tmp_path / "c.nii.gz").write_bytes(content[: len(content) // 2])
    return tmp_path


@pytest.fixture
def slow(monkeypatch):
    """Let each case be examined only when the test says so; return what says it."""
    gate = threading.Semaphore(0)

    def examine_slowly(dataset):
        for report in examine(dataset):
            assert gate.acquire(timeout=30)
            yield report

    monkeypatch.setattr(checker, "examine", examine_slowly)
    return gate


def check(window):
    """Click the button; return the dialog."""
    data = window.panel("Data")
    window._qtbot.mouseClick(data.check, Qt.MouseButton.LeftButton)
    return data._check_dialog


def wait_until_checked(window) -> None:
    window.wait_for(lambda: not window.session.check.is_running, 60)


def test_without_a_dataset_there_is_nothing_to_check(window, hearts) -> None:
    data = window.panel("Data")
    assert not data.check.isEnabled()
    window.session.open(hearts)

    assert data.check.isEnabled()


def test_a_check_shows_what_the_doctor_says(window, hearts) -> None:
    window.session.open(hearts)
    dialog = check(window)
    assert not dialog.isModal()
    wait_until_checked(window)
    dataset = window.session.dataset
    expected = diagnose(dataset, list(examine(dataset)))
    texts = [f"{f.about}: {f.text}" if f.about else f.text for f in expected.findings]

    assert dialog.cases.rowCount() == 8
    assert dialog.classes.rowCount() == len(expected.balances) == 3
    assert dialog.advice.rowCount() == len(expected.advice)
    assert [dialog.findings.item(k).text() for k in range(dialog.findings.count())] == (
        texts or ["Nothing is wrong, and nothing is doubtful."]
    )
    assert dialog.verdict.text().startswith("All of it can be read")
    assert not dialog.progress.isVisible()


def test_what_is_broken_comes_first_and_a_double_click_opens_the_case(window, broken) -> None:
    window.session.open(broken)
    dialog = check(window)
    wait_until_checked(window)
    assert dialog.verdict.text().startswith("Something is broken (2 broken")
    levels = [f.level for f in window.session.check.diagnosis.findings]
    assert levels == sorted(levels, key=("error", "warning", "note").index)
    assert [dialog.findings.item(k).text()[:2] for k in range(2)] == ["b:", "c:"]

    window.session.show_case("a")
    dialog.findings.itemDoubleClicked.emit(dialog.findings.item(1))
    window.wait_for_reading()
    assert "c.nii.gz" in window.said[-1]
    dialog.cases.cellDoubleClicked.emit(0, 3)
    window.wait_for_reading()
    assert window.session.open_case.case.name == "a"


def test_a_case_of_a_dataset_that_was_closed_is_not_taken_for_another(
    window, broken, hearts
) -> None:
    window.session.open(broken)
    dialog = check(window)
    wait_until_checked(window)
    window.session.open(hearts)
    dialog.cases.cellDoubleClicked.emit(0, 0)

    assert window.said[-1] == f"'a' is of '{broken.name}', which is not open any more."


def test_a_check_says_how_far_it_is_and_can_be_cancelled(window, hearts, slow) -> None:
    window.session.open(hearts)
    dialog = check(window)
    assert dialog.progress.isVisible()
    assert not dialog.results.isVisible()
    assert not dialog.copy.isEnabled()
    slow.release(3)
    window.wait_for(lambda: dialog.progress.value() == 3, 30)
    window._qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert not dialog.cancel.isEnabled()
    slow.release()
    wait_until_checked(window)

    assert dialog.verdict.text() == "Stopped after 4 of 8 cases."
    slow.release(8)
    assert check(window) is dialog
    assert dialog.cancel.isEnabled()
    wait_until_checked(window)
    assert dialog.verdict.text().startswith("All of it")


def test_escape_closes_the_dialog_and_stops_what_runs(window, hearts, slow) -> None:
    window.session.open(hearts)
    dialog = check(window)
    window._qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    slow.release()
    wait_until_checked(window)

    assert not dialog.isVisible()
    assert window.session.check.state == "stopped"


def test_a_check_of_another_dataset_takes_the_place_of_what_runs(
    window, hearts, broken, slow
) -> None:
    window.session.open(broken)
    check(window)
    window.session.open(hearts)
    dialog = check(window)
    for _ in range(20):
        slow.release()
    window.wait_for(lambda: window.session.check.is_of(window.session.dataset), 30)
    wait_until_checked(window)

    assert window.session.check.state == "done"
    assert str(hearts.name) in dialog.title.text()


def test_what_was_found_is_noted_though_labels_were_saved_meanwhile(window, hearts, slow) -> None:
    session = window.session
    session.open(hearts)
    check(window)
    first, *rest = session.dataset.cases
    session.dataset = replace(session.dataset, cases=(replace(first, labels=None), *rest))
    session.facts.present.clear()  # a check looks at the labels of all cases
    for _ in range(20):
        slow.release()
    wait_until_checked(window)

    assert set(session.facts.present) >= {case.name for case in rest}


def test_closing_the_window_waits_for_the_case_that_is_examined(window, hearts, slow) -> None:
    window.session.open(hearts)
    check(window)
    studio, ran = window.studio, []
    thread = studio.checker._thread

    def examine_when_closing() -> None:
        while not studio._closed:
            time.sleep(0.01)
        ran.append(thread.isRunning())
        slow.release()

    threading.Thread(target=examine_when_closing, daemon=True).start()
    window.viewer.close()
    window._qtbot.waitUntil(lambda: bool(ran) and studio.checker._thread is None, timeout=25_000)

    assert ran == [True]
    assert studio.session.check.is_running  # nothing is noted in a window that is closed


def test_an_accident_is_told_as_a_sentence(window, hearts, monkeypatch) -> None:
    def stumble(_dataset):
        raise MemoryError
        yield

    monkeypatch.setattr(checker, "examine", stumble)
    window.session.open(hearts)
    dialog = check(window)
    wait_until_checked(window)

    assert window.session.check.state == "failed"
    assert dialog.verdict.text() == window.session.check.failure != ""


def test_all_of_it_is_copied_as_text(window, broken) -> None:
    window.session.open(broken)
    dialog = check(window)
    wait_until_checked(window)
    window._qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()

    assert text.startswith(f"{broken.name}: 3 cases")
    for found in window.session.check.diagnosis.findings:
        assert found.text in text
    assert "median piece" in text


def test_everything_in_the_dialog_says_what_it_is_for(window, hearts) -> None:
    window.session.open(hearts)
    dialog = check(window)
    wait_until_checked(window)
    parts = (dialog.progress, dialog.cancel, dialog.findings, dialog.cases, dialog.classes)

    assert all(w.toolTip() for w in (*parts, dialog.advice, dialog.copy, dialog.shut))
    assert all(dialog.tabs.tabToolTip(k) for k in range(dialog.tabs.count()))


def test_the_advised_settings_fill_the_train_panel_and_leave_the_others(window, hearts) -> None:
    window.session.open(hearts)
    window.session.change_settings({"epochs": 33, "dimensions": 3, "batch_size": 1})
    dialog = check(window)
    wait_until_checked(window)
    dialog.tabs.setCurrentIndex(2)
    window._qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    advised = {each.setting: each.value for each in window.session.check.diagnosis.advice}
    shown = window.panel("Train").config().model_dump()
    assert {name: shown[name] for name in advised} == advised
    assert shown["epochs"] == 33
