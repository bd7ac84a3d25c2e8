import sys
from dataclasses import replace
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
    maps = (1 - 2 * onehot, [(1.0, 1.0)]) if with_maps else (None, None)
    return Target(labels, onehot, *maps, torch.tensor([0.5, 0.5]))


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
        CARD=Card("products", family="overlap", **empty),
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
    if card(name).needs_maps:
        with pytest.raises(ValueError, match="needs signed distance maps"):
            criterion(logits(), target(with_maps=False))
    else:
        found, _ = criterion(logits(), target(with_maps=False))
        assert found.item() == criterion(logits(), target())[0].item()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_needs_frequencies_exactly_where_its_card_says_so(name: str) -> None:
    without = replace(target(), frequencies=None)
    if card(name).needs_frequencies:
        with pytest.raises(ValueError, match="needs the classes' frequencies"):
            Criterion(name)(logits(), without)
    else:
        found, _ = Criterion(name)(logits(), without)
        assert found.item() == Criterion(name)(logits(), target())[0].item()


def test_the_parts_of_a_sum_add_up_to_it() -> None:
    total, parts = Criterion("dice + 0.5*boundary")(logits(), target())
    dice, boundary = (Criterion(n)(logits(), target())[0].item() for n in ("dice", "boundary"))
    assert parts == {"dice": pytest.approx(dice), "boundary": pytest.approx(0.5 * boundary)}
    assert total.item() == pytest.approx(dice + 0.5 * boundary)


def test_a_growing_sum_weighs_its_later_parts_by_the_epoch() -> None:
    criterion = Criterion("dice + 0.1*boundary, growing")
    first, third = (criterion(logits(), target(), epoch=e)[1] for e in (1, 3))
    assert third["boundary"] == pytest.approx(3 * first["boundary"])
    assert third["dice"] == first["dice"]


def test_an_option_reaches_its_loss() -> None:
    as_dice = Criterion("tversky(alpha=0.5, beta=0.5)")(logits(), target())[0].item()
    p, g = logits().softmax(1)[:, 1], target().onehot[:, 1]
    assert as_dice == pytest.approx(1 - (2 * (p * g).sum() / (p + g).sum()).item(), abs=1e-4)


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(InputError, match="There is no loss 'fokal'"):
        Criterion("fokal")


@pytest.mark.parametrize("with_maps", [True, False])
def test_a_target_is_moved_whole(with_maps: bool) -> None:
    moved = target(with_maps=with_maps).to("meta")
    assert moved.labels.device.type == moved.onehot.device.type == "meta"
    assert moved.sdm is None if not with_maps else moved.maps.device.type == "meta"
