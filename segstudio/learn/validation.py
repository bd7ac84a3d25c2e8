"""Whole cases predicted and scored: after every epoch, and at the end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED, ClassTable
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.core.metrics import dice, mean_of, surface_distances_on, without_ignored
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import Case, load_case
from segstudio.learn.batches import Shown, make_target
from segstudio.learn.device import Compute
from segstudio.learn.events import CaseValidated
from segstudio.learn.predict import Predictor
from segstudio.losses.criterion import Criterion
from segstudio.losses.reduction import on_this_rank_alone
from segstudio.losses.target import Target

Truth = tuple[Volume, NDArray[np.int32]]


class TruthCache:
    """Labelled cases as they are in their files, kept in memory up to a budget.

    Parameters
    ----------
    cases : sequence of Case
        Labelled.
    budget : int
        Bytes; what does not fit is read again each time.
    """

    def __init__(self, cases: Sequence[Case], budget: int) -> None:
        self.cases = cases
        self._free = budget
        self._kept: dict[str, Truth] = {}

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index: int) -> Truth:
        case = self.cases[index]
        if case.name in self._kept:
            return self._kept[case.name]
        volume, labels = load_case(case)
        size = labels.nbytes + sum(channel.nbytes for channel in volume.channels)
        if size <= self._free:
            self._free -= size
            self._kept[case.name] = volume, labels
        return volume, labels


@dataclass(frozen=True)
class Validator:
    """Predicts and scores the cases of a side, each rank its share of them.

    Attributes
    ----------
    truths : TruthCache
        The cases.
    predictor : Predictor
        With the network that is trained.
    criterion : Criterion
        The loss.
    maps : MapOptions or None
        The maps it is given.
    frequencies : Tensor
        The classes' shares in training.
    compute : Compute
        The device, and the ranks.
    per_plane : bool
        Whether the loss sees planes, as that of a 2-D network does, or volumes.
    side : str
        Of the split, that the cases are on.
    """

    truths: TruthCache
    predictor: Predictor
    criterion: Criterion
    maps: MapOptions | None
    frequencies: torch.Tensor
    compute: Compute
    per_plane: bool
    side: str = "validation"

    @property
    def classes(self) -> ClassTable:
        """What is segmented."""
        return self.predictor.classes

    def run(self, epoch: int, *, with_hd95: bool, result: "Validation") -> Iterator[CaseValidated]:
        """Yield every case's scores, and write them into `result`."""
        ranks = self.compute.ranks
        for first in range(0, len(self.truths), ranks):
            mine = first + self.compute.rank
            row = np.full(result.width, np.nan)
            if mine < len(self.truths):
                row = self._row(mine, epoch, with_hd95, result)
            for i, found in enumerate(self.compute.of_all(row)[: len(self.truths) - first]):
                result.rows.append(found)
                yield result.event(epoch, self.side, self.truths.cases[first + i].name)

    def _row(
        self, index: int, epoch: int, with_hd95: bool, result: "Validation"
    ) -> NDArray[np.float64]:
        """Return a case's scores as `Validation` lays them out."""
        volume, labels = self.truths[index]
        image = self.predictor.preparation.image(volume)
        logits = self.predictor.grid_logits(image)
        values = self.predictor.values_of(logits, volume.grid)
        if index in result.kept_cases:
            result.kept.append(values)
        values = without_ignored(values, labels, self.classes)
        overlaps, distances = [], []
        for c in self.classes.foreground:
            found, true = values == c.value, labels == c.value
            overlaps += [dice(found, true), float(true.any()), float(found.any())]
            hd95 = surface_distances_on(volume.grid, found, true)[0] if with_hd95 else np.nan
            distances.append(hd95)
        parts = self._loss(logits, labels, volume.grid, epoch)
        return np.array([*overlaps, *distances, *(parts[name] for name in result.parts)])

    def _loss(
        self, logits: NDArray[np.float32], labels: NDArray[np.int32], grid: Grid, epoch: int
    ) -> dict[str, float]:
        """Return the parts of a whole case's loss."""
        indices = self.predictor.preparation.labels(
            self.classes.to_indices(labels, "the validation"), grid
        )
        spacing = self.predictor.preparation.spacing_of(grid)
        outputs = np.moveaxis(logits, 1, 0) if self.per_plane else logits[np.newaxis]
        known = (indices != IGNORED).any(axis=(1, 2))
        if self.per_plane and known.any():
            # Planes without anything that counts are not shown in training either.
            indices, outputs = indices[known], outputs[known]
        target = self._target(indices, spacing)
        device = self.compute.fabric.device
        with torch.no_grad(), on_this_rank_alone():
            given = torch.from_numpy(np.ascontiguousarray(outputs)).to(device)
            return self.criterion(given, target.to(device), epoch=epoch)[1]

    def _target(self, indices: NDArray[np.uint8], spacing: Sequence[float]) -> Target:
        classes = range(len(self.classes))
        sdm = None
        if self.maps is not None:
            sdm = loss_maps(indices, spacing, classes, self.maps, per_plane=self.per_plane)
        if not self.per_plane:
            shown = [Shown(np.empty(0, np.float32), indices, sdm, tuple(spacing))]
        else:
            planes = [None] * len(indices) if sdm is None else np.moveaxis(sdm, 1, 0)
            shown = [
                Shown(np.empty(0, np.float32), plane, phi, tuple(spacing[1:]))
                for plane, phi in zip(indices, planes, strict=True)
            ]
        return make_target(shown, len(classes), self.maps, self.frequencies)


