"""Does beside the window what a comparison wants: predictions, regions, pictures, lenses."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer

from segstudio.compare.case_rank import TestScores, read_test_scores
from segstudio.compare.case_scores import Found, find_in_case, regions_of_case
from segstudio.session import Session
from segstudio.session.comparison_view import ComparisonView, LensPicture, RunOnCase, Task
from segstudio.session.open_case import OpenCase
from segstudio.ui.compare.comparison_pictures import LensWish, drawn_lens, export_comparison
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside
from segstudio.ui.threads.progress_thread import ProgressThread
from segstudio.viewer.comparison_stage import ComparisonStage

_Asked = tuple[int | None, bool, Found]


class Comparer(QObject):
    """Follows the comparison of a session; predictions are made one after another.

    Parameters
    ----------
    session : Session
        Whose comparison.
    stage : ComparisonStage
        Brought up to date while the window has nothing else to do.
    """

    def __init__(self, session: Session, stage: ComparisonStage) -> None:
        super().__init__()
        self.session, self._stage = session, stage
        self._comparison = session.comparison
        self._beside = Beside()
        self._beside.failed.connect(session.say)
        self._asked: dict[Path, _Asked] = {}  # the regions that are being found
        self._prediction: ProgressThread | None = None
        self._predicted: tuple[Path, OpenCase] | None = None
        self._task: ProgressThread | None = None
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        stage.behind.connect(self._wait_to_step)
        self._comparison.changed.connect(self._follow)
        self._comparison.stop_asked.connect(self._stop)
        self._comparison.export_asked.connect(self._export)
        self._comparison.lens_asked.connect(self._look)
        self._comparison.ranked.asked.connect(self._read_scores)

    def close(self) -> None:
        """Stop what runs and wait for it."""
        self._closed = True
        self._stop()
        self._beside.close()
        for thread in (self._prediction, self._task):
            if thread is not None:
                thread.wait()

    def _stop(self) -> None:
        for thread in (self._prediction, self._task):
            if thread is not None:
                thread.stop()

    def _wait_to_step(self) -> None:
        if not self._closed and not self._timer.isActive():
            self._timer.start()

    @at_the_edge
    def _step(self) -> None:
        if not self._closed and self._stage.step():
            self._timer.start()

    def _follow(self) -> None:
        """Begin what is wanted now, and stop what is not any more."""
        if self._closed:
            return
        if self._predicted is not None and self._prediction is not None:
            run, opened = self._predicted
            is_wanted = self._comparison.is_on_case(opened) and run in self._comparison.results
            if not is_wanted or not self._comparison.is_on:
                self._prediction.stop()
        self._predict_next()
        self._find_regions()

    def _predict_next(self) -> None:
        run, opened = self._comparison.next_run, self._comparison.case
        if self._prediction is not None or run is None or opened is None:
            return
        find = partial(
            find_in_case,
            run,
            opened.case.name,
            opened.volume,
            opened.truth,
            opened.classes,
            dataset=self.session.dataset,
        )
        thread = ProgressThread(lambda tell: find(tell=tell))
        thread.told.connect(self._tell_share)
        thread.finished.connect(self._end_prediction)
        self._prediction, self._predicted = thread, (run, opened)
        thread.start()
        self._comparison.note(run, opened, RunOnCase("running"))

    @at_the_edge
    def _tell_share(self, share: float) -> None:
        if self._predicted is not None and not self._closed:
            run, opened = self._predicted
            known = self._comparison.results.get(run)
            if known is not None and known.state == "running":
                self._comparison.note(run, opened, RunOnCase("running", share))

    @at_the_edge
    def _end_prediction(self) -> None:
        thread, wish = self._prediction, self._predicted
        self._prediction = self._predicted = None
        if thread is None or wish is None:
            return
        thread.wait()
        thread.deleteLater()
        if not self._closed:
            self._note_result(thread, *wish)
            self._predict_next()

    def _note_result(self, thread: ProgressThread, run: Path, opened: OpenCase) -> None:
        found, known = thread.result, self._comparison.results.get(run)
        if known is None or known.state != "running":
            return  # it was stopped, or is wanted anew
        if isinstance(found, Found):
            self._comparison.note(run, opened, RunOnCase("done", 1.0, found))
        elif thread.is_stopped:
            # Stopped because it was not wanted, and wanted again since.
            self._comparison.note(run, opened, RunOnCase())
        else:
            self._comparison.note(run, opened, RunOnCase("failed", failure=thread.failure))

    def _find_regions(self) -> None:
        view, opened = self._comparison.view, self._comparison.case
        known = self._comparison.found
        # What failed is not asked for again, as long as it would be the same.
        self._asked = {run: one for run, one in self._asked.items() if known.get(run) is one[2]}
        if view.mode != "regions" or opened is None or opened.truth is None:
            return
        for run, found in known.items():
            asked = (view.value, view.weighted, found)
            if run in self._comparison.regions or self._asked.get(run) == asked:
                continue
            self._asked[run] = asked
            find = partial(
                regions_of_case,
                found,
                opened.truth,
                opened.classes,
                opened.volume.grid,
                value=view.value,
                weighted=view.weighted,
            )
            then = partial(self._note_regions, asked, view, run, opened)
            self._beside.ask(("regions", run), find, then)

    @at_the_edge
    def _note_regions(
        self,
        asked: _Asked,
        view: ComparisonView,
        run: Path,
        opened: OpenCase,
        found: Any,
    ) -> None:
        # What was asked for of a prediction that was made anew since is of the one before.
        if self._asked.get(run) == asked:
            del self._asked[run]
            self._comparison.note_regions(view, run, opened, found)

    def _read_scores(self, run: Path) -> None:
        self._beside.ask(
            ("scores", run), partial(read_test_scores, run), partial(self._note_scores, run)
        )

    @at_the_edge
    def _note_scores(self, run: Path, scores: TestScores) -> None:
        self._comparison.ranked.note(run, scores)

    @at_the_edge
    def _export(self, path: Path, overwrite: bool) -> None:
        write = export_comparison(self._comparison, path, overwrite=overwrite)
        self._begin(f"Writing {path.name} …", write)

    @at_the_edge
    def _look(self, loss: str) -> None:
        self._begin(
            f"Looking through {loss} …", partial(drawn_lens, LensWish.of(self._comparison, loss))
        )

    def _begin(self, text: str, work: Any) -> None:
        """Begin a task; one at a time."""
        if self._task is not None:
            self.session.say(f"Still at work: {self._comparison.task.text}", is_error=False)
            return
        thread = ProgressThread(work)
        thread.told.connect(self._tell_task)
        thread.finished.connect(self._end_task)
        self._task = thread
        self._comparison.set_task(Task(text))
        thread.start()

    @at_the_edge
    def _tell_task(self, share: float) -> None:
        if not self._closed and self._task is not None:
            self._comparison.set_task(Task(self._comparison.task.text, share))

    @at_the_edge
    def _end_task(self) -> None:
        thread, self._task = self._task, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        if self._closed:
            return
        self._comparison.set_task(Task())
        if isinstance(thread.result, LensPicture):
            self._comparison.lens_shown.emit(thread.result)
        elif isinstance(thread.result, Path):
            self.session.say(f"Saved {thread.result.name}", is_error=False)
        elif thread.failure and not thread.is_stopped:
            self.session.say(thread.failure)
