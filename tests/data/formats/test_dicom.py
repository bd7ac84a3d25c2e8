"""Reading DICOM series and files of many frames, on generated ones."""

import logging
import os
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom import uid

from segstudio.core.errors import InputError
from segstudio.data.formats import dicom_folders as room
from segstudio.data.formats import (
    frames_in,
    has_known_suffix,
    read_frames,
    read_grid,
    read_volume,
    suffix_of,
    write_volume,
)
from segstudio.data.formats.dicom import contents_of
from tests.data.formats.dicom_files import (
    AXIAL,
    OBLIQUE,
    SECRETS,
    enhanced,
    identity,
    image,
    numbers,
    save,
    series,
)

PALE = numbers((4, 4))
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE, SAGITTAL])
@pytest.mark.parametrize("step", [2.5, -2.5])
def test_any_file_of_a_series_is_the_series_as_simpleitk_reads_it(
    tmp_path: Path, orientation: tuple[float, ...], step: float
) -> None:
    stored = numbers((6, 5, 7))
    paths = series(tmp_path, stored, orientation=orientation, step=step)
    read = [read_volume(p) for p in paths]
    assert all((v.data == stored[:: int(np.sign(step))]).all() for v in read)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    other = sitk.ReadImage(names)
    assert (sitk.GetArrayFromImage(other) == read[0].data).all()
    direction = np.array(other.GetDirection()).reshape(3, 3) * other.GetSpacing()
    expected = np.eye(4)
    expected[:3, :3], expected[:3, 3] = direction, other.GetOrigin()
    np.testing.assert_allclose(read[0].affine, np.diag([-1, -1, 1, 1]) @ expected, atol=1e-5)
    np.testing.assert_allclose(read[0].spacing, other.GetSpacing()[::-1], rtol=1e-6)
    grid = read[0].grid
    assert (grid.unit, grid.is_placed, grid.doubts) == ("mm", True, ())


def test_slice_thickness_is_not_spacing(tmp_path: Path) -> None:
    path = series(tmp_path, numbers((4, 3, 3)), SliceThickness=9.0, SpacingBetweenSlices=8.0)[0]
    assert read_grid(path).spacing == pytest.approx((2.5, 0.7, 0.5))


def test_a_missing_plane_is_told_with_its_place_and_what_was_taken(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((6, 3, 3)))
    paths[3].unlink()
    (doubt,) = read_grid(paths[0]).doubts
    assert "missing" in doubt
    assert "3 and 4 (5 mm) of 5" in doubt
    assert "2.5 mm is taken" in doubt
    assert read_grid(paths[0]).spacing[0] == pytest.approx(2.5)


def test_uneven_planes_are_told(tmp_path: Path) -> None:
    path = series(tmp_path, numbers((5, 3, 3)), depth=[0, 2, 4, 5.5, 7.5])[0]
    (doubt,) = read_grid(path).doubts
    assert "uneven" in doubt
    assert "3 and 4 (1.5 mm)" in doubt


def test_a_gantry_tilt_is_told_and_kept_in_the_place(tmp_path: Path) -> None:
    path = series(tmp_path, numbers((4, 3, 3)), step=(0.0, 0.5, 2.0))[0]
    grid = read_grid(path)
    (doubt,) = grid.doubts
    assert "tilt of 14 degrees" in doubt
    assert "2.062 mm apart" in doubt
    np.testing.assert_allclose(grid.affine[:3, 2], [0, -0.5, 2])
    assert grid.spacing[0] == pytest.approx(np.hypot(0.5, 2.0))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_tilted_stack_has_the_spacing_that_other_formats_give_it(
    tmp_path: Path, suffix: str
) -> None:
    volume = read_volume(series(tmp_path, numbers((4, 3, 3)), step=(0.0, 2.0, 5.0))[0])
    other = read_grid(write_volume(tmp_path / f"v{suffix}", volume))
    np.testing.assert_allclose(volume.spacing, other.spacing, rtol=1e-5)
    np.testing.assert_allclose(volume.affine, other.affine, atol=1e-4)
    assert volume.spacing[0] == pytest.approx(5.385, abs=1e-3)
    assert any("as if" in doubt for doubt in other.doubts)


