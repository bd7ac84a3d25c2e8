"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import PALETTE, ClassTable
from segstudio.core.loss_maps import MapOptions
from segstudio.data.datasets import Case, Dataset, labels_beside, open_paths
from segstudio.data.formats import write_labels
from segstudio.learn.config import TrainConfig
from segstudio.learn.events import Event
from segstudio.open_case import OpenCase, read_case


@dataclass(frozen=True)
class MapChoice:
    """Which distance map is shown.

    Attributes
    ----------
    value : int
        Label value of the class.
    per_plane : bool
        Measured in each plane, as the loss of a 2-D network sees it, or in the volume.
    visible : bool
        Whether it is shown at all.
    options : MapOptions
        How it is measured and shaped.
    """

    value: int = 1
    per_plane: bool = True
    visible: bool = True
    options: MapOptions = field(default_factory=MapOptions)


@dataclass(frozen=True, eq=False)
class ReadingRequest:
    """What is to be read beside the window.

    Attributes
    ----------
    find : callable
        Returns the dataset; may take a while.
    case : Case or None
        Which case of it to show; None for the first of a dataset that is opened anew.
    text : str
        What to tell the user meanwhile.
    """

    find: Callable[[], Dataset]
    case: Case | None
    text: str


@dataclass(frozen=True)
class Message:
    """A sentence for the user; `is_error` where something did not happen."""

    text: str
    is_error: bool = True


