"""The comparison in view as files, and what a loss sees in it; made beside the window."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.compare.case_scores import Found
from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import Score
from segstudio.session.comparison import NO_TRUTH, Comparison
from segstudio.session.comparison_view import LensPicture
from segstudio.session.open_case import OpenCase
from segstudio.ui.threads.progress_thread import Tell

NOTHING = "There is nothing to save yet: choose Grid, Overlays or Regions, and wait for the runs."

ONE_LINE = 100_000  # letters: the dialog breaks lines itself


def export_comparison(
    comparison: Comparison, path: Path, *, overwrite: bool = False
) -> Callable[[Tell], Path]:
    """Return what writes the plane in view, or the scores, where the suffix is ``.csv``.

    What is in view now is kept for it, whatever is looked at when it is called.

    Raises
    ------
    InputError
        There is nothing to write.
    """
    opened, names = comparison.case, comparison.names()
    found = {names[run]: one for run, one in comparison.found.items()}
    if opened is None or not found:
        raise InputError(NOTHING)
    scores = {name: one.scores for name, one in found.items()}
    if path.suffix.lower() == ".csv":
        if opened.truth is None:
            raise InputError(NO_TRUTH)
        return lambda _: _write_table(path, opened, scores, overwrite=overwrite)
    view, plane = comparison.view, comparison.plane
    regions = view.mode == "regions"
    return lambda tell: _write_figure(
        path, opened, found, plane, view.value, regions=regions, overwrite=overwrite, tell=tell
    )


def _write_table(
    path: Path, opened: OpenCase, scores: dict[str, tuple[Score, ...]], *, overwrite: bool
) -> Path:
    # Deferred, as below: matplotlib loads here, beside the window.
    from segstudio.compare.case_figure import score_rows, write_score_rows

    rows = score_rows(opened.case.name, scores, opened.volume.grid)
    write_score_rows(path, rows, overwrite=overwrite)
    return path


def _write_figure(
    path: Path,
    opened: OpenCase,
    found: dict[str, Found],
    plane: int,
    value: int | None,
    *,
    regions: bool,
    overwrite: bool,
    tell: Tell,
) -> Path:
    from segstudio.compare.case_figure import PlaneOfCase, draw_plane
    from segstudio.compare.figure import save_figure

    data, truth = opened.volume.data, opened.truth
    low, high = np.percentile(data[np.isfinite(data)], (0.5, 99.5))
    view = PlaneOfCase(
        opened.case.name,
        opened.volume,
        np.zeros(data.shape, np.uint8) if truth is None else truth,
        opened.classes,
        {name: (one.labels, one.classes) for name, one in found.items()},
        plane,
        truth is not None,
        (float(low), float(max(high, low + 1e-6))),
    )
    tell(0.2)
    figure = draw_plane(view, found if regions else None, value)
    tell(0.4)
    return save_figure(figure, path, overwrite=overwrite)


@dataclass(frozen=True, eq=False)
class LensWish:
    """What is to be looked at through a loss.

    Attributes
    ----------
    loss : str
        Which looks; see `parse_loss`.
    opened : OpenCase
        The case.
    truth : ndarray of int32, shape (Z, Y, X)
        Its label values.
    runs : dict of Path
        By the names that they are called.
    plane, value : int
        Which plane, and the label value of the class.
    """

    loss: str
    opened: OpenCase
    truth: NDArray[np.int32]
    runs: dict[str, Path]
    plane: int
    value: int

    @classmethod
    def of(cls, comparison: Comparison, loss: str) -> "LensWish":
        """Return the wish for the plane and class in view; the largest class, where it is all.

        Raises
        ------
        InputError
            Nothing can be looked at.
        """
        opened = comparison.case
        if opened is None or comparison.lack:
            raise InputError(comparison.lack)
        if opened.truth is None or not opened.classes.foreground:
            raise InputError(NO_TRUTH)
        plane, value = comparison.plane, comparison.view.value
        if value is None:
            value = _largest_class(opened.truth[plane], opened.classes)
        names = comparison.names()
        runs = {names[run]: run for run in comparison.shown_runs}
        return cls(loss, opened, opened.truth, runs, plane, value)


def _largest_class(labels: NDArray[np.integer], classes: ClassTable) -> int:
    """Return the label value of the class with most voxels in a plane."""
    sizes = {c.value: int(np.count_nonzero(labels == c.value)) for c in classes.foreground}
    return max(sizes, key=lambda value: sizes[value])


def drawn_lens(wish: LensWish, tell: Tell) -> LensPicture:
    """Return what a loss sees in each run's prediction of a plane, drawn and told.

    Runs that cannot be looked at are told of in the text.

    Raises
    ------
    InputError
        None can.
    """
    # Deferred: torch loads here, beside the window.
    from segstudio.compare.lens_figure import draw_lens, explain, view_plane
    from segstudio.learn.predict import load_predictor
    from segstudio.losses.expression import parse_loss

    parse_loss(wish.loss)
    views, told = [], []
    for number, (name, run) in enumerate(wish.runs.items()):
        tell(number / (len(wish.runs) + 1))
        try:
            predictor = load_predictor(run)
            view = view_plane(
                predictor,
                wish.opened.volume,
                wish.truth,
                plane=wish.plane,
                value=wish.value,
                title=name,
                losses=(wish.loss,),
            )
        except InputError as error:
            told.append(f"{name}: {error}")
            continue
        views.append(view)
        lens = view.lenses[wish.loss]["logits"]
        told.append(
            f"{name}: the loss is {lens.loss:.4g} in this plane.\n{explain(view, ONE_LINE)}"
        )
    if not views:
        raise InputError(" ".join(dict.fromkeys(told)))
    tell(len(wish.runs) / (len(wish.runs) + 1))
    buffer = BytesIO()
    draw_lens(views).savefig(buffer, dpi=110, facecolor="white", format="png")
    title = f"{wish.loss} on {wish.opened.case.name}, plane {wish.plane + 1}"
    return LensPicture(title, buffer.getvalue(), "\n\n".join(told))