def test_a_damaged_file_of_the_series_is_told(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((4, 3, 3)))
    paths[0].write_bytes(b"\0" * 300)
    assert any("1 DICOM file(s)" in d for d in read_grid(paths[1]).doubts)


def test_two_series_of_a_folder_are_two_images(tmp_path: Path) -> None:
    one = series(tmp_path, numbers((3, 4, 4)), prefix="a")
    two = series(tmp_path, numbers((5, 4, 4), seed=1), prefix="b", SeriesInstanceUID="1.2.3.9")
    assert read_volume(one[0]).data.shape == (3, 4, 4)
    assert read_volume(two[0]).data.shape == (5, 4, 4)
    assert [sorted(s.files) for s in contents_of(tmp_path)[0]] == [sorted(one), sorted(two)]


def test_a_localiser_in_a_series_is_an_image_of_its_own(tmp_path: Path) -> None:
    planes = series(tmp_path, numbers((4, 5, 5)))
    scout = image(numbers((5, 5)), ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    other = save(scout, tmp_path / "scout.dcm")
    small = save(image(numbers((2, 2))), tmp_path / "small.dcm")
    assert read_volume(planes[0]).data.shape == (4, 5, 5)
    assert read_volume(other).data.shape == (1, 5, 5)
    assert read_volume(small).data.shape == (1, 2, 2)
    assert len(contents_of(tmp_path)[0]) == 3


def test_a_file_that_lies_twice_in_the_folder_counts_once(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((4, 3, 3)))
    shutil.copy(paths[0], tmp_path / "copy.dcm")
    assert frames_in(paths[0]) == frames_in(tmp_path / "copy.dcm") == 1
    assert len(contents_of(tmp_path)[0][0].files) == 4


@pytest.mark.parametrize(
    "name", ["TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime", "EchoTime"]
)
def test_images_at_one_place_are_entries_of_a_fourth_axis(tmp_path: Path, name: str) -> None:
    stored = numbers((3, 4, 5, 5))
    # The numbers run against the time, so that they cannot be what it is sorted by.
    for t in (2, 0, 1):
        for z in range(4):
            given = {name: 10 + t, "InstanceNumber": 100 - 10 * t - z}
            ds = image(stored[t, z], **given, ImagePositionPatient=[0, 0, 2.0 * z])
            save(ds, tmp_path / f"{9 - t}{z}.dcm")
    path = tmp_path / "70.dcm"
    assert frames_in(path) == 3
    for t in range(3):
        assert (read_volume(path, frame=t).data == stored[t]).all()
    assert (read_frames(path, [2, 0]).channels[1] == stored[0]).all()
    with pytest.raises(InputError, match="holds 3 entries"):
        read_volume(path)


def test_a_sequence_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((4, 3, 3)))
    ds = pydicom.dcmread(paths[1])
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    save(ds, tmp_path / "again.dcm")
    with pytest.raises(InputError, match=r"2 image\(s\) at plane 2 of 4 and 1 at most others"):
        read_volume(paths[0])


def test_planes_without_a_position_are_taken_by_their_numbers(tmp_path: Path) -> None:
    stored = numbers((5, 3, 4))
    paths = series(tmp_path, stored, ImagePositionPatient=None)
    volume = read_volume(paths[0])
    order = [pydicom.dcmread(p).InstanceNumber - 1 for p in paths]
    assert (volume.data[order] == stored).all()
    assert not volume.grid.is_placed
    assert any("order of their numbers" in d for d in volume.grid.doubts)


def test_an_enhanced_file_has_a_place_and_a_scale_for_each_frame(tmp_path: Path) -> None:
    stored = numbers((5, 6, 8))
    volume = read_volume(save(enhanced(stored), tmp_path / "e.dcm"))
    k = np.arange(5)[:, None, None]
    assert volume.data.dtype == np.int16
    assert (volume.data == stored * (1 + k) - k).all()
    assert volume.spacing == (2.0, 0.7, 0.5)
    np.testing.assert_allclose(volume.affine[:3, 3], [-1, -2, 3])


