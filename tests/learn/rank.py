"""One process of trainings that two share; started by torchrun in `test_ranks`."""

import json
import os
import sys
from pathlib import Path

from segstudio.learn.config import make_config
from segstudio.learn.control import Control
from segstudio.learn.device import leave_ranks
from segstudio.learn.events import Event, StepDone
from segstudio.learn.training import train


def main() -> None:
    """Train as a file says, one training after the other, and write what was told."""
    for order in json.loads(Path(sys.argv[1]).read_text()):
        obey(order, int(os.environ["RANK"]))
    leave_ranks()


def obey(order: dict, rank: int) -> None:
    """Do one training."""
    control, told = Control(), []
    events = train(
        order["data"],
        make_config(**order["settings"]),
        order["run"],
        resume=order.get("resume", False),
        control=control,
    )
    for event in events:
        told.append(as_row(event))
        is_mine = rank == order.get("rank_that_stops", -1)
        if is_mine and isinstance(event, StepDone) and event.step == order["stop_at"]:
            control.wish = "stop"
    Path(order["run"] + f"-{order.get('resume', False)}.{rank}").write_text(json.dumps(told))


def as_row(event: Event) -> list:
    """Return the kind of an event, where it was, and its loss."""
    at = [getattr(event, name, None) for name in ("epoch", "step", "loss")]
    return [type(event).__name__, *at, getattr(event, "reason", getattr(event, "kind", None))]


if __name__ == "__main__":
    main()
