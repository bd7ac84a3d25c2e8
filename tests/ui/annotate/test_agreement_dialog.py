"""How far two versions agree, through the real window."""

import shutil
from pathlib import Path
from threading import Event

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from segstudio.data.formats import write_labels
from segstudio.session.agreement import AgreementFound, AgreementRequest


def test_two_versions_are_compared_shown_and_put_away(
    window, hearts: Path, tmp_path: Path, monkeypatch
) -> None:
    session = window.session
    session.open(hearts)
    second = session.labels.copy()
    second[1, :6, :6] = 2
    write_labels(tmp_path / "second.nii.gz", second, session.open_case.volume.grid)
    panel = window.panel("Annotate")
    window._qtbot.mouseClick(panel.agreement, Qt.MouseButton.LeftButton)
    dialog = panel._agreement_dialog
    assert dialog.isVisible()
    assert not dialog.table.isVisible()
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "second.nii.gz"), "")
    )
    window._qtbot.mouseClick(dialog.file, Qt.MouseButton.LeftButton)
    window.wait_for(lambda: session.agreement.found is not None, 30)

    rows = {row[0]: row for row in dialog.table.texts()}
    assert rows["left ventricle"][1] == "1.000"
    assert float(rows["myocardium"][1]) < 1
    assert "against second.nii.gz: 36 voxels differ" in dialog.told.text()
    layer = window.studio.agreement_stage.layer
    assert np.count_nonzero(layer.data) == 36
    assert window.viewer.dims.current_step[0] == 1

    dialog.close()
    assert window.studio.agreement_stage.layer is None
    assert layer not in window.viewer.layers
    assert session.agreement.found is None


def test_another_case_forgets_the_comparison(window, hearts: Path) -> None:
    session = window.session
    session.open(hearts)
    window.paint((1, 2, 2))
    session.agreement.ask(session.open_case, session.labels, None)
    window.wait_for(lambda: session.agreement.found is not None, 30)
    assert window.studio.agreement_stage.layer is not None
    session.show_case(session.dataset.cases[1].name)
    assert session.agreement.found is None
    assert window.studio.agreement_stage.layer is None


def test_a_comparison_that_ends_after_other_data_were_opened_is_not_shown(
    window, hearts: Path, tmp_path: Path, monkeypatch
) -> None:
    session, may_end, ended = window.session, Event(), []
    find = AgreementRequest.find

    def find_late(request: AgreementRequest) -> AgreementFound:
        may_end.wait(30)
        ended.append(find(request))
        return ended[-1]

    monkeypatch.setattr(AgreementRequest, "find", find_late)
    shutil.copytree(hearts, tmp_path / "hearts")
    session.open(hearts)
    session.agreement.ask(session.open_case, session.labels, None)
    name = session.open_case.case.name
    session.open(tmp_path / "hearts")
    assert session.open_case.case.name == name
    may_end.set()
    window.wait_for(lambda: bool(ended) and not session.agreement.looking, 30)
    assert session.agreement.found is None


def test_a_comparison_is_put_away_with_its_case_though_no_other_can_be_read(
    window, hearts: Path, tmp_path: Path
) -> None:
    session = window.session
    session.open(hearts)
    window.paint((1, 2, 2))
    session.agreement.ask(session.open_case, session.labels, None)
    window.wait_for(lambda: session.agreement.found is not None, 30)
    for name in ("a.nii", "b.nii"):
        (tmp_path / name).write_bytes(b"no image")
    session.ask_open(tmp_path)
    window.wait_for(lambda: session.dataset.root == tmp_path and not session.reading, 30)
    assert session.open_case is None
    assert session.agreement.found is None
