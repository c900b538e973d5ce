"""Eyes stay with the listener, wander as much as measured ones, and never squint apart."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.gaze import DEFAULT, gaze_shifts
from sadtalker3d.rig.arkit import OPEN_64

STILL = np.zeros((15000, 3))  # ten minutes


def angles_deg(columns: np.ndarray, left: bool) -> np.ndarray:
    """(T, 2) yaw to the subject's left and pitch down of one eye."""
    side, out, inward = ("Left", "Out", "In") if left else ("Right", "In", "Out")
    column = {name: columns[:, OPEN_64.index(f"eyeLook{name}{side}")] for name in ("In", "Out", "Up", "Down")}
    yaw = column[out] - column[inward]
    return np.stack([yaw, column["Down"] - column["Up"]], axis=1) * DEFAULT.full_deg


def test_both_eyes_look_the_same_way_and_nothing_else_moves() -> None:
    columns = gaze_shifts(STILL, np.random.default_rng(0))
    np.testing.assert_allclose(angles_deg(columns, left=True), angles_deg(columns, left=False), atol=1e-5)
    assert not columns[:, [not name.startswith("eyeLook") for name in OPEN_64]].any()
    assert columns.min() >= 0 and columns.max() <= 1


def test_eyes_turn_against_the_head() -> None:
    turned = STILL[:500].copy()
    turned[:, 1] = np.radians(6)  # the nose to the subject's left
    turned[:, 0] = np.radians(-4)  # the chin up
    moved = angles_deg(gaze_shifts(turned, np.random.default_rng(1)), left=True)
    plain = angles_deg(gaze_shifts(STILL[:500], np.random.default_rng(1)), left=True)
    np.testing.assert_allclose(np.median(moved - plain, axis=0), [-4.5, 3.0], atol=0.1)


def test_gaze_deviates_about_as_much_as_measured() -> None:
    head = np.cumsum(np.random.default_rng(2).standard_normal((15000, 3)), axis=0)
    head = np.radians(2.5) * np.sin(head / 20)
    yaw, pitch = angles_deg(gaze_shifts(head, np.random.default_rng(3)), left=True).std(axis=0)
    assert 2.3 < yaw < 4.5
    assert 1.3 < pitch < 3.0


def test_the_same_seed_looks_the_same_way() -> None:
    first, again, other = (gaze_shifts(STILL[:300], np.random.default_rng(s)) for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_any_length(frames: int) -> None:
    assert gaze_shifts(np.zeros((frames, 3)), np.random.default_rng(0)).shape == (frames, 64)
