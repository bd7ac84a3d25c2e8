import json
from collections.abc import Callable
from typing import Any

import nibabel as nib
import pytest

from segstudio.compare import demo


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


def test_a_folder_that_holds_a_demo_is_refused(done: Any, segstudio: Callable[..., Any]) -> None:
    out, _ = done
    told = segstudio("demo", "--headless", "--out", out)
    assert told.status == 1
    assert told.last == f"'{out}' exists and is not empty. Choose another folder with --out."
