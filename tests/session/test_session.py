"""What is open now, without a window."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import read_labels
from segstudio.data.phantoms import write_spine_dataset
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.session.open_case import read_case


@pytest.fixture
def session(hearts: Path) -> Session:
    made = Session()
    made.open(hearts)
    return made


def test_painting_saved_as_a_copy_is_not_lost_when_another_case_is_looked_at(
    hearts: Path, tmp_path: Path
) -> None:
    session, said = Session(), []
    session.said.connect(lambda message: said.append(message.text))
    session.open(hearts)
    first, second = (case.name for case in session.dataset.cases[:2])
    before = session.labels.copy()
    session.labels[0, :5, :5] = 2
    painted = session.labels.copy()
    session.save_labels(tmp_path / "copy_gt.nii.gz")
    session.show_case(second)
    session.show_case(first)

    assert np.array_equal(session.labels, painted)
    assert not np.array_equal(painted, before)
    assert said[-1] == f"Saved a copy, copy_gt.nii.gz; the case still uses {first}_gt.nii.gz."


def test_painting_that_was_not_saved_is_there_when_its_case_is_shown_again(
    session: Session,
) -> None:
    first, second = (c.name for c in session.dataset.cases[:2])
    session.labels[0, 0, 0] = 1
    session.show_case(second)
    assert session.labels[0, 0, 0] == 0
    session.show_case(first)

    assert session.labels[0, 0, 0] == 1
    assert session.open_case.truth[0, 0, 0] == 0


def test_a_case_whose_image_is_another_by_now_leaves_the_view_as_it_was(session: Session) -> None:
    first, second = (case.name for case in session.dataset.cases[:2])
    session.show_case(second)
    session.labels[0, 0, 0] = 1
    session.show_case(first)
    predicted = np.zeros_like(session.labels)
    session.show_prediction(predicted)
    opened = read_case(session.dataset, session.dataset.case(second))
    image = replace(opened.volume, data=opened.volume.data[:2])
    with pytest.raises(InputError, match="another by now"):
        session.show_read(replace(opened, volume=image))

    assert session.open_case.case.name == first
    assert session.prediction is predicted
    assert session.map_view.phi is not None


def test_saving_a_copy_leaves_the_file_of_the_case_as_it_was(
    session: Session, tmp_path: Path
) -> None:
    session.labels[0, 0, 0] = 1
    session.save_labels(tmp_path / "copy_gt.nii.gz")

    assert read_labels(session.open_case.case.labels)[0, 0, 0] == 0
    assert read_labels(tmp_path / "copy_gt.nii.gz")[0, 0, 0] == 1


def test_labels_saved_beside_their_image_make_the_case_labelled(
    hearts: Path, tmp_path: Path
) -> None:
    source, session = open_dataset(hearts).cases[0].image, Session()
    (tmp_path / "a.nii.gz").write_bytes(source.read_bytes())
    session.open(tmp_path)
    session.new_labels()
    session.labels[1, 20, 20] = 2
    session.save_labels(tmp_path / "a_gt.nii.gz")

    assert session.dataset.cases[0].labels == tmp_path / "a_gt.nii.gz"


def test_several_images_are_opened_as_one_list(hearts: Path) -> None:
    cases, session = open_dataset(hearts).cases, Session()
    session.open(cases[0].image, cases[2].image)

    assert [c.image for c in session.dataset.cases] == [cases[0].image, cases[2].image]


def test_a_label_file_opens_its_image(hearts: Path) -> None:
    case, session = open_dataset(hearts).cases[0], Session()
    session.open(case.labels)

    assert session.open_case.case.image == case.image
    assert session.labels.any()


def test_a_first_case_that_is_damaged_does_not_keep_the_others_shut(
    hearts: Path, tmp_path: Path
) -> None:
    source, session = open_dataset(hearts).cases[0].image, Session()
    (tmp_path / "a.nii.gz").write_bytes(source.read_bytes()[:900])
    (tmp_path / "b.nii.gz").write_bytes(source.read_bytes())
    with pytest.raises(InputError, match=r"a\.nii\.gz"):
        session.open(tmp_path)
    session.show_case("b")

    assert session.open_case.case.name == "b"


def test_a_file_by_itself_that_is_damaged_leaves_what_is_open(
    session: Session, tmp_path: Path
) -> None:
    damaged, opened = tmp_path / "a.nii.gz", session.open_case
    damaged.write_bytes(opened.case.image.read_bytes()[:900])
    session.annotation.replace(np.ones_like(session.labels))
    with pytest.raises(InputError, match=r"a\.nii\.gz"):
        session.open(damaged)
    assert session.open_case is opened
    assert session.dataset.case(opened.case.name) == opened.case

    session.annotation.undo()
    assert np.array_equal(session.labels, opened.truth)


def test_a_map_that_was_hidden_stays_hidden(session: Session) -> None:
    session.choose_map(MapChoice(value=99, visible=False))
    session.show_case(session.dataset.cases[1].name)

    assert session.map_choice == MapChoice(value=1, visible=False)


def test_hiding_a_prediction_lasts_until_the_next_training(session: Session, tmp_path) -> None:
    session.show_prediction(np.ones(session.labels.shape, np.int32), "epoch 1")
    session.hide_prediction()
    assert session.prediction is None
    assert not session.previews
    session.start_training(tmp_path)

    assert session.previews


def test_labels_never_replace_an_image_of_the_dataset(tmp_path: Path) -> None:
    session = Session()
    for name in ("a", "b"):
        nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), tmp_path / f"{name}.nii")
    session.open(tmp_path)
    session.new_labels()
    for name in ("a", "b"):
        before = (tmp_path / f"{name}.nii").read_bytes()
        with pytest.raises(InputError, match="is an image of this dataset"):
            session.save_labels(tmp_path / f"{name}.nii", overwrite=True)
        assert (tmp_path / f"{name}.nii").read_bytes() == before


def test_another_datasets_names_never_stand_over_the_picture_before(tmp_path: Path) -> None:
    session = Session()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        image = nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4))
        nib.save(image, tmp_path / folder / "x.nii")
    for name in ("x.nii", "y.nii"):
        (tmp_path / "two" / name).write_bytes(b"cut")
    session.open(tmp_path / "one")
    session.new_labels()
    assert session.labels is not None
    session.labels[1, 1, 1] = 1
    with pytest.raises(InputError):
        session.open(tmp_path / "two")
    assert session.open_case is None
    assert session.labels is None
    with pytest.raises(InputError, match="no labels to save"):
        session.save_labels(tmp_path / "two" / "x_gt.nii")
    # What was painted is kept for when its image is opened again.
    session.open(tmp_path / "one")
    assert session.labels is not None
    assert session.labels.sum() == 1


def test_labels_that_a_layout_will_not_read_are_a_copy_and_that_is_said(tmp_path: Path) -> None:
    write_spine_dataset(tmp_path / "spines", patients=2, shape=(1, 192, 64))
    session, said = Session(), []
    session.said.connect(lambda message: said.append(message.text))
    session.open(tmp_path / "spines")
    assert session.open_case is not None
    case = session.open_case.case
    session.save_labels(case.image.with_name(f"{case.image.stem}_gt.nii.gz"))
    assert said[-1].startswith("Saved a copy")
    assert ".mat" in said[-1]
