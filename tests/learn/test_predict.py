"""Predictions lie on their source's grid."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.formats import read_volume, write_labels
from segstudio.learn.batches import normalise
from segstudio.learn.config import make_config
from segstudio.learn.device import choose_compute
from segstudio.learn.predict import Predictor, load_predictor
from segstudio.learn.training import train
from segstudio.learn.unet import build_unet

OBLIQUE = np.array(
    [[0.0, -1.36, 0.8, 12.5], [-0.9, 0.3, 5.9, -40.0], [-1.1, -0.5, -5.3, 7.0], [0, 0, 0, 1.0]]
)


@pytest.fixture(scope="module")
def run(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predict") / "run"
    list(train(hearts, make_config(loss="dice", epochs=1, base_channels=4, levels=3), path))
    return path


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
    data = np.random.default_rng(1).normal(size=(11, 21, 37)).astype(np.float32)
    labels = predictor.labels(_volume(data))

    above = normalise(data) > 0
    assert np.array_equal(labels == 1, above)


def _volume(data: np.ndarray):
    from segstudio.core.volume import Grid, Volume

    return Volume(data, Grid(data.shape, (1.0, 1.0, 1.0), np.eye(4)))


def test_planes_predicted_in_parts_equal_planes_predicted_alone(run: Path) -> None:
    predictor = load_predictor(run)
    data = np.random.default_rng(2).normal(size=(10, 32, 32)).astype(np.float32)
    data -= data.mean()
    data /= data.std()
    whole = predictor(_volume(data))

    assert np.array_equal(whole.labels, predictor.labels(_volume(data)))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        load_predictor(tmp_path)


def test_a_pickle_in_place_of_a_checkpoint_is_not_run(run: Path, tmp_path: Path) -> None:
    import pickle
    import shutil

    shutil.copytree(run, tmp_path / "run")
    marker = tmp_path / "was_run"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    (tmp_path / "run" / "checkpoints" / "best.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="damaged or not one of this program"):
        load_predictor(tmp_path / "run")
    assert not marker.exists()
