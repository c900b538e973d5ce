"""A head small enough to export in a millisecond, and a track with everything in it."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.rig import OPEN_64
from sadtalker3d.track import Track
from tests.export.tiny_face import TinyFace


@pytest.fixture
def face() -> TinyFace:
    return TinyFace()


@pytest.fixture
def full_take() -> Track:
    """Three seconds; every field differs from its default."""
    rng = np.random.default_rng(11)
    return Track(
        rng.uniform(-0.1, 1.3, (75, 64)),
        rng.normal(0, 0.3, (75, 3)),
        rng.normal(0, 0.01, (75, 3)),
        fps=25,
        audio="sounds/mój głos.wav",
        meta={"generator": "expnet", "seed": 7, "style": 3, "weights": {"expnet": "ab12"}, "list": [1, 2.5]},
    )


@pytest.fixture
def speaking() -> Track:
    """Two seconds of smooth mouth movement: open vowels, closed lips and rounding by turns, and a blink."""
    clock = np.arange(50) / 25
    expression = np.zeros((50, 64))
    for name, turns_hz, phase, strength in (
        ("jawOpen", 2.0, 0.0, 0.4), ("mouthLowerDownLeft", 2.0, 0.2, 0.2), ("mouthLowerDownRight", 2.0, 0.3, 0.2),
        ("mouthPucker", 1.1, 1.0, 0.5), ("mouthSpread", 1.3, 2.0, 0.4), ("mouthSeal", 2.0, np.pi, 0.5),
        ("mouthLowerUnderTeeth", 0.7, 0.5, 0.4), ("tongueTipUp", 1.7, 1.5, 0.6), ("browInnerUp", 0.6, 0.0, 0.3),
    ):  # fmt: skip
        expression[:, OPEN_64.index(name)] = strength * np.maximum(
            np.sin(2 * np.pi * turns_hz * clock + phase), 0
        )
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        expression[20:25, OPEN_64.index(name)] = [0.4, 0.9, 1.0, 0.7, 0.3]
    angles = 0.1 * np.stack([np.sin(clock), np.cos(2 * clock), np.sin(3 * clock)], axis=1)
    return Track(expression, angles, 0.01 * angles)
