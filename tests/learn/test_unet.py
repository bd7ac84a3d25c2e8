"""The U-Net in two and three dimensions."""

import functools
from typing import Any

import pytest
import torch

from segstudio.learn.unet import (
    UNet,
    _InstanceNorm,
    _upsampled,
    build_unet,
    default_strides,
    multiples,
)

PLANES = ((2, 2), (2, 2))
VOLUMES = ((2, 2, 2), (2, 2, 2))
THICK_SLICES = ((1, 2, 2), (2, 2, 2))
NORMS = ("batch", "instance", "group")


def small(strides: tuple[tuple[int, ...], ...] = PLANES, **options: Any) -> UNet:
    return build_unet(1, 3, strides=strides, base=4, seed=0, **options)


def image(strides: tuple[tuple[int, ...], ...]) -> torch.Tensor:
    size = [4 * by for by in multiples(strides)]
    return torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_logits_have_the_image_s_size(levels: int) -> None:
    logits = UNet(2, 3, base=4, strides=((2, 2),) * (levels - 1))(torch.rand(2, 2, 32, 48))

    assert logits.shape == (2, 3, 32, 48)


@pytest.mark.parametrize("strides", [VOLUMES, THICK_SLICES, ((1, 2, 2), (1, 2, 2))])
def test_logits_have_the_volume_s_size(strides: tuple[tuple[int, ...], ...]) -> None:
    logits = UNet(2, 3, base=4, strides=strides)(torch.rand(2, 2, 4, 12, 8))

    assert logits.shape == (2, 3, 4, 12, 8)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("strides", [PLANES, THICK_SLICES])
def test_every_parameter_gets_a_gradient(strides: tuple[tuple[int, ...], ...], norm: str) -> None:
    net = small(strides, norm=norm, deep_supervision=True)
    sum(logits.square().mean() for logits in net(image(strides))).backward()

    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize(
    ("norm", "layer"),
    [
        ("batch", torch.nn.BatchNorm3d),
        ("instance", _InstanceNorm),
        ("group", torch.nn.GroupNorm),
    ],
)
def test_each_convolution_is_normalised_as_asked(norm: str, layer: type) -> None:
    layers = [m for m in small(VOLUMES, norm=norm).modules() if isinstance(m, layer)]

    assert len(layers) == 10
    assert all(m.weight is not None for m in layers)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_instances_are_normalised_as_torch_does_in_any_layout(layout: torch.memory_format) -> None:
    # In float64: in float32 the two differ by their order of summation.
    x = torch.randn(3, 4, 5, 6, 7, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    weights = torch.rand_like(x)
    layers = torch.nn.InstanceNorm3d(4, affine=True).double(), _InstanceNorm(4).double()
    expected, output = (layer(x) for layer in layers)
    gradients = [
        torch.autograd.grad((weights * layer(x)).sum(), [x, *layer.parameters()])
        for layer in layers
    ]

    assert output.is_contiguous(memory_format=layout)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(gradients[1], gradients[0])
    assert list(layers[0].state_dict()) == list(layers[1].state_dict())


def test_groups_fit_any_number_of_channels() -> None:
    net = build_unet(1, 2, strides=PLANES, base=6, norm="group", seed=0)
    groups = [m.num_groups for m in net.down.modules() if isinstance(m, torch.nn.GroupNorm)]

    assert groups == [2, 2, 4, 4, 8, 8]


def test_the_default_network_has_the_size_that_was_measured() -> None:
    parameters = sum(p.numel() for p in UNet(1, 4, strides=((2, 2),) * 4).parameters())

    assert parameters == 1_942_340


def test_checkpoints_from_before_there_were_volumes_still_load() -> None:
    widths = [16, 32, 64, 128, 256]
    expected: dict[str, tuple[int, ...]] = {}

    def double(name: str, inputs: int, outputs: int) -> None:
        for layer, channels in ((0, inputs), (3, outputs)):
            expected[f"{name}.{layer}.weight"] = (outputs, channels, 3, 3)
            for key in ("weight", "bias", "running_mean", "running_var"):
                expected[f"{name}.{layer + 1}.{key}"] = (outputs,)
            expected[f"{name}.{layer + 1}.num_batches_tracked"] = ()

    for i, (inputs, outputs) in enumerate(zip([1, *widths], widths, strict=False)):
        double(f"down.{i}", inputs, outputs)
    for i, width in enumerate([128, 64, 32, 16]):
        expected[f"upsample.{i}.weight"] = (2 * width, width, 2, 2)
        expected[f"upsample.{i}.bias"] = (width,)
    for i, width in enumerate([128, 64, 32, 16]):
        double(f"up.{i}", 2 * width, width)
    expected["head.weight"], expected["head.bias"] = (4, 16, 1, 1), (4,)
    state = UNet(1, 4, strides=((2, 2),) * 4).state_dict()

    assert list(state) == list(expected)
    assert {key: tuple(value.shape) for key, value in state.items()} == expected


def test_thick_slices_are_not_convolved_across_before_they_are_halved() -> None:
    net = small(((1, 2, 2), (1, 2, 2), (2, 2, 2)))

    assert [block[0].kernel_size for block in net.down] == [
        (1, 3, 3),
        (1, 3, 3),
        (3, 3, 3),
        (3, 3, 3),
    ]
    assert [block[3].kernel_size for block in net.up] == [(3, 3, 3), (1, 3, 3), (1, 3, 3)]
    assert [layer.kernel_size for layer in net.upsample] == [(2, 2, 2), (1, 2, 2), (1, 2, 2)]


def test_an_axis_that_is_never_halved_is_convolved_along_at_the_bottom() -> None:
    net = small(((1, 2, 2), (1, 2, 2)))

    assert [block[0].kernel_size for block in net.down] == [(1, 3, 3), (1, 3, 3), (3, 3, 3)]


@pytest.mark.parametrize("strides", [PLANES, THICK_SLICES])
def test_channels_are_dropped_in_training_only(strides: tuple[tuple[int, ...], ...]) -> None:
    # Without running statistics only the dropout can make two outputs differ.
    net, x = small(strides, norm="instance", dropout=0.5), image(strides)
    torch.manual_seed(0)

    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))


