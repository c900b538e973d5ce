"""Dubbing on tracks: seconds for a minute, with each way to fit lengths. JSON."""

from __future__ import annotations

import json
import time

import numpy as np

from sadtalker3d.dub import FITS, dub
from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track


def talking(seconds: int, seed: int) -> Track:
    """A face that moves in every column."""
    draw = np.random.default_rng(seed)
    frames = 25 * seconds
    steps = draw.normal(0, 0.1, (frames, len(OPEN_64))).cumsum(axis=0)
    return Track(0.5 + 0.5 * np.sin(steps), draw.normal(0, 0.05, (frames, 3)), np.zeros((frames, 3)))


def main() -> dict[str, float]:
    """Best of five, seconds."""
    performance, speech = talking(60, 0), talking(60, 1)
    result = {}
    for fit in FITS:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            dub(performance, speech, fit=fit)  # type: ignore[arg-type]
            times.append(time.perf_counter() - start)
        result[f"{fit}_s"] = round(min(times), 4)
    return result


if __name__ == "__main__":
    print(json.dumps(main()))
