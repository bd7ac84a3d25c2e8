"""`signed_distance` against brute force, scipy and its own promises."""

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from segstudio.core import envelope
from segstudio.core.distance import Convention, halves, signed_distance, warm_up
from segstudio.core.errors import InputError

Labels = NDArray[np.integer[Any]]

# Axes up to 40 long, so that both ways of spreading along an axis are met.
IMAGES = st.sampled_from([(1, 1), (1, 7), (6, 1), (5, 6), (40, 3), (3, 40)])
VOLUMES = st.sampled_from([(1, 4, 5), (4, 1, 5), (4, 5, 1), (3, 4, 5), (36, 2, 3), (2, 36, 3)])
STEPS = st.floats(0.2, 12.0)


def brute_force(labels: Labels, spacing: tuple[float, ...], label: int) -> NDArray[np.float64]:
    """Return the signed map of a class by comparing every voxel with every other."""
    target = (labels == label).ravel()
    if target.all() or not target.any():
        return np.zeros(labels.shape)
    places = np.argwhere(np.ones(labels.shape, bool)) * np.array(spacing)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    nearest = np.where(target[:, None] != target[None], apart, np.inf).min(axis=1)
    phi: NDArray[np.float64] = np.where(target, -nearest, nearest).reshape(labels.shape)
    return phi


def brute_force_to_face(
    labels: Labels, spacing: tuple[float, ...], label: int
) -> NDArray[np.float64]:
    """Return the signed map to the nearest point of a voxel of the other side, box by box."""
    target = (labels == label).ravel()
    if target.all() or not target.any():
        return np.zeros(labels.shape)
    places = np.argwhere(np.ones(labels.shape, bool))
    steps_apart = np.abs(places[:, None] - places[None])
    apart = np.linalg.norm(np.maximum(steps_apart - 0.5, 0) * np.array(spacing), axis=-1)
    nearest = np.where(target[:, None] != target[None], apart, np.inf).min(axis=1)
    phi: NDArray[np.float64] = np.where(target, -nearest, nearest).reshape(labels.shape)
    return phi


def brute_force_to_contour(
    labels: Labels, spacing: tuple[float, ...], label: int
) -> NDArray[np.float64]:
    """Return the signed map to the class's own voxels that have a face on the outside."""
    target = labels == label
    if target.all() or not target.any():
        return np.zeros(labels.shape)
    indices = np.argwhere(np.ones(labels.shape, bool))
    touching = np.abs(indices[:, None] - indices[None]).sum(-1) == 1
    flat = target.ravel()
    contour = flat & (touching & ~flat[None]).any(axis=1)
    places = indices * np.array(spacing)
    nearest = np.linalg.norm(places[:, None] - places[None, contour], axis=-1).min(axis=1)
    phi: NDArray[np.float64] = np.where(flat, -nearest, nearest).reshape(labels.shape)
    return phi


BRUTE: dict[Convention, Any] = {
    "voxel": brute_force,
    "contour": brute_force_to_contour,
    "face": brute_force_to_face,
}


def scipy_map(labels: Labels, spacing: tuple[float, ...], label: int) -> NDArray[np.float64]:
    """Return the signed map of a class that has a contour, by scipy."""
    inside = distance_transform_edt(labels == label, sampling=spacing)
    outside = distance_transform_edt(labels != label, sampling=spacing)
    return np.asarray(outside - inside)


