"""Interpolation between planes against brute force and bodies of known shape."""

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.interpolation import interpolate_planes
from segstudio.core.errors import InputError

Array = np.ndarray


def interpolated(labels: Array, spacing: tuple[float, ...], **options) -> Array:
    new = labels.copy()
    apply(interpolate_planes(labels, spacing, **options), new)
    return new


def dice(a: Array, b: Array) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def body(kind: str) -> Array:
    """Return a sphere or a cone of 1 mm voxels whose planes 0, 5, 10 … hold it."""
    z, y, x = np.ogrid[:51, :64, :64]
    across = np.hypot(y - 31.5, x - 31.5)
    if kind == "sphere":
        return np.hypot(across, z - 25) <= 25.5
    return across <= 2 + 0.5 * z


@pytest.mark.parametrize("kind", ["sphere", "cone"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_body_kept_at_every_fifth_plane_comes_back(kind: str, axis: int) -> None:
    full = np.moveaxis(body(kind), 0, axis)
    kept = np.zeros(full.shape, np.uint8)
    np.moveaxis(kept, axis, 0)[::5] = np.moveaxis(full, axis, 0)[::5]
    assert dice(kept == 1, full) < 0.4
    assert dice(interpolated(kept, (1.0, 1.0, 1.0), axis=axis) == 1, full) >= 0.97


def face_map(mask: Array, steps: tuple[float, float]) -> Array:
    """Return the signed distance to the nearest voxel of the other side, box by box."""
    places = np.argwhere(np.ones(mask.shape, bool))
    apart = np.maximum(np.abs(places[:, None] - places[None]) - 0.5, 0) * steps
    flat = mask.ravel()
    other = np.where(flat[:, None] != flat[None], np.linalg.norm(apart, axis=-1), np.inf)
    return np.where(flat, -other.min(axis=1), other.min(axis=1)).reshape(mask.shape)


def test_two_classes_that_touch_are_as_by_brute_force() -> None:
    below, above = np.zeros((2, 9, 11), np.uint8)
    below[0:6, 1:5], below[0:6, 5:7] = 1, 2  # both reach the edge of the plane
    above[2:8, 2:4], above[2:8, 4:9] = 1, 2
    labels = np.zeros((5, 9, 11), np.uint8)
    labels[0], labels[4] = below, above
    steps = (2.0, 0.8)
    found = interpolated(labels, (3.0, *steps))
    for k in (1, 2, 3):
        phi = {
            value: (4 - k) / 4 * face_map(np.isin(below, group), steps)
            + k / 4 * face_map(np.isin(above, group), steps)
            for value, group in {0: (1, 2), 1: (1,), 2: (2,)}.items()
        }
        expected = np.where(phi[1] <= phi[2], 1, 2)
        expected[np.minimum(np.minimum(phi[1], phi[2]), phi[0]) >= 0] = 0
        tied = np.isclose(phi[1], phi[2])
        np.testing.assert_array_equal(found[k][~tied], expected[~tied])
    np.testing.assert_array_equal(found[[0, 4]], labels[[0, 4]])


def test_no_gap_opens_between_classes_whose_border_moves() -> None:
    labels = np.zeros((6, 7, 20), np.uint16)
    labels[[0, 5], 2:5, 2:18] = 1
    labels[0, 2:5, 5:18] = 300
    labels[5, 2:5, 15:18] = 300
    found = interpolated(labels, (5.0, 1.0, 1.0))
    assert (found[:, 2:5, 2:18] > 0).all()
    borders = (found[:, 3] == 1).sum(axis=1)
    assert (np.diff(borders) > 0).all()
    assert np.count_nonzero(found) == 6 * 3 * 16


def test_labelled_planes_and_other_classes_stay_and_nothing_is_added_outside() -> None:
    rng = np.random.default_rng(3)
    labels = np.zeros((12, 10, 10), np.uint8)
    labels[2, 2:8, 2:8] = 1
    labels[6, 3:9, 1:7] = 1
    labels[7] = rng.integers(0, 3, (10, 10))
    labels[10, 1:4, 1:4] = 2
    labels[4, 5, :] = 9
    found = interpolated(labels, (2.0, 1.0, 1.0), classes=[1, 2])
    np.testing.assert_array_equal(found[[2, 6, 7, 10]], labels[[2, 6, 7, 10]])
    assert not found[[0, 1, 11]].any()
    assert (found[4, 5] == 9).all()
    assert all((found[k] == 1).any() for k in (3, 4, 5))
    # With all classes plane 4 is labelled too, and stays.
    np.testing.assert_array_equal(interpolated(labels, (2.0, 1.0, 1.0))[4], labels[4])


def test_a_class_that_ends_tapers_off_half_way() -> None:
    labels = np.zeros((9, 30, 30), np.uint8)
    labels[0, 2:11, 2:11] = 1
    labels[[0, 8], 18:27, 18:27] = 2
    found = interpolated(labels, (1.0, 1.0, 1.0))
    sizes = (found == 1).sum(axis=(1, 2)).tolist()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[3] > 0
    assert sizes[4:] == [0] * 5
    assert ((found == 2).sum(axis=(1, 2)) == 81).all()


def test_a_class_that_fills_its_planes_fills_those_between() -> None:
    labels = np.zeros((4, 3, 3), np.uint8)
    labels[[0, 3]] = 1
    assert (interpolated(labels, (1.0, 1.0, 1.0)) == 1).all()


@pytest.mark.parametrize("planes", [[], [3], [3, 4], list(range(6))])
def test_without_a_gap_nothing_changes(planes: list[int]) -> None:
    labels = np.zeros((6, 5, 5), np.uint8)
    labels[planes, 1:4, 1:4] = 1
    assert interpolate_planes(labels, (1.0, 1.0, 1.0)).count == 0


def test_an_axis_or_spacing_that_is_not_there_is_told() -> None:
    labels = np.zeros((3, 3, 3), np.uint8)
    with pytest.raises(InputError, match="no axis 3"):
        interpolate_planes(labels, (1.0, 1.0, 1.0), axis=3)
    with pytest.raises(InputError, match="3 positive numbers"):
        interpolate_planes(labels, (1.0, 0.0, 1.0))
