"""A network's predictions as drafts: labels to correct instead of to draw."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import read_image
from segstudio.data.formats import suffix_beside, write_labels
from segstudio.data.project import Project
from segstudio.learn.run_folder import RunFolder, runs_home


@dataclass(frozen=True, eq=False)
class DraftRequest:
    """Cases of which a run is to propose labels.

    Attributes
    ----------
    run : Path
        Its folder.
    cases : tuple of Case
        Without labels.
    folder : Path
        Where the drafts are written.
    classes : ClassTable
        Of the run.
    """

    run: Path
    cases: tuple[Case, ...]
    folder: Path
    classes: ClassTable

    def drafts(self) -> Iterator[tuple[Case, Path]]:
        """Yield each case and the file of its draft, once it is written.

        Raises
        ------
        InputError
            The run cannot predict, or an image cannot be read.
        """
        # Deferred: torch is not loaded before it is needed.
        from segstudio.learn.predict import load_predictor

        predictor = load_predictor(self.run)
        for case in self.cases:
            volume = read_image(case)
            path = self.folder / f"{_file_name(case)}{suffix_beside(case.image)}"
            write_labels(path, predictor.labels(volume), volume.grid, overwrite=True)
            yield case, path


def draft_request(
    run: Path, dataset: Dataset | None, names: tuple[str, ...] | None, folder: Path
) -> DraftRequest:
    """Return the request for drafts of cases by name; of all without labels, if None.

    Of all, those come first that have no draft: a request that was stopped is gone on with. Where
    each has one, all are drafted anew.

    Raises
    ------
    InputError
        Nothing is open, a case has labels already, none is without, or the run's classes are
        others than the dataset's.
    """
    if dataset is None:
        raise InputError("No dataset is open. Open a folder of images first.")
    _, classes = RunFolder.opened(run).read_config()
    own = dataset.classes
    if own is not None and own.values != classes.values:
        raise InputError(
            f"The run '{run.name}' knows the label values {_listed(classes)} and this dataset "
            f"{_listed(own)}: its predictions would mean something else here. Choose another run."
        )
    if names is None:
        cases = tuple(case for case in dataset.cases if case.labels is None)
        if not cases:
            raise InputError("Every case has labels already: there is nothing to draft.")
        cases = tuple(case for case in cases if case.draft is None) or cases
    else:
        cases = tuple(dataset.case(name) for name in names)
        labelled = next((case.name for case in cases if case.labels is not None), None)
        if labelled is not None:
            raise InputError(
                f"'{labelled}' has labels already, and a draft would hide them. Lay the prediction "
                "over it instead."
            )
    return DraftRequest(run, cases, folder, classes)


def drafts_folder(project: Project | None, dataset: Dataset | None) -> Path:
    """Return where the drafts of a dataset's cases are written: never among its images."""
    # There they would be taken for cases, or for their labels.
    if project is not None and not any(
        project.root.is_relative_to(folder) for folder in project.folders
    ):
        return project.root / "drafts"
    return runs_home().parent / "drafts" / (dataset.fingerprint if dataset is not None else "")


def _listed(classes: ClassTable) -> str:
    return ", ".join(str(value) for value in classes.values)


def _file_name(case: Case) -> str:
    """Return a case's name without what no file's name may have, and what tells it from others."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in case.name).strip(".")
    return f"{safe[:80]}_{sha256(f'{case.image}|{case.frames}'.encode()).hexdigest()[:8]}"
