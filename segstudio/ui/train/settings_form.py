"""All settings of a training that the panel does not show at once, made from their fields."""

from typing import Any

from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from segstudio.learn.config import TrainConfig
from segstudio.ui.train.field_editors import Group, editor_of, label_of

SECTIONS = {
    "Network": ("base_channels", "levels", "strides", "norm", "dropout", "deep_supervision"),
    "Images and sides": (
        "stratify",
        "folds",
        "fold",
        "split_seed",
        "landmarks",
        "ignore_label",
        "spacing",
        "rescale",
        "normalisation",
        "window",
    ),
    "Samples": ("patch_size", "foreground_share", "samples_per_epoch"),
    "Optimiser": (
        "optimizer",
        "weight_decay",
        "schedule",
        "warm_up_epochs",
        "clip_gradients",
        "average",
    ),
    "When it ends": ("early_stop", "max_seconds"),
    "Validation": ("hd95_every", "watch_test", "timeline_cases", "collapse_epochs"),
    "Machine": (
        "device",
        "precision",
        "threads",
        "cache_gb",
        "prefetch",
        "checkpoint_minutes",
    ),
}
GROUPS = {"maps": "Measured another way", "augmentation": ""}


class SettingsForm(QWidget):
    """A form of the fields of `TrainConfig`, but for those that are shown elsewhere.

    Parameters
    ----------
    elsewhere : set of str
        Their names.

    Attributes
    ----------
    editors : dict
        By the name of the field.
    """

    def __init__(self, elsewhere: set[str]) -> None:
        super().__init__()
        self.editors: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for title, names in self._sections(elsewhere).items():
            column.addWidget(QLabel(f"<b>{title}</b>"))
            form = QFormLayout()
            form.setContentsMargins(0, 0, 0, 6)
            form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
            for name in names:
                self._add(form, name)
            column.addLayout(form)

    def _sections(self, elsewhere: set[str]) -> dict[str, tuple[str, ...]]:
        """Return the fields by section; one that nobody has sorted in comes last."""
        sections = SECTIONS | {"Distance maps": ("maps",), "Augmentation": ("augmentation",)}
        sorted_in = {name for names in sections.values() for name in names}
        left = tuple(n for n in TrainConfig.model_fields if n not in sorted_in | elsewhere)
        return sections | ({"Others": left} if left else {})

    def _add(self, form: QFormLayout, name: str) -> None:
        about = TrainConfig.model_fields[name]
        editor = editor_of(about.annotation, about)
        tip = f"<p>{about.description or ''}</p>"
        self.editors[name] = editor
        if isinstance(editor, Group):
            editor.on.setText(GROUPS.get(name, ""))
            editor.on.setToolTip(tip)
            if GROUPS.get(name):
                form.addRow(editor.on)
            form.addRow(editor)
            return
        editor.setToolTip(tip)
        form.addRow(label_of(name, editor), editor)
