"""What the losses see in one plane of a case, as a picture with its explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import LabelClass
from segstudio.core.loss_maps import loss_maps
from segstudio.core.volume import Volume
from segstudio.learn.batches import Shown, make_target
from segstudio.learn.case_store import count_classes
from segstudio.learn.predict import Predictor
from segstudio.losses.expression import options_of, parse_loss
from segstudio.losses.lens import Lens, Wrt, loss_lens
from segstudio.losses.registry import card
from segstudio.losses.target import Target

BOUNDARY, MODIFIED = "boundary", "modified-boundary"
ONE_FOR_ALL = "modified-boundary(share=0,classes=foreground,reduction=one)"
USUAL = (BOUNDARY, MODIFIED, ONE_FOR_ALL)
WAYS: dict[Wrt, str] = {
    "value": "share in the value, s ∂L/∂s",
    "probs": "pull by probability, ∂L/∂s",
    "logits": "pull by logit, ∂L/∂z",
}
MARGIN = 28
KEY = "Blue: the loss wants more of the class there. Red: less."
ROW, LINE, WIDTH = 2.55, 0.21, 190  # inches of a row and of a line of text; letters in a line


@dataclass(frozen=True, eq=False)
class PlaneView:
    """One plane under the lens of some losses, for one class.

    Attributes
    ----------
    title : str
        Which network this is.
    picture : ndarray, shape (Y, X)
        The image.
    target : ndarray of bool, shape (Y, X)
        Where the class truly is.
    s : ndarray of float, shape (Y, X)
        Its predicted probability.
    of_class : LabelClass
        The class.
    index : int
        Its place in a lens's second axis.
    lenses : mapping
        For each loss and each way to look, the lens.
    """

    title: str
    picture: NDArray[np.generic]
    target: NDArray[np.bool_]
    s: NDArray[np.floating]
    of_class: LabelClass
    index: int
    lenses: Mapping[str, Mapping[Wrt, Lens]]

    def image(self, loss: str, wrt: Wrt) -> NDArray[np.float64]:
        """Return what a loss sees of the class, shape (Y, X)."""
        seen: NDArray[np.float64] = self.lenses[loss][wrt].image[0, self.index]
        return seen

    def sums(self, loss: str, wrt: Wrt) -> tuple[float, float]:
        """Return the sums over the class's voxels and over all others."""
        lens = self.lenses[loss][wrt]
        return float(lens.on_target[self.index]), float(lens.on_background[self.index])


def view_plane(
    predictor: Predictor,
    volume: Volume,
    truth: NDArray[np.integer],
    *,
    plane: int,
    value: int,
    title: str = "",
    losses: Sequence[str] = USUAL,
) -> PlaneView:
    """Return one plane of a case under the lens of some losses.

    Parameters
    ----------
    predictor : Predictor
        The network that is looked at.
    volume : Volume
        The image.
    truth : ndarray of int, shape (Z, Y, X)
        Its label values.
    plane : int
        Which plane.
    value : int
        The label value of the class.
    title : str
        What to call the network.
    losses : sequence of str
        What looks; see `parse_loss`.

    Raises
    ------
    InputError
        The class is not one of the network's, or has no contour in the plane; or the network sees
        volumes, or planes of another size.
    """
    if not predictor.sees_planes or predictor.preparation.shape(volume.grid) != volume.grid.shape:
        raise InputError(
            "The lens looks at planes of the image, but this network is shown volumes, or planes "
            "of another voxel size. Choose a run of a 2-D network that keeps the image's own grid."
        )
    classes = predictor.classes
    if value not in classes.values[1:]:
        raise InputError(f"The network knows no class with the label value {value}.")
    index = classes.values.index(value)
    labels = classes.to_indices(truth[plane], "The truth")
    if not 0 < np.count_nonzero(labels == index) < labels.size:
        raise InputError(
            f"Plane {plane + 1} holds no {classes.classes[index].name}. Choose another plane."
        )
    logits = torch.from_numpy(predictor.logits(volume, plane))[None]
    seen = {
        loss: {
            wrt: loss_lens(loss, logits, _target(labels, volume, len(classes), loss), wrt)
            for wrt in WAYS
        }
        for loss in losses
    }
    return PlaneView(
        title,
        volume.data[plane],
        labels == index,
        logits.softmax(1)[0, index].numpy(),
        classes.classes[index],
        index,
        seen,
    )


def _target(labels: NDArray[np.uint8], volume: Volume, n_classes: int, loss: str) -> Target:
    """Return the target of one plane; its own class shares stand for the training set's."""
    maps, spacing = parse_loss(loss).maps, volume.spacing[1:]
    sdm = None
    if maps:
        sdm = loss_maps(labels, spacing, range(n_classes), maps)
    counts = count_classes(labels[np.newaxis], n_classes)[0]
    frequencies = torch.from_numpy(counts / counts.sum()).float()
    shown = Shown(np.empty(0, np.float32), labels, sdm, spacing)
    return make_target([shown], n_classes, maps, frequencies)


