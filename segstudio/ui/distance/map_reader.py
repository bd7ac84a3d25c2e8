"""Makes beside the window what of the distance maps takes long."""

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from segstudio.core.errors import InputError, sentence
from segstudio.data.formats import read_grid
from segstudio.session import Session
from segstudio.session.map_view import MapTask
from segstudio.session.messages import ExampleRequest
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside

if TYPE_CHECKING:
    from segstudio.learn.example import Example


class _OnGrid(NamedTuple):
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]


class MapReader:
    """Brings the maps of large volumes, and examples of what a loss sees, into a session.

    Parameters
    ----------
    session : Session
        Asked for them.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        # An example is not to wait for a map.
        self._maps, self._examples = Beside(), Beside()
        session.map_view.asked.connect(self._measure)
        session.loss_example.asked.connect(self._make_example)

    def close(self) -> None:
        """Wait for what is being made, and make nothing more."""
        self._maps.close()
        self._examples.close()

    def _measure(self, task: MapTask) -> None:
        self._maps.ask("map", task.measure, partial(self._take, task), partial(self._give_up, task))

    @at_the_edge
    def _give_up(self, task: MapTask, text: str) -> None:
        self.session.map_view.give_up(task)
        self.session.say(text)

    @at_the_edge
    def _take(self, task: MapTask, measured: object) -> None:
        self.session.map_view.take(task, measured)  # type: ignore[arg-type]

    def _make_example(self, request: ExampleRequest) -> None:
        self._examples.ask(
            "example",
            partial(_example, request),
            partial(self._show, request),
            partial(self._fail_example, request),
        )

    @at_the_edge
    def _fail_example(self, request: ExampleRequest, text: str) -> None:
        """Say that none is being made any more: an accident, which is told as such too."""
        self.session.say(text)
        self.session.loss_example.take(request, None, text)

    @at_the_edge
    def _show(self, request: ExampleRequest, made: "Example | str") -> None:
        example = self.session.loss_example
        if isinstance(made, str):
            example.take(request, None, made)
        else:
            example.take(request, made)


def _example(request: ExampleRequest) -> "Example | str":
    """Return an example, or why there can be none."""
    # Deferred: torch loads here, beside the window and not before it.
    from segstudio.learn.example import make_example

    config, opened = request.config, request.opened
    try:
        grids = []
        if config.patch_size is None:
            cases = request.dataset.cases
            grids = [read_grid(case.image) for case in cases if case.labels is not None]
        preparation = config.preparation
        sizes = [_OnGrid(preparation.shape(g), preparation.spacing_of(g)) for g in grids]
        return make_example(
            opened.volume,
            request.labels,
            opened.classes,
            config,
            sizes,
            plane=request.plane,
            number=request.number,
        )
    except (InputError, OSError) as error:
        return sentence(error)
