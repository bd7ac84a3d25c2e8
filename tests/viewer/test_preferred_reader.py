"""napari's preferred reader, with its real settings in a file of their own."""

from pathlib import Path

import napari.settings
import pytest
from napari.plugins.utils import get_preferred_reader
from napari.settings import NapariSettings

from segstudio.viewer.preferred_reader import is_preferred, patterns, prefer


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NapariSettings:
    made = NapariSettings(config_path=tmp_path / "napari.yaml")
    monkeypatch.setattr(napari.settings, "_SETTINGS", made)
    return made


def test_one_choice_is_enough_and_is_written_to_the_settings_file(
    settings: NapariSettings, tmp_path: Path
) -> None:
    settings.plugins.extension2reader = {"*.tif": "napari", "*.nii": "napari"}
    before = is_preferred()
    prefer()
    read = NapariSettings(config_path=tmp_path / "napari.yaml")

    assert not before
    assert is_preferred()
    assert get_preferred_reader("a.nii.gz") == "segstudio"
    assert get_preferred_reader("a.tif") == "napari"
    assert {p for p, r in read.plugins.extension2reader.items() if r == "segstudio"} == set(
        patterns()
    )


def test_it_is_taken_back_and_others_stay(settings: NapariSettings) -> None:
    settings.plugins.extension2reader = {"*.tif": "napari"}
    prefer()
    prefer(False)

    assert not is_preferred()
    assert dict(settings.plugins.extension2reader) == {"*.tif": "napari"}
    assert get_preferred_reader("a.nii.gz") is None
