"""Where a training or a prediction computes."""

import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.learn.config import make_config
from segstudio.learn.device import choose_compute, compute_to_predict


def test_a_training_is_not_given_another_precision_than_it_asks_for() -> None:
    with pytest.raises(InputError, match="'cpu' cannot compute in '16-mixed'"):
        choose_compute(make_config(device="cpu", precision="16-mixed"))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_prediction_has_the_precision_of_its_run(precision: str) -> None:
    compute = compute_to_predict(make_config(precision=precision), "cpu")

    assert (compute.device, compute.precision) == ("cpu", precision)
    with compute.fabric.autocast():
        found = torch.ones(2, 2) @ torch.ones(2, 2)
    assert found.dtype == (torch.float32 if precision == "32-true" else torch.bfloat16)


def test_a_prediction_falls_back_where_the_device_lacks_the_precision_of_the_run() -> None:
    automatic = choose_compute(make_config(device="cpu")).precision

    assert compute_to_predict(make_config(precision="16-mixed"), "cpu").precision == automatic


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_a_prediction_is_computed_here_wherever_the_run_was_trained(device: str) -> None:
    here = choose_compute(make_config()).device

    assert compute_to_predict(make_config(device=device)).device == here


def test_an_unknown_device_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="device = 'gpu'"):
        compute_to_predict(make_config(), "gpu")
