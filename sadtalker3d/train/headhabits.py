"""The habits of measured heads: clips grouped by which way they turn, how steadily and how quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.motion.styles import HABITS
from sadtalker3d.train.headmotion import FPS, HeadClip

LEAST_FRAMES = 75  # in less, a clip shows no habit
PIECE = 75  # frames: 3 s, within which the deviation is taken
# Next to the log shares of the axes, whose standard deviations are 0.3 to 0.5, these count half.
STEADINESS_WEIGHT = 0.5
TEMPO_WEIGHT = 0.5


@dataclass(frozen=True)
class Habit:
    """One group of clips.

    name : one of HABITS; clips : their indices
    shares : of pitch, yaw and roll in the power of the angular velocity, sum 1
    steadiness : median over mean angular speed; low for a head that moves in bursts
    tempo_hz : velocity over deviation / 2 pi, the frequency of a swing of that speed and size
    pace : (6,) velocity of each column, root mean square, over the mean angular speed
    """

    name: str
    clips: tuple[int, ...]
    shares: tuple[float, float, float]
    steadiness: float
    tempo_hz: float
    pace: tuple[float, ...]


def centred_log(shares: np.ndarray) -> np.ndarray:
    """Log of shares (..., 3) about their mean over the axes."""
    logs = np.log(np.asarray(shares) + 1e-6)
    return logs - logs.mean(axis=-1, keepdims=True)


def find_habits(clips: list[HeadClip]) -> list[Habit]:
    """Group the clips of 3 s and more by Ward's method; as many groups as HABITS has names, in its order.

    With fewer such clips than names, every clip that there is stands for all of them.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    usable = [k for k, clip in enumerate(clips) if len(clip.pose) >= LEAST_FRAMES] or list(range(len(clips)))
    manners = np.array([manner(clips[k].pose) for k in usable])  # (N, 5)
    groups = [usable]
    if len(usable) > len(HABITS):
        rest = manners[:, 3:]
        rest = (rest - rest.mean(axis=0)) / (rest.std(axis=0) + 1e-9) * [STEADINESS_WEIGHT, TEMPO_WEIGHT]
        points = np.concatenate([centred_log(manners[:, :3]), rest], axis=1)
        labels = fcluster(linkage(points, "ward"), len(HABITS), "maxclust")
        groups = [
            [k for k, own in zip(usable, labels, strict=True) if own == one] for one in np.unique(labels)
        ]
    means = [np.mean([manner(clips[k].pose) for k in group], axis=0) for group in groups]
    chosen = _named(np.array(means)) if len(groups) == len(HABITS) else dict.fromkeys(HABITS, 0)
    return [_habit(name, clips, groups[chosen[name]], means[chosen[name]]) for name in HABITS]


def manner(pose: np.ndarray) -> np.ndarray:
    """(5,): shares of pitch, yaw, roll in the velocity power, steadiness, log of the tempo in hertz."""
    power = np.square(velocity_of([pose])[:3]) + 1e-12
    speed = pace(pose)
    steadiness = np.median(speed) / (speed.mean() + 1e-9)
    return np.array([*(power / power.sum()), steadiness, np.log(tempo_of([pose]))])


def pace(pose: np.ndarray) -> np.ndarray:
    """Angular speed from frame to frame, radians a second, (T - 1,)."""
    return np.linalg.norm(np.diff(pose[:, :3], axis=0), axis=1) * FPS


def velocity_of(poses: Sequence[np.ndarray]) -> np.ndarray:
    """Root mean square of the velocity of each column, (6,), a second."""
    return np.sqrt(np.concatenate([np.square(np.diff(pose, axis=0) * FPS) for pose in poses]).mean(axis=0))


def spread_of(poses: Sequence[np.ndarray]) -> np.ndarray:
    """Root mean square of the deviation of each column within 3 s, (6,)."""
    pieces = [piece for pose in poses for piece in np.array_split(pose, max(1, len(pose) // PIECE))]
    return np.sqrt(np.mean([piece.var(axis=0) for piece in pieces], axis=0))


def tempo_of(poses: Sequence[np.ndarray]) -> float:
    """Frequency in hertz of a swing as fast and as large as the rotation is."""
    velocity, spread = (np.linalg.norm(f(poses)[:3]) + 1e-9 for f in (velocity_of, spread_of))
    return float(velocity / spread / (2 * np.pi))


def _named(means: np.ndarray) -> dict[str, int]:
    """Which group (row of manners) gets which name, by what the names say."""
    left = list(range(len(means)))

    def take(score: np.ndarray) -> int:
        best = max(left, key=lambda k: score[k])
        left.remove(best)
        return best

    pitch, yaw, roll, steadiness = means[:, :4].T
    named = {"swayer": take(roll)}
    turners = sorted((take(yaw), take(yaw)), key=lambda k: steadiness[k])
    named |= dict(zip(("darter", "turner"), turners, strict=True))
    return named | {"nodder": take(pitch), "bobber": left[0]}


def _habit(name: str, clips: list[HeadClip], group: list[int], mean: np.ndarray) -> Habit:
    pitch, yaw, roll = (float(share) for share in mean[:3])
    poses = [clips[k].pose for k in group]
    paces = np.exp(np.mean([np.log(velocity_of([p]) / pace(p).mean() + 1e-9) for p in poses], axis=0))
    return Habit(
        name,
        tuple(group),
        (pitch, yaw, roll),
        float(mean[3]),
        float(np.exp(mean[4])),
        tuple(float(v) for v in paces),
    )
