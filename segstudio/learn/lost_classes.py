"""The classes that the best network of a training has lost, said at the end."""

from collections.abc import Sequence

from segstudio.core.errors import shortened
from segstudio.core.metrics import COLLAPSED, TOGETHER, Score
from segstudio.learn.events import Guarded
from segstudio.losses.expression import LossExpression

FLOODED = 10  # times as many voxels predicted as there are: what is not the class is taken for it
MOST_NAMED = 4


def tell_lost(
    scores: Sequence[Score], side: str, epoch: int, expression: LossExpression
) -> list[Guarded]:
    """Return what there is to say of classes with a pooled Dice below `COLLAPSED`, if anything.

    Early in a training that is usual, so it is said at the end only. A class may also be laid over
    all the background, which a loss without background hardly minds: it is predicted everywhere
    then, and its own voxels drown there.

    Parameters
    ----------
    scores : sequence of Score
        Of the cases of a side.
    side : str
        Its name.
    epoch : int
        The best network's.
    expression : LossExpression
        The loss that was trained with.

    Returns
    -------
    list of Guarded
        A single one at most, of kind 'lost class'.
    """
    lost, floods = [], []
    for name in dict.fromkeys(s.class_name for s in scores if s.class_name != TOGETHER):
        own = [s for s in scores if s.class_name == name]
        predicted, true = sum(s.predicted for s in own), sum(s.true for s in own)
        if true and 2 * sum(s.overlap for s in own) < COLLAPSED * (predicted + true):
            lost.append(f"'{name}' ({predicted:,} voxels predicted, {true:,} there)")
            floods.append(predicted > FLOODED * true)
    if not lost:
        return []
    text = (
        f"Lost on the {side} side, with a Dice below {COLLAPSED} of all voxels: "
        f"{shortened(lost, MOST_NAMED)}. {_cures(floods, expression)}"
    )
    return [Guarded(epoch, 0, "lost class", text)]


def _cures(floods: Sequence[bool], expression: LossExpression) -> str:
    """Return what to try against classes of which some lie over the background."""
    said = []
    if any(floods):
        own = {part.name: part.options for part in expression.parts}
        others = []
        if "dice" in own and own["dice"].get("classes") != "all":
            others.append("'dice(classes=all)'")
        if "modified-boundary-log" not in own:
            others.append("'modified-boundary-log'")
        if "cross-entropy" not in own:
            others.append("a sum with 'cross-entropy'")
        wanted = "a loss that looks there too: " + ", or ".join(others) if others else "more epochs"
        said.append(f"What lies over the background wants {wanted}.")
    if not all(floods):
        said.append(
            "What is hardly predicted may come with more epochs. Among the settings, 'foreground "
            "share' 0.5 shows rare classes more often, and 'floor' 3 under 'maps' gives tiny "
            "pieces weight."
        )
    return " ".join(said)
