from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from segstudio.compare.figure import draw_case, draw_curves, save_figure
from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.phantoms import heart
from segstudio.learn.run_folder import RunFolder


@pytest.fixture(scope="module")
def row() -> Figure:
    volume, labels = heart(3, shape=(4, 64, 64))
    prediction = np.where(labels == 3, 2, labels)
    return draw_case(volume, labels, prediction, ACDC_CLASSES, value=3, title="a heart")


def panels(figure: Figure) -> list[Any]:
    return [axis for axis in figure.axes if axis.get_title()]


def test_a_case_is_a_row_of_four_with_titles(row: Figure) -> None:
    titles = [axis.get_title() for axis in panels(row)]
    assert titles == ["image", "ground truth", "φ of the left ventricle, in mm", "prediction"]
    assert row.get_suptitle() == "a heart, plane 3 of 4"


def test_the_map_is_coloured_symmetrically_about_the_contour(row: Figure) -> None:
    shown = panels(row)[2].images[-1]
    low, high = shown.get_clim()
    assert -low == high > 0
    assert shown.get_array().min() < 0 < shown.get_array().max()


def test_truth_and_prediction_have_the_colours_of_their_classes(row: Figure) -> None:
    _, truth, _, prediction = panels(row)
    assert set(np.unique(truth.images[-1].get_array())) == {0, 1, 2, 3}
    assert set(np.unique(prediction.images[-1].get_array())) == {0, 1, 2}
    (legend,) = (a.get_legend() for a in row.axes if a.get_legend())
    assert [t.get_text() for t in legend.get_texts()] == [c.name for c in ACDC_CLASSES.foreground]


def test_the_panels_are_of_one_size_and_nothing_overlaps(row: Figure) -> None:
    canvas = FigureCanvasAgg(row)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [axis.get_window_extent() for axis in panels(row)]
    titles = [axis.title.get_window_extent(renderer) for axis in panels(row)]
    assert np.ptp([b.width for b in boxes]) < 1
    assert np.ptp([b.y0 for b in boxes]) < 1
    assert all(a.x1 < b.x0 for a, b in pairwise(titles))
    assert all(t.y1 <= row.bbox.height for t in titles)


def test_a_case_without_labels_is_drawn_whole() -> None:
    volume, labels = heart(3, shape=(4, 64, 64))
    empty = np.zeros_like(labels)
    figure = draw_case(volume, empty, empty, ClassTable.named({1: "lesion"}), value=1)
    assert panels(figure)[0].images[0].get_array().shape == (64, 64)


def test_the_curves_have_a_point_for_every_epoch(finished_run: tuple[Path, Any]) -> None:
    figure = draw_curves(RunFolder(finished_run[0]))
    loss_axis, dice_axis = figure.axes
    by_name = {line.get_label(): line for a in figure.axes for line in a.lines}
    np.testing.assert_array_equal(by_name["mean of the epoch"].get_xdata(), [1, 2])
    for c in ACDC_CLASSES.foreground:
        np.testing.assert_array_equal(by_name[c.name].get_xdata(), [1, 2])
    assert len(by_name["step"].get_xdata()) == 4
    assert loss_axis.get_ylabel() == "training loss (dice)"
    assert dice_axis.get_ylim() == (0, 1)


def test_a_figure_is_saved_and_never_over_another(row: Figure, tmp_path: Path) -> None:
    path = save_figure(row, tmp_path / "new" / "a.png")
    assert imread(path).shape[:2] == (630, 1800)
    with pytest.raises(InputError, match="exists already"):
        save_figure(row, path)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_what_is_ignored_is_grey_and_in_the_legend() -> None:
    volume, labels = heart(3, shape=(4, 64, 64))
    truth = np.where(labels == 2, 9, labels)
    classes = ClassTable.named({1: "right", 3: "left"}, ignore=9)
    figure = draw_case(volume, truth, np.where(labels == 2, 0, labels), classes, value=3)
    panel, middle = panels(figure)[1], truth[2]
    shown = panel.images[-1]
    red, green, blue, _ = shown.cmap(shown.norm(shown.get_array().max()))
    assert red == green == blue
    assert (shown.get_array() == 3).sum() == (middle == 9).sum()
    texts = [t.get_text() for t in panel.get_legend().get_texts()]
    assert texts == ["right", "left", "ignored"]
