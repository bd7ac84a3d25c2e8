"""Which planes or patches an epoch shows: a function of seed, epoch and place in the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segstudio.learn.case_store import CaseStore, PreparedCase

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
        counts = (self._count(case) for case in self.store.cases)
        return [(i, part) for i, count in enumerate(counts) for part in range(count)]

    def _count(self, case: PreparedCase) -> int:
        if len(self.patch) == 2:
            return case.shape[0]
        return max(1, round(float(np.prod(case.shape) / np.prod(self.patch))))

    def _plane(self, epoch: int, position: int, case: int, plane: int) -> Sample:
        rng = np.random.default_rng([self.seed, epoch, PLACE, position])
        if self._held and rng.random() < self.foreground_share:
            planes = self._held[rng.integers(len(self._held))]
            case, plane = planes[rng.integers(len(planes))]
        return Sample(case, (plane,), position)

    @cached_property
    def _held(self) -> list[list[tuple[int, int]]]:
        """Return for each foreground class that is anywhere the planes (case, plane) with it."""
        cases = self.store.cases
        held = [
            [(i, int(z)) for i, c in enumerate(cases) for z in np.flatnonzero(c.counts[:, k])]
            for k in range(1, cases[0].counts.shape[1])
        ]
        return [planes for planes in held if planes]

    def _patch(self, epoch: int, position: int, case: int, _number: int) -> Sample:
        rng = np.random.default_rng([self.seed, epoch, PLACE, position])
        there = self.store[case]
        classes = [p for p in there.places if len(p)]
        room = np.subtract(there.shape, self.patch)
        start = rng.integers(0, np.maximum(room, 0) + 1)
        if classes and rng.random() < self.foreground_share:
            places = classes[rng.integers(len(classes))]
            # Anywhere in the middle half of the patch, so that its context varies too.
            inside = np.floor(rng.uniform(0.25, 0.75, 3) * self.patch).astype(np.int64)
            start = places[rng.integers(len(places))] - inside
        # Along an axis that the patch covers whole, the case lies in its middle.
        start = np.where(room > 0, np.clip(start, 0, np.maximum(room, 0)), -(-room // 2))
        return Sample(case, tuple(int(s) for s in start), position)


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
