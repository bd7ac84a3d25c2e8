"""The U-Net."""

import pytest
import torch

from segstudio.learn.unet import UNet, build_unet


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_logits_have_the_image_s_size(levels: int) -> None:
    logits = UNet(2, 3, base=4, levels=levels)(torch.rand(2, 2, 32, 48))

    assert logits.shape == (2, 3, 32, 48)


def test_the_default_network_has_the_size_that_was_measured() -> None:
    parameters = sum(p.numel() for p in UNet(1, 4).parameters())

    assert parameters == pytest.approx(1.94e6, rel=0.01)


def test_every_parameter_gets_a_gradient() -> None:
    net = UNet(1, 3, base=4, levels=4)
    net(torch.rand(2, 1, 32, 32)).square().mean().backward()

    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_weights_depend_on_the_seed_and_leave_the_shared_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = build_unet(1, 2, 4, 3, seed=1), build_unet(1, 2, 4, 3, seed=1)
    other = build_unet(1, 2, 4, 3, seed=2)

    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.head.weight, second.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
