import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from segstudio import __version__
from segstudio.core.distance import signed_distance
from segstudio.core.metrics import TOGETHER
from segstudio.data.formats import read_labels, read_volume, write_labels
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.training import train as start_training
from segstudio.losses.registry import LOSSES

Run = tuple[Path, Any]
Command = Callable[..., Any]

COMMANDS = (
    "open",
    "demo",
    "check",
    "convert",
    "export",
    "phantom",
    "maps",
    "train",
    "presets",
    "predict",
    "compare",
    "evaluate",
    "losses",
    "lens",
    "info",
)
BOX = re.compile("[─│╭╮╰╯┌┐└┘]")
IMAGE = "patient001/patient001_frame01.nii.gz"
LABELS = "patient001/patient001_frame01_gt.nii.gz"


def test_the_version_is_printed(segstudio: Command) -> None:
    assert segstudio("--version").out == f"segstudio {__version__}\n"


def test_the_help_lists_every_command_in_whole_sentences(segstudio: Command) -> None:
    told = segstudio("--help")
    assert told.status == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z].*\.$", told.out, re.MULTILINE), name
    assert "not a medical device" in told.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_explains_every_option_and_gives_examples(
    segstudio: Command, name: str
) -> None:
    told = segstudio(name, "--help")
    assert told.status == 0
    assert not BOX.search(told.out)
    assert name == "info" or f"Examples:\n    segstudio {name}" in told.out
    options = re.findall(r"^  (-\S+(?:, -\S+)?(?: [A-Z]+)?)  +(\S+)", told.out, re.MULTILINE)
    assert options
    assert all(text[0].isupper() or text in {"auto,", "'segstudio"} for _, text in options)


def test_the_help_of_train_names_every_setting_of_the_file(segstudio: Command) -> None:
    out = segstudio("train", "--help").out
    for name, field in TrainConfig.model_fields.items():
        assert re.search(
            rf"^    {name} +{re.escape((field.description or '')[:12])}", out, re.MULTILINE
        ), name


