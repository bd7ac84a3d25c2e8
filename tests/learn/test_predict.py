"""Predictions lie on their source's grid."""

import pickle
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.formats import read_volume, write_labels
from segstudio.learn.batches import normalise
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import make_config
from segstudio.learn.device import choose_compute
from segstudio.learn.predict import PLANES_AT_ONCE, Predictor, load_predictor, predict
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train
from segstudio.learn.unet import build_unet

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
    model = build_unet(1, len(classes), config.base_channels, config.levels, config.seed)
    model.load_state_dict(load_checkpoint(run / "checkpoints" / "best.pt")["model"])
    model.eval()
    planes = torch.from_numpy(normalise(volume.data))
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
    model = build_unet(1, 4, 4, 3, seed=0)

    class Copy(type(model)):
        def forward(self, image):
            return image.repeat(1, 4, 1, 1) * image.new_tensor([-1, 1, -9, -9])[:, None, None]

    model.__class__ = Copy
    predictor = Predictor(compute.place(model), compute, ACDC_CLASSES, 16)
    volume = noise((11, 21, 37))

    assert np.array_equal(predictor.labels(volume) == 1, normalise(volume.data) > 0)


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
