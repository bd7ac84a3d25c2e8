"""Operations on labels: asked for, computed beside the window, looked at, done. No Qt."""

from typing import Protocol

from psygnal import Signal, SignalInstance

from segstudio.core.editing.box import Box
from segstudio.core.editing.edit import Edit, placed
from segstudio.session.annotation_choices import Ground, Operation, Part, Plane, Task
from segstudio.session.painting_limits import PaintingLimits


class _Annotation(Protocol):
    """What operations have to know of the annotation they are done in."""

    plane: Plane
    limits: PaintingLimits
    revision: int

    @property
    def edited(self) -> SignalInstance: ...

    @property
    def ground_changed(self) -> SignalInstance: ...

    def expect_ground(self) -> Ground: ...

    def do(self, edit: Edit) -> Edit: ...


class OperationsAsked:
    """Takes wishes for operations on the labels of an annotation, and what came of them.

    Attributes
    ----------
    busy : str
        What is being computed; empty if nothing is.
    preview : Edit or None
        What an operation would do, until the user agrees or not.
    """

    asked = Signal(Task)
    cancel_asked = Signal()
    busy_changed = Signal(str)
    preview_changed = Signal(object)
    refused = Signal(str)
    done = Signal(int)  # how many voxels were changed

    def __init__(self, annotation: _Annotation) -> None:
        self._annotation = annotation
        self.busy = ""
        self.preview: Edit | None = None
        # What was computed for other labels is worth nothing any more.
        annotation.edited.connect(lambda _: self.drop_preview())
        annotation.ground_changed.connect(lambda _: self.drop_preview())

    def task(self, operation: Operation) -> Task:
        """Return an operation on the labels as they are, to be computed."""
        annotation = self._annotation
        ground = annotation.expect_ground()
        box = operation.box(ground.labels.shape, annotation.plane)
        allowed = annotation.limits.on(ground)

        def where(here: Box) -> Box:
            return tuple(
                slice(outer.start + inner.start, outer.start + inner.stop)
                for inner, outer in zip(here, box, strict=True)
            )

        part = Part(
            ground.labels[box],
            ground.volume.data[box],
            ground.spacing,
            annotation.plane.axis if operation.scope == "planes" else None,
            lambda here: allowed.where(where(here)),
        )

        def compute() -> Edit:
            return allowed.of(placed(operation.act(part), box))

        return Task(operation, ground, annotation.revision, compute)

    def ask(self, operation: Operation) -> None:
        """Ask for an operation to be computed beside the window; whoever does hears it."""
        self.asked.emit(self.task(operation))

    def run(self, operation: Operation) -> Edit | None:
        """Compute an operation and do it; one with a preview is only shown."""
        task = self.task(operation)
        return self.finish(task, task.compute())

    def finish(self, task: Task, edit: Edit) -> Edit | None:
        """Do what was computed, or show it; refuse it where the labels are others by now."""
        title = task.operation.title
        if task.revision != self._annotation.revision:
            self.refused.emit(
                f"{title}: the labels were changed while it was computed, so nothing was done. "
                "Apply it again."
            )
            return None
        if not edit.count:
            self.refused.emit(f"{title}: nothing changes.{self._why_nothing(task.operation)}")
        elif task.operation.has_preview:
            self._show_preview(edit)
        else:
            self._do(edit)
        return edit

    def _do(self, edit: Edit) -> None:
        self._annotation.do(edit)
        self.done.emit(edit.count)

    def _why_nothing(self, operation: Operation) -> str:
        if self._annotation.limits.is_free:
            return f" {operation.needs}" if operation.needs else ""
        return " Painting is restricted: look at 'Where painting is allowed' and at the locks."

    def accept_preview(self) -> None:
        """Do what is shown."""
        edit = self.preview
        if edit is not None:
            self._show_preview(None)
            self._do(edit)

    def drop_preview(self) -> None:
        """Do not do what is shown."""
        self._show_preview(None)

    def _show_preview(self, edit: Edit | None) -> None:
        if edit is not self.preview:
            self.preview = edit
            self.preview_changed.emit(edit)

    def ask_cancel(self) -> None:
        """Ask for what is being computed to be dropped."""
        self.cancel_asked.emit()

    def note_busy(self, text: str) -> None:
        """Note what is being computed beside the window; nothing, if empty."""
        self.busy = text
        self.busy_changed.emit(text)