def test_without_a_display_the_window_is_refused_with_a_way_out(
    segstudio: Command, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    told = segstudio(hearts)
    assert told.status == 1
    assert "demo --headless" in told.last


def test_maps_are_written_in_the_geometry_of_the_labels(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "maps.nii.gz"
    told = segstudio("maps", hearts / LABELS, "--out", out)
    assert told.status == 0
    assert "mm, negative inside" in told.out
    source, maps = nib.load(hearts / LABELS), nib.load(out)
    assert maps.shape == (*source.shape, 4)
    np.testing.assert_array_equal(maps.affine, source.affine)
    assert maps.header.get_zooms()[:3] == source.header.get_zooms()
    assert maps.header.get_data_dtype() == np.float32
    expected = signed_distance(read_labels(hearts / LABELS), read_volume(hearts / LABELS).spacing)
    np.testing.assert_array_equal(np.asarray(maps.dataobj).T, expected)


def test_one_label_gives_one_map_without_a_fourth_axis(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.nii"
    told = segstudio("maps", hearts / LABELS, "--label", 3, "--per-plane", "--out", out)
    assert told.status == 0
    labels = read_labels(hearts / LABELS)
    spacing = read_volume(hearts / LABELS).spacing
    expected = signed_distance(labels, spacing, classes=[3], per_plane=True)[0]
    np.testing.assert_array_equal(read_volume(out).data, expected)


def test_a_run_folder_is_complete(finished_run: Run) -> None:
    run, told = finished_run
    files = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert files == {
        "config.toml",
        "split.json",
        "log.jsonl",
        "scores.csv",
        "summary.json",
        "checkpoints/best.pt",
        "checkpoints/last.pt",
        "environment.json",
        "timeline/cases.json",
        "timeline/epoch_0001.npz",
        "timeline/epoch_0002.npz",
    }
    events = [json.loads(line)["event"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert events[0] == "Started"
    assert events[-1] == "Finished"
    assert events.count("EpochDone") == 2
    assert str(run) in told.out


def test_the_split_keeps_patients_apart(finished_run: Run) -> None:
    split = json.loads((finished_run[0] / "split.json").read_text())
    patients = [{name.split("_")[0] for name in split[s]} for s in ("train", "validation", "test")]
    assert [len(p) for p in patients] == [2, 1, 1]
    assert len(set.union(*patients)) == 4


def test_the_summary_has_the_scores_of_every_side(finished_run: Run) -> None:
    summary = json.loads((finished_run[0] / "summary.json").read_text())
    assert summary["best_epoch"] in (1, 2)
    for side in ("test", "validation", "train"):
        assert 0 <= summary[side]["mean_dice"] <= 1
        assert 0 <= summary[side]["pooled_dice"] <= 1
        assert set(summary[side]["per_class"]) == {
            "right ventricle",
            "myocardium",
            "left ventricle",
        }


def test_the_scores_have_a_row_for_every_case_and_class(finished_run: Run) -> None:
    with (finished_run[0] / "scores.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0][:8] == ["split", "case", "class", "dice", "hd95", "assd", "volume_ml", "unit"]
    assert rows[0][8:] == ["nsd", "planes", "missed_planes", "true_voxels"]
    assert len(rows) == 1 + 8 * 4  # three classes, and all as one
    assert {row[0] for row in rows[1:]} == {"test", "validation", "train"}


def test_training_tells_an_epoch_in_a_line_with_dice_of_every_class(finished_run: Run) -> None:
    err = finished_run[1].err
    assert re.search(r"^epoch 2: loss \S+, validation Dice 0\.\d+ \(right ventricle 0\.", err, re.M)
    assert "Automatic Mixed Precision" not in err


def test_predictions_lie_on_the_grid_of_their_images_and_evaluate_agrees_with_the_summary(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    run = finished_run[0]
    names = json.loads((run / "split.json").read_text())["test"]
    images = [hearts / n.split("_")[0] / f"{n}.nii.gz" for n in names]
    assert segstudio("predict", run, *images, "--out", tmp_path / "p").status == 0
    assert sorted(p.name for p in (tmp_path / "p").iterdir()) == sorted(i.name for i in images)
    for image in images:
        source, found = nib.load(image), nib.load(tmp_path / "p" / image.name)
        assert found.shape == source.shape
        np.testing.assert_array_equal(found.affine, source.affine)
        assert found.header.get_zooms() == source.header.get_zooms()
        assert found.header.get_data_dtype() == np.uint8

    told = segstudio("evaluate", tmp_path / "p", hearts, "--out", tmp_path / "scores.csv")
    assert told.status == 0
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (run / "scores.csv").open() as file:
        test = [r for r in csv.DictReader(file) if r["split"] == "test"]
    expected = [r | {"split": "given"} for r in test if r["class"] != TOGETHER]
    assert rows == expected
    mean = json.loads((run / "summary.json").read_text())["test"]["mean_dice"]
    assert f"Mean Dice of 2 case(s) {mean:.4f}" in told.out


def test_a_class_of_the_truth_is_ignored_on_request(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    truth = hearts / LABELS
    files = (truth, truth, "--out", tmp_path / "scores.csv")
    told = segstudio("evaluate", *files, "--ignore", 2)
    assert told.status == 0, told.err
    with (tmp_path / "scores.csv").open() as file:
        names = [row["class"] for row in csv.DictReader(file)]
    assert names == ["right ventricle", "left ventricle"]

    refused = segstudio("evaluate", *files[:3], tmp_path / "other.csv", "--ignore", 0)
    assert refused.status == 1
    assert "0 is to be ignored, but is that of 'background'" in refused.last


def test_a_finished_run_goes_on_with_more_epochs(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    copytree(finished_run[0], run)
    told = segstudio("train", hearts, "--out", run, "--resume", "--epochs", 3)
    assert told.status == 0, told.err
    events = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [e["epoch"] for e in events if e["event"] == "EpochDone"] == [1, 2, 3]
    assert events[-1]["event"] == "Finished"
    settings = tomllib.loads((run / "config.toml").read_text())
    assert (settings["loss"], settings["epochs"]) == ("dice", 3)


def test_a_resumed_run_keeps_its_settings(
    segstudio: Command, hearts: Path, finished_run: Run
) -> None:
    told = segstudio("train", hearts, "--out", finished_run[0], "--resume", "--loss", "boundary")
    assert told.status == 1
    assert "'dice'" in told.last
    assert "'boundary'" in told.last


def test_a_run_of_another_machine_goes_on_with_a_device_and_precision_of_this_one(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    run = copytree(finished_run[0], tmp_path / "run")
    config = (run / "config.toml").read_text()
    elsewhere = config.replace('device = "auto"', 'device = "mps"').replace("32-true", "16-mixed")
    (run / "config.toml").write_text(elsewhere)
    go_on = ("train", hearts, "--out", run, "--resume", "--epochs", 3)
    told = segstudio(*go_on, "--device", "cpu")
    assert told.status == 1
    assert "'cpu' cannot compute in '16-mixed'" in told.last
    told = segstudio(*go_on, "--device", "cpu", "--precision", "32-true")
    assert told.status == 0, told.err
    assert "Training on cpu (32-true)" in told.err
    assert 'device = "cpu"\nprecision = "32-true"\n' in (run / "config.toml").read_text()


def test_ctrl_c_keeps_the_state_and_tells_how_to_go_on(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    run = tmp_path / "a run"
    command = [sys.executable, "-m", "segstudio", "train", hearts, "--config", tiny, "--out", run]
    process = subprocess.Popen(
        [str(c) for c in [*command, "--epochs", 10000]], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 1:"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    last = err.splitlines()[-1]
    assert last.startswith("Stopped. Go on with: segstudio train ")
    assert "Traceback" not in err

    log = (run / "log.jsonl").read_text().splitlines()
    done = sum(json.loads(line)["event"] == "EpochDone" for line in log)
    again = shlex.split(last.partition("segstudio ")[2])
    told = segstudio(*again, "--epochs", done + 1)
    assert told.status == 0, told.err
    assert (run / "summary.json").exists()


def test_maps_are_written_as_a_loss_is_given_them(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    labels = hearts / "patient001" / "patient001_frame01_gt.nii.gz"
    for name, options in (("plain", ()), ("given", ("--for", "modified-boundary", "--to", "face"))):
        told = segstudio("maps", labels, "--out", tmp_path / f"{name}.nii.gz", *options)
        assert told.status == 0, told.err
    plain, given = (
        np.asarray(nib.load(tmp_path / f"{name}.nii.gz").dataobj) for name in ("plain", "given")
    )
    assert np.abs(given).max() == 10 < np.abs(plain).max()
    assert np.abs(given).min() == 0.5
    assert "in voxels" in told.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--for", "dice"), "The loss 'dice' is given no maps. Leave --for out."),
        (("--for", "dise"), "There is no loss 'dise'"),
        (("--to", "edge"), "There is no convention of maps 'edge'"),
    ],
)
def test_maps_that_no_loss_is_given_are_refused(
    segstudio: Command, hearts: Path, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    labels = hearts / "patient001" / "patient001_frame01_gt.nii.gz"
    told = segstudio("maps", labels, "--out", tmp_path / "maps.nii.gz", *options)
    assert told.status == 1
    assert sentence in told.last
    assert not (tmp_path / "maps.nii.gz").exists()


def test_the_lens_draws_what_losses_see_and_explains_it(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    image = hearts / "patient001" / "patient001_frame01.nii.gz"
    labels = image.with_name("patient001_frame01_gt.nii.gz")
    out = tmp_path / "lens.png"
    told = segstudio("lens", finished_run[0], image, labels, "--out", out, "--label", 2)
    assert told.status == 0, told.err
    assert "FINISHED: the myocardium has" in told.out
    assert "Boundary loss. By value the target adds" in told.out
    assert out.read_bytes().startswith(b"\x89PNG")
    again = segstudio("lens", finished_run[0], image, labels, "--out", out)
    assert "exists already" in again.last
    beyond = segstudio(
        "lens", finished_run[0], image, labels, "--out", tmp_path / "b.png", "--plane", 99
    )
    assert "has 4 planes; plane 99 is not one of them" in beyond.last


def test_losses_are_listed_and_explained(segstudio: Command) -> None:
    listed = segstudio("losses").out
    assert [line.split()[0] for line in listed.splitlines()] == list(LOSSES)
    told = segstudio("losses", "dice")
    assert told.out.startswith("Dice loss: ")
    for title in ("Range: ", "Class that is absent: ", "Reading the curve: ", "Reference: "):
        assert f"\n{title}" in told.out


def test_info_tells_versions_and_where_runs_go_without_a_display(
    segstudio: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("SEGSTUDIO_RUNS", str(tmp_path))
    told = segstudio("info")
    assert told.status == 0
    assert "torch " in told.out
    assert "OpenGL     unknown: there is no display" in told.out
    assert told.out.endswith(f"runs       {tmp_path}\n")
    assert told.err == ""


@pytest.mark.usefixtures("qapp")
def test_info_tells_the_version_of_opengl_where_there_is_a_display(segstudio: Command) -> None:
    assert re.search(r"^OpenGL +\d\.\d", segstudio("info").out, re.MULTILINE)


def test_a_file_scored_against_itself_is_perfect(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    labels = hearts / LABELS
    told = segstudio("evaluate", labels, labels, "--out", tmp_path / "s.csv")
    assert told.out.count("Dice 1.0000, HD95 0.00 mm") == 3


def test_a_class_that_nobody_has_scores_none(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    volume = read_volume(hearts / IMAGE)
    empty = tmp_path / "a.nii.gz"
    write_labels(empty, np.zeros(volume.data.shape, np.uint8), volume.grid)
    told = segstudio("evaluate", empty, empty, "--out", tmp_path / "s.csv")
    assert told.status == 0
    assert "none" in told.out


def test_a_training_stopped_before_its_first_step_can_go_on(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    config = make_config(base_channels=4, levels=3, epochs=1, precision="32-true")
    events = start_training(hearts, config, tmp_path / "run")
    next(events)
    events.close()
    assert segstudio("train", hearts, "--out", tmp_path / "run", "--resume").status == 0


def test_a_run_that_goes_on_is_not_finished_until_it_is(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    run = copytree(finished_run[0], tmp_path / "run")
    config = make_config(epochs=3)
    events = start_training(hearts, config, run, resume=True)
    while type(next(events)).__name__ != "Saved":
        pass
    events.close()
    assert not (run / "summary.json").exists()
    assert segstudio("train", hearts, "--out", run, "--resume").status == 0


def test_any_setting_may_be_given_as_an_option(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    sets = ["dropout=.25", "schedule=cosine", "augmentation.rotation=5", "maps.cap=4"]
    sets += [
        "strides=[2,2],[2,2]",
        "spacing=8,2,.5",
        "patch_size=[32, 32]",
        "loss=modified-boundary(share=0, classes=all)",
    ]
    options = [option for text in sets for option in ("--set", text)]
    run = tmp_path / "run"
    told = segstudio(
        "train",
        hearts,
        "--config",
        tiny,
        *options,
        "--epochs",
        1,
        "--split",
        "two-way",
        "--out",
        run,
    )
    assert told.status == 0, told.err
    settings = tomllib.loads((run / "config.toml").read_text())
    assert (settings["dropout"], settings["schedule"]) == (0.25, "cosine")
    assert settings["augmentation"]["rotation"] == 5
    assert settings["maps"]["cap"] == 4
    assert settings["strides"] == [[2, 2], [2, 2]]
    assert (settings["spacing"], settings["patch_size"]) == ([8, 2, 0.5], [32, 32])
    assert settings["loss"] == "modified-boundary(share=0, classes=all)"
    assert told.out.startswith("Validation mean Dice ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dropout", "sets nothing"),
        ("droput=0.1", "Did you mean 'dropout'"),
        ("dropout=much", "dropout = 'much'"),
        ("spacing=8,wide,2", "spacing = '8,wide,2' will not do: three numbers with commas"),
        ("rescale=0.5", "three numbers with commas between them are wanted, as in 1,0.5,0.5"),
        ("rescale=1,0,1", "rescale by (1.0, 0.0, 1.0) is not by three numbers above 0"),
        ("augmentation.rotation=-3", "rotation of the augmentation"),
    ],
)
def test_a_setting_given_wrong_is_told(
    segstudio: Command, hearts: Path, tmp_path: Path, text: str, words: str
) -> None:
    told = segstudio("train", hearts, "--set", text, "--out", tmp_path / "run")
    assert told.status == 1
    assert words in told.last


def test_a_training_without_a_split_says_that_its_dice_is_of_the_training(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    told = segstudio(
        "train", hearts, "--config", tiny, "--split", "none", "--out", tmp_path / "run"
    )
    assert "8 cases, scored on the same cases" in told.err
    assert re.search(r"^epoch 1: loss \S+, training Dice ", told.err, re.M)
    assert "validation" not in told.err
    assert told.out.startswith("Training mean Dice ")


def test_presets_are_listed_with_what_they_are_for(segstudio: Command) -> None:
    told = segstudio("presets")
    assert told.status == 0
    for name in ("paper", "augmented", "volume", "tiny-lesions"):
        assert re.search(rf"^{name} +[A-Z].{{30,}}\.$", told.out, re.M), name
    assert 'loss = "modified-boundary"' in segstudio("presets", "paper").out
    assert "Did you mean 'paper'" in segstudio("presets", "papr").last


def test_a_preset_is_beneath_the_options(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    told = segstudio(
        "train", hearts, "--preset", "augmented", "--config", tiny, "--epochs", 1, "--out", run
    )
    assert told.status == 0, told.err
    settings = tomllib.loads((run / "config.toml").read_text())
    assert (settings["schedule"], settings["epochs"], settings["levels"]) == ("cosine", 1, 3)
    assert settings["augmentation"]["rotation"] > 0


def test_doubt_mirror_images_and_largest_pieces_may_be_asked_of_a_prediction(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "p"
    told = segstudio(
        "predict", finished_run[0], hearts / IMAGE, "--flips", "--largest", "--doubt", "--out", out
    )
    assert told.status == 0, told.err
    labels, probs, entropy = (
        nib.load(out / f"patient001_frame01{end}.nii.gz")
        for end in ("", "_probabilities", "_entropy")
    )
    assert probs.shape == (*labels.shape, 4)
    assert entropy.shape == labels.shape
    assert np.asarray(probs.dataobj).sum(axis=3) == pytest.approx(1, abs=1e-3)
    assert 0 <= np.asarray(entropy.dataobj).min() <= np.asarray(entropy.dataobj).max() <= 1
