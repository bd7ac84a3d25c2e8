"""The one exception for what a user can mend, and the sentence any error is told in."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from errno import EDQUOT, EFBIG, ENOSPC, EROFS

_LONGEST = 2000  # letters, of a sentence that shows what a file says


class InputError(ValueError):
    """A mistake the user can mend.

    Its text is one plain sentence or two: what is wrong, where, and what to do. The command
    line and the window show it as it is, without a traceback. It stays one line, and no command to
    a terminal, whatever a file's name or content brings into it: such letters are shown by number.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if not text.isprintable():
            # Also the halves of letters that stand for a name in another encoding.
            text = "".join(c if c.isprintable() else _by_number(c) for c in text)
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 3 :]}"
        return text


def _by_number(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def near_names(name: str, known: Iterable[str]) -> str:
    """Return a hint that names what the user may have meant.

    Parameters
    ----------
    name : str
        What was typed.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        ``"Did you mean 'dice'?"`` where names are near, else the whole list.
    """
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return "Did you mean " + " or ".join(f"'{n}'" for n in near) + "?"
    return "Known: " + ", ".join(names) + "."


def shortened(names: Sequence[str], most: int) -> str:
    """Return names for a sentence: all, or the first of them and how many more there are.

    Parameters
    ----------
    names : sequence of str
        In the order they are to be named.
    most : int
        How many are named at most.

    Returns
    -------
    str
        ``"a, b and 3 more"``.
    """
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def sentence(error: BaseException) -> str:
    """Return what to tell the user of an error: plain words, one line.

    Parameters
    ----------
    error : BaseException
        What was caught at the edge of the program.

    Returns
    -------
    str
        An `InputError`'s own text; for trouble with a disk, which file and what to do; for
        anything else its type and message.
    """
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError):
        return _disk_sentence(error)
    if isinstance(error, MemoryError):
        return "Not enough memory. Close other programs, or use a smaller batch or plane size."
    return f"Unexpected {type(error).__name__}: {error}".replace("\n", " ")


def _disk_sentence(error: OSError) -> str:
    where = f"'{error.filename}'" if error.filename else "a file"
    if error.errno in (ENOSPC, EDQUOT):
        return f"The disk is full: {where} could not be written. Free some space and try again."
    if error.errno == EFBIG:
        return f"{where} would be larger than is allowed here. Choose another place."
    if isinstance(error, PermissionError):
        return f"No permission for {where}. Choose another place or change its permissions."
    if error.errno == EROFS:
        return f"{where} is on a disk that can only be read. Choose another place."
    if isinstance(error, FileNotFoundError):
        return f"{where} does not exist. Check the path."
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        reason = (error.strerror or str(error)).lower()
        return f"{where} cannot be used here: {reason}. Choose another path."
    return f"{where}: {error.strerror or error}."
