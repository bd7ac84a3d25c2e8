"""What there is to say of the distance map in view."""

from segstudio.session.map_view import MapView

SYMBOLS = {"both": "φ_G", "inside": "φ_t", "outside": "φ_bg"}
AXES = ("plane", "row", "column")


def symbol(view: MapView) -> str:
    """Return what the map is called in formulas."""
    return SYMBOLS[view.choice.half]


def number(value: float) -> str:
    """Return a value of a map, with a true minus sign."""
    return (
        f"{value:.1f}".replace("-", "−") if abs(value) >= 10 else f"{value:.2f}".replace("-", "−")
    )


def value_words(view: MapView) -> str:
    """Return the value under the mouse; empty where the mouse is on no map."""
    value = view.value_at_pointer()
    return "" if value is None else f"{symbol(view)} = {number(value)} {view.unit}"


def place_words(view: MapView) -> str:
    """Return where the mouse is, counted from 0 as the viewer does; empty where it is not."""
    if view.pointer is None or view.phi is None:
        return ""
    return ", ".join(f"{axis} {n}" for axis, n in zip(AXES, view.pointer, strict=True))


def state_words(view: MapView, name: str) -> str:
    """Return why there is no map, or what it is where the plane in view has no contour.

    Parameters
    ----------
    view : MapView
        The map.
    name : str
        Of the class.
    """
    plane = view.plane()
    if view.lack or plane is None:
        return view.lack
    mask, phi = plane
    if mask.any() and not mask.all():
        return "The rest of the volume is being measured." if view.is_measuring else ""
    here = f"This {AXES[view.axis]} is all {name}" if mask.any() else f"{name}: none here"
    if view.is_measuring and not view.choice.per_plane:
        return "The volume is being measured."
    if view.choice.per_plane or not view.mask.any() or view.mask.all():
        value = f"{number(float(phi.flat[0]))} {view.unit}"
        return f"{here}. Without a contour {symbol(view)} is {value} everywhere."
    return f"{here}. Distances run to the contour in other planes."
