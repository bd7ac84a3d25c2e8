"""What a run finds in one case, on hand-made volumes and with a real tiny run."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.compare.case_scores import (
    Found,
    comparable_classes,
    find_in_case,
    masks_of,
    regions_of_case,
    saved_prediction,
    score_case,
    worst_of,
    worst_plane,
)
from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import TOGETHER
from segstudio.core.regions import VoxelCase
from segstudio.core.volume import Grid
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.predict import load_predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.scores_file import read_scores

HEART = ClassTable.named({1: "wall", 2: "cavity"})
GRID = Grid((3, 4, 4), (2.0, 1.0, 1.0), np.eye(4))
A, B = Path("a"), Path("b")


def volume(*planes: tuple[int, int]) -> np.ndarray:
    """Return labels whose planes hold so many voxels of class 1, and then of class 2."""
    labels = np.zeros((len(planes), 16), np.int32)
    for plane, (first, second) in zip(labels, planes, strict=True):
        plane[:first] = 1
        plane[first : first + second] = 2
    return labels.reshape(len(planes), 4, 4)


def found(labels: np.ndarray, classes: ClassTable = HEART) -> Found:
    return Found(labels.astype(np.uint8), classes, per_plane=True)


def test_a_case_is_scored_class_by_class_and_as_one() -> None:
    truth, predicted = volume((4, 4), (4, 0), (0, 0)), volume((4, 0), (2, 0), (0, 0))
    scores = {s.class_name: s for s in score_case(predicted, HEART, truth, HEART, GRID)}

    assert list(scores) == ["wall", "cavity", TOGETHER]
    assert scores["wall"].dice == pytest.approx(2 * 6 / (8 + 6))
    assert scores["cavity"].missed
    assert scores[TOGETHER].dice == pytest.approx(2 * 6 / (12 + 6))
    assert scores["wall"].volume_ml == pytest.approx(6 * 2 / 1000)


def test_a_run_of_other_classes_is_scored_as_one_alone() -> None:
    truth = volume((4, 4), (0, 0), (0, 0))
    joined = ClassTable.named({1: "heart"})
    scores = score_case((truth > 0).astype(np.uint8), joined, truth, HEART, GRID)

    assert [s.class_name for s in scores] == [TOGETHER]
    assert scores[0].dice == 1.0
    with pytest.raises(InputError, match="other classes"):
        masks_of(found(truth, joined), truth, HEART, 1)


def test_classes_without_names_that_this_case_lacks_are_compared_all_the_same() -> None:
    table = comparable_classes(ClassTable.found_in([1]), ClassTable.found_in([1, 2]))
    assert table.values == (0, 1, 2)


def test_the_worst_plane_has_the_lowest_dice_or_most_wrong_voxels() -> None:
    true, predicted = volume((1, 0), (16, 0), (0, 0)) > 0, volume((0, 0), (10, 0), (0, 0)) > 0

    assert worst_plane(predicted, true) == 0
    assert worst_plane(predicted, true, by="voxels") == 1
    assert worst_plane(np.zeros_like(true), np.zeros_like(true)) is None


def test_of_planes_with_no_overlap_that_with_most_wrong_voxels_is_worst() -> None:
    true = volume((1, 0), (5, 0), (2, 0)) > 0
    assert worst_plane(np.zeros_like(true), true) == 1


def test_the_worst_of_several_runs_is_told_with_its_plane() -> None:
    truth = volume((4, 0), (4, 0), (4, 0))
    runs = {A: found(volume((4, 0), (3, 0), (4, 0))), B: found(volume((4, 0), (4, 0), (1, 0)))}

    assert worst_of(runs, truth, HEART, value=1) == (B, 2)
    assert worst_of({A: runs[A]}, truth, HEART, value=None) == (A, 1)


def test_runs_of_other_classes_are_left_out_of_the_worst_plane() -> None:
    truth = volume((4, 0), (4, 0), (4, 0))
    other = found(volume((0, 0), (4, 0), (4, 0)), ClassTable.named({1: "heart"}))
    runs = {A: found(volume((4, 0), (3, 0), (4, 0))), B: other}

    assert worst_of(runs, truth, HEART, value=1) == (A, 1)
    with pytest.raises(InputError, match="other classes"):
        worst_of({B: other}, truth, HEART, value=1)


def test_what_a_training_was_told_to_ignore_counts_nowhere() -> None:
    named = ClassTable.named({1: "wall", 2: "cavity", 9: "unsure"})
    truth, predicted = volume((4, 4), (0, 0), (0, 0)), volume((8, 4), (0, 0), (0, 0))
    truth[0].ravel()[4:] = 9
    own = HEART.ignoring(9)
    scores = {s.class_name: s for s in score_case(predicted, own, truth, named, GRID)}

    assert scores["wall"].dice == scores[TOGETHER].dice == 1.0
    assert masks_of(found(predicted, own), truth, named, None)[1].sum() == 4
    told = regions_of_case(found(predicted, own), truth, named, GRID, value=1, weighted=False)
    assert VoxelCase.FALSE_ALARM not in told


def test_regions_leave_out_what_the_truth_ignores() -> None:
    classes = ClassTable.named({1: "wall"}, ignore=2)
    truth, predicted = volume((1, 1), (0, 0), (0, 0)), volume((3, 0), (0, 0), (0, 0))
    cases = regions_of_case(found(predicted), truth, classes, GRID, value=None, weighted=False)

    assert cases[0, 0].tolist() == [VoxelCase.FOUND, 0, VoxelCase.FALSE_ALARM, 0]


def test_a_run_predicts_and_scores_a_case_as_its_predictor_does(
    finished_run: tuple[Path, object], hearts: Path
) -> None:
    run, case = finished_run[0], open_dataset(hearts).cases[0]
    image, truth = load_case(case)
    classes = RunFolder(run).read_config()[1]
    shares: list[float] = []
    made = find_in_case(run, case.name, image, truth, classes, tell=shares.append)

    assert np.array_equal(made.labels, load_predictor(run).labels(image))
    assert made.labels.dtype == np.uint8
    assert made.scores == tuple(score_case(made.labels, classes, truth, classes, image.grid))
    assert not made.is_saved
    assert made.per_plane
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_scores_of_a_test_case_are_those_in_the_run_s_own_table(
    finished_run: tuple[Path, object], hearts: Path
) -> None:
    run, dataset = finished_run[0], open_dataset(hearts)
    kept = [row for row in read_scores(run / "scores.csv") if row["split"] == "test"]
    name = kept[0]["case"]
    image, truth = load_case(dataset.case(name))
    made = find_in_case(run, name, image, truth, dataset.classes, dataset=dataset)
    of_case = {row["class"]: row for row in kept if row["case"] == name}

    assert [s.class_name for s in made.scores] == list(of_case)
    for score in made.scores:
        for measure in ("dice", "hd95", "assd", "nsd", "volume_ml"):
            told = float(of_case[score.class_name][measure])
            assert getattr(score, measure) == pytest.approx(told, rel=1e-5, nan_ok=True)


def test_the_planes_counted_beside_say_the_same_as_the_volume(
    finished_run: tuple[Path, object], hearts: Path
) -> None:
    run, dataset = finished_run[0], open_dataset(hearts)
    case = dataset.cases[0]
    image, truth = load_case(case)
    made = find_in_case(run, case.name, image, truth, dataset.classes)
    bare = Found(made.labels, made.classes, made.per_plane)

    assert set(made.planes) == {None, *dataset.classes.values[1:]}
    for value in made.planes:
        for by in ("dice", "voxels"):
            ways = [
                worst_of({A: one}, truth, dataset.classes, value=value, by=by)
                for one in (made, bare)
            ]
            assert ways[0] == ways[1]


def test_a_prediction_that_the_run_keeps_is_taken_where_the_dataset_is_its_own(
    finished_run: tuple[Path, object], hearts: Path, tmp_path: Path
) -> None:
    run, dataset = finished_run[0], open_dataset(hearts)
    best = RunFolder(run).read_summary()["best_epoch"]
    name, kept = next(iter(RunFolder(run).read_timeline(best).items()))
    image, truth = load_case(dataset.case(name))
    classes = dataset.classes
    made = find_in_case(run, name, image, truth, classes, dataset=dataset)

    assert made.is_saved
    assert np.array_equal(made.labels, kept)
    assert np.array_equal(made.labels, load_predictor(run).labels(image))
    others = open_dataset(hearts / "patient001")
    assert saved_prediction(run, name, image.data.shape, others) is None
    assert saved_prediction(run, "nobody", image.data.shape, dataset) is None
