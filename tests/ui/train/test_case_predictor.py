"""The case in view predicted by the chosen run, beside a window that is not there."""

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from segstudio.learn import predict
from segstudio.session import Session
from segstudio.ui.train.case_predictor import CasePredictor


class Planes:
    """Lets the network see one plane at a time, each when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate, self.seen = threading.Semaphore(0), 0
        self._forward = predict.Predictor._forward
        monkeypatch.setattr(predict, "PLANES_AT_ONCE", 1)
        monkeypatch.setattr(predict.Predictor, "_forward", lambda *args: self.forward(*args))

    def forward(self, predictor: predict.Predictor, images: predict.Array) -> predict.Array:
        self.seen += 1
        assert self.gate.acquire(timeout=30)
        return self._forward(predictor, images)


@pytest.fixture
def session(hearts: Path) -> Session:
    made = Session()
    made.open(hearts)
    return made


@pytest.fixture
def planes(monkeypatch: pytest.MonkeyPatch) -> Planes:
    return Planes(monkeypatch)


def test_the_newest_case_is_predicted_and_that_before_it_given_up(
    session: Session, finished_run: tuple[Path, Path], planes: Planes, qtbot: QtBot
) -> None:
    predictor, shown = CasePredictor(session), []
    session.choose_run(finished_run[0])
    qtbot.waitUntil(lambda: planes.seen == 1, timeout=30_000)
    second = session.dataset.cases[1].name
    session.show_case(second)
    session.prediction_shown.connect(lambda labels: shown.append(labels))
    count = len(session.open_case.volume.data)
    planes.gate.release(1 + count)
    qtbot.waitUntil(lambda: bool(shown), timeout=30_000)
    predictor.close()

    assert planes.seen == 1 + count
    assert len(shown) == 1
    assert shown[0].shape == session.open_case.volume.data.shape


def test_closing_waits_for_one_plane_and_not_for_the_case(
    session: Session, finished_run: tuple[Path, Path], planes: Planes, qtbot: QtBot
) -> None:
    predictor = CasePredictor(session)
    session.choose_run(finished_run[0])
    qtbot.waitUntil(lambda: planes.seen == 1, timeout=30_000)
    planes.gate.release()
    predictor.close()

    assert planes.seen == 1
