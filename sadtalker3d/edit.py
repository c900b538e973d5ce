"""Editing a track: stronger, shifted, smoother, shorter, joined, at another frame rate.

Every function returns a new track. Where one takes `amounts` or `parts`, a key is a region of `REGIONS`,
the name of one column, or "head" for rotation and translation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import MAX_FPS, MAX_FRAMES, MIN_FPS, Track


def _starting(*beginnings: str) -> tuple[str, ...]:
    return tuple(name for name in OPEN_64 if name.startswith(beginnings))


REGIONS: dict[str, tuple[str, ...]] = {
    "mouth": _starting("jaw", "mouth", "tongue", "teeth", "cheekPuff"),
    "jaw": _starting("jaw", "teeth"),
    "lips": _starting("mouth"),
    "tongue": _starting("tongue"),
    "upper_face": _starting("brow", "cheekSquint", "nose", "eyeSquint", "eyeWide"),
    "brows": _starting("brow"),
    "cheeks": _starting("cheek"),
    "nose": _starting("nose"),
    "eyes": _starting("eye"),
    "blink": _starting("eyeBlink"),
    "gaze": _starting("eyeLook"),
    "left": tuple(name for name in OPEN_64 if name.endswith("Left") and not name.startswith("eyeLook")),
    "right": tuple(name for name in OPEN_64 if name.endswith("Right") and not name.startswith("eyeLook")),
    "face": OPEN_64,
}
"""Named groups of columns of the `open` space; they overlap."""

HEAD = "head"


def gain(track: Track, amounts: Mapping[str, float]) -> Track:
    """Multiply columns: `gain(take, {"mouth": 1.2, "browInnerUp": 0.5, "head": 0.7})`.

    A column named more than once, by itself or by regions, is multiplied by each amount.

    Raises
    ------
    UserError : an unknown name or an amount that is not finite
    """
    factors = np.ones(len(track.names), np.float32)
    head = np.float32(1)
    for key, amount in _checked(amounts):
        if key == HEAD:
            head *= np.float32(amount)
        else:
            factors[_columns(track, key)] *= np.float32(amount)
    return track.replace(
        expression=track.expression * factors,
        rotation=track.rotation * head,
        translation=track.translation * head,
    )


def offset(
    track: Track,
    amounts: Mapping[str, float] | None = None,
    *,
    rotation_rad: Iterable[float] = (0, 0, 0),
    translation: Iterable[float] = (0, 0, 0),
) -> Track:
    """Add the same to every frame: `offset(take, {"mouthSmileLeft": 0.1}, rotation_rad=(0, 0.2, 0))`.

    Parameters
    ----------
    amounts : what to add to columns, by region or name
    rotation_rad, translation : what to add to the pose: pitch, yaw, roll in radians; x, y, z in the
        model's units

    Raises
    ------
    UserError : an unknown name or an amount that is not finite
    """
    added = np.zeros(len(track.names), np.float32)
    for key, amount in _checked(amounts or {}):
        if key == HEAD:
            raise UserError("the head is moved with rotation_rad and translation")
        added[_columns(track, key)] += np.float32(amount)
    return track.replace(
        expression=track.expression + added,
        rotation=track.rotation + np.array(list(rotation_rad), np.float32),
        translation=track.translation + np.array(list(translation), np.float32),
    )


def smooth(track: Track, width_s: float, parts: Iterable[str] = ("face", HEAD)) -> Track:
    """Even out fast motion without delaying it.

    A Gaussian, the same before and after each frame, so that nothing moves in time and nothing
    overshoots. Lips that meet for a `p` part again with widths much above 0.05 s.

    Parameters
    ----------
    width_s : width of the Gaussian at half its height, in seconds; 0 changes nothing
    parts : regions, columns or "head"

    Raises
    ------
    UserError : an unknown part, or a width that is negative or not finite
    """
    if not (math.isfinite(width_s) and width_s >= 0):
        raise UserError(f"the smoothing width is {width_s} s; it must be 0 or more")
    sigma = width_s * track.fps / math.sqrt(8 * math.log(2))
    parts = list(parts)
    columns = sorted({i for part in parts if part != HEAD for i in _columns(track, part)})
    expression = track.expression.copy()
    expression[:, columns] = _gaussian(expression[:, columns], sigma)
    if HEAD not in parts:
        return track.replace(expression=expression)
    return track.replace(
        expression=expression,
        rotation=_gaussian(track.rotation, sigma),
        translation=_gaussian(track.translation, sigma),
    )


def trim(track: Track, start_s: float = 0.0, end_s: float | None = None) -> Track:
    """The part from `start_s` up to `end_s` (the end unless given), to the nearest frame.

    A track's sound begins with its first frame, so a part that begins later names no sound; where
    it was cut from stands in `meta["cut_from"]`.

    Raises
    ------
    UserError : no frame lies between the two
    """
    end_s = track.duration_s if end_s is None else end_s
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise UserError(f"cannot cut from {start_s} to {end_s} s; give times in seconds")
    first, last = max(round(start_s * track.fps), 0), min(round(end_s * track.fps), len(track))
    if first >= last:
        raise UserError(
            f"no frame lies between {start_s:g} and {end_s:g} s; the track is {track.duration_s:g} s long"
        )
    audio, meta = track.audio, dict(track.meta)
    if first > 0:
        audio, meta["cut_from"] = None, {"audio": track.audio, "start_s": first / track.fps}
    return track.replace(
        expression=track.expression[first:last],
        rotation=track.rotation[first:last],
        translation=track.translation[first:last],
        audio=audio,
        meta=meta,
    )


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
    if not (math.isfinite(crossfade_s) and crossfade_s >= 0):
        raise UserError(f"the cross-fade is {crossfade_s} s; it must be 0 or more")
    overlap = round(crossfade_s * first.fps)
    if overlap > min(len(first), len(second)):
        raise UserError(
            f"the cross-fade of {crossfade_s:g} s is longer than a track of "
            f"{min(first.duration_s, second.duration_s):g} s"
        )
    step = (np.arange(overlap) + 1) / (overlap + 1)
    rising = (step * step * (3 - 2 * step))[:, None].astype(np.float32)  # starts and ends at rest

    def faded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        kept = len(a) - overlap
        return np.concatenate([a[:kept], a[kept:] + rising * (b[:overlap] - a[kept:]), b[overlap:]])

    return first.replace(
        expression=faded(first.expression, second.expression),
        rotation=faded(first.rotation, second.rotation),
        translation=faded(first.translation, second.translation),
    )


def resample(track: Track, fps: float) -> Track:
    """The same motion at another frame rate, linear between frames; frame 0 stays where it is.

    To a much lower rate, `smooth` first by about 1 / fps, so that nothing fast turns into jitter.

    Raises
    ------
    UserError : a frame rate that a track cannot have
    """
    if not MIN_FPS <= fps <= MAX_FPS:
        raise UserError(
            f"{fps} frames a second is not possible; give a number between {MIN_FPS:g} and {MAX_FPS:g}"
        )
    count = max(round(len(track) * fps / track.fps), 1)
    if count > MAX_FRAMES:
        raise UserError(
            f"at {fps:g} frames a second the track has {count} frames, more than a day holds at 25"
        )
    at = np.minimum(np.arange(count) * (track.fps / fps), len(track) - 1)
    before = at.astype(np.int64)
    after = np.minimum(before + 1, len(track) - 1)
    share = (at - before)[:, None].astype(np.float32)

    def between(values: np.ndarray) -> np.ndarray:
        return values[before] + share * (values[after] - values[before])

    return track.replace(
        fps=float(fps),
        expression=between(track.expression),
        rotation=between(track.rotation),
        translation=between(track.translation),
    )


def _checked(amounts: Mapping[str, float]) -> list[tuple[str, float]]:
    for key, amount in amounts.items():
        if not math.isfinite(amount):
            raise UserError(f"the amount for '{key}' is {amount}; give a finite number")
    return list(amounts.items())


def _columns(track: Track, key: str) -> list[int]:
    if key in track.names:
        return [track.index(key)]
    if key == "face":
        return list(range(len(track.names)))
    if key in REGIONS:
        track.require_space("open", f"the region '{key}'")
        return [track.index(name) for name in REGIONS[key]]
    raise UserError(f"unknown part '{key}'; use a column's name, {', '.join(REGIONS)} or {HEAD}")


def _gaussian(values: np.ndarray, sigma_frames: float) -> np.ndarray:
    if sigma_frames < 0.1 or values.size == 0:  # the neighbours' weight would be below 1e-21
        return values
    radius = math.ceil(4 * sigma_frames)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_frames) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values.astype(np.float64), ((radius, radius), (0, 0)), mode="symmetric")
    return np.apply_along_axis(np.convolve, 0, padded, kernel, "valid").astype(np.float32)