def draw_lens(views: Sequence[PlaneView]) -> Figure:
    """Return a figure with a row for each view and loss, and what is to be read in it below.

    From left to right: the image with the class's contour, its predicted probability, and the
    loss's pull in the three ways of `loss_lens`. Blue pulls the class up, red pushes it down.
    """
    rows = [(view, loss) for view in views for loss in view.lenses]
    text = "\n\n".join(explain(view) for view in views)
    heights = (ROW * len(rows), LINE * (text.count("\n") + 2))
    figure = Figure(figsize=(13, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    top, below = parts
    grid = top.subplots(len(rows), 2 + len(WAYS), squeeze=False)
    titles = ("image, contour", "probability s", *WAYS.values())
    for line, (view, loss) in zip(grid, rows, strict=True):
        _draw_row(line, view, loss)
    for axis, title in zip(grid[0], titles, strict=True):
        axis.set_title(title, fontsize=10)
    top.suptitle(KEY, fontsize=10)
    below.text(0.015, 0.97, text, va="top", fontsize=9, linespacing=1.35)
    return figure


def _draw_row(line: Sequence[Axes], view: PlaneView, loss: str) -> None:
    box = _box(view.target)
    for axis in line:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    line[0].imshow(view.picture[box], cmap="gray")
    line[0].set_ylabel(f"{view.title}\n{card_title(loss)}", fontsize=9)
    line[1].imshow(view.s[box], cmap="viridis", vmin=0, vmax=1)
    line[1].set_xlabel(f"greatest s on the target {view.s[view.target].max():.2g}", fontsize=8)
    for axis, wrt in zip(line[2:], WAYS, strict=True):
        seen = view.image(loss, wrt)[box]
        reach = float(np.abs(seen).max()) or 1.0
        axis.imshow(seen, cmap="RdBu_r", vmin=-reach, vmax=reach)
        on_target, on_background = view.sums(loss, wrt)
        axis.set_xlabel(
            f"colours ±{reach:.1e}\ntarget {on_target:+.2e}, background {on_background:+.2e}",
            fontsize=8,
        )
    for axis, color in zip(line, ("#e69f00", "white", *["black"] * 3), strict=True):
        axis.contour(view.target[box], levels=[0.5], colors=color, linewidths=0.8)


def card_title(loss: str) -> str:
    """Return what to call a loss, or a sum of several, beside a picture."""
    if loss == ONE_FOR_ALL:
        return "The same, one ratio for all"
    parts = parse_loss(loss).parts
    return card(parts[0].name).title if len(parts) == 1 and not parts[0].options else loss


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - MARGIN), rows[-1] + MARGIN),
        slice(max(0, columns[0] - MARGIN), columns[-1] + MARGIN),
    )


def explain(view: PlaneView, width: int = WIDTH) -> str:
    """Return in words where the paper's argument holds in a view, told from its numbers.

    The paper says of the boundary loss that a target voxel predicted as background (case 1) adds
    nothing and is neglected, so that an empty prediction is a trap, and of its own loss that all
    parts push the same way. One paragraph a loss, its lines no longer than `width` letters.
    """
    found = view.s[view.target].mean()
    paragraphs = [
        f"{view.title.upper()}: the {view.of_class.name} has {view.target.sum()} voxels here, "
        f"{(view.s[view.target] < 0.5).sum()} of them missed; mean probability {found:.3f}."
    ]
    for loss in view.lenses:
        parts = parse_loss(loss).parts
        if len(parts) == 1 and parts[0].name == BOUNDARY:
            paragraphs.append(_explain_boundary(view, loss))
        elif len(parts) == 1 and parts[0].name == MODIFIED:
            reduction = parts[0].options.get("reduction", options_of(MODIFIED)["reduction"].default)
            paragraphs.append(_explain_modified(view, loss, reduction))
    return "\n".join(fill(paragraph, width) for paragraph in paragraphs)


def _explain_boundary(view: PlaneView, loss: str) -> str:
    pulls = view.image(loss, "probs")[view.target]
    share = view.image(loss, "value")[view.target].sum() / pulls.sum()
    by_value = (
        "so by value case 1 is neglected, as the paper says"
        if share < 0.1
        else "so here it is not a matter of missed voxels alone"
    )
    return (
        f"{card_title(loss)}. By value the target adds {share:.1%} of what a perfect mask would, "
        f"{by_value}. By probability each target voxel is pulled by its distance, whether missed "
        f"or found ({pulls.mean():+.1e} on average): nothing is neglected. What reaches the "
        "network carries s(1 − s) as well, which all but vanishes where s is near 0 or 1: "
        f"{_verdict(view, loss)}"
    )


def _explain_modified(view: PlaneView, loss: str, reduction: str) -> str:
    target, background = view.sums(loss, "probs")
    whose = {
        "sample": "of this class in this image",
        "class": "of this class in the batch",
        "one": "of all classes together",
    }[reduction]
    return (
        f"{card_title(loss)}. The background's push is multiplied by what is found already "
        f"{whose}, the target's pull is not (by probability {background:+.1e} against "
        f"{target:+.1e}). By logit: {_verdict(view, loss)}"
    )


def _verdict(view: PlaneView, loss: str) -> str:
    target, background = view.sums(loss, "logits")
    total = target + background
    return (
        f"{target:+.1e} from the target and {background:+.1e} from the background, so that in all "
        f"the class is {'pulled up' if total < 0 else 'pushed down'}."
    )
