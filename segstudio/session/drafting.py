"""A network's predictions as drafts: labels to correct instead of to draw."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import read_image
from segstudio.data.formats import suffix_beside, write_labels
from segstudio.data.project import Project
from segstudio.learn.run_cases import shares_cases
from segstudio.learn.run_folder import RunFolder, runs_home

POOR = 0.5  # Dice below which a draft is hardly worth its correction


@dataclass(frozen=True)
class Work:
    """What the user has done with the cases of a dataset so far.

    Attributes
    ----------
    painted : frozenset of str
        Names of cases with painting that is not in their labels' file, that in copies included
        which wait to be put back after a crash.
    reviewed : frozenset of str
        Those of cases that were found good.
    edited : frozenset of str
        Those of cases that were painted on at some time.
    values : frozenset of int
        Label values that are known to be in files of labels.
    """

    painted: frozenset[str] = frozenset()
    reviewed: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()
    values: frozenset[int] = frozenset()


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
    classes : ClassTable or None
        What the dataset's classes are to be called, where it names none itself; None where the
        run may mean others by the same values.
    """

    run: Path
    cases: tuple[Case, ...]
    folder: Path
    classes: ClassTable | None

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
            path = _free_path(self.folder, case)
            write_labels(path, predictor.labels(volume), volume.grid)
            yield case, path

    def told(self, done: int) -> str:
        """Return what to tell when so many are drafted: by which network, and how good it is."""
        summary = RunFolder(self.run).read_summary() or {}
        dice = summary.get("test", {}).get("mean_dice")
        text = f"{done} of {len(self.cases)} drafted by '{self.run.name}'"
        if dice is None:
            return f"{text}. How good it is was not measured on test cases."
        poor = " It may be quicker to draw anew than to correct." if dice < POOR else ""
        return f"{text}, whose Dice on its test cases is {dice:.2f}.{poor}"


def draft_request(
    run: Path, dataset: Dataset | None, names: tuple[str, ...] | None, folder: Path, work: Work
) -> DraftRequest:
    """Return the request for drafts of cases by name; of all without labels, if None.

    Of all, those come first that have no draft: a request that was stopped is gone on with. Where
    each has one, all are drafted anew but those with work of the user's.

    Raises
    ------
    InputError
        Nothing is open, a case has labels or work of the user's already, none is without, or the
        run's classes are others than the dataset's.
    """
    if dataset is None:
        raise InputError("No dataset is open. Open a folder of images first.")
    config, classes = RunFolder.opened(run).read_config()
    _expect_classes(run, classes, dataset, work.values - {0, classes.ignore, config.ignore_label})
    cases = _all_to_draft(dataset, work) if names is None else _named(dataset, names, work)
    # Labels of other cases than the run knows may mean something else by the same values.
    is_own = shares_cases(run, dataset) or all(case.labels is None for case in dataset.cases)
    return DraftRequest(run, cases, folder, classes if is_own else None)


def _expect_classes(
    run: Path, classes: ClassTable, dataset: Dataset, seen: Collection[int]
) -> None:
    """Refuse a run of other classes than the dataset's, or than what was seen in its labels."""
    named, known = dataset.classes, set(classes.values)
    if (set(named.values) == known) if named is not None else known.issuperset(seen):
        return
    here = {0, *seen} if named is None else named.values
    raise InputError(
        f"The run '{run.name}' knows the label values {_listed(known)} and this dataset "
        f"{_listed(here)}: its predictions would mean something else here. Choose another run."
    )


def _all_to_draft(dataset: Dataset, work: Work) -> tuple[Case, ...]:
    bare = [case for case in dataset.cases if case.labels is None]
    if not bare:
        raise InputError("Every case has labels already: there is nothing to draft.")
    taken = work.painted | work.reviewed | work.edited
    free = tuple(case for case in bare if case.name not in taken)
    if not free:
        raise InputError(
            "Every case without labels was painted on or reviewed: a draft would come over your "
            "work. Save it as labels."
        )
    return tuple(case for case in free if case.draft is None) or free


def _named(dataset: Dataset, names: tuple[str, ...], work: Work) -> tuple[Case, ...]:
    cases = tuple(dataset.case(name) for name in names)
    for case in cases:
        if case.labels is not None:
            raise InputError(
                f"'{case.name}' has labels already, and a draft would hide them. Lay the "
                "prediction over it instead."
            )
        if case.name in work.painted:
            raise InputError(
                f"You have painted on '{case.name}', and a draft would not be seen beside that. "
                "Save it as the labels of its image, or undo it, and ask again."
            )
        if case.name in work.reviewed:
            raise InputError(
                f"'{case.name}' is marked as reviewed, and a draft would come over that. Save its "
                "labels, or take the mark back, and ask again."
            )
    return cases


def drafts_folder(project: Project | None, dataset: Dataset | None) -> Path:
    """Return where the drafts of a dataset's cases are written: never among its images."""
    # There they would be taken for cases, or for their labels.
    if project is not None and not any(
        project.root.is_relative_to(folder) for folder in project.folders
    ):
        return project.root / "drafts"
    return runs_home().parent / "drafts" / (dataset.fingerprint if dataset is not None else "")


def _listed(values: Iterable[int]) -> str:
    return ", ".join(str(value) for value in sorted(values))


def _free_path(folder: Path, case: Case) -> Path:
    """Return where a draft of a case is written: never over one that is being looked at."""
    paths = (folder / f"{_file_name(case)}_{n}{suffix_beside(case.image)}" for n in count(1))
    return next(path for path in paths if not path.exists())


def _file_name(case: Case) -> str:
    """Return a case's name without what no file's name may have, and what tells it from others."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in case.name).strip(".")
    return f"{safe[:80]}_{sha256(f'{case.image}|{case.frames}'.encode()).hexdigest()[:8]}"
