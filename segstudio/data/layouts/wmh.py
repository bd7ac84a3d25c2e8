"""The WMH challenge's layout: a folder for each patient, of ``pre/FLAIR``, ``pre/T1``, ``wmh``."""

from collections.abc import Sequence
from pathlib import Path

from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import stem

# Label 2 is "other pathology", which the challenge does not score.
WMH_CLASSES = ClassTable.named({1: "white matter hyperintensity"}, ignore=2)
LABELS = "wmh"
CHANNELS = ("FLAIR", "T1")
SIDES = {"training": "train", "test": "test", "additional_annotations": None}


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the patients of a folder in the WMH challenge's layout; None for another folder.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The folder, at whatever depth its patients lie: ``Utrecht/0``, ``training/Utrecht/0``.
        FLAIR and, where every patient has it, T1 are the channels, as preprocessed by the
        challenge (``pre``).
    """
    by_patient: dict[Path, dict[str, Path]] = {}
    for path in files:
        if path.parent.name == "pre" and stem(path) in CHANNELS:
            by_patient.setdefault(path.parent.parent, {})[stem(path)] = path
    labels = {p.parent: p for p in files if stem(p) == LABELS}
    patients = {p: found for p, found in by_patient.items() if CHANNELS[0] in found}
    if not any(patient in labels for patient in patients):
        return None
    shared = [name for name in CHANNELS if all(name in found for found in patients.values())]
    cases = tuple(
        _case(patient, [found[name] for name in shared], labels.get(patient), root)
        for patient, found in sorted(patients.items())
    )
    notes = _left_out(patients, shared, labels, root)
    return Dataset(
        root.resolve().name, root, cases, WMH_CLASSES, "WMH challenge", notes, tuple(shared)
    )


def _left_out(
    patients: dict[Path, dict[str, Path]],
    shared: Sequence[str],
    labels: dict[Path, Path],
    root: Path,
) -> tuple[str, ...]:
    """Return a sentence for a channel that not all have, and for patients without FLAIR."""
    notes = []
    for name in CHANNELS:
        having = [patient for patient, found in patients.items() if name in found]
        if having and name not in shared:
            lacking = next(p for p in patients if p not in having)
            notes.append(
                f"{name} is left out: {len(patients) - len(having)} patient(s) lack it, the first "
                f"is '{lacking.relative_to(root)}'."
            )
    blind = sorted(patient for patient in labels if patient not in patients)
    if blind:
        notes.append(
            f"{len(blind)} patient(s) with labels have no {CHANNELS[0]} and are left out; the "
            f"first is '{blind[0].relative_to(root)}'."
        )
    return tuple(notes)


def _case(patient: Path, channels: Sequence[Path], labels: Path | None, root: Path) -> Case:
    name = patient.relative_to(root).as_posix() if patient != root else patient.resolve().name
    pairing = f"'{labels.name}' lies in the patient's folder" if labels else ""
    side = next((SIDES[p] for p in patient.relative_to(root).parts if p in SIDES), None)
    return Case(name, name, channels[0], labels, side, tuple(channels[1:]), pairing=pairing)
