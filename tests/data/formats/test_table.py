"""Every format of the table: an image another program wrote, and what no program should."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import tifffile
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.errors import InputError
from segstudio.data.formats import (
    SUFFIXES,
    frames_in,
    has_known_suffix,
    read_frames,
    read_grid,
    read_labels,
    read_volume,
    stem,
)

VOLUME = np.random.default_rng(0).integers(0, 200, (3, 6, 5)).astype(np.int16)
PLANE = VOLUME[:1].astype(np.uint8)
# Smooth: what JPEG loses of it is a grey value or two.
SMOOTH = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)[None]


def by_itk(path: Path, array: NDArray[Any]) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.8, 0.7, 5.0))
    sitk.WriteImage(image, str(path))


def by_nibabel(path: Path, array: NDArray[Any]) -> None:
    nib.save(nib.Nifti1Image(array.T, np.diag([0.8, 0.7, 5.0, 1])), path)


def by_analyze(path: Path, array: NDArray[Any]) -> None:
    nib.save(nib.AnalyzeImage(array.T, np.diag([0.8, 0.7, 5.0, 1])), path.with_suffix(".img"))


def by_h5py(path: Path, array: NDArray[Any]) -> None:
    with h5py.File(path, "w") as file:
        file["image"], file["label"] = array, array % 4


def by_savez(path: Path, array: NDArray[Any]) -> None:
    np.savez_compressed(path, image=array, label=array % 4)


def by_pillow(path: Path, array: NDArray[Any]) -> None:
    Image.fromarray(array[0]).save(path)


WRITERS: dict[str, tuple[Callable[[Path, NDArray[Any]], None], NDArray[Any]]] = {
    ".nii.gz": (by_nibabel, VOLUME),
    ".nii": (by_nibabel, VOLUME),
    ".nrrd": (by_itk, VOLUME),
    ".mha": (by_itk, VOLUME),
    ".mhd": (by_itk, VOLUME),
    ".hdr": (by_analyze, VOLUME),
    ".img": (by_analyze, VOLUME),
    ".tif": (lambda p, a: tifffile.imwrite(p, a, photometric="minisblack"), VOLUME),
    ".tiff": (
        lambda p, a: tifffile.imwrite(p, a, photometric="minisblack", compression="lzw"),
        VOLUME,
    ),
    ".png": (by_pillow, PLANE),
    ".bmp": (by_pillow, PLANE),
    ".npy": (np.save, VOLUME),
    ".npz": (by_savez, VOLUME),
    ".h5": (by_h5py, VOLUME),
    ".hdf5": (by_h5py, VOLUME),
}
LOSSY = (".jpg", ".jpeg")
FOREIGN = (".dcm", ".dicom", ".ima")  # has tests of its own


def test_every_suffix_of_the_table_is_tried() -> None:
    assert {*WRITERS, *LOSSY, *FOREIGN} >= set(SUFFIXES)


@pytest.mark.parametrize("suffix", WRITERS)
def test_an_image_of_another_program_is_read_as_it_is(tmp_path: Path, suffix: str) -> None:
    write, array = WRITERS[suffix]
    path = tmp_path / f"Fälle 1{suffix}"
    write(path, array)
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.data, array)
    assert volume.data.dtype == array.dtype
    assert volume.grid.shape == read_grid(path).shape == array.shape
    assert frames_in(path) == 1
    assert stem(path) == "Fälle 1"
    assert has_known_suffix(path.with_name(path.name.upper()))


@pytest.mark.parametrize("suffix", LOSSY)
def test_a_jpeg_is_read_as_it_looks(tmp_path: Path, suffix: str) -> None:
    by_pillow(tmp_path / f"a{suffix}", SMOOTH)
    read = read_volume(tmp_path / f"a{suffix}").data
    assert read.shape == SMOOTH.shape
    assert np.abs(read.astype(int) - SMOOTH).max() <= 3


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd", ".hdr", ".nii.gz"])
def test_spacing_is_in_the_order_of_the_array(tmp_path: Path, suffix: str) -> None:
    WRITERS[suffix][0](tmp_path / f"a{suffix}", VOLUME)
    np.testing.assert_allclose(read_grid(tmp_path / f"a{suffix}").spacing, (5.0, 0.7, 0.8))


@pytest.mark.parametrize("suffix", [".h5", ".npz"])
def test_a_file_of_both_gives_image_and_labels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix][0](path, VOLUME)
    np.testing.assert_array_equal(read_labels(path, like=read_volume(path)), VOLUME % 4)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("damage", ["cut", "empty", "text", "folder", "one byte"])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, suffix: str, damage: str) -> None:
    write, array = WRITERS[suffix]
    path = tmp_path / f"a{suffix}"
    write(path, array)
    voxels = path.with_suffix(".raw") if suffix == ".mhd" else path
    voxels = path.with_suffix(".img") if suffix == ".hdr" else voxels
    content = voxels.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        pieces = {"cut": content[: len(content) * 2 // 3], "empty": b"", "one byte": b"N"}
        voxels.write_bytes(pieces.get(damage, b"this is text\n" * 40))
        if damage == "text":  # any bytes are voxels: it takes a header to know better
            header = path.with_suffix(".hdr") if suffix == ".img" else path
            header.write_bytes(b"this is text\n" * 40)
    with pytest.raises(InputError, match=r"damaged|folder|should hold|shape|cut short") as told:
        read_volume(path)
    assert "a" in str(told.value)
    assert "\n" not in str(told.value)


RGB = np.random.default_rng(0).integers(0, 255, (8, 9, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".nrrd", ".mha"])
def test_colour_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, RGB, photometric="rgb")
    elif suffix in (".nrrd", ".mha"):
        sitk.WriteImage(sitk.GetImageFromArray(RGB, isVector=True), str(path))
    else:
        Image.fromarray(RGB).save(path)
    with pytest.raises(InputError, match="colour"):
        read_volume(path)


def test_a_grey_picture_saved_in_colour_is_grey(tmp_path: Path) -> None:
    Image.fromarray(PLANE[0]).convert("RGB").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").data, PLANE)


def test_a_palette_holds_labels(tmp_path: Path) -> None:
    picture = Image.fromarray((PLANE[0] % 3).astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), PLANE % 3)


FOUR = np.stack([VOLUME, VOLUME + 1])


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha", ".tif"])
def test_a_fourth_axis_is_read_entry_by_entry(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, FOUR, imagej=True, metadata={"axes": "TZYX"})
    elif suffix == ".nii.gz":
        by_nibabel(path, FOUR)
    else:
        sitk.WriteImage(sitk.GetImageFromArray(FOUR, isVector=False), str(path))
    assert frames_in(path) == 2
    np.testing.assert_array_equal(read_volume(path, frame=1).data, VOLUME + 1)
    np.testing.assert_array_equal(read_frames(path, (1, 0)).other_channels[0], VOLUME)
    with pytest.raises(InputError, match="holds 2 entries"):
        read_volume(path)
    with pytest.raises(InputError, match="no entry 2"):
        read_volume(path, frame=2)


def test_an_imagej_stack_knows_its_spacing(tmp_path: Path) -> None:
    options: dict[str, Any] = {"imagej": True, "resolution": (1 / 0.5, 1 / 0.25)}
    about = {"axes": "ZYX", "spacing": 2.0, "unit": "mm"}
    tifffile.imwrite(tmp_path / "a.tif", VOLUME, metadata=about, **options)
    grid = read_grid(tmp_path / "a.tif")
    np.testing.assert_allclose(grid.spacing, (2.0, 0.25, 0.5))
    assert grid.unit == "mm"
    tifffile.imwrite(tmp_path / "b.tif", VOLUME, photometric="minisblack")
    assert read_grid(tmp_path / "b.tif").unit == "voxels"


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    proof = tmp_path / "run"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (proof,))

    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "b.npz", image=np.array([Trap()], dtype=object), allow_pickle=True)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("a.npy", "b.npz", "c.npy"):
        with pytest.raises(InputError, match=r"Python objects|damaged"):
            read_volume(tmp_path / name)
    assert not proof.exists()


def test_a_header_that_declares_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, VOLUME)
    path.write_bytes(path.read_bytes().replace(b"(3, 6, 5), }     ", b"(300000, 60000, 50000), }"))
    with pytest.raises(InputError, match=r"cannot hold|damaged"):
        read_volume(path)


def test_a_zip_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    header = np.lib.format.header_data_from_array_1_0(np.zeros(1)) | {"shape": (10**5,) * 3}
    packed = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with packed as archive, archive.open("image.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(1 << 20))
    with pytest.raises(InputError, match="damaged"):
        read_volume(path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.raw", "LIST", "a%d.raw", "b/c.raw"])
def test_voxels_elsewhere_are_not_fetched(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(2 * VOLUME.size))
    by_itk(tmp_path / "in" / "a.mhd", VOLUME)
    text = (tmp_path / "in" / "a.mhd").read_text().replace("a.raw", name)
    (tmp_path / "in" / "a.mhd").write_text(text)
    with pytest.raises(InputError, match="same folder"):
        read_volume(tmp_path / "in" / "a.mhd")
    head = f"NRRD0004\ntype: short\ndimension: 3\nsizes: 5 6 3\nencoding: raw\ndata file: {name}\n"
    (tmp_path / "in" / "a.nrrd").write_text(head)
    with pytest.raises(InputError, match="same folder"):
        read_volume(tmp_path / "in" / "a.nrrd")


def test_a_link_to_voxels_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    by_itk(tmp_path / "in" / "a.mhd", VOLUME)
    raw = (tmp_path / "in" / "a.raw").rename(tmp_path / "a.raw")
    (tmp_path / "in" / "a.raw").symlink_to(raw)
    with pytest.raises(InputError, match="same folder"):
        read_volume(tmp_path / "in" / "a.mhd")


def test_hdf5_that_points_to_another_file_is_refused(tmp_path: Path) -> None:
    by_h5py(tmp_path / "secret.h5", VOLUME)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = h5py.ExternalLink("secret.h5", "image")
    with pytest.raises(InputError, match="nothing"):
        read_volume(tmp_path / "a.h5")
    layout = h5py.VirtualLayout(VOLUME.shape, VOLUME.dtype)
    layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "image", VOLUME.shape)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_virtual_dataset("image", layout)
    with pytest.raises(InputError, match="another file"):
        read_volume(tmp_path / "b.h5")


def test_an_ome_stack_knows_its_spacing(tmp_path: Path) -> None:
    about = {"axes": "ZYX", "PhysicalSizeX": 250.0, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
    units = {"PhysicalSizeYUnit": "mm", "PhysicalSizeZUnit": "mm"}  # x is in microns, as by default
    tifffile.imwrite(tmp_path / "a.ome.tif", VOLUME, metadata=about | units)
    grid = read_grid(tmp_path / "a.ome.tif")
    np.testing.assert_allclose(grid.spacing, (2.0, 0.5, 0.25))
    assert grid.unit == "mm"


def test_channels_within_planes_are_told_from_planes(tmp_path: Path) -> None:
    within = np.stack([VOLUME, VOLUME + 1, VOLUME + 2, VOLUME + 3], axis=1)
    tifffile.imwrite(tmp_path / "a.tif", within, imagej=True, metadata={"axes": "ZCYX"})
    assert frames_in(tmp_path / "a.tif") == 4
    np.testing.assert_array_equal(read_volume(tmp_path / "a.tif", frame=3).data, VOLUME + 3)


@pytest.mark.parametrize(("unit", "scale"), [("um", 1e-3), ("mm", 1.0), ("cm", 10.0)])
def test_nrrd_and_metaimage_may_be_in_another_unit(tmp_path: Path, unit: str, scale: float) -> None:
    image = sitk.GetImageFromArray(VOLUME)
    image.SetSpacing((5.0, 5.0, 20.0))
    image.SetOrigin((10.0, 20.0, 30.0))
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    content = (tmp_path / "a.nrrd").read_bytes()
    said = f'space units: "{unit}" "{unit}" "{unit}"\n'.encode()
    content = content.replace(b"kinds:", said + b"kinds:", 1)
    (tmp_path / "a.nrrd").write_bytes(content)
    sitk.WriteImage(image, str(tmp_path / "b.mha"))
    content = (tmp_path / "b.mha").read_bytes()
    content = content.replace(b"ElementType", f"DistanceUnits = {unit}\nElementType".encode(), 1)
    (tmp_path / "b.mha").write_bytes(content)
    for name in ("a.nrrd", "b.mha"):
        grid = read_grid(tmp_path / name)
        np.testing.assert_allclose(grid.spacing, np.array((20.0, 5.0, 5.0)) * scale)
        np.testing.assert_allclose(grid.affine[:3, 3], np.array((-10, -20, 30)) * scale)
        np.testing.assert_array_equal(read_volume(tmp_path / name).data, VOLUME)


def test_a_picture_in_colour_as_an_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(InputError, match="looks like a picture in colour"):
        read_volume(tmp_path / "a.npy")
