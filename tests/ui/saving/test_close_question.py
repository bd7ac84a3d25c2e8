"""Closing with unsaved labels saves them all, or leaves the window open and says why not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from segstudio.data.formats import read_labels, write_labels
from segstudio.session import saving


def answer(text: str, asked: list[str]) -> None:
    """Press a button of the question as soon as it is there."""
    box = QApplication.activeModalWidget()
    if not isinstance(box, QMessageBox):
        QTimer.singleShot(20, lambda: answer(text, asked))
        return
    asked.append(box.text())
    next(b for b in box.buttons() if b.text().replace("&", "") == text).click()


def test_closing_saves_every_unsaved_case_or_stays_open_and_says_why(
    window, hearts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, session, asked = tmp_path / "hearts", window.session, []
    shutil.copytree(hearts, folder)
    session.open(folder)
    first, second, third = (case.name for case in session.dataset.cases[:3])
    painted = {}
    for name in (first, second):
        session.show_case(name)
        window.paint((1, 20, 20))
        painted[name] = session.labels.copy()
    session.show_case(third)

    def fail(path: Path, *_args, **_options) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(saving, "write_labels", fail)
    QTimer.singleShot(0, lambda: answer("Save and close", asked))
    window.main.close()
    assert window.main.isVisible()
    assert any("are still in this window" in text for text in window.said)
    assert {case.name for case in session.unsaved} == {first, second}

    monkeypatch.setattr(saving, "write_labels", write_labels)
    files = {name: f"{name}_copy1_gt.nii.gz" for name in painted}
    QTimer.singleShot(0, lambda: answer("Save and close", asked))
    window.main.close()
    window._qtbot.wait(50)
    listed = "".join(f"\n• {name}, to {file}" for name, file in files.items())
    assert asked[-1] == f"What you painted on these cases is not saved:{listed}"
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    for name, labels in painted.items():
        (written,) = folder.rglob(files[name])
        assert np.array_equal(read_labels(written), labels)
