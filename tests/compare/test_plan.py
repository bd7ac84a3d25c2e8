"""What is compared: candidates, their parts and their settings."""

from pathlib import Path

import pytest

from segstudio.compare.plan import Candidate, Part, losses_alone, make_plan, read_plan, united
from segstudio.compare.study import open_study
from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.presets import packaged_files

LOSSES = ("dice", "modified-boundary")
PARTS = make_plan(losses_alone(LOSSES)).parts


def test_parts_of_a_seed_and_fold_stand_together() -> None:
    parts = make_plan(losses_alone(LOSSES) | {"seeds": 2, "folds": 2}).parts
    assert [(p.seed, p.fold, p.candidate.loss) for p in parts] == [
        (seed, fold, loss) for seed in (0, 1) for fold in (0, 1) for loss in LOSSES
    ]
    assert len({p.name for p in parts}) == 8


def test_the_name_of_a_part_is_that_of_a_folder() -> None:
    part = Part(Candidate(loss="dice + 0.01*boundary, growing"), 3)
    assert part.name == "dice-0.01-boundary-growing_seed3"
    assert Part(Candidate(loss="dice", name="as printed"), 0, 2).name == "as-printed_seed0_fold2"


def test_all_parts_differ_in_loss_and_seed_alone() -> None:
    plan = make_plan(losses_alone(LOSSES) | {"seeds": 2, "settings": {"seed": 7, "batch_size": 4}})
    configs = [plan.config_of(part) for part in plan.parts]
    kept = [c.model_dump(exclude={"loss", "seed"}) for c in configs]
    assert all(one == kept[0] for one in kept)
    assert {c.split_seed for c in configs} == {7}
    assert [(c.loss, c.seed) for c in configs] == [(p.candidate.loss, p.seed) for p in plan.parts]


def test_a_candidate_may_have_settings_and_seeds_of_its_own() -> None:
    own = {"loss": "dice", "name": "slow", "seeds": 3, "settings": {"learning_rate": 1e-5}}
    plan = make_plan({"compare": [{"loss": "dice"}, own], "settings": {"epochs": 3}})
    assert [(p.candidate.title, p.seed) for p in plan.parts] == [
        *(("dice", 0), ("slow", 0), ("slow", 1), ("slow", 2))
    ]
    rates = [plan.config_of(part).learning_rate for part in plan.parts]
    assert rates == [None, 1e-5, 1e-5, 1e-5]
    assert {plan.config_of(part).epochs for part in plan.parts} == {3}


@pytest.mark.parametrize(
    ("losses", "settings", "told"),
    [
        (("dice", "dice"), {}, "named twice"),
        (("dice", "dyce"), {}, "dyce"),
        (("dice", "boundary"), {"split": "two-way"}, "test side"),
        (("dice+boundary", "dice + boundary"), {}, "differ only in signs"),
        (("dice", "dice/.."), {}, "'dice/..' is not a loss"),
        (("dice", "boundary"), {"split": "none"}, "or 'none' with folds"),
        (("dice", "boundary"), {"epoch": 3}, "Did you mean 'epochs'"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(
    losses: tuple[str, ...], settings: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        make_plan(losses_alone(losses) | {"settings": settings})


@pytest.mark.parametrize("name", ["split", "fold", "seed", "ignore_label", "stratify", "loss"])
def test_a_candidate_shares_patients_and_labels_with_the_others(name: str) -> None:
    with pytest.raises(InputError, match=f"'dice' sets {name}, which all must share"):
        make_plan({"compare": [{"loss": "dice", "settings": {name: 1}}]})


def test_the_split_has_the_seed_that_is_asked_for() -> None:
    plan = make_plan(losses_alone(LOSSES) | {"seeds": 2, "settings": {"seed": 7, "split_seed": 5}})
    assert {plan.config_of(part).split_seed for part in plan.parts} == {5}


def test_a_part_computes_with_one_thread_unless_told_otherwise() -> None:
    assert {make_plan(losses_alone(LOSSES)).config_of(p).threads for p in PARTS} == {1}
    plan = make_plan(losses_alone(LOSSES) | {"settings": {"threads": 3}})
    assert {plan.config_of(part).threads for part in plan.parts} == {3}


def test_folders_are_short_and_differ_on_every_system() -> None:
    long = [Candidate(loss="dice", name="x" * 300 + end) for end in "ab"]
    assert all(len(candidate.folder) < 120 for candidate in long)
    assert long[0].folder != long[1].folder
    assert Candidate(loss="dice", name="***").folder
    with pytest.raises(InputError, match="differ only in signs"):
        make_plan({"compare": [{"loss": "dice"}, {"loss": "dice", "name": "DICE"}]})


def test_what_two_plans_compare_is_in_their_union_with_the_more_seeds() -> None:
    own = make_plan(
        {
            "about": "Hearts.",
            "seeds": 2,
            "compare": [{"loss": "dice", "seeds": 3}, {"loss": "focal"}],
        }
    )
    both = united(own, make_plan(losses_alone(("boundary", "focal")) | {"seeds": 3}))
    assert [(title, both.seeds_of(title)) for title in both.titles] == [
        *(("dice", 3), ("focal", 3), ("boundary", 3))
    ]
    less = united(own, make_plan(losses_alone(("boundary", "dice"))))
    assert [less.seeds_of(title) for title in less.titles] == [3, 2, 1]
    assert less.about == "Hearts."
    assert make_plan(less.as_told()) == less
    with pytest.raises(InputError, match="differ only in signs"):
        united(own, make_plan({"compare": [{"loss": "boundary", "name": "DICE"}]}))


def test_a_word_that_no_plan_has_is_refused() -> None:
    with pytest.raises(InputError, match="Did you mean 'seeds'"):
        make_plan(losses_alone(LOSSES) | {"seed": 3})
    with pytest.raises(InputError, match=r"no setting 'compare\.0\.seedss'"):
        make_plan({"compare": [{"loss": "dice", "seedss": 2}]})


def test_every_study_that_comes_with_the_program_can_be_run() -> None:
    names = packaged_files("studies")
    assert "acdc" in names
    for name in names:
        plan = make_plan(read_plan(name))
        assert plan.about
        assert len(plan.parts) > 1


def test_a_study_is_found_by_name_or_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[[compare]]\nloss = 'dice'\n")
    assert make_plan(read_plan(str(file))).titles == ("dice",)
    with pytest.raises(InputError, match="Did you mean 'acdc'"):
        read_plan("acdd")
    with pytest.raises(InputError, match="does not exist"):
        read_plan(str(tmp_path / "none.toml"))


def test_the_study_of_spines_trains_on_384_rows(data_folder: Path) -> None:
    dataset, plan = open_dataset(data_folder / "aasce"), make_plan(read_plan("aasce"))
    volume, _ = load_case(dataset.cases[0])
    for part in plan.parts:
        assert plan.config_of(part).preparation.shape(volume.grid)[1] == 384


@pytest.mark.parametrize("name", ["acdc", "aasce", "wmh_flair", "ms_ventricle"])
def test_a_study_of_a_known_dataset_fits_it(name: str, data_folder: Path, tmp_path: Path) -> None:
    study = open_study(
        tmp_path / "out", make_plan(read_plan(name)), open_dataset(data_folder / name)
    )
    assert not study.begun
