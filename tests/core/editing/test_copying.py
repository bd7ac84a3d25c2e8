"""Labels copied between planes."""

import numpy as np
import pytest

from segstudio.core.editing.copying import copy_plane
from segstudio.core.editing.edit import apply
from segstudio.core.errors import InputError


def some_labels() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 4, (4, 5, 6)).astype(np.uint8)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("classes", [None, (2,), (1, 3)])
@pytest.mark.parametrize(("source", "target"), [(0, 1), (2, 1), (3, 3)])
def test_the_classes_of_a_plane_are_laid_over_another(
    axis: int, classes: tuple[int, ...] | None, source: int, target: int
) -> None:
    labels = some_labels()
    expected = labels.copy()
    planes = np.moveaxis(expected, axis, 0)
    taken = np.isin(planes[source], classes or (1, 2, 3))
    planes[target][taken] = planes[source][taken]
    apply(copy_plane(labels, source, target, axis=axis, classes=classes), labels)
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(("source", "target"), [(-1, 0), (3, 4)])
def test_a_plane_beyond_the_volume_is_told(source: int, target: int) -> None:
    with pytest.raises(InputError, match="choose one of 0 to 3"):
        copy_plane(some_labels(), source, target)
    with pytest.raises(InputError, match="no axis 4"):
        copy_plane(some_labels(), 0, 1, axis=4)
