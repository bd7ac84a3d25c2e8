"""The training panel: settings above, and below them what is done with them."""

from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions
from segstudio.learn.augment import Augmentation
from segstudio.learn.config import DEFAULT_LOSS, TrainConfig, make_config
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.train.cost_row import CostRow
from segstudio.ui.train.loss_choice import LossChoice
from segstudio.ui.train.preset_choice import PresetChoice
from segstudio.ui.train.setting_editors import Choice, Switch
from segstudio.ui.train.settings_form import SettingsForm
from segstudio.ui.train.training_controls import TrainingControls
from segstudio.ui.train.training_notes import TrainingNotes
from segstudio.ui.train.training_queue import TrainingQueue
from segstudio.ui.widgets.fold import Fold
from segstudio.ui.widgets.number_boxes import Number, Whole

DIMENSIONS = {2: "2-D: plane by plane", 3: "3-D: patches of the volume"}
NARROWEST = 270  # pixels that the settings need
SPLITS = {
    "three-way": "Train, validate, test",
    "two-way": "Train, validate",
    "none": "None: train on all",
}


class TrainPanel(QWidget):
    """Fills the session's settings, and asks it for trainings."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._names: list[str] | None = None  # of the losses whose step size is shown
        self._make_settings()
        self._make_parts()
        self._lay_out()
        self.loss.changed.connect(self._take_loss)
        self.loss.sum.clicked.connect(self._edit_sum)
        self.defaults.clicked.connect(self._take_defaults)
        for editor in self.editors.values():
            editor.edited.connect(self._take)
        session.settings_changed.connect(self._show)
        self._show(session.settings)

    def _make_settings(self) -> None:
        self.loss = LossChoice(DEFAULT_LOSS)
        self.epochs, self.batch_size = Whole(1, 100_000), Whole(1, 512)
        self.learning_rate = Number(1e-12, 1e6)
        self.seed = Whole()
        self.dimensions, self.split = Choice(DIMENSIONS), Choice(SPLITS)
        self.skip_unlabelled = Switch("Skip images without labels")
        names = ("loss", "epochs", "batch_size", "learning_rate", "seed", "dimensions", "split")
        self.editors: dict[str, Any] = {name: getattr(self, name) for name in names}
        self.editors["skip_unlabelled"] = self.skip_unlabelled
        for name, editor in self.editors.items():
            if editor is not self.loss:
                editor.setToolTip(f"<p>{TrainConfig.model_fields[name].description}</p>")
        self.form = SettingsForm(set(self.editors))
        self.editors |= self.form.editors
        self.augmentation = self.form.editors["augmentation"].on
        self.augmentation.setText("Change samples at random")
        self.form.editors["augmentation"].show_fields(Augmentation())

    def _make_parts(self) -> None:
        self.presets = PresetChoice(self.session)
        self.cost = CostRow(self.session)
        self.controls = TrainingControls(self.session)
        self.queue = TrainingQueue(self.session)
        self.notes = TrainingNotes(self.session)
        self.start, self.stop = self.controls.start, self.controls.stop
        self.status, self.progress = self.controls.status, self.controls.progress
        self.defaults = QPushButton("Back to defaults")
        self.defaults.setToolTip("Set every setting, those above too, to its default.")
        self.problem = QLabel("")
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet("color: #d55e00")
        more = QWidget()
        column = QVBoxLayout(more)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addWidget(self.defaults)
        self.more = Fold("More settings", "All other settings of a training.", more)

    def _lay_out(self) -> None:
        settings = QWidget()
        column = QVBoxLayout(settings)
        column.setContentsMargins(0, 0, 6, 0)
        form = QFormLayout()
        form.addRow("Epochs", self.epochs)
        form.addRow("Batch size", self.batch_size)
        form.addRow("Learning rate", self.learning_rate)
        form.addRow("Network", self.dimensions)
        form.addRow("Split", self.split)
        form.addRow("Seed", self.seed)
        form.addRow(self.augmentation)
        form.addRow(self.skip_unlabelled)
        column.addWidget(self.presets)
        column.addWidget(self.loss)
        column.addLayout(form)
        column.addWidget(self.more)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(settings)
        # Nothing is cut off at the right, folded away or not.
        bar = self.area.verticalScrollBar().sizeHint().width()
        self.area.setMinimumWidth(NARROWEST + bar)
        whole = QVBoxLayout(self)
        whole.addWidget(self.area, 1)
        for part in (self.problem, self.cost, self.controls, self.queue, self.notes):
            whole.addWidget(part)

    def draft(self) -> dict[str, Any]:
        """Return the settings as they stand in the panel, unchecked."""
        draft = {name: editor.setting() for name, editor in self.editors.items()}
        expression = self.loss.expression()
        if expression is not None and draft["learning_rate"] == expression.learning_rate:
            draft["learning_rate"] = None  # the loss's own
        return draft

    def config(self) -> TrainConfig:
        """Return the settings as they stand in the panel.

        Raises
        ------
        InputError
            They will not do.
        """
        return make_config(**self.draft())

    @at_the_edge
    def _take(self) -> None:
        """Give the session what was edited; what will not do is said and kept for mending."""
        try:
            config = self.config()
        except InputError as error:
            self._show_problem(str(error))
            return
        self._show_problem("")
        self.session.choose_settings(config)

    def _show_problem(self, text: str) -> None:
        self.problem.setText(f"⚠ {text}" if text else "")
        self.problem.setVisible(bool(text))
        self.controls.show_problem(text)

    def _show(self, config: TrainConfig) -> None:
        """Show the session's settings, whoever chose them."""
        settings = config.model_dump() | {
            "maps": config.maps,
            "augmentation": config.augmentation,
            "learning_rate": config.step_size,
        }
        for name, editor in self.editors.items():
            # What is shown already is not shown anew: the cursor stays where one types.
            if _differs(editor, settings[name]):
                editor.show_setting(settings[name])
        self._names = [part.name for part in config.expression.parts]
        self._show_own_maps(config.expression.maps)
        self._show_problem("")

    def _show_own_maps(self, own: MapOptions | None) -> None:
        maps = self.form.editors["maps"]
        if not maps.on.isChecked():
            maps.show_fields(own or MapOptions())

    def _take_loss(self, *_: object) -> None:
        """Show the step size of a loss that has just been chosen, not of one being edited."""
        expression = self.loss.expression()
        names = None if expression is None else [part.name for part in expression.parts]
        if expression is not None and names != self._names:
            self._names = names
            with QSignalBlocker(self.learning_rate):
                self.learning_rate.setValue(expression.learning_rate)

    @at_the_edge
    def _take_defaults(self, _checked: bool = False) -> None:
        self.session.choose_settings(TrainConfig())
        self._show(self.session.settings)

    @at_the_edge
    def _edit_sum(self, _checked: bool = False) -> None:
        expression = self.loss.expression() or self.session.settings.expression
        # Deferred: a window need not wait for what it draws with.
        from segstudio.ui.train.loss_editor import LossEditor

        dialog = LossEditor(expression, self.epochs.value(), self)
        dialog.chosen.connect(self.loss.set_text)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _differs(editor: Any, value: Any) -> bool:
    try:
        return bool(editor.setting() != value)
    except InputError:
        return True  # it holds what will not do
