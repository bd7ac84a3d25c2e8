"""Which files the dialogs offer, and under which name labels are saved."""

from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.data.cases import Case
from segstudio.data.formats import SUFFIXES, WRITABLE
from segstudio.ui.widgets.file_names import free_name, open_filter, save_filter, with_suffix


def case(image: Path) -> Case:
    return Case(image.stem, image.stem, image, None)


def endings(text: str) -> list[str]:
    return text[text.rindex("(") + 1 : -1].split()


def test_the_open_dialog_offers_every_suffix_at_once_by_kind_and_all_files() -> None:
    everything, *kinds, last = open_filter().split(";;")

    assert endings(everything) == [f"*{suffix}" for suffix in SUFFIXES]
    assert [e for kind in kinds for e in endings(kind)] == endings(everything)
    assert last == "All files (*)"


def test_the_save_dialog_offers_what_is_written() -> None:
    offered = [e for kind in save_filter().split(";;") for e in endings(kind)]

    assert offered == [f"*{suffix}" for suffix in WRITABLE]
    assert save_filter().startswith("NIfTI (*.nii.gz *.nii)")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.npy", "a.h5", "a.hdr", "IM0001"])
def test_labels_of_what_is_not_written_are_a_nifti_file(name: str, tmp_path: Path) -> None:
    stem = name.partition(".")[0]

    assert free_name(case(tmp_path / name)) == tmp_path / f"{stem}_gt.nii.gz"


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha", ".NII.GZ"])
def test_labels_of_what_is_written_keep_its_suffix(suffix: str, tmp_path: Path) -> None:
    assert free_name(case(tmp_path / f"a{suffix}")) == tmp_path / f"a_gt{suffix}"


def test_a_name_that_is_taken_in_any_format_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "a_gt.png").touch()
    (tmp_path / "a_copy1_gt.nrrd").touch()

    assert free_name(case(tmp_path / "a.jpg")).name == "a_copy2_gt.nii.gz"


def test_a_time_point_s_labels_do_not_take_the_name_of_all(tmp_path: Path) -> None:
    timed = replace(case(tmp_path / "a.nii.gz"), frames=(3,))
    channels = replace(timed, frames=(0, 1))

    assert free_name(timed).name == "a_t03_gt.nii.gz"
    assert free_name(channels).name == "a_gt.nii.gz"


def test_a_name_typed_without_a_suffix_gets_that_of_the_chosen_kind(tmp_path: Path) -> None:
    nrrd = next(kind for kind in save_filter().split(";;") if "nrrd" in kind)

    assert with_suffix(tmp_path / "a", nrrd).name == "a.nrrd"
    assert with_suffix(tmp_path / "a.v2", nrrd).name == "a.v2.nrrd"
    assert with_suffix(tmp_path / "a.nii", nrrd).name == "a.nii"
    assert with_suffix(tmp_path / "a", "").name == "a"
