"""Performances and speeches with known parts."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track

FPS = 25.0


def babble(seconds: float, seed: int, pauses: tuple[tuple[float, float], ...] = ()) -> Track:
    """Syllables at 4 to 6 a second on jaw and lips, closed in pauses; the rest of the face still."""
    draw = np.random.default_rng(seed)
    time = np.arange(round(seconds * FPS)) / FPS
    open_ = np.clip(np.sin(2 * np.pi * 4.7 * time + draw.uniform(0, 6)), 0, 1) * draw.uniform(
        0.7, 1, len(time)
    )
    for start, end in pauses:
        open_[(time >= start) & (time < end)] = 0
    expression = np.zeros((len(time), 64))
    expression[:, OPEN_64.index("jawOpen")] = 0.4 * open_
    expression[:, OPEN_64.index("mouthStretchLeft")] = 0.3 * np.roll(open_, 1)
    expression[:, OPEN_64.index("mouthStretchRight")] = 0.3 * np.roll(open_, 1)
    return Track(expression, np.zeros((len(time), 3)), np.zeros((len(time), 3)), fps=FPS)


@pytest.fixture
def performance() -> Track:
    """Eight seconds of somebody who smiles from 2 to 6 s, blinks, looks around and nods."""
    track = babble(8, 1, pauses=((3.0, 3.6),))
    time = np.arange(len(track)) / FPS
    expression = track.expression.copy()
    smile = 0.5 * np.clip(np.minimum(time - 2, 6 - time) / 0.5, 0, 1)
    for side in ("Left", "Right"):
        expression[:, OPEN_64.index("mouthSmile" + side)] = smile
        expression[:, OPEN_64.index("eyeBlink" + side)] = np.exp(-(((time % 2.5) - 1) ** 2) / 0.005)
        expression[:, OPEN_64.index("browOuterUp" + side)] = 0.3 + 0.2 * np.sin(time)
    expression[:, OPEN_64.index("eyeLookOutLeft")] = 0.2
    rotation = np.stack([0.1 * np.sin(7 * time), 0.2 * np.sin(time), 0 * time], axis=1)
    return track.replace(expression=expression, rotation=rotation, audio="old.wav")


@pytest.fixture
def speech() -> Track:
    return babble(8, 2, pauses=((4.5, 5.5),))
