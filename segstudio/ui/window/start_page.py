"""What the window shows while nothing is open: how to begin."""

from functools import partial
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.session import Session
from segstudio.ui.data.recent_projects import recent_projects
from segstudio.ui.edge import at_the_edge
from segstudio.ui.window.program_actions import ProgramActions

MOST_PROJECTS = 4
WIDEST = 460
ABOUT = (
    "Segment medical images, see the distance maps behind the labels, train networks with the "
    "loss you choose, and compare what they find."
)


class StartPage(QWidget):
    """Covers a widget until something opens.

    Parameters
    ----------
    session : Session
        It is asked, and tells what opens.
    actions : ProgramActions
        What can be begun with.
    guide : QAction
        Opens the guide.
    covered : QWidget
        Its parent.
    """

    def __init__(
        self, session: Session, actions: ProgramActions, guide: QAction, covered: QWidget
    ) -> None:
        super().__init__(covered)
        self.session = session
        # Of the theme; a plain widget would let the empty canvas through.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Start page")
        self.buttons = [
            _button(action)
            for action in (
                *(actions.open_folder, actions.open_files),
                *(actions.new_project, actions.open_sample),
            )
        ]
        self.projects: list[QPushButton] = []
        self.guide = _button(guide)
        self.guide.setText("Read the two-minute guide")
        self.reading = QLabel("")
        self._recent = QVBoxLayout()
        self._lay_out()
        covered.installEventFilter(self)
        session.dataset_opened.connect(self._leave)
        session.reading_changed.connect(self._follow_reading)
        self._list_projects()
        self._cover(covered)
        self.setVisible(session.dataset is None)

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(8)
        title, about = QLabel("segstudio"), QLabel(ABOUT)
        title.setStyleSheet("font-size: 20pt; font-weight: bold; padding: 0;")
        drop = QLabel("Or drop images, a folder or a project anywhere on this window.")
        use = QLabel("For research use only. Not a medical device.")
        for label in (title, about):
            column.addWidget(label)
        for pair in (self.buttons[:2], self.buttons[2:]):
            row = QHBoxLayout()
            for button in pair:
                row.addWidget(button)
            column.addLayout(row)
        column.addWidget(drop)
        column.addLayout(self._recent)
        for widget in (self.guide, use, self.reading):
            column.addWidget(widget)
        for label in (about, drop, use, self.reading):
            label.setWordWrap(True)
        middle, outer = QWidget(), QHBoxLayout(self)
        middle.setMaximumWidth(WIDEST)
        middle.setLayout(column)
        outer.addStretch(1)
        outer.addWidget(middle, 8, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)

    def _list_projects(self) -> None:
        while (item := self._recent.takeAt(0)) is not None:
            item.widget().deleteLater()
        recent = [p for p in recent_projects() if p.is_dir()][:MOST_PROJECTS]
        self.projects = [self._project(folder) for folder in recent]
        if recent:
            self._recent.addWidget(QLabel("Go on with"))
        for button in self.projects:
            self._recent.addWidget(button)

    def _project(self, folder: Path) -> QPushButton:
        button = QPushButton(folder.name.replace("&", "&&"))
        button.setToolTip(f"Open this project at the case seen last: {folder}")
        button.clicked.connect(partial(self._open_project, folder))
        return button

    @at_the_edge
    def _open_project(self, folder: Path, _checked: bool = False) -> None:
        self.session.ask_project(folder)

    def _follow_reading(self, text: str) -> None:
        self.reading.setText(text)
        for button in (*self.buttons, *self.projects):
            button.setEnabled(not text)

    def _leave(self, *_: object) -> None:
        self.hide()

    def leave(self, *_: object) -> None:
        """Give way to what was opened otherwise: a layer of napari's."""
        self.hide()

    def eventFilter(self, covered: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay as large as what is covered."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show) and covered is self.parent():
            self._cover(self.parent())
        return False

    def _cover(self, covered: QWidget) -> None:
        self.setGeometry(covered.rect())
        self.raise_()


def _button(action: QAction) -> QPushButton:
    button = QPushButton(action.text().replace("&", ""))
    button.setToolTip(action.toolTip())
    button.clicked.connect(lambda _checked=False: action.trigger())
    return button
