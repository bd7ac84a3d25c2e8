"""DICOM headers, read without keeping or repeating a word of what they say of a patient."""

import logging
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from segstudio.core.errors import InputError
from segstudio.core.memory import free_memory
from segstudio.data.formats.table import begins_as_dicom

T = TypeVar("T")


class NoImageError(InputError):
    """A sound DICOM file that holds something else than an image."""


SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
# What a file may be instead of an image, by the beginning of its SOP class; the longest wins.
_IMAGELESS = {
    "1.2.840.10008.1.3.10": "a disc's table of contents (DICOMDIR)",
    "1.2.840.10008.5.1.4.1.1.481.3": "a set of contours (RTSTRUCT)",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan (RTPLAN)",
    "1.2.840.10008.5.1.4.1.1.481.8": "a radiotherapy plan (RTPLAN)",
    "1.2.840.10008.5.1.4.1.1.481.4": "a record of radiotherapy",
    "1.2.840.10008.5.1.4.1.1.481.6": "a record of radiotherapy",
    "1.2.840.10008.5.1.4.1.1.481.7": "a record of radiotherapy",
    "1.2.840.10008.5.1.4.1.1.481.9": "a record of radiotherapy",
    "1.2.840.10008.5.1.4.1.1.88": "a structured report (SR)",
    "1.2.840.10008.5.1.4.1.1.104": "an encapsulated document, a PDF or the like",
    "1.2.840.10008.5.1.4.1.1.9": "a waveform, an ECG or the like",
    "1.2.840.10008.5.1.4.1.1.11": "a presentation state",
    "1.2.840.10008.5.1.4.1.1.66": "raw data of a scanner",
    "1.2.840.10008.5.1.4.1.1.66.1": "a spatial registration",
    "1.2.840.10008.5.1.4.1.1.66.3": "a spatial registration",
    "1.2.840.10008.5.1.4.1.1.66.5": "a segmentation of surfaces",
    "1.2.840.10008.5.1.4.1.1.67": "a table of real-world values",
    "1.2.840.10008.5.1.4.1.1.4.2": "MR spectroscopy",
    "1.2.840.10008.5.1.4.39": "a colour palette",
    "1.2.840.10008.5.1.4.38": "a hanging protocol",
}
_IMAGES_OF_THOSE = (SEGMENTATION, LABEL_MAP)
_META_AT = 144  # behind the mark and the length of what follows


class _Quiet:
    """Silences pydicom, whose warnings quote values; counts, for several threads read at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters: warnings.catch_warnings[None] | None = None
        self._propagate = True

    @contextmanager
    def __call__(self) -> Iterator[None]:
        logger = logging.getLogger("pydicom")
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
                self._propagate, logger.propagate = logger.propagate, False
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0 and self._filters is not None:
                    self._filters.__exit__(None, None, None)
                    logger.propagate = self._propagate


quiet = _Quiet()


def guarded(path: Path, read: Callable[[], T], sentence: str | None = None) -> T:
    """Return what `read` returns; any way it fails is told as one sentence that names the file.

    Parameters
    ----------
    path : Path
        The file.
    read : callable
        Calls pydicom, a decoder or the like.
    sentence : str, optional
        What to tell instead of "damaged".

    Raises
    ------
    InputError
        It failed. The library's own error is dropped, as its text may quote the header.
    """
    try:
        with quiet():
            return read()
    except (InputError, PermissionError):
        raise
    except FileNotFoundError:
        sentence = f"'{path}' does not exist. Check the path."
    except Exception:  # noqa: BLE001, S110  (the libraries raise anything on a damaged file)
        pass
    # Outside of the handler: an error raised inside would carry the library's along.
    raise InputError(
        sentence or f"'{path}' is damaged, cut short or not a DICOM file. Copy or export it again."
    )


def read_header(path: Path, tags: list[str | int]) -> Dataset:
    """Return some attributes of a file, none of its voxels.

    Raises
    ------
    InputError
        It is no DICOM file, or a damaged one.
    """

    def read() -> Dataset:
        marked = _expect_inflatable(path)
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags, force=True)
        if not marked and "SOPClassUID" not in dataset and "Rows" not in dataset:
            raise ValueError
        return dataset

    return guarded(path, read)


def read_whole(path: Path) -> Dataset:
    """Return a file with its voxels as they are stored.

    Raises
    ------
    InputError
        It is damaged, or too large for memory.
    """
    if path.exists() and 2 * path.stat().st_size > free_memory():
        raise InputError(f"'{path}' is larger than the free memory. Close other programs.")

    def read() -> Dataset:
        _expect_inflatable(path)
        return pydicom.dcmread(path, force=True)

    return guarded(path, read)


def syntax_of(dataset: Dataset) -> UID:
    """Return a data set's transfer syntax; old files without one are told by how they were read."""
    meta = getattr(dataset, "file_meta", None)
    named = meta.get("TransferSyntaxUID") if meta is not None else None
    if named:
        return UID(named)
    implicit, little = dataset.original_encoding
    if implicit:
        return pydicom.uid.ImplicitVRLittleEndian
    return pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian


def _expect_inflatable(path: Path) -> bool:
    """Return whether a file has DICOM's mark.

    A deflated one that unpacks to more than memory is refused: pydicom unpacks it whole.
    """
    marked = begins_as_dicom(path)
    meta = pydicom.filereader.read_file_meta_info(path) if marked else Dataset()
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return marked
    most, unpacked = free_memory() / 2, 0
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    with path.open("rb") as file:
        file.seek(_META_AT + int(meta.FileMetaInformationGroupLength))
        while packed := file.read(1 << 16):
            while packed:
                unpacked += len(stream.decompress(packed, 1 << 20))
                packed = stream.unconsumed_tail
                if unpacked > most:
                    raise InputError(f"'{path}' unpacks to more than the free memory.")
    return marked


def expect_image(path: Path, dataset: Dataset) -> None:
    """Refuse what is no greyscale or colour image: contours, reports, documents, indices.

    Raises
    ------
    NoImageError
        Its text says what the file holds instead.
    """
    kind = str(dataset.get("SOPClassUID") or _media_class(dataset))
    if kind in _IMAGES_OF_THOSE:
        return
    known = [start for start in _IMAGELESS if kind == start or kind.startswith(start + ".")]
    if known:
        raise NoImageError(
            f"'{path}' holds {_IMAGELESS[max(known, key=len)]}, and no image. Open the images it "
            "belongs to."
        )
    if kind.startswith("1.2.840.10008.5.1.4.1.1.77.1.6"):
        raise NoImageError(f"'{path}' is a tiled microscope slide, which cannot be read.")
    if not dataset.get("Rows") or not dataset.get("Columns"):
        raise NoImageError(
            f"'{path}' is a DICOM file without an image: its header gives no number of rows and "
            "columns. Open a file of an image series."
        )


def _media_class(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("MediaStorageSOPClassUID") or "") if meta is not None else ""
