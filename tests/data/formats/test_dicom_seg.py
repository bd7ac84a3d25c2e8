"""DICOM segmentations: written on DICOM images and read back, or made by another program."""

import builtins
import importlib.util
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.sr.coding import CodedConcept
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Volume
from segstudio.data.formats import (
    read_grid,
    read_labels,
    read_volume,
    write_labels,
    write_maps,
    write_volume,
)
from segstudio.data.formats.dicom_seg_writing import write_segmentation
from tests.data.formats.dicom_files import (
    AXIAL,
    OBLIQUE,
    SECRETS,
    enhanced,
    image,
    numbers,
    save,
    series,
)

# 35 voxels a plane: frames of a binary segmentation that end within a byte.
SHAPE = (5, 5, 7)


def some_labels(largest: int = 3) -> NDArray[np.int32]:
    labels = np.zeros(SHAPE, np.int32)
    labels[1:3, 2:4, 3:6] = 1
    labels[2, 0, :2], labels[3, 4, 6] = 2, largest
    return labels


def expect_round_trip(volume: Volume, labels: NDArray[Any], path: Path) -> Path:
    write_labels(path, labels, volume.grid)
    assert (read_labels(path, like=volume) == labels).all()
    grid = read_grid(path, content="labels")
    np.testing.assert_allclose(grid.affine, volume.affine, atol=1e-6)
    np.testing.assert_allclose(grid.spacing, volume.spacing, rtol=1e-6)
    assert (grid.unit, grid.is_placed) == (volume.grid.unit, True)
    return path


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE])
@pytest.mark.parametrize("step", [2.5, -2.5])
@pytest.mark.parametrize("largest", [3, 40, 300])
def test_labels_come_back_where_they_were(
    tmp_path: Path, orientation: tuple[float, ...], step: float, largest: int
) -> None:
    paths = series(tmp_path / "a", numbers(SHAPE), orientation=orientation, step=step)
    expect_round_trip(read_volume(paths[0]), some_labels(largest), tmp_path / "labels.dcm")


def test_no_label_at_all_comes_back_as_none(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path / "a", numbers(SHAPE))[0])
    expect_round_trip(volume, np.zeros(SHAPE, np.uint8), tmp_path / "labels.dcm")


def test_labels_of_an_enhanced_file(tmp_path: Path) -> None:
    volume = read_volume(save(enhanced(numbers(SHAPE)), tmp_path / "a" / "a.dcm"))
    expect_round_trip(volume, some_labels(), tmp_path / "labels.dcm")


def test_labels_of_a_tilted_stack_and_of_one_with_a_gap(tmp_path: Path) -> None:
    tilted = series(tmp_path / "a", numbers(SHAPE), step=(0.0, 0.5, 2.0))
    expect_round_trip(read_volume(tilted[0]), some_labels(), tmp_path / "tilted.dcm")
    gap = series(tmp_path / "b", numbers(SHAPE), depth=[0, 2, 4, 8, 10])
    expect_round_trip(read_volume(gap[0]), some_labels(), tmp_path / "gap.dcm")


def test_the_spacing_written_for_a_tilted_stack_is_that_between_its_planes(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path / "a", numbers(SHAPE), step=(0.0, 2.0, 5.0))[0])
    path = expect_round_trip(volume, some_labels(), tmp_path / "tilted.dcm")
    measures = pydicom.dcmread(path).SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert volume.spacing[0] == pytest.approx(5.385, abs=1e-3)
    assert float(measures.SpacingBetweenSlices) == pytest.approx(5.0)


def test_labels_of_one_time_of_a_sequence(tmp_path: Path) -> None:
    for t in range(2):
        series(tmp_path / "a", numbers(SHAPE), prefix=f"{t}-", TemporalPositionIdentifier=t + 1)
    volume = read_volume(tmp_path / "a" / "0-000.dcm", frame=1)
    expect_round_trip(volume, some_labels(), tmp_path / "labels.dcm")


