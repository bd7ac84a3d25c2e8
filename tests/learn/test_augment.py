"""Random changes to planes and patches."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy import ndimage

from segstudio.core.errors import InputError
from segstudio.learn.augment import (
    LARGEST_STEP,
    Augmentation,
    change_intensities,
    draw_deformation,
    linear_map,
)
from segstudio.learn.deformation import Deformation, take

NOTHING: dict[str, Any] = {
    "probability": 1.0,
    **dict.fromkeys(("rotation", "scale", "shift", "elastic", "gamma", "noise", "bias"), 0.0),
}
STRONG = Augmentation(probability=1, elastic=0.05, flips="all")


def only(**kinds: Any) -> Augmentation:
    return Augmentation(**{**NOTHING, **kinds})


def draw(options: Augmentation, size: tuple[int, ...], seed: int = 0) -> Deformation:
    center = [(n - 1) / 2 for n in size]
    return draw_deformation(np.random.default_rng(seed), options, size, (1.0,) * len(size), center)


def turned(degrees: float, center: tuple[float, ...], spacing: tuple[float, ...]) -> Deformation:
    ones = np.ones(len(center))
    matrix = linear_map(degrees, ones, np.asarray(spacing))
    return Deformation(matrix, np.asarray(center), np.zeros(len(center)))


def disc(shape: tuple[int, ...], middle: tuple[float, ...], radius: float) -> NDArray[np.uint8]:
    """Return a ball; `middle` and `radius` in voxels."""
    away = np.indices(shape) - np.reshape(middle, (-1, *(1,) * len(shape)))
    return (np.hypot.reduce(away) <= radius).astype(np.uint8)


@pytest.fixture
def image() -> NDArray[np.float32]:
    return np.random.default_rng(7).standard_normal((2, 9, 12)).astype(np.float32)


def test_the_identity_copies_voxel_for_voxel(image: NDArray[np.float32]) -> None:
    identity = Deformation.identity(2)

    taken = take(image, identity, (0, 0), (9, 12), order=1, fill=0)

    assert identity.is_identity
    assert np.array_equal(taken, image)
    assert not np.shares_memory(taken, image)
    assert np.array_equal(identity.coordinates((-1, 2), (3, 2)), np.mgrid[-1:2, 2:4])


def test_a_box_beyond_the_array_is_filled(image: NDArray[np.float32]) -> None:
    taken = take(image, Deformation.identity(2), (-2, 3), (8, 15), order=1, fill=5)

    assert np.array_equal(taken[:, 2:, :9], image[:, :6, 3:])
    assert (taken[:, :2] == 5).all()
    assert (taken[:, :, 9:] == 5).all()


@pytest.mark.parametrize("start", [(20, 0), (-30, 3), (0, 40)])
@pytest.mark.parametrize("degrees", [0, 10])
def test_a_box_outside_the_array_is_all_fill(start: tuple[int, int], degrees: float) -> None:
    labels = np.ones((9, 12), np.uint8)

    taken = take(labels, turned(degrees, (4, 5.5), (1, 1)), start, (4, 4), order=0, fill=7)

    assert (taken == 7).all()


def test_what_is_turned_in_from_outside_is_fill() -> None:
    labels, turn = np.ones((20, 20), np.uint8), turned(30, (9.5, 9.5), (1, 1))

    taken = take(labels, turn, (-10, -10), (40, 40), order=0, fill=9)
    shaded = take(labels.astype(np.float32), turn, (-10, -10), (40, 40), order=1, fill=-1)

    assert set(np.unique(taken)) == {1, 9}
    assert (taken == 1).sum() == pytest.approx(400, abs=8)
    assert taken[10, 10] == 9  # the square's corner has turned away
    assert (shaded.min(), shaded.max()) == (-1, 1)


def test_mirroring_is_exact_and_keeps_labels_with_the_image(image: NDArray[np.float32]) -> None:
    labels = (image[0] > 0).astype(np.uint8)
    seen = set()
    for seed in range(20):
        deformation = draw(only(flips="all"), (9, 12), seed)
        taken = take(image, deformation, (0, 0), (9, 12), order=1, fill=0)
        axes = [i for i in (0, 1) if deformation.mirrored and deformation.mirrored[i]]
        assert np.array_equal(taken, np.flip(image, [i + 1 for i in axes]))
        along = take(labels, deformation, (0, 0), (9, 12), order=0, fill=0)
        assert np.array_equal(along, taken[0] > 0)
        seen.add(tuple(axes))
    assert seen == {(), (0,), (1,), (0, 1)}


def test_a_mirrored_box_beyond_the_array_agrees_with_its_coordinates() -> None:
    labels = np.arange(1, 31, dtype=np.int16).reshape(5, 6)
    mirror = Deformation(np.diag([1.0, -1.0]), np.array([2.0, 3.5]), np.zeros(2))

    taken = take(labels, mirror, (-1, -1), (6, 5), order=0, fill=0)

    y, x = mirror.coordinates((-1, -1), (6, 5)).astype(int)
    inside = (y >= 0) & (y < 5) & (x >= 0) & (x < 6)
    assert np.array_equal(taken, np.where(inside, labels[y.clip(0, 4), x.clip(0, 5)], 0))
    assert taken.any()
    assert taken.dtype == np.int16


def test_left_and_right_alone_change_places() -> None:
    drawn = {draw(only(flips="left-right"), (4, 9, 12), seed).mirrored for seed in range(20)}

    assert drawn == {(False, False, False), (False, False, True)}


def test_a_disc_turns_about_the_center_from_the_last_axis_to_the_one_before() -> None:
    blob = disc((41, 41), (20, 32), 4)

    taken = take(blob, turned(30, (20, 20), (1, 1)), (0, 0), (41, 41), order=0, fill=0)
    smooth = take(blob.astype(np.float32), turned(30, (20, 20), (1, 1)), (0, 0), (41, 41),
                  order=1, fill=0)  # fmt: skip

    expected = (20 + 12 * np.sin(np.pi / 6), 20 + 12 * np.cos(np.pi / 6))
    assert ndimage.center_of_mass(taken) == pytest.approx(expected, abs=0.15)
    assert ndimage.center_of_mass(smooth) == pytest.approx(expected, abs=0.05)


def test_a_circle_in_mm_stays_one_on_an_anisotropic_grid() -> None:
    spacing = np.array([2.0, 0.5])
    y, x = np.indices((41, 161)) * spacing[:, None, None]
    circle = (np.hypot(y - 40, x - 55) <= 10).astype(np.float32)

    taken = take(circle, turned(50, (20, 80), (2, 0.5)), (0, 0), (41, 161), order=1, fill=0)

    middle = np.array(ndimage.center_of_mass(taken)) * spacing
    turn = np.deg2rad(50)
    assert middle == pytest.approx((40 + 15 * np.sin(turn), 40 + 15 * np.cos(turn)), abs=0.1)
    spread_y = np.sqrt((taken * (y - middle[0]) ** 2).sum() / taken.sum())
    spread_x = np.sqrt((taken * (x - middle[1]) ** 2).sum() / taken.sum())
    assert spread_y == pytest.approx(5, rel=0.05)
    assert spread_x == pytest.approx(5, rel=0.05)


def test_scale_changes_an_area_by_its_square() -> None:
    blob = disc((61, 61), (30, 30), 12)
    for seed in range(6):
        deformation = draw(only(scale=0.5), (61, 61), seed)
        zoom = 1 / deformation.matrix[0, 0]
        taken = take(blob, deformation, (0, 0), (61, 61), order=0, fill=0)
        assert 1 / 1.5 <= zoom <= 1.5
        assert zoom != 1
        assert taken.sum() == pytest.approx(blob.sum() * zoom**2, rel=0.04)


def test_shifts_stay_within_their_share_of_each_side() -> None:
    shifts = np.array([draw(only(shift=0.1), (50, 200), seed).shift for seed in range(200)])

    assert (np.abs(shifts) <= (5, 20)).all()
    assert (np.abs(shifts).max(axis=0) > (4.5, 18)).all()


def test_an_elastic_displacement_never_folds_and_has_the_size_asked_for() -> None:
    moved = []
    for seed in range(10):
        deformation = draw(only(elastic=0.5), (48, 48), seed)
        assert deformation.control is not None
        assert np.abs(deformation.control).max() <= LARGEST_STEP * 48 / 6 + 1e-5
        (yy, xy), (yx, xx) = (np.gradient(c) for c in deformation.coordinates((0, 0), (48, 48)))
        assert (yy * xx - xy * yx > 0).all()
        mild = draw(only(elastic=0.02), (480, 480), seed)
        assert mild.control is not None
        moved.append(mild.control.std())
    assert np.mean(moved) == pytest.approx(0.02 * 480, rel=0.1)


def test_the_elastic_field_is_smooth_and_stays_as_it_is_beyond_the_region() -> None:
    deformation = draw(only(elastic=0.03), (64, 64))
    u = deformation.coordinates((-30, -30), (124, 124)) - np.mgrid[-30:94, -30:94]

    assert np.abs(np.diff(u, axis=1)).max() < 0.4
    assert np.abs(np.diff(u, 2, axis=2)).max() < 0.1
    assert np.allclose(u[:, 0], u[:, 29], atol=1e-4)
    assert not np.allclose(u[:, 40], u[:, 60], atol=0.1)


def test_displacements_have_one_size_in_mm_on_an_anisotropic_grid() -> None:
    sizes = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drawn = draw_deformation(rng, only(elastic=0.02), (40, 160), (4, 1), (19.5, 79.5))
        assert drawn.control is not None
        assert drawn.control.shape == (2, 9, 9)
        sizes.append(drawn.control.std(axis=(1, 2)) * (4, 1))
    assert np.mean(sizes, axis=0) == pytest.approx([3.2, 3.2], rel=0.1)


@pytest.mark.parametrize("size", [(24, 30), (6, 24, 30)])
def test_an_image_and_a_larger_box_of_labels_agree_voxel_for_voxel(size: tuple[int, ...]) -> None:
    for seed in range(5):
        deformation = draw(STRONG, size, seed)
        labels = np.random.default_rng(seed).integers(0, 200, size).astype(np.uint8)
        start, shape = [2] * len(size), [n - 3 for n in size]
        around = [n + 10 for n in size]
        inner = tuple(slice(7, 7 + n) for n in shape)

        whole = deformation.coordinates([-5] * len(size), around)
        part = deformation.coordinates(start, shape)
        assert np.array_equal(whole[(slice(None), *inner)], part)

        large = take(labels, deformation, [-5] * len(size), around, order=0, fill=0)
        small = take(labels, deformation, start, shape, order=0, fill=0)
        assert np.array_equal(large[inner], small)


def test_the_nearest_voxel_is_that_of_scipy() -> None:
    labels = np.random.default_rng(1).integers(0, 250, (2, 20, 25)).astype(np.uint8)
    deformation = draw(STRONG, (20, 25), 3)

    taken = take(labels, deformation, (-3, -3), (26, 31), order=0, fill=255)

    where = deformation.coordinates((-3, -3), (26, 31))
    for found, source in zip(taken, labels, strict=True):
        expected = ndimage.map_coordinates(source, where, order=0, mode="grid-constant", cval=255)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("size", [(20, 25), (5, 20, 25)])
def test_images_are_interpolated_as_by_scipy_with_fill_outside(size: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    deformation = draw(STRONG, size, 3)
    start, shape = [-3] * len(size), [n + 6 for n in size]

    taken = take(image, deformation, start, shape, order=1, fill=2)

    where = deformation.coordinates(start, shape)
    expected = ndimage.map_coordinates(image, where, order=1, mode="grid-constant", cval=2)
    assert np.allclose(taken, expected, atol=1e-4)
    assert taken.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_labels_keep_their_type_and_get_no_new_value(dtype: type) -> None:
    labels = (disc((30, 30), (14, 14), 8) * 3).astype(dtype)

    taken = take(labels, draw(STRONG, (30, 30)), (0, 0), (30, 30), order=0, fill=0)

    assert taken.dtype == labels.dtype
    assert set(np.unique(taken)) == set(np.unique(labels))


def test_the_same_generator_gives_the_same_sample(image: NDArray[np.float32]) -> None:
    def sample(seed: int) -> NDArray[np.float32]:
        rng = np.random.default_rng(seed)
        drawn = draw_deformation(rng, STRONG, (9, 12), (1, 1), (4, 5.5))
        taken = take(image, drawn, (0, 0), (9, 12), order=1, fill=0)
        return change_intensities(taken, rng, STRONG)

    assert np.array_equal(sample(3), sample(3))
    assert not np.array_equal(sample(3), sample(4))


def test_every_option_at_0_does_nothing(image: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(0)

    assert draw(only(), (9, 12)).is_identity
    assert draw(Augmentation(probability=0), (9, 12)).is_identity
    assert np.array_equal(change_intensities(image, rng, only()), image)
    assert np.array_equal(change_intensities(image, rng, Augmentation(probability=0)), image)


@pytest.mark.parametrize("kind", ["rotation", "scale", "shift", "elastic"])
def test_each_kind_deforms_by_itself_and_as_often_as_asked(kind: str) -> None:
    sure = only(**{kind: 0.2})
    rare = only(**{kind: 0.2, "probability": 0.25})

    assert not any(draw(sure, (9, 12), seed).is_identity for seed in range(50))
    changed = sum(not draw(rare, (9, 12), seed).is_identity for seed in range(400))
    assert 70 <= changed <= 130


@pytest.mark.parametrize("kind", ["gamma", "noise", "bias"])
def test_each_kind_changes_intensities_by_itself(kind: str, image: NDArray[np.float32]) -> None:
    before = image.copy()

    changed = change_intensities(image, np.random.default_rng(0), only(**{kind: 0.5}))

    assert changed.shape == image.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert (changed != image).mean() > 0.9
    assert np.array_equal(image, before)


def test_gamma_keeps_order_mean_and_spread_of_every_channel(image: NDArray[np.float32]) -> None:
    changed = change_intensities(image, np.random.default_rng(0), only(gamma=0.5))

    for before, after in zip(image, changed, strict=True):
        assert np.array_equal(np.argsort(before, axis=None), np.argsort(after, axis=None))
        assert after.mean() == pytest.approx(before.mean(), abs=1e-5)
        assert after.std() == pytest.approx(before.std(), rel=1e-5)


def test_the_bias_is_smooth_and_leaves_the_darkest_dark() -> None:
    image = np.tile(np.float32([-1, 1]), (1, 32, 16))

    (changed,) = change_intensities(image, np.random.default_rng(0), only(bias=0.2))

    dark, bright = changed[:, ::2], changed[:, 1::2]
    assert np.ptp(dark) < 1e-5
    assert np.ptp(bright) > 0.05
    assert np.abs(np.diff(bright, axis=0)).max() < 0.1


def test_noise_is_at_most_as_strong_as_asked_and_follows_the_image() -> None:
    image = np.random.default_rng(0).standard_normal((1, 64, 64)).astype(np.float32)
    rngs = [np.random.default_rng(seed) for seed in range(30)]

    added = [(change_intensities(9 * image, r, only(noise=0.2)) - 9 * image).std() for r in rngs]

    assert max(added) <= 0.2 * 9 * 1.05
    assert max(added) > 0.15 * 9


@pytest.mark.parametrize("value", [0, -3])
def test_an_image_of_one_value_stays_as_it_is(value: float) -> None:
    flat = np.full((1, 8, 8), value, np.float32)

    assert np.array_equal(change_intensities(flat, np.random.default_rng(0), STRONG), flat)


def test_thick_planes_stay_planes() -> None:
    options = Augmentation(probability=1, elastic=0.05)
    volume = np.zeros((5, 24, 24), np.uint8)
    volume[2] = 1
    rng = np.random.default_rng(0)
    thick = draw_deformation(rng, options, volume.shape, (8, 1.5, 1.5), (2, 11.5, 11.5))

    z = thick.coordinates((0, 0, 0), volume.shape)[0]

    assert np.array_equal(z, np.broadcast_to(np.arange(5.0)[:, None, None], z.shape))
    taken = take(volume, thick, (0, 0, 0), volume.shape, order=0, fill=0)
    assert taken[2].mean() > 0.5
    assert not taken[[0, 1, 3, 4]].any()


def test_a_ball_in_thin_planes_grows_along_every_axis() -> None:
    ball = disc((31, 31, 31), (15, 15, 15), 8)
    deformation = draw(only(scale=0.5, rotation=20), (31, 31, 31), 2)
    zoom = 1 / deformation.matrix[0, 0]

    taken = take(ball, deformation, (0, 0, 0), ball.shape, order=0, fill=0)

    assert abs(zoom - 1) > 0.1
    assert taken.sum() == pytest.approx(ball.sum() * zoom**3, rel=0.05)


def test_a_volume_and_its_channels_are_taken_alike() -> None:
    volume = np.random.default_rng(0).standard_normal((2, 1, 4, 12, 12)).astype(np.float32)
    deformation = draw(STRONG, (4, 12, 12), 5)

    taken = take(volume, deformation, (1, -2, 3), (3, 9, 12), order=1, fill=0)

    assert taken.shape == (2, 1, 3, 9, 12)
    alone = take(volume[1, 0], deformation, (1, -2, 3), (3, 9, 12), order=1, fill=0)
    assert np.allclose(taken[1, 0], alone)


def test_a_volume_of_one_plane_is_deformed_too() -> None:
    plane = disc((1, 20, 20), (0, 9.5, 9.5), 6)

    taken = take(plane, draw(STRONG, (1, 20, 20)), (0, 0, 0), (1, 20, 20), order=0, fill=0)

    assert taken.shape == plane.shape
    assert taken.any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"probability": 1.5}, "The probability of the augmentation, 1.5, is not a number from 0"),
        ({"rotation": -1}, "The rotation .* from 0 to 180"),
        ({"scale": float("nan")}, "The scale .*nan"),
        ({"shift": 0.6}, "The shift .* from 0 to 0.5"),
        ({"elastic": float("inf")}, "The elastic .*inf"),
        ({"gamma": -0.1}, "The gamma "),
        ({"noise": -0.1}, "The noise "),
        ({"bias": 9}, "The bias "),
        ({"flips": "left"}, "There is no kind of flips 'left'. Did you mean 'left-right'"),
    ],
)
def test_options_that_will_not_do_are_told_in_a_sentence(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Augmentation(**options)


def test_pydantic_reads_the_options_as_a_table() -> None:
    read = TypeAdapter(Augmentation).validate_python

    assert read({"rotation": 30, "flips": "all"}) == Augmentation(rotation=30.0, flips="all")
    with pytest.raises(ValidationError, match="The bias of the augmentation"):
        read({"bias": -1})
