"""Another frame rate, another length."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sadtalker3d.edit.cutting import soundless
from sadtalker3d.errors import UserError
from sadtalker3d.track import MAX_FPS, MAX_FRAMES, MIN_FPS, Track

Between = Literal["smooth", "linear"]
NTSC = (
    24,
    30,
    48,
    60,
    120,
)  # rates that television runs a thousandth slower, and writes as 23.976, 29.97, ...


def exact_fps(fps: float) -> float:
    """The rate that a number stands for: 23.976, 23.98, 29.97, 59.94 and so on are 24000/1001, 30000/1001, ..."""
    for whole in NTSC:
        if abs(fps - whole * 1000 / 1001) < 0.005:
            return whole * 1000 / 1001
    return float(fps)


def resample(track: Track, fps: float, *, between: Between = "smooth") -> Track:
    """The same motion at another frame rate; frame 0 stays where it is.

    To a much lower rate, `smooth` first by about 1 / fps, so that nothing fast turns into jitter.

    Parameters
    ----------
    fps : any rate; 23.976, 29.97, 59.94 ... become the exact ratios, see `exact_fps`
    between : "smooth" goes through the frames without corners and never beyond two neighbours, so that lips
        which meet do not pass through each other; "linear" draws straight lines

    Raises
    ------
    UserError : a frame rate that a track cannot have
    """
    if not MIN_FPS <= fps <= MAX_FPS:
        raise UserError(
            f"{fps} frames a second is not possible; give a number between {MIN_FPS:g} and {MAX_FPS:g}"
        )
    fps = exact_fps(fps)
    if fps == track.fps:
        return track
    count = _checked_count(len(track) * fps / track.fps, f"at {fps:g} frames a second")
    return at_frames(track, np.arange(count) * (track.fps / fps), between).replace(fps=fps)


def retime(track: Track, length_s: float, *, between: Between = "smooth") -> Track:
    """The same motion slower or faster, so that it takes `length_s`, to the nearest frame; the rate stays.

    No sound goes with the result unless its length is the track's own.

    Raises
    ------
    UserError : a length that is not possible
    """
    if not (math.isfinite(length_s) and length_s > 0):
        raise UserError(f"a length of {length_s} s is not possible; give seconds above 0")
    count = _checked_count(length_s * track.fps, f"with a length of {length_s:g} s")
    if count == len(track):
        return track
    return soundless(at_frames(track, np.arange(count) * (len(track) / count), between))


def _checked_count(frames: float, how: str) -> int:
    count = max(round(min(frames, 10.0 * MAX_FRAMES)), 1)
    if count > MAX_FRAMES:
        raise UserError(f"{how} the track has {count} frames, more than a day holds at 25")
    return count


def at_frames(track: Track, frames: np.ndarray, between: Between = "smooth") -> Track:
    """The track at places (n,) between its frames; beyond the last it stays."""
    if between not in ("smooth", "linear"):
        raise UserError(f"'{between}' is no way to go from frame to frame; choose smooth or linear")
    at = np.minimum(frames, len(track) - 1)
    before = np.minimum(at.astype(np.int64), max(len(track) - 2, 0))
    share = (at - before)[:, None].astype(np.float32)
    line = between == "linear" or len(track) < 3

    def sampled(values: np.ndarray) -> np.ndarray:
        if len(values) == 1:
            return values[np.zeros(len(at), np.int64)]
        return _line(values, before, share) if line else _monotone_cubic(values, before, share)

    return track.replace(
        expression=sampled(track.expression),
        rotation=sampled(track.rotation),
        translation=sampled(track.translation),
    )


def _line(values: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    return values[before] + share * (values[before + 1] - values[before])


def _monotone_cubic(values: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Cubic Hermite with slopes that keep every piece between its ends (Fritsch and Butland 1984)."""
    steps = np.diff(values, axis=0)
    product = steps[1:] * steps[:-1]
    total = steps[1:] + steps[:-1]
    rising = product > 0
    slopes = np.empty_like(values)
    slopes[1:-1] = np.where(rising, 2 * product / np.where(rising, total, 1), 0)
    for end, near, far in ((0, 0, 1), (-1, -1, -2)):
        slope = (3 * steps[near] - steps[far]) / 2
        slope = np.where(slope * steps[near] > 0, slope, 0)
        slopes[end] = np.where(np.abs(slope) > 3 * np.abs(steps[near]), 3 * steps[near], slope)
    t = share
    step = steps[before]
    rest = t * (1 - t) * (slopes[before] * (1 - t) - slopes[before + 1] * t)
    return values[before] + t * t * (3 - 2 * t) * step + rest
