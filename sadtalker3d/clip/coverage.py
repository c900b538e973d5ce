"""How far a track's frames can be believed: where the face was seen, bridged, or lost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sadtalker3d.clip.clock import Clock
from sadtalker3d.clip.timeline import TimelineConfig, lost_ranges

BRIDGED_SURE = 0.5  # of what it would be, were the face seen


@dataclass(frozen=True)
class Coverage:
    """`meta` for the track's `meta["fit"]`, and notes."""

    meta: dict[str, Any]
    notes: tuple[str, ...]


def coverage(sure: np.ndarray, times_s: np.ndarray, clock: Clock, frames_read: int) -> Coverage:
    """What to say of (T,) certainties 0..1 of a track, whose face was seen at (K,) times of `frames_read`."""
    sure = sure.copy()
    bridged_s = TimelineConfig().bridged_s
    for first, last in lost_ranges(times_s, clock.at_s, 1.5 * clock.step_s):
        gap = (clock.at_s >= first - 1e-6) & (clock.at_s <= last + 1e-6)
        sure[gap] *= BRIDGED_SURE if last - first + 2 * clock.step_s <= bridged_s else 0.0
    lost = _lost(sure, clock.at_s - clock.at_s[0], clock.fps)
    missing = frames_read - len(times_s)
    notes = []
    if missing:
        notes.append(
            f"no face in {missing} of {frames_read} frames{_listed(lost)}; short losses are bridged, others held"
        )
    meta = {
        "frames_seen": len(times_s),
        "frames_read": frames_read,
        "lost_s": [[round(float(v), 3) for v in span] for span in lost],
        "confidence": _in_steps(sure, clock.fps),
    }
    return Coverage(meta, tuple(notes))


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


def _listed(spans: list[tuple[float, float]]) -> str:
    shown = ", ".join(f"{a:.2f} to {b:.2f}" for a, b in spans[:4])
    return f" ({shown} s{' and more' if len(spans) > 4 else ''})" if spans else ""
