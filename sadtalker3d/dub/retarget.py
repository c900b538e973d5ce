"""One face's track on another: each one's own rest and reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

LEAST_REACH = 0.05  # a column that moves less is not measured by this take, and stays as it is
MOST_GAIN = 3.0  # what a take hardly shows is not blown up without end


@dataclass(frozen=True, eq=False)
class Range:
    """How a face uses its columns: (64,) where they rest, and (64,) how far they go above that."""

    rest: np.ndarray
    reach: np.ndarray


def range_of(track: Track) -> Range:
    """The rest and the reach of a face, from a take of it that speaks with some life (ten seconds or more)."""
    low, high = np.percentile(track.expression, [10, 98], axis=0)
    return Range(low.astype(np.float32), np.maximum(high - low, 0).astype(np.float32))


def retarget(track: Track, source: Range, target: Range) -> Track:
    """The track of one face for another: differences from the one's rest, scaled to the other's reach.

    A performer who barely opens the mouth so drives a character that does. Columns that either hardly uses go over
    as they are, less the one's rest and plus the other's.

    Raises UserError for ranges that do not belong to a track of as many columns.
    """
    if source.rest.shape != (len(track.names),) or target.rest.shape != source.rest.shape:
        raise UserError(
            "the ranges do not belong to such a track: make them with range_of from tracks of its space"
        )
    measured = (source.reach >= LEAST_REACH) & (target.reach >= LEAST_REACH)
    gain = np.where(measured, target.reach / np.maximum(source.reach, LEAST_REACH), 1.0)
    gain = np.clip(gain, 1 / MOST_GAIN, MOST_GAIN)
    moved = target.rest + gain * (track.expression - source.rest)
    if track.space == "open":
        moved = np.clip(moved, 0, np.maximum(track.expression.max(axis=0), 1.0))
    return track.replace(expression=moved)
