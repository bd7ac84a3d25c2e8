"""Batches of augmented planes or patches, with the maps of what the network is shown.

Every batch is a function of (seed, epoch, its place in the epoch) and of nothing else: it may be
made ahead, by any number of threads, and anew after a resume.
"""

import math
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED
from segstudio.core.loss_maps import MapOptions, loss_maps, map_margin, mend_far_classes
from segstudio.learn.augment import Augmentation, change_intensities, draw_deformation
from segstudio.learn.case_store import PreparedCase
from segstudio.learn.deformation import Deformation, take
from segstudio.learn.sampling import CHANGE, Sample, Sampler, batches_in, in_batches
from segstudio.losses.target import Target


@dataclass(frozen=True, eq=False)
class Batch:
    """Images ``(N, C, ...)`` float32, what they should become, and the cases they are of."""

    image: torch.Tensor
    target: Target
    cases: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Shown:
    """One sample as the network sees it: image ``(C, …)``, labels ``(…)``, maps ``(K, …)``.

    Labels that are `IGNORED` are so still; `make_target` takes them out of labels and maps.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    sdm: NDArray[np.float32] | None
    spacing: tuple[float, ...]


@dataclass(frozen=True)
class Batches:
    """The batches of a training.

    Attributes
    ----------
    sampler : Sampler
        What an epoch shows.
    n_classes : int
        K, background included.
    maps : MapOptions or None
        The maps of the loss; None where it needs none.
    augmentation : Augmentation or None
        How samples are changed.
    batch_size : int
        Samples of a rank and step.
    threads : int
        How many make batches ahead; 0 makes them when they are asked for.
    rank, ranks : int
        Which share of each batch is made here.
    """

    sampler: Sampler
    n_classes: int
    maps: MapOptions | None
    augmentation: Augmentation | None
    batch_size: int
    threads: int = 0
    rank: int = 0
    ranks: int = 1

    def steps(self) -> int:
        """Return the number of batches in an epoch."""
        return batches_in(len(self.sampler), self.batch_size, self.ranks)

    def epoch(self, epoch: int, start: int = 0) -> Generator[Batch]:
        """Yield the batches of an epoch, counted from 1, from batch number `start` on."""
        batches = in_batches(self.sampler.samples(epoch), self.batch_size, self.ranks)[start:]
        shares = [batch[self.rank :: self.ranks] for batch in batches]
        return _ahead(lambda share: self.batch(share, epoch), shares, self.threads)

    def batch(self, samples: Sequence[Sample], epoch: int) -> Batch:
        """Return some samples of an epoch as a batch."""
        store = self.sampler.store
        shown = [self.show(sample, epoch) for sample in samples]
        image = torch.from_numpy(np.stack([s.image for s in shown]))
        target = make_target(shown, self.n_classes, self.maps, self.frequencies)
        return Batch(image, target, tuple(store[s.case].name for s in samples))

    @cached_property
    def frequencies(self) -> torch.Tensor:
        """The share of each class among the voxels of the training cases."""
        return torch.from_numpy(self.sampler.store.frequencies())

    def show(self, sample: Sample, epoch: int) -> Shown:
        """Return a sample as the network sees it in an epoch."""
        case, (rng, deformation) = self.sampler.store[sample.case], self.changes(sample, epoch)
        is_plane = len(self.sampler.patch) == 2
        shown = (self._plane if is_plane else self._patch)(case, sample, deformation)
        if self.augmentation:
            shown = replace(shown, image=change_intensities(shown.image, rng, self.augmentation))
        return shown

    def changes(self, sample: Sample, epoch: int) -> tuple[np.random.Generator, Deformation]:
        """Return a sample's deformation in an epoch, and what its intensities are changed by."""
        rng = np.random.default_rng([self.sampler.seed, epoch, CHANGE, sample.position])
        size, case = self.sampler.patch, self.sampler.store[sample.case]
        if self.augmentation is None:
            return rng, Deformation.identity(len(size))
        is_plane = len(size) == 2
        first, whole = ((0, 0), case.shape[1:]) if is_plane else (sample.start, size)
        center = [s + (n - 1) / 2 for s, n in zip(first, whole, strict=True)]
        spacing = case.spacing[3 - len(size) :]
        return rng, draw_deformation(rng, self.augmentation, size, spacing, center)

    def _plane(self, case: PreparedCase, sample: Sample, deformation: Deformation) -> Shown:
        """Return a plane, cut or padded about its centre; its maps are those of what is left."""
        (z,), size = sample.start, self.sampler.patch
        image, labels = case.image.read((slice(None), z)), case.labels.read((z,))
        spacing = case.spacing[1:]
        # Towards zero, so that a margin of an odd number of voxels is as it is when padding.
        start = [int((have - wanted) / 2) for have, wanted in zip(labels.shape, size, strict=True)]
        image = take(image, deformation, start, size, order=1, fill=case.surround)
        labels = take(labels, deformation, start, size, order=0, fill=0)
        classes, sdm = range(self.n_classes), None
        if self.maps:
            sdm = loss_maps(labels, spacing, classes, self.maps)
        return Shown(image, labels, sdm, spacing)

    def _patch(self, case: PreparedCase, sample: Sample, deformation: Deformation) -> Shown:
        """Return a patch; its maps are those of the whole augmented volume, cut afterwards.

        But for a class that the augmentation has moved out of the volume: where the maps have a
        cap it counts as far, and not as absent, since the patient has it.
        """
        start, size = sample.start, self.sampler.patch
        image = take(case.image.read(), deformation, start, size, order=1, fill=case.surround)
        labels = case.labels.read()
        if self.maps is None:
            labels = take(labels, deformation, start, size, order=0, fill=0)
            return Shown(image, labels, None, case.spacing)
        box, inner = _context(case, sample.start, size, self.maps)
        around = take(labels, deformation, [b.start for b in box], _shape(box), order=0, fill=0)
        classes = range(self.n_classes)
        sdm = loss_maps(around, case.spacing, classes, self.maps)
        total = math.prod(case.shape)
        mend_far_classes(sdm, around, case.counts.sum(axis=0), total, self.maps)
        cut = np.ascontiguousarray(sdm[(slice(None), *inner)])
        return Shown(image, np.ascontiguousarray(around[inner]), cut, case.spacing)


