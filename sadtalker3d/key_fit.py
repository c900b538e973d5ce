"""Cubic pieces through a signal: each as long as a tolerance lets it be."""

from __future__ import annotations

from functools import cache

import numpy as np

Keys = list[tuple[np.ndarray, np.ndarray]]
"""For each column the key frames (k,) and the slopes in and out of them (k, 2)."""
LENGTHS = (*range(1, 25), 32, 48, 64, 96, 128)
"""Frames that a piece may span; what moves has short ones, and rest a key every five seconds."""
BETWEEN = 3.0
"""Tolerances by which a piece may swing beyond two frames half-way between them, as seen at a higher frame rate."""


def longest_pieces(
    values: np.ndarray,
    tolerance: np.ndarray,
    known: np.ndarray | None = None,
    changed: np.ndarray | None = None,
) -> np.ndarray:
    """(T, C) index into `LENGTHS` of the longest piece that may begin at each frame.

    values : (T, C), tolerance : (T,) of all columns, in the same units
    known, changed : the answer before the tolerance became less in some frames (T,) bool; only pieces over those are
        looked at again
    """
    frames, columns = values.shape
    flat, allowed = np.ravel(values.T).astype(np.float32), tolerance.astype(np.float32)
    if known is None or changed is None:
        best = np.zeros(values.shape, np.int64)
        start, column = (index.ravel() for index in np.indices((frames, columns)))
    else:
        so_far = np.concatenate([[0], np.cumsum(changed)])
        end = np.minimum(np.arange(frames)[:, None] + np.array(LENGTHS)[known] + 1, frames)
        start, column = np.nonzero(so_far[end] > so_far[:-1, None])
        best = known.copy()
        best[start, column] = 0
    for number, length in enumerate(LENGTHS):
        if number == 0:
            continue  # from one frame to the next anything holds
        inside = start + length < frames
        start, column = start[inside], column[inside]
        if not len(start):
            break
        holds = _holds(flat, allowed, start, column * frames + start, length)
        start, column = start[holds], column[holds]
        best[start, column] = number
    return best


def cubic_keys(values: np.ndarray, longest: np.ndarray) -> Keys:
    """For each column key frames (k,) and slopes (k, 2), see `keys.Curve`, with pieces as long as `longest_pieces`.

    values : (T, C), T of 2 or more

    A piece goes exactly through the frames at its ends; its two slopes are those of least squares. The longest that
    holds, one after the other, gives the fewest pieces as long as a part of what holds holds too.
    """
    return [_walked(values[:, column], longest[:, column]) for column in range(values.shape[1])]


def between_keys(values: np.ndarray, keys: Keys) -> np.ndarray:
    """(T, C) what the curves give at every frame."""
    from sadtalker3d.keys import Curve

    frames = np.arange(len(values))
    return np.stack(
        [Curve("", at, values[at, c], slopes).at(frames) for c, (at, slopes) in enumerate(keys)], axis=1
    )


def _holds(
    flat: np.ndarray, allowed: np.ndarray, start: np.ndarray, place: np.ndarray, length: int
) -> np.ndarray:
    """(n,) bool: whether pieces of this length keep to what is allowed (T,); they begin at `place` in `flat`."""
    holds = np.zeros(len(start), bool)
    leave, middles = (matrix.T.astype(np.float32) for matrix in _piece(length)[::2])
    inside = np.lib.stride_tricks.sliding_window_view(allowed, length + 1)
    at_once = max(200_000 // length, 1)  # windows that fit the processor's caches
    for first in range(0, len(start), at_once):
        part = slice(first, first + at_once)
        given, limit = flat[place[part, None] + np.arange(length + 1)], inside[start[part]]
        good = (np.abs(given @ leave) <= limit[:, 1:-1]).all(axis=1)
        given, limit = given[good], limit[good]
        halfway = given @ middles
        low, high = np.minimum(given[:, 1:], given[:, :-1]), np.maximum(given[:, 1:], given[:, :-1])
        beyond = np.maximum(low - halfway, halfway - high)
        good[good] = (beyond <= BETWEEN * np.minimum(limit[:, 1:], limit[:, :-1])).all(axis=1)
        holds[part] = good
    return holds


def _walked(values: np.ndarray, longest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    last = len(values) - 1
    if np.ptp(values) == 0:
        return np.array([0, last]), np.zeros((2, 2))
    spans, frames = np.array(LENGTHS)[longest].tolist(), [0]
    while frames[-1] < last:
        frames.append(min(frames[-1] + spans[frames[-1]], last))
    at = np.array(frames)
    slopes, lengths = np.zeros((len(at), 2)), np.diff(at)
    for length in np.unique(lengths):
        pieces = np.flatnonzero(lengths == length)
        given = values[at[pieces, None] + np.arange(length + 1)]
        both = given @ _piece(int(length))[1].T
        slopes[pieces, 1], slopes[pieces + 1, 0] = both.T
    return at, slopes


@cache
def _piece(length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the length + 1 values of a piece: matrices to what the cubic leaves inside, to its slopes, to half-ways."""
    u = np.arange(length + 1) / length
    bend, ends = _hermite(u, length)
    inside = slice(1, -1)
    line = np.zeros((2, length + 1))
    line[:, 0], line[:, -1] = -1, 1
    # least squares around the straight line's slopes, which one frame inside cannot tell apart
    rest = (np.eye(length + 1) - ends - bend @ line)[inside]
    slopes = line + np.linalg.pinv(bend[inside]) @ rest if length > 1 else line
    at_half, ends_at_half = _hermite((np.arange(length) + 0.5) / length, length)
    leave = (np.eye(length + 1) - ends - bend @ slopes)[inside]
    return leave, slopes / length, ends_at_half + at_half @ slopes


def _hermite(u: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """What the two slopes (n, 2) and the values (n, length + 1) give at u of the way."""
    ends = np.zeros((len(u), length + 1))
    ends[:, 0], ends[:, -1] = (1 - u) ** 2 * (1 + 2 * u), u * u * (3 - 2 * u)
    return np.stack([u * (1 - u) ** 2, -u * u * (1 - u)], axis=1), ends
