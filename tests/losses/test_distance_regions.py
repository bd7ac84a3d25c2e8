"""The sums that equation 3 is made of: kernel, whole-array operations and autograd agree."""

import pytest
import torch
from torch import Tensor

from segstudio.losses import distance_regions as regions
from segstudio.losses.distance_regions import distance_regions
from segstudio.losses.target import Target

# Blocks are 256 voxels long.
SHAPES = [(2, 3, 4, 5), (1, 2, 300), (2, 4, 8, 9, 10)]


def log_probs(shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Tensor:
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return (3 * noise).to(dtype).log_softmax(1)


def target(shape: tuple[int, ...]) -> Target:
    maps = 5 * torch.randn(shape, generator=torch.Generator().manual_seed(1)).round()
    return Target(torch.zeros(shape[0], *shape[2:]).long(), torch.zeros(shape), maps)


def by_autograd(log_s: Tensor, sdm: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return T, F and Σ φ_t of every sample and class as they are defined."""
    s, inside, outside = log_s.exp(), (-sdm).clamp(min=0), sdm.clamp(min=0)
    space = tuple(range(2, s.ndim))
    true, false = (inside * s).sum(space), (outside * s + inside * (1 - s)).sum(space)
    return true, false, inside.sum(space)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("first", [0, 1])
def test_kernel_and_whole_array_operations_agree(shape: tuple[int, ...], first: int) -> None:
    probs, maps = log_probs(shape).exp().flatten(2), target(shape).maps.double().flatten(2)
    weights = torch.rand(2, *shape[:2], dtype=torch.float64).unbind(0)
    for ours, plain in (
        (regions._sums_compiled(probs, maps, first), regions._sums(probs, maps, first)),
        (
            regions._pulls_compiled(probs, maps, first, *weights),
            regions._pulls(probs, maps, first, *weights),
        ),
    ):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_sums_and_their_gradient_are_those_of_the_definition(shape: tuple[int, ...]) -> None:
    truth = target(shape)
    found, grads = [], []
    for function in (
        lambda x: distance_regions(x, truth, "all", "sample"),
        lambda x: by_autograd(x, truth.maps.double()),
    ):
        x = log_probs(shape).requires_grad_()
        true, false, to_find = function(x)
        (true.square() + 3 * false).sum().backward()
        found.append((true, false, to_find))
        grads.append(x.grad)
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(grads[0], grads[1])


@pytest.mark.parametrize("classes", ["all", "foreground"])
def test_a_reduction_says_what_is_summed(classes: str) -> None:
    x, truth = log_probs((2, 3, 4, 5)), target((2, 3, 4, 5))
    sample, per_class, one = (
        distance_regions(x, truth, classes, r) for r in ("sample", "class", "one")
    )
    assert sample[0].shape == (2, 3 if classes == "all" else 2)
    torch.testing.assert_close(per_class, tuple(s.sum(0) for s in sample))
    torch.testing.assert_close(one, tuple(s.sum() for s in sample))


def test_float32_sums_of_two_million_voxels_keep_six_digits() -> None:
    shape = (1, 2, 1024, 1024)
    x, truth = log_probs(shape, torch.float32), target(shape)
    for ours, exact in zip(
        distance_regions(x, truth, "all", "sample"),
        by_autograd(x.double(), truth.maps.double()),
        strict=True,
    ):
        torch.testing.assert_close(ours.double(), exact, rtol=1e-6, atol=0)
