"""Losses as a user types them."""

import subprocess
import sys

import pytest

from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.expression import Part, parse_loss
from segstudio.losses.registry import LOSSES, card


@pytest.mark.parametrize("name", LOSSES)
def test_a_name_alone_is_that_loss(name: str) -> None:
    expression = parse_loss(name)
    assert expression.parts == (Part(name),)
    assert expression.maps == card(name).maps
    assert expression.learning_rate == card(name).learning_rate


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("dice + 0.01*boundary", [("dice", 1.0, {}), ("boundary", 0.01, {})]),
        ("  .5 * dice+1e-2*focal ", [("dice", 0.5, {}), ("focal", 0.01, {})]),
        (
            "tversky(alpha=0.2, beta=0.8) + 2*cross-entropy",
            [("tversky", 1.0, {"alpha": 0.2, "beta": 0.8}), ("cross-entropy", 2.0, {})],
        ),
        (
            "modified-boundary-jaccard(logarithm=false,reduction=class)",
            [("modified-boundary-jaccard", 1.0, {"logarithm": False, "reduction": "class"})],
        ),
    ],
)
def test_a_sum_is_read_part_by_part(text: str, parts: list) -> None:
    assert parse_loss(text).parts == tuple(Part(*part) for part in parts)


def test_a_label_leaves_the_weight_out_and_the_options_in() -> None:
    labels = [p.label for p in parse_loss("dice + 0.1*boundary(classes=foreground)").parts]
    assert labels == ["dice", "boundary(classes=foreground)"]


@pytest.mark.parametrize(
    ("schedule", "epoch", "weights"),
    [
        ("", 1, (2.0, 0.01, 0.02)),
        ("", 50, (2.0, 0.01, 0.02)),
        (", constant", 50, (2.0, 0.01, 0.02)),
        (", growing", 1, (2.0, 0.01, 0.02)),
        (", growing", 50, (2.0, 0.5, 1.0)),
        # The later parts have 0.03 e in all, never more than 0.99.
        (", rebalancing", 1, (2 * 0.97, 0.01, 0.02)),
        (", rebalancing", 10, (2 * 0.7, 0.1, 0.2)),
        (", rebalancing", 50, (2 * 0.01, 0.33, 0.66)),
    ],
)
def test_the_weights_go_with_the_epochs_as_the_schedule_says(
    schedule: str, epoch: int, weights: tuple[float, ...]
) -> None:
    expression = parse_loss("2*dice + 0.01*boundary + 0.02*focal" + schedule)
    assert expression.weights(epoch) == pytest.approx(weights)


def test_a_sum_is_given_the_maps_of_the_first_part_that_needs_any() -> None:
    assert parse_loss("dice + focal").maps is None
    assert parse_loss("dice + boundary + modified-boundary-log").maps == MapOptions()
    log_first = parse_loss("dice + modified-boundary-log + boundary")
    assert log_first.maps == card("modified-boundary-log").maps


def test_a_sum_trains_at_the_step_size_of_its_most_careful_part() -> None:
    rates = [card(n).learning_rate for n in ("dice", "modified-boundary-pointwise")]
    assert parse_loss("dice + modified-boundary-pointwise").learning_rate == min(rates)
    assert min(rates) < max(rates)


def test_a_sum_needs_frequencies_where_a_part_does() -> None:
    assert not parse_loss("dice + focal").needs_frequencies
    assert parse_loss("dice + weighted-cross-entropy").needs_frequencies


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dise + boundary", "There is no loss 'dise'. Did you mean 'dice'"),
        ("dice + ", "'' cannot be read"),
        ("dice - boundary", "'dice - boundary' cannot be read"),
        ("dice + 0.1 boundary", "'0.1 boundary' cannot be read"),
        ("dice + nan*boundary", "'nan*boundary' cannot be read"),
        ("dice + boundary, growwing", "There is no schedule 'growwing'. Did you mean 'growing'"),
        ("boundary, growing", "one loss only"),
        ("dice + 2*dice", "names 'dice' twice"),
        ("tversky(alhpa=1)", "has no option 'alhpa'. Did you mean 'alpha'"),
        ("cross-entropy(epsilon=1)", "has no option 'epsilon'. It has none."),
        ("tversky(alpha)", "The option alpha of 'tversky' is a number"),
        ("tversky(alpha=-1)", "is a number from 0 up, not '-1'"),
        ("focal(gamma=0.5)", "gamma of 'focal' is a number from 1 up, not '0.5'"),
        ("dice(epsilon=0)", "epsilon of 'dice' is a number from 1e-09 up, not '0'"),
        ("dice(epsilon=1, epsilon=2)", "gives the option epsilon of 'dice' twice"),
        ("1e999*dice", "weight of 'dice' in '1e999*dice' is too large"),
        ("tversky(alpha=inf)", "is a number from 0 up, not 'inf'"),
        ("boundary(classes=some)", "classes of 'boundary' is 'all' or 'foreground', not 'some'"),
        ("modified-boundary-jaccard(logarithm=1)", "is 'true' or 'false', not '1'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_loss(text)
    assert sentence in str(caught.value)


def test_a_sum_is_read_without_torch() -> None:
    code = (
        "import sys; from segstudio.losses.expression import parse_loss; "
        "parse_loss('dice + 0.01*boundary(classes=all), growing'); print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
