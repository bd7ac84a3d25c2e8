"""The thread that finds a dataset and reads a case of it."""

import logging

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.session.messages import ReadingRequest
from segstudio.session.open_case import read_case

logger = logging.getLogger(__name__)


class ReadingThread(QThread):
    """Reads what is wished for.

    Parameters
    ----------
    wish : ReadingRequest
        The dataset, and perhaps the case.
    """

    found = Signal(object)
    read = Signal(object)
    failed = Signal(str)

    def __init__(self, wish: ReadingRequest) -> None:
        super().__init__()
        self.wish = wish

    def run(self) -> None:
        """Read; what goes wrong is told as a sentence."""
        try:
            dataset = self.wish.find()
            is_new = self.wish.case is None
            if is_new and self.wish.lists_before(dataset):
                self.found.emit(dataset)
            opened = read_case(dataset, self.wish.first_case(dataset))
            if is_new and not self.wish.lists_before(dataset):
                self.found.emit(dataset)
            self.read.emit(opened)
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The reading failed")
            self.failed.emit(sentence(error))
