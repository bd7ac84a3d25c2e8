"""Kernels compiled by numba."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled at its first call, or then loaded from numba's cache.

    It runs without the GIL, so that a window beside it stays alive.
    """
    compiler = numba.njit(nogil=True, cache=True, error_model="numpy")
    return cast(Callable[P, R], compiler(function))


def compiled_sum(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled as by `compiled`; its sums may be taken in any order.

    That lets the processor take several at a time.
    """
    order_free = {"reassoc", "contract", "nsz"}
    compiler = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=order_free)
    return cast(Callable[P, R], compiler(function))
