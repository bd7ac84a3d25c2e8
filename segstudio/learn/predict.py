"""From a trained network and a volume to labels on the volume's own grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.learn.batches import fit_plane, normalise, round_up
from segstudio.learn.checkpoint import load_checkpoint, load_weights
from segstudio.learn.device import Compute, compute_to_predict
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.unet import build_unet

PLANES_AT_ONCE = 8


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
    probs: NDArray[np.float32]


class Predictor:
    """A network ready to predict whole volumes, plane by plane.

    Parameters
    ----------
    model : module
        As placed on its device.
    compute : Compute
        Where it lives.
    classes : ClassTable
        What its channels mean.
    multiple : int
        What rows and columns are padded to.
    """

    def __init__(self, model: Any, compute: Compute, classes: ClassTable, multiple: int) -> None:
        self._model = model
        self._compute = compute
        self.classes = classes
        self._multiple = multiple

    def __call__(self, volume: Volume) -> Prediction:
        """Return the prediction for a volume, on its grid."""
        probs = np.concatenate(list(self._probs(volume)), axis=1)
        return Prediction(self.classes.to_values(probs.argmax(axis=0)), probs)

    def labels(self, volume: Volume) -> NDArray[np.int32]:
        """Return the predicted label values ``(Z, Y, X)``, without holding all probabilities."""
        indices = [probs.argmax(axis=0) for probs in self._probs(volume)]
        return self.classes.to_values(np.concatenate(indices))

    def logits(self, volume: Volume, plane: int) -> NDArray[np.float32]:
        """Return the network's output ``(K, Y, X)`` for one plane of a volume."""
        (logits,) = self._forward(self._padded(volume)[plane : plane + 1], volume)
        return np.asarray(logits)

    def _probs(self, volume: Volume) -> Iterator[NDArray[np.float32]]:
        """Yield the probabilities ``(K, z, Y, X)`` of a few planes at a time."""
        image = self._padded(volume)
        for start in range(0, len(image), PLANES_AT_ONCE):
            logits = self._forward(image[start : start + PLANES_AT_ONCE], volume)
            yield np.moveaxis(softmax(logits, axis=1), 1, 0)

    def _padded(self, volume: Volume) -> torch.Tensor:
        """Return the planes as the network takes them, ``(Z, 1, Y, X)``."""
        rows, columns = volume.data.shape[1:]
        padded = round_up((rows, columns), self._multiple)
        return torch.from_numpy(fit_plane(normalise(volume.data), padded))[:, None]

    def _forward(self, planes: torch.Tensor, volume: Volume) -> NDArray[np.float32]:
        """Return the logits of some planes, cut back to the volume's rows and columns."""
        rows, columns = volume.data.shape[1:]
        self._model.eval()
        with torch.inference_mode():
            logits: NDArray[np.float32] = (
                self._model(self._compute.image(planes)).float().cpu().numpy()
            )
        return fit_plane(logits, (rows, columns))


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
    model = build_unet(1, len(classes), config.base_channels, config.levels, config.seed)
    load_weights(model, state, path)
    return Predictor(compute.place(model), compute, classes, 2 ** (config.levels - 1))


def predict(run: str | Path, volume: Volume, device: str = "auto") -> Prediction:
    """Return what a run's best network says of a volume; see `Predictor` for many volumes."""
    return load_predictor(run, device)(volume)
