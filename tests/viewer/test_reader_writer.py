"""napari's reader, writers and sample."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import WRITABLE, WRITABLE_IMAGES, read_volume, write_volume
from segstudio.data.formats.table import FORMATS
from segstudio.viewer.placement import placement_in_order
from segstudio.viewer.reader import LayerData, get_reader
from segstudio.viewer.samples import brain_sample, heart_sample, spine_sample
from segstudio.viewer.writer import write_image_layer, write_labels_layer

OBLIQUE = np.array([[0, -1.3, 0.8, 12], [-0.9, 0.3, 5.9, -40], [-1.1, -0.5, -5.3, 7], [0, 0, 0, 1]])


def test_images_and_labels_become_their_kind_of_layer(hearts: Path) -> None:
    case = open_dataset(hearts).cases[0]
    paths = [str(case.image), str(case.labels)]
    layers = get_reader(paths)(paths)

    assert [kind for _, _, kind in layers] == ["image", "labels"]
    assert layers[0][1]["scale"] == layers[1][1]["scale"]


def test_other_files_are_left_to_others() -> None:
    assert get_reader("a.png") is None
    assert get_reader(["a.nii", "b.png"]) is None


@pytest.mark.parametrize("kind", ["labels", "image"])
def test_a_layer_that_was_read_is_written_on_its_own_grid(kind: str, tmp_path: Path) -> None:
    name = "a_gt.nii.gz" if kind == "labels" else "a.nii.gz"
    data = np.random.default_rng(0).integers(0, 4, (5, 6, 7)).astype(np.int16)
    nib.save(nib.Nifti1Image(data, OBLIQUE), tmp_path / name)
    values, meta, found = get_reader(str(tmp_path / name))(str(tmp_path / name))[0]
    layer = getattr(ViewerModel(), f"add_{kind}")(values, **meta)
    write = write_labels_layer if kind == "labels" else write_image_layer
    as_napari_calls_it = layer.as_layer_data_tuple()
    write(str(tmp_path / "b.nii.gz"), as_napari_calls_it[0], as_napari_calls_it[1])

    assert found == kind
    source, written = nib.load(tmp_path / name), nib.load(tmp_path / "b.nii.gz")
    assert np.array_equal(written.affine, source.affine)
    assert np.array_equal(np.asarray(written.dataobj), data)


def test_a_layer_of_no_file_is_written_with_its_scale(tmp_path: Path) -> None:
    layer = ViewerModel().add_labels(np.ones((3, 4, 5), int), scale=(7, 2, 1.5))
    data, meta, _ = layer.as_layer_data_tuple()
    write_labels_layer(str(tmp_path / "a.nii.gz"), data, meta)

    written = nib.load(tmp_path / "a.nii.gz")
    assert written.shape == (5, 4, 3)
    assert written.header.get_zooms() == pytest.approx((1.5, 2, 7))


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.nii"])
def test_each_format_that_is_written_is_read_as_the_same_layer(name: str, tmp_path: Path) -> None:
    data = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    grid = Grid((3, 4, 5), (7.0, 2.0, 1.5), np.diag([-1.5, -2.0, 7.0, 1.0]))
    write_volume(tmp_path / name, Volume(data, grid))
    values, meta, kind = get_reader(str(tmp_path / name))(str(tmp_path / name))[0]

    assert kind == "image"
    assert np.array_equal(values, data)
    assert meta["scale"] == pytest.approx(grid.spacing)


@pytest.mark.parametrize("kind", ["image", "labels"])
def test_a_fourth_axis_is_the_layer_s_first(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("a_gt.nii.gz" if kind == "labels" else "a.nii.gz")
    data = np.random.default_rng(0).integers(0, 4, (5, 6, 7, 3)).astype(np.int16)
    nib.save(nib.Nifti1Image(data, OBLIQUE), path)
    values, meta, found = get_reader(str(path))(str(path))[0]
    layer = getattr(ViewerModel(), f"add_{kind}")(values, **meta)

    assert found == kind
    assert np.array_equal(layer.data, np.moveaxis(data, (3, 2, 1, 0), (0, 1, 2, 3)))
    volume = read_volume(path, frame=1)
    assert layer.scale == pytest.approx((1, *volume.spacing))
    assert layer.axis_labels == ("frame", "plane", "row", "column")
    for place in [(0, 0, 0), (4, 5, 6)]:
        flat = ViewerModel().add_image(volume.data, **placement_in_order(volume.grid))
        assert layer.data_to_world((1, *place)) == pytest.approx((1, *flat.data_to_world(place)))


def test_a_series_and_a_volume_stand_in_one_viewer(tmp_path: Path) -> None:
    for name, shape in (("a", (5, 6, 7, 3)), ("b", (5, 6, 7))):
        nib.save(nib.Nifti1Image(np.ones(shape, np.int16), OBLIQUE), tmp_path / f"{name}.nii.gz")
    viewer = ViewerModel()
    for name in ("a", "b"):
        path = str(tmp_path / f"{name}.nii.gz")
        ((data, meta, _),) = get_reader(path)(path)
        viewer.add_image(data, **meta)

    assert viewer.dims.ndim == 4
    assert np.allclose(viewer.layers[0].extent.world[:, 1:], viewer.layers[1].extent.world)


def test_a_folder_named_as_a_volume_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").mkdir()

    assert get_reader(str(tmp_path / "a.nii.gz")) is None


def test_a_layer_with_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a volume"):
        write_labels_layer(str(tmp_path / "a.nii.gz"), np.ones((2, 3, 4, 5), int), {})


@pytest.mark.parametrize(
    ("sample", "values"),
    [(heart_sample, range(4)), (spine_sample, range(18)), (brain_sample, range(2))],
)
def test_a_sample_is_an_image_with_labels_in_the_same_place(
    sample: Callable[[], list[LayerData]], values: range
) -> None:
    viewer = ViewerModel()
    image, labels = [getattr(viewer, f"add_{kind}")(data, **meta) for data, meta, kind in sample()]

    assert image.data.shape == labels.data.shape
    assert np.allclose(image.extent.world, labels.extent.world)
    assert set(np.unique(labels.data)) == set(values)


def test_the_manifest_is_valid_and_all_it_names_exists() -> None:
    from npe2 import PluginManifest

    import segstudio

    path = Path(segstudio.__file__).with_name("napari.yaml")
    manifest = PluginManifest.from_file(path)
    manifest.validate_imports()

    assert {w.display_name for w in manifest.contributions.widgets} >= {"Data", "Train"}


def test_the_manifest_names_the_suffixes_that_the_table_has() -> None:
    from npe2 import PluginManifest

    import segstudio

    found = PluginManifest.from_file(Path(segstudio.__file__).with_name("napari.yaml"))
    (reader,) = found.contributions.readers
    volumes = {f"*{suffix}" for kind in FORMATS if kind.is_volume for suffix in kind.suffixes}

    assert set(reader.filename_patterns) == volumes
    labels, image = found.contributions.writers
    assert labels.filename_extensions == list(WRITABLE)
    assert image.filename_extensions == list(WRITABLE_IMAGES)
