"""From a trained network and a volume to labels on the volume's own grid."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import softmax

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Grid, Volume
from segstudio.learn.checkpoint import load_checkpoint, load_weights
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import Compute, compute_to_predict
from segstudio.learn.network import network, round_up, strides_of
from segstudio.learn.preparation import Preparation, fit
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.unet import multiples
from segstudio.learn.window import slide

PLANES_AT_ONCE = 8
WINDOWS_AT_ONCE = 2

Array = NDArray[np.float32]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class PredictOptions:
    """What is done beside one pass of the network.

    Attributes
    ----------
    flips : bool
        Whether to take the mean of the probabilities over the image and its mirror images along
        every axis that the network convolves: 4 passes in 2-D, 8 in 3-D.
    largest : bool
        Whether to keep of each class the largest connected piece only.
    """

    flips: bool = False
    largest: bool = False


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says of a volume.

    Attributes
    ----------
    labels : ndarray of int32, shape (Z, Y, X)
        Label values of the class table.
    probs : ndarray of float32, shape (K, Z, Y, X)
        Softmax probabilities.
    """

    labels: NDArray[np.int32]
    probs: Array

    @property
    def entropy(self) -> Array:
        """How undecided the network is, ``(Z, Y, X)``: 0 where it is sure, 1 at equal odds."""
        spread = -np.sum(self.probs * np.log(np.maximum(self.probs, 1e-12)), axis=0)
        shares: Array = (spread / np.log(len(self.probs))).astype(np.float32)
        return shares


class Predictor:
    """A network ready to predict whole volumes, plane by plane or in overlapping windows.

    Parameters
    ----------
    model : module
        As placed on its device.
    compute : Compute
        Where it lives.
    classes : ClassTable
        What its channels mean.
    preparation : Preparation
        What it is shown of an image.
    window : (int, int, int) or None
        What a 3-D network takes; None for a 2-D one, which takes whole planes.
    multiple : sequence of int
        What the axes of a plane or window are multiples of.
    channels : int
        What an image has to have.
    """

    def __init__(
        self,
        model: Any,
        compute: Compute,
        classes: ClassTable,
        preparation: Preparation,
        window: Sequence[int] | None,
        multiple: Sequence[int],
        channels: int = 1,
    ) -> None:
        self._model = model
        self._compute = compute
        self.classes = classes
        self.preparation = preparation
        self._window = window
        self._multiple = multiple
        self.channels = channels

    @property
    def sees_planes(self) -> bool:
        """Whether the network takes whole planes, and not windows of a volume."""
        return self._window is None

    def __call__(
        self,
        volume: Volume,
        options: PredictOptions = PredictOptions(),
        progress: Progress | None = None,
    ) -> Prediction:
        """Return the prediction for a volume, on its grid.

        Parameters
        ----------
        volume : Volume
            With as many channels as the network was trained on.
        options : PredictOptions
            Mirror images, clean-up.
        progress : callable, optional
            Told the share that is done, several times; an exception it raises ends the work.

        Raises
        ------
        InputError
            The volume has another number of channels.
        """
        image = self.preparation.image(volume)
        probs = np.concatenate(list(self._probs(image, options, progress)), axis=1)
        probs = self.preparation.back(probs, volume.grid)
        return Prediction(self._values(probs.argmax(axis=0), options), probs)

    def labels(
        self,
        volume: Volume,
        options: PredictOptions = PredictOptions(),
        progress: Progress | None = None,
    ) -> NDArray[np.int32]:
        """Return the predicted label values ``(Z, Y, X)``, without holding all probabilities."""
        image = self.preparation.image(volume)
        parts = self._probs(image, options, progress)
        if image.shape[1:] == volume.grid.shape:
            indices = np.concatenate([probs.argmax(axis=0) for probs in parts])
        else:
            probs = np.concatenate(list(parts), axis=1)
            indices = self.preparation.labels_back(probs, volume.grid)
        return self._values(indices, options)

    def logits(self, volume: Volume, plane: int) -> Array:
        """Return a 2-D network's output ``(K, Y, X)`` for one plane of a volume."""
        image = self.preparation.image(volume)
        self._check_channels(len(image))
        (planes,) = self._planes(image[:, plane : plane + 1], float(image.min()))
        return planes[:, 0]

    def grid_logits(self, image: Array) -> Array:
        """Return the output ``(K, Z, Y, X)`` for a prepared image ``(C, Z, Y, X)``."""
        self._check_channels(len(image))
        return np.concatenate(list(self._logits(image, float(image.min()), None)), axis=1)

    def values_of(self, logits: Array, grid: Grid) -> NDArray[np.int32]:
        """Return the label values on a grid for the output `grid_logits` of its image."""
        if logits.shape[1:] == grid.shape:
            return self.classes.to_values(logits.argmax(axis=0))
        probs = softmax(logits, axis=0)
        return self.classes.to_values(self.preparation.labels_back(probs, grid))

    def _values(self, indices: NDArray[np.intp], options: PredictOptions) -> NDArray[np.int32]:
        kept = _largest_pieces(indices, len(self.classes)) if options.largest else indices
        return self.classes.to_values(kept)

    def _probs(
        self, image: Array, options: PredictOptions, progress: Progress | None
    ) -> Iterator[Array]:
        """Yield the probabilities ``(K, z, Y, X)`` of some planes at a time, or of all."""
        self._check_channels(len(image))
        axes = (2, 3) if self._window is None else (1, 2, 3)
        flips, surround = _subsets(axes) if options.flips else [()], float(image.min())
        if self._window is None:
            for first in range(0, image.shape[1], PLANES_AT_ONCE):
                part = image[:, first : first + PLANES_AT_ONCE]
                yield self._mean_probs(part, flips, surround, None)
                if progress is not None:
                    progress(min(1.0, (first + PLANES_AT_ONCE) / image.shape[1]))
        else:
            yield self._mean_probs(image, flips, surround, progress)

    def _mean_probs(
        self,
        image: Array,
        flips: Sequence[tuple[int, ...]],
        surround: float,
        progress: Progress | None,
    ) -> Array:
        """Return the mean over mirror images of the probabilities ``(K, z, Y, X)``."""
        total: Array | None = None
        for number, axes in enumerate(flips):
            share = _part_of(progress, number, len(flips))
            mirrored = np.ascontiguousarray(np.flip(image, axes))
            (logits,) = self._logits(mirrored, surround, share)
            probs = np.flip(softmax(logits, axis=0), axes)
            total = probs if total is None else total + probs
        assert total is not None  # noqa: S101  (the image itself is one of the flips)
        return total / np.float32(len(flips)) if len(flips) > 1 else total

    def _logits(self, image: Array, surround: float, progress: Progress | None) -> Iterator[Array]:
        """Yield the output for an image, which is padded with its surround, as in training."""
        if self._window is None:
            yield from self._planes(image, surround)
        else:
            yield self._windows(image, surround, progress)

    def _planes(self, image: Array, surround: float) -> Iterator[Array]:
        """Yield the output ``(K, z, Y, X)`` for some planes of ``(C, Z, Y, X)`` at a time."""
        size = image.shape[2:]
        planes = np.moveaxis(fit(image, round_up(size, self._multiple), surround), 1, 0)
        for first in range(0, len(planes), PLANES_AT_ONCE):
            logits = self._forward(planes[first : first + PLANES_AT_ONCE])
            yield np.moveaxis(fit(logits, size), 1, 0)

    def _windows(self, image: Array, surround: float, progress: Progress | None) -> Array:
        """Return the output ``(K, Z, Y, X)``, blended from windows."""
        window = self._window or ()
        size = image.shape[1:]
        padded = fit(image, [max(n, w) for n, w in zip(size, window, strict=True)], surround)
        logits = slide(padded, window, self._forward, at_once=WINDOWS_AT_ONCE, progress=progress)
        return fit(logits, size)

    def _forward(self, images: Array) -> Array:
        # Not through the wrapper of several processes, which would wait for the others.
        bare = getattr(self._model, "module", self._model)
        bare.eval()
        with torch.inference_mode(), self._compute.fabric.autocast():
            image = self._compute.image(torch.from_numpy(np.ascontiguousarray(images)))
            logits: Array = bare(image).float().cpu().numpy()
        return logits

    def _check_channels(self, given: int) -> None:
        if given != self.channels:
            raise InputError(
                f"The network was trained on {self.channels} channel(s) and is given {given}. "
                "Give it the same sequences as in training, named NAME_0000, NAME_0001, …"
            )


