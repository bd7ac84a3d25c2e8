"""How much a network doubts its prediction of a case, and which cases to annotate next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume

if TYPE_CHECKING:
    from segstudio.learn.predict import Predictor

IN_PLANE = (1, 2)  # axes of (Z, Y, X) along which images are mirrored
USUAL = 0.9  # share of labelled cases that have a class which is missed where it is not predicted


@dataclass(frozen=True)
class Doubt:
    """What speaks for annotating a case next.

    Attributes
    ----------
    case : str
        Its name.
    entropy : float
        Mean of the normalised entropy of the probabilities along the predicted contours, in
        [0, 1]; 1 where nothing but background was predicted.
    disagreement : float
        One minus the mean Dice, over classes and mirror images, between the prediction and that
        of the mirrored image, in [0, 1]; 1 where nothing but background was predicted.
    missing : tuple of str
        Classes that nearly all labelled cases have, and that were predicted nowhere.
    has_outlines : bool
        Whether anything is told from anything else in a plane.
    """

    case: str
    entropy: float
    disagreement: float
    missing: tuple[str, ...]
    has_outlines: bool = True

    @property
    def reason(self) -> str:
        """Why it is worth annotating, in words."""
        words = []
        if self.missing:
            words.append(f"no {' and no '.join(self.missing)} was found")
        if self.has_outlines:
            words.append(f"the outlines are {_degree(self.entropy, 0.25, 0.5)} sure")
            words.append(f"mirrored, {self.disagreement:.0%} of them come out otherwise")
        else:
            words.append("the network draws no outline at all")
        text = "; ".join(words)
        return text[0].upper() + text[1:] + "."


def _degree(value: float, little: float, much: float) -> str:
    return "rather" if value < little else "less" if value < much else "hardly"


def doubt_of(predictor: "Predictor", volume: Volume, case: str, expected: Collection[int]) -> Doubt:
    """Return how much a network doubts what it says of a volume.

    Parameters
    ----------
    predictor : Predictor
        The network.
    volume : Volume
        The image.
    case : str
        Its name.
    expected : collection of int
        Label values that the case should have, see `usual_values`.
    """
    prediction = predictor(volume)
    entropy, labels = prediction.entropy, prediction.labels
    del prediction  # of many classes it is the largest thing in memory
    mirrored = [
        np.flip(predictor.labels(_mirrored(volume, axis)), axis)
        for axis in IN_PLANE
        if volume.data.shape[axis] > 1
    ]
    classes = predictor.classes
    present = set(np.unique(labels).tolist())
    missing = tuple(c.name for c in classes.foreground if c.value in set(expected) - present)
    found = contour_entropy(entropy, labels), disagreement(labels, mirrored, classes)
    has_outlines = bool((labels.max(axis=IN_PLANE) > labels.min(axis=IN_PLANE)).any())
    return Doubt(case, *found, missing, has_outlines)


def _mirrored(volume: Volume, axis: int) -> Volume:
    others = tuple(np.flip(channel, axis) for channel in volume.other_channels)
    return replace(volume, data=np.flip(volume.data, axis), other_channels=others)


def contour_entropy(entropy: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Return the mean entropy along the contours of each plane; 1 where there are none.

    Parameters
    ----------
    entropy : ndarray of float, shape (Z, Y, X)
        In [0, 1].
    labels : ndarray of int, shape (Z, Y, X)
        What was predicted.
    """
    # Deferred: the window shows before it is loaded.
    from skimage.segmentation import find_boundaries

    band = np.stack([find_boundaries(plane, mode="thick") for plane in labels])
    return float(entropy[band].mean()) if band.any() else 1.0


def disagreement(
    labels: NDArray[np.integer],
    others: Sequence[NDArray[np.integer]],
    classes: ClassTable,
) -> float:
    """Return one minus the mean Dice between labels and others, over classes that occur.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        What was predicted.
    others : sequence of ndarray of int, shape (Z, Y, X)
        What else was predicted of the same image.
    classes : ClassTable
        The classes of both.
    """
    lacks = []
    for other in others:
        for each in classes.foreground:
            one, two = labels == each.value, other == each.value
            total = np.count_nonzero(one) + np.count_nonzero(two)
            if total:
                lacks.append(1 - 2 * np.count_nonzero(one & two) / total)
    return float(np.mean(lacks)) if lacks else float(bool(others))


def usual_values(present: Mapping[str, Collection[int]]) -> frozenset[int]:
    """Return the foreground values that nearly all labelled cases have.

    Parameters
    ----------
    present : mapping of str to collection of int
        The label values in each labelled case.
    """
    counts: dict[int, int] = {}
    for values in present.values():
        for value in set(values) - {0}:
            counts[value] = counts.get(value, 0) + 1
    return frozenset(v for v, count in counts.items() if count >= USUAL * len(present))


def ranked(doubts: Sequence[Doubt], patients: Mapping[str, str]) -> list[Doubt]:
    """Return what to annotate next, the most doubtful first, every patient once before any twice.

    Cases with more missing classes come first; then those with the higher sum of their places by
    entropy and by disagreement, which have no common scale.

    Parameters
    ----------
    doubts : sequence of Doubt
        Of the cases without labels.
    patients : mapping of str to str
        The patient of each case.
    """
    places = {
        doubt.case: _place(doubt.entropy, [d.entropy for d in doubts])
        + _place(doubt.disagreement, [d.disagreement for d in doubts])
        for doubt in doubts
    }
    ordered = sorted(doubts, key=lambda d: (-len(d.missing), -places[d.case], d.case))
    turns: dict[str, int] = {}
    turn_of = {}
    for doubt in ordered:
        patient = patients[doubt.case]
        turn_of[doubt.case] = turns[patient] = turns.get(patient, -1) + 1
    return sorted(ordered, key=lambda d: turn_of[d.case])


def _place(value: float, values: Sequence[float]) -> int:
    return sum(other < value for other in values)
