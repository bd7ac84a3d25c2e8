"""What a training works on, prepared anew or from its last checkpoint."""

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.atomic import written_folder
from segstudio.data.datasets import (
    Case,
    Dataset,
    class_presence,
    class_table,
    drawn,
    labelled_cases,
)
from segstudio.data.splits import Split, split_by_patient
from segstudio.learn.average import Average
from segstudio.learn.batches import Batches
from segstudio.learn.case_store import CaseStore
from segstudio.learn.checkpoint import load_training_state, load_weights, save_checkpoint
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import (
    Compute,
    choose_compute,
    keep_freed_memory,
    ranks_here,
    use_threads,
)
from segstudio.learn.environment import describe_environment
from segstudio.learn.guard import MOST_UNDONE, Guard, LastGood
from segstudio.learn.memory import budget
from segstudio.learn.network import network, patch_and_strides
from segstudio.learn.predict import Predictor, predictor_of
from segstudio.learn.reading import check_cases, read_cases
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.sampling import Sampler
from segstudio.learn.schedule import learning_rate
from segstudio.learn.validation import TruthCache, Validator
from segstudio.losses.criterion import Criterion

MOMENTUM = 0.99  # of SGD, as in nnU-Net
LEAST_CUT_OFF = 0.01  # of the labelled voxels, to be worth a word


@dataclass
class Progress:
    """Where the training stands; with weights and optimiser, all that a resume needs."""

    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_dice: float = -1.0
    watched_epoch: int = 0
    watched_dice: float = -1.0
    seconds: float = 0.0
    guard: Guard = field(default_factory=Guard)


@dataclass
class Job:
    """Everything the loop works on."""

    config: TrainConfig
    cases: dict[str, list[Case]]
    batches: Batches
    validator: Validator
    watcher: Validator | None
    compute: Compute
    model: Any
    optimizer: Any
    average: Average | None
    criterion: Criterion
    good: LastGood
    warnings: tuple[str, ...]
    progress: Progress = field(default_factory=Progress)
    began: float = 0.0
    saved: float = 0.0

    @property
    def classes(self) -> ClassTable:
        """What is segmented."""
        return self.predictor.classes

    @property
    def predictor(self) -> Predictor:
        """The network, ready to predict."""
        return self.validator.predictor

    def seconds(self) -> float:
        """Return how long the run has been training, earlier sittings included."""
        return time.monotonic() - self.began

    def is_out_of_time(self) -> bool:
        """Return whether the time limit is passed, which ends a training between two epochs."""
        limit, progress = self.config.max_seconds, self.progress
        between = progress.step == 0 and progress.epoch > 1
        return limit is not None and between and progress.seconds > limit

    def behind(self) -> float:
        """Return the epochs that are behind, with the share of this one."""
        return self.progress.epoch - 1 + self.progress.step / self.batches.steps()

    def done(self) -> float:
        """Return the share of the training that is behind, by epochs or by the time limit."""
        share = self.behind() / self.config.epochs
        if self.config.max_seconds:
            share = max(share, self.seconds() / self.config.max_seconds)
        return min(share, 1.0)

    def set_learning_rate(self) -> float:
        """Give the optimiser the learning rate of the step to come; return it."""
        rate = learning_rate(self.config, self.behind())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state() if self.average else None,
            "good": self.good.state,
            "ranks": self.compute.ranks,
            "progress": asdict(self.progress),
        }

    def restore(self, state: dict[str, Any], path: Path) -> None:
        """Take up a checkpoint's state; `path` names it in an error."""
        load_weights(self.model, state, path)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average and state.get("average"):
            self.average.restore(state["average"])
        if state.get("good"):
            self.good.state = state["good"]
        else:
            self.good.keep()
        told = dict(state["progress"])
        told["guard"] = Guard(**told.get("guard", {}))
        if told["guard"].undone >= MOST_UNDONE:
            told["guard"].undone = 0  # who resumes a training that was ended wants it to try again
        self.progress = Progress(**told)
        if self.progress.step and state.get("ranks", 1) != self.compute.ranks:
            raise InputError(
                f"The run was stopped within an epoch, with {state.get('ranks', 1)} process(es), "
                f"and {self.compute.ranks} would share that epoch otherwise. Resume with as many."
            )


def new_job(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, Job]:
    """Return a new run folder and the job for it; the folder is made when the data are read."""
    run, dataset = RunFolder.free(out), _as_drawn(dataset, config)
    cases = labelled_cases(dataset, skip_unlabelled=config.skip_unlabelled)
    needs_presence = config.stratify or dataset.classes is None
    presence = class_presence(dataset.cases) if needs_presence else {}
    classes = class_table(dataset, presence)
    fold = (config.fold, config.folds) if config.folds else None
    kinds = presence if config.stratify else None
    seed = config.seed if config.split_seed is None else config.split_seed
    split = split_by_patient(cases, seed, config.split, presence=kinds, fold=fold)
    if config.ignore_label is not None:
        classes = classes.ignoring(config.ignore_label)
    if len(classes) < 2:
        raise InputError(f"The labels in '{dataset.root}' are all background. Label some cases.")
    job = _prepare(dataset, config, classes, split)
    job.compute.fabric.barrier()  # every rank has seen that the folder is free
    if job.compute.rank == 0:
        # Whole or not at all: whatever ends the training from now on, it can be resumed.
        with written_folder(out) as folder:
            begun = RunFolder(folder)
            _write_settings(begun, job, dataset)
            begun.write_split(split)
            save_checkpoint(begun.last, job.state())
    return run, job


