"""The log of a run as curves."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.learn.run_curves import (
    MEAN,
    Curve,
    CurveKey,
    RunCurves,
    read_curves,
    spans_magnitudes,
    write_curves,
)
from segstudio.learn.run_folder import RunFolder


def started(steps: int = 2) -> dict:
    return {"event": "Started", "steps_per_epoch": steps}


def step(epoch: int, step: int, loss: float | None, **more: float) -> dict:
    return {"event": "StepDone", "epoch": epoch, "step": step, "loss": loss, "parts": {}} | more


def epoch_done(epoch: int, loss: float, **more: object) -> dict:
    plain = {"dice": {"a": 0.5, "b": 0.7}, "mean_dice": 0.6, "parts": {"dice": loss}}
    return {"event": "EpochDone", "epoch": epoch, "loss": loss} | plain | more


def curves_of(*records: dict) -> RunCurves:
    curves = RunCurves()
    for record in (started(), *records):
        curves.take(record)
    return curves


def points(curves: RunCurves, *key: str) -> list[tuple[float, float]]:
    x, y = curves.curves[CurveKey(*key)].points()
    return list(zip(x.tolist(), y.tolist(), strict=True))


def test_a_step_lies_at_the_share_of_its_epoch_that_is_behind() -> None:
    curves = curves_of(step(1, 1, 0.9), step(1, 2, 0.8), step(2, 1, 0.7))
    assert points(curves, "loss", "", "train", "step") == [(0.5, 0.9), (1.0, 0.8), (1.5, 0.7)]


def test_an_epoch_has_train_and_validation_and_the_parts_of_both() -> None:
    curves = curves_of(epoch_done(1, 0.9, validation_loss=0.8, validation_parts={"dice": 0.8}))
    assert points(curves, "loss") == [(1, 0.9)]
    assert points(curves, "loss", "", "validation") == [(1, 0.8)]
    assert points(curves, "parts", "dice") == [(1, 0.9)]
    assert points(curves, "parts", "dice", "validation") == [(1, 0.8)]


def test_dice_has_a_curve_for_each_class_and_one_for_their_mean() -> None:
    curves = curves_of(epoch_done(1, 0.9))
    assert {k.name: c.at(1) for k, c in curves.of("dice").items()} == {
        "a": 0.5,
        "b": 0.7,
        MEAN: 0.6,
    }


def test_a_loss_that_is_no_number_is_a_gap() -> None:
    curves = curves_of(step(1, 1, 0.9), step(1, 2, None), step(2, 1, float("inf")))
    values = [y for _, y in points(curves, "loss", "", "train", "step")]
    assert np.array_equal(values, [0.9, np.nan, np.nan], equal_nan=True)


def test_what_is_told_twice_is_drawn_once() -> None:
    curves = curves_of(step(1, 1, 0.9), step(1, 2, 0.8), step(1, 1, 0.5), step(1, 2, 0.4))
    assert [y for _, y in points(curves, "loss", "", "train", "step")] == [0.9, 0.8]


def test_an_early_log_without_rates_and_validation_losses_is_read() -> None:
    curves = curves_of(step(1, 1, 0.9), epoch_done(1, 0.9))
    assert CurveKey("loss", "", "validation") not in curves.curves
    assert np.isnan(curves.curves[CurveKey("rate", each="step")].at(None))


def test_the_value_at_an_epoch_is_that_which_it_ended_with() -> None:
    curves = curves_of(step(1, 1, 0.9), step(1, 2, 0.8), step(2, 1, 0.7), epoch_done(1, 0.85))
    steps, epochs = (curves.curves[CurveKey("loss", each=each)] for each in ("step", "epoch"))
    assert (steps.at(1), steps.at(2), steps.at(None)) == (0.8, 0.7, 0.7)
    assert (epochs.at(1), epochs.at(None)) == (0.85, 0.85)


def test_a_run_that_was_over_has_no_value_at_a_later_epoch() -> None:
    curves = curves_of(step(1, 2, 0.8), epoch_done(1, 0.85))
    assert all(np.isnan(c.at(2)) for c in curves.curves.values())


def test_a_curve_without_points_has_no_value() -> None:
    assert np.isnan(Curve().at(None))


def test_a_finished_run_is_read_whole(finished_run: tuple[Path, object]) -> None:
    run, _ = finished_run
    curves, config = read_curves(run), RunFolder(run).read_config()
    records = RunFolder(run).events()
    losses = [r["loss"] for r in records if r["event"] == "StepDone"]
    assert [y for _, y in points(curves, "loss", "", "train", "step")] == losses
    assert curves.loss == "dice"
    assert curves.epochs_done == 2
    assert curves.class_colors == {c.name: c.color for c in config[1].foreground}


def test_a_damaged_log_is_told_in_a_sentence(
    finished_run: tuple[Path, object], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_bytes((finished_run[0] / "config.toml").read_bytes())
    (tmp_path / "log.jsonl").write_text(json.dumps({"event": "StepDone", "epoch": "one"}) + "\n")
    with pytest.raises(InputError, match=r"log\.jsonl' is not the log of a run"):
        read_curves(tmp_path)


def test_a_table_holds_every_point_of_every_run(tmp_path: Path) -> None:
    one, two = curves_of(step(1, 1, 0.25), epoch_done(1, -3.5)), curves_of(step(1, 1, 0.75))
    write_curves(tmp_path / "curves.csv", {"one": one, "two": two})
    with (tmp_path / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["run"] for r in rows} == {"one", "two"}
    found = {(r["run"], r["each"]): (r["epoch"], r["value"]) for r in rows if r["figure"] == "loss"}
    assert found == {
        ("one", "step"): ("0.5", "0.25"),
        ("one", "epoch"): ("1", "-3.5"),
        ("two", "step"): ("0.5", "0.75"),
    }


def test_a_table_never_replaces_a_file_unasked(tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write_curves(tmp_path / "curves.csv", {})
    assert (tmp_path / "curves.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(0.9, 0.1, 50), False),
        (-(10.0 ** np.linspace(-2, 2, 50)), True),
        (np.array([1.0, 1000.0]), False),
        (np.array([np.nan] * 9), False),
        (np.zeros(9), False),
    ],
)
def test_values_span_magnitudes_when_most_of_them_lie_far_apart(
    values: np.ndarray, expected: bool
) -> None:
    assert spans_magnitudes([values]) is expected
