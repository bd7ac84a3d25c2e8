"""Sessions to paint in."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.session import Session
from segstudio.session.saving import SaveRequest
from tests.session.labelling import reading


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of two images without labels."""
    for name in ("a", "b"):
        path = tmp_path / "images" / f"{name}.nii"
        path.parent.mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), path)
    return tmp_path / "images"


@pytest.fixture
def session(bare: Path) -> Session:
    """A session with labels to paint on."""
    made = reading(Session())
    made.open(bare)
    made.new_labels()
    return made


@pytest.fixture
def waiting(session: Session) -> list[SaveRequest]:
    """What was asked to be saved, and is still to be written."""
    asked: list[SaveRequest] = []
    session.save_asked.connect(asked.append)
    return asked
