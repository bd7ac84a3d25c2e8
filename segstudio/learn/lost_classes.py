"""What the best network of a training as good as never finds, said at the end."""

from collections.abc import Sequence

from segstudio.core.metrics import COLLAPSED, TOGETHER, Score, summarise
from segstudio.learn.events import Guarded

FLOODED = 10  # times as many voxels predicted as there are: what is not the class is taken for it
MOST_NAMED = 4


def tell_lost(scores: Sequence[Score], side: str, epoch: int) -> list[Guarded]:
    """Return what there is to say of classes with a pooled Dice below `COLLAPSED`, if anything.

    Early in a training that is usual, so it is said at the end only. A class may also be laid over
    all the background, which a loss without background hardly minds: it is predicted in every
    case then, and not found.

    Parameters
    ----------
    scores : sequence of Score
        Of the cases of a side.
    side : str
        Its name.
    epoch : int
        The best network's.

    Returns
    -------
    list of Guarded
        A single one at most, of kind 'not found'.
    """
    own = [s for s in scores if s.class_name != TOGETHER]
    lost, floods = [], False
    for name, row in summarise(own)["per_class"].items():
        if not row["cases"] or row["pooled_dice"] >= COLLAPSED:
            continue
        predicted, true = (
            sum(getattr(s, which) for s in own if s.class_name == name)
            for which in ("predicted", "true")
        )
        lost.append(f"'{name}' ({predicted:,} voxels predicted, {true:,} there)")
        floods |= predicted > FLOODED * true
    if not lost:
        return []
    more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    text = (
        f"Not found on the {side} side, with a Dice below {COLLAPSED} of all voxels: "
        f"{', '.join(lost[:MOST_NAMED])}{more}. {_cure(floods=floods)}"
    )
    return [Guarded(epoch, 0, "not found", text)]


def _cure(*, floods: bool) -> str:
    if floods:
        return (
            "What lies over the background wants a loss that looks at the background too: "
            "'dice(classes=all)', a sum with 'cross-entropy', or 'modified-boundary-log'."
        )
    return (
        "More epochs may find it. Among the settings, 'foreground share' 0.5 shows rare classes "
        "more often, and 'floor' 3 under 'maps' gives tiny pieces weight."
    )
