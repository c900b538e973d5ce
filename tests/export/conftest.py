"""A head small enough to export in a millisecond, and a track with everything in it."""

from __future__ import annotations

import numpy as np
import pytest

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
