"""Voxels that are to be ignored are seen by no loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from segstudio.core.labels import IGNORED, onehot
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import options_of, parse_loss
from segstudio.losses.lens import loss_lens
from segstudio.losses.registry import LOSSES
from segstudio.losses.target import Target

REDUCED = [
    f"{name}(reduction={how})"
    for name in LOSSES
    if "reduction" in options_of(name)
    for how in ("sample", "class", "one")
]
BOTH = [
    f"{name}(classes={which})"
    for name in LOSSES
    if "classes" in options_of(name)
    for which in ("all", "foreground")
]
ALL = [*LOSSES, *REDUCED, *BOTH, "0.5*dice + cross-entropy", "dice + 0.01*boundary, growing"]
# Measures the prediction, which ends where the ignored voxels begin, and not at an image's edge.
OWN_MEASURE = "hausdorff-dt"
K, ROWS = 3, 6  # rows that count where whole rows are ignored


def labels_of(ndim: int = 2) -> np.ndarray:
    """Return two label images of three classes in blocks, ``(2, 9, 7)`` or ``(2, 9, 7, 4)``."""
    rng = np.random.default_rng(ndim)
    coarse = rng.integers(0, K, (2, 3, 4, *(2,) * (ndim - 2)))
    return np.kron(coarse, np.ones((1, 3, 2, *(2,) * (ndim - 2)), int))[:, :, :7].astype(np.uint8)


def target_of(labels: np.ndarray, loss: str) -> Target:
    """Return the target of label images, some `IGNORED`, with the maps that a loss is given."""
    options = parse_loss(loss).maps or MapOptions()
    spacing = (1.0, 2.0, 1.5)[: labels.ndim - 1]
    ignored = labels == IGNORED
    maps = np.stack([loss_maps(one, spacing, range(K), options) for one in labels])
    maps[np.broadcast_to(ignored[:, None], maps.shape)] = 0
    return Target(
        torch.from_numpy(np.where(ignored, 0, labels).astype(np.int64)),
        torch.from_numpy(np.stack([onehot(one, K) for one in labels])).float(),
        torch.from_numpy(maps),
        [spacing] * len(labels),
        torch.tensor([0.5, 0.2, 0.3]),
        options,
        torch.from_numpy(ignored) if ignored.any() else None,
    )


def scattered(ndim: int = 2) -> np.ndarray:
    labels = labels_of(ndim)
    labels[np.random.default_rng(7).random(labels.shape) < 0.3] = IGNORED
    return labels


def logits_for(target: Target, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(target.onehot.shape, generator=generator)


def value_and_gradient(loss: str, logits: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    given = logits.clone().requires_grad_()
    value, _ = Criterion(loss)(given, target, epoch=3)
    (gradient,) = torch.autograd.grad(value, given)
    return value.detach(), gradient


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("loss", ALL)
def test_logits_in_ignored_voxels_change_nothing_and_are_not_pulled(loss: str, ndim: int) -> None:
    target = target_of(scattered(ndim), loss)
    where = target.ignored[:, None].expand_as(target.onehot)
    logits = logits_for(target)
    value, gradient = value_and_gradient(loss, logits, target)
    assert torch.isfinite(value)
    assert not gradient[where].any()
    assert gradient[~where].abs().max() > 0

    for others in (logits_for(target, seed=1), 50 * logits_for(target, seed=2)):
        changed = torch.where(where, others, logits)
        same_value, same_gradient = value_and_gradient(loss, changed, target)
        assert torch.equal(same_value, value)
        assert torch.equal(same_gradient, gradient)


@pytest.mark.parametrize("loss", [loss for loss in ALL if OWN_MEASURE not in loss])
def test_ignored_rows_are_as_if_they_were_cut_off(loss: str) -> None:
    labels = labels_of()
    labels[:, ROWS:] = IGNORED
    target = target_of(labels, loss)
    # Which of a region's equally deep voxels is found depends on the size of the image.
    uneven = 1 + 0.1 * torch.rand(target.maps.shape, generator=torch.Generator().manual_seed(4))
    target = replace(target, sdm=target.maps * uneven)
    cut = replace(
        target,
        labels=target.labels[:, :ROWS],
        onehot=target.onehot[:, :, :ROWS],
        sdm=target.maps[:, :, :ROWS],
        ignored=None,
    )
    logits = logits_for(target)
    value, gradient = value_and_gradient(loss, logits, target)
    expected, pull = value_and_gradient(loss, logits[:, :, :ROWS], cut)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient[:, :, :ROWS], pull, rtol=1e-4, atol=1e-7)


def test_a_loss_that_measures_the_prediction_measures_it_up_to_what_is_ignored() -> None:
    labels = np.zeros((1, 1, 5), np.uint8)
    labels[0, 0, 3:] = IGNORED
    target = replace(target_of(labels, OWN_MEASURE), spacing=[(1.0, 1.0)])
    logits = torch.full((1, K, 1, 5), -20.0)
    logits[:, 1] = 0.0
    value, _ = value_and_gradient("hausdorff-dt(alpha=1)", logits, target)
    # Class 1 is predicted on the three voxels that count, 3, 2 and 1 from where it ends; it and
    # class 2 are averaged over.
    torch.testing.assert_close(value, torch.tensor((3 + 2 + 1) / (2 * 3.0)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", ALL)
def test_without_ignored_voxels_all_is_as_it_would_be_without_the_mask(loss: str) -> None:
    target = target_of(labels_of(), loss)
    assert target.ignored is None
    none_ignored = replace(target, ignored=torch.zeros_like(target.labels, dtype=torch.bool))
    logits = logits_for(target)
    value, gradient = value_and_gradient(loss, logits, target)
    same_value, same_gradient = value_and_gradient(loss, logits, none_ignored)
    torch.testing.assert_close(same_value, value, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(same_gradient, gradient, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("loss", ALL)
def test_images_that_are_ignored_whole_pull_at_nothing(loss: str) -> None:
    target = target_of(np.full((2, 5, 4), IGNORED, np.uint8), loss)
    value, gradient = value_and_gradient(loss, logits_for(target), target)
    assert torch.isfinite(value)
    assert not gradient.any()


@pytest.mark.parametrize("loss", ALL)
def test_an_image_that_is_ignored_whole_leaves_the_others_their_pull(loss: str) -> None:
    labels = scattered()
    labels[1] = IGNORED
    target = target_of(labels, loss)
    _, gradient = value_and_gradient(loss, logits_for(target), target)
    assert torch.isfinite(gradient).all()
    assert not gradient[1].any()
    assert gradient[0].any()


@pytest.mark.parametrize("loss", ALL)
def test_the_lens_sees_nothing_in_ignored_voxels(loss: str) -> None:
    target = target_of(scattered(), loss)
    for wrt in ("value", "probs", "logits"):
        image = torch.from_numpy(loss_lens(loss, logits_for(target), target, wrt).image)
        assert torch.isfinite(image).all()
        assert not image[target.ignored[:, None].expand_as(image)].any()


def test_a_target_takes_what_it_ignores_along_to_a_device() -> None:
    target = target_of(scattered(), "dice")
    moved = target.to("meta")
    assert moved.ignored.device.type == "meta"
    assert target_of(labels_of(), "dice").to("meta").ignored is None
