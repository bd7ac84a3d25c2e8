"""One studio per viewer: its session, its stage, and the threads that work for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication

from segstudio.learn.config import TrainConfig
from segstudio.learn.run_folder import new_run_path, runs_home
from segstudio.session import Message, OpenCase, Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.prediction_thread import PredictionThread
from segstudio.ui.training_thread import TrainingThread
from segstudio.viewer.stage import Stage

if TYPE_CHECKING:
    from napari import Viewer


class Studio(QObject):
    """Does what the session is asked for: trainings, predictions, messages.

    Parameters
    ----------
    viewer : Viewer
        The layers go there.
    """

    def __init__(self, viewer: "Viewer") -> None:
        super().__init__()
        self._viewer = viewer
        self.session = Session()
        self.stage = Stage(viewer, self.session)
        self.run_path: Path | None = None
        self._training: TrainingThread | None = None
        self._predictions: list[PredictionThread] = []
        self.session.training_asked.connect(self._start_training)
        self.session.stop_asked.connect(self._stop_training)
        self.session.case_opened.connect(self._view_case)
        self.session.run_chosen.connect(self._predict_case)
        self.session.said.connect(self._show_message)

    def close(self) -> None:
        """Stop what runs and wait for it; the training's state is saved."""
        self._stop_training()
        for thread in (self._training, *self._predictions):
            if thread is not None:
                thread.wait()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, ARG002
        """Close with the window; a dock's own closeEvent does not always come."""
        if event.type() == QEvent.Type.DeferredDelete:
            self.close()
            # A studio holds its viewer, so forgetting it here is what frees both.
            _studios.pop(self._viewer, None)
        return False

    def _start_training(self, config: TrainConfig) -> None:
        dataset = self.session.dataset
        if dataset is None:
            return
        run = self.run_path or new_run_path(runs_home(), dataset.name, config.loss)
        self.run_path = None
        thread = TrainingThread(dataset, config, run)
        thread.view = self.session.open_case
        # Bound methods of a QObject: delivered on its own thread, which lambdas are not.
        thread.told.connect(self._tell)
        thread.previewed.connect(self._show_prediction)
        thread.failed.connect(self._say)
        thread.finished.connect(self._end_training)
        self._training = thread
        self.session.start_training(run)
        thread.start()

    def _stop_training(self) -> None:
        if self._training is not None:
            self._training.stop()

    def _end_training(self) -> None:
        if self._training is not None:
            self._training.wait()
            self._training.deleteLater()
            self._training = None
        self.session.end_training()

    @at_the_edge
    def _tell(self, event: object) -> None:
        self.session.tell(event)  # type: ignore[arg-type]

    def _say(self, text: str) -> None:
        self.session.say(text)

    def _view_case(self, opened: OpenCase) -> None:
        if self._training is not None:
            self._training.view = opened
        else:
            self._predict_case(self.session.run)

    def _predict_case(self, run: Path | None) -> None:
        opened = self.session.open_case
        if run is None or opened is None:
            return
        thread = PredictionThread(run, opened)
        thread.predicted.connect(self._show_prediction)
        thread.failed.connect(self._say)
        thread.finished.connect(self._forget_predictions)
        self._predictions.append(thread)
        thread.start()

    def _forget_predictions(self) -> None:
        for thread in [t for t in self._predictions if t.isFinished()]:
            thread.wait()
            self._predictions.remove(thread)
            thread.deleteLater()

    @at_the_edge
    def _show_prediction(self, opened: OpenCase, labels: object) -> None:
        if opened is self.session.open_case:
            self.session.show_prediction(labels)  # type: ignore[arg-type]

    def _show_message(self, message: Message) -> None:
        (show_error if message.is_error else show_info)(message.text)


_studios: "dict[Viewer, Studio]" = {}


def studio_of(viewer: "Viewer") -> Studio:
    """Return the studio of a viewer, made at the first call."""
    # napari hands plugins a proxy that keeps private attributes from them, the window's among them.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _studios:
        studio = Studio(viewer)
        viewer.window._qt_window.installEventFilter(studio)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(studio.close)
        _studios[viewer] = studio
    return _studios[viewer]
