"""One process of trainings that two share; started by torchrun in `test_ranks`."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.learn import job_setup as jobs
from segstudio.learn import reading
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
    jobs.read_cases = poisoned if order.get("poison") else reading.read_cases
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


def poisoned(*given: Any) -> Any:
    """Return the training cases with one voxel of the second that is no number."""
    store, notes = reading.read_cases(*given)
    store.cases[1].image.read()[0, 2, 3, 3] = np.nan
    return store, notes


def as_row(event: Event) -> list:
    """Return the kind of an event, where it was, and its loss."""
    at = [getattr(event, name, None) for name in ("epoch", "step", "loss")]
    why = next((w for w in ("reason", "kind") if hasattr(event, w)), None)
    text = getattr(event, "text", None)
    return [type(event).__name__, *at, getattr(event, why) if why else None, text]


if __name__ == "__main__":
    main()
