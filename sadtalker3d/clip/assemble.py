"""The points of a known person, frame by frame -> a `Track` on even frames."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.clip.gaze import from_ahead, gaze, look_weights
from sadtalker3d.clip.lids import blinks, openings_m
from sadtalker3d.clip.person import Person, frames_of
from sadtalker3d.clip.steady import EXPRESSION_S, POSE_S, steady
from sadtalker3d.clip.timeline import TimelineConfig, even_times, laid_on, lost_ranges, own_rate
from sadtalker3d.face.fit_problem import FREE
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

BLOCK = 64  # frames solved at once, of 0.3 MB each
ODD_FPS = 25.0  # where frames come at odd times
SURE, NO_DOUBT_MM, HOPELESS_MM = (
    20.0,
    1.0,
    4.0,
)  # evidence of a clear face; misfits that are usual and useless


@dataclass(frozen=True)
class Assembled:
    """The track without its `meta`, what belongs there, and notes; yaw_rad (K,) of the frames with a face."""

    track: Track
    meta: dict[str, Any]
    notes: tuple[str, ...]
    yaw_rad: np.ndarray
    size_px: float


def assembled(
    rows: np.ndarray, person: Person, model: FaceModel, fps: float | None, sound_s: float | None
) -> Assembled:
    """Rows of `spool.ROW`; the sound begins at `sound_s` on the clock of the rows, None where there is none."""
    notes: list[str] = []
    frames_s = np.array(rows["time_s"])
    seen = np.flatnonzero(rows["seen"])
    times_s = frames_s[seen]
    rate = own_rate(frames_s)
    if fps is None:
        fps = rate or ODD_FPS
        if rate is None and len(frames_s) > 2:
            notes.append(f"its frames come at odd times; the track has {fps:g} frames a second")
    start_s = float(frames_s[0])
    if sound_s is not None and abs(sound_s - start_s) > 0.5 / fps:
        notes.append(
            f"the pictures begin {start_s - sound_s:+.2f} s from the sound; the track begins with the sound"
        )
        start_s = sound_s
    at_s = even_times(start_s, max(float(frames_s[-1]), start_s), fps)
    cuts_s = frames_s[rows["cut"]]
    cuts_s = cuts_s[(cuts_s > at_s[0]) & (cuts_s <= at_s[-1])]

    poses, weights, misfit_mm, eyes, size_px = _solved(rows, seen, person, model)
    yaw_rad, shots = poses[:, 1], _shots(at_s, cuts_s)
    evidence = np.clip(np.array(rows["evidence"][seen]) / SURE, 0, 1)
    sure = evidence * np.clip((HOPELESS_MM - misfit_mm) / (HOPELESS_MM - NO_DOUBT_MM), 0, 1)
    values = laid_on(times_s, np.concatenate([poses, weights, eyes, sure[:, None]], axis=1), at_s, cuts_s)
    poses, weights, eyes, sure = values[:, :6], values[:, 6:-5], values[:, -5:-1], values[:, -1]
    poses = steady(poses, fps, POSE_S, shots)
    weights = steady(weights, fps, EXPRESSION_S, shots)
    looks = steady(eyes[:, 2:], fps, EXPRESSION_S, shots)

    expression = np.zeros((len(at_s), len(OPEN_64)), np.float32)
    expression[:, list(FREE)] = np.clip(weights, 0, 1)
    for side, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        expression[:, OPEN_64.index(name)] = np.clip(eyes[:, side], 0, 1)
    for name, column in look_weights(looks, model).items():
        expression[:, OPEN_64.index(name)] = column
    rests = [np.median(poses[shot, 3:], axis=0) for shot in shots]
    translation = poses[:, 3:].copy()
    for shot, rest in zip(shots, rests, strict=True):
        translation[shot] -= rest

    step_s = 1 / (rate or ODD_FPS)
    bridged = TimelineConfig().bridged_s
    for first, last in lost_ranges(times_s, at_s, 1.5 * step_s):
        gap = (at_s >= first - 1e-6) & (at_s <= last + 1e-6)
        sure[gap] *= 0.5 if last - first + 2 * step_s <= bridged else 0.0
    lost = _lost(sure, at_s - at_s[0], fps)
    missing = len(rows) - len(seen)
    if missing:
        notes.append(
            f"no face in {missing} of {len(rows)} frames{_listed(lost)}; short losses are bridged, others held"
        )
    if len(cuts_s):
        notes.append(
            f"cuts at {_seconds(cuts_s - at_s[0])}; behind each the face is chosen anew, and taken for the same person"
        )
    meta = {
        "misfit_mm": round(float(misfit_mm.mean()), 3),
        "frames_seen": len(seen),
        "frames_read": len(rows),
        "shots": [
            {
                "from_s": round(float(at_s[shot.start] - at_s[0]), 3),
                "rest_m": [round(float(v), 5) for v in rest],
            }
            for shot, rest in zip(shots, rests, strict=True)
        ],
        "lost_s": [[round(float(v), 3) for v in span] for span in lost],
        "confidence": _in_steps(sure, fps),
    }
    track = Track(expression, poses[:, :3], translation, fps=fps)
    return Assembled(track, meta, tuple(notes), yaw_rad, size_px)


def _solved(
    rows: np.ndarray, seen: np.ndarray, person: Person, model: FaceModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Poses (K, 6), weights (K, n), misfits (K,), blinks and pupils' movements (K, 4), the face's size in pixels."""
    poses, weights, misfit, openings, heights = [], [], [], [], []
    for first in range(0, len(seen), BLOCK):
        points = np.asarray(rows["points"][seen[first : first + BLOCK]], np.float64)
        pose, weight, off = frames_of(points, person)
        poses.append(pose)
        weights.append(weight)
        misfit.append(off)
        openings.append(openings_m(points[..., :2], person.focal_px / -pose[:, 5]))
        heights.append(np.ptp(points[..., 1], axis=1))
    pose, closed = np.concatenate(poses), blinks(np.concatenate(openings))
    moves = []
    for first in range(0, len(seen), BLOCK):
        block = slice(first, first + BLOCK)
        chosen = seen[block]
        points = np.asarray(rows["points"][chosen], np.float64)
        iris = np.asarray(rows["iris"][chosen], np.float64)
        moves.append(gaze(iris, points[..., :2], pose[block], closed[block], person, model))
    looks = np.concatenate(moves)
    known = np.isfinite(looks[:, 0])
    if known.any():  # behind shut lids the eyes go from where they were to where they are next seen
        places = np.arange(len(looks))
        looks = np.stack([np.interp(places, places[known], looks[known, k]) for k in range(2)], axis=1)
        looks = from_ahead(looks)
    else:
        looks = np.zeros_like(looks)
    return (
        pose, np.concatenate(weights), np.concatenate(misfit), np.concatenate([closed, looks], axis=1),
        float(np.median(np.concatenate(heights))),
    )  # fmt: skip


