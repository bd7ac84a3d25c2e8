"""Keeps an image that fills the canvas filling it, when a panel takes room or gives it back."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel

SAME = 1e-6  # of a zoom or a place, relatively


class FittedView:
    """Fits what is in view to the canvas again, as long as the user has not moved or zoomed.

    Parameters
    ----------
    viewer : ViewerModel
    """

    def __init__(self, viewer: "ViewerModel") -> None:
        self._viewer = viewer
        self._fitted: tuple[float, ...] | None = None
        viewer.events.reset_view.connect(self._note)
        viewer.canvas.events.size.connect(self._follow)

    def _camera(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return float(camera.zoom), *(float(place) for place in camera.center)

    def _note(self, *_: object) -> None:
        """Remember how the camera stands when all is in view."""
        self._fitted = self._camera()

    def _follow(self, *_: object) -> None:
        if self._fitted is not None and np.allclose(self._camera(), self._fitted, rtol=SAME):
            self._viewer.fit_to_view()
