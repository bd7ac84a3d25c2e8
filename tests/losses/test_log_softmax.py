"""The one log-softmax, against torch's."""

import pytest
import torch

from segstudio.losses.log_softmax import _LogSoftmax, log_softmax, probs_of

# Blocks are 2048 voxels long: whole ones, a part of one, and a single voxel.
SHAPES = [(2, 4, 1), (1, 2, 40, 30), (3, 5, 64, 32), (2, 3, 4, 5, 6), (1, 17, 50, 50)]


def noise(shape: tuple[int, ...], scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_it_is_the_logarithm_of_the_softmax(shape: tuple[int, ...], scale: float) -> None:
    logits = noise(shape, scale)
    expected = logits.double().log_softmax(1)
    found = log_softmax(logits)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=3e-7, atol=1e-6)
    torch.testing.assert_close(probs_of(found).double(), expected.exp(), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_its_gradient_is_that_of_torch(shape: tuple[int, ...]) -> None:
    logits, pull = noise(shape), torch.rand(shape, generator=torch.Generator().manual_seed(1))
    grads = []
    for softmax in (log_softmax, lambda x: x.log_softmax(1)):
        x = logits.clone().requires_grad_()
        (softmax(x) * pull).sum().backward()
        grads.append(x.grad)
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=2e-6)


def test_its_gradient_in_float64_is_that_of_finite_differences() -> None:
    x = noise((2, 3, 4)).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: _LogSoftmax.apply(z)[0], x)


def test_logits_that_lie_in_another_order_come_out_class_by_class() -> None:
    logits = noise((2, 4, 6, 8)).to(memory_format=torch.channels_last)
    found = log_softmax(logits)
    assert found.is_contiguous()
    torch.testing.assert_close(found, logits.log_softmax(1), rtol=3e-7, atol=1e-6)


def test_what_is_not_finite_stays_to_be_seen() -> None:
    logits = noise((1, 3, 40))
    logits[0, 1, 7] = float("nan")
    found = log_softmax(logits)[0]
    assert found[:, 7].isnan().all()
    assert torch.cat([found[:, :7], found[:, 8:]], 1).isfinite().all()


def test_a_class_far_below_the_others_has_a_probability_near_zero() -> None:
    logits = torch.tensor([[[0.0, 200.0], [-200.0, 0.0]]])
    found = log_softmax(logits)
    torch.testing.assert_close(found, logits.log_softmax(1))
    assert probs_of(found)[0, 1, 0] < 1e-37


def test_it_works_in_inference_mode() -> None:
    with torch.inference_mode():
        found = log_softmax(noise((1, 3, 5)))
        torch.testing.assert_close(probs_of(found), found.exp())


def test_probabilities_follow_what_is_changed_in_place() -> None:
    log_probs = log_softmax(noise((1, 3, 5)))
    before = probs_of(log_probs).clone()
    log_probs.mul_(0.5)
    torch.testing.assert_close(probs_of(log_probs), before.sqrt())


def test_probabilities_of_other_tensors_are_their_exponentials() -> None:
    log_probs = noise((1, 3, 5)).log_softmax(1)
    assert torch.equal(probs_of(log_probs), log_probs.exp())
