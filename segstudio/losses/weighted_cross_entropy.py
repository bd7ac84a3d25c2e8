"""Cross-entropy in which a rare class weighs as much as a common one."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import across_ranks

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="weighted-cross-entropy",
    title="Weighted cross-entropy",
    family="cross-entropy",
    formula=(
        r"-\frac{\sum_q w_{y(q)} \log\, p_{y(q)}(q)}{\sum_q w_{y(q)}},"
        r"\quad w_k = \frac{1}{f_k}"
    ),
    bounds="0 to ∞; log K for a network that knows nothing of K classes",
    limits=(0, inf),
    absent="only what its false positives take from the true class",
    reading="Lower is better; 0 is perfect.",
    reference="inverse class frequency; after Long et al. and Ronneberger et al. 2015",
    note="The frequencies are counted on the training set. Rare classes come out too large.",
    needs_frequencies=True,
)


def loss(log_probs: "Tensor", target: "Target") -> "Tensor":
    """Return the mean of minus the true class's log-probability, weighted by its rarity.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its labels and the classes' frequencies.

    Returns
    -------
    Tensor, scalar
    """
    frequencies = target.class_frequencies.to(log_probs.dtype)
    # A class that no training image holds has no weight; an infinite one would be NaN.
    rarity = frequencies.reciprocal().where(frequencies > 0, 0.0)
    weight = rarity[target.labels]
    if target.ignored is not None:
        weight = weight.masked_fill(target.ignored, 0.0)
    surprise = -log_probs.gather(1, target.labels.unsqueeze(1)).squeeze(1)
    total = across_ranks(weight.sum())
    return across_ranks((weight * surprise).sum()) / total.where(total > 0, 1.0)
