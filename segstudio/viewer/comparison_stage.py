"""Runs compared in a viewer: each in a cell of napari's grid, or laid over one image. No Qt."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels, Layer
from psygnal import Signal

from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.viewer.comparison_layers import ERROR_COLORS, Looks, nothing, put_in_place
from segstudio.viewer.hidden_layers import HiddenLayers
from segstudio.viewer.line_stage import LINES
from segstudio.viewer.placement import placement
from segstudio.viewer.stage import IMAGE, MAP, PREDICTION, Stage

if TYPE_CHECKING:
    from napari.components import ViewerModel

Kind = Literal["image", "weights", "labels"]

LINKED = ("contrast_limits", "gamma", "colormap")


class Role(NamedTuple):
    """What a layer is for: whose, None being the truth, and of which kind."""

    run: Path | None
    kind: Kind


class ComparisonStage:
    """Shows a session's comparison in its viewer, a layer at a time.

    Adding a layer holds the window up for a fifth of a second. So layers are added hidden, one at
    each call of `step`, shown together when all are there, and kept while anything is compared.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layers go.
    session : Session
        What they show.
    stage : Stage
        What is in the viewer otherwise.
    """

    behind = Signal()

    def __init__(self, viewer: "ViewerModel", session: Session, stage: Stage) -> None:
        self._viewer, self._session, self._stage = viewer, session, stage
        self._comparison = session.comparison
        self._looks = Looks(session.comparison)
        self._layers: dict[Role, Layer] = {}
        self._hidden = HiddenLayers(viewer)
        self._linked: WeakKeyDictionary[Layer, Layer] = WeakKeyDictionary()
        self._case: OpenCase | None = None  # which is shown
        self._cells: tuple[object, ...] = ()  # what the grid and the camera were set for
        self._grid_was: tuple[bool, int] | None = None  # the user's: on or off, and its stride
        self._is_given_up = self._is_at_work = False
        self._comparison.changed.connect(self._fall_behind)
        self._comparison.plane_asked.connect(self._go_to_plane)
        for signal in (session.case_opened, session.labels_made):
            signal.connect(self._fall_behind)
        session.prediction_shown.connect(self._follow_prediction)
        session.map_view.changed.connect(self._follow_map)
        view = session.map_view
        for drawn in (view.changed, view.moved, view.lines_chosen):
            drawn.connect(self._follow_lines)
        viewer.layers.events.inserted.connect(self._follow_others)
        viewer.layers.events.removed.connect(self._forget)
        viewer.dims.events.point.connect(self._note_plane)

    def layer(self, run: Path | None, kind: Kind = "labels") -> Layer | None:
        """Return the layer of a run, or of the truth, by its kind; None where there is none."""
        return self._layers.get(Role(run, kind))

    def _fall_behind(self, *_: object) -> None:
        if not self._comparison.is_on:
            self._put_aside()
        elif self._case is not None and not _are_of_one_image(self._case, self._comparison.case):
            self._hide_ours()  # at once: one patient's image must not stand for another's
        self.behind.emit()

    def step(self) -> bool:
        """Bring the viewer a step closer to the session; return whether more is to be done."""
        opened = self._comparison.case
        if self._is_given_up:
            self._is_given_up = False
            self._comparison.choose(mode="off")
        if not self._comparison.is_on:
            self._put_aside()
            self._remove(list(self._layers))
            return False
        if opened is None or self._stage.layer(IMAGE) is None:
            return False
        roles = self._roles()
        extra = [role for role in self._layers if role not in roles]
        missing = [role for role in roles if role not in self._layers]
        with self._working():
            if extra:
                self._remove(extra)
            elif missing:
                self._add(missing[0], roles, opened)
            else:
                self._show(roles, opened)
        return bool(extra or missing)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Tell what is done here from what the user does to the layers."""
        before, self._is_at_work = self._is_at_work, True
        try:
            yield
        finally:
            self._is_at_work = before

    def _roles(self) -> list[Role]:
        """Return the layers that are wanted, the topmost first; those of a cell together."""
        view = self._comparison.view
        kinds: tuple[Kind, ...] = ("labels", "image")
        if view.weighted or any(role.kind == "weights" for role in self._layers):
            kinds = ("labels", "weights", "image")
        return [Role(run, kind) for run in (None, *self._comparison.runs) for kind in kinds]

    def _add(self, role: Role, roles: list[Role], opened: OpenCase) -> None:
        """Add a hidden layer beneath those of ours that come before it."""
        layer: Layer
        place: dict[str, Any] = {"visible": False, **placement(opened.volume.grid)}
        place["metadata"] = {"segstudio_grid": opened.volume.grid}
        place["name"] = f"{self._looks.name(role.run)}, {role.kind}"
        if role.kind == "labels":
            layer = Labels(nothing(opened), **place)
        elif role.kind == "image":
            layer = Image(opened.volume.data, contrast_limits=(0, 1), **place)
        else:
            empty = nothing(opened).astype(np.float32)
            layer = Image(empty, colormap=ERROR_COLORS, contrast_limits=(-1, 1), **place)
        layers = self._viewer.layers
        above = [layers.index(self._layers[one]) for one in roles[: roles.index(role)]]
        active = layers.selection.active
        layers.insert(min(above, default=len(layers)), layer)
        layers.selection.active = active
        if role.kind == "labels":
            layer.name_overlay.visible = True  # while the layer is
        self._layers[role] = layer
        self._link()

    def _show(self, roles: list[Role], opened: OpenCase) -> None:
        """Give all layers what they show, and show them together."""
        shown, mode = self._shown(), self._comparison.view.mode
        is_grid = mode == "grid" or (mode == "regions" and len(shown) > 1)
        self._link()
        for role, layer in self._layers.items():
            put_in_place(layer, opened)
            if role.kind == "labels":
                self._looks.dress_labels(layer, role.run, opened)
            elif role.kind == "weights":
                self._looks.dress_weights(layer, role.run, opened)
            elif layer.data is not opened.volume.data:
                layer.data = opened.volume.data
        weights = tuple(run for run in shown if self._looks.has_weights(run))
        cells = (is_grid, tuple(shown), tuple(roles), weights, opened.volume)
        if cells != self._cells or not self._is_in_order(roles):
            self._arrange(roles, shown, is_grid=is_grid)
            is_framed = cells[:2] == self._cells[:2]
            self._cells = cells
            if not is_framed:
                self._viewer.reset_view()
        self._case = opened
        self._note_plane()

    def _shown(self) -> list[Path | None]:
        """Return whose layers are to be seen."""
        runs: list[Path | None] = list(self._comparison.shown_runs)
        view = self._comparison.view
        return runs if view.mode == "regions" and view.run is not None else [None, *runs]

    def _arrange(self, roles: list[Role], shown: list[Path | None], *, is_grid: bool) -> None:
        """Put the layers into their cells, and others out of sight."""
        layers, grid = self._viewer.layers, self._viewer.canvas.grid
        image = self._stage.layer(IMAGE)
        if self._grid_was is None:
            self._grid_was = (grid.enabled, grid.stride)
        with layers.batched_update():
            self._hidden.hide(set(self._layers.values()), keep=None if is_grid else image)
            if image is not None and is_grid:
                image.visible = False
            if not self._is_in_order(roles):
                for role in reversed(roles):
                    layers.move(layers.index(self._layers[role]), len(layers))
            for role, layer in self._layers.items():
                is_wanted = {
                    "image": is_grid,
                    "labels": True,
                    "weights": self._looks.has_weights(role.run),
                }
                layer.visible = role.run in shown and is_wanted[role.kind]
            # From the top, since the layers of others lie beneath.
            grid.stride = -len({role.kind for role in roles})
            grid.enabled = is_grid
        layers.selection.active = self._layers[Role(shown[0], "labels")]

    def _is_in_order(self, roles: list[Role]) -> bool:
        """Return whether the layers are on top: cells go by place, and others may have come."""
        wanted = [self._layers[role] for role in reversed(roles)]
        return list(self._viewer.layers)[-len(wanted) :] == wanted

    def _link(self) -> None:
        """Let what is done to the contrast of one image be done to all."""
        own = self._stage.layer(IMAGE)
        for role, layer in self._layers.items():
            if own is None or role.kind != "image" or self._linked.get(layer) is own:
                continue
            for name in LINKED:
                setattr(layer, name, getattr(own, name))
            # To that of the case alone, which passes it on.
            self._viewer.layers.link_layers([own, layer], LINKED)
            self._linked[layer] = own

    def _put_aside(self) -> None:
        """Show what was there before, and nothing of the comparison."""
        if self._cells or self._hidden:
            with self._working(), self._viewer.layers.batched_update():
                self._hide_ours()
                self._hidden.restore()
                if self._grid_was is not None:
                    self._viewer.canvas.grid.enabled, self._viewer.canvas.grid.stride = (
                        self._grid_was
                    )
                    self._grid_was = None
            self._viewer.reset_view()

    def _hide_ours(self) -> None:
        with self._working(), self._viewer.layers.batched_update():
            self._viewer.canvas.grid.enabled = False
            self._viewer.canvas.grid.stride = 1
            for layer in self._layers.values():
                layer.visible = False
        self._cells, self._case = (), None

    def _remove(self, roles: list[Role]) -> None:
        gone = [self._layers.pop(role) for role in roles]
        if gone:
            # Together: napari collects garbage once then, and not for each of them.
            with self._working(), self._viewer.layers.batched_update():
                for layer in gone:
                    self._viewer.layers.remove(layer)

    def _forget(self, event: Any) -> None:
        """Note that a layer is gone; who takes away one of ours wants no comparison."""
        self._hidden.forget(event.value)
        roles = [role for role, layer in self._layers.items() if layer is event.value]
        for role in roles:
            del self._layers[role]
        if roles and not self._is_at_work:
            self._is_given_up = True
            self.behind.emit()

    def _follow_others(self, _event: Any) -> None:
        if self._cells and not self._is_at_work:
            self.behind.emit()

    def _follow_prediction(self, labels: object) -> None:
        self._hidden.hide_again(self._stage.layer(PREDICTION), is_wanted=labels is not None)

    def _follow_map(self, *_: object) -> None:
        is_wanted = self._session.map_choice.visible
        self._hidden.hide_again(self._stage.layer(MAP), is_wanted=is_wanted)

    def _follow_lines(self, *_: object) -> None:
        # They were drawn a moment ago, and are visible where there are any.
        layer = self._stage.layer(LINES)
        self._hidden.hide_again(layer, is_wanted=layer is not None and layer.visible)

    def _note_plane(self, *_: object) -> None:
        layer = self._stage.layer(IMAGE)
        if layer is not None:
            z = round(float(layer.world_to_data(self._viewer.dims.point[-3:])[0]))
            self._comparison.plane = int(np.clip(z, 0, layer.data.shape[0] - 1))

    def _go_to_plane(self, plane: int) -> None:
        self._stage.go_to_plane(plane)
        self._note_plane()


def _are_of_one_image(one: OpenCase, other: OpenCase | None) -> bool:
    return other is not None and one.volume is other.volume