def _context(
    case: PreparedCase, start: Sequence[int], size: Sequence[int], maps: MapOptions
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the box whose labels decide the maps of a patch, and where the patch lies in it."""
    margins = map_margin(maps, case.spacing)
    box, inner = [], []
    for axis, (first, n, whole) in enumerate(zip(start, size, case.shape, strict=True)):
        low, high = min(0, first), max(whole, first + n)
        if margins is not None:
            low, high = max(low, first - margins[axis]), min(high, first + n + margins[axis])
        box.append(slice(low, high))
        inner.append(slice(first - low, first - low + n))
    return tuple(box), tuple(inner)


def _shape(box: Sequence[slice]) -> list[int]:
    return [b.stop - b.start for b in box]


def make_target(
    shown: Sequence[Shown],
    n_classes: int,
    maps: MapOptions | None,
    frequencies: torch.Tensor | None,
) -> Target:
    """Return the truth of some samples. By numpy: torch's own threads belong to the training."""
    labels = np.stack([s.labels for s in shown])
    onehot = np.zeros((len(labels), n_classes, *labels.shape[1:]), np.float32)
    for k in range(n_classes):
        np.equal(labels, k, out=onehot[:, k], casting="unsafe")
    drawn = [s.sdm for s in shown if s.sdm is not None]
    sdm, ignored = np.stack(drawn) if drawn else None, labels == IGNORED
    if ignored.any():
        labels[ignored] = 0
        if sdm is not None:
            np.copyto(sdm, 0.0, where=ignored[:, np.newaxis])
    return Target(
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(onehot),
        None if sdm is None else torch.from_numpy(sdm),
        [s.spacing for s in shown],
        frequencies,
        maps or MapOptions(),
        torch.from_numpy(ignored) if ignored.any() else None,
    )


def _give_way() -> None:
    """Let this thread work where the others leave room: a step waits for the slowest of its own."""
    if sys.platform == "linux":  # elsewhere the number of a thread names no priority
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _ahead(
    make: Callable[[Sequence[Sample]], Batch], shares: Sequence[Sequence[Sample]], threads: int
) -> Generator[Batch]:
    """Yield what is made of each share, in order, some of them made ahead by threads."""
    if not threads:
        yield from map(make, shares)
        return
    pool = ThreadPoolExecutor(threads, "batches", initializer=_give_way)
    left, pending = iter(shares), deque[Future[Batch]]()
    try:
        for share in left:
            pending.append(pool.submit(make, share))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
