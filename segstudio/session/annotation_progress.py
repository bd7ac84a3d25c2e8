"""How far the annotation of each case is, and the time it took."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from psygnal import Signal

from segstudio.data.cases import Case
from segstudio.data.project import AnnotationState, Progress
from segstudio.session.paintings import image_of

LONGEST_PAUSE = 60.0  # seconds between two strokes that count as work; of a longer pause, so many


class AnnotationProgress:
    """Collects the states of cases, and the seconds spent on them.

    Parameters
    ----------
    clock : callable
        Returns seconds from some moment on.
    """

    changed = Signal(Case)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[object, Progress] = {}
        self._seconds: dict[object, float] = {}
        self._last: float | None = None
        self._at: object = None
        self._before: dict[object, AnnotationState] = {}  # of what is painted on since

    def take(self, known: Iterable[Progress]) -> None:
        """Take what a project knows for all there is."""
        self._known = {(each.image, each.frames): each for each in known}
        self._seconds = {image: float(each.seconds) for image, each in self._known.items()}
        self._last = None
        self._before.clear()

    def of(self, case: Case) -> Progress:
        """Return how far a case is, with the time spent on it up to now."""
        image = image_of(case)
        known = self._known.get(image, Progress(case.image, case.frames))
        return replace(known, seconds=round(self._seconds.get(image, 0.0)))

    def begin(self, case: Case) -> None:
        """Note that a case came into view: time is counted from now."""
        self._at, self._last = image_of(case), self._clock()

    def note_painting(self, case: Case, *, was_saved: bool = True) -> None:
        """Note a stroke: the case is being edited, and the time since the last one was work.

        `was_saved` says that nothing was painted before that is in no file.
        """
        image, now = image_of(case), self._clock()
        if self._at == image and self._last is not None:
            spent = min(now - self._last, LONGEST_PAUSE)
            self._seconds[image] = self._seconds.get(image, 0.0) + spent
        self._at, self._last = image, now
        state = self.of(case).state
        if state != "edited":
            self._set(case, "edited")
            if was_saved:
                self._before[image] = state

    def may_go_back(self, case: Case) -> bool:
        """Return whether a case would be something else if all strokes were taken back."""
        return image_of(case) in self._before

    def note_back(self, case: Case) -> None:
        """Note that all strokes were taken back: the case is what it was before them."""
        if self.may_go_back(case):
            self._set(case, self._before.pop(image_of(case)))

    def note_saved(self, case: Case) -> None:
        """Note that what was painted is in a file: the case is not what it was before."""
        self._before.pop(image_of(case), None)

    def note_draft(self, progress: Progress) -> None:
        """Note that a network proposed labels."""
        self._before.pop((progress.image, progress.frames), None)
        self._known[progress.image, progress.frames] = progress

    def set_state(self, case: Case, state: AnnotationState) -> None:
        """Say how far a case is."""
        self._before.pop(image_of(case), None)
        self._set(case, state)

    def _set(self, case: Case, state: AnnotationState) -> None:
        self._known[image_of(case)] = replace(self.of(case), state=state)
        self.changed.emit(case)