def test_labels_of_an_enhanced_file_of_several_times(tmp_path: Path) -> None:
    ds = enhanced(numbers((2 * SHAPE[0], *SHAPE[1:])))
    for i, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
        item.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 2.0 * (i % SHAPE[0])]
    volume = read_volume(save(ds, tmp_path / "a" / "a.dcm"), frame=1)
    expect_round_trip(volume, some_labels(), tmp_path / "labels.dcm")


def test_segments_are_named_and_refer_to_their_images(tmp_path: Path) -> None:
    paths = series(tmp_path / "a", numbers(SHAPE))
    volume = read_volume(paths[0])
    ds = pydicom.dcmread(write_labels(tmp_path / "labels.dcm", some_labels(), volume.grid))
    assert [s.SegmentLabel for s in ds.SegmentSequence] == ["class 1", "class 2", "class 3"]
    assert (ds.StudyInstanceUID, ds.FrameOfReferenceUID) == ("1.2.3.4", "1.2.3.4.6")
    (referred,) = ds.ReferencedSeriesSequence
    instances = {i.ReferencedSOPInstanceUID for i in referred.ReferencedInstanceSequence}
    assert instances == {pydicom.dcmread(p).SOPInstanceUID for p in paths}
    write_segmentation(tmp_path / "b.dcm", some_labels(), volume.grid, {2: "scar"})
    named = pydicom.dcmread(tmp_path / "b.dcm")
    assert [s.SegmentLabel for s in named.SegmentSequence] == ["class 1", "scar", "class 3"]


@pytest.mark.parametrize("largest", [3, 40])
def test_highdicom_itself_reads_what_is_written(tmp_path: Path, largest: int) -> None:
    paths = series(tmp_path / "a", numbers(SHAPE), orientation=OBLIQUE)
    volume = read_volume(paths[0])
    path = write_labels(tmp_path / "labels.dcm", some_labels(largest), volume.grid)
    instances = [pydicom.dcmread(p).SOPInstanceUID for p in paths]
    read = highdicom.seg.segread(path)
    combined = read.get_pixels_by_source_instance(instances, combine_segments=True)
    assert (combined == some_labels(largest)).all()


@pytest.mark.parametrize("kind", ["series", "enhanced"])
@pytest.mark.parametrize("largest", [3, 40])
def test_no_word_of_the_patient_is_written(tmp_path: Path, kind: str, largest: int) -> None:
    if kind == "series":
        source = series(tmp_path / "a", numbers(SHAPE))[0]
    else:
        source = save(enhanced(numbers(SHAPE)), tmp_path / "a" / "a.dcm")
    assert all(s.encode() in source.read_bytes() for s in SECRETS)
    grid = read_volume(source).grid
    path = write_labels(tmp_path / "labels.dcm", some_labels(largest), grid)
    content = path.read_bytes()
    assert not [s for s in SECRETS if s.encode() in content]
    dated = [e for e in pydicom.dcmread(path).iterall() if e.VR in ("DA", "TM", "DT", "PN")]
    assert dated
    assert not [e for e in dated if e.value]


def test_what_is_no_label_or_has_no_dicom_source_is_refused(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path / "a", numbers(SHAPE))[0])
    nifti = write_volume(tmp_path / "a.nii.gz", volume)
    for write, words in (
        (lambda p: write_labels(p, some_labels(), read_grid(nifti)), "another kind of file"),
        (lambda p: write_maps(p, np.zeros((2, *SHAPE), np.float32), volume.grid), "labels only"),
    ):
        with pytest.raises(InputError, match=words):
            write(tmp_path / "labels.dcm")
        assert not (tmp_path / "labels.dcm").exists()


def test_images_without_a_place_or_a_frame_of_reference_are_refused(tmp_path: Path) -> None:
    one = series(tmp_path / "a", numbers(SHAPE), ImagePositionPatient=None)[0]
    with pytest.raises(InputError, match="say where they lie"):
        write_labels(tmp_path / "labels.dcm", some_labels(), read_grid(one))
    two = series(tmp_path / "b", numbers(SHAPE), FrameOfReferenceUID=None)[0]
    with pytest.raises(InputError, match="lack what one needs"):
        write_labels(tmp_path / "labels.dcm", some_labels(), read_grid(two))


