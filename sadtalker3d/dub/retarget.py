"""One face's track on another: each one's own rest and reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sadtalker3d.edit.regions import REGIONS
from sadtalker3d.edit.smoothing import gaussian
from sadtalker3d.edit.voice import voice_of_mouth
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

LEAST_REACH = 0.05  # a column that moves less is not measured by this take, and stays as it is
MOST_GAIN = 3.0  # what a take hardly shows is not blown up without end
QUIET_S = 0.4  # of silence, all pauses together, show where a mouth rests
CALM_S = 0.05  # a capture's trembling is no speech
LIVELY, SHUT = (
    98.0,
    99.5,
)  # percentiles of a column's reach; of lids, which are shut for a twentieth of the time
FOLLOWS = {"mouthClose": "jawOpen"}  # closes what the jaw opens: another gain would part p b m, or press them


@dataclass(frozen=True, eq=False)
class Range:
    """How a face uses its columns: (64,) where they rest, and (64,) how far they go above that."""

    rest: np.ndarray
    reach: np.ndarray


def range_of(track: Track) -> Range:
    """The rest and the reach of a face, from a take of it that speaks with some life (ten seconds or more).

    The mouth rests where it is in silence; without a pause, and in the rest of the face, where it is most steadily
    among its low values: what a capture holds on to all the time, as a phone's jawOpen of .08, is rest. Both sides
    have one reach.

    Raises UserError for a track of another space than `open`.
    """
    track.require_space("open", "measuring how far a face goes")
    values = track.expression
    mouth = [track.index(name) for name in REGIONS["mouth"]]
    rest = _low(values, 0.5)
    still = track.replace(expression=gaussian(values, CALM_S * track.fps))
    quiet = voice_of_mouth(still).speaking < 0.1
    if quiet.sum() >= QUIET_S * track.fps:
        rest[mouth] = _low(values[quiet][:, mouth], 0.5)
    else:
        rest[mouth] = _low(values[:, mouth], 0.2)
    high = np.percentile(values, LIVELY, axis=0)
    lids = [track.index(name) for name in REGIONS["blink"]]
    high[lids] = np.percentile(values[:, lids], SHUT, axis=0)
    reach = np.maximum(high - rest, 0)
    reach = (reach + reach[_mirrored(track.names)]) / 2
    return Range(rest.astype(np.float32), reach.astype(np.float32))


def retarget(track: Track, source: Range, target: Range, *, strength: float = 1.0) -> Track:
    """The track of one face for another: differences from the one's rest, scaled to the other's reach.

    A performer who barely opens the mouth so drives a character that does. Columns that either hardly uses go over
    as they are, less the one's rest and plus the other's.

    strength : of the scaling; 0 changes the rest alone

    Raises UserError for ranges that do not belong to a track of as many columns, or a strength beyond 0 to 1.
    """
    if source.rest.shape != (len(track.names),) or target.rest.shape != source.rest.shape:
        raise UserError(
            "the ranges do not belong to such a track: make them with range_of from tracks of its space"
        )
    if not (math.isfinite(strength) and 0 <= strength <= 1):
        raise UserError(f"the strength is {strength}; choose 0 to 1")
    moved = target.rest + gains(track, source, target) ** strength * (track.expression - source.rest)
    if track.space == "open":
        moved = np.clip(moved, 0, np.maximum(track.expression.max(axis=0), 1.0))
    return track.replace(expression=moved)


def gains(track: Track, source: Range, target: Range) -> np.ndarray:
    """(64,) how much further the target's columns go than the source's."""
    measured = (source.reach >= LEAST_REACH) & (target.reach >= LEAST_REACH)
    gain = np.where(measured, target.reach / np.maximum(source.reach, LEAST_REACH), 1.0)
    for name, leader in FOLLOWS.items():
        if name in track.names and leader in track.names:
            gain[track.index(name)] = gain[track.index(leader)]
    return np.clip(gain, 1 / MOST_GAIN, MOST_GAIN)


def _low(values: np.ndarray, share: float) -> np.ndarray:
    """(n,) where the lowest `share` of (T, n) values lies closest together: the middle of its tightest tenth of all."""
    ordered = np.sort(values.astype(np.float64), axis=0)
    count = len(ordered)
    tenth = max(count // 10, 1)
    last = max(round(share * count), tenth)
    widths = ordered[tenth - 1 : last] - ordered[: last - tenth + 1]
    first = np.argmin(widths, axis=0)
    columns = np.arange(values.shape[1])
    return (ordered[first, columns] + ordered[first + tenth - 1, columns]) / 2


def _mirrored(names: tuple[str, ...]) -> list[int]:
    """The place of each column's counterpart on the other side of the face; its own where it has none."""
    place = {name: number for number, name in enumerate(names)}
    sides = {"Left": "Right", "Right": "Left"}

    def other(name: str) -> str:
        for side, opposite in sides.items():
            if name.endswith(side):
                return name[: -len(side)] + opposite
        return name

    return [place.get(other(name), place[name]) for name in names]
