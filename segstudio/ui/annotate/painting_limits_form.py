"""Where painting is allowed: over which classes, inside of what, in which intensities."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QWidget
from superqt import QDoubleRangeSlider

from segstudio.session import Session
from segstudio.session.annotation_choices import Mask, MaskSource, Restriction
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.number_boxes import Number

_SOURCES: dict[MaskSource, str] = {"saved": "the saved labels", "prediction": "the prediction"}


class PaintingLimitsForm(QWidget):
    """Restricts what tools and operations may change."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._limits = session.annotation.limits
        self.over, self.inside = QComboBox(), QComboBox()
        self.over.setToolTip(
            "What painting may replace. Erasing is not restricted by it; locked classes stay in "
            "any case."
        )
        self.inside.setToolTip("Paint and erase only inside of other labels, as of a mask.")
        self.has_range = QCheckBox("Only intensities")
        self.has_range.setToolTip(
            "Paint and erase only where the image is as bright as this; the place is drawn in "
            "yellow."
        )
        self.low, self.high = Number(-1e12, 1e12), Number(-1e12, 1e12)
        self.low.setToolTip("The darkest intensity that is painted.")
        self.high.setToolTip("The brightest intensity that is painted.")
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)  # type: ignore[no-untyped-call]
        self.slider.setToolTip("The intensities that are painted. Drag either end, or the middle.")
        self.shows = QCheckBox("drawn in yellow")
        self.shows.setToolTip("Draw over the image what lies in the range.")
        self._lay_out()
        self._connect()
        self._list()
        self._show(self._limits.restriction)

    def _lay_out(self) -> None:
        for box in (self.over, self.inside):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        form, checks, row = QFormLayout(self), QHBoxLayout(), QHBoxLayout()
        form.setContentsMargins(0, 0, 0, 0)
        checks.addWidget(self.has_range)
        checks.addWidget(self.shows)
        row.addWidget(self.low)
        row.addWidget(self.slider, 1)
        row.addWidget(self.high)
        form.addRow("Paint over", self.over)
        form.addRow("Only inside", self.inside)
        form.addRow(checks)
        form.addRow(row)

    def _connect(self) -> None:
        self.over.activated.connect(self._restrict)
        self.inside.activated.connect(self._restrict)
        self.has_range.toggled.connect(self._start_range)
        self.shows.toggled.connect(self._restrict)
        self.slider.valueChanged.connect(self._take_slider)
        for box in (self.low, self.high):
            box.edited.connect(self._restrict)
        annotation = self.session.annotation
        annotation.classes.shown.connect(self._list)
        annotation.ground_changed.connect(self._list)
        self._limits.changed.connect(self._show)

    def _list(self, *_: object) -> None:
        """List the classes and masks that there are."""
        rows = self.session.annotation.classes.table.foreground
        with QSignalBlocker(self.over), QSignalBlocker(self.inside):
            self.over.clear()
            self.over.addItem("all but locked classes", None)
            self.over.addItem("background only", (0,))
            for known in rows:
                self.over.addItem(f"{known.name} only", (known.value,))
            self._list_masks()
        self._show(self._limits.restriction)

    def _list_masks(self) -> None:
        self.inside.clear()
        self.inside.addItem("anywhere", None)
        for source, title in _SOURCES.items():
            if self._limits.has_mask(source):
                self.inside.addItem(f"{title}, any class", Mask(source))
                for known in self.session.annotation.classes.table.foreground:
                    self.inside.addItem(f"{title}: {known.name}", Mask(source, known.value))

    @at_the_edge
    def _start_range(self, wanted: bool) -> None:
        """Set the slider to the image's intensities, the upper half of them chosen."""
        ground = self.session.annotation.ground
        if wanted and ground is not None:
            low, middle, high = _low_mean_high(ground.volume.data)
            with QSignalBlocker(self.slider), QSignalBlocker(self.low), QSignalBlocker(self.high):
                self.slider.setRange(low, max(high, low + 1e-6))
                self.slider.setValue((middle, high))
                self.low.setValue(_rounded(middle))
                self.high.setValue(high)
        self._restrict()

    @at_the_edge
    def _take_slider(self, values: tuple[float, float]) -> None:
        with QSignalBlocker(self.low), QSignalBlocker(self.high):
            ends = self.slider.minimum(), self.slider.maximum()
            for box, value in zip((self.low, self.high), values, strict=True):
                # At an end not rounded: the brightest voxels would be left out.
                box.setValue(value if value in ends else _rounded(value))
        self._restrict()

    @at_the_edge
    def _restrict(self, *_: object) -> None:
        low, high = sorted((self.low.value(), self.high.value()))
        intensity = (low, high) if self.has_range.isChecked() else None
        self._limits.restrict(
            Restriction(
                intensity,
                self.over.currentData(),
                self.inside.currentData(),
                self.shows.isChecked(),
            )
        )

    def _show(self, restriction: Restriction) -> None:
        blocked = (self.over, self.inside, self.has_range, self.shows, self.low, self.high)
        blockers = [QSignalBlocker(widget) for widget in (*blocked, self.slider)]
        if any(self._limits.has_mask(s) != self._offers(s) for s in _SOURCES):
            self._list_masks()
        self.over.setCurrentIndex(_place(self.over, restriction.over))
        self.inside.setCurrentIndex(_place(self.inside, restriction.inside))
        has_range = restriction.intensity is not None
        self.has_range.setChecked(has_range)
        self.shows.setChecked(restriction.shows_intensity)
        if restriction.intensity is not None:
            low, high = restriction.intensity
            if (low, high) != (self.low.value(), self.high.value()):
                self.low.setValue(low)
                self.high.setValue(high)
            self.slider.setValue((low, high))
        for widget in (self.low, self.high, self.slider, self.shows):
            widget.setEnabled(has_range)
        del blockers

    def _offers(self, source: MaskSource) -> bool:
        return _place(self.inside, Mask(source)) > 0

    def lift(self) -> None:
        """Allow painting everywhere."""
        self._limits.restrict(replace(Restriction(), shows_intensity=self.shows.isChecked()))


def _place(box: QComboBox, data: object) -> int:
    """Return where a list holds some data; Qt compares Python's objects by identity."""
    return next((i for i in range(box.count()) if box.itemData(i) == data), -1)


def _low_mean_high(data: NDArray[np.generic]) -> tuple[float, float, float]:
    """Return the lowest intensity of an image, the mean and the highest, of all that are finite."""
    lows, sums, highs, count = [], [], [], 0
    for plane in data:  # of a large volume no second one is made
        finite = plane[np.isfinite(plane)]
        if finite.size:
            lows.append(float(finite.min()))
            sums.append(float(finite.sum(dtype=np.float64)))
            highs.append(float(finite.max()))
            count += finite.size
    return (min(lows), sum(sums) / count, max(highs)) if count else (0.0, 0.5, 1.0)


def _rounded(value: float) -> float:
    """Return a value of four digits, that is quick to read."""
    return float(f"{value:.4g}")