def resumed_job(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, Job]:
    """Return a run folder and the job as its last checkpoint left it."""
    run = RunFolder.opened(out)
    state = load_training_state(run.last)
    changed, classes = run.config_to_resume(config)
    dataset = _as_drawn(dataset, changed)
    job = _prepare(dataset, changed, classes, run.read_split())
    job.restore(state, run.last)
    if job.progress.epoch > changed.epochs and run.read_summary() is not None:
        raise InputError(
            f"The run '{out}' has finished its {job.progress.epoch - 1} epochs. "
            "Ask for more epochs to go on with it."
        )
    job.compute.fabric.barrier()  # every rank has read what is rewritten now
    if job.compute.rank == 0:
        run.cut_log(job.progress.epoch, job.progress.step)
        run.forget_summary()
        _write_settings(run, job, dataset)
    return run, job


def _as_drawn(dataset: Dataset, config: TrainConfig) -> Dataset:
    return dataset if config.landmarks is None else drawn(dataset, config.landmarks)


def _write_settings(run: RunFolder, job: Job, dataset: Dataset) -> None:
    truths, channels = job.validator.truths, job.predictor.channels
    told = {"name": dataset.name, "fingerprint": dataset.fingerprint, "channels": channels}
    run.write_config(job.config, job.classes, told)
    run.write_environment(describe_environment(job.compute))
    kept = sorted(kept_cases(job))
    run.write_timeline_cases([truths.cases[i].name for i in kept])


def kept_cases(job: Job) -> frozenset[int]:
    """Return which validation cases the timeline keeps, of those that the first rank predicts."""
    every, wanted = (
        range(0, len(job.validator.truths), job.compute.ranks),
        job.config.timeline_cases,
    )
    if isinstance(wanted, int):
        return frozenset(every[: max(0, wanted)])
    return frozenset(i for i in every if job.validator.truths.cases[i].name in wanted)


def _prepare(dataset: Dataset, config: TrainConfig, classes: ClassTable, split: Split) -> Job:
    """Return the job of a split: data read, network and optimiser placed."""
    keep_freed_memory()
    use_threads(config.threads)
    cases = _cases_by_side(dataset, split)
    if config.watch_test and not cases["test"]:
        raise InputError("There is no test side to watch: leave watch_test out, or split off one.")
    compute = choose_compute(config, together=True)
    store, notes = read_cases(
        cases["train"], classes, config, budget(config.cache_gb) // ranks_here()
    )
    channels = store[0].image.shape[0]
    notes += check_cases([*cases["validation"], *cases["test"]], classes, channels)
    config = _resolved(config, store)
    model = network(config, channels, len(classes))
    model, optimizer = compute.place(model, _optimizer(config, model))
    batches = _batches(config, store, len(classes), compute)
    notes += _cut_off(batches.sampler)
    criterion = Criterion(config.loss)
    predictor = predictor_of(model, compute, config, classes, channels)
    free = store.free // (2 if config.watch_test else 1)
    validator = Validator(
        TruthCache(cases["validation"], free),
        predictor,
        criterion,
        config.loss_maps,
        batches.frequencies,
        compute,
        per_plane=config.dimensions == 2,
    )
    tested = TruthCache(cases["test"], free)
    return Job(
        config=config,
        cases=cases,
        batches=batches,
        validator=validator,
        watcher=replace(validator, truths=tested, side="test") if config.watch_test else None,
        compute=compute,
        model=model,
        optimizer=optimizer,
        average=Average(model, config.average) if config.average else None,
        criterion=criterion,
        good=LastGood(model, optimizer),
        warnings=tuple(notes),
    )


def _batches(config: TrainConfig, store: CaseStore, n_classes: int, compute: Compute) -> Batches:
    sampler = Sampler(
        store,
        config.patch_size or (),
        config.share_of_foreground,
        config.samples_per_epoch,
        config.seed,
    )
    return Batches(
        sampler,
        n_classes,
        config.loss_maps,
        config.augmentation,
        config.batch_size,
        config.prefetch,
        compute.rank,
        compute.ranks,
    )


def _cut_off(sampler: Sampler) -> list[str]:
    """Return a sentence where planes are cut so that labels are lost."""
    share = sampler.cut_off()
    if share < LEAST_CUT_OFF:
        return []
    return [
        f"Planes are cut to {sampler.patch[0]} x {sampler.patch[1]} about their centre: "
        f"{share:.0%} of the labelled voxels lie outside and are never trained on. A larger "
        "patch_size shows them."
    ]


def _resolved(config: TrainConfig, store: CaseStore) -> TrainConfig:
    """Return the settings with what loss and data bring of their own.

    That is written down: a later version may bring something else.
    """
    patch, strides = patch_and_strides(config, store.cases)
    update = {
        "maps": config.loss_maps,
        "learning_rate": config.step_size,
        "patch_size": patch,
        "strides": strides,
        "foreground_share": config.share_of_foreground,
        "norm": config.norm_layers,
    }
    return config.model_copy(update=update)


def _optimizer(config: TrainConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(),
            lr=config.step_size,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=config.weight_decay,
        )
    return torch.optim.AdamW(
        model.parameters(), lr=config.step_size, weight_decay=config.weight_decay
    )


def _cases_by_side(dataset: Dataset, split: Split) -> dict[str, list[Case]]:
    known = {c.name: c for c in dataset.cases}
    lost = [name for names in split.as_dict().values() for name in names if name not in known]
    if lost:
        raise InputError(
            f"The run was split over cases that '{dataset.root}' does not hold; the first is "
            f"'{lost[0]}'. Resume with the dataset it was started on."
        )
    return {side: [known[n] for n in names] for side, names in split.as_dict().items()}