def test_channels_are_dropped_in_the_deeper_half_and_the_weights_keep_their_names() -> None:
    strides = ((2, 2),) * 4
    net, without = small(strides, dropout=0.2), small(strides)
    dropping = [name for name, m in net.named_modules() if isinstance(m, torch.nn.Dropout2d)]

    assert dropping == ["down.3.6", "down.4.6", "up.0.6"]
    assert list(net.state_dict()) == list(without.state_dict())
    assert not any(isinstance(m, torch.nn.Dropout2d) for m in without.modules())


@pytest.mark.parametrize(
    ("strides", "sizes"),
    [
        (((2, 2),) * 4, [(64, 64), (32, 32), (16, 16)]),
        (PLANES, [(16, 16), (8, 8)]),
        (((2, 2),), [(8, 8)]),
        (THICK_SLICES, [(8, 16, 16), (8, 8, 8)]),
    ],
)
def test_deep_supervision_gives_a_list_in_training(
    strides: tuple[tuple[int, ...], ...], sizes: list[tuple[int, ...]]
) -> None:
    outputs = small(strides, deep_supervision=True)(image(strides))

    assert [tuple(logits.shape) for logits in outputs] == [(2, 3, *size) for size in sizes]


def test_deep_supervision_gives_the_full_resolution_alone_in_evaluation() -> None:
    deep, plain = small(deep_supervision=True).eval(), small().eval()

    assert torch.equal(deep(image(PLANES)), plain(image(PLANES)))


def test_deep_supervision_leaves_the_other_weights_as_they_are() -> None:
    deep, plain = small(deep_supervision=True).state_dict(), small().state_dict()

    assert set(deep) - set(plain) == {"deep_heads.0.weight", "deep_heads.0.bias"}
    assert all(torch.equal(deep[key], plain[key]) for key in plain)


@pytest.mark.parametrize("strides", [PLANES, THICK_SLICES])
def test_the_bias_of_an_upsampling_gets_the_gradient_that_torch_gives(
    strides: tuple[tuple[int, ...], ...],
) -> None:
    layer = small(strides).upsample[0]
    x = torch.rand(2, layer.in_channels, *[4] * len(strides[0]))
    weights = torch.rand_like(layer(x))
    gradients = [
        torch.autograd.grad((weights * upsample(x)).sum(), layer.parameters())
        for upsample in (layer, functools.partial(_upsampled, layer))
    ]

    for expected, gradient in zip(*gradients, strict=True):
        torch.testing.assert_close(gradient, expected)


def test_weights_depend_on_the_seed_and_leave_the_shared_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = (build_unet(1, 2, strides=VOLUMES, base=4, seed=1) for _ in range(2))
    other = build_unet(1, 2, strides=VOLUMES, base=4, seed=2)

    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.head.weight, second.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


@pytest.mark.parametrize(
    ("size", "spacing", "levels", "expected"),
    [
        ((256, 256), (1.4, 1.4), 5, ((2, 2),) * 4),
        ((20, 256, 256), (7.0, 0.9, 0.9), 5, ((1, 2, 2),) * 2 + ((2, 2, 2),) * 2),
        ((182, 218, 182), (1.0, 1.0, 1.0), 6, ((2, 2, 2),) * 5),
        # Few thick slices are halved until fewer than 8 are left.
        ((10, 256, 216), (10, 1.4, 1.4), 5, ((1, 2, 2),) * 2 + ((2, 2, 2), (1, 2, 2))),
        # Few slices that are finest do not hold the others back.
        ((4, 64, 64), (0.1, 1.0, 1.0), 4, ((1, 2, 2),) * 3),
        # Twice as long is not halved yet.
        ((64, 64), (2.0, 1.0), 3, ((1, 2), (2, 2))),
        # Small images have fewer levels.
        ((32, 32), (1.0, 1.0), 5, ((2, 2),) * 3),
        ((9, 9, 9), (1.0, 1.0, 1.0), 5, ((2, 2, 2),)),
        # Tiny ones have one step all the same.
        ((3, 3), (1.0, 1.0), 5, ((2, 2),)),
        ((1, 4, 4), (1.0, 1.0, 1.0), 5, ((1, 2, 2),)),
        ((1, 1), (1.0, 1.0), 5, ((2, 2),)),
    ],
)
def test_axes_are_halved_as_their_spacing_and_size_allow(
    size: tuple[int, ...],
    spacing: tuple[float, ...],
    levels: int,
    expected: tuple[tuple[int, ...], ...],
) -> None:
    assert default_strides(size, spacing, levels) == expected


@pytest.mark.parametrize(
    ("strides", "expected"),
    [(((2, 2),) * 4, (16, 16)), (THICK_SLICES, (2, 4, 4)), (((1, 2, 2),), (1, 2, 2))],
)
def test_an_axis_is_a_multiple_of_all_its_halvings(
    strides: tuple[tuple[int, ...], ...], expected: tuple[int, ...]
) -> None:
    assert multiples(strides) == expected
