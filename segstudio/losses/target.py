"""What a loss is given to compare a prediction with."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Target:
    """The truth of a batch.

    Attributes
    ----------
    labels : Tensor, shape (N, ...), int64
        Class indices; 0, so that they can be looked up, where they are ignored.
    onehot : Tensor, shape (N, K, ...), float32
        1 where a voxel is of the class; 0 for every class where it is ignored.
    sdm : Tensor or None, shape (N, K, ...), float32
        Signed distance maps, negative inside, 0 where they are ignored. None where the loss needs
        no maps.
    spacing : sequence of sequence of float, or None
        Of each image of the batch along its axes, in mm.
    frequencies : Tensor or None, shape (K,), float32
        The share of each class among the voxels of the training set.
    options : MapOptions
        How the maps were measured and shaped.
    ignored : Tensor or None, shape (N, ...), bool
        Voxels that count for nothing; None where all count. There the log-probabilities that a
        loss is given say that no class is there, p = 0: a sum over voxels leaves them out by
        itself, and a mean is taken by `segstudio.losses.reduction.voxel_mean`.
    """

    labels: "Tensor"
    onehot: "Tensor"
    sdm: "Tensor | None" = None
    spacing: Sequence[Sequence[float]] | None = None
    frequencies: "Tensor | None" = None
    options: MapOptions = field(default_factory=MapOptions)
    ignored: "Tensor | None" = None

    @property
    def maps(self) -> "Tensor":
        """The signed distance maps; a loss that needs them asks here."""
        if self.sdm is None:
            raise ValueError("this loss needs signed distance maps, and the target has none")
        return self.sdm

    @property
    def image_spacing(self) -> Sequence[Sequence[float]]:
        """The spacing of the images; a loss that measures the prediction too asks here."""
        if self.spacing is None:
            raise ValueError("this loss needs the images' spacing, and the target has none")
        return self.spacing

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
            ignored=None if self.ignored is None else self.ignored.to(device),
        )
