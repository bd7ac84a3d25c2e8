"""The planes across the one in view, by the plugin that napari's users have for that."""

from typing import TYPE_CHECKING

from npe2 import PluginManager

from segstudio.core.errors import InputError

if TYPE_CHECKING:
    from napari import Viewer

PLUGIN = "napari-orthogonal-views"


def toggle_orthogonal_views(viewer: "Viewer") -> None:
    """Show or hide the orthogonal views of a viewer.

    Raises
    ------
    InputError
        The plugin is not installed.
    """
    manager = PluginManager.instance()
    if PLUGIN not in manager:
        raise InputError(
            f"The orthogonal views are a plugin of napari's, '{PLUGIN}', which is not installed. "
            "Install it by Plugins ▸ Install/Uninstall Plugins, or by: pip install "
            "'segstudio[views]'."
        )
    manager.commands.get(f"{PLUGIN}.toggle")(viewer)