class Session:
    """The open project, case, runs and selection.

    Panels and layers follow its signals and call its methods; they never call each other.

    Attributes
    ----------
    dataset : Dataset or None
        The open folder.
    open_case : OpenCase or None
        The case in view.
    labels : ndarray of int32, shape (Z, Y, X), or None
        The labels being painted: what was read, or empty ones; edited in place.
    map_choice : MapChoice
        Which distance map is shown.
    prediction : ndarray of int32 or None
        Label values laid over the case in view.
    prediction_of : str
        Whose prediction it is.
    previews : bool
        Whether the running training lays its predictions over the case in view.
    run : Path or None
        The run whose prediction is shown for each case that is opened.
    reading : str
        What is being read beside the window, for the user; empty if nothing is.
    training : Path or None
        The run folder being written.
    told : list of Event
        What the running training, or the last one, has told.
    failure : str
        Why the last training failed; empty if it did not.
    """

    dataset_opened = Signal(Dataset)
    case_opened = Signal(OpenCase)
    labels_made = Signal(object)
    map_chosen = Signal(MapChoice)
    prediction_shown = Signal(object)
    run_chosen = Signal(object)
    reading_asked = Signal(ReadingRequest)
    reading_changed = Signal(str)
    training_asked = Signal(TrainConfig)
    stop_asked = Signal()
    training_started = Signal(Path)
    training_told = Signal(object)
    training_ended = Signal(Path)
    said = Signal(Message)

    def __init__(self) -> None:
        self.dataset: Dataset | None = None
        self.open_case: OpenCase | None = None
        self.labels: NDArray[np.int32] | None = None
        self.map_choice = MapChoice()
        self.prediction: NDArray[np.int32] | None = None
        self.prediction_of = ""
        self.previews = True
        self.run: Path | None = None
        self.reading = ""
        self.training: Path | None = None
        self.told: list[Event] = []
        self.failure = ""
        self._unsaved: dict[Path, NDArray[np.int32]] = {}

    def open(self, *paths: str | Path) -> None:
        """Open folders as datasets, or files as cases of their own, and show the first case.

        Raises
        ------
        InputError
            A path is missing or cannot be read.
        """
        dataset = open_paths(*paths)
        self.list_cases(dataset)
        self.show_read(read_case(dataset, dataset.cases[0]))

    def show_case(self, name: str) -> None:
        """Read a case of the open dataset and show it."""
        dataset = self._open_dataset()
        self.show_read(read_case(dataset, dataset.case(name)))

    def ask_open(self, *paths: str | Path) -> None:
        """Ask for `open` to be done beside the window; whoever reads there hears it."""
        names = ", ".join(Path(path).name for path in paths)
        self.ask_reading(partial(open_paths, *paths), f"Reading {names} …")

    def ask_reading(self, find: Callable[[], Dataset], text: str) -> None:
        """Ask for a dataset to be found, and its first case read, beside the window."""
        self.reading_asked.emit(ReadingRequest(find, None, text))

    def ask_case(self, name: str) -> None:
        """Ask for `show_case` to be done beside the window."""
        dataset = self._open_dataset()
        self.reading_asked.emit(
            ReadingRequest(lambda: dataset, dataset.case(name), f"Reading {name} …")
        )

    def note_reading(self, text: str) -> None:
        """Note what is being read beside the window; nothing, if empty."""
        self.reading = text
        self.reading_changed.emit(text)

    def _open_dataset(self) -> Dataset:
        if self.dataset is None:
            raise InputError("No dataset is open. Open a folder first.")
        return self.dataset

    def list_cases(self, dataset: Dataset) -> None:
        """Take a dataset for the open one; its cases are still to be read."""
        self.dataset = dataset
        self.dataset_opened.emit(dataset)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read."""
        case = opened.case
        self._keep_painting()
        kept = self._unsaved.get(case.image)
        if kept is not None and opened.truth is None:
            opened = replace(opened, classes=_paintable(opened.classes))
        self.open_case, self.prediction = opened, None
        self.labels = kept if kept is not None else _copy(opened.truth)
        values = opened.classes.values
        if self.map_choice.value not in values[1:] and len(values) > 1:
            self.map_choice = replace(self.map_choice, value=values[1])
        self.case_opened.emit(opened)

    def _keep_painting(self) -> None:
        """Keep what was painted on the case in view and not saved, for when it is shown again."""
        if self.open_case is None or self.labels is None:
            return
        truth = self.open_case.truth
        unpainted = not self.labels.any() if truth is None else np.array_equal(self.labels, truth)
        if unpainted:
            self._unsaved.pop(self.open_case.case.image, None)
        else:
            self._unsaved[self.open_case.case.image] = self.labels

    def choose_map(self, choice: MapChoice) -> None:
        """Show another distance map."""
        self.map_choice = choice
        self.map_chosen.emit(choice)

    def show_prediction(self, labels: NDArray[np.int32], source: str = "") -> None:
        """Lay label values ``(Z, Y, X)`` over the case in view; `source` says whose they are."""
        self.prediction, self.prediction_of = labels, source
        self.prediction_shown.emit(labels)

    def hide_prediction(self) -> None:
        """Take the prediction away, and lay none over until one is asked for."""
        self.previews, self.prediction, self.prediction_of = False, None, ""
        self.choose_run(None)
        self.prediction_shown.emit(None)

    def choose_run(self, run: Path | None) -> None:
        """Choose the run whose prediction is shown, instead of the running training's."""
        self.run = run
        if run is not None:
            self.previews = False
        self.run_chosen.emit(run)

    def new_labels(self) -> None:
        """Make empty labels to paint on, where the case in view has none."""
        if self.open_case is None:
            raise InputError("No image is open. Open one first, then label it.")
        if self.labels is None:
            self.open_case = replace(self.open_case, classes=_paintable(self.open_case.classes))
            self.labels = np.zeros(self.open_case.volume.data.shape, np.int32)
            self.labels_made.emit(self.labels)

    def save_labels(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the labels of the case in view, in the geometry of its image.

        Where the file pairs with the image, the case has these labels from then on; a copy under
        another name leaves the case as it was, and the painting unsaved.

        Raises
        ------
        InputError
            There are no labels, or the file exists and `overwrite` is false.
        """
        if self.open_case is None or self.labels is None or self.dataset is None:
            raise InputError("There are no labels to save. Open a case, or make new labels.")
        write_labels(path, self.labels, self.open_case.volume.grid, overwrite=overwrite)
        pair = labels_beside(self.open_case.case.image)
        if pair is None or not pair.samefile(path):
            # What pairs with the image is what is read again, so the painting itself is kept.
            still = f"the case still uses {pair.name}" if pair else "the case still has no labels"
            self.say(f"Saved a copy, {path.name}; {still}.", is_error=False)
            return
        case = replace(self.open_case.case, labels=pair)
        self._unsaved.pop(case.image, None)
        self.open_case = replace(self.open_case, case=case, truth=self.labels.copy())
        cases = tuple(case if c.name == case.name else c for c in self.dataset.cases)
        self.dataset = replace(self.dataset, cases=cases)
        self.dataset_opened.emit(self.dataset)
        self.say(f"Saved {path.name}", is_error=False)

    def ask_training(self, config: TrainConfig) -> None:
        """Ask for a training on the open dataset; whoever runs trainings hears it.

        Raises
        ------
        InputError
            No dataset is open, or a training runs already.
        """
        if self.dataset is None:
            raise InputError("No dataset is open. Open a folder of images with labels first.")
        if self.training is not None:
            raise InputError("A training runs already. Stop it first.")
        self.training_asked.emit(config)

    def ask_stop(self) -> None:
        """Ask for the training to stop after its current step."""
        self.stop_asked.emit()

    def start_training(self, run: Path) -> None:
        """Note that a training writes to a run folder."""
        self.training, self.told, self.failure, self.previews = run, [], "", True
        self.run = None
        self.training_started.emit(run)

    def tell(self, event: Event) -> None:
        """Pass on an event of the training; kept for panels that are opened later."""
        self.told.append(event)
        self.training_told.emit(event)

    def end_training(self, failure: str = "") -> None:
        """Note that the training is over: finished, stopped, or failed for a reason."""
        if self.training is not None:
            run, self.training, self.failure = self.training, None, failure
            self.training_ended.emit(run)

    def say(self, text: str, *, is_error: bool = True) -> None:
        """Tell the user something."""
        self.said.emit(Message(text, is_error))


def _paintable(classes: ClassTable) -> ClassTable:
    """Return classes to paint with, where the data name none."""
    return classes if classes.foreground else ClassTable.found_in(range(1, len(PALETTE) + 1))


def _copy(labels: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
    return None if labels is None else labels.copy()