def test_an_enhanced_file_of_several_times(tmp_path: Path) -> None:
    stored = numbers((6, 4, 4))
    ds = enhanced(stored)
    for i, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
        k = 5 - i  # they are written in reverse
        item.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 2.0 * (k % 3)]
        del item.PixelValueTransformationSequence
        content = pydicom.Dataset()
        content.TemporalPositionIndex = 1 + k // 3
        item.FrameContentSequence = [content]
    path = save(ds, tmp_path / "e.dcm")
    assert frames_in(path) == 2
    assert (read_volume(path, frame=1).data == stored[3:]).all()


def test_a_cine_without_positions_runs_in_time_and_a_stack_does_not(tmp_path: Path) -> None:
    stored = numbers((6, 4, 5), np.uint8)
    bare = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "NumberOfFrames": 6}
    cine = image(stored, FrameTime=30.0, FrameIncrementPointer=0x00181063, **bare)
    path = save(cine, tmp_path / "cine.dcm")
    assert frames_in(path) == 6
    assert (read_volume(path, frame=4).data == stored[4:5]).all()
    stack = read_volume(save(image(stored, **bare), tmp_path / "stack.dcm"))
    assert (stack.data == stored).all()
    assert not stack.grid.is_placed


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype", "kind"),
    [
        (1, 0, np.int16, np.int16),
        (1, 0, np.uint8, np.uint8),
        (1, -1024, np.uint16, np.int16),
        (1, 0, np.uint16, np.uint16),
        (2, 5, np.uint8, np.int16),
        (300, 0, np.uint16, np.int32),
        (0.5, 0, np.int16, np.float32),
        (1, -0.5, np.int16, np.float32),
    ],
)
def test_slope_and_intercept_are_applied_in_whole_numbers_where_they_are(
    tmp_path: Path, slope: float, intercept: float, dtype: type, kind: type
) -> None:
    stored = numbers((3, 4, 4), dtype)
    path = series(tmp_path, stored, RescaleSlope=slope, RescaleIntercept=intercept)[0]
    data = read_volume(path).data
    assert data.dtype == kind
    np.testing.assert_array_equal(data, stored * np.float64(slope) + intercept)


def test_each_plane_has_its_own_slope(tmp_path: Path) -> None:
    for z in range(3):
        at = {"ImagePositionPatient": [0, 0, 2.0 * z], "RescaleSlope": 0.5 + z}
        save(image(np.full((3, 3), 10, np.int16), **at), tmp_path / f"{z}.dcm")
    assert read_volume(tmp_path / "0.dcm").data[:, 0, 0].tolist() == [5, 15, 25]


def test_fewer_bits_than_allocated_are_read_without_what_lies_above_them(tmp_path: Path) -> None:
    stored = numbers((4, 4), np.uint16)
    ds = image(stored | 0xF000, BitsStored=12, HighBit=11)
    assert (read_volume(save(ds, tmp_path / "a.dcm")).data[0] == stored).all()


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless])
def test_signed_numbers_of_fewer_bits_keep_their_sign(tmp_path: Path, syntax: uid.UID) -> None:
    stored = numbers((4, 4)) - 100
    ds = image((stored & 0x0FFF).astype(np.int16), BitsStored=12, HighBit=11)
    if syntax == uid.RLELossless:
        ds.compress(syntax, generate_instance_uid=False)
    assert (read_volume(save(ds, tmp_path / "a.dcm")).data[0] == stored).all()


def test_white_is_high_whatever_the_file_says(tmp_path: Path) -> None:
    stored = numbers((4, 4), np.uint16)
    ds = image(stored, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)
    volume = read_volume(save(ds, tmp_path / "a.dcm"))
    assert (volume.data[0] == 4095 - stored).all()
    assert any("MONOCHROME1" in d for d in volume.grid.doubts)


def test_equal_colours_are_grey_and_others_are_refused(tmp_path: Path) -> None:
    grey = np.repeat(numbers((4, 4, 1), np.uint8), 3, axis=2)
    rgb = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    ds = image(grey, **rgb, Rows=4, Columns=4)
    assert (read_volume(save(ds, tmp_path / "a" / "a.dcm")).data[0] == grey[..., 0]).all()
    grey[0, 0, 1] += 1
    ds = image(grey, **rgb, Rows=4, Columns=4)
    with pytest.raises(InputError, match="in colour"):
        read_volume(save(ds, tmp_path / "b" / "b.dcm"))


