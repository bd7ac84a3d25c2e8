"""Which planes or patches an epoch shows: a function of seed, epoch and place in the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED
from segstudio.learn.case_store import CaseStore, PreparedCase, count_classes
from segstudio.learn.preparation import fit

# Keeps the streams of random numbers of one seed apart.
ORDER, PLACE, CHANGE, DROPOUT = range(4)


@dataclass(frozen=True)
class Sample:
    """A part of a case.

    Attributes
    ----------
    case : int
        Its place in the store.
    start : tuple of int
        ``(plane,)`` for a whole plane; the first voxel ``(z, y, x)`` of a patch, which may lie
        outside of a case that is smaller.
    position : int
        Its place in the epoch.
    """

    case: int
    start: tuple[int, ...]
    position: int


@dataclass(frozen=True)
class Sampler:
    """Draws the samples of an epoch.

    Attributes
    ----------
    store : CaseStore
        The training cases.
    patch : tuple of int
        ``(Y, X)``: whole planes are taken. ``(Z, Y, X)``: patches of this size.
    foreground_share : float
        The share of samples that are made to hold some foreground class, each class as often as
        any other, the rarest too.
    per_epoch : int or None
        Samples of an epoch. None: every plane once; or as many patches as fill the cases once.
        Where labels are to be ignored, of planes and patches that hold some that are not.
    seed : int
        Of the training.
    """

    store: CaseStore
    patch: tuple[int, ...]
    foreground_share: float
    per_epoch: int | None
    seed: int

    def __len__(self) -> int:
        return self.per_epoch or len(self._parts)

    def samples(self, epoch: int) -> list[Sample]:
        """Return the samples of an epoch in their order."""
        order = np.random.default_rng([self.seed, epoch, ORDER]).permutation(len(self._parts))
        order = np.resize(order, len(self))
        draw = self._plane if len(self.patch) == 2 else self._patch
        return [draw(epoch, i, *self._parts[part]) for i, part in enumerate(order)]

    @cached_property
    def _parts(self) -> list[tuple[int, int]]:
        """Return (case, plane) for every plane, or (case, number) for the patches that fill it."""
        return [(i, p) for i, case in enumerate(self.store.cases) for p in self._parts_of(case)]

    def _parts_of(self, case: PreparedCase) -> list[int]:
        known = case.counts.any(axis=1)
        if len(self.patch) == 2:
            return [int(z) for z in np.flatnonzero(known)]
        fill = max(1, round(float(np.prod(case.shape) / np.prod(self.patch))))
        return list(range(fill if known.any() else 0))

    def _plane(self, epoch: int, position: int, case: int, plane: int) -> Sample:
        rng = np.random.default_rng([self.seed, epoch, PLACE, position])
        if self._held and rng.random() < self.foreground_share:
            planes = self._held[rng.integers(len(self._held))]
            case, plane = planes[rng.integers(len(planes))]
        return Sample(case, (plane,), position)

    @cached_property
    def _held(self) -> list[list[tuple[int, int]]]:
        """Return for each foreground class that is shown anywhere the planes that show it."""
        shown = [self._shown(case) for case in self.store.cases]
        held = [
            [(i, int(z)) for i, counts in enumerate(shown) for z in np.flatnonzero(counts[:, k])]
            for k in range(1, shown[0].shape[1])
        ]
        return [planes for planes in held if planes]

    def _shown(self, case: PreparedCase) -> NDArray[np.int64]:
        """Return how many voxels of each class a plane shows when it is cut, ``(Z, K)``."""
        if all(have <= kept for have, kept in zip(case.shape[1:], self.patch, strict=True)):
            return case.counts
        return count_classes(fit(case.labels.read(), self.patch, fill=0), case.counts.shape[1])

    def cut_off(self) -> float:
        """Return the share of foreground voxels that lie outside of what planes are cut to."""
        if len(self.patch) == 3:
            return 0.0
        pairs = [(case.counts, self._shown(case)) for case in self.store.cases]
        whole, shown = (sum(int(pair[i][:, 1:].sum()) for pair in pairs) for i in (0, 1))
        # Padding adds background alone.
        return 1 - shown / whole if whole else 0.0

    @cached_property
    def _cases_with(self) -> list[list[tuple[int, NDArray[np.int32]]]]:
        """Return for each foreground class the cases that hold it, and where in them."""
        held = [
            [(i, c.places[k]) for i, c in enumerate(self.store.cases) if len(c.places[k])]
            for k in range(1, len(self.store[0].places))
        ]
        return [cases for cases in held if cases]

    def _patch(self, epoch: int, position: int, case: int, _number: int) -> Sample:
        rng = np.random.default_rng([self.seed, epoch, PLACE, position])
        place = None
        if self._cases_with and rng.random() < self.foreground_share:
            held = self._cases_with[rng.integers(len(self._cases_with))]
            case, places = held[rng.integers(len(held))]
            place = places[rng.integers(len(places))]
        room = np.subtract(self.store[case].shape, self.patch)
        if place is None:
            start = rng.integers(0, np.maximum(room, 0) + 1)
            if self._is_ignored(self.store[case], start):
                known = self.store[case].places_known
                place = known[rng.integers(len(known))]
        if place is not None:
            # Anywhere in the middle half of the patch, so that its context varies too.
            start = place - np.floor(rng.uniform(0.25, 0.75, 3) * self.patch).astype(np.int64)
        # Along an axis that the patch covers whole, the case lies in its middle.
        start = np.where(room > 0, np.clip(start, 0, np.maximum(room, 0)), -(-room // 2))
        return Sample(case, tuple(int(s) for s in start), position)

    def _is_ignored(self, case: PreparedCase, start: NDArray[np.int64]) -> bool:
        """Return whether a patch of a case holds nothing that counts."""
        if not len(case.places_known):
            return False
        box = tuple(slice(s, s + n) for s, n in zip(start.tolist(), self.patch, strict=True))
        return bool((case.labels.read(box) == IGNORED).all())


def in_batches(samples: Sequence[Sample], batch_size: int, ranks: int = 1) -> list[list[Sample]]:
    """Return samples in near-equal batches, none larger than asked for on all ranks together.

    A short last batch instead, of one sample perhaps, would upset batch normalisation. With
    several ranks the first samples come again at the end, until every rank has as many in each
    batch: only then is the mean over ranks the mean over samples.

    Parameters
    ----------
    samples : sequence of Sample
        Of an epoch, in order.
    batch_size : int
        The most samples of a rank in a batch.
    ranks : int
        How many processes train together.
    """
    padded = [*samples, *(list(samples) * ranks)[: -len(samples) % ranks]]
    units = np.array_split(
        np.arange(len(padded) // ranks), batches_in(len(samples), batch_size, ranks)
    )
    return [[padded[i] for i in range(u[0] * ranks, (u[-1] + 1) * ranks)] for u in units]


def batches_in(samples: int, batch_size: int, ranks: int = 1) -> int:
    """Return how many batches an epoch of so many samples has."""
    of_a_rank = -(-samples // ranks)
    return -(-of_a_rank // batch_size)
