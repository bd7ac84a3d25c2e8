"""What a loss sees, against the formulas of THEORY and finite differences."""

import numpy as np
import pytest
import torch

from segstudio.core.distance import signed_distance
from segstudio.core.errors import InputError
from segstudio.losses.criterion import Criterion
from segstudio.losses.lens import loss_lens
from segstudio.losses.registry import LOSSES
from segstudio.losses.target import Target


def target() -> Target:
    labels = np.random.default_rng(5).integers(0, 3, (2, 4, 5))
    onehot = torch.nn.functional.one_hot(torch.from_numpy(labels), 3).movedim(-1, 1)
    maps = np.stack([signed_distance(one, (1.0, 2.0), classes=range(3)) for one in labels])
    return Target(
        torch.from_numpy(labels),
        onehot.float(),
        torch.from_numpy(maps),
        [(1.0, 2.0)] * 2,
        torch.tensor([0.2, 0.3, 0.5]),
    )


def logits() -> torch.Tensor:
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", LOSSES)
def test_the_sums_are_those_of_the_image(name: str) -> None:
    seen, onehot = loss_lens(name, logits(), target()), target().onehot.numpy()
    assert seen.image.shape == logits().shape
    np.testing.assert_allclose(seen.on_target, (seen.image * onehot).sum((0, 2, 3)))
    np.testing.assert_allclose(seen.on_background, (seen.image * (1 - onehot)).sum((0, 2, 3)))


@pytest.mark.parametrize("name", LOSSES)
def test_the_value_is_that_of_the_loss(name: str) -> None:
    expected = Criterion(name)(logits(), target())[0].item()
    for wrt in ("value", "probs", "logits"):
        assert loss_lens(name, logits(), target(), wrt).loss == pytest.approx(expected, rel=1e-4)


def test_the_shares_of_the_boundary_loss_are_its_summands() -> None:
    seen = loss_lens("boundary", logits(), target(), "value")
    phi, s = target().maps.double(), logits().double().softmax(1)
    np.testing.assert_allclose(seen.image, (phi * s).numpy() / phi.numel(), rtol=1e-6)
    assert seen.image.sum() == pytest.approx(seen.loss)


def test_the_boundary_loss_pulls_a_missed_voxel_by_its_distance() -> None:
    empty = torch.zeros(2, 3, 4, 5)
    empty[:, 0] = 30.0
    seen = loss_lens("boundary", empty, target(), "probs")
    np.testing.assert_allclose(seen.image, target().maps.numpy() / 120, rtol=1e-6)


def test_the_modified_loss_pulls_as_its_derivative_says() -> None:
    phi, s = target().maps[:, 1:].double(), logits().double().softmax(1)[:, 1:]
    inside, outside = (-phi).clamp(min=0), phi.clamp(min=0)
    true = (inside * s).sum()
    false = (outside * s + inside * (1 - s)).sum()
    expected = (outside * true - inside * (true + false + 1)) / (false + 1) ** 2
    as_printed = "modified-boundary(share=0, classes=foreground, reduction=one)"
    seen = loss_lens(as_printed, logits(), target(), "probs")
    np.testing.assert_allclose(seen.image[:, 1:], expected.numpy(), rtol=1e-6, atol=1e-12)
    assert not seen.image[:, 0].any()


def test_the_pull_on_the_logits_is_that_of_finite_differences() -> None:
    seen = loss_lens("dice + 0.1*boundary", logits(), target(), "logits").image
    step, where = 1e-2, (1, 2, 3, 0)
    up, down = logits(), logits()
    up[where] += step
    down[where] -= step
    losses = [Criterion("dice + 0.1*boundary")(x, target())[0].item() for x in (up, down)]
    assert seen[where] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=2e-5)


def test_at_an_empty_prediction_the_boundary_loss_lets_go_where_the_modified_one_pulls() -> None:
    # The worked example of the paper's restatement: 5 target and 20 background voxels, s = 0.02.
    maps = torch.ones(1, 2, 1, 25)
    maps[:, 1, :, :5] = -1
    maps[:, 0] = 0
    onehot = torch.zeros(1, 2, 1, 25)
    onehot[:, 1, :, :5] = 1
    onehot[:, 0, :, 5:] = 1
    truth = Target(onehot[:, 1].long(), onehot, maps)
    flat = torch.zeros(1, 2, 1, 25)
    flat[:, 1] = np.log(0.02 / 0.98)
    boundary, modified = (
        loss_lens(name, flat, truth) for name in ("boundary", "modified-boundary")
    )
    pulls = [s.on_target[1] + s.on_background[1] for s in (boundary, modified)]
    assert pulls[0] > 0 > pulls[1]
    # By value its missed voxels add next to nothing; by probability they are pulled as any other.
    shares = loss_lens("boundary", flat, truth, "value").image[0, 1, 0]
    assert abs(shares[:5]).max() < 0.02
    by_probability = loss_lens("boundary", flat, truth, "probs").image[0, 1, 0]
    np.testing.assert_allclose(by_probability[:5], -by_probability[5:10])


def test_an_unknown_way_to_look_is_refused() -> None:
    with pytest.raises(InputError, match=r"not seen by 'prob'\. Did you mean 'probs'"):
        loss_lens("dice", logits(), target(), "prob")  # type: ignore[arg-type]
