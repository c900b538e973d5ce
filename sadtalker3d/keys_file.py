"""Curves with few keys on disk, as JSON for programs in which they are edited by hand.

    {"schema": "sadtalker3d.keys/1", "fps": 25.0, "space": "open", "frames": 151, "audio": "speech.wav",
     "max_error_mm": 0.1, "interpolation": "cubic",
     "curves": {"jawOpen": {"frames": [0, 4, 9], "values": [0.0, 0.31, 0.0],
                            "slopes_in": [0.0, 0.02, -0.01], "slopes_out": [0.05, 0.02, 0.0]}, ...}}

One curve for each of the 64 columns, then pitch, yaw, roll (radians) and x, y, z (metres), as in `Track`. Slopes
are the value's change per frame. Between two keys n frames apart the curve is the Bezier curve with the handles
(frame + n/3, value + slope_out n/3) and (frame - n/3, value - slope_in n/3), which is what Blender calls free handles.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.keys import POSE, Curve
from sadtalker3d.track import COLUMNS, MAX_FRAMES, Track

SCHEMA = "sadtalker3d.keys/1"
_PARTS = ("frames", "values", "slopes_in", "slopes_out")


@dataclass(frozen=True, eq=False)
class KeyedTake:
    """The curves of a take: 64 columns, then `POSE`; `frames` is its length."""

    curves: tuple[Curve, ...]
    fps: float
    frames: int
    space: str = "open"
    audio: str | None = None
    max_error_mm: float | None = None

    def track(self) -> Track:
        """The track that the curves give, a value in every frame."""
        values = np.stack([curve.at(np.arange(self.frames)) for curve in self.curves], axis=1)
        names = tuple(curve.name for curve in self.curves[:COLUMNS])
        parts = values[:, :COLUMNS], values[:, COLUMNS : COLUMNS + 3], values[:, COLUMNS + 3 :]
        return Track(*parts, fps=self.fps, space=self.space, names=names, audio=self.audio)


def write_keys(take: KeyedTake, path: str | Path) -> Path:
    """Write curves as JSON; values to seven digits. Raises UserError when the file cannot be written."""
    curves = {}
    for curve in take.curves:
        slopes = np.zeros((len(curve.frames), 2)) if curve.slopes is None else curve.slopes
        curves[curve.name] = {
            "frames": curve.frames.tolist(),
            **{
                name: [float(f"{value:.7g}") for value in column]
                for name, column in zip(_PARTS[1:], (curve.values, slopes[:, 0], slopes[:, 1]), strict=True)
            },
        }
    straight = all(curve.slopes is None for curve in take.curves)
    data = {
        "schema": SCHEMA, "fps": take.fps, "space": take.space, "frames": take.frames, "audio": take.audio,
        "max_error_mm": take.max_error_mm, "interpolation": "linear" if straight else "cubic",
    }  # fmt: skip
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(data)[:-1] + ',\n"curves": {\n')
        file.write(",\n".join(f"{json.dumps(name)}: {json.dumps(curve)}" for name, curve in curves.items()))
        file.write("}}\n")
    return Path(path)


def read_keys(path: str | Path) -> KeyedTake:
    """Read what `write_keys` wrote; UserError names the file and what is wrong with it."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({error.strerror}); check the name") from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); write it again with `edit --keys`"
        ) from None
    try:
        return _checked(data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _checked(data: Any) -> KeyedTake:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UserError(f'no file of keys; one says "schema": "{SCHEMA}"')
    frames, fps, curves, audio = (data.get(name) for name in ("frames", "fps", "curves", "audio"))
    if isinstance(frames, bool) or not isinstance(frames, int) or not 1 <= frames <= MAX_FRAMES:
        raise UserError("field 'frames' must be the take's length in frames")
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not fps > 0:
        raise UserError("field 'fps' must be a number above 0")
    if not isinstance(curves, dict) or tuple(curves)[COLUMNS:] != POSE:
        raise UserError(f"field 'curves' must hold {COLUMNS} columns and then {', '.join(POSE)}")
    straight = data.get("interpolation") == "linear"
    made = tuple(_curve(name, curve, frames, straight) for name, curve in curves.items())
    limit = data.get("max_error_mm")
    return KeyedTake(made, float(fps), frames, str(data.get("space")), audio, limit)


def _curve(name: str, curve: Any, length: int, straight: bool) -> Curve:
    try:
        frames, *rest = (np.asarray(curve[part], np.float64) for part in _PARTS)
    except (TypeError, ValueError, KeyError):
        raise UserError(f"curve '{name}' must hold {', '.join(_PARTS)}, lists of numbers") from None
    if any(
        part.ndim != 1 or part.shape != frames.shape or not np.isfinite(part).all()
        for part in (frames, *rest)
    ):
        raise UserError(f"curve '{name}' must hold lists of finite numbers, all of one length")
    whole = (
        frames.astype(np.int64)
        if len(frames) and np.abs(frames).max() <= MAX_FRAMES
        else np.zeros(0, np.int64)
    )
    if (
        not len(whole)
        or (whole != frames).any()
        or (np.diff(whole) <= 0).any()
        or whole[0] < 0
        or whole[-1] >= length
    ):
        raise UserError(
            f"curve '{name}' must have keys at whole frames that increase, from 0 to {length - 1}"
        )
    return Curve(name, whole, rest[0], None if straight else np.stack(rest[1:], axis=1))
