import sys
from types import ModuleType

import pytest
import torch
from torch import Tensor

from segstudio.core.errors import InputError
from segstudio.losses.card import Card
from segstudio.losses.criterion import Criterion
from segstudio.losses.registry import LOSSES, card
from segstudio.losses.target import Target


def target(*, with_maps: bool = True) -> Target:
    labels = torch.tensor([[[0, 1, 1], [0, 0, 1]]])
    onehot = torch.nn.functional.one_hot(labels, 2).movedim(-1, 1).float()
    return Target(labels, onehot, 1 - 2 * onehot if with_maps else None)


def logits(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(1, 2, 2, 3, generator=torch.Generator().manual_seed(0)).to(dtype)


@pytest.mark.parametrize("name", LOSSES)
def test_the_parts_are_told_by_name(name: str) -> None:
    loss, parts = Criterion(name)(logits(), target())
    assert parts == {name: loss.item()}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_logits_of_any_precision_are_reduced_in_float32(name: str, dtype: torch.dtype) -> None:
    found, _ = Criterion(name)(logits(dtype), target())
    expected, _ = Criterion(name)(logits(dtype).float(), target())
    assert found.dtype == torch.float32
    assert found.item() == expected.item()


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register a loss that takes a matrix product, which autocast would do in bfloat16."""
    module = ModuleType("loss_of_products")
    empty = dict.fromkeys(("title", "formula", "bounds", "absent", "reading", "reference"), "")
    vars(module).update(
        CARD=Card("products", **empty),
        loss=lambda log_probs, _target: (log_probs @ log_probs.mT).sum(),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(LOSSES, "products", module.__name__)
    return "products"


def test_a_loss_runs_outside_autocast(products: str) -> None:
    outside, _ = Criterion(products)(logits(), target())
    with torch.autocast("cpu", torch.bfloat16):
        inside, _ = Criterion(products)(logits(), target())
        assert (logits() @ logits().mT).dtype == torch.bfloat16
    assert inside.dtype == torch.float32
    assert inside.item() == outside.item()


def test_gradients_reach_logits_of_half_precision() -> None:
    half = logits(torch.bfloat16).requires_grad_()
    Criterion("modified-boundary")(half, target())[0].backward()
    assert half.grad is not None
    assert half.grad.dtype == torch.bfloat16
    assert half.grad.abs().sum() > 0


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_needs_maps_exactly_where_its_card_says_so(name: str) -> None:
    criterion = Criterion(name)
    assert criterion.needs_maps is card(name).needs_maps
    if criterion.needs_maps:
        with pytest.raises(ValueError, match="needs signed distance maps"):
            criterion(logits(), target(with_maps=False))
    else:
        found, _ = criterion(logits(), target(with_maps=False))
        assert found.item() == criterion(logits(), target())[0].item()


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(InputError, match="There is no loss 'focal'"):
        Criterion("focal")


@pytest.mark.parametrize("with_maps", [True, False])
def test_a_target_is_moved_whole(with_maps: bool) -> None:
    moved = target(with_maps=with_maps).to("meta")
    assert moved.labels.device.type == moved.onehot.device.type == "meta"
    assert moved.sdm is None if not with_maps else moved.maps.device.type == "meta"
