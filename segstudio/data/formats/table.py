"""Which suffix is read and written by which file of this room."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError

_ROOM = "segstudio.data.formats"


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes
    ----------
    name : str
        For sentences.
    suffixes : tuple of str
        In lower case.
    module : str
        In this room. It has ``open_file(path, content) -> Opened`` and, where it writes any,
        ``write_array(path, data, grid)``. Named, not imported: a library is loaded by who needs it.
    writes : tuple of str
        The suffixes that the program writes.
    is_volume : bool
        Whether it is made for medical images. A picture or an array beside such files is no case.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    writes: tuple[str, ...] = ()
    is_volume: bool = True

    def load(self) -> Any:
        """Return the module."""
        return import_module(f"{_ROOM}.{self.module}")


FORMATS = (
    Format("NIfTI", (".nii.gz", ".nii"), "nifti", writes=(".nii.gz", ".nii")),
    Format("NRRD", (".nrrd",), "itk", writes=(".nrrd",)),
    Format("MetaImage", (".mha", ".mhd"), "itk", writes=(".mha",)),
    Format("Analyze", (".hdr", ".img"), "nifti"),
    Format("DICOM", (".dcm", ".dicom", ".ima"), "dicom", writes=(".dcm",)),
    Format("TIFF", (".tif", ".tiff"), "tiff", is_volume=False),
    Format("picture", (".png", ".jpg", ".jpeg", ".bmp"), "pictures", is_volume=False),
    Format("NumPy", (".npy", ".npz"), "arrays", is_volume=False),
    Format("HDF5", (".h5", ".hdf5"), "hdf5", is_volume=False),
)
SUFFIXES = tuple(suffix for kind in FORMATS for suffix in kind.suffixes)
WRITABLE = tuple(suffix for kind in FORMATS for suffix in kind.writes)
# DICOM takes labels alone, drawn on its own images.
WRITABLE_IMAGES = tuple(suffix for suffix in WRITABLE if suffix != ".dcm")


def suffix_of(path: Path) -> str:
    """Return a file's suffix as it is in its name, ``.nii.gz`` being one."""
    name = path.name.lower()
    known = (suffix for suffix in SUFFIXES if name.endswith(suffix))
    suffix = next(known, "" if _looks_bare(path) else path.suffix)
    return path.name[len(path.name) - len(suffix) :]


def suffix_beside(image: Path) -> str:
    """Return the suffix of a file to write for an image: its own, or NIfTI's.

    Where the image's format is not written, or cannot hold what belongs to it: a DICOM
    segmentation is made on purpose.
    """
    suffix = suffix_of(image)
    return suffix if suffix.lower() in WRITABLE_IMAGES else WRITABLE_IMAGES[0]


def stem(path: Path) -> str:
    """Return a file's name without its suffix, ``.nii.gz`` being one."""
    return path.name[: len(path.name) - len(suffix_of(path))]


def has_known_suffix(path: Path) -> bool:
    """Return whether a file can be read, by its name; one that has none for it, by its mark."""
    return suffix_of(path).lower() in SUFFIXES or (
        path.name.upper() != "DICOMDIR" and _is_bare_dicom(path)
    )


def is_dicom(path: Path) -> bool:
    """Return whether a file is DICOM, by its suffix, or by its mark where it has none."""
    suffix = suffix_of(path).lower()
    named = any(suffix in kind.suffixes for kind in FORMATS if kind.module == "dicom")
    return named or (suffix not in SUFFIXES and _is_bare_dicom(path))


def _looks_bare(path: Path) -> bool:
    """Return whether a name has no suffix: ``IM000001``, or ``MR.1.2.840.113619``."""
    return not path.suffix or path.suffix[1:].isdigit()


def _is_bare_dicom(path: Path) -> bool:
    """Return whether a file without a suffix is DICOM."""
    return _looks_bare(path) and not path.name.startswith(".") and begins_as_dicom(path)


def begins_as_dicom(path: Path) -> bool:
    """Return whether a file has DICOM's mark, ``DICM`` after 128 bytes."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:  # a folder, or a file that may not be read
        return False


def is_volume_file(path: Path) -> bool:
    """Return whether a file's name says that it is a medical image, no picture and no array."""
    return has_known_suffix(path) and format_of(path).is_volume


def format_of(path: Path) -> Format:
    """Return a file's format, by its suffix, or by DICOM's mark where it has none.

    Raises
    ------
    InputError
        The suffix is of no known format.
    """
    suffix = suffix_of(path).lower()
    for kind in FORMATS:
        if suffix in kind.suffixes or (kind.module == "dicom" and is_dicom(path)):
            return kind
    raise InputError(f"'{path}' is not of a known format; known: {', '.join(SUFFIXES)}.")
