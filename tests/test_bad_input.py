"""Each mistake ends in one plain sentence on stderr and a status that is not zero."""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch

from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import make_config, read_settings
from segstudio.learn.events import Finished
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train as start_training

Command = Callable[..., Any]
Run = tuple[Path, Any]

IMAGE = "patient001/patient001_frame01.nii.gz"
LABELS = "patient001/patient001_frame01_gt.nii.gz"
MACHINERY = re.compile("Traceback|[─│╭╮╰╯┌┐└┘]|Unexpected|\\b(Errno|NoneType|object at)\\b")


def assert_told(told: Any, *parts: object) -> None:
    assert told.status not in (0, None)
    assert not MACHINERY.search(told.out + told.err), told.err
    assert told.last.endswith((".", "?")), told.last
    for part in parts:
        assert str(part) in told.last


@pytest.fixture
def copy(hearts: Path, tmp_path: Path) -> Path:
    """A copy of the hearts that a test may spoil."""
    return copytree(hearts, tmp_path / "hearts")


@pytest.fixture
def train(segstudio: Command, tiny: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a tiny training, which is expected to leave no folder behind."""

    def run(dataset: Path, *options: object) -> Any:
        told = segstudio("train", dataset, "--config", tiny, "--out", tmp_path / "r", *options)
        assert not (tmp_path / "r").exists()
        return told

    return run


def rewrite_labels(path: Path, change: Callable[[Any], Any]) -> None:
    image: Any = nib.load(path)
    nib.save(nib.Nifti1Image(change(np.asarray(image.dataobj)), None, image.header), path)


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_a_missing_label_file(train: Command, copy: Path) -> None:
    (copy / LABELS).unlink()
    assert_told(train(copy), "patient001_frame01", "_gt", "Add the labels")


def test_a_missing_label_file_can_be_skipped(
    segstudio: Command, copy: Path, tiny: Path, tmp_path: Path
) -> None:
    (copy / LABELS).unlink()
    options = ("--config", tiny, "--epochs", 1, "--skip-unlabelled", "--out", tmp_path / "r")
    assert segstudio("train", copy, *options).status == 0


def test_labels_of_another_shape(train: Command, copy: Path) -> None:
    rewrite_labels(copy / LABELS, lambda a: a[:, :, :3])
    assert_told(train(copy), copy / LABELS, copy / IMAGE, "(3, 48, 48)", "(4, 48, 48)")


def test_a_label_value_outside_the_classes(train: Command, copy: Path) -> None:
    rewrite_labels(copy / LABELS, lambda a: np.where(a == 3, 4, a).astype(a.dtype))
    assert_told(train(copy), copy / LABELS, "label value 4", "3 left ventricle")


@pytest.mark.parametrize("name", [IMAGE, LABELS])
def test_a_file_cut_short(train: Command, copy: Path, name: str) -> None:
    cut(copy / name)
    assert_told(train(copy), copy / name, "cut short", "export it again")


def test_labels_cut_short_give_no_map(segstudio: Command, copy: Path, tmp_path: Path) -> None:
    told = segstudio("maps", cut(copy / LABELS), "--out", tmp_path / "m.nii.gz")
    assert_told(told, copy / LABELS, "cut short")
    assert not (tmp_path / "m.nii.gz").exists()


def test_an_image_cut_short_gives_no_prediction(
    segstudio: Command, copy: Path, finished_run: Run, tmp_path: Path
) -> None:
    told = segstudio("predict", finished_run[0], cut(copy / IMAGE), "--out", tmp_path / "p")
    assert_told(told, copy / IMAGE, "cut short")
    assert not (tmp_path / "p").exists()


def test_an_empty_folder(train: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_told(train(tmp_path / "empty"), tmp_path / "empty", "holds no image", "Choose")


@pytest.mark.parametrize("patients", [1, 2])
def test_too_few_patients(train: Command, hearts: Path, tmp_path: Path, patients: int) -> None:
    for i in range(1, patients + 1):
        copytree(hearts / f"patient00{i}", tmp_path / "few" / f"patient00{i}")
    assert_told(train(tmp_path / "few"), f"{patients} patient", "3 are needed", "Add")


def test_a_dataset_that_does_not_exist(train: Command, tmp_path: Path) -> None:
    assert_told(train(tmp_path / "none"), tmp_path / "none", "does not exist", "Check the path")


def test_a_dataset_that_is_a_file(train: Command, hearts: Path) -> None:
    assert_told(train(hearts / IMAGE), hearts / IMAGE, "a dataset is a folder")


@pytest.mark.parametrize(("typed", "near"), [("dyce", "'dice'"), ("zzz", "cross-entropy")])
def test_an_unknown_loss(train: Command, hearts: Path, typed: str, near: str) -> None:
    assert_told(train(hearts, "--loss", typed), f"no loss '{typed}'", near)


def test_an_unknown_loss_is_not_explained(segstudio: Command) -> None:
    assert_told(segstudio("losses", "boundry"), "Did you mean 'boundary'")


def test_a_run_folder_that_exists(segstudio: Command, hearts: Path, finished_run: Run) -> None:
    run = finished_run[0]
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*")}
    told = segstudio("train", hearts, "--out", run)
    assert_told(told, run, "exists already", "Choose another, or resume")
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before


def test_an_unknown_option(segstudio: Command) -> None:
    told = segstudio("train", "hearts", "--epochz", 3)
    assert_told(told, "--epochz", "--epochs", "'segstudio train --help'")


def test_an_unknown_option_before_any_command(segstudio: Command) -> None:
    assert_told(segstudio("--colour"), "--colour", "'segstudio --help'")


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["train"], "DATASET"),
        (["maps", "labels.nii"], "--out"),
        (["predict", "run", "--out", "p"], "IMAGE"),
        (["evaluate", "a.nii", "--out", "s.csv"], "TRUTH"),
    ],
)
def test_a_missing_argument(segstudio: Command, arguments: list[str], missing: str) -> None:
    assert_told(segstudio(*arguments), f"'{missing}'", f"'segstudio {arguments[0]} --help'")


@pytest.mark.parametrize("options", [[], ["--loss", "dice"]])
def test_a_misspelt_command(segstudio: Command, options: list[str]) -> None:
    assert_told(segstudio("trian", "x", *options), "'trian'", "Did you mean 'train'?")


@pytest.mark.parametrize("path", ["none.nii.gz", "some/folder"])
def test_a_path_that_does_not_exist(segstudio: Command, path: str) -> None:
    assert_told(segstudio(path), f"'{path}' does not exist", "Check the path")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--epochs", "0"], "epochs = 0"),
        (["--epochs", "many"], "'--epochs'"),
        (["--seed", "-1"], "seed = -1"),
        (["--device", "gpu"], "device = 'gpu'"),
    ],
)
def test_a_setting_out_of_range(
    train: Command, hearts: Path, options: list[str], told: str
) -> None:
    assert_told(train(hearts, *options), told, "should be")


@pytest.mark.skipif(torch.cuda.is_available(), reason="There is such a device here.")
def test_a_device_that_is_not_there(train: Command, hearts: Path) -> None:
    assert_told(train(hearts, "--device", "cuda"), "cuda", "cpu")


def test_a_device_for_a_prediction_that_is_none(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    arguments = (finished_run[0], hearts / IMAGE, "--out", tmp_path / "p", "--device", "gpu")
    assert_told(segstudio("predict", *arguments), "device = 'gpu'", "should be")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epoch = 3", "no setting 'epoch'. Did you mean 'epochs'"),
        ("epochs = = 3", "is not a TOML file"),
        ("epochs = 'three'", "epochs = 'three'"),
        ("\x00\xff", "is not a TOML file"),
    ],
)
def test_a_settings_file_with_a_mistake(
    segstudio: Command, hearts: Path, tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="latin-1")
    assert_told(segstudio("train", hearts, "--config", path), told)


def test_a_settings_file_that_does_not_exist(segstudio: Command, hearts: Path) -> None:
    assert_told(segstudio("train", hearts, "--config", "no.toml"), "'no.toml' does not exist")


def test_a_folder_that_is_no_run(segstudio: Command, hearts: Path, tmp_path: Path) -> None:
    told = segstudio("predict", hearts, hearts / IMAGE, "--out", tmp_path / "p")
    assert_told(told, hearts, "is not a run folder")


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def zero(path: Path, _trace: Path) -> None:
    path.write_bytes(b"")


def halve(path: Path, _trace: Path) -> None:
    cut(path)


def add_a_command(path: Path, trace: Path) -> None:
    torch.save({"model": {}, "epoch": Malicious(trace)}, path)


def be_a_pickle(path: Path, trace: Path) -> None:
    path.write_bytes(pickle.dumps(Malicious(trace), protocol=2))


def be_a_list(path: Path, _trace: Path) -> None:
    torch.save([1, 2], path)


def be_of_another_network(path: Path, _trace: Path) -> None:
    torch.save({"model": {"weight": torch.ones(3)}, "epoch": 1}, path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    "spoil", [zero, halve, add_a_command, be_a_pickle, be_a_list, be_of_another_network]
)
def test_a_checkpoint_that_is_damaged_or_malicious(
    segstudio: Command,
    hearts: Path,
    finished_run: Run,
    tmp_path: Path,
    spoil: Callable[[Path, Path], None],
) -> None:
    run, trace = copytree(finished_run[0], tmp_path / "run"), tmp_path / "trace"
    for name in ("best.pt", "last.pt"):
        spoil(run / "checkpoints" / name, trace)
    told = segstudio("predict", run, hearts / IMAGE, "--out", tmp_path / "p")
    assert_told(told, run / "checkpoints" / "best.pt")
    told = segstudio("train", hearts, "--out", run, "--resume", "--epochs", 3)
    assert_told(told, run / "checkpoints" / "last.pt")
    assert not trace.exists()
    assert not (tmp_path / "p").exists()


def test_a_prediction_that_exists(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    there = tmp_path / Path(IMAGE).name
    there.touch()
    told = segstudio("predict", finished_run[0], hearts / IMAGE, "--out", tmp_path)
    assert_told(told, there, "exists already")
    assert there.stat().st_size == 0


def test_two_images_of_one_name(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    images = (hearts / IMAGE, hearts / IMAGE)
    told = segstudio("predict", finished_run[0], *images, "--out", tmp_path / "p")
    assert_told(told, "Two images", Path(IMAGE).name)


@pytest.mark.parametrize(
    ("command", "out"), [("maps", "m.nii.gz"), ("evaluate", "s.csv"), ("maps", "m.png")]
)
def test_an_output_that_exists_or_has_no_known_suffix(
    segstudio: Command, hearts: Path, tmp_path: Path, command: str, out: str
) -> None:
    path = tmp_path / out
    if path.suffix != ".png":
        path.write_text("mine")
    inputs = [hearts / LABELS] * (2 if command == "evaluate" else 1)
    told = segstudio(command, *inputs, "--out", path)
    assert_told(told, path, ".nii.gz" if path.suffix == ".png" else "exists already")
    assert not path.exists() or path.read_text() == "mine"


def test_a_label_that_is_absent(segstudio: Command, hearts: Path, tmp_path: Path) -> None:
    told = segstudio("maps", hearts / LABELS, "--label", 9, "--out", tmp_path / "m.nii")
    assert_told(told, hearts / LABELS, "label value 9", "--label")


def test_maps_of_an_image(segstudio: Command, hearts: Path, tmp_path: Path) -> None:
    told = segstudio("maps", hearts / IMAGE, "--out", tmp_path / "m.nii")
    assert_told(told, hearts / IMAGE, "Is it an image?")


def test_a_prediction_without_truth(segstudio: Command, hearts: Path, tmp_path: Path) -> None:
    told = segstudio(
        "evaluate", hearts / "patient001", hearts / "patient002", "--out", tmp_path / "s.csv"
    )
    assert_told(told, "no truth for 'patient001_frame01_gt.nii.gz'", hearts / "patient002")
    assert not (tmp_path / "s.csv").exists()


def test_a_prediction_of_another_shape(
    segstudio: Command, hearts: Path, copy: Path, tmp_path: Path
) -> None:
    rewrite_labels(copy / LABELS, lambda a: a[:40])
    told = segstudio("evaluate", copy / LABELS, hearts / LABELS, "--out", tmp_path / "s.csv")
    assert_told(told, "patient001_frame01_gt", "(4, 48, 40)", "(4, 48, 48)")


def test_resuming_no_run_in_particular(segstudio: Command, hearts: Path) -> None:
    assert_told(segstudio("train", hearts, "--resume"), "Which run", "--out")


def test_resuming_what_is_no_run(segstudio: Command, hearts: Path) -> None:
    told = segstudio("train", hearts, "--out", hearts, "--resume")
    assert_told(told, hearts, "is not a run folder")


def test_resuming_without_the_cases(
    segstudio: Command, hearts: Path, finished_run: Run, tmp_path: Path
) -> None:
    for i in (1, 2):
        copytree(hearts / f"patient00{i}", tmp_path / "few" / f"patient00{i}")
    told = segstudio("train", tmp_path / "few", "--out", finished_run[0], "--resume")
    assert_told(told, tmp_path / "few", "does not hold", "the dataset it was started on")


def test_resuming_a_run_that_is_finished(
    segstudio: Command, hearts: Path, finished_run: Run
) -> None:
    told = segstudio("train", hearts, "--out", finished_run[0], "--resume")
    assert_told(told, finished_run[0], "has finished its 2 epochs", "more epochs")


@pytest.mark.parametrize("command", ["maps", "predict", "evaluate", "train", "demo"])
def test_a_place_where_nothing_can_be_written(
    segstudio: Command, hearts: Path, finished_run: Run, tiny: Path, tmp_path: Path, command: str
) -> None:
    file = tmp_path / "file.txt"
    file.write_text("mine")
    arguments = {
        "maps": (hearts / LABELS,),
        "predict": (finished_run[0], hearts / IMAGE),
        "evaluate": (hearts / LABELS, hearts / LABELS),
        "train": (hearts, "--config", tiny),
        "demo": ("--headless",),
    }[command]
    told = segstudio(command, *arguments, "--out", file / "m.nii")
    assert_told(told, file)
    assert file.read_text() == "mine"


def half_written(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.name.startswith(".")]


def test_a_disk_too_small_for_a_training_is_told_before_its_first_step(
    segstudio: Command, hearts: Path, tiny: Path, small_disk: Path, tmp_path: Path
) -> None:
    wide = tmp_path / "wide.toml"
    wide.write_text(tiny.read_text().replace("base_channels = 4", "base_channels = 16"))
    told = segstudio("train", hearts, "--config", wide, "--out", small_disk / "run")
    assert_told(told, "The disk is full", small_disk / "run", "Free some space")
    assert not list(small_disk.iterdir())


def test_a_disk_that_fills_up_while_training_leaves_what_was_saved(
    hearts: Path, tiny: Path, small_disk: Path
) -> None:
    run = RunFolder(small_disk / "run")
    config = make_config(**read_settings(tiny) | {"base_channels": 2, "levels": 2})
    events = start_training(hearts, config, run.path)
    next(events)
    filler = small_disk / "fill"
    with pytest.raises(OSError, match="No space left"), filler.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    with pytest.raises(OSError, match="No space left"):
        list(events)
    filler.unlink()
    assert not half_written(small_disk)
    assert load_checkpoint(run.last)["progress"]["step"] == 0
    assert isinstance(list(start_training(hearts, config, run.path, resume=True))[-1], Finished)


def test_a_full_disk_while_maps_are_written(
    segstudio: Command, hearts: Path, small_disk: Path
) -> None:
    (small_disk / "fill").write_bytes(bytes(200 * 1024))
    told = segstudio("maps", hearts / LABELS, "--out", small_disk / "m.nii")
    assert_told(told, "The disk is full", small_disk / "m.nii", "Free some space")
    assert [p.name for p in small_disk.iterdir()] == ["fill"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size.")
def test_a_file_larger_than_is_allowed(hearts: Path, tmp_path: Path) -> None:
    script = (
        "import resource, sys; from segstudio.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); main(sys.argv[1:])"
    )
    out = tmp_path / "m.nii"
    command = [sys.executable, "-c", script, "maps", str(hearts / LABELS), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"'{out}' would be larger than is allowed")
    assert list(tmp_path.iterdir()) == []
