"""A project's file: read with every path checked, and written whole or not at all."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomli_w

from segstudio.core.errors import InputError, near_names
from segstudio.core.labels import PALETTE, ClassTable, LabelClass
from segstudio.data.atomic import write_text
from segstudio.data.cases import Dataset
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import has_known_suffix
from segstudio.data.project import (
    PROJECT_FILE,
    AnnotationState,
    Progress,
    Project,
    SavedLabels,
    SplitSettings,
    dataset_of,
)
from segstudio.data.splits import SplitKind

PROGRAM = "segstudio"
_KNOWN = (
    *("program", "name", "folders", "split", "classes", "ignore"),
    *("runs_folder", "runs", "labels", "progress", "last_case", "locked", "hidden"),
)
_LARGEST = 2**24  # bytes: no list of cases is so long
Row = TypeVar("Row")


def holds_project(path: Path) -> bool:
    """Return whether a path is this program's project file, or a folder with one.

    A file of that name that says nothing of this program is some other tool's.
    """
    file = path if path.name == PROJECT_FILE else path / PROJECT_FILE
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return PROGRAM.encode() in opened.read(_LARGEST)


def read_project(path: str | Path) -> Project:
    """Return the project in a folder, or in a project file.

    Relative paths count from the project's folder and stay in it; an absolute one may lead
    anywhere. Keys that are not known are kept.

    Raises
    ------
    InputError
        There is no project, or its file has a mistake: the sentence says which.
    """
    path = Path(path).absolute()
    root = path.parent if path.name == PROJECT_FILE else path
    told = _Told(root, _parsed(root / PROJECT_FILE))
    return Project(
        root=root,
        name=told.text("name", root.name),
        folders=told.folders(),
        classes=told.classes(),
        split=told.split(),
        runs_folder=told.runs_folder(),
        runs=tuple(told.path(text, "runs") for text in told.texts("runs")),
        labels=told.rows("labels", told.saved),
        progress=told.rows("progress", told.progress),
        last_case=told.text("last_case", ""),
        locked=told.values("locked"),
        hidden=told.values("hidden"),
        unknown={k: v for k, v in told.table.items() if k not in _KNOWN},
    )


def dataset_at(path: str | Path) -> tuple[Dataset, Project | None]:
    """Return the dataset of a folder, or of a project together with that.

    Raises
    ------
    InputError
        The folder holds no image, or the project's file has a mistake.
    """
    if not holds_project(Path(path)):
        return open_dataset(path), None
    project = read_project(path)
    return dataset_of(project), project


def write_project(project: Project) -> None:
    """Write a project into its folder; paths inside it are written relative to it.

    Raises
    ------
    InputError
        A path has letters that a text file cannot hold.
    """

    def text(path: Path) -> str:
        if not str(path).isprintable():
            raise InputError(f"'{path}' has letters that no project can name. Rename it first.")
        inside = path.is_relative_to(project.root)
        return path.relative_to(project.root).as_posix() if inside else str(path)

    table: dict[str, Any] = {
        "program": PROGRAM,
        "name": project.name,
        "folders": [text(folder) for folder in project.folders],
        "runs": [text(run) for run in project.runs],
        "last_case": project.last_case,
        "locked": list(project.locked),
        "hidden": list(project.hidden),
        **project.unknown,
        "split": {k: v for k, v in vars(project.split).items() if v is not None},
    }
    if project.runs_folder is not None:
        table["runs_folder"] = text(project.runs_folder)
    if project.classes is not None:
        table["classes"] = [vars(row) for row in project.classes.foreground]
        if project.classes.ignore is not None:
            table["ignore"] = project.classes.ignore
    table["labels"] = [
        {"image": text(s.image), "file": text(s.file), "frames": list(s.frames)}
        for s in project.labels
    ]
    table["progress"] = [
        {
            "image": text(p.image),
            "frames": list(p.frames),
            "state": p.state,
            "seconds": p.seconds,
            **({"draft": text(p.draft)} if p.draft is not None else {}),
        }
        for p in project.progress
    ]
    write_text(project.file, tomli_w.dumps(table), overwrite=True)


def _parsed(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(
            f"'{file.parent}' holds no project: there is no {PROJECT_FILE} in it. Choose another "
            "folder, or make a new project."
        )
    if file.stat().st_size > _LARGEST:
        raise InputError(f"'{file}' is too large for a project's file.")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"'{file}' is not a TOML file: {error}. Correct it there.") from error


class _Told:
    """What a project's file says, each part checked as it is taken."""

    def __init__(self, root: Path, table: dict[str, Any]) -> None:
        self.root, self.table = root, table

    def mistake(self, text: str) -> InputError:
        return InputError(f"In '{self.root / PROJECT_FILE}', {text}")

    def text(self, name: str, otherwise: str) -> str:
        value = self.table.get(name, otherwise)
        if not isinstance(value, str) or not value.isprintable():
            raise self.mistake(f"{name} = {value!r} is no text in quotation marks.")
        return value or otherwise

    def texts(self, name: str) -> list[str]:
        values = self.table.get(name, [])
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self.mistake(f'{name} is to be a list of paths, like {name} = ["images"].')
        return values

    def path(self, text: Any, name: str) -> Path:
        """Return a path of the file: absolute, or inside the project's folder."""
        if not isinstance(text, str) or not text or not text.isprintable():
            raise self.mistake(f"{name} names {text!r}, which is no path.")
        path = Path(text)
        if path.is_absolute():
            return path
        if not (self.root / path).resolve().is_relative_to(self.root.resolve()):
            raise self.mistake(
                f"{name} names '{text}', which leaves the project's folder. Give the whole path, "
                "from the root on."
            )
        return self.root / path

    def folders(self) -> tuple[Path, ...]:
        found = [self.path(text, "folders") for text in self.texts("folders")]
        if not found:
            raise self.mistake('no folder of images is named: add folders = ["…"].')
        for folder in found:
            if not folder.is_dir():
                raise self.mistake(
                    f"folders names '{folder}', which is no folder here. Bring it back, or correct "
                    "the path."
                )
        return tuple(dict.fromkeys(found))

    def runs_folder(self) -> Path | None:
        if "runs_folder" not in self.table:
            return None
        folder = self.path(self.table["runs_folder"], "runs_folder")
        if folder.exists() and not folder.is_dir():
            raise self.mistake(f"runs_folder names '{folder}', which is a file.")
        return folder

    def rows(self, name: str, made: Callable[[Mapping[str, Any]], Row]) -> tuple[Row, ...]:
        rows = self.table.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.mistake(f"{name} is to be a list of tables, each under [[{name}]].")
        return tuple(made(row) for row in rows)

    def saved(self, row: Mapping[str, Any]) -> SavedLabels:
        self.expect_names("labels", row, ("image", "file", "frames"))
        image, file = (self.path(row.get(k), f"labels.{k}") for k in ("image", "file"))
        if not has_known_suffix(file):
            raise self.mistake(f"labels.file names '{file}', which is no file of labels.")
        return SavedLabels(image, file, self.frames("labels", row))

    def frames(self, name: str, row: Mapping[str, Any]) -> tuple[int, ...]:
        return self.whole(f"{name}.frames", row.get("frames", []))

    def values(self, name: str) -> tuple[int, ...]:
        return self.whole(name, self.table.get(name, []))

    def whole(self, name: str, told: Any) -> tuple[int, ...]:
        if not isinstance(told, list) or not all(_is_whole(number) for number in told):
            raise self.mistake(f"{name} = {told!r} is no list of whole numbers.")
        return tuple(told)

    def progress(self, row: Mapping[str, Any]) -> Progress:
        self.expect_names("progress", row, [f.name for f in fields(Progress)])
        image, frames = self.path(row.get("image"), "progress.image"), self.frames("progress", row)
        state, seconds = row.get("state", ""), row.get("seconds", 0)
        if state not in get_args(AnnotationState):
            known = ", ".join(name for name in get_args(AnnotationState) if name)
            raise self.mistake(f"progress.state = {state!r} will not do. Known: {known}.")
        if not _is_whole(seconds):
            raise self.mistake(f"progress.seconds = {seconds!r} is no whole number from 0.")
        draft = self.path(row["draft"], "progress.draft") if "draft" in row else None
        if draft is not None and not has_known_suffix(draft):
            raise self.mistake(f"progress.draft names '{draft}', which is no file of labels.")
        return Progress(image, frames, state, seconds, draft)

    def classes(self) -> ClassTable | None:
        if "classes" not in self.table:
            return None
        rows = sorted(self.rows("classes", self.label_class), key=lambda row: row.value)
        values = [row.value for row in rows]
        twice = next((v for v in values if values.count(v) > 1), None)
        if twice is not None:
            raise self.mistake(f"two classes have the value {twice}.")
        ignore = self.table.get("ignore")
        if ignore is not None and not _is_whole(ignore):
            raise self.mistake(f"ignore = {ignore!r} is no label value.")
        return ClassTable((LabelClass(0, "background", "#000000"), *rows), ignore)

    def label_class(self, row: Mapping[str, Any]) -> LabelClass:
        self.expect_names("classes", row, ("value", "name", "color"))
        value = row.get("value")
        if not isinstance(value, int) or not _is_whole(value) or value == 0:
            raise self.mistake(f"the class value {value!r} is no whole number from 1 on.")
        name, color = row.get("name", f"class {value}"), row.get("color", "")
        color = color or PALETTE[(value - 1) % len(PALETTE)]
        if not isinstance(name, str) or not name.isprintable():
            raise self.mistake(f"the class {value} has the name {name!r}, which is no text.")
        if not isinstance(color, str) or not re.fullmatch("#[0-9a-fA-F]{6}", color):
            raise self.mistake(f"the class {value} has the colour {color!r}; one is '#56b4e9'.")
        return LabelClass(value, name, color)

    def split(self) -> SplitSettings:
        row = self.table.get("split", {})
        if not isinstance(row, dict):
            raise self.mistake("split is to be a table, under [split].")
        self.expect_names("split", row, [f.name for f in fields(SplitSettings)])
        split = SplitSettings(**row)
        if split.how not in get_args(SplitKind):
            raise self.mistake(f"split.how = {split.how!r} will not do. {_kinds()}")
        numbers = (split.seed, split.fold, 0 if split.folds is None else split.folds)
        if not all(_is_whole(number) for number in numbers):
            raise self.mistake("split.seed, split.folds and split.fold are whole numbers from 0.")
        if split.folds is not None and split.fold >= split.folds:
            raise self.mistake(f"there is no fold {split.fold} of {split.folds}; from 0.")
        return split

    def expect_names(self, table: str, row: Mapping[str, Any], known: Any) -> None:
        for name in row:
            if name not in known:
                raise self.mistake(f"{table} has no setting '{name}'. {near_names(name, known)}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _kinds() -> str:
    return f"Known: {', '.join(get_args(SplitKind))}."
