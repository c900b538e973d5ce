"""Loops as machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

FAST = {"contract", "reassoc", "nsz"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as machine code, kept on disk for the next run where there is a place for it."""
    try:
        return numba.njit(nogil=True, fastmath=FAST, cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written
        return numba.njit(nogil=True, fastmath=FAST)(function)
