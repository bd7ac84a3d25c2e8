"""What a loss is given to compare a prediction with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        Signed distance maps, negative inside. None where the loss needs no maps.
    steps : sequence of sequence of float, or None
        For each image of the batch the spacing of its maps along the axes, in their unit.
    frequencies : Tensor or None, shape (K,), float32
        The share of each class among the voxels of the training set.
    """

    labels: "Tensor"
    onehot: "Tensor"
    sdm: "Tensor | None" = None
    steps: Sequence[Sequence[float]] | None = None
    frequencies: "Tensor | None" = None

    @property
    def maps(self) -> "Tensor":
        """The signed distance maps; a loss that needs them asks here."""
        if self.sdm is None:
            raise ValueError("this loss needs signed distance maps, and the target has none")
        return self.sdm

    @property
    def map_steps(self) -> Sequence[Sequence[float]]:
        """The spacing of the maps; for a loss that measures the prediction as well."""
        if self.steps is None:
            raise ValueError("this loss needs the spacing of the maps, and the target has none")
        return self.steps

    @property
    def class_frequencies(self) -> "Tensor":
        """The classes' shares; a loss that weighs by them asks here."""
        if self.frequencies is None:
            raise ValueError("this loss needs the classes' frequencies, and the target has none")
        return self.frequencies

    def to(self, device: "torch.device | str") -> "Target":
        """Return the target on a device."""
        return replace(
            self,
            labels=self.labels.to(device),
            onehot=self.onehot.to(device),
            sdm=None if self.sdm is None else self.sdm.to(device),
            frequencies=None if self.frequencies is None else self.frequencies.to(device),
        )
