"""The one error a user is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend: one sentence that names what, where and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class TrackError(UserError):
    """A track does not fit a purpose. A track does not know its file: whoever does puts the name before it."""
