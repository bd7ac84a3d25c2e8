"""The runs whose curves are shown, and the epoch looked at. Scriptable, free of Qt and torch."""

from collections import Counter
from pathlib import Path

from psygnal import Signal

from segstudio.core.labels import ClassTable
from segstudio.learn.events import Event, Started, as_record
from segstudio.learn.run_curves import RunCurves, read_curves

# Told apart by readers who do not see all colours, and seen on light and on dark.
RUN_COLORS = ("#4aa3df", "#e69f00", "#14a37f", "#cc79a7", "#d55e00", "#8a7fe0", "#9a9a4a")


class RunsInView:
    """The runs that are compared, each with its own colour, and the cursor on their epochs.

    Attributes
    ----------
    curves : dict of RunCurves
        By run folder, in the order in which they were shown.
    colors : dict of str
        By run folder.
    live : Path or None
        The run that is followed: the running one, or the last that was.
    epoch : int or None
        Under the cursor; None: the newest of each run.
    timeline : Path or None
        The run whose prediction after that epoch is laid over the case in view.
    """

    asked = Signal(Path)
    runs_changed = Signal()
    epoch_changed = Signal(object)
    timeline_changed = Signal(object)

    def __init__(self) -> None:
        self.curves: dict[Path, RunCurves] = {}
        self.colors: dict[Path, str] = {}
        self.live: Path | None = None
        self.epoch: int | None = None
        self.timeline: Path | None = None
        self._wanted: set[Path] = set()  # which were asked for, and are being read
        self._told = RunCurves()  # of the run that is followed, shown or not
        self._class_colors: dict[str, str] = {}

    @property
    def last_epoch(self) -> int:
        """The last epoch that any run has ended."""
        return max((c.epochs_done for c in self.curves.values()), default=0)

    def names(self) -> dict[Path, str]:
        """Return what to call each run, all different: its loss, its folder's name, or its path."""
        losses = Counter(c.loss for c in self.curves.values())
        folders = Counter(run.name for run in self.curves)
        names = {
            run: curves.loss
            if curves.loss and losses[curves.loss] == 1
            else run.name
            if folders[run.name] == 1
            else str(run)
            for run, curves in self.curves.items()
        }
        taken = Counter(names.values())  # a folder may be called as another run's loss is
        return {run: name if taken[name] == 1 else str(run) for run, name in names.items()}

    def show(self, run: Path) -> None:
        """Read the curves of a run and show them.

        Raises
        ------
        InputError
            There is no run, or its log cannot be read.
        """
        self.take(run, read_curves(run))

    def ask(self, run: Path) -> None:
        """Ask for `show` to be done beside the window; whoever reads there hears it."""
        if run == self.live:
            self.take(run, self._told)
        elif run not in self.curves:
            self._wanted.add(run)
            self.asked.emit(run)

    def take_asked(self, run: Path, curves: RunCurves) -> None:
        """Show the curves of a run that was asked for, unless it was hidden meanwhile."""
        if run in self._wanted:
            self.take(run, curves)

    def take(self, run: Path, curves: RunCurves) -> None:
        """Show the curves of a run, which were read; a run that is shown keeps its own."""
        self._wanted.discard(run)
        if run in self.curves:
            return
        taken = set(self.colors.values())
        free = (color for color in RUN_COLORS if color not in taken)
        self.colors[run] = next(free, RUN_COLORS[len(self.colors) % len(RUN_COLORS)])
        self._recolor(curves)
        self.curves[run] = curves
        self.runs_changed.emit()

    def take_class_colors(self, classes: ClassTable) -> None:
        """Draw the curves of classes in the colours that the open case's table gives them now."""
        self._class_colors = {c.name: c.color for c in classes.foreground}
        recolored = [self._recolor(curves) for curves in self.curves.values()]
        if any(recolored):
            self.runs_changed.emit()

    def _recolor(self, curves: RunCurves) -> bool:
        """Give the classes of a run their colours of now; return whether any had another."""
        before = dict(curves.class_colors)
        known = before.keys() & self._class_colors.keys()
        curves.class_colors.update({name: self._class_colors[name] for name in known})
        return curves.class_colors != before

    def hide(self, run: Path) -> None:
        """Show a run no longer."""
        self._wanted.discard(run)
        if run in self.curves:
            del self.curves[run], self.colors[run]
            if self.timeline == run:
                self.lay_over(None)
            self.runs_changed.emit()

    def follow(self, run: Path) -> None:
        """Show a run that begins, in the place of the one that was followed before."""
        if self.live is not None:
            self.hide(self.live)
        self.live, self._told = run, RunCurves()
        self.go_to(None)
        self.take(run, self._told)

    def tell(self, event: Event) -> None:
        """Take an event of the run that is followed."""
        if self.live is None:
            return
        if isinstance(event, Started) and (self.live / "config.toml").is_file():
            # The settings; and of a run that goes on, what it has told before.
            self._told = read_curves(self.live)
            self._recolor(self._told)
            if self.live in self.curves:
                self.curves[self.live] = self._told
                self.runs_changed.emit()
        self._told.take(as_record(event))

    def go_to(self, epoch: int | None) -> None:
        """Put the cursor on an epoch; from the last one on it stays with the newest."""
        if epoch is not None:
            epoch = None if epoch >= self.last_epoch else max(1, epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.epoch_changed.emit(epoch)

    def lay_over(self, run: Path | None) -> None:
        """Choose the run whose timeline is laid over the case in view; None: none."""
        if run != self.timeline:
            self.timeline = run
            self.timeline_changed.emit(run)
