"""Volumes, labels and maps from and to files; the only room where axes are turned."""

from segstudio.data.formats.files import (
    frames_in,
    holds_both,
    read_frames,
    read_grid,
    read_labels,
    read_volume,
    whole_numbers,
    write_labels,
    write_maps,
    write_volume,
)
from segstudio.data.formats.table import (
    SUFFIXES,
    WRITABLE,
    WRITABLE_IMAGES,
    has_known_suffix,
    is_dicom,
    is_volume_file,
    stem,
    suffix_beside,
    suffix_of,
)

__all__ = [
    "SUFFIXES",
    "WRITABLE",
    "WRITABLE_IMAGES",
    "frames_in",
    "has_known_suffix",
    "holds_both",
    "is_dicom",
    "is_volume_file",
    "read_frames",
    "read_grid",
    "read_labels",
    "read_volume",
    "stem",
    "suffix_beside",
    "suffix_of",
    "whole_numbers",
    "write_labels",
    "write_maps",
    "write_volume",
]
