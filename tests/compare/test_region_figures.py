"""The paper's figures 2, 3 and 5, drawn of cases that are worked by hand."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from segstudio.compare.region_figures import (
    draw_cases,
    draw_distance_maps,
    draw_regions,
    regions_of,
)
from segstudio.compare.study_figures import CaseView
from segstudio.core.labels import ClassTable
from segstudio.core.regions import VoxelCase
from segstudio.core.volume import Grid, Volume

SHAPE = (2, 1, 8)
TRUTH = np.zeros(SHAPE, int)
TRUTH[1, 0] = [0, 0, 0, 1, 1, 1, 0, 0]
FOUND = np.zeros(SHAPE, int)
FOUND[1, 0] = [0, 1, 0, 0, 1, 1, 0, 0]
# φ of the class with spacing 2: 6 4 2 −2 −4 −2 2 4.


def view(classes: ClassTable | None = None, truth: np.ndarray = TRUTH) -> CaseView:
    table = classes or ClassTable.named({1: "lesion"})
    grid = Grid(SHAPE, (5.0, 2.0, 2.0), np.eye(4))
    predicted = {
        "good": (TRUTH, ClassTable.named({1: "lesion"})),
        "other": (FOUND, ClassTable.named({1: "lesion"})),
        "parted": (FOUND * 3, ClassTable.named({3: "part"})),
    }
    return CaseView("a case", Volume(np.ones(SHAPE), grid), truth, table, predicted)


def texts(figure: Figure) -> list[str]:
    return [axis.get_xlabel() for axis in figure.axes if axis.get_xlabel()]


@pytest.mark.parametrize("title", ["other", "parted"])
def test_regions_are_those_of_the_plane_with_most_labels(title: str) -> None:
    found = regions_of(view(), title)

    assert view().plane == 1
    assert found.where(VoxelCase.FOUND)[0].tolist() == [[0, 0, 0, 0, 1, 1, 0, 0]]
    assert found.where(VoxelCase.MISSED)[0].tolist() == [[0, 0, 0, 1, 0, 0, 0, 0]]
    assert found.true_positive.sum() == 6
    assert found.false_negative.sum() == 2
    assert found.false_positive.sum() == 4


def test_ignored_voxels_are_in_no_region() -> None:
    truth = TRUTH.copy()
    truth[1, 0, 1] = 9
    found = regions_of(view(ClassTable.named({1: "lesion"}, ignore=9), truth), "other")

    assert found.false_positive.sum() == 0
    assert found.true_positive.sum() == 6


def test_the_four_cases_say_what_they_add_to_the_equations() -> None:
    told = texts(draw_cases(view()))

    assert len(told) == 3 * 4
    assert told[4] == "1 voxels\n(1): +0 mm\n(3): +2 FN"
    assert told[5] == "2 voxels\n(1): −6 mm\n(3): +6 TP"
    assert told[6] == "4 voxels\n(1): +0 mm\n(3): nothing"
    assert told[7] == "1 voxels\n(1): +4 mm\n(3): +4 FP"
    assert told[8:] == told[4:8]  # other classes: all as one
    assert told[0] == "0 voxels\n(1): +0 mm\n(3): +0 FN"


def test_a_voxel_that_weighs_more_is_brighter() -> None:
    figure = draw_regions([view()])
    plain, weighted = (figure.axes[i * 3 + 1].images[1].get_array() for i in range(2))

    assert set(plain[0, [1, 3, 4, 5], 3].tolist()) == {0.75}
    assert plain[0, [0, 2, 6, 7], 3].sum() == 0
    assert weighted[0, 4, 3] == 0.75  # as deep as the target is
    assert weighted[0, 3, 3] == weighted[0, 5, 3] == 0.75 / 2
    assert weighted[0, 1, 3] == 0.75  # 4 away


def test_the_maps_are_those_of_the_largest_classes() -> None:
    two = TRUTH.copy()
    two[1, 0, 5] = 2
    figure = draw_distance_maps([view(ClassTable.named({1: "lesion", 2: "core"}), two)])
    shown = [axis.get_title() for axis in figure.axes if axis.get_title()]

    assert shown == ["ground truth", "φ of the lesion, in mm", "φ of the core, in mm"]
    phi = figure.axes[2].images[1].get_array()
    assert phi[0].tolist() == [10, 8, 6, 4, 2, -2, 2, 4]
