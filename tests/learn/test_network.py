"""What a network sees, where nobody chose it."""

import math

import numpy as np
import pytest

from segstudio.learn.case_store import CaseStore, PreparedCase
from segstudio.learn.config import make_config
from segstudio.learn.network import MOST_VOXELS, patch_and_strides, strides_of


def cases(*shapes: tuple[int, int, int], spacing: tuple = (1.0, 1.0, 1.0)) -> list[PreparedCase]:
    store = CaseStore(0)
    for i, shape in enumerate(shapes):
        image, labels = np.zeros((1, *shape), np.float32), np.zeros(shape, np.uint8)
        store.add(str(i), image, labels, spacing, 2)
    return store.cases


def test_planes_have_the_median_size_raised_to_a_multiple() -> None:
    config = make_config(loss="dice", levels=4)
    patch, strides = patch_and_strides(config, cases((3, 40, 60), (3, 44, 60), (9, 100, 64)))
    assert patch == (48, 64)
    assert strides == ((2, 2),) * 3


def test_a_patch_of_thick_slices_is_halved_in_plane_first() -> None:
    config = make_config(loss="dice", dimensions=3, levels=4)
    patch, strides = patch_and_strides(config, cases((20, 64, 64), spacing=(7.0, 1.0, 1.0)))
    assert strides[0] == (1, 2, 2)
    assert all(n % math.prod(s[a] for s in strides) == 0 for a, n in enumerate(patch))


def test_a_large_volume_gives_patches_of_a_million_voxels_at_most() -> None:
    config = make_config(loss="dice", dimensions=3)
    patch, _ = patch_and_strides(config, cases((182, 218, 182)))
    assert MOST_VOXELS / 3 < math.prod(patch) <= MOST_VOXELS


def test_what_is_set_is_kept_but_for_rounding() -> None:
    config = make_config(loss="dice", dimensions=3, patch_size=(5, 30, 32), strides=((1, 2, 2),))
    assert patch_and_strides(config, cases((20, 64, 64))) == ((5, 30, 32), ((1, 2, 2),))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_runs_that_wrote_no_strides_halved_every_axis(dimensions: int) -> None:
    config = make_config(loss="dice", dimensions=dimensions, levels=3)
    assert strides_of(config) == ((2,) * dimensions,) * 2
