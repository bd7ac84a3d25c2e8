"""The projects that were opened last, remembered from one start to the next."""

from pathlib import Path

from segstudio.ui.settings_file import settings_file

MOST = 8
_KEY = "recent_projects"


def recent_projects() -> list[Path]:
    """Return the folders of the projects opened last, the newest first."""
    stored = settings_file().value(_KEY, [])
    # A list of one comes back as the one.
    names = [stored] if isinstance(stored, str) else stored or []
    return [Path(name) for name in names if isinstance(name, str) and name][:MOST]


def remember_project(folder: Path) -> None:
    """Put a project first among the recent ones."""
    others = (path for path in recent_projects() if path != folder)
    settings_file().setValue(_KEY, [str(path) for path in (folder, *others)][:MOST])


def forget_projects() -> None:
    """Forget the recent projects."""
    settings_file().remove(_KEY)
