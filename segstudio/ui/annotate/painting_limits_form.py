"""Where painting is allowed: over which classes, inside of what, in which intensities."""

from dataclasses import replace

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QWidget
from superqt import QDoubleRangeSlider

from segstudio.session import Session
from segstudio.session.annotation_choices import Mask, MaskSource, Restriction
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.number_boxes import Number

_SOURCES: dict[MaskSource, str] = {"saved": "the saved labels", "prediction": "the prediction"}
_STEP = 16  # every so-manieth row is looked at for the range of a large image
_LARGE = 4_000_000


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
            data = ground.volume.data
            seen = data[:, ::_STEP] if data.size > _LARGE else data
            finite = seen[np.isfinite(seen)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
            middle = float(np.mean(finite)) if finite.size else 0.5
            with QSignalBlocker(self.slider), QSignalBlocker(self.low), QSignalBlocker(self.high):
                self.slider.setRange(low, max(high, low + 1e-6))
                self.slider.setValue((middle, high))
                self.low.setValue(float(f"{middle:.4g}"))
                self.high.setValue(high)
        self._restrict()

    @at_the_edge
    def _take_slider(self, values: tuple[float, float]) -> None:
        with QSignalBlocker(self.low), QSignalBlocker(self.high):
            for box, value in zip((self.low, self.high), values, strict=True):
                box.setValue(float(f"{value:.4g}"))
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
