"""The thread that examines a dataset."""

import logging

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.data.datasets import Dataset
from segstudio.data.doctor import CaseReport, diagnose, examine

logger = logging.getLogger(__name__)


class CheckThread(QThread):
    """Examines the cases of a dataset one by one, until it is stopped.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    """

    examined = Signal(int)
    diagnosed = Signal(object)
    failed = Signal(str)

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self.dataset = dataset
        self._stopped = False

    def stop(self) -> None:
        """Stop after the case that is being examined."""
        self._stopped = True

    def run(self) -> None:
        """Examine; what goes wrong is told as a sentence."""
        try:
            reports: list[CaseReport] = []
            for report in examine(self.dataset):
                reports.append(report)
                self.examined.emit(len(reports))
                if self._stopped:
                    return
            self.diagnosed.emit(diagnose(self.dataset, reports))
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The examination failed")
            self.failed.emit(sentence(error))
