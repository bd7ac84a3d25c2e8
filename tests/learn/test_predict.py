"""Predictions lie on their source's grid."""

import pickle
import shutil
import tomllib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.formats import read_volume, write_labels
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import make_config, to_toml
from segstudio.learn.device import choose_compute
from segstudio.learn.network import network
from segstudio.learn.predict import (
    PLANES_AT_ONCE,
    PredictOptions,
    Predictor,
    load_predictor,
    predict,
)
from segstudio.learn.preparation import Preparation
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

OBLIQUE = np.array(
    [[0.0, -1.36, 0.8, 12.5], [-0.9, 0.3, 5.9, -40.0], [-1.1, -0.5, -5.3, 7.0], [0, 0, 0, 1.0]]
)


@pytest.fixture(scope="module")
def run(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predict") / "run"
    config = make_config(
        loss="dice", epochs=1, base_channels=4, levels=3, device="cpu", precision="32-true"
    )
    list(train(hearts, config, path))
    return path


def noise(shape: tuple[int, int, int]) -> Volume:
    data = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    return Volume(data, Grid(shape, (1.0, 1.0, 1.0), np.eye(4)))


def plane_by_plane(run: Path, volume: Volume) -> np.ndarray:
    """The probabilities by the run's bare network, in float32, one plane at a time."""
    config, classes = RunFolder.opened(run).read_config()
    model = network(config, 1, len(classes))
    model.load_state_dict(load_checkpoint(run / "checkpoints" / "best.pt")["model"])
    model.eval()
    planes = torch.from_numpy(Preparation().normalised(volume.data))
    with torch.inference_mode():
        return np.stack([model(p[None, None])[0].softmax(0).numpy() for p in planes], axis=1)


def test_a_prediction_has_the_shape_affine_and_spacing_of_an_oblique_source(
    run: Path, tmp_path: Path
) -> None:
    data = np.random.default_rng(0).normal(size=(37, 50, 5)).astype(np.float32)
    source = nib.Nifti1Image(data, OBLIQUE)
    source.header.set_xyzt_units("mm")
    nib.save(source, tmp_path / "image.nii.gz")

    volume = read_volume(tmp_path / "image.nii.gz")
    labels = load_predictor(run).labels(volume)
    write_labels(tmp_path / "prediction.nii.gz", labels, volume.grid)

    written = nib.load(tmp_path / "prediction.nii.gz")
    read_back = nib.load(tmp_path / "image.nii.gz")
    assert written.shape == read_back.shape
    assert np.array_equal(written.affine, read_back.affine)
    assert written.header.get_zooms() == read_back.header.get_zooms()
    assert written.header["sform_code"] == read_back.header["sform_code"]
    assert np.array_equal(np.asarray(written.dataobj).T, labels)


def test_each_voxel_is_predicted_at_its_own_place() -> None:
    """Padding and cropping must not shift: a network that copies its input shows it."""
    compute = choose_compute(make_config(precision="32-true", device="cpu"))
    predictor = Predictor(
        compute.place(Sign()), compute, ACDC_CLASSES, Preparation(), None, (16, 16)
    )
    volume = noise((11, 21, 37))

    assert np.array_equal(predictor.labels(volume) == 1, Preparation().normalised(volume.data) > 0)


def test_planes_predicted_in_parts_equal_planes_predicted_alone(run: Path) -> None:
    volume = noise((2 * PLANES_AT_ONCE + 3, 32, 32))
    alone = plane_by_plane(run, volume)
    predicted = load_predictor(run, "cpu")(volume)

    assert not np.allclose(alone[:, 0], alone[:, PLANES_AT_ONCE], atol=1e-3)
    np.testing.assert_allclose(predicted.probs, alone, atol=1e-5)
    sure = np.sort(alone, axis=0)[-1] - np.sort(alone, axis=0)[-2] > 1e-4
    assert np.array_equal(predicted.labels[sure], alone.argmax(axis=0)[sure])


def test_labels_alone_are_those_of_the_whole_prediction(run: Path) -> None:
    volume, predictor = noise((PLANES_AT_ONCE + 2, 32, 32)), load_predictor(run)
    whole = predictor(volume)

    np.testing.assert_array_equal(predictor.labels(volume), whole.labels)
    np.testing.assert_array_equal(whole.probs.argmax(axis=0), whole.labels)
    np.testing.assert_allclose(whole.probs.sum(axis=0), 1, atol=1e-3)


def test_a_run_predicts_in_its_own_precision(run: Path, tmp_path: Path) -> None:
    volume = noise((2, 32, 32))
    probs = {}
    for precision in ("32-true", "bf16-mixed"):
        copied = shutil.copytree(run, tmp_path / precision)
        config = (copied / "config.toml").read_text()
        (copied / "config.toml").write_text(config.replace("32-true", precision))
        probs[precision] = predict(copied, volume, "cpu").probs

    exact = plane_by_plane(run, volume)
    np.testing.assert_allclose(probs["32-true"], exact, atol=1e-5)
    np.testing.assert_allclose(probs["bf16-mixed"], exact, atol=0.05)
    assert not np.allclose(probs["bf16-mixed"], exact, atol=1e-5)


class Sign(torch.nn.Module):
    """Class 1 where the first channel is above 0, background elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([-1.0, 1.0, -9.0, -9.0]))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image[:, :1] * self.weight.view(4, *[1] * (image.ndim - 2))


def sign_in_windows(preparation: Preparation, window: tuple | None = (4, 16, 16)) -> Predictor:
    compute = choose_compute(make_config(precision="32-true", device="cpu"))
    steps = (4, 16, 16) if window else (16, 16)
    return Predictor(compute.place(Sign()), compute, ACDC_CLASSES, preparation, window, steps)


@pytest.mark.parametrize("shape", [(11, 21, 37), (3, 40, 9), (4, 16, 16)])
def test_a_3d_network_predicts_each_voxel_at_its_own_place(shape: tuple[int, int, int]) -> None:
    volume = noise(shape)
    predicted = sign_in_windows(Preparation()).labels(volume)
    assert np.array_equal(predicted == 1, Preparation().normalised(volume.data) > 0)


@pytest.mark.parametrize("window", [None, (4, 16, 16)])
def test_mirror_images_agree_for_what_looks_at_each_voxel_alone(window: tuple | None) -> None:
    volume, predictor = noise((5, 21, 37)), sign_in_windows(Preparation(), window)
    plain, flipped = (predictor(volume, PredictOptions(flips=f)) for f in (False, True))
    np.testing.assert_allclose(flipped.probs, plain.probs, atol=1e-5)


def test_mirror_images_average_a_network_that_prefers_a_side(run: Path) -> None:
    volume, predictor = noise((2, 32, 32)), load_predictor(run, "cpu")
    flipped = predictor(volume, PredictOptions(flips=True)).probs
    mirrored = Volume(np.ascontiguousarray(volume.data[:, :, ::-1]), volume.grid)
    again = predictor(mirrored, PredictOptions(flips=True)).probs[..., ::-1]

    np.testing.assert_allclose(flipped, again, atol=1e-5)
    assert not np.allclose(flipped, predictor(volume).probs, atol=1e-3)


@pytest.mark.parametrize(
    ("grid", "asked"),
    [
        ({"spacing": (3.0, 1.0, 1.0)}, {"spacing": (1.5, 2.0, 2.0)}),
        ({"spacing": (1.0, 1.0, 1.0), "unit": "voxels"}, {"rescale": (2.0, 0.5, 0.5)}),
    ],
    ids=["resampled", "rescaled"],
)
def test_a_prediction_on_another_grid_comes_back_on_the_source_s(grid: dict, asked: dict) -> None:
    data = np.full((6, 40, 40), -1.0, np.float32)
    data[2:4, 10:20, 24:34] = 1
    volume = Volume(data, Grid(data.shape, affine=np.eye(4), **grid))
    symmetric = {"normalisation": "ct-window", "window": (-1.0, 1.0)}
    predictor = sign_in_windows(Preparation(**asked, **symmetric))
    assert predictor.preparation.shape(volume.grid) == (12, 20, 20)
    prediction = predictor(volume)

    assert prediction.labels.shape == data.shape
    assert prediction.probs.shape == (4, *data.shape)
    assert ((prediction.labels == 1) == (data == 1)).mean() > 0.99
    assert np.array_equal(predictor.labels(volume), prediction.labels)


def test_the_largest_piece_of_each_class_is_kept() -> None:
    data = np.full((2, 32, 32), -1.0, np.float32)
    data[0, 2:10, 2:10] = data[0, 20:24, 20:24] = 1
    predictor = sign_in_windows(Preparation(), None)
    volume = Volume(data, Grid(data.shape, (1.0, 1.0, 1.0), np.eye(4)))
    kept = predictor.labels(volume, PredictOptions(largest=True))

    assert (kept == 1).sum() == 64
    assert (kept[0, 2:10, 2:10] == 1).all()
    assert (predictor.labels(volume) == 1).sum() == 80


def test_entropy_is_one_at_equal_odds_and_zero_where_sure() -> None:
    data = np.zeros((1, 32, 32), np.float32)
    data[0, :, 16:] = 200.0
    compute = choose_compute(make_config(precision="32-true", device="cpu"))
    window = Preparation(normalisation="ct-window", window=(-1.0, 1.0))
    model = Sign()
    model.weight.data *= 100
    predictor = Predictor(compute.place(model), compute, ACDC_CLASSES, window, None, (16, 16))
    entropy = predictor(Volume(data, Grid(data.shape, (1.0, 1.0, 1.0), np.eye(4)))).entropy

    assert entropy[..., :16] == pytest.approx(1)
    assert entropy[..., 16:] == pytest.approx(0, abs=1e-5)


def test_progress_is_told_and_may_end_a_prediction(run: Path) -> None:
    told: list[float] = []
    load_predictor(run).labels(noise((20, 32, 32)), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 3

    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        load_predictor(run).labels(noise((20, 32, 32)), progress=stop)


def test_an_image_with_other_channels_is_refused(run: Path) -> None:
    volume = noise((2, 32, 32))
    both = Volume(volume.data, volume.grid, other_channels=(volume.data,))
    with pytest.raises(InputError, match=r"trained on 1 channel\(s\) and is given 2"):
        load_predictor(run).labels(both)


def test_a_run_of_an_earlier_version_still_predicts(run: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(run, tmp_path / "old")
    path = copied / "config.toml"
    settings = tomllib.loads(path.read_text())
    del settings["strides"], settings["norm"], settings["dataset"]["channels"]
    settings["plane_size"] = settings.pop("patch_size")
    path.write_text(to_toml(settings))
    volume = noise((3, 48, 48))
    assert np.array_equal(predict(copied, volume).labels, predict(run, volume).labels)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        load_predictor(tmp_path)


def test_a_pickle_in_place_of_a_checkpoint_is_not_run(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    marker = tmp_path / "was_run"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    (tmp_path / "run" / "checkpoints" / "best.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="damaged or not one of this program"):
        load_predictor(tmp_path / "run")
    assert not marker.exists()
