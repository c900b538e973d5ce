"""Edits written as text, one after the other: `("gain", "mouth=1.2")`, `("trim", "1.2:3.4")`, `("mirror", "")`.

This is the language of `sadtalker3d edit`; in Python the functions themselves are simpler.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sadtalker3d.edit.blinking import blinks
from sadtalker3d.edit.cutting import join, loop, trim
from sadtalker3d.edit.emotions import emotion
from sadtalker3d.edit.eyes import CAMERA_M, Point, gaze_at, gaze_wander, toward
from sadtalker3d.edit.mirroring import mirror
from sadtalker3d.edit.regions import HEAD
from sadtalker3d.edit.smoothing import smooth
from sadtalker3d.edit.strength import gain, offset
from sadtalker3d.edit.timing import Between, resample, retime
from sadtalker3d.edit.voice import Voice
from sadtalker3d.errors import UserError
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from sadtalker3d.motion.prosody import Prosody

_ANGLES, _SHIFTS = ("pitch", "yaw", "roll"), ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Setting:
    """What steps need besides their text.

    seed : of emotions, wandering eyes and blinks
    crossfade_s, blend_s : of `join` and `loop`
    between : how `fps` and `length` go from frame to frame
    other : reads a track to join from its name
    voice, prosody : of the sound that goes with a track as it is by then, None for none
    """

    seed: int = 0
    crossfade_s: float = 0.2
    blend_s: float = 0.5
    between: Between = "smooth"
    other: Callable[[str], Track] | None = None
    voice: Callable[[Track], Voice | None] = lambda track: None
    prosody: Callable[[Track], Prosody | None] = lambda track: None


def apply(track: Track, name: str, text: str, setting: Setting) -> Track:
    """The track after one step; UserError says what is wrong with it and how it is written."""
    try:
        return STEPS[name](track, text, setting)
    except UserError as error:
        raise type(error)(f"--{name.replace('_', '-')} {text}".rstrip() + f": {error}") from None


def _gain(track: Track, text: str, setting: Setting) -> Track:
    return gain(track, _amounts(text, "PART=FACTOR, as in mouth=1.2"))


def _offset(track: Track, text: str, setting: Setting) -> Track:
    amounts = dict(_amounts(text, "PART=AMOUNT, as in browInnerUp=0.1 or yaw=5"))
    angles = [math.radians(amounts.pop(name, 0.0)) for name in _ANGLES]
    shifts = [amounts.pop(name, 0.0) for name in _SHIFTS]
    if HEAD in amounts:
        raise UserError("the head is moved with pitch, yaw and roll in degrees, x, y and z in metres")
    return offset(track, amounts, rotation_rad=angles, translation=shifts)


def _smooth(track: Track, text: str, setting: Setting) -> Track:
    written = "SECONDS, or PART=SECONDS as in head=0.2"
    if "=" not in text:
        return smooth(track, _number(text, written))
    for part, width_s in _amounts(text, written).items():
        track = smooth(track, width_s, [part])
    return track


def _trim(track: Track, text: str, setting: Setting) -> Track:
    start_s, end_s = _span(text, "START:END in seconds, as in 1.2:3.4, 1.2: or :3.4")
    return trim(track, start_s, end_s)


def _join(track: Track, text: str, setting: Setting) -> Track:
    if setting.other is None:
        raise UserError("there is nothing to read a track with")
    return join(track, setting.other(text), crossfade_s=setting.crossfade_s)


def _loop(track: Track, text: str, setting: Setting) -> Track:
    written = "how many rounds, as in 3, or the length, as in 12.5s"
    if text.endswith("s"):
        return loop(track, length_s=_number(text[:-1], written), blend_s=setting.blend_s)
    rounds = _number(text, written)
    if rounds != int(rounds):
        raise UserError(f"write {written}")
    return loop(track, int(rounds), blend_s=setting.blend_s)


def _fps(track: Track, text: str, setting: Setting) -> Track:
    over, _, under = text.partition("/")
    written = "frames a second, as in 30, 29.97 or 30000/1001"
    divisor = _number(under, written) if under else 1.0
    if divisor == 0:
        raise UserError(f"write {written}")
    return resample(track, _number(over, written) / divisor, between=setting.between)


def _length(track: Track, text: str, setting: Setting) -> Track:
    return retime(track, _number(text.removesuffix("s"), "SECONDS, as in 12.5"), between=setting.between)


def _mirror(track: Track, text: str, setting: Setting) -> Track:
    return mirror(track)


def _emotion(track: Track, text: str, setting: Setting) -> Track:
    written = "NAME=INTENSITY, with @START:END in seconds for a part, as in joy=0.6 or anger=0.4@1.5:3"
    what, _, when = text.partition("@")
    amounts = _amounts(what, written)
    start_s, end_s = _span(when, written) if when else (0.0, None)
    voice = setting.voice(track)
    for name, intensity in amounts.items():
        track = emotion(track, name, intensity, voice=voice, start_s=start_s, end_s=end_s, seed=setting.seed)
    return track


def _gaze(track: Track, text: str, setting: Setting) -> Track:
    if text == "wander":
        return gaze_wander(track, seed=setting.seed, prosody=setting.prosody(track))
    return gaze_at(track, gaze_targets(text))


def gaze_targets(text: str) -> list[tuple[float, Point]]:
    """Seconds and points of `camera`, or of a list as `0@camera,1.5@20/-5,2.4@camera`."""
    written = (
        "camera, wander, or TIME@TARGET,... with a target of camera or YAW/PITCH in degrees, as in "
        "0@camera,1.5@20/-5,2.4@camera"
    )
    if text == "camera":
        return [(0.0, CAMERA_M)]
    targets = []
    for one in text.split(","):
        time, at, target = one.partition("@")
        if not at:
            raise UserError(f"write {written}")
        yaw, slash, pitch = target.partition("/")
        if target != "camera" and not slash:
            raise UserError(f"write {written}")
        point = CAMERA_M if target == "camera" else toward(_number(yaw, written), _number(pitch, written))
        targets.append((_number(time, written), point))
    return targets


def _blinks(track: Track, text: str, setting: Setting, keep: bool = False) -> Track:
    written = "how many a minute, as in 15, the times as in 1.2s,3.4s, or none"
    if text == "none":
        return blinks(track, rate_per_min=0, keep=keep)
    if text.endswith("s"):
        times_s = [_number(one.removesuffix("s"), written) for one in text.split(",")]
        return blinks(track, times_s=times_s, keep=keep)
    return blinks(
        track, rate_per_min=_number(text.removesuffix("/min"), written), seed=setting.seed, keep=keep
    )


def _add_blinks(track: Track, text: str, setting: Setting) -> Track:
    return _blinks(track, text, setting, keep=True)


STEPS: Mapping[str, Callable[[Track, str, Setting], Track]] = {
    "gain": _gain, "offset": _offset, "smooth": _smooth, "trim": _trim, "join": _join, "loop": _loop, "fps": _fps,
    "length": _length, "mirror": _mirror, "emotion": _emotion, "gaze": _gaze, "blinks": _blinks,
    "add_blinks": _add_blinks,
}  # fmt: skip
"""Every step by its name."""


def _amounts(text: str, written: str) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for one in text.split(","):
        name, equals, amount = one.partition("=")
        if not equals or not name:
            raise UserError(f"write {written}")
        amounts[name.strip()] = _number(amount, written)
    return amounts


def _span(text: str, written: str) -> tuple[float, float | None]:
    start, colon, end = text.partition(":")
    if not colon:
        raise UserError(f"write {written}")
    return _number(start or "0", written), _number(end, written) if end else None


def _number(text: str, written: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UserError(f"write {written}") from None
    if not math.isfinite(value):
        raise UserError(f"'{text}' is not a finite number; write {written}")
    return value
