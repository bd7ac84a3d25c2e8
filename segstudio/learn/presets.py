"""Settings that belong together, as TOML files in ``resources/presets``."""

from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError, near_names
from segstudio.learn.config import read_settings

# In an installed package the folder lies inside; in a checkout beside it.
_PLACES = (
    Path(__file__).parent.parent / "presets",
    Path(__file__).parent.parent.parent / "resources" / "presets",
)


def preset_files() -> dict[str, Path]:
    """Return the preset files by name."""
    folder = next((place for place in _PLACES if place.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_preset(name: str) -> dict[str, Any]:
    """Return the settings of a preset, unchecked.

    Raises
    ------
    InputError
        There is none of that name.
    """
    files = preset_files()
    if name not in files:
        raise InputError(f"There is no preset '{name}'. {near_names(name, files)}")
    return read_settings(files[name])


def about(name: str) -> str:
    """Return what a preset is for: the comment at the head of its file."""
    lines = preset_files()[name].read_text(encoding="utf-8").splitlines()
    head = [
        line.lstrip("# ")
        for line in lines[
            : next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
        ]
    ]
    return " ".join(head)