def test_the_spacing_at_a_detector_is_taken_with_a_doubt(tmp_path: Path) -> None:
    bare = {"PixelSpacing": None, "ImagePositionPatient": None, "ImageOrientationPatient": None}
    ds = image(numbers((4, 4)), ImagerPixelSpacing=[0.2, 0.1], **bare)
    grid = read_grid(save(ds, tmp_path / "a.dcm"))
    assert (grid.unit, grid.spacing[1:], grid.is_placed) == ("mm", (0.2, 0.1), False)
    assert any("detector" in d for d in grid.doubts)


def test_a_radiographs_series_is_no_stack(tmp_path: Path) -> None:
    kind = uid.ComputedRadiographyImageStorage
    bare = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "SOPClassUID": kind}
    path = series(tmp_path, numbers((3, 4, 4)), **bare)[0]
    assert read_volume(path).data.shape == (1, 4, 4)


@pytest.mark.parametrize("spacing", [None, [1.0, 1.0]])
def test_without_a_true_spacing_lengths_are_voxels(
    tmp_path: Path, spacing: list[float] | None
) -> None:
    path = series(tmp_path, numbers((3, 4, 4)), PixelSpacing=spacing, step=1.0)[0]
    assert read_grid(path).unit == "voxels"


@pytest.mark.parametrize("name", ["IM000001", "MR.1.2.840.113619.2.5.12", "1.2.840.113619.2"])
def test_files_without_a_suffix_are_known_by_their_mark(tmp_path: Path, name: str) -> None:
    path = save(image(numbers((4, 4))), tmp_path / name)
    assert has_known_suffix(path)
    assert suffix_of(path) == ""
    assert read_volume(path).data.shape == (1, 4, 4)
    other = tmp_path / "README"
    other.write_text("no image" * 50)
    assert not has_known_suffix(other)
    assert not has_known_suffix(tmp_path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.481.3", "contours"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "radiotherapy plan"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
        ("1.2.840.10008.1.3.10", "DICOMDIR"),
        ("1.2.840.10008.5.1.4.1.1.77.1.6", "microscope"),
        ("1.2.840.10008.5.1.4.1.1.2", "without an image"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(tmp_path: Path, kind: str, words: str) -> None:
    ds = image(numbers((4, 4)), SOPClassUID=kind)
    for name in ("PixelData", "Rows", "Columns"):
        delattr(ds, name)
    path = save(ds, tmp_path / "a.dcm")
    with pytest.raises(InputError, match=words) as told:
        read_volume(path)
    assert str(path) in str(told.value)


def test_no_word_of_the_patient_is_kept_or_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    paths = series(tmp_path / "a", numbers((4, 5, 5)))
    bad = image(numbers((4, 4)))
    bad.add_new(0x00280030, "DS", "0.5")
    bad.add_new(0x00100010, "PN", "DOE^JANE")
    identity(bad)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        broken = save(bad, tmp_path / "b" / "b.dcm")
        content = broken.read_bytes().replace(b"19540321", b"DOE^JANE")
        broken.write_bytes(content)
        del warned[:]
        volume = read_volume(paths[0])
        with pytest.raises(InputError) as told:
            read_volume(broken)
    texts = [repr(volume.grid), repr(volume.grid.header), str(told.value), repr(told.value)]
    texts += [str(w.message) for w in warned] + [caplog.text]
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
    assert not [s for s in SECRETS for text in texts if s in text]


def test_headers_of_a_folder_are_read_once_and_again_where_a_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = series(tmp_path, numbers((6, 4, 4)))
    read: list[Path] = []
    real = room.header_of
    monkeypatch.setattr(room, "header_of", lambda p: read.append(p) or real(p))
    for path in paths:
        read_grid(path)
    assert len(read) == 6
    paths[-1].unlink()
    assert read_grid(paths[0]).shape[0] == 5


def settle(folder: Path) -> None:
    """Make a folder look as if nothing came or went since long ago."""
    os.utime(folder, (1e9, 1e9))


def test_a_folder_is_not_listed_for_each_of_its_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [
        save(image(numbers((4, 4), seed=k), SeriesInstanceUID=f"1.2.{k}"), tmp_path / f"{k}.dcm")
        for k in range(5)
    ]
    settle(tmp_path)
    listed: list[Path] = []
    real = room._listed
    monkeypatch.setattr(room, "_listed", lambda *a: listed.append(a[0]) or real(*a))
    for k, path in enumerate(paths):
        assert (read_volume(path).data[0] == numbers((4, 4), seed=k)).all()
    assert listed == [tmp_path]
    paths[0].unlink()
    read_grid(paths[1])
    assert len(listed) == 2


def test_a_file_that_is_overwritten_where_it_lies_is_read_again(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((6, 4, 4)))
    settle(tmp_path)
    assert read_grid(paths[0]).shape[0] == 6
    moved = pydicom.dcmread(paths[-1])
    moved.SeriesInstanceUID = "1.2.9"
    with paths[-1].open("r+b") as file:
        pydicom.dcmwrite(file, moved, enforce_file_format=True)
        file.truncate()
    settle(tmp_path)
    assert read_grid(paths[0]).shape[0] == 5
    assert read_grid(paths[-1]).shape[0] == 1


def test_a_link_that_leaves_the_folder_is_no_plane_of_a_file_in_it(tmp_path: Path) -> None:
    stored = numbers((6, 4, 4))
    paths = series(tmp_path / "a", stored)
    (tmp_path / "b").mkdir()
    out = paths[-1].rename(tmp_path / "b" / "out.dcm")
    (tmp_path / "a" / "link.dcm").symlink_to(out)
    (tmp_path / "a" / "own.dcm").symlink_to(paths[0])  # a file of the folder, twice
    grid = read_grid(paths[0])
    assert grid.shape[0] == 5
    assert any("1 link(s) of this folder" in doubt for doubt in grid.doubts)
    assert out not in grid.header.files


def test_what_is_no_file_beside_a_series_is_passed_over(tmp_path: Path) -> None:
    paths = series(tmp_path, numbers((4, 4, 4)))
    (tmp_path / "loop.dcm").symlink_to("loop.dcm")
    (tmp_path / "nowhere.dcm").symlink_to("nothing.dcm")
    (tmp_path / "folder.dcm").mkdir()
    os.mkfifo(tmp_path / "pipe.dcm")
    grid = read_grid(paths[0])
    assert (grid.shape[0], grid.doubts) == (4, ())


def test_a_link_that_is_opened_itself_is_a_plane_with_those_beside_it(tmp_path: Path) -> None:
    stored = numbers((4, 4, 4))
    (tmp_path / "a").mkdir()
    for path in series(tmp_path / "pool", stored):
        (tmp_path / "a" / path.name).symlink_to(path)
    first = min((tmp_path / "a").iterdir())
    assert (read_volume(first).data == stored).all()


def test_times_whose_positions_differ_by_rounding_are_one_place(tmp_path: Path) -> None:
    for t in range(2):
        start = (0.0, 0.0, 10.0 + 0.01 * t)
        given = {"prefix": f"{t}-", "TemporalPositionIdentifier": t + 1}
        series(tmp_path, numbers((4, 4, 4), seed=t), start=start, **given)
    assert frames_in(tmp_path / "0-000.dcm") == 2


def test_several_threads_read_and_leave_warnings_as_they_were(tmp_path: Path) -> None:
    paths = [*series(tmp_path / "a", numbers((6, 4, 4))), save(image(PALE), tmp_path / "b" / "b")]
    read_volume(paths[-1])  # what is imported for it may change the filters
    before = (list(warnings.filters), logging.getLogger("pydicom").propagate)
    with ThreadPoolExecutor(4) as pool:
        shapes = list(pool.map(lambda p: read_volume(p).data.shape, paths * 10))
    assert shapes == ([(6, 4, 4)] * 6 + [(1, 4, 4)]) * 10
    assert (list(warnings.filters), logging.getLogger("pydicom").propagate) == before


def test_an_image_is_not_written_as_dicom(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path, numbers((3, 4, 4)) - 100)[0])
    with pytest.raises(InputError, match="labels only"):
        write_volume(tmp_path / "out.dcm", volume)
    assert not (tmp_path / "out.dcm").exists()
