"""Where two versions of a case's labels differ, as a layer. No Qt."""

from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from segstudio.session import Session
from segstudio.session.agreement import AgreementFound, Difference
from segstudio.viewer.map_stage import IMAGE
from segstudio.viewer.placement import placement

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from segstudio.viewer.stage import Stage

# Colour-blind safe, and none of the first classes'.
DIFFERENCE_COLORS = {
    Difference.ONLY_HERE: "#f0e442",
    Difference.ONLY_THERE: "#cc79a7",
    Difference.OTHER_CLASS: "#ffffff",
}


class AgreementStage:
    """Keeps the layer of differences in step with a session.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer goes.
    session : Session
        Its `agreement` is shown.
    stage : Stage
        Knows the image that is in view.
    """

    def __init__(self, viewer: "ViewerModel", session: Session, stage: "Stage") -> None:
        self._viewer, self._session, self._stage = viewer, session, stage
        self.layer: Labels | None = None
        session.agreement.changed.connect(self._show)
        viewer.layers.events.removed.connect(self._forget)

    def _forget(self, event: Any) -> None:
        """Note that somebody removed the layer."""
        if event.value is self.layer:
            self.layer = None

    def _show(self, found: AgreementFound | None) -> None:
        if self.layer is not None:
            self._viewer.layers.remove(self.layer)
        opened = self._session.open_case
        if found is None or opened is None or self._stage.layer(IMAGE) is None:
            return
        active = self._viewer.layers.selection.active
        colors: dict[int | None, str] = {None: "transparent", 0: "transparent"}
        colors.update({int(value): color for value, color in DIFFERENCE_COLORS.items()})
        self.layer = self._viewer.add_labels(
            found.differences,
            name=f"differences from {found.other}",
            colormap=DirectLabelColormap(color_dict=colors),
            opacity=0.8,
            **placement(opened.volume.grid),
        )
        self.layer.editable = False
        self._viewer.layers.selection.active = active
        if found.worst_plane is not None:
            self._stage.go_to_plane(found.worst_plane)
