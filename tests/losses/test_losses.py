"""The losses against tables worked by hand, gradcheck, MONAI and the identities of the paper."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import log
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from monai.losses import (
    DiceLoss,
    FocalLoss,
    GeneralizedDiceLoss,
    HausdorffDTLoss,
    TverskyLoss,
)
from numpy.typing import NDArray
from torch import Tensor

from segstudio.core.distance import signed_distance
from segstudio.core.labels import onehot
from segstudio.core.leaks import leak_map
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import LOSSES, module_of
from segstudio.losses.target import Target

INF = float("inf")


def target_of(labels: NDArray[Any], n_classes: int, dtype: torch.dtype = torch.float32) -> Target:
    """Return the target of a batch of label images ``(N, Y, X)``."""
    classes = range(n_classes)
    maps = [signed_distance(one, (1.0,) * one.ndim, classes=classes) for one in labels]
    masks = np.stack([onehot(one, n_classes) for one in labels])
    counts = np.bincount(labels.ravel(), minlength=n_classes)
    return Target(
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(masks).to(dtype),
        torch.from_numpy(np.stack(maps)).to(dtype),
        [(1.0,) * (labels.ndim - 1)] * len(labels),
        torch.from_numpy(counts / counts.sum()).to(dtype),
    )


def loss_of(text: str) -> Callable[..., Tensor]:
    """Return the function of a loss with its options."""
    (part,) = parse_loss(text).parts
    return partial(module_of(part.name).loss, **part.options)


def two_class_line(*foreground: list[float]) -> Tensor:
    """Return log-probabilities (N, 2, 1, 4) from foreground probabilities."""
    s = torch.tensor(foreground, dtype=torch.float64)[:, None, None]
    return torch.cat([1 - s, s], dim=1).log()


LABELS = hnp.arrays(np.int64, (2, 4, 3), elements=st.integers(0, 2))
LOGITS = hnp.arrays(np.float64, (2, 3, 4, 3), elements=st.floats(-8, 8))
COMMON = settings(max_examples=40, deadline=None)

# Four voxels in a line, labels 0 0 1 1, spacing 1: the map of class 1 is φ = 2 1 −1 −2, that of
# class 0 its negative. So φ_t = 0 0 1 2 and φ_bg = 2 1 0 0 for class 1. s is class 1's probability:
# some of each, even everywhere, perfect, and empty. For class 1 of the first,
# T = 1 · .75 + 2 · .5 = 1.75; FP = 2 · .25 + 1 · .25 = .75; FN = 1 · .25 + 2 · .5 = 1.25; F = 2.
# For class 0, T = 2 · .75 + 1 · .75 = 2.25; FP = 1 · .25 + 2 · .5 = 1.25; FN = .75; F = 2.
LINE = np.array([[[0, 0, 1, 1]]])
SOME, EVEN, PERFECT, EMPTY = [0.25, 0.25, 0.75, 0.5], [0.5] * 4, [0.0, 0, 1, 1], [0.0] * 4
AS_PRINTED = "modified-boundary(share=0, classes=foreground, reduction=one)"
LN2, LN43 = log(2), log(4 / 3)  # −log of a half and of three quarters
TABLE = {
    "cross-entropy": [
        (SOME, (3 * LN43 + LN2) / 4),
        (EVEN, LN2),
        (PERFECT, 0.0),
        (EMPTY, INF),
    ],
    # Half of the voxels are of each class here, so both weigh 2.
    "weighted-cross-entropy": [
        (SOME, (2 * 2 * LN43 + 2 * (LN43 + LN2)) / 8),
        (EVEN, LN2),
        (PERFECT, 0.0),
        (EMPTY, INF),
    ],
    "focal": [
        (SOME, (3 * 0.25**2 * LN43 + 0.5**2 * LN2) / 4),
        (EVEN, 0.25 * LN2),
        (PERFECT, 0.0),
        (EMPTY, INF),
    ],
    "dice": [
        # Σpg = .75 + .5 = 1.25; Σp² = 2 · .0625 + .5625 + .25 = .9375; Σg² = 2
        (SOME, 1 - 2 * 1.25 / (0.9375 + 2)),
        (EVEN, 1 - 2 * 1 / (1 + 2)),
        (PERFECT, 0.0),
        (EMPTY, 1.0),
    ],
    # Both classes have two voxels, so both weigh a quarter, which cancels.
    "generalised-dice": [
        # Σpg = 1.25 and .75 + .75; Σp = 1.75 and 2.25; Σg = 2 and 2
        (SOME, 1 - 2 * 2.75 / (4 + 4)),
        (EVEN, 1 - 2 * 2 / (4 + 4)),
        (PERFECT, 0.0),
        (EMPTY, 1 - 2 * 2 / (4 + 4)),
    ],
    "tversky": [
        # TP = 1.25; FP = .25 + .25; FN = .25 + .5
        (SOME, 1 - 1.25 / (1.25 + 0.3 * 0.5 + 0.7 * 0.75)),
        (EVEN, 1 - 1 / (1 + 0.3 * 1 + 0.7 * 1)),
        (PERFECT, 0.0),
        (EMPTY, 1.0),
    ],
    "focal-tversky": [
        (SOME, (1 - 1.25 / 1.925) ** 0.75),
        (EVEN, 0.5**0.75),
        (PERFECT, 0.0),
        (EMPTY, 1.0),
    ],
    "boundary": [
        # class 1: 2 · .25 + 1 · .25 − 1 · .75 − 2 · .5 = −1
        # class 0: −2 · .75 − 1 · .75 + 1 · .25 + 2 · .5 = −1; the mean is over 8 numbers
        (SOME, -2 / 8),
        (EVEN, 0.0),
        (PERFECT, (-3 - 3) / 8),
        # class 1 gives 0, class 0 gives −2 − 1 + 1 + 2 = 0
        (EMPTY, 0.0),
    ],
    # Σ φ_t = 3 for both classes, so ε = 1 + 3.
    "modified-boundary": [
        (SOME, -(1.75 + 2.25) / (2 + 4) / 2),
        (EVEN, -1.5 / (1.5 + 1.5 + 4)),
        (PERFECT, -3 / (0 + 0 + 4)),
        # class 1: T = 0; class 0: T = 3, F = 3
        (EMPTY, -3 / (3 + 4) / 2),
    ],
    AS_PRINTED: [
        (SOME, -1.75 / (2 + 1)),
        (EVEN, -1.5 / (1.5 + 1.5 + 1)),
        (PERFECT, -3 / (0 + 0 + 1)),
        (EMPTY, 0 / (0 + 3 + 1)),
    ],
    "modified-boundary-log": [
        (SOME, (log(3 / 2.75) + log(3 / 3.25)) / 2),
        (EVEN, log(4 / 2.5)),
        (PERFECT, -log(4)),
        # class 1: T = 0, F = 3; class 0: T = 3, F = 3
        (EMPTY, (log(4 / 1) + log(4 / 4)) / 2),
    ],
    "modified-boundary-jaccard": [
        (SOME, -(log(2.75 / 4.75) + log(3.25 / 5.25)) / 2),
        (EVEN, -log(2.5 / 5.5)),
        (PERFECT, 0.0),
        (EMPTY, -(log(1 / 4) + log(4 / 7)) / 2),
    ],
    "modified-boundary-pointwise": [
        # third voxel: .75 / (.25 + 1); fourth: 1 / (1 + 1)
        (SOME, -(0.6 + 0.5) / 4),
        (EVEN, -(0.5 / 1.5 + 1 / 2) / 4),
        (PERFECT, -(1 / 1 + 2 / 1) / 4),
        (EMPTY, 0.0),
    ],
    "hausdorff-dt": [
        # predicted is the third voxel alone: D_S = 2 1 1 1 beside D_G = 2 1 1 2
        (SOME, (0.0625 * (8 + 2 + 2) + 0.25 * 5) / 4),
        # no voxel is above a half: D_S = 0
        (EVEN, 0.25 * (4 + 1 + 1 + 4) / 4),
        (PERFECT, 0.0),
        (EMPTY, (1 + 4) / 4),
    ],
    "boundary-aware": [
        # Joints: .75² + .25² = .625, 2 · .75 · .25 = .375, (.25 + .75) / 2 = .5; the regions meet
        # at the middle one, so its two voxels weigh 1 + 10 · .375.
        (SOME, (LN43 + 4.75 * 2 * LN43 + LN2) / 4),
        # All joints are .5, and the one between the regions comes last.
        (EVEN, LN2 * (1 + 1 + 6 + 6) / 4),
        (PERFECT, 0.0),
        (EMPTY, INF),
    ],
}
ROWS = [(name, s, value) for name, rows in TABLE.items() for s, value in rows]


def test_every_loss_has_a_table() -> None:
    assert set(TABLE) == {*LOSSES, AS_PRINTED}


@pytest.mark.parametrize(("name", "s", "value"), ROWS)
def test_a_loss_has_the_value_worked_by_hand(name: str, s: list[float], value: float) -> None:
    target = target_of(LINE, 2, torch.float64)
    found = loss_of(name)(two_class_line(s), target).item()
    assert found == pytest.approx(value, abs=1e-5)


def test_the_ratio_is_taken_after_summing_over_the_batch() -> None:
    # The first row of the table and a perfect image: −(1.75 + 3) / (.75 + 1.25 + 1).
    s = two_class_line([0.25, 0.25, 0.75, 0.5], [0, 0, 1, 1])
    target = target_of(np.concatenate([LINE, LINE]), 2, torch.float64)
    found = loss_of(AS_PRINTED)(s, target).item()
    assert found == pytest.approx(-4.75 / 3)


def test_dice_of_two_empty_masks_is_zero() -> None:
    nothing = target_of(np.zeros((1, 1, 4), int), 2, torch.float64)
    assert module_of("dice").loss(two_class_line([0, 0, 0, 0]), nothing).item() == 0


# The leak is a constant to its gradient, and to no finite difference.
@pytest.mark.parametrize("name", [n for n in LOSSES if n != "boundary-aware"])
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    rng = np.random.default_rng(0)
    target = target_of(rng.integers(0, 3, (2, 3, 4)), 3, torch.float64)
    logits = torch.from_numpy(rng.normal(size=(2, 3, 3, 4))).requires_grad_()
    loss = module_of(name).loss
    assert torch.autograd.gradcheck(lambda x: loss(x.log_softmax(1), target), logits)


def one_voxel() -> NDArray[Any]:
    labels = np.zeros((1, 5, 6), int)
    labels[0, 2, 3] = 1
    return labels


IMAGES = {
    "only background": np.zeros((1, 5, 6), int),
    "a class that fills the image": np.ones((1, 5, 6), int),
    "one voxel": one_voxel(),
    "all classes": np.arange(30).reshape(1, 5, 6) % 3,
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("scale", [1.0, 50.0, -50.0])
def test_value_and_gradient_are_finite(name: str, image: str, scale: float) -> None:
    target = target_of(IMAGES[image], 3)
    noise = torch.randn(1, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    # At ±50 every voxel is surely right, or surely wrong.
    logits = noise if scale == 1 else scale * (2 * target.onehot - 1)
    logits.requires_grad_()
    loss, _ = Criterion(name)(logits, target)
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", [*LOSSES, AS_PRINTED])
def test_a_volume_is_a_stack_of_its_planes_to_a_loss_that_has_plane_maps(name: str) -> None:
    # With the maps of the planes, a volume of one plane has the value of that plane.
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, (2, 5, 6))
    flat = target_of(labels, 3)
    logits = torch.from_numpy(rng.normal(size=(2, 3, 5, 6)).astype(np.float32))
    deep = replace(
        flat,
        labels=flat.labels[:, None],
        onehot=flat.onehot[:, :, None],
        sdm=flat.maps[:, :, None],
        spacing=[(3.0, 1.0, 1.0)] * 2,
    )
    in_plane, _ = Criterion(name)(logits, flat)
    in_volume, _ = Criterion(name)(logits[:, :, None], deep)
    assert in_volume.item() == pytest.approx(in_plane.item(), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_a_volume_has_a_gradient_everywhere_finite(name: str) -> None:
    labels = np.random.default_rng(7).integers(0, 3, (2, 4, 5, 6))
    logits = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss, _ = Criterion(name)(logits, target_of(labels, 3))
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad.abs().max() > 0


EXTREMES = [
    "focal(gamma=1)",
    "focal-tversky(gamma=1)",
    "focal-tversky(gamma=9, epsilon=1e-9)",
    "tversky(alpha=0, beta=0)",
    "generalised-dice(epsilon=1e-9)",
    "modified-boundary(epsilon=1e-9, share=0)",
    "modified-boundary-log(epsilon=1e-9)",
    "modified-boundary-jaccard(epsilon=1e-9)",
    "modified-boundary-pointwise(epsilon=1e-9)",
    "hausdorff-dt(alpha=0)",
    "boundary-aware(strength=0)",
]


@pytest.mark.parametrize("text", EXTREMES)
@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("scale", [1.0, 50.0, -50.0])
def test_value_and_gradient_are_finite_at_the_least_options(
    text: str, image: str, scale: float
) -> None:
    test_value_and_gradient_are_finite(text, image, scale)


def test_false_negatives_that_a_difference_would_lose_still_count() -> None:
    # A logit of 20 on either side: 1 − s is 0 in float32, and truly 2·10⁻⁹.
    logits = torch.tensor([[[[10.0, 10, -10, -10]], [[-10.0, -10, 10, 10]]]])
    loss, _ = Criterion(AS_PRINTED.replace("share", "epsilon=1e-9, share"))(
        logits, target_of(LINE, 2)
    )
    rest = 1 / (1 + np.exp(20.0))
    # T = 3 and F = (2 + 1 + 1 + 2) · 1.06·10⁻⁹ …
    assert loss.item() == pytest.approx(-3 / (6 * rest + 1e-9), rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_of_the_foreground_classes_does_not_matter(name: str) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, (2, 5, 6))
    logits = torch.from_numpy(rng.normal(size=(2, 4, 5, 6)).astype(np.float32))
    order = [0, 3, 1, 2]  # class 3 becomes class 1
    first, _ = Criterion(name)(logits, target_of(labels, 4))
    second, _ = Criterion(name)(logits[:, order], target_of(np.argsort(order)[labels], 4))
    assert second.item() == pytest.approx(first.item(), rel=1e-5)


@pytest.mark.parametrize("reduction", ["sample", "class", "one"])
@pytest.mark.parametrize("classes", ["all", "foreground"])
@pytest.mark.parametrize(
    "name", ["modified-boundary", "modified-boundary-log", "modified-boundary-jaccard"]
)
def test_every_reduction_has_the_gradient_of_finite_differences(
    name: str, classes: str, reduction: str
) -> None:
    rng = np.random.default_rng(3)
    target = target_of(rng.integers(0, 3, (2, 3, 4)), 3, torch.float64)
    logits = torch.from_numpy(rng.normal(size=(2, 3, 3, 4))).requires_grad_()
    loss = partial(module_of(name).loss, classes=classes, reduction=reduction)
    assert torch.autograd.gradcheck(lambda x: loss(x.log_softmax(1), target), logits)


def test_the_boundary_aware_gradient_takes_the_leak_as_it_is() -> None:
    rng = np.random.default_rng(4)
    target = target_of(rng.integers(0, 2, (1, 4, 5)), 3, torch.float64)
    logits = torch.from_numpy(rng.normal(size=(1, 3, 4, 5))).requires_grad_()
    module_of("boundary-aware").loss(logits.log_softmax(1), target).backward()
    probs = logits.detach().softmax(1)
    depth = (-target.maps * target.onehot).sum(1)
    leak = torch.from_numpy(leak_map(probs[0].numpy(), target.labels[0].numpy(), depth[0].numpy()))
    expected = (1 + 10 * leak) * (probs - target.onehot) / leak.numel()
    assert leak.max() > 0.1
    assert logits.grad is not None
    assert torch.allclose(logits.grad, expected)


def monai_twin(name: str) -> Callable[[Tensor, Target], Tensor]:
    """Return MONAI's loss of the same definition, of probabilities and a target."""
    smooth = {"smooth_nr": 1e-5, "smooth_dr": 1e-5}
    dice = DiceLoss(include_background=False, squared_pred=True, batch=True, **smooth)
    # Its weights are as small as the image is large, beside which any ε is not: so none here.
    generalised = GeneralizedDiceLoss(smooth_nr=0.0, smooth_dr=0.0)
    tversky = TverskyLoss(include_background=False, alpha=0.3, beta=0.7, batch=True, **smooth)
    # Its mean is over classes too, of which one a voxel counts; so the sum over them is taken.
    focal = FocalLoss(gamma=2.0, use_softmax=True, reduction="none")
    hausdorff = HausdorffDTLoss(alpha=2.0)
    return {
        "dice": lambda p, t: dice(p, t.onehot),
        "generalised-dice": lambda p, t: generalised(p, t.onehot),
        "tversky": lambda p, t: tversky(p, t.onehot),
        "focal": lambda p, t: focal(p.log(), t.onehot).sum(1).mean(),
        "hausdorff-dt": lambda p, t: hausdorff(p, t.onehot),
    }[name]


