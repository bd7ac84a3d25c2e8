"""Every file of pydicom's test data: read as pydicom reads it, or refused for a known reason."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels import apply_rescale

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom import contents_of, open_file

ROOT = Path(pydicom.__file__).parent / "data"
PLACES = ("test_files", "palettes")
# By the words that must be in the sentence. A file that moves from one list to another, or from a
# list to the files that are read, makes a test fail.
REFUSED = {
    "in colour": """
        ExplVR_BigEnd SC_jpeg_no_color_transform SC_jpeg_no_color_transform_2 SC_rgb_dcmtk_+eb+cr
        SC_rgb_dcmtk_+eb+cy+n1 SC_rgb_dcmtk_+eb+cy+n2 SC_rgb_dcmtk_+eb+cy+np
        SC_rgb_dcmtk_+eb+cy+s2 SC_rgb_dcmtk_+eb+cy+s4 SC_rgb_gdcm_KY SC_rgb_jls_lossy_line
        SC_rgb_jls_lossy_sample SC_rgb_jpeg SC_rgb_jpeg_app14_dcmd SC_rgb_jpeg_dcmd
        SC_rgb_jpeg_dcmtk SC_rgb_jpeg_gdcm SC_rgb_jpeg_lossy_gdcm SC_rgb_rle SC_rgb_rle_16bit
        SC_rgb_rle_16bit_2frame SC_rgb_rle_2frame SC_rgb_rle_32bit SC_rgb_rle_32bit_2frame
        SC_rgb_small_odd SC_rgb_small_odd_big_endian SC_rgb_small_odd_jpeg
        SC_ybr_full_422_uncompressed examples_jpeg2k examples_palette examples_rgb_color
        examples_ybr_color
    """,
    "radiotherapy plan": """
        ExplVR_BigEndNoMeta ExplVR_LitEndNoMeta rtplan rtplan_truncated
    """,
    "contours": "rtstruct",
    "structured report": "reportsi reportsi_with_empty_number_tags test-SR",
    "waveform": "waveform_ecg",
    "colour palette": """
        fall hotiron hotmetalblue pet pet20step spring summer winter
    """,
    "table of contents": """
        DICOMDIR DICOMDIR-bigEnd DICOMDIR-empty DICOMDIR-implicit DICOMDIR-nooffset
        DICOMDIR-nopatient DICOMDIR-reordered
    """,
    # A disc's example of many files, without rows, columns or voxels.
    "without an image": """
        UN_sequence empty_charset_LEI meta_missing_tsyntax nested_priv_SQ no_meta_group_length
        priv_SQ TINY_ALPHA
    """,
    # Cut short; a count of frames that is no number; a header that begins with another byte.
    "damaged, cut short or not": "MR_truncated badVR no_meta",
    # A stream that a sequence delimiter cuts in two, so that its own size is nonsense.
    "is damaged": "JPEG2000-embedded-sequence-delimiter",
    # A JP2 box around the stream, broken; pydicom cannot unpack it, either.
    "could not be unpacked": "GDCMJ2K_TextGBR",
    # Cut out of three frames by hand; its header still describes three.
    "declares 1 frames and describes 3": "liver_1frame liver_expb_1frame",
}
NO_DICOM = (".txt", ".md", ".dump", ".icc", ".json", ".gz", ".py", ".pyc")


def samples() -> list[Path]:
    found = (p for place in PLACES for p in (ROOT / place).rglob("*") if p.is_file())
    return sorted(p for p in found if p.suffix not in NO_DICOM and p.name != "README")


def reason(path: Path) -> str | None:
    """Return the words by which a file should be refused, or None where it should be read."""
    name = path.name.removesuffix(".dcm")
    if "TINY_ALPHA" in path.parts and name != "DICOMDIR":
        name = "TINY_ALPHA"
    return next((words for words, names in REFUSED.items() if name in names.split()), None)


def alone(path: Path, folder: Path) -> Path:
    """Return a copy in a folder of its own: the samples' series are of many other files, too."""
    return Path(shutil.copy(path, folder / path.name))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [p for p in samples() if reason(p)], ids=named)
def test_what_cannot_be_read_is_refused_for_its_reason(path: Path, tmp_path: Path) -> None:
    copy = alone(path, tmp_path)
    with pytest.raises(InputError) as told:
        open_file(copy, "image").read(0)
    words = reason(path)
    assert words
    assert words in str(told.value)
    assert str(copy) in str(told.value)


def expected(ds: pydicom.Dataset) -> NDArray[Any]:
    """Return a file's values by pydicom alone."""
    if ds.file_meta.TransferSyntaxUID == pydicom.uid.JPEGExtended12Bit:
        codecs = pytest.importorskip("imagecodecs")
        frame = next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1))
        return codecs.jpeg8_decode(frame)
    stored = ds.pixel_array
    if ds.PhotometricInterpretation == "MONOCHROME1":
        stored = 2**ds.BitsStored - 1 - stored.astype(int)
    if "DoseGridScaling" in ds:
        return stored * float(ds.DoseGridScaling)
    return apply_rescale(stored, ds)


@pytest.mark.parametrize("path", [p for p in samples() if not reason(p)], ids=named)
@pytest.mark.filterwarnings("ignore")
def test_what_is_read_has_the_values_that_pydicom_gives(path: Path, tmp_path: Path) -> None:
    opened = open_file(alone(path, tmp_path), "image")
    ds = pydicom.dcmread(path)
    planes = int(ds.get("NumberOfFrames") or 1)
    assert opened.frames == 1
    assert opened.grid.shape == (planes, ds.Rows, ds.Columns)
    values = opened.read(0)
    assert values.shape == opened.grid.shape
    assert np.isfinite(values).all()
    assert values.dtype.kind in "iu" or "DoseGridScaling" in ds or ds.Modality == "CR"
    np.testing.assert_allclose(values, expected(ds).reshape(values.shape), rtol=1e-6)


def test_the_lists_name_files_that_are_there_and_each_once() -> None:
    listed = [name for names in REFUSED.values() for name in names.split()]
    assert len(listed) == len(set(listed))
    there = {p.name.removesuffix(".dcm") for p in samples()} | {"TINY_ALPHA"}
    assert set(listed) <= there
    assert len([p for p in samples() if not reason(p)]) >= 50


def test_a_discs_folder_is_read_by_series() -> None:
    folder = ROOT / "test_files" / "dicomdirtests" / "98892001"
    assert [len(series.files) for series in contents_of(folder / "CT5N")[0]] == [5]
    opened = open_file(folder / "CT5N" / "2062", "image")
    assert opened.grid.shape == (5, 16, 16)
    assert opened.grid.doubts == ()
    # Two scouts, at right angles.
    assert [len(series.files) for series in contents_of(folder / "CT2N")[0]] == [1, 1]
