"""Two pictures of an example side by side: image with labels, and image with the map."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtWidgets import QVBoxLayout, QWidget

from segstudio.core.iso_lines import iso_lines
from segstudio.core.labels import ClassTable
from segstudio.viewer.map_stage import DISTANCE_COLORS

if TYPE_CHECKING:
    from segstudio.learn.example import Example

LABEL_OPACITY = 0.35
LINE_WIDTH = 2  # pixels, of the contour


class ExampleView(QWidget):
    """Shows one plane of an example."""

    def __init__(self) -> None:
        super().__init__()
        self.plots = pg.GraphicsLayoutWidget()
        self.plots.setBackground(None)
        self._boxes = [self._box(column) for column in range(2)]
        self._boxes[1].setXLink(self._boxes[0])
        self._boxes[1].setYLink(self._boxes[0])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plots)

    def _box(self, column: int) -> pg.ViewBox:
        box: pg.ViewBox = self.plots.addViewBox(0, column, invertY=True, enableMenu=False)
        return box

    def clear(self) -> None:
        """Show nothing."""
        for box in self._boxes:
            box.clear()

    def show_plane(
        self, example: "Example", classes: ClassTable, k: int, plane: int | None, reach: float
    ) -> None:
        """Show a plane of an example.

        Parameters
        ----------
        example : Example
            What the loss sees.
        classes : ClassTable
            Of its labels.
        k : int
            Index of the class whose map is shown.
        plane : int or None
            Which plane of a patch; None where the example is a plane.
        reach : float
            The distance that has the map's deepest colours.
        """
        at = ... if plane is None else plane
        image, labels = example.image[0][at], example.labels[at]
        phi = None if example.maps is None else example.maps[k][at]
        height, width = example.spacing[-2:]
        self.clear()
        for box in self._boxes:
            box.setAspectLocked(lock=True, ratio=width / height)
            box.addItem(_picture(image, np.percentile(example.image[0], (0.5, 99.5))))
        self._boxes[0].addItem(_picture(_label_colors(labels, classes)))
        if phi is not None:
            self._boxes[1].addItem(_picture(_map_colors(phi, reach)))
        self._draw_contour(labels == k, classes.classes[k].color)
        self._boxes[0].autoRange(padding=0.02)

    def _draw_contour(self, mask: NDArray[np.bool_], color: str) -> None:
        segments, _ = iso_lines(mask, np.zeros(mask.shape, np.float32), 1.0)
        # Pixels have their corner where voxels have their centre.
        y, x = segments.reshape(-1, 2).T + 0.5
        for box, pen in zip(self._boxes, (color, "w"), strict=True):
            line = pg.PlotCurveItem(x, y, connect="pairs", pen=pg.mkPen(pen, width=LINE_WIDTH))
            box.addItem(line)


def _picture(data: NDArray[Any], levels: Any = None) -> pg.ImageItem:
    return pg.ImageItem(data, levels=levels, axisOrder="row-major")


def _label_colors(labels: NDArray[np.int64], classes: ClassTable) -> NDArray[np.uint8]:
    colors = np.zeros((len(classes), 4), np.uint8)
    for k, row in enumerate(classes.classes[1:], start=1):
        rgb = [int(row.color[i : i + 2], 16) for i in (1, 3, 5)]
        colors[k] = (*rgb, int(255 * LABEL_OPACITY))
    return colors[labels]


def _map_colors(phi: NDArray[np.float32], reach: float) -> NDArray[np.uint8]:
    shares = np.clip(0.5 + phi / (2 * reach), 0, 1)
    colors = DISTANCE_COLORS["both"].map(shares.ravel()).reshape(*phi.shape, 4)
    picture: NDArray[np.uint8] = (255 * colors).astype(np.uint8)
    return picture
