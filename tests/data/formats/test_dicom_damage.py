"""DICOM files that are packed, cut short, damaged or absurd: read rightly, or refused in words."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from segstudio.core.errors import InputError
from segstudio.data.formats import read_grid, read_volume
from tests.data.formats.dicom_files import enhanced, image, numbers, save, series

PIXELS = numbers((40, 48), np.uint16) * 5


def packed(frame: bytes, syntax: str, pixels: np.ndarray = PIXELS, **given: Any) -> Dataset:
    ds = image(pixels, syntax=syntax, **given)
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def encoded(kind: str) -> Dataset:
    codecs = pytest.importorskip("imagecodecs")
    twelve = {"BitsStored": 12, "HighBit": 11}
    if kind == "lossless":
        frame = codecs.jpeg8_encode(PIXELS, lossless=True, bitspersample=16)
        return packed(frame, uid.JPEGLosslessSV1)
    if kind == "lossless of another predictor":
        frame = codecs.jpeg8_encode(PIXELS, lossless=True, bitspersample=12, predictor=4)
        return packed(frame, uid.JPEGLossless, **twelve)
    if kind == "ls":
        return packed(codecs.jpegls_encode(PIXELS), uid.JPEGLSLossless)
    if kind == "2000":
        frame = codecs.jpeg2k_encode(PIXELS, codecformat="j2k", level=0, reversible=True)
        return packed(frame, uid.JPEG2000Lossless)
    return packed(codecs.htj2k_encode(PIXELS, reversible=True), uid.HTJ2KLossless)


@pytest.mark.parametrize(
    "kind", ["lossless", "lossless of another predictor", "ls", "2000", "high throughput"]
)
def test_losslessly_packed_voxels_are_read_exactly(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(encoded(kind), tmp_path / "a.dcm")
    capfd.readouterr()
    assert (read_volume(path).data[0] == PIXELS).all()
    assert capfd.readouterr() == ("", "")


def test_where_pydicom_has_no_decoder_gdcm_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(encoded("ls"), tmp_path / "a.dcm")
    monkeypatch.setattr("segstudio.data.formats.dicom_codecs._pydicom_can", lambda *_: False)
    assert (read_volume(path).data[0] == PIXELS).all()


def test_lossily_packed_voxels_of_twelve_bits_are_read_nearly(tmp_path: Path) -> None:
    codecs = pytest.importorskip("imagecodecs")
    frame = codecs.jpeg8_encode(PIXELS, bitspersample=12, level=98)
    ds = packed(frame, uid.JPEGExtended12Bit, BitsStored=12, HighBit=11)
    data = read_volume(save(ds, tmp_path / "a.dcm")).data[0].astype(int)
    assert np.abs(data - PIXELS).mean() < 5


def test_run_lengths_and_deflated_files_are_read_exactly(tmp_path: Path) -> None:
    ds = image(PIXELS)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    assert (read_volume(save(ds, tmp_path / "a" / "a.dcm")).data[0] == PIXELS).all()
    ds = image(PIXELS, syntax=uid.DeflatedExplicitVRLittleEndian)
    assert (read_volume(save(ds, tmp_path / "b" / "b.dcm")).data[0] == PIXELS).all()


def test_a_way_of_packing_that_is_not_known_is_named(tmp_path: Path) -> None:
    path = save(packed(b"\0" * 100, uid.MPEG2MPML), tmp_path / "a.dcm")
    with pytest.raises(InputError, match="MPEG2"):
        read_grid(path)
    own = uid.MPEG2MPML.replace("10008", "99999")
    path.write_bytes(path.read_bytes().replace(uid.MPEG2MPML.encode(), own.encode()))
    with pytest.raises(InputError, match=f"unknown transfer syntax {own}"):
        read_grid(path)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Rows": 60000, "Columns": 60000}, "cannot hold them"),
        ({"NumberOfFrames": 90000}, "cannot hold them"),
        ({"NumberOfFrames": 900000}, "declares 900000 frames"),
        ({"NumberOfFrames": -2}, "declares -2 frames"),
        ({"NumberOfFrames": 2}, "cannot hold them"),
        ({"Rows": None}, "no number of rows"),
        ({"Rows": 0}, "no number of rows"),
        ({"BitsAllocated": 7}, "damaged"),
        ({"BitsAllocated": 0, "BitsStored": 99}, "damaged"),
        ({"PixelSpacing": [0.0, 0.5]}, "cannot be true"),
        ({"PixelSpacing": [-1.0, 0.5]}, "cannot be true"),
        ({"PixelSpacing": ["nan", 0.5]}, "cannot be true"),
        ({"PixelSpacing": ["inf", 0.5]}, "cannot be true"),
        ({"PixelSpacing": [0.5]}, "damaged"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "right angles"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "right angles"),
        ({"ImageOrientationPatient": ["inf", 0, 0, 0, 1, 0]}, "right angles"),
        ({"ImageOrientationPatient": ["nan", 0, 0, 0, 1, 0]}, "right angles"),
        ({"ImagePositionPatient": ["nan", 0, 0]}, "position that cannot"),
        ({"ImagePositionPatient": ["1e300", 0, 0]}, "position that cannot"),
        ({"RescaleSlope": "inf"}, "damaged"),
        ({"PixelData": b""}, "damaged|cut short"),
        ({"PhotometricInterpretation": "NONE"}, "damaged"),
    ],
)
def test_headers_that_cannot_be_true_are_refused(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    content = given.pop("PixelData", None)
    with pydicom.config.disable_value_validation():
        ds = image(PIXELS, **given)
        if content is not None:
            ds.PixelData = content
        path = save(ds, tmp_path / "a.dcm")
    with pytest.raises(InputError, match=words) as told:
        read_volume(path)
    assert str(path) in str(told.value)


def test_spacing_that_is_no_number_is_refused_in_a_series_too(tmp_path: Path) -> None:
    path = series(tmp_path, numbers((4, 4, 4)), PixelSpacing=["nan", "nan"])[0]
    with pytest.raises(InputError, match="cannot be true"):
        read_grid(path)


@pytest.mark.parametrize("keep", [0, 1, 100, 132, 200, 1000, 0.5, 0.9, -1])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    path = save(image(PIXELS), tmp_path / "a.dcm")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if 0 < keep < 1 else int(keep)])
    with pytest.raises(InputError):
        read_volume(path)


@pytest.mark.parametrize("kind", ["lossless", "ls", "2000"])
def test_a_packed_frame_that_is_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    ds = encoded(kind)
    frame = next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1))
    ds.PixelData = encapsulate([frame[: len(frame) // 2]])
    with pytest.raises(InputError, match="cut short"):
        read_volume(save(ds, tmp_path / "a.dcm"))


def test_a_packed_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    ds = encoded("ls")
    ds.Rows, ds.Columns = 4000, 48
    with pytest.raises(InputError, match="4000 × 48 × 1"):
        read_volume(save(ds, tmp_path / "a.dcm"))


def test_a_deflated_file_that_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = image(np.zeros((1000, 1000), np.uint16), syntax=uid.DeflatedExplicitVRLittleEndian)
    path = save(ds, tmp_path / "a.dcm")
    monkeypatch.setattr("segstudio.data.formats.dicom_headers.free_memory", lambda: 1e6)
    with pytest.raises(InputError, match="unpacks to more"):
        read_grid(path)


FUZZ = """
import random, sys
from pathlib import Path
import numpy as np
from segstudio.core.errors import InputError
from segstudio.data.formats.dicom import open_file
folder, seeds = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir())
counts = {"read": 0, "refused": 0}
for k in range(int(sys.argv[3])):
    draw = random.Random(k)
    content = bytearray(seeds[k % len(seeds)].read_bytes())
    if draw.random() < 0.2:
        del content[draw.randrange(len(content)) :]
    else:
        start = draw.choice([0, 132, len(content) // 2])
        for _ in range(draw.choice([1, 2, 8])):
            content[draw.randrange(start, len(content))] = draw.randrange(256)
    path = folder / "m.dcm"
    path.write_bytes(content)
    try:
        opened = open_file(path, "image")
        for frame in range(min(opened.frames, 3)):
            assert opened.read(frame).shape == opened.grid.shape, k
        assert np.isfinite(opened.grid.affine).all() and min(opened.grid.spacing) > 0, k
        counts["read"] += 1
    except InputError as error:
        assert str(path) in str(error), (k, error)
        counts["refused"] += 1
assert min(counts.values()) > 0, counts
"""


def test_random_damage_is_read_or_refused_and_ends_no_process(tmp_path: Path) -> None:
    seeds, work = tmp_path / "seeds", tmp_path / "work"
    work.mkdir()
    kinds = ("lossless", "lossless of another predictor", "ls", "2000", "high throughput")
    for i, kind in enumerate(kinds):
        save(encoded(kind), seeds / f"{i}.dcm")
    save(enhanced(numbers((4, 8, 8))), seeds / "e.dcm")
    save(image(numbers((8, 8))), seeds / "p.dcm")
    subprocess.run(
        [sys.executable, "-c", FUZZ, str(work), str(seeds), "300"], check=True, timeout=300
    )
