"""The ACDC challenge's layout: ``patientNNN/patientNNN_frameNN`` with ``_gt``, and ``Info.cfg``."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import stem
from segstudio.data.layouts.beside import Index, index_of, lies_inside, named_after, official_side

ACDC_CLASSES = ClassTable.named({1: "right ventricle", 2: "myocardium", 3: "left ventricle"})
_LONGEST = 1 << 16  # letters of a patient's file
_FRAME = re.compile(r"_frame(\d+)$")


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the frames of a folder in ACDC's layout as cases; None for another folder.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The folder. Where a patient has an ``Info.cfg``, phase (ED or ES), diagnosis, height and
        weight are facts of its cases.
    """
    told = cache(_told)  # a patient has two frames and one file
    index = index_of(files)
    frames = (p for p in files if _is_frame(p))
    cases = tuple(_case(p, root, told(p.parent, root), index) for p in frames)
    return Dataset(root.resolve().name, root, cases, ACDC_CLASSES, "ACDC") if cases else None


def _is_frame(path: Path) -> bool:
    patient = path.parent.name
    frame = rf"{re.escape(patient)}_frame\d+"
    return patient.startswith("patient") and re.fullmatch(frame, stem(path)) is not None


def _case(path: Path, root: Path, told: dict[str, str], index: Index) -> Case:
    labels = named_after(path, index)
    pairing = f"{stem(labels)} is named after the frame" if labels else ""
    facts = [(name, told[name]) for name in ("Group", "Height", "Weight") if name in told]
    frame = _FRAME.search(stem(path))
    number = int(frame[1]) if frame else -1
    phases = [p for p in ("ED", "ES") if told.get(p, "").isdigit() and int(told[p]) == number]
    return Case(
        stem(path),
        path.parent.name,
        path,
        labels,
        official_side(path, root),
        pairing=pairing,
        facts=(*(("Phase", phase) for phase in phases), *facts),
    )


def _told(patient: Path, root: Path) -> dict[str, str]:
    """Return what a patient's ``Info.cfg`` says, ``{name: value}``; nothing where there is none."""
    path = patient / "Info.cfg"
    if not (path.is_file() and lies_inside(path, root)):
        return {}
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(_LONGEST).splitlines()[:100]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip(): value.strip()[:40] for name, value in pairs}
