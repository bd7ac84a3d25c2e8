"""A training's job, prepared anew or as its last checkpoint left it."""

from dataclasses import replace
from pathlib import Path

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
from segstudio.learn.checkpoint import load_training_state, save_checkpoint
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import (
    choose_compute,
    keep_freed_memory,
    ranks_here,
    use_threads,
)
from segstudio.learn.environment import describe_environment
from segstudio.learn.guard import LastGood
from segstudio.learn.job import Job, kept_cases
from segstudio.learn.memory import budget
from segstudio.learn.network import network, patch_and_strides
from segstudio.learn.predict import predictor_of
from segstudio.learn.reading import check_cases, read_cases
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.sampling import Sampler
from segstudio.learn.validation import TruthCache, Validator
from segstudio.losses.criterion import Criterion

MOMENTUM = 0.99  # of SGD, as in nnU-Net
LEAST_CUT_OFF = 0.01  # of the labelled voxels, to be worth a word


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


def _prepare(dataset: Dataset, config: TrainConfig, classes: ClassTable, split: Split) -> Job:
    """Return the job of a split: data read, network and optimiser placed."""
    keep_freed_memory()
    use_threads(config.threads)
    cases = _cases_by_side(dataset, split)
    if config.watch_test and not cases["test"]:
        raise InputError("There is no test side to watch: leave watch_test out, or split off one.")
    compute = choose_compute(config, together=True)
    store, notes = _read(cases, classes, config)
    channels = store[0].image.shape[0]
    config = resolved(config, store)
    model = network(config, channels, len(classes))
    model, optimizer = compute.place(model, _optimizer(config, model))
    batches = batches_of(config, store, len(classes), compute.rank, compute.ranks)
    notes += _cut_off(batches.sampler)
    criterion = Criterion(config.loss)
    free = store.free // (2 if config.watch_test else 1)
    validator = Validator(
        TruthCache(cases["validation"], free),
        predictor_of(model, compute, config, classes, channels),
        criterion,
        config.loss_maps,
        batches.frequencies,
        compute,
        per_plane=config.dimensions == 2,
    )
    tested = replace(validator, truths=TruthCache(cases["test"], free), side="test")
    return Job(
        config=config,
        cases=cases,
        batches=batches,
        validator=validator,
        watcher=tested if config.watch_test else None,
        compute=compute,
        model=model,
        optimizer=optimizer,
        average=Average(model, config.average) if config.average else None,
        criterion=criterion,
        good=LastGood(model, optimizer),
        warnings=tuple(notes),
    )


def _read(
    cases: dict[str, list[Case]], classes: ClassTable, config: TrainConfig
) -> tuple[CaseStore, list[str]]:
    """Return the cases to train on, the others examined, and what is to be said of them."""
    store, notes = read_cases(
        cases["train"], classes, config, budget(config.cache_gb) // ranks_here()
    )
    others = [*cases["validation"], *cases["test"]]
    return store, notes + check_cases(others, classes, store[0].image.shape[0])


def batches_of(
    config: TrainConfig, store: CaseStore, n_classes: int, rank: int = 0, ranks: int = 1
) -> Batches:
    """Return the batches that settings, `resolved` before, make of prepared cases."""
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
        rank,
        ranks,
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


def resolved(config: TrainConfig, store: CaseStore) -> TrainConfig:
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
