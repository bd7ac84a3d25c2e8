"""What the losses see, as a picture with its explanation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segstudio.compare.lens_figure import (
    BOUNDARY,
    MODIFIED,
    PlaneView,
    draw_lens,
    explain,
    view_plane,
)
from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.predict import Predictor, load_predictor
from segstudio.learn.preparation import Preparation
from segstudio.losses.registry import LOSSES


@pytest.fixture(scope="module")
def seen(hearts: Path, finished_run: tuple[Path, Any]) -> tuple[Predictor, Any, Any]:
    case = open_dataset(hearts).cases[0]
    return load_predictor(finished_run[0]), *load_case(case)


def middle(truth: np.ndarray, value: int) -> int:
    return int((truth == value).sum(axis=(1, 2)).argmax())


@pytest.fixture(scope="module")
def view(seen: tuple[Predictor, Any, Any]) -> PlaneView:
    predictor, volume, truth = seen
    return view_plane(predictor, volume, truth, plane=middle(truth, 1), value=1, title="a network")


def test_a_view_is_of_the_class_and_plane_asked_for(
    view: PlaneView, seen: tuple[Predictor, Any, Any]
) -> None:
    predictor, volume, truth = seen
    plane = middle(truth, 1)
    assert np.array_equal(view.target, truth[plane] == 1)
    assert view.of_class.name == "right ventricle"
    probs = predictor(volume).probs[1, plane]
    np.testing.assert_allclose(view.s, probs, atol=2e-2)  # planes may be batched in bfloat16


def test_the_sums_are_those_of_what_is_drawn(view: PlaneView) -> None:
    for loss in view.lenses:
        for wrt in view.lenses[loss]:
            image = view.image(loss, wrt)
            expected = (image[view.target].sum(), image[~view.target].sum())
            assert view.sums(loss, wrt) == pytest.approx(expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_any_loss_can_look(seen: tuple[Predictor, Any, Any], loss: str) -> None:
    predictor, volume, truth = seen
    plane = middle(truth, 3)
    found = view_plane(predictor, volume, truth, plane=plane, value=3, losses=(loss,))
    assert np.isfinite(found.image(loss, "logits")).all()
    assert np.abs(found.image(loss, "logits")).max() > 0


def test_the_explanation_says_which_way_the_class_goes(view: PlaneView) -> None:
    told = " ".join(explain(view).split())
    for loss, start in ((BOUNDARY, "Boundary loss."), (MODIFIED, "Modified boundary loss.")):
        paragraph = told.split(start)[1].split("in all the class is ")[1]
        way = "pulled up" if sum(view.sums(loss, "logits")) < 0 else "pushed down"
        assert paragraph.startswith(way)
    assert f"{view.target.sum()} voxels" in told


def test_the_figure_has_a_row_for_each_view_and_loss(view: PlaneView) -> None:
    figure = draw_lens([view, view])
    rows = 2 * len(view.lenses)
    pictures = [axis for axis in figure.axes if axis.images]
    assert len(pictures) == 5 * rows
    texts = [text.get_text() for part in figure.subfigs for text in part.texts]
    assert any("A NETWORK: the right ventricle" in text for text in texts)


def test_a_plane_without_the_class_is_refused(seen: tuple[Predictor, Any, Any]) -> None:
    predictor, volume, truth = seen
    empty = np.zeros_like(truth)
    with pytest.raises(InputError, match=r"Plane 1 holds no right ventricle"):
        view_plane(predictor, volume, empty, plane=0, value=1)


def test_a_class_that_the_network_does_not_know_is_refused(
    seen: tuple[Predictor, Any, Any],
) -> None:
    with pytest.raises(InputError, match="no class with the label value 9"):
        view_plane(*seen, plane=0, value=9)


def test_no_loss_pulls_where_the_truth_is_ignored(seen: tuple[Predictor, Any, Any]) -> None:
    predictor, volume, truth = seen
    plane = middle(truth, 1)
    truth = np.where(np.arange(truth.shape[2]) < truth.shape[2] // 2, truth, 9)
    table, predictor.classes = predictor.classes, predictor.classes.ignoring(9)
    try:
        view = view_plane(predictor, volume, truth, plane=plane, value=1)
    finally:
        predictor.classes = table
    for lenses in view.lenses.values():
        for lens in lenses.values():
            image = lens.image[0]
            assert not image[:, truth[plane] == 9].any()
            assert image[:, truth[plane] != 9].any()


def test_a_network_that_is_shown_other_planes_is_refused(
    finished_run: tuple[Path, object], hearts: Path
) -> None:
    volume, truth = load_case(open_dataset(hearts).cases[0])
    predictor = load_predictor(finished_run[0])
    predictor.preparation = Preparation(spacing=(1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="another voxel size"):
        view_plane(predictor, volume, truth, plane=1, value=1)