@pytest.mark.parametrize("image", ["only background", "one voxel", "all classes"])
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("name", ["dice", "generalised-dice", "tversky", "focal", "hausdorff-dt"])
def test_a_loss_equals_monais(name: str, n: int, image: str) -> None:
    target = target_of(np.repeat(IMAGES[image], n, axis=0), 3)
    logits = 3 * torch.randn((n, 3, 5, 6), generator=torch.Generator().manual_seed(2))
    options = {"epsilon": 0.0} if name == "generalised-dice" else {}
    found = module_of(name).loss(logits.log_softmax(1), target, **options).item()
    expected = monai_twin(name)(logits.softmax(1), target).item()
    assert found == pytest.approx(expected, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("size", [32, 512])
def test_generalised_dice_of_a_wrong_mask_is_one_whatever_the_size(size: int) -> None:
    labels = np.zeros((1, size, size), int)
    labels[:, : size // 2] = 1
    wrong = torch.from_numpy(40.0 * (onehot(labels[0], 2)[None] == 0))
    loss, _ = Criterion("generalised-dice")(wrong, target_of(labels, 2))
    assert loss.item() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", ["dice", "generalised-dice", "tversky", "focal-tversky"])
@COMMON
@given(LABELS, LOGITS)
def test_a_loss_from_0_to_1_stays_there(
    name: str, labels: NDArray[Any], logits: NDArray[Any]
) -> None:
    loss, _ = Criterion(name)(torch.from_numpy(logits * 10), target_of(labels, 3))
    assert -1e-6 <= loss.item() <= 1 + 1e-6


@COMMON
@given(LABELS, LOGITS)
def test_the_modified_boundary_loss_is_not_below_minus_one(
    labels: NDArray[Any], logits: NDArray[Any]
) -> None:
    loss, _ = Criterion("modified-boundary")(torch.from_numpy(logits * 10), target_of(labels, 3))
    assert loss.item() >= -1


@pytest.mark.parametrize("shape", [{}, {"root": True}, {"cap": 1.0}, {"pieces": "equal depth"}])
def test_hausdorff_measures_the_prediction_as_the_truth(shape: dict[str, Any]) -> None:
    options = MapOptions(**shape)
    masks = np.zeros((2, 1, 6, 9), int)
    masks[0, :, 1:5, 1:4] = masks[1, :, 2:5, 3:8] = masks[1, :, 0, 8] = 1
    values = []
    for truth, other in (masks, masks[::-1]):
        maps = loss_maps(truth[0], (1.0, 2.0), [0, 1], options)[None]
        target = replace(
            target_of(truth, 2), sdm=torch.from_numpy(maps), spacing=[(1.0, 2.0)], options=options
        )
        sure = torch.from_numpy(80.0 * onehot(other[0], 2)[None])
        values.append(Criterion("hausdorff-dt")(sure, target)[0].item())
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_class_that_fills_the_image_has_no_hausdorff_distance_of_its_own() -> None:
    # MONAI measures to a voxel outside of the image there.
    full = target_of(IMAGES["a class that fills the image"], 3, torch.float64)
    even = torch.full((1, 3, 5, 6), 1 / 3, dtype=torch.float64).log()
    assert module_of("hausdorff-dt").loss(even, full).item() == 0


def halves(target: Target) -> tuple[Tensor, Tensor]:
    """Return φ_t and φ_bg of the foreground classes."""
    return (-target.maps[:, 1:]).clamp(min=0), target.maps[:, 1:].clamp(min=0)


def with_maps(target: Target, maps: Tensor) -> Target:
    return replace(target, sdm=maps)


@COMMON
@given(LABELS, LOGITS)
def test_true_positives_and_false_negatives_add_up_to_the_target(
    labels: NDArray[Any], logits: NDArray[Any]
) -> None:
    target = target_of(labels, 3, torch.float64)
    log_s = torch.from_numpy(logits).log_softmax(1)
    phi_t, _ = halves(target)
    assume(phi_t.sum() > 0)
    # Without φ_bg there is no false positive: the loss is −T / (FN + 1).
    inside_only = with_maps(target, target.maps.clamp(max=0))
    value = loss_of(AS_PRINTED)(log_s, inside_only).item()
    true_positive = (phi_t * log_s[:, 1:].exp()).sum().item()
    false_negative = -true_positive / value - 1
    assert true_positive + false_negative == pytest.approx(phi_t.sum().item())


@COMMON
@given(LABELS, LOGITS)
def test_the_boundary_loss_counts_false_positives_and_false_negatives(
    labels: NDArray[Any], logits: NDArray[Any]
) -> None:
    target = target_of(labels, 3, torch.float64)
    log_s = torch.from_numpy(logits).log_softmax(1)
    s = log_s[:, 1:].exp()
    phi_t, phi_bg = halves(target)
    false_positive, false_negative = (phi_bg * s).sum(), (phi_t * (1 - s)).sum()
    # Background's own map is set aside: the identity is told of the foreground classes.
    maps = target.maps.clone()
    maps[:, 0] = 0
    summed = module_of("boundary").loss(log_s, with_maps(target, maps)) * maps.numel()
    expected = false_positive + false_negative - phi_t.sum()
    assert summed.item() == pytest.approx(expected.item(), abs=1e-9)


@COMMON
@given(LABELS, LOGITS)
def test_the_modified_boundary_loss_is_never_above_zero(
    labels: NDArray[Any], logits: NDArray[Any]
) -> None:
    for name in ("modified-boundary", AS_PRINTED):
        loss, _ = Criterion(name)(torch.from_numpy(logits * 10), target_of(labels, 3))
        assert loss.item() <= 0


# The weights of these two follow the prediction, and may rise elsewhere.
@pytest.mark.parametrize("name", [n for n in LOSSES if n not in ("hausdorff-dt", "boundary-aware")])
@COMMON
@given(LABELS, LOGITS, st.integers(0, 23), st.floats(0.1, 5))
def test_no_loss_rises_as_a_voxel_is_corrected(
    name: str, labels: NDArray[Any], logits: NDArray[Any], voxel: int, push: float
) -> None:
    target = target_of(labels, 3, torch.float64)
    image, row, column = np.unravel_index(voxel, labels.shape)
    better = logits.copy()
    better[image, labels[image, row, column], row, column] += push
    before, after = (
        module_of(name).loss(torch.from_numpy(x).log_softmax(1), target).item()
        for x in (logits, better)
    )
    assert after <= before + 1e-9 * abs(before)


def test_the_modified_boundary_loss_leaves_the_trap_where_the_boundary_loss_falls_in() -> None:
    # The worked example of THEORY: 5 target and 20 background voxels, all at s = 0.02.
    maps = torch.full((1, 2, 1, 25), 1.0, dtype=torch.float64)
    maps[:, 1, :, :5] = -1
    maps[:, 0] = 0
    target = Target(torch.zeros(1, 1, 25, dtype=torch.long), torch.zeros_like(maps), maps)
    pulls = {}
    for name in ("boundary", "modified-boundary"):
        logits = torch.zeros_like(maps)
        logits[:, 1] = np.log(0.02 / 0.98)
        logits.requires_grad_()
        module_of(name).loss(logits.log_softmax(1), target).backward()
        assert logits.grad is not None
        pulls[name] = logits.grad[:, 1].sum().item()
    assert pulls["boundary"] > 0 > pulls["modified-boundary"]
