"""Copies what is painted beside the window, so that a crash takes seconds of work at most."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer

from segstudio.data.cases import Case
from segstudio.data.project import Place, Project, place_of
from segstudio.data.recovery import LeftBehind, Recovery, RecoveryFolder, recovery_home
from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.session.recoveries import recovery_of
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside

EVERY = 5  # seconds


@dataclass(frozen=True, eq=False)
class _Painted:
    opened: OpenCase
    labels: NDArray[np.int32]
    place: Place
    opens: tuple[Path, ...]

    def copy(self, folder: RecoveryFolder) -> None:
        """Write what differs from the case's file; where nothing does, remove what was copied."""
        found = recovery_of(self.opened, self.labels, self.opens, self.place.project)
        if found is None:
            folder.forget(self.place)
        else:
            folder.write(found)


class Autosaver(QObject):
    """Copies each painted case within seconds, and offers what a crash left.

    Parameters
    ----------
    session : Session
        What is painted; its `recoveries` are offered what was found.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._home = recovery_home()
        self._folder = RecoveryFolder(self._home)
        self._left: LeftBehind | None = None
        self._painted: dict[Place, _Painted] = {}
        self._copying: dict[Place, _Painted] = {}
        self._put_back: dict[Place, Place] = {}  # where it was painted before the crash
        self._opens: dict[Place, tuple[Path, ...]] = {}
        self._is_failing = False
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(EVERY * 1000)
        self.timer.timeout.connect(self._copy)
        self._beside = Beside()
        self._beside.failed.connect(self._fail)
        session.painted.connect(self._note)
        session.annotation.edited.connect(self._note_edit)
        session.saved.connect(self._note_saved)
        session.recoveries.taken.connect(self._note_taken)
        session.taken_along.connect(self._note_taken_along)
        session.recoveries.given_up.connect(self._remove)

    def look_for_copies(self) -> None:
        """Look for what programs have left that did not end as they should have."""
        self._beside.ask("look", partial(LeftBehind, self._home), self._offer, self._fail_to_look)

    def _fail_to_look(self, text: str) -> None:
        self.session.say(f"Whether a crash left something could not be looked up. {text}")

    def _offer(self, left: LeftBehind) -> None:
        self._left = left
        self.session.recoveries.offer(left.recoveries)

    def copy_now(self) -> None:
        """Copy what is not copied yet, as the window is to be closed.

        Raises
        ------
        OSError
            It cannot be written.
        """
        self._note_in_view()
        self._beside.wait()
        for place, painted in (self._copying | self._painted).items():
            painted.copy(self._folder)
            self._painted.pop(place, None)

    def close(self, *, discard: bool) -> None:
        """End; what is unsaved is left for the next start, unless it is to be discarded."""
        self.timer.stop()
        self._beside.close()
        if discard:
            self._folder.close()
        else:
            self._note_in_view()  # with what a script changed, which is told of by no stroke
            self.timer.stop()
            for painted in (self._copying | self._painted).values():
                self._copy_at_the_end(painted)
            self._folder.leave()
        if self._left is not None:
            self._left.close()

    @at_the_edge
    def _copy_at_the_end(self, painted: _Painted) -> None:
        painted.copy(self._folder)

    def _note(
        self, opened: OpenCase, labels: NDArray[np.int32] | None, project: Project | None
    ) -> None:
        if labels is not None:
            place = place_of(project, opened.case)
            if labels is self.session.labels:  # which others are not, whose data may be closed
                self._opens[place] = self.session.opens
            opens = self._opens.get(place, self.session.opens)
            self._painted[place] = _Painted(opened, labels, place, opens)
            if not self.timer.isActive():
                self.timer.start()

    def _note_edit(self, *_: object) -> None:
        """Note what a stroke has done so far: it may take longer than a crash may take away."""
        if self.session.open_case is not None:
            self._note(self.session.open_case, self.session.labels, self.session.project)

    def _copy(self) -> None:
        self._copying |= self._painted
        self._painted = {}
        for place, painted in self._copying.items():
            call = partial(painted.copy, self._folder)
            self._beside.ask(place, call, partial(self._note_copied, place, painted))

    def _note_copied(self, place: Place, painted: _Painted | None, _: None) -> None:
        if painted is None or self._copying.get(place) is painted:  # or a newer one waits
            self._copying.pop(place, None)
        self._is_failing = False
        if place in self._put_back and self._left is not None:
            self._left.forget(self._put_back[place])

    def _forget(self, place: Place) -> None:
        """Remove the copies of a place beside the window."""
        self._painted.pop(place, None)
        forget = partial(self._folder.forget, place)
        self._beside.ask(place, forget, partial(self._note_copied, place, None))

    def _fail(self, text: str) -> None:
        """Say, once, that copies cannot be written; try again until they are."""
        self._painted = self._copying | self._painted
        self._copying = {}
        if not self._is_failing:
            self.session.say(
                f"What you paint could not be copied for the case of a crash. {text} Your labels "
                f"are still in this window; it is tried again every {EVERY} seconds. Save them to "
                "another place if you can."
            )
        self._is_failing = True
        self.timer.start()

    def _note_saved(self, _case: Case, place: Place) -> None:
        """Remove the copies of a case whose own file has its labels, and its project knows that."""
        if self.session.is_place_unsaved(place):
            self._note_in_view()  # what differs from the file that was written just now
        elif self.session.knows_labels(place) and not self.session.is_painted(place):
            self._forget(place)

    def _note_in_view(self) -> None:
        opened = self.session.open_case
        if opened is not None and self.session.is_unsaved(opened.case):
            self._note(opened, self.session.labels, self.session.project)

    def _note_taken(self, recovery: Recovery, place: Place) -> None:
        # What was put back is copied anew before the old copy goes.
        self._put_back[place] = recovery.place

    def _note_taken_along(self, case: Case) -> None:
        """Let copies of what was painted without a project be the open project's."""
        now = self.session.place_of(case)
        before = now._replace(project=None)
        copying = self._copying.pop(before, None)
        waiting = self._painted.pop(before, None) or copying
        if waiting is not None:
            self._painted[now] = replace(waiting, place=now, opens=self.session.opens)
            self.timer.start()
        if before in self._put_back:
            self._put_back[now] = self._put_back.pop(before)
        move = partial(self._folder.move, before, now)
        self._beside.ask(("move", now), move, lambda _: None)

    def _remove(self, recovery: Recovery) -> None:
        if self._left is not None:
            self._left.forget(recovery.place)
