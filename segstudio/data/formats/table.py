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
    Format("TIFF", (".tif", ".tiff"), "tiff", is_volume=False),
    Format("picture", (".png", ".jpg", ".jpeg", ".bmp"), "pictures", is_volume=False),
    Format("NumPy", (".npy", ".npz"), "arrays", is_volume=False),
    Format("HDF5", (".h5", ".hdf5"), "hdf5", is_volume=False),
)
SUFFIXES = tuple(suffix for kind in FORMATS for suffix in kind.suffixes)
WRITABLE = tuple(suffix for kind in FORMATS for suffix in kind.writes)


def suffix_of(path: Path) -> str:
    """Return a file's suffix as it is in its name, ``.nii.gz`` being one."""
    name = path.name.lower()
    known = (suffix for suffix in SUFFIXES if name.endswith(suffix))
    suffix = next(known, path.suffix)
    return path.name[len(path.name) - len(suffix) :]


def suffix_beside(image: Path) -> str:
    """Return the suffix of a file to write for an image: its own, or NIfTI's.

    Where the image's format is not written, or cannot hold what belongs to it: a DICOM
    segmentation is made on purpose.
    """
    suffix = suffix_of(image)
    own = (kind for kind in FORMATS if suffix.lower() in kind.writes and kind.name != "DICOM")
    return suffix if any(own) else ".nii.gz"


def stem(path: Path) -> str:
    """Return a file's name without its suffix, ``.nii.gz`` being one."""
    return path.name[: len(path.name) - len(suffix_of(path))]


def has_known_suffix(path: Path) -> bool:
    """Return whether a file's name says that it can be read."""
    return suffix_of(path).lower() in SUFFIXES


def is_volume_file(path: Path) -> bool:
    """Return whether a file's name says that it is a medical image, no picture and no array."""
    return has_known_suffix(path) and format_of(path).is_volume


def format_of(path: Path) -> Format:
    """Return a file's format, by its suffix.

    Raises
    ------
    InputError
        The suffix is of no known format.
    """
    suffix = suffix_of(path).lower()
    for kind in FORMATS:
        if suffix in kind.suffixes:
            return kind
    raise InputError(f"'{path}' is not of a known format; known: {', '.join(SUFFIXES)}.")
