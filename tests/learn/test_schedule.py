"""The learning rate over a training."""

import pytest

from segstudio.learn.config import make_config
from segstudio.learn.schedule import learning_rate


def rates(**settings: object) -> list[float]:
    config = make_config(loss="dice", epochs=10, learning_rate=0.01, **settings)
    return [learning_rate(config, behind / 4) for behind in range(41)]


def test_a_constant_rate_stays() -> None:
    assert set(rates()) == {0.01}


@pytest.mark.parametrize("schedule", ["poly", "cosine"])
def test_a_falling_rate_falls_from_its_value_to_nothing(schedule: str) -> None:
    found = rates(schedule=schedule)
    assert found[0] == 0.01
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0, abs=1e-9)


def test_the_forms_are_those_of_the_literature() -> None:
    assert rates(schedule="poly")[20] == pytest.approx(0.01 * 0.5**0.9)
    assert rates(schedule="cosine")[20] == pytest.approx(0.005)


def test_a_warm_up_rises_from_above_zero_to_the_value() -> None:
    found = rates(warm_up_epochs=2)
    assert 0 < found[0] < 0.001
    assert found[:9] == sorted(found[:9])
    assert found[8] == 0.01