def _subsets(axes: Sequence[int]) -> list[tuple[int, ...]]:
    return [s for n in range(len(axes) + 1) for s in itertools.combinations(axes, n)]


def _part_of(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return what tells the progress of one of several passes."""
    if progress is None:
        return None
    return lambda share: progress((number + share) / count)


def _largest_pieces(indices: NDArray[np.intp], n_classes: int) -> NDArray[np.intp]:
    """Return class indices with each class but background cut to its largest piece."""
    kept = np.zeros_like(indices)
    for value in range(1, n_classes):
        numbers, count = ndimage.label(indices == value)
        if count:
            sizes = np.bincount(numbers.ravel())[1:]
            kept[numbers == 1 + sizes.argmax()] = value
    return kept


def predictor_of(
    model: Any, compute: Compute, config: TrainConfig, classes: ClassTable, channels: int
) -> Predictor:
    """Return the predictor for a network of a run's settings."""
    window = config.patch_size if config.dimensions == 3 else None
    steps = multiples(strides_of(config))
    return Predictor(model, compute, classes, config.preparation, window, steps, channels)


def load_predictor(run: str | Path, device: str = "auto", *, newest: bool = False) -> Predictor:
    """Return the predictor of a run: its best checkpoint, or its last where no epoch ended.

    Parameters
    ----------
    run : path
        The run folder.
    device : str
        Where to compute, as in `TrainConfig`; not where the run was trained, perhaps on another
        machine. The precision is the run's own where the device has it.
    newest : bool
        Take the last checkpoint, to see how the training ended.

    Raises
    ------
    InputError
        The folder is not a run, or holds no checkpoint that can be read; or there is no such
        device.
    """
    folder = RunFolder.opened(Path(run))
    config, classes = folder.read_config()
    path = folder.last if newest or not folder.best.exists() else folder.best
    state = load_checkpoint(path)
    compute = compute_to_predict(config, device)
    channels = folder.read_channels()
    model = network(config, channels, len(classes))
    load_weights(model, state, path)
    return predictor_of(compute.place(model), compute, config, classes, channels)


def predict(run: str | Path, volume: Volume, device: str = "auto") -> Prediction:
    """Return what a run's best network says of a volume; see `Predictor` for many volumes."""
    return load_predictor(run, device)(volume)
