"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.datasets import Case, Dataset, image_beside, labels_beside, open_dataset
from segstudio.data.formats import read_labels, read_volume, stem, write_labels
from segstudio.learn.config import TrainConfig
from segstudio.learn.events import Event


@dataclass(frozen=True, eq=False)
class OpenCase:
    """The case in view, read from disk.

    Attributes
    ----------
    case : Case
        Which it is.
    volume : Volume
        Its image.
    truth : ndarray of int32, shape (Z, Y, X), or None
        Its label values as read.
    classes : ClassTable
        The dataset's classes, or those found in the labels.
    """

    case: Case
    volume: Volume
    truth: NDArray[np.int32] | None
    classes: ClassTable


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
    """

    value: int = 1
    per_plane: bool = True
    visible: bool = True


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
    run : Path or None
        The run whose prediction is shown for each case that is opened.
    training : Path or None
        The run folder being written.
    """

    dataset_opened = Signal(Dataset)
    case_opened = Signal(OpenCase)
    labels_made = Signal(object)
    map_chosen = Signal(MapChoice)
    prediction_shown = Signal(object)
    run_chosen = Signal(object)
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
        self.run: Path | None = None
        self.training: Path | None = None

    def open(self, path: str | Path) -> None:
        """Open a folder as a dataset, or a file as a case of its own.

        Raises
        ------
        InputError
            The path is missing or cannot be read.
        """
        path = Path(path)
        if path.is_dir():
            self.open_folder(path)
        else:
            self.open_image(path)

    def open_folder(self, folder: str | Path) -> None:
        """Open a dataset and show its first case."""
        self._use(open_dataset(folder))

    def open_image(self, path: str | Path) -> None:
        """Open one image, with the labels beside it; or labels, with the image beside them."""
        path = Path(path)
        if not path.exists():
            raise InputError(f"'{path}' does not exist. Check the path.")
        path = image_beside(path) or path
        name = stem(path)
        case = Case(name, name, path, labels_beside(path))
        self._use(Dataset(path.parent.name, path.parent, (case,), None))

    def _use(self, dataset: Dataset) -> None:
        first = _read(dataset, dataset.cases[0])
        self.dataset = dataset
        self.dataset_opened.emit(dataset)
        self._show(first)

    def show_case(self, name: str) -> None:
        """Read a case of the open dataset and show it."""
        if self.dataset is None:
            raise InputError("No dataset is open. Open a folder first.")
        self._show(_read(self.dataset, self.dataset.case(name)))

    def _show(self, opened: OpenCase) -> None:
        self.open_case, self.prediction = opened, None
        self.labels = None if opened.truth is None else opened.truth.copy()
        values = opened.classes.values
        if self.map_choice.value not in values[1:] and len(values) > 1:
            self.map_choice = MapChoice(values[1], self.map_choice.per_plane)
        self.case_opened.emit(opened)

    def choose_map(self, choice: MapChoice) -> None:
        """Show another distance map."""
        self.map_choice = choice
        self.map_chosen.emit(choice)

    def show_prediction(self, labels: NDArray[np.int32] | None) -> None:
        """Lay label values ``(Z, Y, X)`` over the case in view, or take them away."""
        self.prediction = labels
        self.prediction_shown.emit(labels)

    def choose_run(self, run: Path | None) -> None:
        """Choose the run whose prediction is shown."""
        self.run = run
        self.run_chosen.emit(run)

    def new_labels(self) -> None:
        """Make empty labels to paint on, where the case in view has none."""
        if self.open_case is None:
            raise InputError("No image is open. Open one first, then label it.")
        if self.labels is None:
            self.labels = np.zeros(self.open_case.volume.data.shape, np.int32)
            self.labels_made.emit(self.labels)

    def save_labels(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the labels of the case in view, in the geometry of its image.

        Raises
        ------
        InputError
            There are no labels, or the file exists and `overwrite` is false.
        """
        if self.open_case is None or self.labels is None:
            raise InputError("There are no labels to save. Open a case, or make new labels.")
        write_labels(path, self.labels, self.open_case.volume.grid, overwrite=overwrite)
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
        self.training = run
        self.training_started.emit(run)

    def tell(self, event: Event) -> None:
        """Pass on an event of the training."""
        self.training_told.emit(event)

    def end_training(self) -> None:
        """Note that the training is over, finished or stopped."""
        if self.training is not None:
            run, self.training = self.training, None
            self.training_ended.emit(run)

    def say(self, text: str, *, is_error: bool = True) -> None:
        """Tell the user something."""
        self.said.emit(Message(text, is_error))


def _read(dataset: Dataset, case: Case) -> OpenCase:
    volume = read_volume(case.image)
    truth = None if case.labels is None else read_labels(case.labels, like=volume)
    classes = dataset.classes
    if classes is None:
        classes = ClassTable.found_in([] if truth is None else np.unique(truth).tolist())
    elif truth is not None:
        classes.to_indices(truth, f"'{case.labels}'")
    return OpenCase(case, volume, truth, classes)
