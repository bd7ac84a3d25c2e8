"""Runs what the session asks to be trained or estimated, in threads beside the window."""

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject

from segstudio.learn.control import Control, Wish
from segstudio.learn.events import Event
from segstudio.learn.run_folder import new_run_path, runs_home
from segstudio.session import Session
from segstudio.session.messages import Cost, TrainingRequest
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge
from segstudio.ui.train.estimate_thread import EstimateThread
from segstudio.ui.train.training_thread import TrainingThread


class Trainer(QObject):
    """Has one training at a time, and one estimate.

    Attributes
    ----------
    thread : TrainingThread or None
        Of the training that runs.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.thread: TrainingThread | None = None
        self._estimate: EstimateThread | None = None
        self._closed = False
        session.training_asked.connect(self._start)
        session.wish_changed.connect(self._pass_on)
        session.case_opened.connect(self._view)
        session.cost_asked.connect(self._start_estimate)
        session.cost_stop_asked.connect(self._stop_estimate)

    def close(self) -> None:
        """Stop what runs and wait for it; the training's state is saved, nothing else begins."""
        self._closed = True
        self._pass_on("stop")
        self._stop_estimate()
        running, self.thread, self._estimate = (self.thread, self._estimate), None, None
        for thread in running:
            if thread is not None:
                thread.wait()

    def _start(self, request: TrainingRequest) -> None:
        run = request.resumed
        if run is None:
            run = new_run_path(
                request.home or runs_home(), request.dataset.name, request.config.loss
            )
        self.train(partial(_train, request, run), run, request)

    def train(
        self,
        start: Callable[[Control], Generator[Event]],
        run: Path,
        request: TrainingRequest | None = None,
    ) -> None:
        """Follow a training that `start` begins, and that writes to `run`; as was requested."""
        thread = TrainingThread(start)
        thread.view = self.session.open_case
        # Bound methods of a QObject: delivered on its own thread, which lambdas are not.
        thread.told.connect(self._tell)
        thread.previewed.connect(self._show_preview)
        thread.warned.connect(self._warn)
        thread.finished.connect(self._end)
        self.thread = thread
        try:
            self.session.start_training(run, request)
        finally:
            thread.start()  # or a listener that fails would leave one that cannot be stopped

    def _pass_on(self, wish: Wish) -> None:
        if self.thread is not None:
            self.thread.control.wish = wish

    def _view(self, opened: OpenCase) -> None:
        if self.thread is not None:
            self.thread.view = opened

    @at_the_edge
    def _end(self) -> None:
        thread, self.thread = self.thread, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        if not self._closed:
            self.session.end_training(thread.failure)

    @at_the_edge
    def _tell(self, event: Event) -> None:
        if not self._closed:
            self.session.tell(event)

    def _warn(self, text: str) -> None:
        if not self._closed:
            self.session.say(text)

    @at_the_edge
    def _show_preview(self, opened: OpenCase, labels: object, source: str) -> None:
        if not self._closed and self.session.previews and opened is self.session.open_case:
            self.session.show_prediction(labels, source)  # type: ignore[arg-type]

    def _start_estimate(self, cost: Cost) -> None:
        if self._estimate is not None:
            return
        thread = EstimateThread(cost)
        thread.told.connect(self._note_cost)
        thread.finished.connect(self._end_estimate)
        self._estimate = thread
        self.session.note_cost(cost)
        thread.start()

    def _stop_estimate(self) -> None:
        if self._estimate is not None:
            self._estimate.stop()

    @at_the_edge
    def _note_cost(self, cost: Cost) -> None:
        if not self._closed:
            self.session.note_cost(cost)

    def _end_estimate(self) -> None:
        thread, self._estimate = self._estimate, None
        if thread is not None:
            thread.wait()
            thread.deleteLater()


def _train(request: TrainingRequest, run: Path, control: Control) -> Generator[Event]:
    # Deferred: torch loads here, beside the window and not before it.
    from segstudio.learn.training import train

    resume = request.resumed is not None
    return train(request.dataset, request.config, run, resume=resume, control=control)
