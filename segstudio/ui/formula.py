"""A loss's formula as a picture."""

from collections.abc import Sequence
from io import BytesIO

from qtpy.QtGui import QPixmap


def formula_pixmap(
    lines: Sequence[str], color: str, pixel_ratio: float, widest: int, size: float = 14.0
) -> QPixmap:
    """Return a formula drawn in a colour on nothing.

    Parameters
    ----------
    lines : sequence of str
        LaTeX, in the subset that matplotlib draws.
    color : str
        Of the text.
    pixel_ratio : float
        Of the screen, so that it is sharp there.
    widest : int
        Pixels it may be wide; a longer one is drawn smaller.
    size : float
        In points, where there is room.
    """
    pixmap = _drawn(lines, color, pixel_ratio, size)
    width = pixmap.width() / pixel_ratio
    if width <= widest:
        return pixmap
    return _drawn(lines, color, pixel_ratio, 0.97 * size * widest / width)  # hinting widens a bit


def _drawn(lines: Sequence[str], color: str, pixel_ratio: float, size: float) -> QPixmap:
    # Deferred: matplotlib loads for half a second, which a window should not wait for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.1, 0.1), dpi=96 * pixel_ratio)
    text = "\n".join(f"${line}$" for line in lines)
    figure.text(0, 0, text, color=color, fontsize=size, math_fontfamily="cm", linespacing=1.6)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", transparent=True, bbox_inches="tight", pad_inches=0.05)
    pixmap = QPixmap()
    pixmap.loadFromData(buffer.getvalue())
    pixmap.setDevicePixelRatio(pixel_ratio)
    return pixmap
