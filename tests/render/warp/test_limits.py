"""Head motion that one photo can show."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.limits import LimitConfig, limited, softly, within_picture

FRONT = np.zeros(3)


def test_small_motion_is_untouched() -> None:
    rotation, shift = np.radians([[3.0, -6.0, 5.0]]), np.array([[0.003, -0.004, 0.01]])
    turned, moved, note = limited(rotation, shift, FRONT)
    np.testing.assert_array_equal(turned, rotation)
    np.testing.assert_array_equal(moved, shift)
    assert note is None


def test_large_motion_stays_below_the_limits_and_keeps_its_order() -> None:
    config = LimitConfig()
    yaw = np.radians(np.linspace(-60, 60, 121))
    rotation = np.stack([yaw, yaw, yaw], axis=1)
    turned, _, note = limited(rotation, np.zeros_like(rotation), FRONT)
    limits = np.array([config.pitch_rad, config.yaw_rad, config.roll_rad])
    assert np.all(np.abs(turned) <= limits + 1e-12)
    assert np.all(np.diff(turned, axis=0) > -1e-12)
    assert note is not None and "60 degrees" in note


def test_a_turned_photo_turns_less_further_away() -> None:
    own = np.radians([0.0, 25.0, 0.0])
    (away, back), _, _ = limited(np.radians([[0, 40.0, 0], [0, -40.0, 0]]), np.zeros((2, 3)), own)
    assert abs(away[1]) < np.radians(5.1)
    assert abs(back[1]) > abs(away[1])


def test_softly_has_no_kink() -> None:
    x = np.linspace(0, 3, 3001)
    slope = np.diff(softly(x, np.array(1.0), 0.6)) / np.diff(x)
    assert np.abs(np.diff(slope)).max() < 0.01


def test_a_head_at_the_border_moves_less() -> None:
    config = LimitConfig()
    assert within_picture(config, 0.05) == config
    near, nearer = within_picture(config, 0.02), within_picture(config, -0.01)
    assert nearer.yaw_rad < near.yaw_rad < config.yaw_rad
    assert nearer.yaw_rad > 0
