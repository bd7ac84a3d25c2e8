"""Slices of the training cases, batched in an order that is a function of (seed, epoch)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.data.datasets import Case, load_case
from segstudio.losses.target import Target

Number = TypeVar("Number", np.float32, np.uint8)


@dataclass(frozen=True, eq=False)
class Batch:
    """Images ``(N, C, Y, X)`` float32 and what they should become."""

    image: torch.Tensor
    target: Target


def normalise(data: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return a volume with mean 0 and standard deviation 1; voxels that are not finite become 0."""
    values = np.nan_to_num(data.astype(np.float32), posinf=0.0, neginf=0.0)
    spread = float(values.std())
    values -= values.mean()
    values /= spread if spread > 0 else 1.0
    return values


def fit_plane(
    planes: NDArray[Number], size: tuple[int, int], fill: float | None = None
) -> NDArray[Number]:
    """Return planes ``(..., Y, X)`` cropped or padded about their centre to `size`.

    Parameters
    ----------
    planes : ndarray, shape (..., Y, X)
        Images or labels.
    size : (int, int)
        Rows and columns wanted.
    fill : float, optional
        What to pad with; left out, the least value, an image's dark surround.
    """
    fill = planes.min() if fill is None else fill
    for axis, wanted in zip((-2, -1), size, strict=True):
        have = planes.shape[axis]
        start = max(0, (have - wanted) // 2)
        planes = planes.take(range(start, start + min(have, wanted)), axis=axis)
        missing = wanted - planes.shape[axis]
        if missing:
            widths = [(0, 0)] * planes.ndim
            widths[axis] = (missing // 2, missing - missing // 2)
            planes = np.pad(planes, widths, constant_values=fill)
    return planes


class SliceSet:
    """All slices of some cases, in memory.

    Parameters
    ----------
    cases : sequence of Case
        Labelled cases.
    classes : ClassTable
        Their classes.
    size : (int, int) or None
        Rows and columns of a slice. None: the median of the cases, rounded up to `multiple`.
    multiple : int
        What rows and columns must be multiples of.

    Raises
    ------
    InputError
        A file cannot be read, shapes differ, or a label value is not in the table.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        classes: ClassTable,
        size: tuple[int, int] | None,
        multiple: int,
    ) -> None:
        images, labels, self._spacing = [], [], []
        for case in cases:
            volume, values = load_case(case)
            images.append(normalise(volume.data))
            labels.append(classes.to_indices(values, f"'{case.labels}'"))
            self._spacing += [volume.spacing[1:]] * len(values)
        self.size = round_up(size or _median_size(images), multiple)
        self._images = np.concatenate([fit_plane(i, self.size) for i in images])
        fitted = [fit_plane(i, self.size, fill=0) for i in labels]
        self._labels = np.concatenate(fitted)
        self._n_classes = len(classes)
        # Case by case: counting all at once holds the GIL for as long as a window notices.
        counts = np.sum([np.bincount(p.ravel(), minlength=len(classes)) for p in fitted], axis=0)
        self._frequencies = torch.from_numpy(counts / counts.sum()).float()
        if len(self._labels) < 2:
            raise InputError("The training cases hold one slice in all; two are needed at least.")

    def __len__(self) -> int:
        return len(self._labels)

    def order(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Return the order of the slices in an epoch."""
        return np.random.default_rng([seed, epoch]).permutation(len(self))

    def steps(self, batch_size: int) -> int:
        """Return the number of batches in an epoch."""
        return len(_chunks(np.arange(len(self)), batch_size))

    def batches(
        self, seed: int, epoch: int, batch_size: int, *, maps: MapOptions | None, start: int = 0
    ) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on, with these maps or without."""
        for chosen in _chunks(self.order(seed, epoch), batch_size)[start:]:
            yield self._batch(chosen, maps)

    def _batch(self, chosen: NDArray[np.int64], maps: MapOptions | None) -> Batch:
        labels = torch.from_numpy(self._labels[chosen].astype(np.int64))
        onehot = torch.nn.functional.one_hot(labels, self._n_classes).movedim(-1, 1).float()
        sdm = torch.from_numpy(self._maps(chosen, maps)) if maps else None
        spacing, options = [self._spacing[i] for i in chosen], maps or MapOptions()
        image = torch.from_numpy(self._images[chosen])[:, None]
        return Batch(image, Target(labels, onehot, sdm, spacing, self._frequencies, options))

    def _maps(self, chosen: NDArray[np.int64], maps: MapOptions) -> NDArray[np.float32]:
        classes = range(self._n_classes)
        return np.stack(
            [loss_maps(self._labels[i], self._spacing[i], classes, maps) for i in chosen]
        )


def _chunks(order: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Return `order` in near-equal parts, none larger than a batch.

    A short last batch instead, of one slice perhaps, would upset BatchNorm.
    """
    return np.array_split(order, -(-len(order) // batch_size))


def _median_size(images: Sequence[NDArray[np.float32]]) -> tuple[int, int]:
    rows, columns = np.median([i.shape[-2:] for i in images], axis=0)
    return int(rows), int(columns)


def round_up(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Return rows and columns raised to the next multiple."""
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple
