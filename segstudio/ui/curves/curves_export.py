"""The curves as files: a picture, a drawing, or a table."""

from collections.abc import Sequence
from pathlib import Path

from pyqtgraph.exporters import ImageExporter
from qtpy.QtCore import QEvent, QRect, QSize, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtSvg import QSvgGenerator
from qtpy.QtWidgets import QApplication

from segstudio.core.errors import InputError
from segstudio.data.atomic import written
from segstudio.learn.run_curves import write_curves
from segstudio.session.runs_in_view import RunsInView
from segstudio.ui.curves.chart import Chart
from segstudio.ui.curves.curves_plot import CurvesPlot

PAGE = (1200, 480)
SCALE = 2  # pixels of a picture for each of the page, for print


def export_curves(
    path: Path,
    in_view: RunsInView,
    charts: Sequence[Chart],
    *,
    with_steps: bool,
    overwrite: bool = False,
) -> None:
    """Write what the charts show, black on white; or all values, where the suffix is ``.csv``.

    Raises
    ------
    InputError
        The file exists and `overwrite` is false, or nothing is drawn yet.
    """
    if not any(c.curves for c in in_view.curves.values()):
        raise InputError("No curves are drawn yet. Start a training, or tick a run under Runs.")
    if path.suffix.lower() == ".csv":
        names = in_view.names()
        runs = {names[run]: curves for run, curves in in_view.curves.items()}
        write_curves(path, runs, overwrite=overwrite)
        return
    page = _page(in_view, charts, with_steps=with_steps)
    try:
        with written(path, overwrite=overwrite) as temporary:
            _write(page, temporary)
    finally:
        page.close()
        page.deleteLater()


def _page(in_view: RunsInView, charts: Sequence[Chart], *, with_steps: bool) -> CurvesPlot:
    """Return the charts again, laid out for a page."""
    page, ink = CurvesPlot(), QColor("black")
    page.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    page.setBackground("white")
    page.resize(*PAGE)
    page.show()  # to nobody: what was never shown has no layout
    for drawn, shown in zip(page.charts, charts, strict=True):
        drawn.set_figure(shown.figure)
        drawn.scaling = "symlog" if shown.is_symlog else "linear"
    page.draw(in_view, with_steps=with_steps)
    page.take_colors(ink)
    page.write_legends(in_view, ink)
    for drawn, shown in zip(page.charts, charts, strict=True):
        x, y = shown.vb.viewRange()
        drawn.vb.setRange(xRange=x, yRange=y, padding=0)
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    page.ci.layout.activate()
    return page


def _write(page: CurvesPlot, path: Path) -> None:
    if path.suffix.lower() == ".svg":
        _draw(page, path)
    else:
        picture = ImageExporter(page.scene())
        picture.parameters()["width"] = SCALE * PAGE[0]
        picture.export(str(path))
    if not path.exists():
        raise InputError(f"'{path.name}' could not be written as a picture. Choose another place.")


def _draw(page: CurvesPlot, path: Path) -> None:
    """Write an SVG by Qt; pyqtgraph's own stumbles over round marks."""
    generator, whole = QSvgGenerator(), QRect(0, 0, *PAGE)
    generator.setFileName(str(path))
    generator.setSize(QSize(*PAGE))
    generator.setViewBox(whole)
    generator.setTitle("Curves")
    generator.setResolution(page.logicalDpiX())  # or axes, which are kept as pictures, would shrink
    drawing = ImageExporter(page.scene())
    painter = QPainter(generator)
    painter.fillRect(whole, Qt.GlobalColor.white)
    # Or marks would be pictures in the drawing.
    mode = {"antialias": True, "background": None, "painter": painter, "resolutionScale": 1.0}
    drawing.setExportMode(True, mode)
    try:
        page.scene().render(painter, whole, drawing.getSourceRect())
    finally:
        drawing.setExportMode(False)
        painter.end()
