"""The even frames of a track, on the clock of the frames that were read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sadtalker3d.clip.timeline import even_times, own_rate

ODD_FPS = 25.0  # where frames come at odd times


@dataclass(frozen=True)
class Clock:
    """When a track's frames are shown.

    at_s : (T,) times of its frames, on the clock of the frames that were read
    cuts_s : (n,) times of the frames with which a new shot begins; `shots` : the frames of each shot
    step_s : from one read frame to the next, as is usual for the clip
    notes : what the user should know
    """

    at_s: np.ndarray
    cuts_s: np.ndarray
    shots: list[slice]
    fps: float
    step_s: float
    notes: tuple[str, ...]


def clock_of(frames_s: np.ndarray, cut: np.ndarray, fps: float | None, sound_s: float | None) -> Clock:
    """The clock for (K,) times of frames, (K,) bool where shots begin.

    fps : frames a second; the clip's own unless given, 25 where its frames come at odd times
    sound_s : when the sound begins, which is then the track's time 0; None where there is none
    """
    notes: list[str] = []
    rate = own_rate(frames_s)
    if fps is None:
        fps = rate or ODD_FPS
        if rate is None and len(frames_s) > 2:
            notes.append(f"its frames come at odd times; the track has {fps:g} frames a second")
    start_s = track_begins_s(float(frames_s[0]), sound_s, fps)
    if start_s != frames_s[0]:
        notes.append(
            f"the pictures begin {frames_s[0] - start_s:+.2f} s from the sound; the track begins with the sound"
        )
    at_s = even_times(start_s, max(float(frames_s[-1]), start_s), fps)
    cuts_s = frames_s[cut]
    cuts_s = cuts_s[(cuts_s > at_s[0]) & (cuts_s <= at_s[-1])]
    if len(cuts_s):
        notes.append(
            f"cuts at {_seconds(cuts_s - at_s[0])}; behind each the face is chosen anew, and taken for the same person"
        )
    edges = np.unique([0, *np.searchsorted(at_s, cuts_s - 1e-6), len(at_s)])
    shots = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    return Clock(at_s, cuts_s, shots, fps, 1 / (rate or ODD_FPS), tuple(notes))


def _seconds(times_s: np.ndarray) -> str:
    shown = ", ".join(f"{t:.2f}" for t in times_s[:6])
    return f"{shown} s" + (f" and {len(times_s) - 6} more" if len(times_s) > 6 else "")


def track_begins_s(first_s: float, sound_s: float | None, fps: float) -> float:
    """Time 0 of a track on its film's clock: where the sound begins; the first frame where there is none, or then."""
    if sound_s is None or abs(sound_s - first_s) <= 0.5 / fps:
        return first_s
    return sound_s
