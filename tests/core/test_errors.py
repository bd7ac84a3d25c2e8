from errno import EDQUOT, EFBIG, EIO, ENOSPC, EROFS

import pytest

from segstudio.core.errors import InputError, near_names, sentence, shortened


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InputError("'a.nii' is empty."), "'a.nii' is empty."),
        (
            OSError(ENOSPC, "No space left on device", "out/a.nii"),
            "The disk is full: 'out/a.nii' could not be written. Free some space and try again.",
        ),
        (
            OSError(EDQUOT, "Disk quota exceeded"),
            "The disk is full: a file could not be written. Free some space and try again.",
        ),
        (
            PermissionError(13, "Permission denied", "a.nii"),
            "No permission for 'a.nii'. Choose another place or change its permissions.",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "a.nii"),
            "'a.nii' does not exist. Check the path.",
        ),
        (
            NotADirectoryError(20, "Not a directory", "a.nii/run"),
            "'a.nii/run' cannot be used here: not a directory. Choose another path.",
        ),
        (
            OSError(EFBIG, "File too large", "a.nii"),
            "'a.nii' would be larger than is allowed here. Choose another place.",
        ),
        (
            OSError(EROFS, "Read-only file system", "a.nii"),
            "'a.nii' is on a disk that can only be read. Choose another place.",
        ),
        (OSError(EIO, "Input/output error", "a.nii"), "'a.nii': Input/output error."),
        (OSError("no code"), "a file: no code."),
        (
            MemoryError(),
            "Not enough memory. Close other programs, or use a smaller batch or plane size.",
        ),
        (KeyError("dice"), "Unexpected KeyError: 'dice'"),
        (RuntimeError("first line\nsecond"), "Unexpected RuntimeError: first line second"),
    ],
)
def test_an_error_is_told_in_one_line(error: Exception, told: str) -> None:
    assert sentence(error) == told


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("dise", "Did you mean 'dice'?"),
        ("epoch", "Did you mean 'epochs'?"),
        ("zzz", "Known: dice, epochs, focal."),
    ],
)
def test_a_mistyped_name_is_met_with_near_ones_or_with_all(typed: str, hint: str) -> None:
    assert near_names(typed, ["dice", "epochs", "focal"]) == hint


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "a\u2028b", "\udcff", "\ufeff"])
def test_what_a_file_brings_into_a_sentence_stays_in_its_line(name: str) -> None:
    text = str(InputError(f"'{name}' is damaged. Copy it again."))
    assert text.isprintable()
    assert text.endswith("is damaged. Copy it again.")


def test_a_sentence_that_shows_a_long_word_is_cut_in_its_middle() -> None:
    text = sentence(InputError(f"'a.csv' names '{'x' * 10**6}'. Correct it."))
    assert len(text) < 3000
    assert text.startswith("'a.csv' names")
    assert text.endswith("Correct it.")


@pytest.mark.parametrize(
    ("most", "told"),
    [(1, "a and 2 more"), (2, "a, b and 1 more"), (3, "a, b, c"), (4, "a, b, c")],
)
def test_of_many_names_the_first_are_told(most: int, told: str) -> None:
    assert shortened(["a", "b", "c"], most) == told


def test_of_no_names_nothing_is_told() -> None:
    assert shortened([], 3) == ""
