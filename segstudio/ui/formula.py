"""A loss's formula as a picture."""

from io import BytesIO

from qtpy.QtGui import QPixmap


def formula_pixmap(latex: str, color: str, pixel_ratio: float, size: float = 14.0) -> QPixmap:
    """Return a formula drawn in a colour on nothing.

    Parameters
    ----------
    latex : str
        In the subset that matplotlib draws.
    color : str
        Of the text.
    pixel_ratio : float
        Of the screen, so that it is sharp there.
    size : float
        In points.
    """
    # Deferred: matplotlib loads for half a second, which a window should not wait for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.1, 0.1), dpi=96 * pixel_ratio)
    figure.text(0, 0, f"${latex}$", color=color, fontsize=size, math_fontfamily="cm")
    buffer = BytesIO()
    figure.savefig(buffer, format="png", transparent=True, bbox_inches="tight", pad_inches=0.05)
    pixmap = QPixmap()
    pixmap.loadFromData(buffer.getvalue())
    pixmap.setDevicePixelRatio(pixel_ratio)
    return pixmap
