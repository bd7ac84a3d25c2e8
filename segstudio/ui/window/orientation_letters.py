"""Letters on the canvas: which way of the patient each of its edges looks."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QObject, QPointF, Qt
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from qtpy.QtWidgets import QWidget

from segstudio.viewer.orientation import Edges, edge_letters
from segstudio.viewer.stage import IMAGE, Stage

if TYPE_CHECKING:
    from napari import Viewer

SIZE, RIM, MARGIN = 17, 3.0, 8  # pixels: of a letter, of its dark rim, from the edge


class Letters(QWidget):
    """A few letters, light with a dark rim, so that they are read on any image.

    Parameters
    ----------
    canvas : QWidget
        They lie on it, and leave the mouse to it.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.text = ""
        self._path = QPainterPath()
        self._picture = QPixmap()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAutoFillBackground(False)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show other letters; none where empty."""
        if text != self.text:
            font = QFont(self.font())
            font.setPixelSize(SIZE)
            font.setBold(True)
            metrics = QFontMetricsF(font)
            self.text, self._path, self._picture = text, QPainterPath(), QPixmap()
            self._path.addText(QPointF(RIM, RIM + metrics.ascent()), font, text)
            width = metrics.horizontalAdvance(text) + 2 * RIM
            self.resize(int(np.ceil(width)), int(np.ceil(metrics.height() + 2 * RIM)))
            self.update()
        self.setVisible(bool(text))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Show the letters as they were drawn once: the canvas has them shown with each stroke."""
        ratio = self.devicePixelRatioF()
        if self._picture.isNull() or self._picture.devicePixelRatio() != ratio:
            self._picture = self._drawn(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.end()

    def _drawn(self, ratio: float) -> QPixmap:
        """Return a picture of the rim, and of the letters over it."""
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rim = QPen(QColor(0, 0, 0, 200), RIM)
        rim.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(self._path, rim)
        painter.fillPath(self._path, QColor(255, 244, 200))
        painter.end()
        return picture


class OrientationLetters(QObject):
    """Keeps the letters at the canvas's edges in step with what is in view.

    Parameters
    ----------
    viewer : Viewer
        Its canvas, axes and camera.
    stage : Stage
        The image layer that the letters are of.
    """

    def __init__(self, viewer: "Viewer", stage: Stage) -> None:
        super().__init__()
        self._viewer, self._stage = viewer, stage
        canvas: QWidget = viewer.window._qt_viewer.canvas.native
        self._canvas: QWidget | None = canvas
        self.letters = {edge: Letters(canvas) for edge in Edges._fields}
        canvas.installEventFilter(self)
        canvas.destroyed.connect(self.close)
        for event in (viewer.dims.events.order, viewer.dims.events.ndisplay):
            event.connect(self.follow)
        viewer.dims.events.ndim.connect(self.follow)
        viewer.canvas.grid.events.enabled.connect(self.follow)
        viewer.scene.camera.events.orientation.connect(self.follow)
        viewer.layers.events.inserted.connect(self._follow_layer)
        viewer.layers.events.removed.connect(self.follow)

    def close(self, *_: object) -> None:
        """Draw no more: the canvas is going."""
        self._canvas = None

    def _follow_layer(self, event: Any) -> None:
        event.value.events.affine.connect(self.follow)
        event.value.events.rotate.connect(self.follow)
        event.value.events.shear.connect(self.follow)
        event.value.events.scale.connect(self.follow)
        self.follow()

    def follow(self, *_: object) -> None:
        """Show the letters of what is in view now."""
        if self._canvas is None:
            return
        edges = self._edges()
        for edge, letters in self.letters.items():
            letters.show_text(getattr(edges, edge))
        self._place()

    def _edges(self) -> Edges:
        layer, dims = self._stage.layer(IMAGE), self._viewer.dims
        # In a grid the canvas's edges are not those of an image, and cells have titles there.
        if layer is None or dims.ndisplay != 2 or self._viewer.canvas.grid.enabled:
            return Edges()
        # The image has the viewer's last axes, where another layer has more of them.
        first = dims.ndim - layer.ndim
        down, across = (axis - first for axis in dims.displayed)
        vertical, horizontal = (str(way) for way in self._viewer.scene.camera.orientation2d)
        return edge_letters(
            layer.metadata["segstudio_grid"],
            (down, across),
            flipped=(vertical == "up", horizontal == "left"),
            shown=_linear(layer),
        )

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep the letters at the edges of a canvas that changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        if self._canvas is None:
            return
        width, height = self._canvas.width(), self._canvas.height()
        for edge, letters in self.letters.items():
            wide, high = letters.width(), letters.height()
            x = {"left": MARGIN, "right": width - wide - MARGIN}.get(edge, (width - wide) // 2)
            y = {"top": MARGIN, "bottom": height - high - MARGIN}.get(edge, (height - high) // 2)
            letters.move(x, y)


def _linear(layer: Any) -> NDArray[np.float64]:
    """Return a layer's way from voxel steps to steps along the viewer's axes, position left out."""
    origin = np.asarray(layer.data_to_world((0.0, 0.0, 0.0)))
    steps = [np.asarray(layer.data_to_world(step)) - origin for step in np.eye(3)]
    return np.stack(steps, axis=1)
