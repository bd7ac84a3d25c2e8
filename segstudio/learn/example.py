"""One sample of a case as a training shows it to its loss, and what was done to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.learn.augment import draw_intensity_changes
from segstudio.learn.batches import Batches
from segstudio.learn.case_store import CaseStore
from segstudio.learn.config import TrainConfig
from segstudio.learn.deformation import Deformation
from segstudio.learn.job_setup import batches_of, resolved
from segstudio.learn.network import Measured, patch_and_strides
from segstudio.learn.reading import add_prepared
from segstudio.learn.sampling import Sample

IN_MEMORY = 2**40  # bytes: one case is never put into a file


@dataclass(frozen=True, eq=False)
class Example:
    """What a loss is shown of a case.

    Attributes
    ----------
    image : ndarray of float32, shape (C, Y, X) or (C, Z, Y, X)
        As the network sees it.
    labels : ndarray of int, the image's shape without channels
        Class indices; 0 where they are ignored.
    maps : ndarray of float32, shape (K, …), or None
        Of each class; None where the loss is given none.
    spacing : tuple of float
        Along the axes of `labels`.
    words : tuple of str
        What was done, a sentence each.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.int64]
    maps: NDArray[np.float32] | None
    spacing: tuple[float, ...]
    words: tuple[str, ...]


def make_example(
    volume: Volume,
    labels: NDArray[np.int32],
    classes: ClassTable,
    config: TrainConfig,
    cases: Sequence[Measured] = (),
    *,
    plane: int = 0,
    number: int = 0,
) -> Example:
    """Return a sample of a case, as a training on this case alone would show it to its loss.

    Parameters
    ----------
    volume : Volume
        The image.
    labels : ndarray of int32, shape (Z, Y, X)
        Its label values.
    classes : ClassTable
        What they mean.
    config : TrainConfig
        The settings of the training.
    cases : sequence
        Shapes and spacings on the network's grid that decide the size of what it sees, where the
        settings do not; left out, those of this case.
    plane : int
        Which plane of the image, where the network sees planes.
    number : int
        Which example, from 0: the plane in epoch ``number + 1``, or a patch of those that the
        epochs go through.

    Raises
    ------
    InputError
        A label is of no class.
    """
    if config.ignore_label is not None:
        classes = classes.ignoring(config.ignore_label)
    store = CaseStore(IN_MEMORY)
    indices = classes.to_indices(labels, "The labels in view")
    add_prepared(store, "in view", volume, indices, config, len(classes))
    if cases:
        patch, strides = patch_and_strides(config, cases)
        config = config.model_copy(update={"patch_size": patch, "strides": strides})
    batches = batches_of(resolved(config, store), store, len(classes))
    sample, epoch = _sample(batches, plane * store[0].shape[0] // len(labels), number)
    batch = batches.batch([sample], epoch)
    maps, spacings = batch.target.sdm, batch.target.image_spacing
    return Example(
        batch.image[0].numpy(),
        batch.target.labels[0].numpy(),
        None if maps is None else maps[0].numpy(),
        tuple(spacings[0]),
        _words(volume, config, batches, sample, epoch),
    )


def _sample(batches: Batches, plane: int, number: int) -> tuple[Sample, int]:
    """Return a sample and its epoch: of planes the nearest to the one that is wished for."""
    if len(batches.sampler.patch) == 2:
        samples = batches.sampler.samples(number + 1)
        return min(samples, key=lambda s: abs(s.start[0] - plane)), number + 1
    epoch, place = divmod(number, len(batches.sampler))
    return batches.sampler.samples(epoch + 1)[place], epoch + 1


def _words(
    volume: Volume, config: TrainConfig, batches: Batches, sample: Sample, epoch: int
) -> tuple[str, ...]:
    """Return what was done to a sample."""
    case, size = batches.sampler.store[0], batches.sampler.patch
    own, unit = _times(volume.grid.spacing), volume.grid.unit
    resampled = f"Not resampled: {own} {unit}"
    if config.preparation.leaves(volume.grid):
        resampled = (
            "Not resampled: no true voxel size in its header, so the spacing does not touch it"
            if unit == "voxels"
            else f"Not rescaled: {own} {unit} in its header, which the spacing would change"
        )
    if case.shape != volume.grid.shape and unit == "voxels":
        resampled = f"Rescaled from {_times(volume.grid.shape)} to {_times(case.shape)} voxels"
    elif case.shape != volume.grid.shape:
        resampled = f"Resampled from {own} to {_times(case.spacing)} {unit}"
    where = f"plane {sample.start[0]}" if len(size) == 2 else f"a patch from voxel {sample.start}"
    whole = case.shape[3 - len(size) :]
    cut = f"all {_times(size)} voxels"
    if whole != size:
        cut = f"cut or padded from {_times(whole)} to {_times(size)} voxels"
    return (
        f"{resampled}. Intensities: {config.normalisation}.",
        f"Epoch {epoch}, {where}: {cut}.",
        _augmentation_words(batches, sample, epoch, unit),
    )


def _times(numbers: Sequence[float]) -> str:
    return " × ".join(f"{n:.3g}" if isinstance(n, float) else str(n) for n in numbers)


def _augmentation_words(batches: Batches, sample: Sample, epoch: int, unit: str) -> str:
    """Return what was drawn for a sample to be changed."""
    options = batches.augmentation
    if options is None:
        return "No augmentation is set."
    rng, deformation = batches.changes(sample, epoch)
    done = _deformation_words(deformation, batches.sampler.store[0].spacing, unit)
    kinds = ("shaded" * bool(options.bias), "another contrast" * bool(options.gamma), "noise")
    happens = draw_intensity_changes(rng, options)
    done += [kind for kind, drawn in zip(kinds, happens, strict=True) if drawn and kind]
    return f"Augmented: {', '.join(done)}." if done else "Augmented: by chance not at all."


def _deformation_words(deformation: Deformation, spacing: Sequence[float], unit: str) -> list[str]:
    """Return what a deformation does in plane: turns, sizes, shifts, mirrors, bends."""
    steps = np.asarray(spacing)[-2:]
    matrix = deformation.matrix[-2:, -2:] * (steps[:, None] / steps)
    mirrored = [name for name, d in zip(("rows", "columns"), np.diag(matrix), strict=True) if d < 0]
    sign = -1.0 if matrix[0, 0] < 0 else 1.0
    degrees = math.degrees(math.atan2(sign * matrix[1, 0], sign * matrix[0, 0]))
    zoom = 1 / math.sqrt(abs(np.linalg.det(matrix)))
    done = [f"turned by {abs(degrees):.0f}°"] if abs(degrees) >= 0.5 else []
    if abs(zoom - 1) >= 0.005:
        done.append(f"{'enlarged' if zoom > 1 else 'shrunk'} to {zoom:.0%}")
    if deformation.shift.any():
        done.append(f"shifted by {np.hypot(*(deformation.shift[-2:] * steps)):.1f} {unit}")
    done += [f"{name} mirrored" for name in mirrored]
    return [*done, "bent"] if deformation.control is not None else done
