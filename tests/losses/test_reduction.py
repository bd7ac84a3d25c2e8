"""Sums over a batch that is spread over two processes."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from segstudio.losses.expression import options_of
from segstudio.losses.reduction import across_ranks, axes_of, on_this_rank_alone, summed
from segstudio.losses.registry import LOSSES

SCRIPT = Path(__file__).with_name("rank.py")
REDUCED = [
    f"{name}(reduction={how})"
    for name in LOSSES
    if "reduction" in options_of(name)
    for how in ("sample", "class", "one")
]
ALL = [*LOSSES, *REDUCED, "dice + 0.01*boundary"]


@pytest.fixture(scope="module")
def rank_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rank", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def of_two_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "losses.txt").write_text("\n".join(ALL))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen([sys.executable, SCRIPT, str(rank), str(folder)], env=environment)
        for rank in range(2)
    ]
    assert [process.wait(timeout=180) for process in started] == [0, 0]
    return [torch.load(folder / f"found-{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("loss", ALL)
def test_two_ranks_see_the_loss_and_gradient_of_the_whole_batch(
    loss: str, of_two_ranks: list[dict[str, torch.Tensor]], rank_script: ModuleType
) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None))
    for found in of_two_ranks:
        torch.testing.assert_close(found[loss][0], whole[0], atol=1e-6, rtol=1e-5)
        size = float(whole[1:].abs().max())
        torch.testing.assert_close(found[loss][1:], whole[1:], atol=1e-4 * size, rtol=1e-4)
        assert size > 0


@pytest.mark.parametrize("loss", ["modified-boundary(reduction=class)", "dice"])
def test_halves_alone_would_not_do(loss: str, rank_script: ModuleType) -> None:
    whole = rank_script.value_and_gradient(loss, slice(None))
    halves = [rank_script.value_and_gradient(loss, s) for s in (slice(0, 2), slice(2, 4))]
    assert (whole - sum(halves) / 2).abs().max() > 1e-3


def test_a_rank_may_look_at_samples_of_its_own(
    of_two_ranks: list[dict[str, torch.Tensor]], rank_script: ModuleType
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
