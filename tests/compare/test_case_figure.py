"""One plane with each run beside the truth, as a figure and as a table."""

import csv
from pathlib import Path

import numpy as np
import pytest

from segstudio.compare.case_figure import PlaneOfCase, draw_plane, score_rows, write_score_rows
from segstudio.compare.case_scores import Found, score_case
from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Grid, Volume

CLASSES = ClassTable.named({1: "wall", 2: "cavity"})


@pytest.fixture
def truth() -> np.ndarray:
    labels = np.zeros((3, 90, 80), np.int32)
    labels[1:, 20:30, 20:30], labels[1:, 23:27, 23:27] = 1, 2
    return labels


def view_of(truth: np.ndarray, predicted: dict[str, np.ndarray], unit: str = "mm") -> PlaneOfCase:
    grid = Grid(truth.shape, (5.0, 1.5, 1.5), np.eye(4), unit)
    image = np.random.default_rng(0).normal(size=truth.shape)
    found = {name: (labels, CLASSES) for name, labels in predicted.items()}
    return PlaneOfCase("patient1", Volume(image, grid), truth, CLASSES, found, chosen=1)


def test_the_figure_shows_the_truth_and_each_run_in_the_plane_in_view(truth: np.ndarray) -> None:
    view = view_of(truth, {"dice": truth, "boundary": np.zeros_like(truth)})
    axes = draw_plane(view).axes

    assert [axis.get_title() for axis in axes] == ["ground truth", "dice", "boundary"]
    assert axes[0].get_ylabel() == "patient1\nplane 2 of 3"
    shown = [np.asarray(axis.images[1].get_array()) for axis in axes]
    assert np.array_equal(shown[0], truth[1][view.box])
    assert not shown[2].any()


def test_false_alarms_far_from_the_truth_are_not_cut_off(truth: np.ndarray) -> None:
    predicted = truth.copy()
    predicted[1, 85, 75] = 2
    rows, columns = view_of(truth, {"dice": predicted}).box

    assert rows.stop > 85
    assert columns.stop > 75


def test_regions_are_drawn_below_as_sets_and_by_distance(truth: np.ndarray) -> None:
    predicted = truth.copy()
    predicted[1, 23:27, 23:25] = 0
    view = view_of(truth, {"dice": predicted})
    figure = draw_plane(view, {"dice": Found(predicted, CLASSES, per_plane=True)}, value=2)

    assert len(figure.axes) == 6
    sets, weighted = (np.asarray(figure.axes[i].images[1].get_array()) for i in (3, 5))
    assert (sets[..., 3] > 0).sum() == 16
    assert ((weighted[..., 3] > 0) & (weighted[..., 3] < 0.75)).any()
    assert figure.axes[2].get_ylabel() == "cavity,\nregions"


def test_a_run_trained_on_other_classes_leaves_the_regions_of_the_rest(truth: np.ndarray) -> None:
    other = ClassTable.named({1: "wall"})
    view = view_of(truth, {"dice": truth, "of walls": np.where(truth == 1, 1, 0)})
    found = {
        "dice": Found(truth, CLASSES, per_plane=True),
        "of walls": Found(np.where(truth == 1, 1, 0), other, per_plane=True),
    }
    axes = draw_plane(view, found, value=2).axes

    assert [len(axis.images) for axis in axes[3:6]] == [1, 2, 1]
    assert axes[5].get_xlabel() == "trained on other classes"


@pytest.mark.parametrize(("unit", "volume_unit"), [("mm", "ml"), ("voxels", "voxels")])
def test_the_table_tells_scores_volumes_and_collapse(
    truth: np.ndarray, tmp_path: Path, unit: str, volume_unit: str
) -> None:
    grid = Grid(truth.shape, (5.0, 1.0, 1.0), np.eye(4), unit)
    scores = {"boundary": score_case(np.zeros_like(truth), CLASSES, truth, CLASSES, grid)}
    write_score_rows(tmp_path / "t.csv", score_rows("patient1", scores, grid))
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["class"] for row in rows] == ["wall", "cavity", "all classes as one"]
    assert rows[1]["collapsed"] == "yes"
    assert rows[1]["volume_unit"] == volume_unit
    assert float(rows[1]["true_volume"]) == pytest.approx(32 * (0.005 if unit == "mm" else 1))
    with pytest.raises(InputError, match="exists already"):
        write_score_rows(tmp_path / "t.csv", [])
