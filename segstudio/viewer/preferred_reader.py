"""napari's preferred reader for medical files: this program's, or whichever it finds."""

from napari.settings import get_settings

from segstudio.data.formats.table import FORMATS

READER = "segstudio"


def patterns() -> tuple[str, ...]:
    """Return the names of files, as napari's settings spell them, that the reader is for."""
    return tuple(f"*{suffix}" for kind in FORMATS if kind.is_volume for suffix in kind.suffixes)


def is_preferred() -> bool:
    """Return whether napari opens every one of them with this program's reader."""
    chosen = get_settings().plugins.extension2reader
    return all(chosen.get(pattern) == READER for pattern in patterns())


def prefer(preferred: bool = True) -> None:
    """Have napari open them with this program's reader, dropped or by its menus; or no longer."""
    others = {
        pattern: reader
        for pattern, reader in get_settings().plugins.extension2reader.items()
        if reader != READER or pattern not in patterns()
    }
    ours = dict.fromkeys(patterns(), READER) if preferred else {}
    # Set as a whole: what is put into the mapping itself is not written to the settings' file.
    get_settings().plugins.extension2reader = others | ours
