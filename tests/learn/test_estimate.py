"""What a training will cost, from a few steps."""

import pytest

from segstudio.learn.config import make_config
from segstudio.learn.estimate import estimate

TINY = make_config(base_channels=4, levels=3, batch_size=2, precision="32-true", loss="dice")


def test_steps_are_those_of_the_training_share() -> None:
    found = estimate(TINY, 1, 2, [(4, 32, 32)] * 10)
    assert found.steps == 13  # 0.64 of 40 planes, two a step
    assert found.seconds > 0
    assert found.gib > 0


def test_measuring_ends_between_two_steps_where_it_is_not_wanted() -> None:
    calls = []

    def stop() -> None:
        calls.append(None)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        estimate(TINY, 1, 2, [(4, 32, 32)], between=stop)
    assert len(calls) == 3
