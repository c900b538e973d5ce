"""The points of a known person, frame by frame -> a `Track` on even frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.clip.clock import clock_of
from sadtalker3d.clip.coverage import coverage
from sadtalker3d.clip.gaze import from_ahead, gaze, look_weights
from sadtalker3d.clip.lids import blinks, openings_m
from sadtalker3d.clip.person import Person
from sadtalker3d.clip.solved import Solved, blocks
from sadtalker3d.clip.steady import EXPRESSION_S, POSE_S, steady
from sadtalker3d.clip.timeline import laid_on
from sadtalker3d.face.fit_problem import FREE
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from bfm.model import FaceModel

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
    rows: np.ndarray,
    person: Person,
    solved: Solved,
    model: FaceModel,
    fps: float | None,
    sound_s: float | None,
) -> Assembled:
    """Rows of `spool.ROW`; the sound begins at `sound_s` on the clock of the rows, None where there is none."""
    frames_s = np.array(rows["time_s"])
    seen = solved.frames
    times_s = frames_s[seen]
    clock = clock_of(frames_s, np.array(rows["cut"]), fps, sound_s)
    at_s, shots, fps = clock.at_s, clock.shots, clock.fps

    poses, weights, misfit_mm = solved.poses, solved.weights, solved.misfit_mm
    eyes, size_px = _seen(rows, solved, person, model)
    yaw_rad = poses[:, 1]
    evidence = np.clip(np.array(rows["evidence"][seen]) / SURE, 0, 1)
    sure = evidence * np.clip((HOPELESS_MM - misfit_mm) / (HOPELESS_MM - NO_DOUBT_MM), 0, 1)
    values = laid_on(
        times_s, np.concatenate([poses, weights, eyes, sure[:, None]], axis=1), at_s, clock.cuts_s
    )
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

    covered = coverage(sure, times_s, clock, len(rows))
    meta = {
        "misfit_mm": round(float(misfit_mm.mean()), 3),
        "shots": [
            {
                "from_s": round(float(at_s[shot.start] - at_s[0]), 3),
                "rest_m": [round(float(v), 5) for v in rest],
            }
            for shot, rest in zip(shots, rests, strict=True)
        ],
        **covered.meta,
    }
    track = Track(expression, poses[:, :3], translation, fps=fps)
    return Assembled(track, meta, (*clock.notes, *covered.notes), yaw_rad, size_px)


def _seen(rows: np.ndarray, solved: Solved, person: Person, model: FaceModel) -> tuple[np.ndarray, float]:
    """Blinks and pupils' movements (K, 4), and the face's size in pixels."""
    openings, heights = [], []
    for block, pose in zip(blocks(solved.frames), blocks(solved.poses), strict=True):
        points = np.asarray(rows["points"][block], np.float64)
        openings.append(openings_m(points[..., :2], person.focal_px / -pose[:, 5]))
        heights.append(np.ptp(points[..., 1], axis=1))
    closed = blinks(np.concatenate(openings))
    moves = []
    for block, pose, shut in zip(blocks(solved.frames), blocks(solved.poses), blocks(closed), strict=True):
        points = np.asarray(rows["points"][block], np.float64)
        iris = np.asarray(rows["iris"][block], np.float64)
        moves.append(gaze(iris, points[..., :2], pose, shut, person, model))
    looks = np.concatenate(moves)
    known = np.isfinite(looks[:, 0])
    if known.any():  # behind shut lids the eyes go from where they were to where they are next seen
        places = np.arange(len(looks))
        looks = np.stack([np.interp(places, places[known], looks[known, k]) for k in range(2)], axis=1)
        looks = from_ahead(looks)
    else:
        looks = np.zeros_like(looks)
    return np.concatenate([closed, looks], axis=1), float(np.median(np.concatenate(heights)))
