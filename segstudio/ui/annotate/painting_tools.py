"""The tools in hand: brush and the others of napari's, the brush's size, undo and redo."""

from dataclasses import replace

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.session import Session
from segstudio.session.annotation_choices import Brush, Tool
from segstudio.ui.edge import at_the_edge

TOOLS: dict[Tool, tuple[str, str]] = {
    "move": ("Move", "Move and zoom the image, paint nothing. Key: 6, with the image in focus."),
    "brush": (
        "Brush",
        "Paint the chosen class. Drag with the left button; go round with the right one to fill "
        "an outline. Key: 2. The keys [ and ] change the size.",
    ),
    "eraser": ("Eraser", "Erase all classes that are not locked. Key: 1."),
    "fill": (
        "Fill",
        "Click a piece, or background, to give all that hangs together with it in this slice the "
        "chosen class. Key: 4.",
    ),
    "polygon": (
        "Polygon",
        "Click corner by corner; double-click fills the outline with the chosen class. Key: 3.",
    ),
    "pick": ("Pick", "Click a class in the image to choose it. Key: 5."),
}
LARGEST_MM = 500.0


class PaintingTools(QWidget):
    """Chooses the tool and the brush, and takes steps back."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._annotation = session.annotation
        self.group = QButtonGroup(self)
        self.buttons: dict[Tool, QPushButton] = {}
        for tool, (text, tip) in TOOLS.items():
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            self.group.addButton(button)
            self.buttons[tool] = button
        self.size = QDoubleSpinBox()
        self.size.setRange(0.1, LARGEST_MM)
        self.size.setDecimals(1)
        self.size.setSuffix(" mm")
        self.size.setToolTip("Diameter of the brush and the eraser. Keys: [ and ].")
        self.sphere = QCheckBox("Ball, across slices")
        self.sphere.setToolTip(
            "Paint and erase a ball, which reaches into the slices above and below, instead of a "
            "disc in this slice. Fill then fills in all slices."
        )
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.undo.setToolTip("Take the last step back, whichever tool did it. Ctrl+Z.")
        self.redo.setToolTip("Do the step again that was taken back last. Ctrl+Shift+Z.")
        self._lay_out()
        self._connect()
        self._show_tool(self._annotation.tool)
        self._show_brush(self._annotation.brush)
        self._show_steps()

    def _lay_out(self) -> None:
        column, tools, row = QVBoxLayout(self), QGridLayout(), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(4)
        for i, button in enumerate(self.buttons.values()):
            tools.addWidget(button, i // 3, i % 3)
        tools.addWidget(self.undo, 0, 3)
        tools.addWidget(self.redo, 1, 3)
        self.size_label = QLabel("Size")
        row.addWidget(self.size_label)
        row.addWidget(self.size)
        row.addWidget(self.sphere)
        row.addStretch(1)
        column.addLayout(tools)
        column.addLayout(row)

    def _connect(self) -> None:
        for tool, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, tool=tool: self._choose_tool(tool))
        self.size.valueChanged.connect(self._choose_brush)
        self.sphere.toggled.connect(self._choose_brush)
        self.undo.clicked.connect(self._undo)
        self.redo.clicked.connect(self._redo)
        annotation = self._annotation
        annotation.tool_changed.connect(self._show_tool)
        annotation.brush_changed.connect(self._show_brush)
        annotation.stepped.connect(self._show_steps)
        annotation.ground_changed.connect(self._show_ground)
        self._show_ground()

    @at_the_edge
    def _choose_tool(self, tool: Tool) -> None:
        self._annotation.choose_tool(tool)

    @at_the_edge
    def _choose_brush(self, *_: object) -> None:
        self._annotation.choose_brush(Brush(self.size.value(), self.sphere.isChecked()))

    @at_the_edge
    def _undo(self, *_: object) -> None:
        self._annotation.undo()

    @at_the_edge
    def _redo(self, *_: object) -> None:
        self._annotation.redo()

    def _show_tool(self, tool: Tool) -> None:
        self.buttons[tool].setChecked(True)

    def _show_brush(self, brush: Brush) -> None:
        with QSignalBlocker(self.size), QSignalBlocker(self.sphere):
            if round(brush.diameter_mm, 1) != self.size.value():
                self.size.setValue(brush.diameter_mm)
            self.sphere.setChecked(brush.is_sphere)

    def _show_steps(self) -> None:
        annotation = self._annotation
        self.undo.setEnabled(annotation.undoable > 0)
        self.redo.setEnabled(annotation.redoable > 0)

    def _show_ground(self, *_: object) -> None:
        """Take the unit of another case; a flat one has no slices to reach across."""
        ground = self._annotation.ground
        if ground is not None:
            is_sized = ground.volume.grid.unit == "mm"
            self.size.setSuffix(" mm" if is_sized else " voxels")
            is_flat = ground.labels.shape[0] == 1
            self.sphere.setVisible(not is_flat)
            if is_flat and self._annotation.brush.is_sphere:
                self._annotation.choose_brush(replace(self._annotation.brush, is_sphere=False))
        self._show_steps()
