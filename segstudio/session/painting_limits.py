"""Where painting is allowed: locked classes, an intensity range, other labels as a mask."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.editing.allowed import Limits, where_allowed
from segstudio.core.editing.box import Box, in_classes
from segstudio.core.editing.edit import Edit, part_of
from segstudio.core.errors import InputError
from segstudio.session.annotation_choices import Ground, MaskSource, Restriction


@dataclass(frozen=True, eq=False)
class Allowed:
    """Where painting is allowed on some labels, fixed so that a thread may ask.

    Attributes
    ----------
    ground : Ground
        What is painted.
    limits : Limits
        Intensities, classes that are painted over, locks.
    mask : ndarray of int, shape (Z, Y, X), or None
        Labels that painting stays inside of,
    mask_value : int or None
        and the class of theirs; None: any but background.
    """

    ground: Ground
    limits: Limits
    mask: NDArray[np.integer] | None = None
    mask_value: int | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether nothing is restricted."""
        return self.limits == Limits() and self.mask is None

    def where(self, box: Box) -> NDArray[np.bool_]:
        """Return which voxels of a box may become of a class."""
        found = self._where_ever(box)
        if self.limits.over is not None:
            found &= in_classes(self.ground.labels[box], self.limits.over)
        return found

    def of(self, edit: Edit) -> Edit:
        """Return the part of an edit that is allowed.

        Locked classes neither lose nor gain; what is painted over does not hinder erasing.
        """
        if not edit.count or self.is_everywhere:
            return edit
        kept, new = self._where_ever(edit.box)[edit.mask], edit.new
        if self.limits.locked:
            kept &= ~in_classes(new, self.limits.locked)
        if self.limits.over is not None:
            kept &= (new == 0) | in_classes(edit.old, self.limits.over)
        return part_of(edit, kept)

    def _where_ever(self, box: Box) -> NDArray[np.bool_]:
        """Return which voxels may change, were it to background."""
        limits, image = replace(self.limits, over=None), self.ground.volume.data
        found = where_allowed(self.ground.labels, limits, box, image=image)
        if self.mask is not None:
            here = self.mask[box]
            found &= here != 0 if self.mask_value is None else here == self.mask_value
        return found


class PaintingLimits:
    """What restricts painting, as it is chosen.

    Attributes
    ----------
    restriction : Restriction
    locked : frozenset of int
        Classes that neither lose nor gain a voxel.
    """

    changed = Signal(Restriction)
    locked_changed = Signal(object)

    def __init__(self) -> None:
        self.restriction = Restriction()
        self.locked: frozenset[int] = frozenset()
        self._masks: dict[MaskSource, NDArray[np.integer] | None] = {}

    def forget(self, saved: NDArray[np.integer] | None) -> None:
        """Lift what holds for one case only: another is in view, whose saved labels these are."""
        self._masks = {"saved": saved}
        self.restriction = Restriction(over=self.restriction.over)
        self.changed.emit(self.restriction)

    def note_mask(self, source: MaskSource, labels: NDArray[np.integer] | None) -> None:
        """Note labels that may serve as a mask, or that they are gone."""
        self._masks[source] = labels
        self.changed.emit(self.restriction)

    def has_mask(self, source: MaskSource) -> bool:
        """Return whether there are labels of that kind."""
        return self._masks.get(source) is not None

    def restrict(self, restriction: Restriction) -> None:
        """Allow painting elsewhere."""
        if restriction != self.restriction:
            self.restriction = restriction
            self.changed.emit(restriction)

    def lock(self, values: Iterable[int]) -> None:
        """Keep these classes as they are, and no others."""
        self.locked = frozenset(values)
        self.locked_changed.emit(self.locked)

    @property
    def is_free(self) -> bool:
        """Whether nothing is restricted."""
        return self.restriction.is_none and not self.locked

    def on(self, ground: Ground) -> Allowed:
        """Return where painting is allowed on some labels now.

        Raises
        ------
        InputError
            It is to stay inside of labels that are gone.
        """
        chosen, inside = self.restriction, self.restriction.inside
        limits = Limits(chosen.intensity, chosen.over, None, tuple(sorted(self.locked)))
        if inside is None:
            return Allowed(ground, limits)
        mask = self._masks.get(inside.source)
        if mask is None or mask.shape != ground.labels.shape:
            raise InputError(
                "The labels that painting is to stay inside of are not there any more. Choose "
                "others under 'Only inside', or 'anywhere'."
            )
        return Allowed(ground, limits, mask, inside.value)
