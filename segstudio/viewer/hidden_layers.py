"""Layers that are out of sight for a while, and come back as they were."""

from collections.abc import Container
from typing import TYPE_CHECKING

from napari.layers import Layer

if TYPE_CHECKING:
    from napari.components import ViewerModel


class HiddenLayers:
    """Hides a viewer's layers, and remembers how they were.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers.
    """

    def __init__(self, viewer: "ViewerModel") -> None:
        self._viewer = viewer
        self._were: dict[Layer, bool] = {}
        self._active: Layer | None = None

    def __bool__(self) -> bool:
        return bool(self._were)

    def hide(self, ours: Container[Layer], keep: Layer | None) -> None:
        """Hide all layers that are none of ours and not hidden yet, but one to be kept."""
        if self._active is None or self._active not in self._viewer.layers:
            active = self._viewer.layers.selection.active
            self._active = None if active in ours else active
        for layer in self._viewer.layers:
            if layer in ours:
                continue
            if layer not in self._were:
                self._were[layer] = layer.visible
                layer.visible = False
        if keep is not None and not keep.visible:
            keep.visible = True

    def hide_again(self, layer: Layer | None, *, is_wanted: bool) -> None:
        """Keep a layer hidden that others show or hide now; afterwards it is as they wish."""
        if layer is not None and self._were:
            self._were[layer] = is_wanted
            layer.visible = False

    def forget(self, layer: Layer) -> None:
        """Forget a layer that is gone."""
        self._were.pop(layer, None)

    def restore(self) -> None:
        """Show what was seen before, with the layer active that was."""
        for layer, was_visible in self._were.items():
            if layer in self._viewer.layers and layer.visible != was_visible:
                layer.visible = was_visible
        if self._active in self._viewer.layers:
            self._viewer.layers.selection.active = self._active
        self._were, self._active = {}, None
