import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat
from skimage.draw import polygon

from segstudio.core.errors import InputError
from segstudio.data.phantoms import (
    SPINE_CLASSES,
    cobb_angles,
    spine,
    vertebra_labels,
    write_spine_dataset,
)

SEEDS = range(12)
SHAPES = [(1, 768, 256), (1, 64, 64), (1, 256, 64), (1, 64, 200)]


def upright() -> NDArray[np.float64]:
    """The corners of a straight spine, (17, 4, 2)."""
    box = np.array([[-10.0, -4.0], [10, -4], [-10, 4], [10, 4]])
    centres = np.stack([np.full(17, 50.0), 10 + 12 * np.arange(17)], axis=1)
    return centres[:, None] + box


def tilted(degrees: list[float]) -> NDArray[np.float64]:
    """A spine whose vertebrae have the given slopes, stacked along them, (68, 2)."""
    slope = np.radians(degrees)
    step = 12 * np.stack([-np.sin(slope), np.cos(slope)], axis=1)
    centres = np.array([100.0, 10.0]) + np.cumsum(step, axis=0)
    across = 10 * np.stack([np.cos(slope), np.sin(slope)], axis=1)
    down = step / 3
    corners = [centres + x * across + y * down for y in (-1, 1) for x in (-1, 1)]
    return np.stack(corners, axis=1).reshape(68, 2)


def test_a_seed_names_one_film() -> None:
    first, again = spine(4), spine(4)
    np.testing.assert_array_equal(first[0].data, again[0].data)
    np.testing.assert_array_equal(first[1], again[1])
    np.testing.assert_array_equal(first[2], again[2])


def test_another_seed_is_another_patient() -> None:
    first, other = spine(4), spine(5)
    assert (first[0].data != other[0].data).mean() > 0.5
    assert (first[1] != other[1]).any()


