"""What tests of painting and saving do again and again."""

from pathlib import Path

import nibabel as nib
import numpy as np

from segstudio.session import Session
from segstudio.session.messages import ReadingRequest
from segstudio.session.saving import Saved, SaveRequest


def reading(session: Session) -> Session:
    """Do at once what is asked for to be done beside the window."""

    def read(wish: ReadingRequest) -> None:
        dataset = wish.find()
        if dataset is not session.dataset:
            session.list_found(dataset, wish.project)
        session.show_case(wish.first_case(dataset).name)

    session.reading_asked.connect(read)
    return session


def paint(session: Session, value: int = 1) -> np.ndarray:
    """Paint on two planes of the case in view; return the labels there are then."""
    session.labels[[0, 2], 1:3, 2:4] = value
    session.note_painting()
    return session.labels.copy()


def save_in_project(session: Session, root: Path) -> None:
    """Make a project of what is open, and paint and save labels in it."""
    session.ask_new_project(root)
    session.new_labels()
    paint(session)
    session.save_labels(root / "a.nii")


def names(session: Session) -> list[str]:
    return [painting.case.name for painting in session.unsaved]


def write(session: Session, waiting: list[SaveRequest]) -> Saved | None:
    """Write what waits; return what came of the last."""
    saved = None
    while waiting:
        request = waiting.pop(0)
        saved = request.write()
        session.note_saved(request, saved)
    return saved


def write_as_another_program(path: Path, value: int = 7) -> None:
    """Write labels of one value, which this program did not write."""
    nib.save(nib.Nifti1Image(np.full((5, 4, 3), value, np.int32), np.eye(4)), path)
