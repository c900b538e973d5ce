"""What the head uncovers."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.plate import membrane, plate


def striped(size: int = 160) -> np.ndarray:
    """A grey wall with a vertical dark stripe and grain."""
    wall = np.random.default_rng(0).normal(150, 4, (size, size, 3))
    wall[:, 76:84] = 40
    return np.clip(wall, 0, 255).round().astype(np.uint8)


def test_a_line_goes_on_behind_the_head() -> None:
    wall = striped()
    hole = np.zeros(wall.shape[:2], bool)
    hole[60:, 40:120] = True
    photo = wall.copy()
    photo[hole] = (200, 60, 20)
    filled = plate(photo, hole, per_metre=520.0)
    np.testing.assert_array_equal(filled[~hole], photo[~hole])
    near = np.zeros_like(hole)
    near[60:75, 45:115] = True
    off = np.abs(filled[near].astype(int) - wall[near]).mean(axis=1)
    assert np.mean(off < 20) > 0.95  # the stripe is a ninth of it, the rest differs by grain


def test_nothing_of_the_head_stays_in_the_plate() -> None:
    photo = striped()
    hole = np.zeros(photo.shape[:2], bool)
    hole[50:, 30:130] = True
    photo[hole] = (255, 0, 0)
    filled = plate(photo, hole, per_metre=520.0).astype(int)
    assert (filled[..., 0] - filled[..., 1]).max() < 60


def test_without_a_hole_it_is_the_photo() -> None:
    photo = striped()
    np.testing.assert_array_equal(plate(photo, np.zeros(photo.shape[:2], bool), 520.0), photo)


def test_a_membrane_lies_between_its_borders() -> None:
    ramp = np.repeat(np.linspace(0, 200, 64, dtype=np.float32)[None, :, None], 64, axis=0).repeat(3, axis=2)
    empty = np.zeros((64, 64), bool)
    empty[16:48, 16:48] = True
    filled = membrane(np.where(empty[..., None], 0, ramp).astype(np.float32), empty)
    assert np.abs(filled - ramp)[empty].max() < 45
    assert filled[empty].min() > 30
    assert np.isfinite(membrane(ramp, np.ones((64, 64), bool))).all()
