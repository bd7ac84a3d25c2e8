"""What is asked for when paths are opened: a dataset, or a project with its own."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.datasets import Dataset, open_paths
from segstudio.data.project import Project, dataset_of, new_project
from segstudio.data.project_file import holds_project, read_project, write_project
from segstudio.session.messages import ReadingRequest


def opening(*paths: str | Path) -> ReadingRequest:
    """Return the request for folders and files; for a project where one path alone leads to it.

    Raises
    ------
    InputError
        The project's file has a mistake.
    """
    # Of a relative path a copy of what is painted would say nothing: it counts from elsewhere then.
    whole = [Path(path).absolute() for path in paths]
    if len(whole) == 1 and holds_project(whole[0]):
        return opening_project(whole[0])
    names = ", ".join(path.name for path in whole)
    return ReadingRequest(partial(open_paths, *whole), None, f"Reading {names} …")


def opening_project(path: str | Path) -> ReadingRequest:
    """Return the request for a project: its folder, or its file.

    Raises
    ------
    InputError
        There is none, or its file has a mistake.
    """
    project = read_project(path)
    find = partial(_found_as_it_is_by_then, project.root)
    return ReadingRequest(find, None, f"Reading {project.name} …", project)


def making_project(
    root: Path,
    dataset: Dataset | None,
    locked: Collection[int] = (),
    hidden: Collection[int] = (),
) -> ReadingRequest:
    """Return the request for a new project of an open dataset, or of the images in its folder.

    Its classes that are locked and hidden stay so.

    Raises
    ------
    InputError
        The folder holds a project already; or single files are open.
    """
    folders: tuple[Path, ...] = ()
    if dataset is not None:
        if "a file" in dataset.layout.split(" + "):
            raise InputError(
                "A project is made of folders, and single files are open. Open their folder first."
            )
        folders = dataset.roots or (dataset.root,)
    project = new_project(root, folders, None if dataset is None else dataset.classes)
    if dataset is not None:
        project = replace(project, locked=tuple(sorted(locked)), hidden=tuple(sorted(hidden)))
    find = partial(_found_and_written, project)
    return ReadingRequest(find, None, f"Making the project {project.name} …", project)


def adding_folder(project: Project, folder: Path) -> ReadingRequest:
    """Return the request for a project with one more folder of images.

    Its file is told when they are listed: labels may be saved in it meanwhile.

    Raises
    ------
    InputError
        The folder is one of the project's already.
    """
    if folder in project.folders:
        raise InputError(f"'{folder}' belongs to the project already.")
    wider = replace(project, folders=(*project.folders, folder))
    return ReadingRequest(partial(dataset_of, wider), None, f"Adding {folder.name} …", wider)


def _found_as_it_is_by_then(root: Path) -> Dataset:
    return dataset_of(read_project(root))


def _found_and_written(project: Project) -> Dataset:
    # In this order: a folder without images leaves no project behind.
    dataset = dataset_of(project)
    write_project(project)
    return dataset
