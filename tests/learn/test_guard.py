"""What the guard says, and when."""

import pytest
import torch

from segstudio.core.loss_maps import MapOptions
from segstudio.learn.batches import Batch
from segstudio.learn.guard import STILL_STEPS, WINDOW, Guard, LastGood, find_culprit, undone
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import parse_loss
from segstudio.losses.target import Target


def watched(losses: list[float], norms: list[float] | None = None, loss: str = "dice") -> list[str]:
    guard, told = Guard(), []
    for step, value in enumerate(losses, start=1):
        norm = norms[step - 1] if norms else 1.0
        guard.watch_step(1, step, {loss: value}, norm, parse_loss(loss))
        told += guard.tell()
    return [event.kind for event in told]


def test_a_training_that_goes_well_hears_nothing() -> None:
    assert watched([1.0 - i / 100 for i in range(90)]) == []


def test_a_loss_that_runs_away_is_told_once() -> None:
    assert watched([1.4] + [90.0] * (WINDOW + 20)) == ["divergence"]


def test_a_few_bad_steps_are_not_a_divergence() -> None:
    assert watched(([1.4] + [90.0] * (WINDOW - 1)) * 4) == []


def test_a_negative_loss_that_falls_is_no_divergence() -> None:
    assert watched([-0.1 - i for i in range(50)]) == []


def test_weights_that_grow_with_the_epochs_are_no_divergence() -> None:
    guard, loss = Guard(), parse_loss("dice + 0.01*boundary, growing")
    told = []
    for epoch in range(1, 200):
        parts = {"dice": 0.5, "boundary": 0.01 * epoch * 3.0}
        guard.watch_step(epoch, 1, parts, 1.0, loss)
        told += guard.tell()
    assert told == []


def test_a_gradient_that_stays_away_is_told_once() -> None:
    assert watched([1.0] * 40, [0.5] + [1e-12] * 39) == ["vanished gradient"]
    assert watched([1.0] * STILL_STEPS, [0.5] + [1e-12] * (STILL_STEPS - 1)) == []


def test_an_infinite_first_gradient_is_no_measure_of_the_others() -> None:
    assert watched([1.0] * 30, [float("inf")] + [0.7] * 29) == []


def test_who_holds_the_case_is_surer_than_who_felt_its_gradient() -> None:
    classes = ["background", "lesion", "ventricle"]
    sureness = [
        find_culprit(*batch(poison), Criterion("dice"), classes, 1)[0]
        for poison in ("", "weights", "logits of a sample", "image")
    ]
    assert sureness == sorted(set(sureness))


def validated(nowhere: list[bool], after: int = 3, loss: str = "boundary") -> list[tuple[int, str]]:
    guard, told = Guard(), []
    for epoch, missing in enumerate(nowhere, start=1):
        guard.watch_validation(epoch, {"lesion": missing}, after, parse_loss(loss))
        told += guard.tell()
    return [(event.epoch, event.text) for event in told]


def test_a_class_predicted_nowhere_for_some_epochs_is_told_by_name() -> None:
    ((epoch, text),) = validated([True, True, True, True])
    assert epoch == 3
    assert "'lesion'" in text
    assert "3 validations in a row" in text


def test_a_class_that_comes_back_and_goes_again_is_told_again() -> None:
    told = validated([True] * 3 + [False] + [True] * 3)
    assert [epoch for epoch, _ in told] == [3, 7]


def test_the_boundary_loss_alone_is_told_its_cure() -> None:
    ((_, text),) = validated([True] * 3, loss="boundary")
    assert "dice + 0.01*boundary, growing" in text
    ((_, other),) = validated([True] * 3, loss="dice")
    assert "boundary loss alone" not in other


def batch(poison: str = "") -> tuple[Batch, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (3, 8, 8), generator=generator)
    onehot = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1).float()
    image, sdm = torch.randn(3, 1, 8, 8, generator=generator), 1 - 2 * onehot
    logits = torch.randn(3, 3, 8, 8, generator=generator)
    if poison == "image":
        image[1, 0, 2, 2] = torch.nan
    if poison == "map":
        sdm[2, 1, 0, 0] = torch.inf
    if poison == "logits of a sample":
        logits[0, 2, 1, 1] = torch.nan
    if poison == "weights":
        logits[:] = torch.nan
    target = Target(labels, onehot, sdm, [(1.0, 1.0)] * 3, None, MapOptions())
    return Batch(image, target, ("anna", "bela", "cleo")), logits


@pytest.mark.parametrize(
    ("poison", "words"),
    [
        ("image", ["image", "'bela'"]),
        ("map", ["distance map", "'cleo'"]),
        ("logits of a sample", ["'anna'", "'ventricle'"]),
        ("weights", ["weights have grown too large"]),
        ("", ["gradient is no number"]),
    ],
)
def test_the_culprit_is_named(poison: str, words: list[str]) -> None:
    made, logits = batch(poison)
    classes = ["background", "lesion", "ventricle"]
    _, text = find_culprit(made, logits, Criterion("dice"), classes, 1)
    assert all(word in text for word in words), text


def test_a_part_of_the_loss_that_is_no_number_is_named() -> None:
    made, logits = batch()
    criterion = Criterion("dice + boundary")
    criterion._losses["boundary"] = lambda *_: torch.tensor(torch.nan)
    _, text = find_culprit(made, logits, criterion, ["a", "b", "c"], 1)
    assert "The part 'boundary'" in text
    assert "'dice'" not in text


def test_the_last_undone_step_says_that_the_training_ends() -> None:
    assert "goes on" in undone("It broke.", 1)
    assert "ends here" in undone("It broke.", 3)


def test_the_last_good_state_comes_back_with_the_optimiser() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    good = LastGood(net, optimizer)

    def step() -> None:
        optimizer.zero_grad()
        net(torch.randn(8, 2)).square().sum().backward()
        optimizer.step()

    step()
    good.keep()
    kept = {k: v.clone() for k, v in net.state_dict().items()}
    moments = [s["exp_avg"].clone() for s in optimizer.state.values()]
    step()
    with torch.no_grad():
        net[0].weight.fill_(torch.nan)
    good.restore()

    assert all(torch.equal(v, kept[k]) for k, v in net.state_dict().items())
    restored = [optimizer.state[p]["exp_avg"] for p in net.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(restored, moments, strict=True))
    step()  # and the optimiser goes on from it
    assert all(s["step"] == 2 for s in optimizer.state.values())
