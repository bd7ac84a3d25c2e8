"""The parts of a comparison in processes of their own, here or on other machines, by Dask."""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.compare.plan import Part
from segstudio.compare.study import PartEnded, PartStarted, Study, read_study, run_part
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset

if TYPE_CHECKING:
    from distributed import Client

POLL = 0.5  # seconds between two looks at what the parts say
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
                "workers with 'dask worker', and give the address that it prints."
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
            scheduler_kwargs={"dashboard_address": ":0"},  # any port that is free
            silence_logs=logging.CRITICAL,
        ) as here,
        Client(here) as client,
    ):
        yield client


def run_on_cluster(
    dataset: Path, study: Study, client: "Client"
) -> Generator[PartStarted | PartAt | PartEnded]:
    """Yield how all parts that are not finished go, as many at once as there are workers.

    Every worker must see the dataset and the study's folder under the same paths. What is closed
    or dies is gone on with from each part's last checkpoint when the study is run again.

    Parameters
    ----------
    dataset : Path
        The folder all are trained on.
    study : Study
        From `open_study`.
    client : distributed.Client
        Of the cluster.
    """
    number = {part: i for i, part in enumerate(study.parts, 1)}
    waiting = {}
    for part, i in number.items():
        if study.is_done(part):
            yield PartStarted(part, i, len(number), "was finished before")
            continue
        paths = (str(dataset.absolute()), str(study.path.absolute()))
        # In the order of the plan; not pure: what ran before may have been cut short.
        waiting[part] = client.submit(train_part, *paths, part.name, pure=False, priority=-i)
    begun: set[Part] = set()
    try:
        while waiting:
            time.sleep(POLL)
            for part in [part for part, future in waiting.items() if future.done()]:
                is_done = waiting.pop(part).result()
                yield PartEnded(part, is_done)
            for part in waiting:
                share = study.run_of(part).share_done()
                if share and part not in begun:
                    begun.add(part)
                    yield PartStarted(part, number[part], len(number), "begins")
                if share:
                    yield PartAt(part, share)
    finally:
        client.cancel(list(waiting.values()))


def train_part(dataset: str, study: str, name: str) -> bool:
    """Train a part to its end or go on with it, in a worker; return whether it is finished."""
    found = read_study(Path(study))
    part = next(part for part in found.parts if part.name == name)
    with closing(run_part(open_dataset(dataset), found, part)) as events:
        for _ in events:
            pass
    return found.is_done(part)
