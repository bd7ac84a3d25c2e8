"""A loss's formula as a picture."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from qtpy.QtGui import QImage, QPixmap


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
    from matplotlib.image import imread

    figure = Figure(figsize=(0.1, 0.1), dpi=96 * pixel_ratio)
    text = "\n".join(f"${line}$" for line in lines)
    figure.text(0, 0, text, color=color, fontsize=size, math_fontfamily="cm", linespacing=2.6)
    buffer = BytesIO()
    # matplotlib takes tall fractions for lower than they are: wide margins, cut off afterwards.
    figure.savefig(buffer, format="png", transparent=True, bbox_inches="tight", pad_inches=0.6)
    buffer.seek(0)
    drawn = np.asarray(255 * imread(buffer), np.uint8)
    rows, columns = (np.flatnonzero(drawn[..., 3].any(axis=axis)) for axis in (1, 0))
    cut = np.ascontiguousarray(drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    height, width = cut.shape[:2]
    image = QImage(cut.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    pixmap = QPixmap.fromImage(image.copy())
    pixmap.setDevicePixelRatio(pixel_ratio)
    return pixmap
