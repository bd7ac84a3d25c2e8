"""What libraries only log, or warn of, while they read a file."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident


@contextmanager
def complaints(name: str) -> Iterator[list[str]]:
    """Yield what a library says in this thread, as it comes, and keep it from the terminal.

    Parameters
    ----------
    name : str
        Of the library's logger.

    Yields
    ------
    list of str
        Its errors; what weighs less is dropped.
    """
    told: list[str] = []
    here, logger = get_ident(), logging.getLogger(name)

    def note(record: logging.LogRecord) -> bool:
        if record.thread != here:
            return True
        if record.levelno >= logging.ERROR:
            told.append(record.getMessage())
        return False

    logger.addFilter(note)
    try:
        yield told
    finally:
        logger.removeFilter(note)


@contextmanager
def unwarned(library: str) -> Iterator[None]:
    """Keep a library's warnings from the terminal: what matters of them our own checks tell.

    Parameters
    ----------
    library : str
        Its name; no others' warnings are dropped, as another thread may give them meanwhile.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=rf"{library}\b")
        yield
