"""What is on a film besides the body: letters, metal, and the shutters of the tube."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segstudio.data.phantoms.canvas import Array
from segstudio.data.phantoms.film import Film, soft_step

_WORDS = ("R", "L", "RIGHT", "LEFT", "AP", "NEUTRAL", "PA ERECT")


def paint_instruments(film: Film, rng: np.random.Generator, corners: NDArray[np.float64]) -> None:
    """Add, to one patient in fifteen, two rods and the screws that hold them."""
    if rng.uniform() > 1 / 15:
        return
    first, last = int(rng.integers(2, 6)), int(rng.integers(10, 16))
    for side in (0.3, 0.7):
        # Where the pedicles are: above the middle, a third of the width from each side.
        top, bottom = (
            c[:, 0] + side * (c[:, 1] - c[:, 0]) for c in (corners[:, :2], corners[:, 2:])
        )
        screws = 0.7 * top + 0.3 * bottom
        line = np.interp(film.y[:, 0], screws[:, 1], screws[:, 0])[:, None]
        ends = screws[first, 1], screws[last, 1]
        along = soft_step(film.y - ends[0], 0.004) * soft_step(ends[1] - film.y, 0.004)
        film.density += 1.2 * soft_step(0.0035 - np.abs(film.x - line), 0.003) * along
        for x, y in screws[first : last + 1]:
            off = np.maximum(np.abs(film.x - x) / 0.011, np.abs(film.y - y) / 0.0045)
            film.density += 0.8 * soft_step(1 - off, 0.4)


def paint_marker(film: Film, rng: np.random.Generator) -> None:
    """Add, to some, a ball or a button of metal beside the spine."""
    if rng.uniform() > 0.2:
        return
    x = rng.uniform(0.35, 0.9) * film.half_width * rng.choice((-1, 1))
    y, size = rng.uniform(0.1, 0.9), rng.uniform(0.004, 0.009)
    film.density += rng.uniform(0.2, 0.8) * soft_step(
        1 - np.hypot(film.x - x, film.y - y) / size, 0.4
    )


def print_letters(image: Array, rng: np.random.Generator) -> Array:
    """Return the image, 0 to 255, with a letter or a word in a corner of every fourth one."""
    if rng.uniform() > 0.25:
        return image
    rows, columns = image.shape
    word, size = str(rng.choice(_WORDS)), max(6, round(rows * rng.uniform(0.012, 0.03)))
    mask = Image.new("L", (columns, rows))
    corner = rng.uniform(0.0, 0.04) * columns, rng.uniform(0.0, 0.08) * rows
    if rng.uniform() < 0.3:
        corner = 0.7 * columns, corner[1]
    draw = ImageDraw.Draw(mask)
    draw.text(corner, word, fill=255, font=ImageFont.load_default(size))
    share = np.asarray(mask, np.float32) / 255
    return image + share * (rng.uniform(200, 255) - image)


def shutters(film: Film, rng: np.random.Generator) -> Array | float:
    """Return what the tube's shutters let through: dark sides on some films, else 1."""
    if rng.uniform() > 0.2:
        return 1.0
    edge = film.half_width * rng.uniform(0.85, 1.0)
    shift = rng.normal(0, 0.01)
    return soft_step(edge - np.abs(film.x - shift), rng.uniform(0.02, 0.08))
