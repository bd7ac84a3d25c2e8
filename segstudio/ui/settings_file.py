"""The file in which the window remembers things from one start to the next."""

from qtpy.QtCore import QSettings


def settings_file() -> QSettings:
    """Return the user's settings; made anew each time, so that two windows see each other's."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "segstudio", "segstudio"
    )
