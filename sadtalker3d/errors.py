"""The one error a user is meant to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something the user can mend: one sentence that names what, where and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class ExistsError(UserError):
    """An output is there already, and may not be replaced."""


class TrackError(UserError):
    """A track does not fit a purpose. A track does not know its file: whoever does puts the name before it."""


@contextmanager
def naming(take: str | Path) -> Iterator[None]:
    """Puts the track file's name before what is wrong with the track."""
    try:
        yield
    except TrackError as error:
        raise UserError(f"{take}: {error}") from None
