"""The thread that trains beside the window."""

import logging
from contextlib import closing
from pathlib import Path

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.data.datasets import Dataset
from segstudio.learn.config import TrainConfig
from segstudio.learn.events import EpochDone
from segstudio.session import OpenCase

logger = logging.getLogger(__name__)


class TrainingThread(QThread):
    """Runs a training and tells its events to the thread that made this object.

    Parameters
    ----------
    dataset, config, run
        As for `segstudio.learn.training.train`.

    Attributes
    ----------
    view : OpenCase or None
        The case to predict after each epoch; set by the window at any time.
    """

    told = Signal(object)
    previewed = Signal(object, object)
    failed = Signal(str)

    def __init__(self, dataset: Dataset, config: TrainConfig, run: Path) -> None:
        super().__init__()
        self._dataset, self._config, self._run = dataset, config, run
        self._stop = False
        self.view: OpenCase | None = None

    def stop(self) -> None:
        """End the training after its current step; its state is saved."""
        self._stop = True

    def run(self) -> None:
        """Train; what goes wrong is told as a sentence."""
        try:
            # Deferred: torch loads here, beside the window and not before it.
            from segstudio.learn.training import train

            with closing(train(self._dataset, self._config, self._run)) as events:
                for event in events:
                    if isinstance(event, EpochDone):
                        self._preview(event)
                    self.told.emit(event)
                    if self._stop:
                        break
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The training failed")
            self.failed.emit(sentence(error))

    def _preview(self, event: EpochDone) -> None:
        view = self.view
        if view is not None:
            self.previewed.emit(view, event.predict(view.volume))
