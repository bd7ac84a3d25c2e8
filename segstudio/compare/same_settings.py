"""Whether trainings have the same settings: only then may one stand for another."""

from collections.abc import Mapping
from typing import Any

from segstudio.compare.plan import Candidate, Part, Plan
from segstudio.learn.config import DEFAULT_LOSS, TrainConfig
from segstudio.learn.run_folder import RunFolder, is_met

# Settings that change how long a training takes and where it computes, and nothing it learns but
# for rounding: 'auto' leaves open where, too.
FREE = frozenset({"cache_gb", "prefetch", "checkpoint_minutes", "device"})
OF_DATA = ("patch_size", "strides")  # what a run takes from its data where nothing is set


def differences(own: TrainConfig, asked: TrainConfig) -> list[str]:
    """Return the settings in which two trainings differ, each as 'NAME was X and would be Y'.

    What a loss or the dimensions bring where nothing is set is the same as if it were set.
    """
    before, now = _brought(own), _brought(asked)
    if own.expression == asked.expression:
        before["loss"] = now["loss"]  # the same sum, typed otherwise
    return _differences(before, now)


def differences_of_run(run: RunFolder, asked: TrainConfig) -> list[str]:
    """Return the settings in which a run that was begun differs from what is asked for.

    A run writes down what it took from its data, so that what is asked for may leave that out;
    those of earlier versions do not say how many threads they had.
    """
    own, _ = run.read_config()
    met = {name: getattr(own, name) for name in OF_DATA if getattr(asked, name) is None}
    if is_met("patch_size", asked.patch_size, own):
        met["patch_size"] = own.patch_size
    if own.threads is None:
        met["threads"] = None
    return differences(own, asked.model_copy(update=met))


def differences_of_plans(own: Plan, asked: Plan) -> list[str]:
    """Return the settings in which two plans differ: of all, or of a candidate of the first."""
    shared = differences(_shared(own), _shared(asked))
    if shared:
        return shared
    asked_of = {candidate.title: candidate for candidate in asked.candidates}
    # What only the one before has goes on with the settings of all that are asked for now, which
    # may say what its loss would bring.
    return [
        f"{before.title}: {difference}"
        for before in own.candidates
        for difference in differences(
            _config(own, before), _config(asked, asked_of.get(before.title, before))
        )
    ]


def _shared(plan: Plan) -> TrainConfig:
    return _config(plan, Candidate(loss=DEFAULT_LOSS))


def _config(plan: Plan, candidate: Candidate) -> TrainConfig:
    return plan.config_of(Part(candidate, 0, 0 if plan.folds else None))


def _brought(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that are not free, with what loss and dimensions bring."""
    update = {
        "maps": config.loss_maps,
        "learning_rate": config.step_size,
        "foreground_share": config.share_of_foreground,
        "norm": config.norm_layers,
    }
    return config.model_copy(update=update).model_dump(exclude=set(FREE))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], table: str = "") -> list[str]:
    found = []
    for name, own in before.items():
        asked = now[name]
        if isinstance(own, dict) and isinstance(asked, dict):
            found += _differences(own, asked, f"{name}.")
        elif own != asked:
            found.append(f"{table}{name} was {_told(own)} and would be {_told(asked)}")
    return found


def _told(value: object) -> str:
    if value is None:
        return "left out"
    return "set" if isinstance(value, dict) else str(value)
