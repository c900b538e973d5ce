"""Which columns of a track a word means: a region of the face, or one column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track


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
MOST_AMOUNT = 1e6


def columns_of(track: Track, key: str) -> list[int]:
    """Where the columns of a region or a name are; UserError with the nearest names for an unknown one."""
    if key in track.names:
        return [track.index(key)]
    if key == "face":
        return list(range(len(track.names)))
    if key in REGIONS:
        track.require_space("open", f"the region '{key}'")
        return [track.index(name) for name in REGIONS[key]]
    raise UserError(f"unknown part '{key}'; {_nearest(track, key)}")


def checked_amounts(amounts: Mapping[str, float]) -> list[tuple[str, float]]:
    """The pairs of name and amount; UserError for an amount that is not finite, or larger than any use."""
    for key, amount in amounts.items():
        if not (math.isfinite(amount) and abs(amount) <= MOST_AMOUNT):
            raise UserError(f"the amount for '{key}' is {amount}; give a finite number up to {MOST_AMOUNT:g}")
    return list(amounts.items())


def _nearest(track: Track, key: str) -> str:
    known = {name.lower(): name for name in (*track.names, *REGIONS, HEAD)}
    low = key.lower()
    # a name without its side, as in mouthSmile, is nearer than any spelling
    alike = [name for short, name in known.items() if len(low) > 3 and short.startswith(low)][:4]
    alike = alike or [known[low] for low in get_close_matches(low, known, n=3, cutoff=0.6)]
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    return f"use a column's name, {', '.join(REGIONS)} or {HEAD}"
