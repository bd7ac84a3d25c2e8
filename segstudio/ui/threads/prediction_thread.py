"""The thread that predicts a case with a finished run."""

import logging
from pathlib import Path

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.session.open_case import OpenCase

logger = logging.getLogger(__name__)


class PredictionThread(QThread):
    """Predicts one case with a run's best network.

    Parameters
    ----------
    run : Path
        The run folder.
    opened : OpenCase
        The case.
    """

    predicted = Signal(object, object, object)
    failed = Signal(str)

    def __init__(self, run: Path, opened: OpenCase) -> None:
        super().__init__()
        self.run_folder, self.opened = run, opened

    def run(self) -> None:
        """Predict; what goes wrong is told as a sentence."""
        try:
            # Deferred: torch loads here, beside the window and not before it.
            from segstudio.learn.predict import load_predictor

            labels = load_predictor(self.run_folder).labels(self.opened.volume)
            self.predicted.emit(self.run_folder, self.opened, labels)
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The prediction failed")
            self.failed.emit(sentence(error))
