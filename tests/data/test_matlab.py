"""One array of numbers from a MATLAB file, against SciPy's own writer."""

import io
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from segstudio.data.matlab import read_matrix


def written(content: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    savemat(file, content, **options)
    return file.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8"])
def test_an_array_is_read_as_it_was_written(packed: bool, dtype: str) -> None:
    array = np.arange(12).reshape(4, 3).astype(dtype)
    others = {"a": np.zeros((2, 2)), "text": "words", "table": {"p2": np.zeros(3)}}
    data = written({**others, "p2": array, "z": array}, do_compression=packed)
    found = read_matrix(data, "p2")
    assert found is not None
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("value", [np.ones(3) * 1j, "words", {"p2": np.ones(2)}])
def test_what_is_no_array_of_real_numbers_is_none(value: Any) -> None:
    assert read_matrix(written({"p2": value}), "p2") is None
    assert read_matrix(written({"p1": np.ones(3)}), "p2") is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_refused_or_holds_nothing(packed: bool) -> None:
    data = written({"p2": np.arange(12.0).reshape(4, 3)}, do_compression=packed)
    for size in range(len(data) - 1):
        try:
            assert read_matrix(data[:size], "p2") is None
        except ValueError:
            continue


def test_a_packed_array_that_fills_memory_is_refused() -> None:
    data = written({"p2": np.zeros((4000, 4000))}, do_compression=True)
    with pytest.raises(ValueError, match="larger"):
        read_matrix(data, "p2")
