"""The folder of a run: what is in it, and under which name. Readable without this program."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, LabelClass
from segstudio.core.metrics import Score
from segstudio.data.atomic import write_text, written
from segstudio.data.splits import Split
from segstudio.learn.config import TrainConfig, make_config, read_settings, to_toml
from segstudio.learn.events import Event, Summary, as_record
from segstudio.learn.scores_file import write_scores

# What a run that goes on may be given anew: how long, and where.
CHANGEABLE = frozenset(
    {
        "epochs",
        "max_seconds",
        "early_stop",
        "device",
        "precision",
        "cache_gb",
        "prefetch",
        "threads",
        "checkpoint_minutes",
    }
)
LOG_END = 2**16  # bytes: more than is told between two steps, but for very many cases


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run."""

    path: Path

    @classmethod
    def free(cls, path: Path) -> "RunFolder":
        """Return a run folder that is still to be made.

        Raises
        ------
        InputError
            Something is there already.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(
                f"The run folder '{path}' exists already. Choose another, or resume that run."
            )
        return cls(path)

    @classmethod
    def opened(cls, path: Path) -> "RunFolder":
        """Return the run folder at a path.

        Raises
        ------
        InputError
            There is no run.
        """
        if not (path / "config.toml").is_file():
            raise InputError(
                f"'{path}' is not a run folder: it holds no config.toml. Check the path."
            )
        return cls(path)

    @property
    def best(self) -> Path:
        """The checkpoint of the best epoch."""
        return self.path / "checkpoints" / "best.pt"

    @property
    def last(self) -> Path:
        """The newest checkpoint."""
        return self.path / "checkpoints" / "last.pt"

    @property
    def log(self) -> Path:
        """The events, one JSON line each."""
        return self.path / "log.jsonl"

    def write_config(
        self, config: TrainConfig, classes: ClassTable, dataset: Mapping[str, Any]
    ) -> None:
        """Write ``config.toml``: the settings, and what is to know of the dataset.

        Parameters
        ----------
        config : TrainConfig
            The settings.
        classes : ClassTable
            What is segmented.
        dataset : mapping
            Its name, fingerprint and number of channels.
        """
        settings = config.model_dump()
        told = {**dataset, "classes": [asdict(c) for c in classes.classes]}
        if classes.ignore is not None:
            told["ignore"] = classes.ignore
        settings["dataset"] = told
        write_text(self.path / "config.toml", to_toml(settings), overwrite=True)

    def read_config(self) -> tuple[TrainConfig, ClassTable]:
        """Return the settings and classes of the run."""
        settings = read_settings(self.path / "config.toml")
        dataset = settings.pop("dataset", {})
        try:
            rows = tuple(LabelClass(**row) for row in dataset["classes"])
            classes = ClassTable(rows, dataset.get("ignore"))
        except (KeyError, TypeError) as error:
            raise InputError(f"'{self.path / 'config.toml'}' names no classes.") from error
        return make_config(**settings), classes

    def read_dataset(self) -> dict[str, Any]:
        """Return what the run knows of its dataset: name, fingerprint, channels, classes."""
        found: dict[str, Any] = read_settings(self.path / "config.toml").get("dataset", {})
        return found

    def read_channels(self) -> int:
        """Return how many channels an image has; runs of earlier versions had one."""
        return int(self.read_dataset().get("channels", 1))

    def config_to_resume(self, asked: TrainConfig) -> tuple[TrainConfig, ClassTable]:
        """Return the settings to go on with, and the classes.

        Parameters
        ----------
        asked : TrainConfig
            What it sets of `CHANGEABLE` takes the place of the run's own; what it leaves out
            stays as it was.

        Raises
        ------
        InputError
            It sets something else to another value than the run's own.
        """
        own, classes = self.read_config()
        given = {name: getattr(asked, name) for name in asked.model_fields_set}
        given = {k: v for k, v in given.items() if not is_met(k, v, own)}
        for name, value in given.items():
            if name not in CHANGEABLE and value != getattr(own, name):
                raise InputError(
                    f"The run '{self.path}' was started with {name} = {getattr(own, name)!r} and "
                    f"keeps it, but {value!r} is asked for. Leave that out, or start a new "
                    "run."
                )
        changed = {name: given[name] for name in given.keys() & CHANGEABLE}
        return own.model_copy(update=changed), classes

    def write_split(self, split: Split) -> None:
        """Write ``split.json``."""
        write_text(self.path / "split.json", json.dumps(split.as_dict(), indent=1))

    def read_split(self) -> Split:
        """Return the split of the run."""
        try:
            sides = json.loads((self.path / "split.json").read_text(encoding="utf-8"))
            return Split(**{side: tuple(names) for side, names in sides.items()})
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"'{self.path / 'split.json'}' cannot be read.") from error

    def append(self, event: Event) -> None:
        """Add an event to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(as_record(event)) + "\n")

    def cut_log(self, epoch: int, step: int) -> None:
        """Forget what a run that goes on after a step of an epoch tells again."""
        if not self.log.exists():
            return
        size = behind = 0
        for line in self.log.read_bytes().splitlines(keepends=True):
            size += len(line)
            if _is_behind(line, epoch, step):
                behind = size
        os.truncate(self.log, behind)

    def events(self) -> list[dict[str, Any]]:
        """Return the log; a last line cut short by a crash is left out."""
        if not self.log.exists():
            return []
        records = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        return records

    def share_done(self) -> float:
        """Return the share of the training that the end of the log tells of; 0 if of none."""
        if not self.log.exists():
            return 0.0
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - LOG_END))
            lines = file.read().split(b"\n")
        for line in reversed(lines):
            if line.startswith(b'{"event": "StepDone"'):
                try:
                    return float(json.loads(line)["done"])
                except ValueError:
                    continue  # half written yet
        return 0.0

    def write_environment(self, rows: Mapping[str, str]) -> None:
        """Write ``environment.json``: versions and devices of the newest sitting."""
        path = self.path / "environment.json"
        write_text(path, json.dumps(rows, indent=1, ensure_ascii=False), overwrite=True)

    def write_timeline_cases(self, names: Sequence[str]) -> None:
        """Write ``timeline/cases.json``: the cases of the timeline, in the order of its arrays."""
        path = self.path / "timeline" / "cases.json"
        write_text(path, json.dumps(list(names), ensure_ascii=False), overwrite=True)

    def write_timeline(self, epoch: int, labels: Sequence[NDArray[np.integer]]) -> None:
        """Write ``timeline/epoch_NNNN.npz``: label values ``case_0``, ``case_1`` and so on."""
        arrays = {f"case_{i}": v.astype(np.min_scalar_type(v.max())) for i, v in enumerate(labels)}
        path = self.path / "timeline" / f"epoch_{epoch:04d}.npz"
        with written(path, overwrite=True) as temporary:
            np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]

    def read_timeline(self, epoch: int) -> dict[str, NDArray[np.integer]]:
        """Return what was predicted after an epoch: label values ``(Z, Y, X)`` by case name.

        Raises
        ------
        InputError
            The run kept nothing for that epoch.
        """
        path = self.path / "timeline" / f"epoch_{epoch:04d}.npz"
        try:
            names = json.loads((path.parent / "cases.json").read_text(encoding="utf-8"))
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[f"case_{i}"] for i, name in enumerate(names)}
        except (OSError, ValueError, LookupError) as error:
            raise InputError(
                f"The run '{self.path}' keeps no timeline of epoch {epoch}."
            ) from error

    def write_scores(self, scores: Iterable[tuple[str, Score]]) -> None:
        """Write ``scores.csv``: a row for each side, case and class."""
        write_scores(self.path / "scores.csv", scores, overwrite=True)

    def write_summary(self, summary: Summary) -> None:
        """Write ``summary.json``, the last file of a finished run."""
        write_text(self.path / "summary.json", json.dumps(summary, indent=1), overwrite=True)

    def forget_summary(self) -> None:
        """Remove the summary: a run that goes on is not finished."""
        (self.path / "summary.json").unlink(missing_ok=True)

    def read_summary(self) -> Summary | None:
        """Return the summary; None while the run is not finished."""
        path = self.path / "summary.json"
        if not path.exists():
            return None
        summary: Summary = json.loads(path.read_text(encoding="utf-8"))
        return summary