def _shots(at_s: np.ndarray, cuts_s: np.ndarray) -> list[slice]:
    edges = np.unique([0, *np.searchsorted(at_s, cuts_s - 1e-6), len(at_s)])
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def _lost(sure: np.ndarray, at_s: np.ndarray, fps: float) -> list[tuple[float, float]]:
    """Where the confidence is 0, from and to in seconds."""
    none = np.concatenate([[False], sure <= 0, [False]]).astype(int)
    edges = np.flatnonzero(np.diff(none))
    return [
        (float(at_s[a]), float(at_s[b - 1] + 1 / fps)) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def _in_steps(sure: np.ndarray, fps: float) -> list[list[float]]:
    """[from_s, to_s, confidence] wherever it changes by a tenth; few numbers for a long clip."""
    tenths = np.round(10 * sure).astype(int)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(tenths)) + 1, [len(tenths)]])
    return [[round(a / fps, 3), round(b / fps, 3), tenths[a] / 10] for a, b in pairwise(edges)]


def _seconds(times_s: np.ndarray) -> str:
    shown = ", ".join(f"{t:.2f}" for t in times_s[:6])
    return f"{shown} s" + (f" and {len(times_s) - 6} more" if len(times_s) > 6 else "")


def _listed(spans: list[tuple[float, float]]) -> str:
    shown = ", ".join(f"{a:.2f} to {b:.2f}" for a, b in spans[:4])
    return f" ({shown} s{' and more' if len(spans) > 4 else ''})" if spans else ""
