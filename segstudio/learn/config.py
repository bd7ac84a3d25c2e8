"""The settings of a training, and their file."""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from segstudio.core.errors import InputError, near_names
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.expression import LossExpression, parse_loss

DEFAULT_LOSS = "modified-boundary"


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
    epochs: int = Field(12, ge=1, description="Passes over all training slices.")
    batch_size: int = Field(8, ge=1, le=512, description="Slices a step.")
    learning_rate: float | None = Field(
        None, gt=0, description="Step size of Adam; left out, the loss's own."
    )
    clip_gradients: float = Field(1.0, gt=0, description="Largest norm a gradient may have.")
    base_channels: int = Field(16, ge=2, le=256, description="Channels of the U-Net's first level.")
    levels: int = Field(5, ge=2, le=7, description="Levels of the U-Net.")
    plane_size: tuple[int, int] | None = Field(
        None,
        description="Rows and columns that slices are cropped or padded to; left out, the "
        "median of the training set.",
    )
    seed: int = Field(0, ge=0, description="Of the split, the weights and the order of slices.")
    max_seconds: float | None = Field(
        None, gt=0, description="End after the first epoch that passes this time."
    )
    skip_unlabelled: bool = Field(False, description="Leave out images that have no labels.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "auto", description="Number type; bf16 where the hardware has it."
    )

    @field_validator("loss")
    @classmethod
    def _is_known(cls, name: str) -> str:
        parse_loss(name)
        return name

    @field_validator("plane_size")
    @classmethod
    def _is_large_enough(cls, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if size is not None and min(size) < 16:
            raise InputError(f"A plane_size of {size} is too small; 16 is the least.")
        return size

    @model_validator(mode="after")
    def _is_given_no_maps_in_vain(self) -> Self:
        if self.maps is not None and self.expression.maps is None:
            raise InputError(f"The loss '{self.loss}' is given no maps: leave [maps] out.")
        return self

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
        raise InputError(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return str(cause)
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no setting '{name}'. {near_names(name, TrainConfig.model_fields)}"
    return f"The setting {name} = {first['input']!r} will not do: {first['msg'].lower()}."


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
