"""Prepared cases in memory and in files."""

import sys
import tempfile
import weakref
from pathlib import Path

import numpy as np
import pytest

from segstudio.learn.case_store import VOXELS_A_CLASS, CaseStore


def case(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (4, 8, 8)).astype(np.uint8)
    return rng.normal(size=(2, 4, 8, 8)).astype(np.float32), labels


def filled(budget: int, cases: int = 3) -> CaseStore:
    store = CaseStore(budget)
    for i in range(cases):
        image, labels = case(i)
        store.add(f"case{i}", image, labels, (2.0, 1.0, 1.0), 3)
    return store


ONE = 4 * 2 * 4 * 8 * 8 + 4 * 8 * 8  # bytes of a case


@pytest.mark.parametrize(("budget", "files"), [(10 * ONE, 0), (ONE, 4), (0, 6)])
def test_what_does_not_fit_the_budget_goes_to_files_and_reads_the_same(
    budget: int, files: int
) -> None:
    store = filled(budget)
    assert store.in_file == files
    for i, stored in enumerate(store.cases):
        image, labels = case(i)
        assert np.array_equal(stored.image.read(), image)
        assert np.array_equal(stored.image.read((slice(None), 2)), image[:, 2])
        assert np.array_equal(stored.labels.read((3,)), labels[3])
        assert stored.surround == image.min()


def test_what_went_to_a_file_is_not_kept_in_memory_too() -> None:
    image, labels = case()
    held = weakref.ref(image)
    store = CaseStore(0)
    store.add("case", image, labels, (2.0, 1.0, 1.0), 3)
    assert store.in_file == 2
    del image
    assert held() is None


def test_the_file_has_no_name_that_could_stay_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = filled(0)
    assert store.in_file == 6
    assert sys.platform == "win32" or list(tmp_path.iterdir()) == []


def test_counts_and_places_are_those_of_the_labels() -> None:
    store = filled(10**6, cases=1)
    _, labels = case()
    for k in (1, 2):
        places = store[0].places[k]
        assert len(places) == (labels == k).sum() == store[0].counts[:, k].sum()
        assert (labels[tuple(places.T)] == k).all()
    assert len(store[0].places[0]) == 0
    assert np.array_equal(store[0].counts[2], np.bincount(labels[2].ravel(), minlength=3))


def test_of_a_large_class_some_places_are_kept_from_all_its_planes() -> None:
    labels = np.ones((20, 64, 64), np.uint8)
    store = CaseStore(10**7)
    store.add("large", np.zeros((1, 20, 64, 64), np.float32), labels, (1.0, 1.0, 1.0), 2)
    places = store[0].places[1]
    assert VOXELS_A_CLASS / 2 < len(places) <= VOXELS_A_CLASS
    assert set(places[:, 0]) == set(range(20))


def test_frequencies_are_the_shares_of_all_voxels() -> None:
    store = filled(10**6)
    every = np.concatenate([case(i)[1].ravel() for i in range(3)])
    assert store.frequencies() == pytest.approx(np.bincount(every) / every.size)
