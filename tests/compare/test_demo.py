import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import pytest

from segstudio.compare import demo
from segstudio.data.datasets import labelled_cases


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, segstudio: Callable[..., Any]) -> Any:
    out = tmp_path_factory.mktemp("demo") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PATIENTS", 4)
        patch.setattr(demo, "SHAPE", (4, 64, 64))
        return out, segstudio("demo", "--headless", "--out", out, "--seconds", 2)


def test_the_demo_ends_well_and_says_where_its_files_are(done: Any) -> None:
    out, told = done
    assert told.status == 0, told.err
    for name in ("pictures", "run/scores.csv", "run/summary.json", "maps", "predictions"):
        assert str(out / name) in told.out
        assert (out / name).exists()


def test_every_test_case_has_a_picture_a_map_and_a_prediction(done: Any) -> None:
    out, _ = done
    cases = json.loads((out / "run" / "split.json").read_text())["test"]
    assert cases
    pictures = {p.name for p in (out / "pictures").iterdir()}
    assert pictures == {*(f"{name}.png" for name in cases), "curves.png"}
    for name in cases:
        image = nib.load(out / "hearts" / name.split("_")[0] / f"{name}.nii.gz")
        assert nib.load(out / "predictions" / f"{name}.nii.gz").shape == image.shape
        assert nib.load(out / "maps" / f"{name}_sdm.nii.gz").shape == (*image.shape, 4)


def test_the_demo_trains_with_the_modified_boundary_loss(done: Any) -> None:
    assert 'loss = "modified-boundary"' in (done[0] / "run" / "config.toml").read_text()


@pytest.mark.parametrize("end", ["sys.exit(9)", "os._exit(9)"])
def test_sample_hearts_that_were_interrupted_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    script = (
        "import os, sys; from pathlib import Path; from segstudio.compare import demo;"
        "from segstudio.data.phantoms import heart_dataset;"
        "write, seen = heart_dataset.write_labels, []\n"
        "def stop(*arguments):\n"
        "    write(*arguments)\n"
        "    seen.append(arguments)\n"
        f"    if len(seen) == 3: {end}\n"
        "heart_dataset.write_labels, demo.PATIENTS, demo.SHAPE = stop, 2, (4, 48, 48)\n"
        "demo.sample_dataset(Path(sys.argv[1]))\n"
    )
    folder = tmp_path / "hearts"
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert done.returncode == 9
    assert not folder.exists()

    monkeypatch.setattr(demo, "PATIENTS", 2)
    monkeypatch.setattr(demo, "SHAPE", (4, 48, 48))
    assert len(labelled_cases(demo.sample_dataset(folder))) == 4
    monkeypatch.setattr(demo, "PATIENTS", 3)
    assert len(demo.sample_dataset(folder).cases) == 4  # found, and not written again


def test_a_folder_that_holds_a_demo_is_refused(done: Any, segstudio: Callable[..., Any]) -> None:
    out, _ = done
    told = segstudio("demo", "--headless", "--out", out)
    assert told.status == 1
    assert told.last == f"'{out}' exists and is not empty. Choose another folder with --out."
