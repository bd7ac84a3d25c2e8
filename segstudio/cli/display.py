"""Whether a window can be shown here."""

import os
import sys
from importlib.util import find_spec


def has_display() -> bool:
    """Return whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def has_qt() -> bool:
    """Return whether a binding of Qt is installed; a plain install brings none."""
    return any(find_spec(name) for name in ("PySide6", "PyQt6"))


def opengl() -> str:
    """Return the version of OpenGL, or why it is not known."""
    if not has_display():
        return "unknown: there is no display"
    if not has_qt():
        return "unknown: Qt is not installed"
    from segstudio.app import describe_opengl

    return describe_opengl()