def test_types_and_shapes_are_those_of_a_radiograph() -> None:
    volume, labels, landmarks = spine(0)
    assert volume.data.dtype == np.uint8
    assert labels.dtype == np.uint8
    assert volume.data.shape == labels.shape == volume.grid.shape == (1, 768, 256)
    assert volume.grid.unit == "voxels"
    assert volume.grid.file_shape == (256, 768, 1)
    assert landmarks.dtype == np.float64
    assert landmarks.shape == (68, 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_seventeen_vertebrae_follow_each_other_down_inside_the_film(
    seed: int, shape: tuple[int, int, int]
) -> None:
    volume, labels, landmarks = spine(seed, shape=shape)
    assert volume.data.shape == labels.shape == shape
    assert set(np.unique(labels)) == {0, *SPINE_CLASSES}
    assert len(SPINE_CLASSES) == 17
    centres = landmarks.reshape(17, 4, 2).mean(axis=1)
    assert (np.diff(centres[:, 1]) > 0).all()
    assert (landmarks >= 0).all()
    assert (landmarks <= (shape[2] - 1, shape[1] - 1)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_corners_are_listed_from_left_to_right_and_from_top_to_bottom(seed: int) -> None:
    tl, tr, bl, br = spine(seed)[2].reshape(17, 4, 2).transpose(1, 0, 2)
    assert (tl[:, 0] < tr[:, 0]).all()
    assert (bl[:, 0] < br[:, 0]).all()
    assert (tl[:, 1] < bl[:, 1]).all()
    assert (tr[:, 1] < br[:, 1]).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_labels_are_the_polygons_of_the_corners(seed: int, shape: tuple[int, int, int]) -> None:
    _, labels, landmarks = spine(seed, shape=shape)
    expected = np.zeros(shape[1:], np.uint8)
    # Painted from below, so that the upper of two that overlap stays on top.
    for value, (tl, tr, bl, br) in reversed(list(enumerate(landmarks.reshape(17, 4, 2), start=1))):
        x, y = np.array([tl, tr, br, bl]).T
        expected[polygon(y, x, shape[1:])] = value
    np.testing.assert_array_equal(labels[0], expected)


def test_of_two_vertebrae_that_overlap_the_upper_one_keeps_its_pixels() -> None:
    corners = upright()
    corners[1] -= (0, 6)
    labels = vertebra_labels(corners.reshape(68, 2), (220, 100))
    assert (labels[0, 6:15, 41:60] == 1).all()
    assert (labels == 2).any()


def test_curves_are_as_bent_as_in_aasce() -> None:
    # The training set: 5 % to 95 % of the main angles are 9 to 74 degrees, the median is 30.
    main = [cobb_angles(spine(seed, shape=(1, 64, 64))[2], 64)[0] for seed in range(60)]
    assert 18 < np.median(main) < 42
    assert min(main) < 18
    assert max(main) > 55


def test_lungs_are_dark_and_the_belly_is_bright() -> None:
    for seed in SEEDS:
        volume, _, landmarks = spine(seed)
        level = landmarks.reshape(17, 4, 2).mean(axis=1)
        chest = volume.data[0, int(level[5, 1]) : int(level[7, 1])]
        belly = volume.data[0, int(level[12, 1]) : int(level[14, 1])]
        assert np.median(chest[:, :64]) < np.median(belly[:, 64:192])


def test_vertebrae_hardly_stand_out() -> None:
    # AASCE: a vertebra is brighter than the ring about it by 0 to 0.6 of its deviation.
    stand_out = []
    for seed in SEEDS:
        volume, labels, landmarks = spine(seed)
        wide = landmarks.reshape(17, 4, 2)
        wide = wide.mean(axis=1, keepdims=True) + 1.3 * (wide - wide.mean(axis=1, keepdims=True))
        ring = (vertebra_labels(wide.reshape(68, 2), (768, 256)) > 0) & (labels == 0)
        inside, outside = volume.data[labels > 0], volume.data[ring]
        stand_out.append((inside.mean() - outside.mean()) / outside.std())
    assert 0 < np.median(stand_out) < 0.6


def test_one_curve_is_measured_from_its_ends() -> None:
    slopes = np.interp(np.arange(17), [0, 4, 12, 16], [0.0, 20, -15, -5]).tolist()
    assert cobb_angles(tilted(slopes), 400) == pytest.approx((35, 20, 10))


def test_a_double_curve_in_the_upper_half_is_measured_above_and_below() -> None:
    slopes = [-12.0, -6, 0, 10, 20, 10, 0, -10, -20, -10, 0, 8, 10, 12, 12, 12, 12]
    assert cobb_angles(tilted(slopes), 1000) == pytest.approx((40, 32, 32))


def test_a_double_curve_in_the_lower_half_is_measured_upwards_twice() -> None:
    slopes = [5.0, 0, -4, -8, -12, -10, -5, 0, 5, 10, 15, 20, 15, 5, -5, -20, -10]
    assert cobb_angles(tilted(slopes), 210) == pytest.approx((40, 32, 17))


def test_the_slope_is_that_halfway_between_the_end_plates() -> None:
    corners = upright()
    corners[3, 1] += (0, 4)  # one end plate slopes by 4 in 20, so the middle by 2
    middle = np.degrees(np.arctan2(2, 20))
    assert cobb_angles(corners.reshape(68, 2), 220) == pytest.approx((middle, 0, middle))


def test_more_than_one_plane_is_refused() -> None:
    with pytest.raises(InputError, match="one plane, not 3"):
        spine(0, shape=(3, 64, 64))


def test_the_dataset_has_the_layout_of_aasce(tmp_path: Path) -> None:
    folder = tmp_path / "phantoms"
    write_spine_dataset(folder, patients=5, seed=7, shape=(1, 128, 64))
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    sides = {"training": ("001", "002", "003", "005"), "test": ("004",)}
    expected = {"phantom.txt"}
    for side, members in sides.items():
        expected |= {f"labels/{side}/{k}.csv" for k in ("filenames", "landmarks", "angles")}
        expected |= {f"labels/{side}/phantom{m}.jpg.mat" for m in members}
        expected |= {f"data/{side}/phantom{m}.jpg" for m in members}
    assert found == expected
    assert "generated (seed 7)" in (folder / "phantom.txt").read_text(encoding="utf-8")
    with Image.open(folder / "data" / "test" / "phantom004.jpg") as image:
        assert (image.mode, image.size) == ("L", (64, 128))


def test_written_rows_belong_to_their_images(tmp_path: Path) -> None:
    write_spine_dataset(tmp_path, patients=3, seed=7, shape=(1, 128, 64))
    labels = tmp_path / "labels" / "training"
    with (labels / "filenames.csv").open(encoding="utf-8") as file:
        names = [row[0] for row in csv.reader(file)]
    rows = np.loadtxt(labels / "landmarks.csv", delimiter=",")
    angles = np.loadtxt(labels / "angles.csv", delimiter=",")
    assert names == ["phantom001.jpg", "phantom002.jpg", "phantom003.jpg"]
    assert (rows.shape, angles.shape) == ((3, 136), (3, 3))
    for own, name, row, angle in zip(
        np.random.SeedSequence(7).generate_state(3), names, rows, angles, strict=True
    ):
        volume, _, landmarks = spine(int(own), shape=(1, 128, 64))
        np.testing.assert_allclose(loadmat(labels / f"{name}.mat")["p2"], landmarks)
        np.testing.assert_allclose(row.reshape(2, 68).T * (64, 128), landmarks, atol=0.01)
        np.testing.assert_allclose(angle, cobb_angles(landmarks, 128), rtol=1e-3)
        image = np.asarray(Image.open(tmp_path / "data" / "training" / name), float)
        assert np.corrcoef(image.ravel(), volume.data.ravel().astype(float))[0, 1] > 0.99


@pytest.mark.parametrize("inside", ["mine.txt", "labels"])
def test_a_folder_that_holds_something_is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).mkdir()
    with pytest.raises(InputError, match="is not an empty folder"):
        write_spine_dataset(tmp_path, patients=1)
    assert [p.name for p in tmp_path.iterdir()] == [inside]


def test_a_dataset_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one plane, not 2"):
        write_spine_dataset(tmp_path / "spines", patients=1, shape=(2, 64, 64))
    assert list(tmp_path.iterdir()) == []