def blobs(shape: tuple[int, ...], seed: int = 3) -> NDArray[np.uint8]:
    """Return labels 0 to 3: three overlapping balls, and a few stray voxels."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij"))
    labels = np.zeros(shape, np.uint8)
    for label in (1, 2, 3):
        center = rng.uniform(0.3, 0.7, len(shape)).reshape(-1, *[1] * len(shape))
        labels[np.linalg.norm(grid - center, axis=0) < 0.25] = label
    labels[rng.random(shape) < 0.001] = 1
    return labels


def cube() -> NDArray[np.uint8]:
    """Return a volume of 4 × 5 × 6 voxels, class 1 in the middle of its two middle planes."""
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1:3, 1:4, 2:5] = 1
    return labels


@pytest.mark.parametrize("convention", BRUTE)
@settings(deadline=None)
@given(st.data())
def test_an_image_is_measured_as_by_brute_force(
    convention: Convention, data: st.DataObject
) -> None:
    labels = data.draw(hnp.arrays(np.uint8, IMAGES, elements=st.integers(0, 2)))
    spacing = data.draw(st.tuples(STEPS, STEPS))
    expected = [BRUTE[convention](labels, spacing, k) for k in range(3)]
    found = signed_distance(labels, spacing, classes=range(3), convention=convention)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("convention", BRUTE)
@settings(deadline=None)
@given(st.data())
def test_a_volume_is_measured_as_by_brute_force(
    convention: Convention, data: st.DataObject
) -> None:
    labels = data.draw(hnp.arrays(np.uint8, VOLUMES, elements=st.integers(0, 2)))
    spacing = data.draw(st.tuples(STEPS, STEPS, STEPS))
    expected = [BRUTE[convention](labels, spacing, k) for k in range(3)]
    found = signed_distance(labels, spacing, classes=range(3), convention=convention)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [
        ((300, 257), (0.7, 1.9)),
        ((12, 150, 141), (10.0, 1.4, 1.3)),
        ((70, 61, 53), (0.8, 3.1, 1.2)),
    ],
)
def test_larger_labels_are_measured_as_by_scipy(
    shape: tuple[int, ...], spacing: tuple[float, ...]
) -> None:
    labels = blobs(shape)
    expected = [scipy_map(labels, spacing, k) for k in range(4)]
    np.testing.assert_allclose(signed_distance(labels, spacing), expected, rtol=0, atol=1e-3)


def test_noise_is_measured_as_by_scipy() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (40, 45, 50))
    expected = [scipy_map(labels, (2.0, 0.5, 1.0), k) for k in range(3)]
    np.testing.assert_allclose(signed_distance(labels, (2.0, 0.5, 1.0)), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        ("voxel", [6, 4, 2, -2, -4, -2, 2, 4]),
        ("contour", [6, 4, 2, 0, -2, 0, 2, 4]),
        ("face", [5, 3, 1, -1, -3, -1, 1, 3]),
    ],
)
def test_a_convention_says_what_is_measured_to(
    convention: Convention, expected: list[float]
) -> None:
    labels = np.array([[0, 0, 0, 1, 1, 1, 0, 0]])
    phi = signed_distance(labels, (1.0, 2.0), convention=convention)[1]
    assert phi.tolist() == [expected]


@pytest.mark.parametrize("step", [0.1, 1.0, 7.0])
def test_no_convention_is_positive_inside_whatever_the_spacing(step: float) -> None:
    labels = blobs((30, 31))
    for convention in BRUTE:
        maps = signed_distance(labels, (step, step), convention=convention)
        for k, phi in enumerate(maps):
            assert phi[labels == k].max() <= 0 < phi[labels != k].min()


def test_the_face_is_nearer_than_the_centre_by_half_a_step_at_least() -> None:
    labels = np.random.default_rng(0).integers(0, 2, (40, 45, 50))
    spacing = (2.0, 0.5, 1.0)
    centre, face = (
        np.abs(signed_distance(labels, spacing, classes=[1], convention=c))
        for c in ("voxel", "face")
    )
    assert (face > 0).all()
    assert (face <= centre - 0.25 + 1e-5).all()


def test_distances_are_never_0_where_there_is_a_contour() -> None:
    assert np.all(signed_distance(blobs((9, 40, 41)), (0.01, 0.02, 0.03)) != 0)


def test_a_single_voxel_is_one_step_from_its_nearest_neighbour() -> None:
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[1, 1, 1] = 1
    phi = signed_distance(labels, (5.0, 2.0, 3.0))[1]
    assert phi[1, 1, 1] == -2.0
    assert phi[0, 1, 1] == 5.0
    assert phi[1, 0, 0] == pytest.approx(np.hypot(2.0, 3.0))


@pytest.mark.parametrize("per_plane", [False, True])
def test_an_absent_class_has_a_map_of_zeros(per_plane: bool) -> None:
    maps = signed_distance(cube(), (3.0, 1.0, 1.0), classes=[7], per_plane=per_plane)
    assert not maps.any()


@pytest.mark.parametrize("per_plane", [False, True])
def test_a_class_that_fills_the_volume_has_a_map_of_zeros(per_plane: bool) -> None:
    labels = np.ones((2, 3, 4), np.uint8)
    assert not signed_distance(labels, (3.0, 1.0, 1.0), per_plane=per_plane).any()


def test_an_absent_class_can_be_far_everywhere_and_a_full_one_deep() -> None:
    full = np.ones((2, 3, 4), np.uint8)
    maps = signed_distance(full, (3.0, 1.0, 1.0), absent="constant", absent_distance=5.0)
    assert (maps[0] == 5.0).all()
    assert (maps[1] == -5.0).all()


def test_a_constant_is_given_plane_by_plane_and_changes_no_other_map() -> None:
    labels = cube()
    zero, constant = (
        signed_distance(labels, (3.0, 1.0, 1.0), per_plane=True, absent=absent)
        for absent in ("zero", "constant")
    )
    assert (constant[1, [0, 3]] == 20.0).all()
    assert (constant[0, [0, 3]] == -20.0).all()
    np.testing.assert_array_equal(constant[:, 1:3], zero[:, 1:3])


def test_the_halves_are_the_distances_on_either_side() -> None:
    labels = cube()
    sdm = signed_distance(labels, (3.0, 1.0, 1.0))
    phi_t, phi_bg = halves(sdm)
    assert (phi_t >= 0).all()
    assert (phi_bg >= 0).all()
    np.testing.assert_array_equal(phi_t > 0, [labels == 0, labels == 1])
    np.testing.assert_array_equal(phi_bg > 0, [labels != 0, labels != 1])
    np.testing.assert_array_equal(phi_bg - phi_t, sdm)


@pytest.mark.parametrize("labels", [np.zeros((3, 4), int), np.ones((3, 4), int)])
def test_both_halves_of_a_class_without_contour_are_zero(labels: Labels) -> None:
    for half in halves(signed_distance(labels, (1.0, 1.0), classes=[0, 1])):
        assert not half.any()


def test_a_class_absent_from_a_plane_has_zeros_in_that_plane_only() -> None:
    phi = signed_distance(cube(), (3.0, 1.0, 1.0), per_plane=True)[1]
    assert phi.any(axis=(1, 2)).tolist() == [False, True, True, False]


def test_per_plane_measures_every_plane_for_itself() -> None:
    labels = blobs((6, 40, 41))
    expected = [signed_distance(p, (1.4, 1.3), classes=range(4)) for p in labels]
    maps = signed_distance(labels, (10.0, 1.4, 1.3), classes=range(4), per_plane=True)
    np.testing.assert_array_equal(maps, np.stack(expected, axis=1))


def test_per_plane_changes_nothing_for_an_image() -> None:
    labels = blobs((40, 41))
    np.testing.assert_array_equal(
        signed_distance(labels, (1.4, 1.3), per_plane=True), signed_distance(labels, (1.4, 1.3))
    )


def test_an_image_is_a_volume_with_one_plane() -> None:
    labels = blobs((40, 41))
    np.testing.assert_array_equal(
        signed_distance(labels[None], (9.0, 1.4, 1.3))[:, 0], signed_distance(labels, (1.4, 1.3))
    )


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", ">i2", "int32", "int64", "uint64"])
def test_the_integer_type_of_the_labels_makes_no_difference(dtype: str) -> None:
    labels = cube()
    np.testing.assert_array_equal(
        signed_distance(labels.astype(dtype), (3.0, 1.0, 2.0)),
        signed_distance(labels, (3.0, 1.0, 2.0)),
    )


def test_the_memory_layout_of_the_labels_makes_no_difference() -> None:
    labels = blobs((8, 20, 21))
    wide = np.repeat(labels, 2, axis=2)
    backwards = np.ascontiguousarray(labels[::-1])
    expected = signed_distance(labels, (3.0, 1.0, 2.0))
    for same in (np.asfortranarray(labels), wide[:, :, ::2], backwards[::-1]):
        np.testing.assert_array_equal(signed_distance(same, (3.0, 1.0, 2.0)), expected)


def test_all_types_and_layouts_share_one_compiled_kernel() -> None:
    warm_up()
    kernel: Any = envelope.signed_map
    compiled = len(kernel.signatures)
    signed_distance(np.asfortranarray(cube().astype(np.int64)), (3, 1, 2))
    signed_distance(cube()[0].astype(np.int16), (1.0, 2.0), per_plane=True)
    assert compiled == len(kernel.signatures) == 1


def test_labels_may_be_read_only_and_stay_as_they_are() -> None:
    labels = cube()
    labels.flags.writeable = False
    signed_distance(labels, (3.0, 1.0, 1.0))
    np.testing.assert_array_equal(labels, cube())


def test_every_class_up_to_the_largest_has_a_float32_map_by_default() -> None:
    labels = np.zeros((4, 5), np.int64)
    labels[2, 2] = 3
    maps = signed_distance(labels, (1.0, 1.0))
    assert maps.shape == (4, 4, 5)
    assert maps.dtype == np.float32


def test_chosen_classes_come_in_the_chosen_order() -> None:
    labels = blobs((20, 21))
    chosen = signed_distance(labels, (1.0, 2.0), classes=[3, 1])
    np.testing.assert_array_equal(chosen, signed_distance(labels, (1.0, 2.0))[[3, 1]])


def test_a_class_that_the_labels_type_cannot_hold_is_absent() -> None:
    assert not signed_distance(cube(), (1.0, 1.0, 1.0), classes=[300, -1]).any()


def test_no_class_chosen_gives_no_map() -> None:
    assert signed_distance(cube(), (1.0, 1.0, 1.0), classes=[]).shape == (0, 4, 5, 6)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf])
def test_a_spacing_that_is_not_positive_and_finite_is_refused(step: float) -> None:
    with pytest.raises(InputError, match=r"spacing \(.*\) has to be positive and finite"):
        signed_distance(cube(), (step, 1.0, 1.0))


def test_a_spacing_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(InputError, match="3 numbers for labels with 2 axes"):
        signed_distance(cube()[0], (3.0, 1.0, 1.0))


def test_labels_that_are_not_integers_are_refused() -> None:
    with pytest.raises(InputError, match="integers to be measured, not float32"):
        signed_distance(cube().astype(np.float32), (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ({"convention": "voxl"}, "no convention 'voxl'. Did you mean 'voxel'"),
        ({"absent": "none"}, "no way to treat an absent class 'none'"),
        ({"absent_distance": 0.0}, "has to be positive"),
    ],
)
def test_an_unknown_way_to_measure_is_refused(argument: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        signed_distance(cube(), (1.0, 1.0, 1.0), **argument)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 2, 2, 2)])
def test_labels_that_are_no_image_and_no_volume_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"give one image \(Y, X\) or one volume"):
        signed_distance(np.zeros(shape, np.uint8), (1.0,) * len(shape))


def test_another_thread_keeps_ticking_while_a_map_is_made() -> None:
    warm_up()
    labels = np.random.default_rng(0).integers(0, 2, (64, 256, 256), np.uint8)
    started, done = threading.Event(), threading.Event()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        started.set()
        while not done.wait(0.001):
            ticks += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    started.wait()
    signed_distance(labels, (1.0, 1.0, 1.0), classes=[1])
    done.set()
    ticker.join()
    # With the GIL held it comes to fewer than ten, around the kernel; without, to hundreds.
    assert ticks > 30


def test_the_module_loads_without_numba() -> None:
    code = "import sys, segstudio.core.distance; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