@dataclass
class Validation:
    """The scores of an epoch's validation.

    Attributes
    ----------
    names : sequence of str
        The foreground classes.
    parts : sequence of str
        The parts of the loss.
    kept_cases : frozenset of int
        Which cases' predictions to keep, for the timeline.
    rows : list of ndarray
        For each case: Dice, is there, is predicted, for each class; HD95 of each class; the parts.
    kept : list of ndarray
        The predictions kept.
    """

    names: Sequence[str]
    parts: Sequence[str]
    kept_cases: frozenset[int] = frozenset()
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    kept: list[NDArray[np.int32]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The numbers of a row."""
        return 4 * len(self.names) + len(self.parts)

    def event(self, epoch: int, side: str, case: str) -> CaseValidated:
        """Return what there is to tell of the newest row."""
        row, n = self.rows[-1], len(self.names)
        scores = dict(zip(self.names, row[: 3 * n : 3].tolist(), strict=True))
        distances = dict(zip(self.names, row[3 * n : 4 * n].tolist(), strict=True))
        hd95 = None if np.isnan(list(distances.values())).all() else distances
        loss = float(row[4 * n :].sum())
        return CaseValidated(epoch, side, case, scores, loss, hd95)

    def dice(self) -> dict[str, float]:
        """Return the mean over cases of each class's Dice."""
        table = np.stack(self.rows)
        return {name: mean_of(table[:, 3 * k].tolist()) for k, name in enumerate(self.names)}

    def hd95(self) -> dict[str, float] | None:
        """Return the mean over cases of each class's HD95; None where it was not measured."""
        n, table = len(self.names), np.stack(self.rows)
        means = {name: mean_of(table[:, 3 * n + k].tolist()) for k, name in enumerate(self.names)}
        return None if all(np.isnan(v) for v in means.values()) else means

    def loss_parts(self) -> Mapping[str, float]:
        """Return the mean over cases of each part of the loss."""
        means = np.stack(self.rows)[:, 4 * len(self.names) :].mean(axis=0)
        return dict(zip(self.parts, means.tolist(), strict=True))

    def is_nowhere(self) -> dict[str, bool]:
        """Return for each class whether it is in some case, and predicted in none."""
        table = np.stack(self.rows)
        there, found = (table[:, i : 3 * len(self.names) : 3].any(axis=0) for i in (1, 2))
        missing: list[bool] = np.logical_and(there, ~found).tolist()
        return dict(zip(self.names, missing, strict=True))
