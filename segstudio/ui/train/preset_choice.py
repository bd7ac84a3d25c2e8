"""The choice of a preset: settings that belong together, and what they are for."""

from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.presets import about, preset_files, read_preset
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge

OWN = "Own settings"
DEFAULTS = "Defaults"


class PresetChoice(QWidget):
    """Gives the session the settings of a preset, and shows whether they still are."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._configs: dict[str, dict[str, Any]] = {DEFAULTS: TrainConfig().model_dump()}
        for name in preset_files():
            self._configs[name] = make_config(**read_preset(name)).model_dump()
        self.names = QComboBox()
        self.names.addItem(OWN)
        self.names.model().item(0).setFlags(Qt.ItemFlag.NoItemFlags)
        for name in self._configs:
            self.names.addItem(name.capitalize().replace("-", " "), name)
            tip = _explained(name)
            self.names.setItemData(self.names.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.names.setToolTip("Settings that belong together. Choosing one replaces all settings.")
        self.names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.explanation = QLabel("")
        self.explanation.setWordWrap(True)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Preset", self.names)
        form.addRow(self.explanation)
        self.names.activated.connect(self._choose)
        session.settings_changed.connect(self._follow)
        self._follow(session.settings)

    @at_the_edge
    def _choose(self, row: int) -> None:
        name = self.names.itemData(row)
        if name is not None:
            self.session.choose_settings(make_config(**self._configs[name]))
            self._follow(self.session.settings)

    def _follow(self, config: TrainConfig) -> None:
        settings = config.model_dump()
        same = [name for name, preset in self._configs.items() if preset == settings]
        with QSignalBlocker(self.names):
            self.names.setCurrentIndex(self.names.findData(same[0]) if same else 0)
        self.explanation.setText(_explained(same[0]) if same else "")
        self.explanation.setVisible(bool(same) and same[0] != DEFAULTS)


def _explained(name: str) -> str:
    return "A short training in planes." if name == DEFAULTS else about(name)
