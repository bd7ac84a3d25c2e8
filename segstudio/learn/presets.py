"""Settings that belong together, as TOML files in ``resources``."""

from pathlib import Path
from typing import Any, Literal

from segstudio.core.errors import InputError, near_names
from segstudio.learn.config import read_settings

# In an installed package the folders lie inside; in a checkout beside it.
_PACKAGE = Path(__file__).parent.parent
_PLACES = (_PACKAGE, _PACKAGE.parent / "resources")


def preset_files() -> dict[str, Path]:
    """Return the preset files by name."""
    return packaged_files("presets")


def packaged_files(kind: Literal["presets", "studies"]) -> dict[str, Path]:
    """Return the TOML files of a kind that come with the program, by name."""
    folder = next((place / kind for place in _PLACES if (place / kind).is_dir()), None)
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