def is_met(name: str, asked: Any, own: TrainConfig) -> bool:
    """Return whether what is asked for is what the run made of it when it began."""
    if name == "norm":
        return asked in ("auto", own.norm)
    if name == "patch_size" and asked and own.patch_size:
        # The run's own was raised to what its levels can halve.
        pairs = zip(asked, own.patch_size, strict=False)
        return all(0 <= mine - wanted < 2 ** (own.levels - 1) for wanted, mine in pairs)
    return False


def _is_behind(line: bytes, epoch: int, step: int) -> bool:
    """Return whether a line of the log tells of training that a checkpoint knows of.

    Validations and the end do not: one that was stopped is done anew.
    """
    try:
        record = json.loads(line) if line.endswith(b"\n") else {}
    except ValueError:
        return False
    if record.get("event") not in ("StepDone", "Guarded", "EpochDone", "Saved"):
        return False
    if record.get("kind") == "lost class":  # of the best network at the end, which may change
        return False
    if record.get("step"):
        return bool((record["epoch"], record["step"]) <= (epoch, step))
    return bool(record["epoch"] < epoch)


def runs_home() -> Path:
    """Return the folder that new runs go to: ``$SEGSTUDIO_RUNS``, or ``segstudio/runs`` at home."""
    return Path(os.environ.get("SEGSTUDIO_RUNS") or Path.home() / "segstudio" / "runs")


def new_run_path(home: Path, dataset: str, loss: str) -> Path:
    """Return a path under `home` that no run has: dataset, loss, date and time."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    # A sum of losses has signs that not every system takes in a name, and may be long.
    words = re.sub(r"[^\w.]+", "-", f"{dataset}_{loss}")[:80].strip("-_.")
    first = home / f"{words}_{stamp}"
    path, n = first, 2
    while path.exists():
        path, n = first.with_name(f"{first.name}_{n}"), n + 1
    return path
