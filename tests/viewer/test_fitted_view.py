"""An image that fills the canvas goes on to, until the user moves it or comes closer."""

import numpy as np
from napari.components import ViewerModel

from segstudio.viewer.fitted_view import FittedView


def test_what_is_fitted_stays_fitted_and_what_the_user_chose_stays_so() -> None:
    viewer = ViewerModel()
    viewer.canvas.size = (600, 600)
    kept = FittedView(viewer)
    viewer.add_image(np.zeros((4, 50, 50)))
    viewer.reset_view()
    before = viewer.scene.camera.zoom
    viewer.canvas.size = (300, 600)
    assert viewer.scene.camera.zoom == before / 2

    viewer.scene.camera.zoom *= 3
    chosen = viewer.scene.camera.zoom
    viewer.canvas.size = (600, 600)
    assert viewer.scene.camera.zoom == chosen

    viewer.reset_view()
    assert viewer.scene.camera.zoom == before
    assert kept is not None
