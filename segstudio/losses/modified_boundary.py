"""The modified boundary loss, equation 3 of the paper, as a ratio of integrals."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary",
    title="Modified boundary loss",
    formula=(
        r"-\frac{\int \phi_t\, s}"
        r"{\int \phi_{bg}\, s + \int \phi_t\, (1 - s) + \epsilon}"
    ),
    bounds="0 down to −∞ (in practice to minus the sum of all distances inside over ε)",
    absent="0, false positives included: its map is 0 everywhere",
    reading=(
        "It is never above 0 and has no floor: −∞ is perfect, −1 means as much right as wrong. "
        "It falls faster the better it gets, so read it on a logarithmic scale."
    ),
    reference="Wu, Loss Function for Class Imbalanced Data, equation 3",
    needs_maps=True,
    # At 1e-3 the steep gradient near a good mask kills the rarest class.
    learning_rate=2e-4,
)


def loss(log_probs: "Tensor", target: "Target", *, epsilon: float = 1.0) -> "Tensor":
    """Return −TP / (FP + FN + ε), each a sum of distances over batch and foreground classes.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output; class 0, background, is left out.
    target : Target
        With signed distance maps.
    epsilon : float
        In units of the maps; keeps a perfect prediction finite.

    Returns
    -------
    Tensor, scalar
    """
    log_s, sdm = log_probs[:, 1:], target.maps[:, 1:]
    s = log_s.exp()
    inside = (-sdm).clamp(min=0)
    true_positive = (inside * s).sum()
    false_positive = (sdm.clamp(min=0) * s).sum()
    # 1 − s by subtraction loses what precision log s still has near s = 1.
    false_negative = (inside * -log_s.expm1()).sum()
    return -true_positive / (false_positive + false_negative + epsilon)
