"""The parts of a comparison in processes of their own, here or on other machines, by Dask."""

import logging
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from segstudio.compare.plan import Part
from segstudio.compare.study import PartEnded, PartStarted, PartState, Study, read_study, run_part
from segstudio.core.errors import InputError
from segstudio.data.project_file import dataset_at
from segstudio.learn.control import Control

if TYPE_CHECKING:
    from distributed import Client, Future

POLL = 0.5  # seconds between two looks at what the parts say
# A file in the study's folder that the trainings heed which a client began, and no others.
STOP, STOPPED = "stop-{client}", "it was stopped"
LONGEST_STOP = 60  # seconds for a training to end and save its state
_ONE_AT_A_TIME = threading.Lock()
WAIT = 10  # seconds for a scheduler to answer


@dataclass(frozen=True)
class PartAt:
    """How far the training of a part is, from 0 to 1."""

    part: Part
    done: float


@contextmanager
def dask_client(address: str | None, workers: int) -> Iterator["Client"]:
    """Yield a client of a Dask cluster.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, such as ``tcp://host:8786``; left out, a cluster on this machine that ends
        with the block.
    workers : int
        How many processes that has.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError(
            "Several parts at once need Dask. Install it with: pip install 'segstudio[cluster]'"
        ) from error
    if address:
        try:
            client = Client(address, timeout=WAIT)
        except (OSError, ValueError) as error:
            raise InputError(
                f"No Dask scheduler answers at '{address}'. Start one with 'dask scheduler', "
                "workers with 'dask worker ADDRESS', and give the address that it prints."
            ) from error
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any port that is free
            silence_logs=logging.CRITICAL,
        ) as here,
        Client(here) as client,
    ):
        client.run(_ignore_interrupts)
        yield client


def _ignore_interrupts() -> None:
    """Leave it to the first process to say when all stop: Ctrl+C reaches all of a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_on_cluster(
    dataset: Path, study: Study, client: "Client"
) -> Generator[PartStarted | PartAt | PartEnded]:
    """Yield how all parts that are not finished go, as many at once as there are workers.

    Every worker must see the dataset and the study's folder under the same paths. A worker trains
    one part at a time, however many threads it has. Closing stops the parts between two steps,
    their state saved; what dies is gone on with from its last checkpoint when run again.

    Parameters
    ----------
    dataset : Path
        The folder all are trained on.
    study : Study
        From `open_study`.
    client : distributed.Client
        Of the cluster.

    Raises
    ------
    InputError
        A training cannot be, or the cluster is lost.
    """
    from distributed import CancelledError, KilledWorker

    own = uuid4().hex  # another process may be at the same study: each stops what it began
    number = {part: i for i, part in enumerate(study.parts, 1)}
    waiting = {}
    for part, i in number.items():
        if study.is_done(part):
            yield PartStarted(part, i, len(number), "was finished before")
            continue
        told = (str(dataset.absolute()), str(study.path.absolute()), part.name, own)
        # In the order of the plan; not pure: what ran before may have been cut short.
        waiting[part] = client.submit(train_part, *told, pure=False, priority=-i)
    shares = {part: study.run_of(part).share_done() for part in waiting}  # of earlier sittings
    begun: set[Part] = set()
    try:
        while waiting:
            time.sleep(POLL)
            for part in [part for part, future in waiting.items() if future.done()]:
                yield PartEnded(part, *waiting.pop(part).result())
            for part in waiting:
                share = study.run_of(part).share_done()
                if share == shares[part] and part not in begun:
                    continue  # no worker is at it yet
                if part not in begun:
                    begun.add(part)
                    state: PartState = "goes on" if shares[part] else "begins"
                    yield PartStarted(part, number[part], len(number), state)
                yield PartAt(part, share)
    except (CancelledError, KilledWorker) as error:
        raise InputError(
            "The cluster was lost, or a worker died again and again, as one without enough memory "
            "does. Finished parts are kept; give the same command again to go on."
        ) from error
    finally:
        _stop(list(waiting.values()), study.path / STOP.format(client=own))


def _stop(futures: "Sequence[Future]", stop: Path) -> None:
    """End what runs between two steps, and what waits as soon as it begins."""
    if not futures:
        return
    stop.touch()
    ends = time.monotonic() + LONGEST_STOP
    while time.monotonic() < ends and any(not future.done() for future in futures):
        time.sleep(POLL)
    # Left where something may still begin or run, on a worker that answers late.
    if all(future.done() for future in futures):
        stop.unlink(missing_ok=True)


def train_part(dataset: str, study: str, name: str, client: str) -> tuple[bool, str]:
    """Train a part to its end or go on with it, in a worker.

    Parameters
    ----------
    dataset, study, name : str
        The folders of both, and the part's name.
    client : str
        Who asked for it, and whose stop it heeds.

    Returns
    -------
    (bool, str)
        Whether it is finished, and if not why.
    """
    found, control, reason = read_study(Path(study)), Control(), "is with another process"
    part = next(part for part in found.parts if part.name == name)
    stop = found.path / STOP.format(client=client)
    # torch's random stream and number of threads belong to the process, not to a thread.
    with _ONE_AT_A_TIME:
        if stop.exists():
            return False, STOPPED
        with closing(run_part(dataset_at(dataset)[0], found, part, control)) as events:
            for event in events:
                if isinstance(event, PartEnded):
                    reason = event.reason
                if stop.exists():
                    control.wish = "stop"
    return found.is_done(part), reason
