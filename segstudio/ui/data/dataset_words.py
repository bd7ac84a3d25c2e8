"""What the data panel says of a dataset, of its classes and of the case in view."""

import os
from html import escape
from pathlib import Path

from segstudio.core.labels import ClassTable
from segstudio.data.datasets import Dataset
from segstudio.data.project import Project
from segstudio.session.open_case import OpenCase

MOST_NOTES = 12  # of a tooltip that still fits a screen
MOST_CLASSES = 12  # of a line that still leaves room for the cases


def dataset_text(dataset: Dataset, project: Project | None) -> str:
    """Return what a dataset holds, how it is laid out, and how many notes there are."""
    labelled = sum(c.labels is not None for c in dataset.cases)
    patients, count = len({c.patient for c in dataset.cases}), len(dataset.cases)
    kind = "Project " if project is not None else ""
    words = (
        f"{kind}<b>{escape(dataset.name)}</b>: {count} case{'s' * (count != 1)} of {patients} "
        f"patient{'s' * (patients != 1)}, {labelled} with labels"
    )
    if dataset.layout:
        words += f"; layout: {escape(dataset.layout)}"
    notes = len(dataset.notes)
    return words + (f". <b>{notes} note{'s' * (notes != 1)}</b> (hover to read)" if notes else "")


def dataset_tip(dataset: Dataset, project: Project | None) -> str:
    """Return where a dataset lies, and its notes."""
    folders = project.folders if project is not None else dataset.roots or (dataset.root,)
    places = [f"<p>{escape(str(folder))}</p>" for folder in folders]
    notes = [f"<p>{escape(note)}</p>" for note in dataset.notes[:MOST_NOTES]]
    left = len(dataset.notes) - len(notes)
    more = f"<p>… and {left} more: check the dataset.</p>" if left else ""
    return "".join((*places, *notes)) + more


def classes_text(classes: ClassTable | None) -> str:
    """Return the names of classes, each with its colour and its value in label files."""
    if classes is None or not classes.foreground:
        return ""
    rows = classes.foreground[:MOST_CLASSES]
    names = [
        f'<span style="color: {row.color}">■</span>&nbsp;{row.value}&nbsp;{_whole(row.name)}'
        for row in rows
    ]
    left = len(classes.foreground) - len(rows)
    return " &nbsp; ".join(names) + (f" &nbsp; … and {left} more" if left else "")


def classes_tip(classes: ClassTable | None) -> str:
    """Return all classes, a line each."""
    if classes is None:
        return ""
    lines = [f"{row.value}: {row.name}" for row in classes.foreground]
    ignored = [] if classes.ignore is None else [f"{classes.ignore}: ignored"]
    shown = "".join(f"<p>{escape(line)}</p>" for line in (*lines, *ignored))
    return f"<p>The classes, with their values in label files.</p>{shown}"


def case_text(opened: OpenCase) -> str:
    """Return the size of the case in view, what is doubtful, and whether labels were left out."""
    grid = opened.volume.grid
    planes, rows, columns = grid.shape
    if grid.unit == "mm":
        size = " × ".join(f"{s:.3g}" for s in grid.spacing) + " mm"
    else:
        size = "voxel size unknown: lengths are in voxels"
    channels = len(opened.volume.channels)
    several = f"; {channels} channels, the first is shown" if channels > 1 else ""
    described = f"{planes} plane{'s' * (planes != 1)} of {rows} × {columns}; {size}{several}"
    doubts = [f"⚠ {doubt}" for doubt in grid.doubts]
    reason = without_folder(opened.left_out, opened.case.image.parent)
    left_out = [f"⚠ Its labels are not shown. {reason}"] if reason else []
    return "\n".join([described, *doubts, *left_out])


def without_folder(text: str, folder: Path) -> str:
    """Return a text with the files of a folder named as in there: the panel is narrow."""
    return text.replace(f"{folder}{os.sep}", "")


def _whole(name: str) -> str:
    return escape(name).replace(" ", "&nbsp;")
