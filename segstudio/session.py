"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case, Dataset, labels_found_again, open_paths
from segstudio.data.formats import write_labels
from segstudio.messages import Check, MapChoice, Message, ReadingRequest
from segstudio.open_case import OpenCase, read_case
from segstudio.training_session import TrainingSession


class Session(TrainingSession):
    """The open project, case, runs and selection; with `TrainingSession` the trainings too.

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
    check : Check or None
        How the last examination of a dataset stands.
    reading : str
        What is being read beside the window, for the user; empty if nothing is.
    """

    dataset_opened = Signal(Dataset)
    case_opened = Signal(OpenCase)
    labels_made = Signal(object)
    map_chosen = Signal(MapChoice)
    prediction_shown = Signal(object)
    run_chosen = Signal(object)
    reading_asked = Signal(ReadingRequest)
    reading_changed = Signal(str)
    check_asked = Signal(Dataset)
    check_stop_asked = Signal()
    check_changed = Signal(Check)

    def __init__(self) -> None:
        super().__init__()
        self.dataset: Dataset | None = None
        self.open_case: OpenCase | None = None
        self.labels: NDArray[np.int32] | None = None
        self.map_choice = MapChoice()
        self.prediction: NDArray[np.int32] | None = None
        self.prediction_of = ""
        self.previews = True
        self.run: Path | None = None
        self.check: Check | None = None
        self.reading = ""
        self._unsaved: dict[_Image, NDArray[np.int32]] = {}
        self._doubted: set[_Image] = set()

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
        self._keep_painting()
        # Another patient's picture must not stand under the new names while they are read.
        self.open_case, self.labels, self.prediction = None, None, None
        self.dataset = dataset
        self.dataset_opened.emit(dataset)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read."""
        self._keep_painting()
        kept = self._unsaved.get(_image_of(opened.case))
        if kept is not None and opened.truth is None:
            opened = opened.paintable()
        self.open_case, self.prediction = opened, None
        truth = opened.truth
        self.labels = kept if kept is not None or truth is None else truth.copy()
        values = opened.classes.values
        if self.map_choice.value not in values[1:] and len(values) > 1:
            self.map_choice = replace(self.map_choice, value=values[1])
        self.case_opened.emit(opened)
        self._tell_doubts(opened)

    def _tell_doubts(self, opened: OpenCase) -> None:
        """Tell what an image's header contradicts itself in, the first time it is shown."""
        image, doubts = _image_of(opened.case), opened.volume.grid.doubts
        if doubts and image not in self._doubted:
            self._doubted.add(image)
            self.say(f"{opened.case.name}: {' '.join(doubts)}", is_error=False)

    def _keep_painting(self) -> None:
        """Keep what was painted on the case in view and not saved, for when it is shown again."""
        if self.open_case is None or self.labels is None:
            return
        truth = self.open_case.truth
        image = _image_of(self.open_case.case)
        unpainted = not self.labels.any() if truth is None else np.array_equal(self.labels, truth)
        if unpainted:
            self._unsaved.pop(image, None)
        else:
            self._unsaved[image] = self.labels

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
            self.open_case = self.open_case.paintable()
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
        self._expect_no_image(path)
        write_labels(path, self.labels, self.open_case.volume.grid, overwrite=overwrite)
        pair = labels_found_again(self.dataset, self.open_case.case)
        if pair is None or not pair.samefile(path):
            # What pairs with the image is what is read again, so the painting itself is kept.
            still = f"the case still uses {pair.name}" if pair else "the case still has no labels"
            self.say(f"Saved a copy, {path.name}; {still}.", is_error=False)
            return
        case = replace(self.open_case.case, labels=pair)
        self._unsaved.pop(_image_of(case), None)
        self.open_case = replace(self.open_case, case=case, truth=self.labels.copy())
        cases = tuple(case if _image_of(c) == _image_of(case) else c for c in self.dataset.cases)
        self.dataset = replace(self.dataset, cases=cases)
        self.dataset_opened.emit(self.dataset)
        self.say(f"Saved {path.name}", is_error=False)

    def _expect_no_image(self, path: Path) -> None:
        """Refuse to write over an image of the open dataset."""
        cases = self.dataset.cases if self.dataset is not None else ()
        images = (image for case in cases for image in case.channels if case.labels != image)
        if path.exists() and any(image.exists() and image.samefile(path) for image in images):
            raise InputError(
                f"'{path.name}' is an image of this dataset, and the labels would replace it. "
                "Choose another name."
            )

    def ask_check(self) -> None:
        """Ask for the open dataset to be examined; whoever examines hears it.

        Raises
        ------
        InputError
            No dataset is open.
        """
        self.check_asked.emit(self._open_dataset())

    def ask_check_stop(self) -> None:
        """Ask for the examination to stop after the case it is at."""
        self.check_stop_asked.emit()

    def note_check(self, check: Check) -> None:
        """Note how an examination stands."""
        self.check = check
        self.check_changed.emit(check)

    def say(self, text: str, *, is_error: bool = True) -> None:
        """Tell the user something."""
        self.said.emit(Message(text, is_error))


# A file may hold several images along its fourth axis.
_Image = tuple[Path, tuple[int, ...]]


def _image_of(case: Case) -> _Image:
    return case.image, case.frames
