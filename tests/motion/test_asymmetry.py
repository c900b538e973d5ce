"""The mouth is uneven by a little, slowly, and never where it rests."""

from __future__ import annotations

import numpy as np

from sadtalker3d.motion.asymmetry import DEFAULT, uneven
from sadtalker3d.rig.arkit import OPEN_64

LEFT = [c for c, name in enumerate(OPEN_64) if name.startswith("mouth") and name.endswith("Left")]


def speaking() -> np.ndarray:
    expression = np.full((500, 64), 0.5, np.float32)
    expression[:50] = 0
    return expression


def test_sides_differ_by_no_more_than_a_person_would_show() -> None:
    apart = []
    for seed in range(40):
        said = uneven(speaking(), np.random.default_rng(seed))
        assert not said[:50].any()
        stretch = OPEN_64.index("mouthStretchLeft"), OPEN_64.index("mouthStretchRight")
        left, right = said[50:, stretch[0]], said[50:, stretch[1]]
        np.testing.assert_allclose(left + right, 1.0, atol=1e-6)
        assert np.abs(left - right).max() <= DEFAULT.most + 1e-6
        assert np.abs(np.diff(left)).max() < 0.002
        apart.append(np.abs(left - right).mean())
    assert 0.02 < np.mean(apart) < 0.08


def test_all_else_is_left_alone() -> None:
    said = uneven(speaking(), np.random.default_rng(0))
    others = [c for c, name in enumerate(OPEN_64) if not name.startswith("mouth") or "Left" not in name]
    others = [c for c in others if not OPEN_64[c].endswith("Right")]
    assert np.array_equal(said[:, others], speaking()[:, others])
    assert np.array_equal(uneven(speaking(), np.random.default_rng(0), gain=0.0), speaking())
