"""What a loss is given to compare a prediction with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Target:
    """The truth of a batch.

    Attributes
    ----------
    labels : Tensor, shape (N, ...), int64
        Class indices.
    onehot : Tensor, shape (N, K, ...), float32
        1 where a voxel is of the class.
    sdm : Tensor or None, shape (N, K, ...), float32
        Signed distance maps, negative inside, zero everywhere for a class without a contour.
        None where the loss needs no maps.
    """

    labels: "Tensor"
    onehot: "Tensor"
    sdm: "Tensor | None" = None

    @property
    def maps(self) -> "Tensor":
        """The signed distance maps; a loss that needs them asks here."""
        if self.sdm is None:
            raise ValueError("this loss needs signed distance maps, and the target has none")
        return self.sdm

    def to(self, device: "torch.device | str") -> "Target":
        """Return the target on a device."""
        sdm = None if self.sdm is None else self.sdm.to(device)
        return Target(self.labels.to(device), self.onehot.to(device), sdm)
