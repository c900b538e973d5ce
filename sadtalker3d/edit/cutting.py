"""Cutting and putting together: trim, join, loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.track import MAX_FRAMES, Track


def trim(track: Track, start_s: float = 0.0, end_s: float | None = None) -> Track:
    """The part from `start_s` up to `end_s` (the end unless given), to the nearest frame.

    A track's sound begins with its first frame, so a part that begins later names no sound; where
    it was cut from stands in `meta["cut_from"]`, see `sound_start`.

    Raises
    ------
    UserError : no frame lies between the two
    """
    end_s = track.duration_s if end_s is None else end_s
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise UserError(f"cannot cut from {start_s} to {end_s} s; give times in seconds")
    first, last = (round(min(max(time_s, 0), track.duration_s) * track.fps) for time_s in (start_s, end_s))
    if first >= last:
        raise UserError(
            f"no frame lies between {start_s:g} and {end_s:g} s; the track is {track.duration_s:g} s long"
        )
    audio, meta = track.audio, dict(track.meta)
    if first > 0:
        source, before_s = sound_start(track) or (None, 0.0)
        audio, meta["cut_from"] = None, {"audio": source, "start_s": before_s + first / track.fps}
    return track.replace(
        expression=track.expression[first:last],
        rotation=track.rotation[first:last],
        translation=track.translation[first:last],
        audio=audio,
        meta=meta,
    )


def sound_start(track: Track) -> tuple[str, float] | None:
    """The sound that goes with a track and the second of it at which the track begins; None without one."""
    if track.audio is not None:
        return track.audio, 0.0
    cut = track.meta.get("cut_from")
    if not isinstance(cut, dict) or not isinstance(cut.get("audio"), str):
        return None
    start_s = cut.get("start_s")
    return (cut["audio"], float(start_s)) if isinstance(start_s, int | float) and start_s >= 0 else None


def soundless(track: Track, **changes: Any) -> Track:
    """The track with changes after which no sound goes with it."""
    meta = {name: value for name, value in track.meta.items() if name != "cut_from"}
    return track.replace(audio=None, meta=meta, **changes)


def join(first: Track, second: Track, *, crossfade_s: float = 0.2) -> Track:
    """`second` after `first`; they overlap for `crossfade_s`, in which one fades into the other.

    The result is `crossfade_s` shorter than both together. The sound and meta data are the first's.

    Raises
    ------
    UserError : different spaces, columns or frame rates, or an overlap longer than one of them
    """
    second.require_space(first.space, "joining these")
    if first.names != second.names:
        raise UserError("the tracks have different columns, so they cannot be joined")
    if first.fps != second.fps:
        raise UserError(
            f"the tracks have {first.fps:g} and {second.fps:g} frames a second; resample one of them first"
        )
    overlap = _overlap(first, crossfade_s, "cross-fade")
    if overlap > min(len(first), len(second)):
        raise UserError(
            f"the cross-fade of {crossfade_s:g} s is longer than a track of "
            f"{min(first.duration_s, second.duration_s):g} s"
        )
    rising = _rising(overlap)

    def faded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        kept = len(a) - overlap
        return np.concatenate([a[:kept], a[kept:] + rising * (b[:overlap] - a[kept:]), b[overlap:]])

    return first.replace(
        expression=faded(first.expression, second.expression),
        rotation=faded(first.rotation, second.rotation),
        translation=faded(first.translation, second.translation),
    )


def loop(track: Track, times: int = 1, *, length_s: float | None = None, blend_s: float = 0.5) -> Track:
    """A track that can be played over and over: its first frame follows its last without a jump.

    Each round begins with `blend_s` in which the end of the round before fades into the beginning, so a round
    is that much shorter than the track. No sound goes with the result.

    Parameters
    ----------
    times : how many rounds
    length_s : the length instead, to the nearest frame: as many rounds as it takes, all cut alike to fill it exactly
    blend_s : seconds

    Raises
    ------
    UserError : fewer than one round, or a blend of more than half the track
    """
    overlap = _overlap(track, blend_s, "blend")
    longest = len(track) - overlap
    if overlap > longest:
        raise UserError(
            f"the blend of {blend_s:g} s is more than half the track of {track.duration_s:g} s; shorten it"
        )
    if length_s is None:
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise UserError(f"a loop of {times} rounds is not possible; give a whole number from 1 up")
        frames = times * longest
    else:
        frames = round(min(length_s, 10 * MAX_FRAMES) * track.fps) if length_s > 0 else 0
        if frames < max(overlap, 1):
            raise UserError(f"a loop of {length_s:g} s is shorter than its blend; give a longer one")
    if frames > MAX_FRAMES:
        raise UserError(f"the loop would have {frames} frames, more than a day holds at 25")
    rounds = -(-frames // longest)
    ends = np.round(np.arange(1, rounds + 1) * (frames / rounds)).astype(np.int64)
    lengths = np.diff(ends, prepend=0)
    place = np.arange(frames) - np.repeat(ends - lengths, lengths)  # within the round
    tail = place + np.repeat(np.roll(lengths, 1), lengths)  # what the round before would go on with
    blended = np.flatnonzero(place < overlap)
    rising = _rising(overlap)[place[blended]]

    def looped(values: np.ndarray) -> np.ndarray:
        result = values[place]
        end = values[tail[blended]]
        result[blended] = end + rising * (result[blended] - end)
        return result

    return soundless(
        track,
        expression=looped(track.expression),
        rotation=looped(track.rotation),
        translation=looped(track.translation),
    )


def _overlap(track: Track, seconds: float, what: str) -> int:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise UserError(f"the {what} is {seconds} s; it must be 0 or more")
    return round(min(seconds * track.fps, MAX_FRAMES))


def _rising(overlap: int) -> np.ndarray:
    """(overlap, 1) from above 0 to below 1, which starts and ends at rest."""
    step = (np.arange(overlap) + 1) / (overlap + 1)
    return (step * step * (3 - 2 * step))[:, None].astype(np.float32)
