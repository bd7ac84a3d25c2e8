"""The settings of a training."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.learn.config import TrainConfig, make_config, read_settings, to_toml


def test_settings_survive_their_file(tmp_path: Path) -> None:
    config = make_config(loss="dice", epochs=7, plane_size=(64, 96), learning_rate=3e-4)
    (tmp_path / "c.toml").write_text(to_toml(config.model_dump()))

    assert make_config(**read_settings(tmp_path / "c.toml")) == config


def test_the_step_size_is_the_loss_s_own_unless_it_is_set() -> None:
    assert TrainConfig(loss="modified-boundary-pointwise").step_size == 2e-4
    assert TrainConfig(loss="dice").step_size == 1e-3
    assert TrainConfig(loss="dice", learning_rate=0.5).step_size == 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "dise"}, "Did you mean 'dice'"),
        ({"epoch": 3}, "Did you mean 'epochs'"),
        ({"epochs": 0}, "epochs = 0"),
        ({"loss": "dice", "maps": {"cap": 3.0}}, "'dice' is given no maps"),
        ({"loss": "boundary", "maps": {"capp": 3.0}}, "maps.capp = 3.0"),
        ({"epochs": "many"}, "epochs = 'many'"),
        ({"plane_size": (8, 8)}, "too small"),
        ({"device": "tpu"}, "device = 'tpu'"),
    ],
)
def test_a_setting_that_will_not_do_is_named(settings: dict, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        make_config(**settings)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("epochs == 3")

    with pytest.raises(InputError, match=r"c\.toml"):
        read_settings(tmp_path / "c.toml")
