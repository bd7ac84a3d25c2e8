"""Data that many tests share."""

import os
from pathlib import Path

import pytest

from segstudio.data.phantoms import write_heart_dataset


@pytest.fixture(scope="session")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small folder of generated hearts in the ACDC layout; not to be changed."""
    folder = tmp_path_factory.mktemp("data") / "hearts"
    write_heart_dataset(folder, patients=4, shape=(4, 48, 48), seed=1)
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real data."""
    folder = os.environ.get("SEGSTUDIO_DATA")
    if not folder:
        pytest.skip("SEGSTUDIO_DATA names no folder of real data")
    return Path(folder)
