"""Whether trainings have the same settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segstudio.compare.plan import losses_alone, make_plan
from segstudio.compare.same_settings import (
    differences,
    differences_of_plans,
    differences_of_run,
)
from segstudio.core.labels import ClassTable
from segstudio.learn.config import make_config
from segstudio.learn.run_folder import RunFolder

Begun = Callable[..., RunFolder]


@pytest.fixture
def begun(tmp_path: Path) -> Begun:
    """Return what writes the settings of a run that has read its data."""

    def write(**settings: Any) -> RunFolder:
        run = RunFolder(tmp_path / "run")
        found = {"patch_size": (64, 48), "strides": ((2, 2),) * 4, "norm": "batch", "threads": 1}
        run.path.mkdir(exist_ok=True)
        run.write_config(make_config(**found | settings), ClassTable.named({1: "a"}), {})
        return run

    return write


@pytest.mark.parametrize(
    ("own", "asked", "told"),
    [
        ({"epochs": 50}, {"epochs": 2}, "epochs was 50 and would be 2"),
        ({"max_seconds": 60}, {}, "max_seconds was 60.0 and would be left out"),
        ({"early_stop": 3}, {}, "early_stop was 3 and would be 0"),
        ({"precision": "32-true"}, {}, "precision was 32-true and would be auto"),
        ({}, {"augmentation": {}}, "augmentation was left out and would be set"),
        ({"maps": {"cap": 3.0}}, {}, "maps.cap was 3.0 and would be 0.0"),
        ({"loss": "dice"}, {"loss": "dice + boundary"}, "loss was dice and would be dice + bo"),
    ],
)
def test_what_differs_in_what_is_learned_is_told(
    own: dict[str, Any], asked: dict[str, Any], told: str
) -> None:
    loss = {"loss": "boundary"}
    difference, *_ = differences(make_config(**loss | own), make_config(**loss | asked))
    assert difference.startswith(told)


@pytest.mark.parametrize(
    "asked",
    [
        {"cache_gb": 1.0, "prefetch": 3, "checkpoint_minutes": 1.0, "device": "cpu"},
        {"norm": "batch", "foreground_share": 0.0, "learning_rate": 0.001, "maps": {}},
        {"loss": "dice+boundary"},
    ],
)
def test_where_it_computes_and_what_would_be_brought_anyway_does_not_differ(
    asked: dict[str, Any],
) -> None:
    own = {"loss": "dice + boundary"}
    assert not differences(make_config(**own), make_config(**own | asked))


def test_a_run_has_taken_from_its_data_what_nobody_set(begun: Begun) -> None:
    asked = make_config(threads=1)
    assert not differences_of_run(begun(), asked)
    raised = asked.model_copy(update={"patch_size": (60, 40)})  # to what four levels can halve
    assert not differences_of_run(begun(), raised)
    other = asked.model_copy(update={"patch_size": (96, 48)})
    assert differences_of_run(begun(), other) == ["patch_size was (64, 48) and would be (96, 48)"]
    # Earlier versions wrote no threads.
    assert not differences_of_run(begun(threads=None), asked)
    assert differences_of_run(begun(threads=3), asked) == ["threads was 3 and would be 1"]


def test_plans_differ_in_what_all_share_or_in_a_candidate_of_both() -> None:
    own = make_plan(losses_alone(("dice", "boundary")) | {"settings": {"patch_size": [64, 64]}})
    left_out = make_plan(losses_alone(("dice", "cross-entropy")))
    assert differences_of_plans(own, left_out) == ["patch_size was (64, 64) and would be left out"]
    slow = {"loss": "boundary", "settings": {"learning_rate": 0.5}}
    changed = make_plan({"compare": [{"loss": "cross-entropy"}, slow]} | {"settings": own.settings})
    assert differences_of_plans(own, changed) == [
        "boundary: learning_rate was 0.001 and would be 0.5"
    ]


def test_a_step_size_for_all_differs_from_what_a_loss_of_the_first_brings() -> None:
    own = make_plan(losses_alone(("modified-boundary-pointwise",)))
    asked = make_plan(losses_alone(("dice",)) | {"settings": {"learning_rate": 0.001}})
    assert differences_of_plans(own, asked) == [
        "modified-boundary-pointwise: learning_rate was 0.0002 and would be 0.001"
    ]
