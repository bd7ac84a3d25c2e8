"""One studio per viewer: its session, its stage, and the threads that work for it."""

import atexit
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication

from segstudio.data.recovery import Recovery
from segstudio.learn.control import Control
from segstudio.learn.events import Event
from segstudio.session import Session
from segstudio.session.messages import Message
from segstudio.ui.annotate.agreement_reader import AgreementReader
from segstudio.ui.annotate.network_helper import NetworkHelper
from segstudio.ui.annotate.operation_runner import OperationRunner
from segstudio.ui.annotate.still_layer_list import StillLayerList
from segstudio.ui.compare.comparer import Comparer
from segstudio.ui.curves.run_reader import RunReader
from segstudio.ui.data.case_reader import CaseReader
from segstudio.ui.data.checker import Checker
from segstudio.ui.data.header_reader import HeaderReader
from segstudio.ui.distance.map_reader import MapReader
from segstudio.ui.distance.map_status import MapStatus
from segstudio.ui.edge import at_the_edge
from segstudio.ui.saving.autosaver import Autosaver
from segstudio.ui.saving.close_question import CloseQuestion
from segstudio.ui.saving.recovery_dialog import RecoveryDialog
from segstudio.ui.saving.saver import Saver
from segstudio.ui.train.case_predictor import CasePredictor
from segstudio.ui.train.trainer import Trainer
from segstudio.ui.window.orientation_letters import OrientationLetters
from segstudio.viewer.agreement_stage import AgreementStage
from segstudio.viewer.annotation_stage import AnnotationStage
from segstudio.viewer.comparison_stage import ComparisonStage
from segstudio.viewer.fitted_view import FittedView
from segstudio.viewer.stage import Stage

if TYPE_CHECKING:
    from napari import Viewer


class Studio(QObject):
    """Does what the session is asked for: reading, checks, predictions, messages, trainings.

    Parameters
    ----------
    viewer : Viewer
        The layers go there.
    """

    def __init__(self, viewer: "Viewer") -> None:
        super().__init__()
        self._viewer = viewer
        self._closed = False
        self.session = Session()
        self.stage = Stage(viewer, self.session)
        self.fitted = FittedView(viewer)
        self.annotation = AnnotationStage(viewer, self.session, self.stage)
        self.still_layers = StillLayerList(viewer, self.session)
        self.operations = OperationRunner(self.session)
        self.agreement_stage = AgreementStage(viewer, self.session, self.stage)
        self.agreement = AgreementReader(self.session)
        self.comparison_stage = ComparisonStage(viewer, self.session, self.stage)
        self.comparer = Comparer(self.session, self.comparison_stage)
        self.letters = OrientationLetters(viewer, self.stage)
        self.maps = MapReader(self.session)
        self.status = MapStatus(viewer, self.session)
        self.runs = RunReader(self.session)
        self.reader = CaseReader(self.session)
        self.headers = HeaderReader(self.session)
        self.checker = Checker(self.session)
        self.predictor = CasePredictor(self.session)
        self.helper = NetworkHelper(self.session)
        self.saver = Saver(self.session)
        self.autosaver = Autosaver(self.session)
        self.trainer = Trainer(self.session)
        self.close_question = CloseQuestion(
            self.session, self.saver.finish, self.autosaver.copy_now
        )
        self.session.said.connect(self._show_message)
        self.session.recoveries.offered_changed.connect(self._offer_recoveries)
        self.autosaver.look_for_copies()

    def close(self, *_: object) -> None:
        """Stop what runs and wait for it; the training's state is saved."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self.letters.close()
        self.still_layers.close()
        self.maps.close()
        self.operations.close()
        self.agreement.close()
        self.runs.close()
        self.comparer.close()
        self.trainer.close()
        self.checker.close()
        self.predictor.close()
        self.headers.close()
        self.reader.close()
        self.helper.close()
        self.saver.close()
        self.session.note_progress()
        is_all_kept = not (self.session.unsaved or self.session.labels_unknown_to_projects())
        self.autosaver.close(discard=self.close_question.discards or is_all_kept)
        # A studio holds its viewer, so forgetting it here is what frees both.
        _studios.pop(self._viewer, None)

    def train(self, start: Callable[[Control], Generator[Event]], run: Path) -> None:
        """Follow a training that `start` begins, and that writes to `run`."""
        self.trainer.train(start, run)

    @at_the_edge
    def _offer_recoveries(self, offered: tuple[Recovery, ...]) -> None:
        window = self._viewer.window._qt_window
        if offered and not self._closed and window.findChild(RecoveryDialog) is None:
            RecoveryDialog(self.session, window).show()

    def _show_message(self, message: Message) -> None:
        (show_error if message.is_error else show_info)(message.text)


_studios: "dict[Viewer, Studio]" = {}


def studio_of(viewer: "Viewer") -> Studio:
    """Return the studio of a viewer, made at the first call."""
    # napari hands plugins a proxy that keeps private attributes from them, the window's among them.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _studios:
        studio = Studio(viewer)
        # A dock's own closeEvent does not always come, nor an event before the window is gone.
        viewer.window._qt_window.destroyed.connect(studio.close)
        studio.close_question.watch(viewer.window._qt_window)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(studio.close)
        # A script may end without either; what the studio works with is still there then.
        atexit.register(studio.close)
        _studios[viewer] = studio
    return _studios[viewer]
