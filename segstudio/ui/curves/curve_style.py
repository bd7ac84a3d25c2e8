"""How curves are told apart: colour, dashes and marks, and what they are called."""

from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QPen

from segstudio.learn.run_curves import MEAN, CurveKey, Figure, RunCurves
from segstudio.session.runs_in_view import RUN_COLORS

TITLES: dict[Figure, str] = {
    "loss": "Loss",
    "parts": "Loss parts",
    "dice": "Dice",
    "hd95": "HD95",
    "rate": "Learning rate",
    "gradient": "Gradient",
}
DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
STROKES = ("——", "– –", "· · ·", "— ·")  # the same, in a line of text
MARKS = ("o", "s", "t", "d", "+", "x")
GREY = "#8c8c8c"  # seen on light and on dark
SIDED: tuple[Figure, ...] = ("loss", "parts")


@dataclass(frozen=True)
class Style:
    """How a curve is drawn.

    Attributes
    ----------
    color : str
    dash : Qt.PenStyle
    mark : str
        Of pyqtgraph.
    is_thin : bool
        Whether it is the scatter of the steps, which stays in the back.
    """

    color: str
    dash: Qt.PenStyle = Qt.PenStyle.SolidLine
    mark: str = "o"
    is_thin: bool = False

    @property
    def strokes(self) -> str:
        """The line in a text."""
        return "~~~" if self.is_thin else STROKES[DASHES.index(self.dash)]

    def pen(self) -> QPen:
        """Return what draws it."""
        # Steps lie on each other, so that clear colours would add up to full ones.
        color = _muted(self.color) if self.is_thin else QColor(self.color)
        pen = QPen(color, 1 if self.is_thin else 2, self.dash)
        pen.setCosmetic(True)
        return pen


def _muted(color: str) -> QColor:
    """Return a colour most of the way to grey."""
    own, grey = QColor(color), QColor(GREY)
    pairs = ((own.red(), grey.red()), (own.green(), grey.green()), (own.blue(), grey.blue()))
    return QColor(*((a + 2 * b) // 3 for a, b in pairs))


def style_of(key: CurveKey, run: RunCurves, run_color: str, *, alone: bool) -> Style:
    """Return how a curve is drawn.

    Parameters
    ----------
    key : CurveKey
        Which curve.
    run : RunCurves
        Whose.
    run_color : str
        Its run's own colour.
    alone : bool
        Whether no other run is drawn. Colours then tell the run's curves apart; they tell the
        runs apart otherwise, and marks and dashes the curves.
    """
    place = _place(key, run)
    is_thin = key.each == "step"
    second_side = key.figure in SIDED and key.side == "validation"
    dash = DASHES[1] if second_side else DASHES[0]
    if alone:
        return Style(_own_color(key, run, place), dash, is_thin=is_thin)
    if key.figure not in SIDED:
        dash = DASHES[place % len(DASHES)]
    return Style(run_color, dash, MARKS[place % len(MARKS)], is_thin)


def _own_color(key: CurveKey, run: RunCurves, place: int) -> str:
    if key.figure == "loss":
        return RUN_COLORS[1 if key.side == "validation" else 0]
    if key.name == MEAN:
        return GREY if key.side == "validation" else RUN_COLORS[4]
    return run.class_colors.get(key.name, RUN_COLORS[place % len(RUN_COLORS)])


def _place(key: CurveKey, run: RunCurves) -> int:
    """Return the place of a curve's name among those of its figure."""
    names = list(dict.fromkeys((k.name, k.side == "test") for k in run.of(key.figure)))
    return names.index((key.name, key.side == "test"))


def label_of(key: CurveKey) -> str:
    """Return what a curve is called beside its value; short, for there is little room."""
    if key.figure == "dice":
        name = "mean Dice" if key.name == MEAN else key.name
        return f"{name}, test side" if key.side == "test" else name
    title = "" if key.figure == "parts" else TITLES[key.figure]
    sided = key.side if key.figure in SIDED else ""
    words = (title, key.name, "each step" if sided and key.each == "step" else sided)
    return ", ".join(filter(None, words))
