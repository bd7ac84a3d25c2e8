"""The settings of a training, and their file."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from segstudio.core.errors import InputError, near_names
from segstudio.core.loss_maps import MapOptions
from segstudio.data.cases import Drawing
from segstudio.data.splits import SplitKind
from segstudio.learn.augment import Augmentation
from segstudio.learn.preparation import Normalisation, Preparation
from segstudio.losses.expression import LossExpression, parse_loss

DEFAULT_LOSS = "modified-boundary"
LEAST_SIDE = 16  # voxels of a plane; along the third axis a patch may be one plane thick


class TrainConfig(BaseModel):
    """The settings of a training; frozen, checked, readable without torch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: str = Field(
        DEFAULT_LOSS,
        description="A loss, or a sum of several, 'dice + 0.01*boundary'; see 'segstudio losses'.",
    )
    maps: MapOptions | None = Field(
        None, description="How the distance maps are measured; left out, the loss's own way."
    )

    dimensions: Literal[2, 3] = Field(2, description="Whether the U-Net sees planes or volumes.")
    base_channels: int = Field(16, ge=2, le=256, description="Channels of the U-Net's first level.")
    levels: int = Field(5, ge=2, le=7, description="Levels of the U-Net.")
    strides: tuple[tuple[int, ...], ...] | None = Field(
        None,
        description="By how much each level below the first halves the axes; left out, by size "
        "and spacing.",
    )
    norm: Literal["auto", "batch", "instance", "group"] = Field(
        "auto", description="Normalisation layers; auto is batch in 2-D and instance in 3-D."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of channels dropped in training.")
    deep_supervision: bool = Field(
        False, description="Whether the coarser levels of the U-Net are trained on the loss too."
    )

    split: SplitKind = Field(
        "three-way",
        description="Training, validation and test; 'two-way' leaves out the test, and with "
        "'none' every case outside of a dataset's own test side is trained on and scored.",
    )
    stratify: bool = Field(
        True, description="Whether every side of the split gets its share of each class, if it can."
    )
    folds: int | None = Field(
        None,
        ge=2,
        description="Parts of a cross-validation: a part of the patients is the test side, or with "
        "'two-way' the validation side; with 'none' all others are trained on.",
    )
    fold: int = Field(0, ge=0, description="Which of the folds, from 0.")
    landmarks: Drawing | None = Field(
        None, description="How landmarks become labels: one class, each its own, or alternating."
    )
    skip_unlabelled: bool = Field(False, description="Leave out images that have no labels.")
    ignore_label: int | None = Field(
        None,
        ge=1,
        description="Label value of voxels that no loss and no score shall see; left out, what an "
        "nnU-Net dataset names 'ignore'.",
    )
    spacing: tuple[float, float, float] | None = Field(
        None, description="Spacing (Z, Y, X) in mm to resample to; left out, images stay as are."
    )
    rescale: tuple[float, float, float] | None = Field(
        None,
        description="Factors (Z, Y, X) for images whose header holds no true voxel size: 1, 0.5, "
        "0.5 halves rows and columns; left out, they stay as are.",
    )
    normalisation: Normalisation = Field(
        "z-score", description="Of intensities: z-score, percentile or ct-window."
    )
    window: tuple[float, float] = Field(
        (-160.0, 240.0), description="Lowest and highest value that 'ct-window' tells apart."
    )
    patch_size: tuple[int, ...] | None = Field(
        None,
        description="Rows and columns that planes are cut or padded to, or planes, rows and "
        "columns of a 3-D patch; left out, the median of the training set, in 3-D at most a "
        "million voxels.",
    )
    foreground_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of samples made to hold some foreground class, rare ones as often as "
        "common; left out, 0 in 2-D and a third in 3-D.",
    )
    samples_per_epoch: int | None = Field(
        None, ge=1, description="Left out, every plane once, or patches that fill the cases once."
    )
    augmentation: Augmentation | None = Field(
        None, description="How samples are changed at random; left out, not at all."
    )
    cache_gb: float | None = Field(
        None, ge=0, description="Memory for cases, beyond it files; left out, half of what is free."
    )
    prefetch: int = Field(1, ge=0, le=16, description="Threads that make batches ahead.")

    epochs: int = Field(12, ge=1, description="Passes over the training set.")
    batch_size: int = Field(8, ge=1, le=512, description="Planes or patches a step, of each rank.")
    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="SGD has momentum 0.99.")
    learning_rate: float | None = Field(
        None, gt=0, description="Step size of the optimiser; left out, the loss's own."
    )
    weight_decay: float = Field(0.0, ge=0, description="Pull of the weights towards 0.")
    schedule: Literal["constant", "poly", "cosine"] = Field(
        "constant", description="How the learning rate falls from the first epoch to the last."
    )
    warm_up_epochs: float = Field(
        0.0, ge=0, description="Epochs in which the learning rate rises to its value."
    )
    clip_gradients: float = Field(1.0, gt=0, description="Largest norm a gradient may have.")
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Decay of the moving average of weights that is validated and kept; 0: none.",
    )
    early_stop: int = Field(
        0, ge=0, description="End after so many epochs without a better validation; 0: never."
    )
    max_seconds: float | None = Field(
        None, gt=0, description="End after the first epoch that passes this time."
    )

    hd95_every: int = Field(5, ge=0, description="Epochs between measures of HD95; 0: never.")
    watch_test: bool = Field(
        False,
        description="Whether the test side is scored after every epoch too, for protocols that "
        "choose the epoch by it; what that gives is told apart from the scores of the best epoch.",
    )
    timeline_cases: int | tuple[str, ...] = Field(
        2,
        description="Validation cases whose prediction is kept at every epoch: how many, or names.",
    )
    collapse_epochs: int = Field(
        3, ge=1, description="Epochs a class may be predicted nowhere before it is said aloud."
    )
    checkpoint_minutes: float = Field(
        5.0, gt=0, description="Longest time between two checkpoints, within an epoch too."
    )
    seed: int = Field(
        0, ge=0, description="Of the split, the weights, the order and the augmentation."
    )
    split_seed: int | None = Field(
        None,
        ge=0,
        description="Of the split, where runs of several seeds share one; left out, seed.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    threads: int | None = Field(
        None,
        ge=1,
        description="Threads that compute on a CPU; left out, one a core. Another number rounds "
        "otherwise.",
    )
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "auto", description="Number type; bf16 where the hardware has it."
    )

    @model_validator(mode="before")
    @classmethod
    def _reads_its_former_names(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and "plane_size" in settings:
            settings = {**settings, "patch_size": settings["plane_size"]}
            del settings["plane_size"]
        return settings

    @field_validator("loss")
    @classmethod
    def _is_known(cls, name: str) -> str:
        parse_loss(name)
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.maps is not None and self.expression.maps is None:
            raise InputError(f"The loss '{self.loss}' is given no maps: leave [maps] out.")
        if self.folds is not None and self.fold >= self.folds:
            raise InputError(f"There is no fold {self.fold} of {self.folds}: they count from 0.")
        self._check_axes()
        _ = self.preparation
        return self

    def _check_axes(self) -> None:
        axes = "rows and columns" if self.dimensions == 2 else "planes, rows and columns"
        size = self.patch_size
        if size is not None and len(size) != self.dimensions:
            raise InputError(f"A patch_size of {size} is not {axes}, as {self.dimensions}-D needs.")
        if size is not None and (min(size[-2:]) < LEAST_SIDE or min(size) < 1):
            raise InputError(f"A patch_size of {size} is too small; {LEAST_SIDE} is the least.")
        for stride in self.strides or ():
            if len(stride) != self.dimensions or not set(stride) <= {1, 2} or max(stride) == 1:
                raise InputError(f"The stride {stride} is not one of 1 and 2 for {axes}.")

    @property
    def step_size(self) -> float:
        """The learning rate: as set, or the loss's own."""
        return self.learning_rate or self.expression.learning_rate

    @property
    def expression(self) -> LossExpression:
        """The loss, read."""
        return parse_loss(self.loss)

    @property
    def loss_maps(self) -> MapOptions | None:
        """The maps the loss is given: as set, or the loss's own; None where it needs none."""
        own = self.expression.maps
        return (self.maps or own) if own else None

    @property
    def preparation(self) -> Preparation:
        """How images are resampled and normalised."""
        return Preparation(self.spacing, self.normalisation, self.window, self.rescale)

    @property
    def share_of_foreground(self) -> float:
        """The share of samples made to hold foreground: as set, or what the dimensions bring."""
        own = 0.0 if self.dimensions == 2 else 1 / 3
        return own if self.foreground_share is None else self.foreground_share

    @property
    def norm_layers(self) -> Literal["batch", "instance", "group"]:
        """The kind of normalisation layers: as set, or what the dimensions bring."""
        if self.norm == "auto":
            return "batch" if self.dimensions == 2 else "instance"
        return self.norm


def make_config(**settings: Any) -> TrainConfig:
    """Return a checked config.

    Raises
    ------
    InputError
        A setting is unknown or out of range; one sentence names it.
    """
    try:
        return TrainConfig(**settings)
    except ValidationError as error:
        raise InputError(sentence_of(error, TrainConfig.model_fields)) from error


def sentence_of(error: ValidationError, known: Collection[str]) -> str:
    """Return what is wrong with settings, in a sentence; `known` are the names there are."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return str(cause)
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no setting '{name}'. {near_names(name, known)}"
    message = first["msg"].lower()
    if first["type"] == "tuple_type" and name in ("spacing", "rescale"):
        message = "three numbers with commas between them are wanted, as in 1,0.5,0.5"
    return f"The setting {name} = {first['input']!r} will not do: {message}."


def read_settings(path: str | Path) -> dict[str, Any]:
    """Return the settings in a TOML file, unchecked.

    Raises
    ------
    InputError
        The file is missing or is not TOML.
    """
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"The settings file '{path}' does not exist. Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is not a TOML file: {error}.") from error


def to_toml(settings: dict[str, Any]) -> str:
    """Return settings as TOML; what is None is left out, as TOML has no such value."""
    return tomli_w.dumps({k: v for k, v in settings.items() if v is not None})
