"""What the entries of a file's fourth axis are: channels of one case, or a case each."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case
from segstudio.data.formats import frames_in


def by_frames(case: Case) -> list[Case]:
    """Return a case as it is, or for a file of several entries what these are; reads headers.

    They are the channels of one image where its labels have no such axis, else a case each, named
    ``NAME_t00`` and so on, of the same patient.
    """
    frames = frames_of(case.image)
    if frames == 1 or case.other_channels:
        return [case]
    labels = case.labels
    if labels is not None and frames_of(labels) == 1:
        return [replace(case, frames=tuple(range(frames)))]
    return [
        replace(case, name=f"{case.name}_t{k:02d}", frames=(k,), labels_frame=k if labels else None)
        for k in range(frames)
    ]


def frames_of(path: Path) -> int:
    """Return how many entries a file has; 1 where it cannot be read."""
    with suppress(InputError):  # told when the case is read, or by the doctor
        return frames_in(path)
    return 1
