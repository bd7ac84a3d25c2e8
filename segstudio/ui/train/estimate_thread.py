"""The thread that measures what a training will cost."""

import logging
from dataclasses import replace

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.core.memory import GIB, free_memory
from segstudio.data.datasets import class_presence, class_table, drawn, labelled_cases
from segstudio.data.formats import read_grid
from segstudio.session.messages import Cost

logger = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The user does not want to know any more."""


class EstimateThread(QThread):
    """Reads headers and labels, and times a few steps on noise, until it is stopped.

    Parameters
    ----------
    asked : Cost
        The dataset and the settings.
    """

    told = Signal(object)

    def __init__(self, asked: Cost) -> None:
        super().__init__()
        self._asked = asked
        self._stopped = False

    def stop(self) -> None:
        """Stop after the case or step that is being measured."""
        self._stopped = True

    def run(self) -> None:
        """Measure; what comes of it, or goes wrong, is told."""
        try:
            self.told.emit(self._measured())
        except _StoppedError:
            self.told.emit(replace(self._asked, state="stopped"))
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The estimate failed")
            self.told.emit(replace(self._asked, state="failed", failure=sentence(error)))

    def _expect_wanted(self) -> None:
        if self._stopped:
            raise _StoppedError

    def _measured(self) -> Cost:
        config = self._asked.config
        dataset = self._asked.dataset
        if config.landmarks is not None:
            dataset = drawn(dataset, config.landmarks)
        cases = labelled_cases(dataset, skip_unlabelled=config.skip_unlabelled)
        shapes: list[tuple[int, int, int]] = []
        presence: dict[str, frozenset[int]] = {}
        for case in cases:
            self._expect_wanted()
            shapes.append(config.preparation.shape(read_grid(case.image)))
            if dataset.classes is None:
                presence |= class_presence([case])
        # Deferred: torch loads here, beside the window and not before it.
        from segstudio.learn.estimate import estimate

        self._expect_wanted()
        n_classes = len(class_table(dataset, presence))
        channels = len(cases[0].channels)
        found = estimate(config, channels, n_classes, shapes, between=self._expect_wanted)
        return replace(
            self._asked,
            state="done",
            seconds=found.seconds,
            gib=found.gib,
            free_gib=free_memory() / GIB,
            device=found.device,
        )
