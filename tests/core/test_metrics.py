from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from monai.metrics import (
    compute_average_surface_distance,
    compute_hausdorff_distance,
    compute_surface_dice,
)
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import (
    TOGETHER,
    Score,
    dice,
    evaluate,
    mean_of,
    summarise,
    surface_distances,
)
from segstudio.core.volume import Grid

Mask = NDArray[np.bool_]

SPACING = (8.0, 1.5, 1.25)
ONE_CLASS = ClassTable.found_in([1])
NAN = float("nan")


def grid(shape: tuple[int, int, int], unit: str = "mm") -> Grid:
    return Grid(shape, SPACING if unit == "mm" else (1.0, 1.0, 1.0), np.eye(4), unit)


def blob(seed: int, shape: tuple[int, ...] = (6, 20, 18)) -> Mask:
    """A ball with a ragged rim, about the middle of an image."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    place = rng.uniform(-0.2, 0.2, len(shape))
    radius = np.sqrt(sum((a - c) ** 2 for a, c in zip(axes, place, strict=True)))
    mask: Mask = radius < rng.uniform(0.5, 0.7) + 0.1 * rng.standard_normal(shape)
    return mask


def contour_by_hand(mask: Mask) -> list[tuple[int, ...]]:
    """Voxels of a mask with a face neighbour that is off it or outside the image."""
    voxels = {tuple(int(i) for i in v) for v in np.argwhere(mask)}

    def is_inside(voxel: tuple[int, ...]) -> bool:
        return all(
            (*voxel[:axis], voxel[axis] + step, *voxel[axis + 1 :]) in voxels
            for axis in range(mask.ndim)
            for step in (-1, 1)
        )

    return sorted(v for v in voxels if not is_inside(v))


def distances_by_hand(p: Mask, t: Mask, spacing: tuple[float, ...]) -> tuple[float, float]:
    """HD95 and ASSD from the distances of all pairs of contour voxels."""
    a, b = (np.array(contour_by_hand(m)) * spacing for m in (p, t))
    apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
    there, back = apart.min(axis=1), apart.min(axis=0)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float((there.sum() + back.sum()) / (len(there) + len(back)))


@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        ([1, 1, 1, 0], [0, 1, 1, 1], 2 * 2 / (3 + 3)),
        ([1, 0, 0, 0], [1, 1, 1, 0], 2 * 1 / (1 + 3)),
        ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
        ([1, 1, 0, 0], [0, 0, 1, 1], 0.0),
        ([0, 0, 0, 0], [0, 1, 0, 0], 0.0),
        ([0, 1, 0, 0], [0, 0, 0, 0], 0.0),
        ([0, 0, 0, 0], [0, 0, 0, 0], NAN),
    ],
)
def test_dice_is_twice_the_overlap_over_both_sizes(
    prediction: list[int], truth: list[int], expected: float
) -> None:
    found = dice(np.array(prediction, bool), np.array(truth, bool))
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("shape", [(6, 7), (3, 4, 5), (1, 6, 6), (5, 1, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_surface_distances_equal_brute_force(shape: tuple[int, ...], seed: int) -> None:
    p, t = np.random.default_rng(seed).random((2, *shape)) < 0.6
    spacing = SPACING[-len(shape) :]
    assert surface_distances(p, t, spacing)[:2] == pytest.approx(distances_by_hand(p, t, spacing))


@pytest.mark.parametrize("seed", range(4))
def test_surface_distances_equal_monai(seed: int) -> None:
    p, t = blob(seed), blob(seed + 100)
    tensors = [torch.from_numpy(m[None, None]) for m in (p, t)]
    options = {"include_background": True, "spacing": list(SPACING)}
    hd95 = compute_hausdorff_distance(*tensors, percentile=95, **options).item()
    assd = compute_average_surface_distance(*tensors, symmetric=True, **options).item()
    nsd = compute_surface_dice(
        *tensors, class_thresholds=[2.0], include_background=True, spacing=list(SPACING)
    ).item()
    found = surface_distances(p, t, SPACING, tolerance=2.0)
    assert found == pytest.approx((hd95, assd, nsd), rel=1e-5)


def test_a_shift_of_three_voxels_is_measured_in_mm() -> None:
    p, t = np.zeros((2, 2, 5, 9), bool)
    p[0, 2, 1], t[0, 2, 4] = True, True
    assert surface_distances(p, t, SPACING) == pytest.approx((3 * 1.25, 3 * 1.25, 0.0))
    assert surface_distances(p, t, SPACING, tolerance=3.75).nsd == 1.0


def test_equal_masks_are_at_distance_zero() -> None:
    assert surface_distances(blob(1), blob(1), SPACING) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("empty", ["prediction", "truth"])
def test_one_empty_mask_is_as_far_as_the_image_diagonal(empty: str) -> None:
    masks = {"prediction": np.ones((3, 4, 5), bool), "truth": np.ones((3, 4, 5), bool)}
    masks[empty][:] = False
    diagonal = ((3 * 8) ** 2 + (4 * 1.5) ** 2 + (5 * 1.25) ** 2) ** 0.5
    found = surface_distances(masks["prediction"], masks["truth"], SPACING)
    assert found == pytest.approx((diagonal, diagonal, 0.0))


def test_two_empty_masks_have_no_distance() -> None:
    assert np.isnan(surface_distances(*np.zeros((2, 3, 4), bool), (1.0, 1.0))).all()


def test_without_a_true_spacing_planes_that_hold_the_class_are_measured_one_by_one() -> None:
    prediction, truth = np.zeros((2, 4, 3, 4), np.uint8)
    prediction[0, 1, 0], truth[0, 1, 3] = 1, 1  # three voxels apart: 3
    prediction[1, 1, 1], truth[1, 1, 1] = 1, 1  # found: 0
    truth[3, 2, 2] = 1  # missed in this plane of 3 x 4: its diagonal, 5; plane 2 does not count
    (score,) = evaluate(prediction, truth, grid((4, 3, 4), "voxels"), ONE_CLASS)
    assert (score.hd95, score.assd) == pytest.approx(((3 + 0 + 5) / 3, (3 + 0 + 5) / 3))
    assert score.unit == "voxels"


def test_a_score_says_whose_it_is_and_counts_voxels_and_ml() -> None:
    truth = np.array([[[0, 1, 1, 4]]])
    prediction = np.array([[[1, 1, 4, 4]]])
    classes = ClassTable.named({1: "wall", 4: "blood"})
    wall, blood = evaluate(prediction, truth, grid((1, 1, 4)), classes, case="p1")
    assert (wall.case, wall.class_name, blood.class_name) == ("p1", "wall", "blood")
    assert (wall.overlap, wall.predicted, wall.true) == (1, 2, 2)
    assert (wall.dice, blood.dice) == pytest.approx((2 * 1 / 4, 2 * 1 / 3))
    assert wall.volume_ml == pytest.approx(2 * 8 * 1.5 * 1.25 / 1000)


def test_a_volume_without_a_true_spacing_is_a_number_of_voxels() -> None:
    masks = np.ones((1, 2, 3), int)
    unknown = Grid((1, 2, 3), SPACING, np.eye(4), "voxels")
    (score,) = evaluate(masks, masks, unknown, ONE_CLASS)
    assert score.volume_ml == 6


def test_shapes_that_differ_are_refused_with_both_told() -> None:
    with pytest.raises(InputError, match=r"p1 has shape \(1, 2, 2\) but its truth has \(1, 2, 3\)"):
        evaluate(np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int), grid((1, 2, 3)), ONE_CLASS,
                 case="p1")  # fmt: skip


@pytest.mark.parametrize(
    ("true", "predicted", "missed"), [(3, 0, True), (3, 1, False), (0, 0, False), (0, 2, False)]
)
def test_a_class_is_missed_where_it_is_there_and_nothing_is_predicted(
    true: int, predicted: int, missed: bool
) -> None:
    score = Score("c", "a", 0.0, 0.0, 0.0, 0.0, "mm", 0, predicted, true)
    assert score.missed is missed


def test_a_mean_leaves_out_what_is_not_a_number() -> None:
    assert mean_of([1.0, NAN, 3.0]) == 2.0
    assert np.isnan(mean_of([NAN]))


def scores() -> list[Score]:
    """Two cases; class a is missed in the second, class b is in the second only."""
    return [
        Score("1", "a", dice=1.0, hd95=2.0, assd=1.0, volume_ml=0.0, unit="mm",
              overlap=2, predicted=2, true=2),
        Score("1", "b", dice=NAN, hd95=NAN, assd=NAN, volume_ml=0.0, unit="mm",
              overlap=0, predicted=0, true=0),
        Score("2", "a", dice=0.0, hd95=10.0, assd=10.0, volume_ml=0.0, unit="mm",
              overlap=0, predicted=0, true=6),
        Score("2", "b", dice=0.75, hd95=4.0, assd=2.0, volume_ml=0.0, unit="mm",
              overlap=3, predicted=4, true=4),
    ]  # fmt: skip


def test_the_mean_is_taken_over_cases_then_over_classes() -> None:
    # a: (1 + 0) / 2 = 0.5; b: 0.75, the NaN left out; the mean of all scores would be 0.583.
    assert summarise(scores())["mean_dice"] == pytest.approx((0.5 + 0.75) / 2)


def test_pooled_dice_takes_the_voxels_of_all_cases_together() -> None:
    summary = summarise(scores())
    # a: 2 · (2 + 0) / ((2 + 0) + (2 + 6)) = 0.4; b: 2 · 3 / (4 + 4) = 0.75.
    assert summary["per_class"]["a"]["pooled_dice"] == pytest.approx(0.4)
    assert summary["pooled_dice"] == pytest.approx((0.4 + 0.75) / 2)


def test_a_class_is_summed_up_with_its_missed_cases() -> None:
    assert summarise(scores())["per_class"]["a"] == {
        "dice": 0.5, "pooled_dice": 0.4, "hd95": 6.0, "hd95_where_predicted": 2.0, "assd": 5.5,
        "nsd": None, "unit": "mm", "cases": 2, "missed": 1, "planes": 0, "missed_planes": 0,
    }  # fmt: skip


def test_what_cannot_be_said_is_none() -> None:
    empty = replace(scores()[1], class_name="c")
    summary = summarise([empty])
    row = summary["per_class"]["c"]
    assert summary["mean_dice"] is summary["pooled_dice"] is None
    assert [row[k] for k in ("dice", "pooled_dice", "hd95", "hd95_where_predicted", "assd")] == (
        [None] * 5
    )
    assert (row["cases"], row["missed"]) == (0, 0)


def test_lengths_in_different_units_are_called_mixed() -> None:
    first, *_, last = scores()
    both = [first, replace(last, class_name="a", unit="voxels")]
    assert summarise(both)["per_class"]["a"]["unit"] == "mixed"


def test_more_errors_make_a_worse_score() -> None:
    truth = blob(5)
    shifted = [np.roll(truth, n, axis=2) for n in range(4)]
    found = [(dice(m, truth), surface_distances(m, truth, SPACING)[1]) for m in shifted]
    assert all(a[0] > b[0] and a[1] < b[1] for a, b in pairwise(found))


@pytest.mark.parametrize("unit", ["mm", "voxels"])
def test_what_the_truth_ignores_is_in_neither_mask(unit: str) -> None:
    rng = np.random.default_rng(3)
    truth = np.where(blob(1), 1, 0) + np.where(blob(2), 2, 0)  # 3, where both, is ignored
    found = np.where(blob(4), 1, 2) * rng.integers(0, 2, truth.shape)
    classes = ClassTable.found_in([1, 2], ignore=3)
    scores = evaluate(found, truth, grid(truth.shape, unit), classes)

    for value, score in zip((1, 2), scores, strict=True):
        p = (found == value) & (truth != 3)
        t = truth == value
        assert (score.predicted, score.true) == (p.sum(), t.sum())
        assert score.overlap == sum(bool(a and b) for a, b in zip(p.flat, t.flat, strict=True))
        assert score.dice == 2 * score.overlap / (score.predicted + score.true)
        if unit == "mm":
            np.testing.assert_allclose(
                (score.hd95, score.assd), distances_by_hand(p, t, SPACING), rtol=1e-6
            )


@pytest.mark.parametrize("there", [0, 1, 2, 3])
def test_scores_do_not_depend_on_what_is_predicted_where_the_truth_is_ignored(there: int) -> None:
    truth, found = np.where(blob(1), 1, 0), np.where(blob(2), 1, 0)
    truth[:, 5:9] = 3
    classes, on = ClassTable.found_in([1, 2], ignore=3), grid(truth.shape)
    other = np.where(truth == 3, there, found)
    before = other.copy()
    assert repr(evaluate(other, truth, on, classes)) == repr(evaluate(found, truth, on, classes))
    np.testing.assert_array_equal(other, before)


def test_a_truth_that_is_ignored_whole_has_no_score() -> None:
    truth, classes = np.full((2, 3, 4), 3), ClassTable.named({1: "a"}, ignore=3)
    (score,) = evaluate(np.ones((2, 3, 4)), truth, grid((2, 3, 4)), classes)
    assert np.isnan([score.dice, score.hd95, score.assd]).all()
    assert (score.predicted, score.volume_ml, score.missed) == (0, 0.0, False)
    means = summarise([score])
    assert means["pooled_dice"] is None


def test_planes_where_a_class_was_missed_are_counted() -> None:
    prediction, truth = np.zeros((2, 4, 3, 4), np.uint8)
    truth[:3, 1, 1] = 1
    prediction[1:, 1, 1] = 1
    (score,) = evaluate(prediction, truth, grid(truth.shape), ONE_CLASS)
    assert (score.planes, score.missed_planes) == (3, 1)
    assert not score.missed


def test_surfaces_agree_within_two_mm_or_a_pixel() -> None:
    prediction, truth = np.zeros((2, 1, 5, 9), np.uint8)
    prediction[0, 2, 1], truth[0, 2, 2] = 1, 1
    (in_mm,) = evaluate(prediction, truth, grid(truth.shape), ONE_CLASS)  # 1.25 mm apart
    (in_pixels,) = evaluate(prediction, truth, grid(truth.shape, "voxels"), ONE_CLASS)
    assert (in_mm.nsd, in_pixels.nsd) == (1.0, 1.0)
    truth = np.roll(truth, 1, axis=2)
    (in_mm,) = evaluate(prediction, truth, grid(truth.shape), ONE_CLASS)  # 2.5 mm, two pixels
    (in_pixels,) = evaluate(prediction, truth, grid(truth.shape, "voxels"), ONE_CLASS)
    assert (in_mm.nsd, in_pixels.nsd) == (0.0, 0.0)


def test_several_classes_are_scored_as_one_as_well() -> None:
    rng = np.random.default_rng(3)
    prediction, truth = (rng.integers(0, 4, (3, 8, 9)) for _ in range(2))
    truth[0, 0] = 9
    classes = ClassTable.found_in([1, 2, 3], ignore=9)
    *parts, whole = evaluate(prediction, truth, grid((3, 8, 9)), classes, together=True)
    kept = np.where(truth == 9, 0, prediction) > 0
    (alone,) = evaluate(
        kept.astype(int), np.isin(truth, (1, 2, 3)).astype(int), grid((3, 8, 9)), ONE_CLASS
    )

    assert [s.class_name for s in parts] == ["class 1", "class 2", "class 3"]
    assert replace(whole, class_name="class 1") == alone
    assert whole.class_name == TOGETHER
    assert len(evaluate(kept.astype(int), truth, grid((3, 8, 9)), ONE_CLASS, together=True)) == 1


def test_all_classes_as_one_are_in_no_mean() -> None:
    truth = np.arange(24).reshape(2, 3, 4) % 3
    scores = evaluate(
        np.roll(truth, 1), truth, grid((2, 3, 4)), ClassTable.found_in([1, 2]), together=True
    )
    found = summarise(scores)
    without = summarise(scores[:-1])

    assert found["together"]["dice"] == pytest.approx(scores[-1].dice)
    assert {k: v for k, v in found.items() if k != "together"} == without
    assert "together" not in without
