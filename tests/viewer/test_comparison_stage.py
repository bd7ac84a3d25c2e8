"""The comparison in a viewer's layers and grid, without Qt and without networks."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel

from segstudio.compare.case_scores import Found, regions_of_case
from segstudio.core.regions import CASE_COLORS, VoxelCase
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.run_curves import RunCurves
from segstudio.session import Session
from segstudio.session.comparison_view import RunOnCase
from segstudio.session.messages import LineChoice, MapChoice
from segstudio.viewer.comparison_stage import ComparisonStage
from segstudio.viewer.line_stage import LINES
from segstudio.viewer.stage import IMAGE, LABELS, MAP, PREDICTION, Stage

A, B = Path("a"), Path("b")


class Shown:
    """A session, its viewer and what is in it."""

    def __init__(self, hearts: Path) -> None:
        self.session, self.viewer = Session(), ViewerModel()
        self.comparison = self.session.comparison
        self.plain = Stage(self.viewer, self.session)
        self.stage = ComparisonStage(self.viewer, self.session, self.plain)
        self.session.open(hearts)
        for run in (A, B):
            self.session.runs_in_view.take(run, RunCurves(run.name))

    def choose(self, **changes: object) -> None:
        """Show something else, to the end."""
        self.comparison.choose(**changes)
        self.finish()

    def finish(self) -> None:
        """Bring the viewer up to date."""
        while self.stage.step():
            pass

    def find(self, run: Path, value: int = 1) -> np.ndarray:
        """Let a run have predicted one value everywhere."""
        opened = self.session.open_case
        labels = np.full(opened.volume.data.shape, value, np.uint8)
        found = Found(labels, ACDC_CLASSES, per_plane=True)
        self.comparison.note(run, opened, RunOnCase("done", 1.0, found))
        self.finish()
        return labels

    def cells(self) -> list[list[str]]:
        """Return the names of the visible layers, cell by cell."""
        layers = self.viewer.layers
        found = dict(self.viewer.canvas.grid.iter_viewboxes(layers))
        held = [
            [layers[i].name for i in found[place] if layers[i].visible] for place in sorted(found)
        ]
        return [names for names in held if names]


@pytest.fixture
def shown(hearts: Path) -> Shown:
    return Shown(hearts)


def test_the_grid_has_a_cell_for_the_truth_and_one_for_each_run(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.find(A)

    assert shown.viewer.canvas.grid.enabled
    assert shown.cells() == [
        ["truth, image", "truth"],
        ["a, image", "a"],
        ["b, image", "b: waiting"],
    ]


def test_all_cells_share_one_image_and_the_truth_and_predictions_are_not_copied(
    shown: Shown,
) -> None:
    shown.choose(mode="grid")
    labels, opened = shown.find(A), shown.session.open_case

    for run in (None, A, B):
        assert np.shares_memory(shown.stage.layer(run, "image").data, opened.volume.data)
    assert shown.stage.layer(A).data is labels
    assert shown.stage.layer(None).data is opened.truth
    assert not shown.stage.layer(A).editable


def test_cells_lie_where_the_image_does_and_name_their_run_in_its_colour(shown: Shown) -> None:
    shown.choose(mode="grid")
    image, layer = shown.plain.layer(IMAGE), shown.stage.layer(B)

    assert np.allclose(layer.extent.world, image.extent.world)
    assert layer.name_overlay.visible
    color = shown.session.runs_in_view.colors[B]
    assert np.allclose(
        layer.name_overlay.color[:3],
        [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)],
        atol=0.01,
    )


def test_the_contrast_of_one_image_is_that_of_all(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.stage.layer(A, "image").contrast_limits = (3, 33)

    assert list(shown.stage.layer(B, "image").contrast_limits) == [3, 33]
    shown.choose(mode="off")
    assert list(shown.plain.layer(IMAGE).contrast_limits) == [3, 33]


def test_leaving_takes_the_layers_away_and_shows_what_was_there(shown: Shown) -> None:
    shown.session.choose_map(MapChoice(visible=False))
    own = shown.viewer.add_points(np.zeros((1, 3)), name="own")
    shown.viewer.layers.selection.active = shown.plain.layer(LABELS)
    before = [(layer, layer.visible) for layer in shown.viewer.layers]
    shown.choose(mode="grid")
    assert not own.visible
    shown.choose(mode="off")

    assert [(layer, layer.visible) for layer in shown.viewer.layers] == before
    assert not shown.viewer.canvas.grid.enabled
    assert shown.viewer.canvas.grid.stride == 1
    assert shown.viewer.layers.selection.active is shown.plain.layer(LABELS)


def test_a_class_of_another_colour_is_drawn_so_without_a_move_of_the_camera(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.find(A)
    shown.viewer.camera.zoom = 7.0
    shown.session.annotation.classes.recolor(1, "#ff0000")
    assert shown.stage.layer(A).visible
    shown.finish()

    assert list(shown.stage.layer(A).colormap.map(1)[:3]) == [1, 0, 0]
    assert shown.viewer.camera.zoom == 7.0


def test_what_would_be_shown_meanwhile_is_shown_afterwards(shown: Shown) -> None:
    shown.choose(mode="grid")
    shape = shown.session.open_case.volume.data.shape
    shown.session.show_prediction(np.ones(shape, np.int32))
    shown.session.choose_map(MapChoice(visible=False))
    assert not shown.plain.layer(PREDICTION).visible
    shown.choose(mode="off")

    assert shown.plain.layer(PREDICTION).visible
    assert not shown.plain.layer(MAP).visible


def test_iso_lines_stay_out_of_sight_while_planes_go_by(shown: Shown) -> None:
    shown.session.map_view.choose_lines(LineChoice(True, 2.0))
    shown.choose(mode="grid")
    shown.viewer.dims.set_current_step(0, 1)
    lines = shown.plain.layer(LINES)
    assert not lines.visible
    shown.choose(mode="off")
    assert lines.visible


def test_the_user_s_own_grid_is_there_again_afterwards(shown: Shown) -> None:
    grid = shown.viewer.canvas.grid
    grid.enabled, grid.stride = True, 2
    shown.choose(mode="overlays")
    assert not grid.enabled
    shown.choose(mode="off")
    assert (grid.enabled, grid.stride) == (True, 2)


def test_overlays_are_outlines_over_the_one_image(shown: Shown) -> None:
    shown.choose(mode="overlays")
    shown.find(A)

    assert not shown.viewer.canvas.grid.enabled
    assert shown.plain.layer(IMAGE).visible
    assert not shown.stage.layer(A, "image").visible
    assert shown.stage.layer(A).contour == 1
    color = shown.session.runs_in_view.colors[A]
    red = int(color[1:3], 16) / 255
    assert shown.stage.layer(A).colormap.map(1)[0] == pytest.approx(red, abs=0.01)
    shown.choose(value=2)
    assert shown.stage.layer(A).colormap.map(1)[3] == 0
    assert shown.stage.layer(A).colormap.map(2)[3] == 1


def regions_in(shown: Shown, of: Path, **view: object) -> np.ndarray:
    shown.choose(mode="regions", **view)
    opened, comparison = shown.session.open_case, shown.comparison
    shown.find(of)
    found = regions_of_case(
        comparison.found[of],
        opened.truth,
        opened.classes,
        opened.volume.grid,
        value=comparison.view.value,
        weighted=comparison.view.weighted,
    )
    comparison.note_regions(comparison.view, of, opened, found)
    shown.finish()
    return found


def test_regions_have_their_own_colours_beside_the_true_outline(shown: Shown) -> None:
    found = regions_in(shown, A, value=1)
    layer = shown.stage.layer(A)

    assert layer.data is found
    assert layer.contour == 0
    assert shown.stage.layer(None).contour == 1
    for case, color in CASE_COLORS.items():
        red = int(color[1:3], 16) / 255
        assert layer.colormap.map(int(case))[0] == pytest.approx(red, abs=0.01)
    assert set(np.unique(found)) == {VoxelCase.FOUND, VoxelCase.FALSE_ALARM}


def test_regions_of_one_run_are_laid_over_the_image(shown: Shown) -> None:
    regions_in(shown, A, run=A)

    assert not shown.viewer.canvas.grid.enabled
    assert shown.plain.layer(IMAGE).visible
    assert not shown.stage.layer(None).visible
    assert not shown.stage.layer(B).visible


def test_weighted_regions_are_an_image_in_the_cell_under_the_true_outline(shown: Shown) -> None:
    found = regions_in(shown, A, value=1, weighted=True)
    layer = shown.stage.layer(A, "weights")

    assert layer.data is found
    assert layer.contrast_limits == [-shown.comparison.reach, shown.comparison.reach]
    assert shown.stage.layer(A).data is shown.session.open_case.truth
    unit = shown.session.open_case.volume.grid.unit
    assert shown.cells()[1] == ["a, image", f"a, errors in {unit}", "a"]
    assert shown.cells()[2] == ["b, image", "b: waiting"]
    shown.choose(mode="grid", weighted=False)
    assert shown.cells()[1] == ["a, image", "a"]


def test_another_case_takes_the_place_of_the_one_before(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.find(A)
    shown.session.show_case(shown.session.dataset.cases[1].name)
    assert not shown.stage.layer(A, "image").visible  # not another patient's image
    shown.finish()
    opened = shown.session.open_case

    assert shown.stage.layer(A, "image").data is opened.volume.data
    assert not shown.stage.layer(A).data.any()
    assert shown.stage.layer(None).data is opened.truth
    assert len(shown.cells()) == 3
    shown.choose(mode="off")
    assert shown.plain.layer(IMAGE).visible
    assert shown.plain.layer(LABELS).visible


def test_the_predictions_of_the_case_before_are_forgotten(shown: Shown) -> None:
    shown.choose(mode="grid")
    kept = weakref.ref(shown.find(A))
    shown.session.show_case(shown.session.dataset.cases[1].name)
    shown.finish()
    gc.collect()
    assert kept() is None


def test_a_case_of_another_size_and_place_is_shown_where_it_is(
    shown: Shown, tmp_path: Path
) -> None:
    write_heart_dataset(tmp_path / "others", patients=1, shape=(3, 40, 32), seed=2)
    shown.choose(mode="grid")
    shown.session.open(tmp_path / "others")
    shown.finish()

    image, layer = shown.plain.layer(IMAGE), shown.stage.layer(A)
    assert layer.data.shape == (3, 40, 32)
    assert np.allclose(layer.extent.world, image.extent.world)


def test_a_run_that_comes_or_goes_has_or_had_a_cell(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.session.runs_in_view.take(Path("c"), RunCurves("c"))
    shown.finish()
    assert [names[-1] for names in shown.cells()] == [
        "truth",
        "a: waiting",
        "b: waiting",
        "c: waiting",
    ]
    shown.session.runs_in_view.hide(A)
    shown.finish()
    assert [names[-1] for names in shown.cells()] == ["truth", "b: waiting", "c: waiting"]


def test_layers_that_are_added_meanwhile_do_not_move_the_cells(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.viewer.add_points(np.zeros((1, 3)), name="own")
    shown.finish()
    assert [names[0] for names in shown.cells()][:3] == ["truth, image", "a, image", "b, image"]


def test_who_removes_a_layer_of_the_comparison_leaves_it(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.viewer.layers.remove(shown.stage.layer(A))
    shown.finish()

    assert shown.comparison.view.mode == "off"
    assert len(shown.viewer.layers) == 4
    assert shown.plain.layer(IMAGE).visible


def test_the_plane_in_view_and_the_plane_asked_for_are_one(shown: Shown) -> None:
    shown.choose(mode="grid")
    shown.comparison.plane_asked.emit(3)
    assert shown.comparison.plane == 3
    assert round(shown.plain.layer(IMAGE).world_to_data(shown.viewer.dims.point)[0]) == 3
    shown.viewer.dims.set_current_step(0, 1)
    assert shown.comparison.plane == 1


def test_a_case_without_labels_says_so_in_the_first_cell(shown: Shown, tmp_path: Path) -> None:
    source = shown.session.open_case.case.image
    (tmp_path / source.name).write_bytes(source.read_bytes())
    shown.session.open(tmp_path / source.name)
    shown.choose(mode="grid")
    assert shown.cells()[0][-1] == "truth: this case has none"