def test_without_highdicom_it_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = read_volume(series(tmp_path / "a", numbers(SHAPE))[0]).grid
    real = importlib.util.find_spec
    missing = "segstudio.data.formats.dicom_seg_writing.find_spec"
    monkeypatch.setattr(missing, lambda name: None if name == "highdicom" else real(name))
    with pytest.raises(InputError, match=r"pip install 'segstudio\[dicom\]'"):
        write_labels(tmp_path / "labels.dcm", some_labels(), grid)


def test_reading_needs_no_highdicom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = read_volume(series(tmp_path / "a", numbers(SHAPE))[0])
    path = write_labels(tmp_path / "labels.dcm", some_labels(), volume.grid)
    real = builtins.__import__

    def refusing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("highdicom"):
            raise ImportError
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refusing)
    assert (read_labels(path, like=volume) == some_labels()).all()


def made(
    folder: Path, pixels: NDArray[Any], kind: str, *, segments: int = 2, omit: bool = True
) -> Path:
    """Return a segmentation made by highdicom itself."""
    sources = [pydicom.dcmread(p) for p in series(folder / "a", numbers(SHAPE))]
    ds = highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[
            highdicom.seg.SegmentDescription(
                n + 1,
                f"s{n}",
                CodedConcept("123037004", "SCT", "Anatomical Structure"),
                CodedConcept("113343008", "SCT", "Organ"),
                "MANUAL",
            )
            for n in range(segments)
        ],
        series_instance_uid=highdicom.UID(),
        series_number=1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="x",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=omit,
    )
    return save(ds, folder / "seg.dcm")


def test_planes_that_were_left_out_as_empty_come_back(tmp_path: Path) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, :2], labels[4, 3:], labels[3, 1, 1] = 1, 1, 2
    path = made(tmp_path, labels, "BINARY")
    volume = read_volume(tmp_path / "a" / "000.dcm")
    assert pydicom.dcmread(path).NumberOfFrames == 3
    assert (read_labels(path, like=volume) == labels).all()


@pytest.mark.parametrize("beside", [True, False])
def test_planes_that_were_left_out_at_the_ends_are_those_of_the_images(
    tmp_path: Path, beside: bool
) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[2, 1:3], labels[3, 2:] = 1, 2
    path = made(tmp_path / "study", labels, "BINARY")
    folder = tmp_path / "study" / ("seg" if beside else "a")
    folder.mkdir(exist_ok=True)
    path = path.rename(folder / "seg.dcm")
    volume = read_volume(tmp_path / "study" / "a" / "000.dcm")
    assert (read_labels(path, like=volume) == labels).all()


def test_overlapping_segments_are_refused(tmp_path: Path) -> None:
    masks = np.zeros((*SHAPE, 2), np.uint8)
    masks[2, 1:3], masks[:, :, 3:, 0] = 1, 1
    with pytest.raises(InputError, match=r"overlap \(1 and 2\)"):
        read_labels(made(tmp_path, masks, "BINARY"))


def test_probabilities_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path, np.full(SHAPE, 0.5), "FRACTIONAL", segments=1)
    with pytest.raises(InputError, match="FRACTIONAL"):
        read_labels(path)


def test_a_segmentation_is_no_image_of_its_folder(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path, numbers(SHAPE))[0])
    write_labels(tmp_path / "labels.dcm", some_labels(), volume.grid)
    assert read_volume(tmp_path / "000.dcm").data.shape == SHAPE


def test_labels_on_other_images_are_refused(tmp_path: Path) -> None:
    volume = read_volume(series(tmp_path / "a", numbers(SHAPE))[0])
    other = read_volume(series(tmp_path / "b", numbers(SHAPE), start=(0.0, 0.0, 0.0))[0])
    path = write_labels(tmp_path / "labels.dcm", some_labels(), volume.grid)
    with pytest.raises(InputError, match="lies elsewhere"):
        read_labels(path, like=other)


def test_a_single_plane(tmp_path: Path) -> None:
    volume = read_volume(save(image(numbers((4, 4))), tmp_path / "a" / "a.dcm"))
    expect_round_trip(volume, np.eye(4, dtype=np.uint8)[None], tmp_path / "labels.dcm")
