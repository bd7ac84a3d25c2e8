"""A new folder of phantoms: written whole or not at all, with a note of what it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text, written_folder


@contextmanager
def phantom_folder(folder: Path, seed: int) -> Iterator[Path]:
    """Yield a temporary folder that takes the name of `folder` when the block ends well.

    ``phantom.txt`` in it says that what lies beside it is generated, and from which seed.

    Raises
    ------
    InputError
        The folder holds something already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one for the phantoms.")
    note = f"These images are generated (seed {seed}); they are not pictures of a patient.\n"
    with written_folder(folder) as temporary:
        write_text(temporary / "phantom.txt", note)
        yield temporary


def patient_seeds(seed: int, patients: int) -> list[int]:
    """Return a seed of its own for each patient, drawn from one."""
    return [int(own) for own in np.random.SeedSequence(seed).generate_state(patients)]
