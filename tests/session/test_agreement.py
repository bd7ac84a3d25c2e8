"""Two versions of labels compared, by counts worked by hand."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER, surface_distances_on
from segstudio.data.formats import write_labels
from segstudio.session import Session
from segstudio.session.agreement import AgreementRequest, Difference, differences


@pytest.fixture
def session(hearts: Path) -> Session:
    made = Session()
    made.open(hearts)
    return made


def found(session: Session, other: Path | None):
    asked: list[AgreementRequest] = []
    session.agreement.asked.connect(asked.append)
    session.agreement.ask(session.open_case, session.labels, other)
    return asked[0].find()


def test_each_way_to_differ_has_its_number() -> None:
    here, there = np.array([0, 1, 0, 1, 2]), np.array([0, 0, 2, 1, 1])
    expected = [0, Difference.ONLY_HERE, Difference.ONLY_THERE, 0, Difference.OTHER_CLASS]
    assert differences(here, there).tolist() == expected


def test_labels_agree_with_how_they_were_opened_until_they_are_painted(session: Session) -> None:
    before = found(session, None)
    assert [score.dice for score in before.scores] == [1.0] * 4
    assert before.worst_plane is None
    session.labels[2, :4, :4] = 3
    session.labels[3, 0, 0] = 3
    after = found(session, None)
    assert np.count_nonzero(after.differences == Difference.ONLY_HERE) == 17
    assert after.worst_plane == 2
    true = int((session.open_case.truth == 3).sum())
    assert after.scores[2].dice == pytest.approx(2 * true / (2 * true + 17))


def test_another_reader_s_file_is_compared_on_the_image_s_grid(
    session: Session, tmp_path: Path
) -> None:
    grid = session.open_case.volume.grid
    other = np.roll(session.labels, 2, axis=2)
    write_labels(tmp_path / "second.nii.gz", other, grid)
    told = found(session, tmp_path / "second.nii.gz")
    assert told.other == "second.nii.gz"
    assert told.scores[-1].class_name == TOGETHER
    for score, value in zip(told.scores, (1, 2, 3), strict=False):
        both = session.labels == value, other == value
        assert score.hd95 == pytest.approx(surface_distances_on(grid, *both).hd95)
        assert (score.predicted, score.true) == tuple(int(mask.sum()) for mask in both)


def test_a_class_that_only_the_other_has_is_scored(session: Session, tmp_path: Path) -> None:
    other = session.labels.copy()
    other[0, :5, :5] = 9
    write_labels(tmp_path / "second.nii.gz", other, session.open_case.volume.grid)
    told = found(session, tmp_path / "second.nii.gz")
    assert told.scores[3].dice == 0
    assert told.scores[3].true == 25


def test_what_cannot_be_compared_is_told(session: Session, hearts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labels to compare"):
        Session().agreement.ask(None, None, None)
    image = session.open_case.case.image
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "a.nii.gz").write_bytes(image.read_bytes())
    session.open(tmp_path / "bare")
    session.new_labels()
    with pytest.raises(InputError, match="opened without labels"):
        found(session, None)
