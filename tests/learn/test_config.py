"""The settings of a training."""

import re
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.learn.config import TrainConfig, make_config, read_settings, to_toml
from segstudio.learn.presets import about, preset_files, read_preset


def test_settings_survive_their_file(tmp_path: Path) -> None:
    config = make_config(loss="dice", epochs=7, patch_size=(64, 96), learning_rate=3e-4)
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
        ({"patch_size": (8, 8)}, "too small"),
        ({"device": "tpu"}, "device = 'tpu'"),
        ({"patch_size": (8, 64, 64)}, "is not rows and columns, as 2-D needs"),
        ({"dimensions": 3, "patch_size": (64, 64)}, "is not planes, rows and columns, as 3-D"),
        ({"strides": ((2, 3),)}, "The stride (2, 3) is not one of 1 and 2"),
        ({"normalisation": "zscore"}, "normalisation = 'zscore'"),
        ({"augmentation": {"scale": -1.0}}, "The scale of the augmentation"),
        ({"split": "half"}, "split = 'half'"),
        ({"spacing": (1.0, -1.0, 1.0)}, "not three numbers above 0"),
    ],
)
def test_a_setting_that_will_not_do_is_named(settings: dict, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        make_config(**settings)


def test_a_former_name_is_still_read() -> None:
    assert make_config(loss="dice", plane_size=(64, 96)).patch_size == (64, 96)


def test_what_the_dimensions_bring_gives_way_to_what_is_set() -> None:
    flat, deep = make_config(loss="dice"), make_config(loss="dice", dimensions=3)
    assert (flat.norm_layers, deep.norm_layers) == ("batch", "instance")
    assert flat.share_of_foreground == 0 < deep.share_of_foreground
    assert make_config(loss="dice", dimensions=3, norm="group").norm_layers == "group"
    assert make_config(loss="dice", foreground_share=0.5).share_of_foreground == 0.5


@pytest.mark.parametrize("name", preset_files())
def test_every_preset_is_a_config_and_says_what_it_is_for(name: str) -> None:
    config = make_config(**read_preset(name))
    assert config.epochs >= 50
    assert about(name).endswith(".")


def test_the_paper_s_preset_is_its_protocol() -> None:
    config = make_config(**read_preset("paper"))
    assert (config.loss, config.epochs, config.split) == ("modified-boundary", 50, "three-way")
    assert config.augmentation is None


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("epochs == 3")

    with pytest.raises(InputError, match=r"c\.toml"):
        read_settings(tmp_path / "c.toml")
