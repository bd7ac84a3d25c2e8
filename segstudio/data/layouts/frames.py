"""What the entries of a file's fourth axis are: channels of one case, or a case each."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case
from segstudio.data.formats import frames_in, stem, suffix_of
from segstudio.data.layouts.beside import named_after


def by_frames(case: Case) -> list[Case]:
    """Return a case as it is, or for a file of several entries what these are; reads headers.

    They are the channels of one image where its labels have no such axis, else a case each, named
    ``NAME_t00`` and so on, of the same patient; with labels of the same fourth axis, or each with
    its own, ``NAME_t00_gt``.
    """
    frames = frames_of(case.image)
    if frames == 1 or case.other_channels:
        return [case]
    labels = case.labels
    if labels is not None and frames_of(labels) == 1:
        return [replace(case, frames=tuple(range(frames)))]
    return [_time_point(case, k) for k in range(frames)]


def _time_point(case: Case, k: int) -> Case:
    at = replace(case, name=f"{case.name}_t{k:02d}", frames=(k,))
    if case.labels is not None:
        return replace(at, labels_frame=k)
    own = named_after(case.image.with_name(f"{stem(case.image)}_t{k:02d}{suffix_of(case.image)}"))
    if own is None or own.resolve().parent != case.image.resolve().parent:
        return at
    return replace(at, labels=own, pairing=f"'{own.name}' is named after the time point")


def frames_of(path: Path) -> int:
    """Return how many entries a file has; 1 where it cannot be read."""
    with suppress(InputError):  # told when the case is read, or by the doctor
        return frames_in(path)
    return 1
