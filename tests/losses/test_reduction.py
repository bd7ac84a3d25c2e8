"""Sums over a batch that is spread over two processes.

No loss is left out: each gives two ranks the gradient of the whole batch. A loss that sums over
the batch has the whole batch's value on each rank as well; the others are means over samples,
whose values on the ranks have the whole batch's value as their mean, or over voxels, of which the
ranks may ignore different numbers.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from segstudio.losses.expression import options_of, parse_loss
from segstudio.losses.reduction import (
    across_ranks,
    axes_of,
    on_this_rank_alone,
    summed,
    voxel_mean,
)
from segstudio.losses.registry import LOSSES

SCRIPT = Path(__file__).with_name("rank.py")
REDUCED = [
    f"{name}(reduction={how})"
    for name in LOSSES
    if "reduction" in options_of(name)
    for how in ("sample", "class", "one")
]
AS_PRINTED = "modified-boundary(share=0, classes=foreground, reduction=one)"
ALL = [*LOSSES, *REDUCED, AS_PRINTED, "dice + 0.01*boundary"]
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


def sums_over_the_batch(loss: str) -> bool:
    """Return whether a loss divides sums over samples, so that it is no mean over them."""
    first, *others = parse_loss(loss).parts
    defaults = {name: option.default for name, option in options_of(first.name).items()}
    how = {**defaults, **first.options}.get("reduction", "sample")
    return not others and (how != "sample" or first.name == "weighted-cross-entropy")


OVER_THE_BATCH = [loss for loss in ALL if sums_over_the_batch(loss)]


@pytest.fixture(scope="module")
def rank_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rank", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def of_two_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "losses.txt").write_text("\n".join(ALL))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # A collective that torch is about to drop shall not go unseen.
    command = [sys.executable, "-W", "error::FutureWarning", SCRIPT]
    started = [
        subprocess.Popen([*command, str(rank), str(folder)], env=environment) for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=180) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
            process.wait()
    return [torch.load(folder / f"found-{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("loss", ALL)
def test_two_ranks_have_the_gradient_of_the_whole_batch(
    loss: str, precision: str, of_two_ranks: list[dict[str, Tensor]], rank_script: ModuleType
) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None), precision)[1:]
    size, near = float(whole.abs().max()), TOLERANCE[precision]
    assert size > 0
    for found in of_two_ranks:
        gradient = found[f"{loss} {precision}"][1:]
        torch.testing.assert_close(gradient, whole, atol=near * size, rtol=near)


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("loss", ALL)
def test_two_ranks_have_the_value_of_the_whole_batch(
    loss: str, precision: str, of_two_ranks: list[dict[str, Tensor]], rank_script: ModuleType
) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None), precision)[0]
    values = torch.stack([found[f"{loss} {precision}"][0] for found in of_two_ranks])
    seen = values if loss in OVER_THE_BATCH else values.mean(0, keepdim=True)
    near = TOLERANCE[precision]
    torch.testing.assert_close(seen, whole.expand_as(seen), atol=near, rtol=near)


@pytest.mark.parametrize("loss", ALL)
def test_two_ranks_have_the_whole_batch_where_only_one_ignores_voxels(
    loss: str, of_two_ranks: list[dict[str, Tensor]], rank_script: ModuleType
) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None), ignoring=True)
    found = torch.stack([rank[f"{loss} ignoring"] for rank in of_two_ranks])
    near = TOLERANCE["float64"]
    torch.testing.assert_close(found.mean(0), whole, atol=near, rtol=near)
    torch.testing.assert_close(found[0, 1:], found[1, 1:], atol=near, rtol=near)


@pytest.mark.parametrize("ignoring", [False, True])
def test_the_mean_over_voxels_is_over_those_that_count(
    ignoring: bool, rank_script: ModuleType
) -> None:
    _, target = rank_script.batch(torch.float64)
    target = rank_script.with_ignored(target) if ignoring else target
    numbers = torch.rand(target.onehot.shape, dtype=torch.float64)
    if ignoring:
        by_hand = torch.cat([numbers[0, :, :2].flatten(), numbers[1:].flatten()]).mean()
        torch.testing.assert_close(voxel_mean(numbers, target), by_hand)
    else:
        assert torch.equal(voxel_mean(numbers, target), numbers.mean())


@pytest.mark.parametrize("loss", OVER_THE_BATCH)
def test_halves_alone_would_not_do(loss: str, rank_script: ModuleType) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None))
    halves = [rank_script.value_and_gradient(loss, s) for s in (slice(0, 2), slice(2, 4))]
    wrong = (whole - sum(halves) / 2)[1:].abs().max()
    assert wrong > 1e-3 * whole[1:].abs().max()


def test_a_rank_may_look_at_samples_of_its_own(
    of_two_ranks: list[dict[str, Tensor]], rank_script: ModuleType
) -> None:
    for rank, found in enumerate(of_two_ranks):
        own = rank_script.value_and_gradient("dice", slice(2 * rank, 2 * rank + 2))
        torch.testing.assert_close(found["alone"], own)


def test_sums_are_those_of_the_axes() -> None:
    tensor = torch.arange(24.0).reshape(2, 3, 4)
    for how in ("sample", "class", "one"):
        assert torch.equal(summed(tensor, how), tensor.sum(axes_of(tensor, how)))
    pairs = tensor[..., 0]
    assert torch.equal(summed(pairs, "sample"), pairs)


def test_one_process_alone_sums_nothing_across() -> None:
    tensor = torch.ones(2)
    assert across_ranks(tensor) is tensor
    with on_this_rank_alone():
        assert across_ranks(tensor) is tensor


def test_a_group_of_one_sums_nothing_across(tmp_path: Path) -> None:
    torch.distributed.init_process_group("gloo", f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        tensor = torch.ones(2)
        assert across_ranks(tensor) is tensor
    finally:
        torch.distributed.destroy_process_group()
