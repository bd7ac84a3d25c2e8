"""napari's list of layers while a stroke is drawn, in the real window."""

from pathlib import Path

from qtpy.QtCore import QEvent, QObject


class Paints(QObject):
    """Counts how often what it watches is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_the_list_of_layers_is_drawn_after_a_stroke_and_not_during_it(window, hearts: Path) -> None:
    session, paints = window.session, Paints()
    session.open(hearts)
    window._qtbot.wait(500)
    window.viewer.window._qt_viewer.layers.viewport().installEventFilter(paints)
    plane = session.annotation.plane.index
    window.paint((plane, 30, 30))  # a click
    window._qtbot.wait(100)
    assert paints.count > 0
    with session.annotation.stroke():
        window._qtbot.wait(100)
        before = paints.count
        for x in range(10, 30, 4):
            window.paint((plane, 20, x))
            window._qtbot.wait(50)
        assert paints.count == before
    window.wait_for(lambda: paints.count > before, 5)


def test_another_case_opened_during_a_stroke_leaves_the_list_as_it_was(
    window, hearts: Path
) -> None:
    session = window.session
    session.open(hearts)
    session.annotation.begin_stroke()
    assert not window.viewer.window._qt_viewer.layers.updatesEnabled()
    session.show_case(session.dataset.cases[1].name)
    assert window.viewer.window._qt_viewer.layers.updatesEnabled()
