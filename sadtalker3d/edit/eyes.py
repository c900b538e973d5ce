"""Where the eyes look: at the camera, at targets one after the other, or wandering.

Directions are those of the head: yaw + to the subject's left, pitch + down, as in `Track.rotation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from sadtalker3d.motion.prosody import Prosody

Point = tuple[float, float, float]

# Measured on the embedded head: what a weight of 1 turns an eye (degrees), and where an eye's middle is (metres).
# A weight of a half turns it by half of that to .2 degrees.
OUT_DEG, IN_DEG, UP_DEG, DOWN_DEG = 14.2, 14.6, 9.6, 10.9
EYES_M = np.array([[0.0293, 0.0323, 0.1086], [-0.0293, 0.0323, 0.1086]])  # left, right
CAMERA_M: Point = (0.0, 0.0293, 0.939)
"""Where the preview's camera stands, in the space of the head at rest."""
SACCADE_S = (
    0.08  # two frames at 25 a second: 10 degrees take 50 ms, and what begins between frames shows in two
)


def toward(yaw_deg: float, pitch_deg: float, distance_m: float = 2.0) -> Point:
    """The point in that direction from between the eyes of the head at rest."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    x, y, z = EYES_M.mean(axis=0)
    return (
        float(x + distance_m * math.sin(yaw) * math.cos(pitch)),
        float(y - distance_m * math.sin(pitch)),
        float(z + distance_m * math.cos(yaw) * math.cos(pitch)),
    )


def gaze_at(
    track: Track, targets: Sequence[tuple[float, Point]] = ((0.0, CAMERA_M),), *, amount: float = 1.0
) -> Track:
    """Eyes that stay on a point whatever the head does, and jump from one target to the next.

    Parameters
    ----------
    targets : seconds from which on, and the point (x, y, z) looked at: metres, in the space of the head at rest.
        Before the first one the eyes look at it too. The camera unless given; `toward` makes points of angles.
    amount : 1 looks there, 0 leaves the gaze as it was

    Both eyes meet at the point. They reach 14 degrees to the sides and 10 up and down of where the face points;
    beyond that they look as far as they can, see `beyond_reach`.

    Raises
    ------
    UserError : another space than `open`, no target, times that do not increase, a number that is not finite
    """
    points = _checked_targets(targets)
    track.require_space("open", "a gaze")
    starts = np.array([time_s for time_s, _ in targets])
    current = np.clip(
        np.searchsorted(starts, np.arange(len(track)) / track.fps + 1e-6, side="right") - 1, 0, None
    )
    after, width = _angles_to(track, points[current]), max(round(SACCADE_S * track.fps), 1)
    for frame in np.flatnonzero(np.diff(current)) + 1:
        last = min(frame + width - 1, len(track))  # of the frames in which the eyes are on their way
        share = (np.arange(last - frame) + 1)[:, None, None] / width
        before = _angles_to(track, np.tile(points[current[frame - 1]], (last - frame, 1)), slice(frame, last))
        after[frame:last] = before + share * (after[frame:last] - before)
    if amount != 1.0:
        after = gaze_angles_deg(track) + amount * (after - gaze_angles_deg(track))
    return with_gaze(track, after)


def gaze_wander(track: Track, *, seed: int = 0, amount: float = 1.0, prosody: Prosody | None = None) -> Track:
    """Eyes as `animate` makes them: mostly with the listener, wandering a little, looking away now and then.

    amount : 1 as measured on people; 0 looks ahead. `prosody` : of the voice, at 25 frames a second
    """
    from sadtalker3d.motion.gaze import gaze_plan, look

    track.require_space("open", "a gaze")
    at_25 = max(math.ceil(track.duration_s * 25), 1) if prosody is None else len(prosody)
    offset = gaze_plan(at_25, np.random.default_rng(seed), prosody).offset_deg
    frames = np.minimum((np.arange(len(track)) / track.fps * 25).astype(np.int64), at_25 - 1)
    weights = np.clip(amount * look(offset[frames], track.rotation), 0, 1)
    expression = track.expression.copy()
    from sadtalker3d.rig.arkit import OPEN_64

    for name in _COLUMNS:
        expression[:, track.index(name)] = weights[:, OPEN_64.index(name)]
    return track.replace(expression=expression)


def beyond_reach(track: Track, point: Point = CAMERA_M) -> np.ndarray:
    """(T,) bool: frames in which the head is turned too far for the eyes to look at the point."""
    yaw, pitch = np.moveaxis(_angles_to(track, np.tile(point, (len(track), 1))), -1, 0)
    sideways = np.stack([_share(yaw[:, 0], OUT_DEG, IN_DEG), _share(-yaw[:, 1], OUT_DEG, IN_DEG)], axis=1)
    return (np.maximum(sideways, _share(pitch, DOWN_DEG, UP_DEG)) > 1).any(axis=1)


def gaze_angles_deg(track: Track) -> np.ndarray:
    """(T, 2, 2) degrees: left and right eye, yaw and pitch, relative to the head."""
    out_left, in_left, out_right, in_right, down_left, up_left, down_right, up_right = (
        track.column(name).astype(np.float64) for name in _COLUMNS
    )
    left = OUT_DEG * out_left - IN_DEG * in_left, DOWN_DEG * down_left - UP_DEG * up_left
    right = IN_DEG * in_right - OUT_DEG * out_right, DOWN_DEG * down_right - UP_DEG * up_right
    return np.stack([np.stack(left, axis=1), np.stack(right, axis=1)], axis=1)


def with_gaze(track: Track, angles_deg: np.ndarray) -> Track:
    """The track with eyes turned as (T, 2, 2) says, see `gaze_angles_deg`, as far as they reach."""
    yaw, pitch = angles_deg[..., 0], angles_deg[..., 1]
    values = (
        yaw[:, 0] / OUT_DEG, -yaw[:, 0] / IN_DEG, -yaw[:, 1] / OUT_DEG, yaw[:, 1] / IN_DEG,
        pitch[:, 0] / DOWN_DEG, -pitch[:, 0] / UP_DEG, pitch[:, 1] / DOWN_DEG, -pitch[:, 1] / UP_DEG,
    )  # fmt: skip
    expression = track.expression.copy()
    for name, value in zip(_COLUMNS, values, strict=True):
        expression[:, track.index(name)] = np.clip(value, 0, 1)
    return track.replace(expression=expression)


_COLUMNS = (
    "eyeLookOutLeft", "eyeLookInLeft", "eyeLookOutRight", "eyeLookInRight",
    "eyeLookDownLeft", "eyeLookUpLeft", "eyeLookDownRight", "eyeLookUpRight",
)  # fmt: skip


def _share(angle: np.ndarray, positive: float, negative: float) -> np.ndarray:
    return np.maximum(angle / positive, -angle / negative)


def _angles_to(track: Track, points: np.ndarray, frames: slice = slice(None)) -> np.ndarray:
    """(n, 2, 2) degrees that turn both eyes to (n, 3) points in the given frames."""
    turns = to_matrices(track.rotation[frames])
    seen = np.einsum("nji,nj->ni", turns, points - track.translation[frames])  # in the head's own axes
    way = seen[:, None] - EYES_M
    yaw = np.arctan2(way[..., 0], way[..., 2])
    pitch = -np.arctan2(way[..., 1], np.hypot(way[..., 0], way[..., 2]))
    return np.degrees(np.stack([yaw, pitch], axis=-1))


def _checked_targets(targets: Sequence[tuple[float, Point]]) -> np.ndarray:
    if not targets:
        raise UserError("a gaze needs at least one target")
    times = [time_s for time_s, _ in targets]
    points = np.array([point for _, point in targets], np.float64)
    if (
        points.ndim != 2
        or points.shape[1] != 3
        or not np.isfinite(points).all()
        or not np.isfinite(times).all()
    ):
        raise UserError(
            "a target of a gaze is a time in seconds and a point x, y, z in metres; give finite numbers"
        )
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise UserError("the times of a gaze must increase from target to target")
    return points
