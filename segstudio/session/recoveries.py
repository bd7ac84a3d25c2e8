"""Copies of unsaved labels: made of what is painted, and put back after a crash."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.project import Place
from segstudio.data.recovery import Recovery
from segstudio.session.open_case import OpenCase

LONGEST_SIDE = 160  # pixels of a copy's picture
TINT = 0.45  # of a label's colour over the image


class Recoveries:
    """The copies that the last program left, and which of them are wanted back.

    Attributes
    ----------
    offered : tuple of Recovery
        Those of which the user has not decided yet, the newest first.
    doubt : str
        What the user should know of the copy that was put back last; empty if nothing.
    """

    offered_changed = Signal(tuple)
    put_back = Signal(Recovery)
    taken = Signal(Recovery, Place)
    given_up = Signal(Recovery)

    def __init__(self) -> None:
        self.offered: tuple[Recovery, ...] = ()
        self.doubt = ""
        self._wanted: dict[Place, Recovery] = {}

    @property
    def waiting(self) -> tuple[Recovery, ...]:
        """The copies whose painting is not put back yet."""
        return (*self._wanted.values(), *self.offered)

    def offer(self, recoveries: Iterable[Recovery]) -> None:
        """Offer copies to the user."""
        self.offered = tuple(recoveries)
        self.offered_changed.emit(self.offered)

    def ask(self, recovery: Recovery) -> None:
        """Ask for a copy to be put back when its case is shown, and for that to be shown.

        Raises
        ------
        InputError
            Its project is not there.
        """
        if not recovery.has_its_project:
            raise InputError(
                f"'{recovery.case}' was painted in the project '{recovery.project}', which is not "
                "there. The copy is kept: bring the folder back to its place, and put it back then."
            )
        self._wanted[recovery.place] = recovery
        self._take_from_offered(recovery)
        self.put_back.emit(recovery)

    def give_up(self, recovery: Recovery) -> None:
        """Let a copy be removed."""
        self._take_from_offered(recovery)
        self.given_up.emit(recovery)

    def _take_from_offered(self, recovery: Recovery) -> None:
        self.offer(each for each in self.offered if each is not recovery)

    def labels_of(
        self, opened: OpenCase, place: Place, labels: NDArray[np.int32] | None
    ) -> NDArray[np.int32] | None:
        """Return a case's labels with what was painted put back, once; None where none is wanted.

        `labels` are those that it has now, ``(Z, Y, X)``, or None; they are not changed. A copy
        of another shape than the image is left where it is; `doubt` says so.
        """
        fitting = [each for each in self._wanted.values() if each.goes_to(place)]
        self.doubt = ""
        if not fitting:
            return None
        recovery = max(fitting, key=lambda each: each.place == place)
        for each in fitting:
            del self._wanted[each.place]
        if others := [each for each in fitting if each is not recovery]:
            self.offer((*others, *self.offered))  # one at a time: each replaces planes of the other
        if recovery.shape != opened.volume.data.shape:
            self.doubt = (
                f"What was painted on '{opened.case.name}' does not fit its image any more, and "
                "could not be put back. The copy is kept."
            )
            return None
        if recovery.stamp != opened.stamp:
            self.doubt = (
                "The file of its labels has changed since: look through the planes that were not "
                "painted on."
            )
        self.taken.emit(recovery, place)
        return recovery.onto(labels)


def recovery_of(
    opened: OpenCase,
    labels: NDArray[np.int32],
    opens: tuple[Path, ...],
    project: Path | None = None,
) -> Recovery | None:
    """Return a copy of what was painted on a case; None where nothing differs from its file.

    Parameters
    ----------
    opened : OpenCase
        The case as it was read.
    labels : ndarray of int32, shape (Z, Y, X)
        What it has now; may be painted on meanwhile.
    opens : tuple of Path
        What to open to have the case again.
    project : Path, optional
        The folder of the project in which it was painted, if it was in one.
    """
    base = opened.base
    # Plane by plane: comparing at once would take as much memory as the labels themselves.
    sizes = [
        int(np.count_nonzero(plane if base is None else plane != base[z]))
        for z, plane in enumerate(labels)
    ]
    planes = np.flatnonzero(sizes)
    if not len(planes):
        return None
    values = labels[planes]
    z = int(np.argmax(sizes))
    return Recovery(
        case=opened.case.name,
        image=opened.case.image,
        frames=opened.case.frames,
        project=project,
        opens=opens,
        labels=opened.base_file,
        stamp=opened.stamp,  # not that of now: others may have written the file since
        shape=opened.volume.data.shape,
        planes=planes.astype(np.int64),
        values=values.astype(np.min_scalar_type(int(values.max(initial=0)))),
        picture=_picture(opened.volume.data[z], labels[z], opened.classes),
        time=datetime.now(UTC),
    )


def _picture(
    plane: NDArray[np.generic], labels: NDArray[np.int32], classes: ClassTable
) -> NDArray[np.uint8]:
    """Return a plane ``(H, W, 3)`` in grey with its labels tinted, small."""
    step = max(1, -(-max(plane.shape) // LONGEST_SIDE))
    small, marked = plane[::step, ::step].astype(np.float32), labels[::step, ::step]
    finite = small[np.isfinite(small)]
    low, high = np.percentile(finite, (0.5, 99.5)) if finite.size else (0.0, 1.0)
    grey = np.nan_to_num((small - low) / max(float(high - low), 1e-6)).clip(0, 1)
    picture = np.repeat(grey[..., None], 3, axis=2) * 255
    for each in classes.foreground:
        inside = marked == each.value
        color = np.array([int(each.color[i : i + 2], 16) for i in (1, 3, 5)])
        picture[inside] = (1 - TINT) * picture[inside] + TINT * color
    return picture.astype(np.uint8)
