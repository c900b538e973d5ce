"""The photo taken apart and put together again."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.layers import Layers, lay_cloth, lay_over, split
from sadtalker3d.render.warp.person import Person

RNG = np.random.default_rng(1)
SIZE = (40, 50)


def test_layers_laid_over_each_other_are_the_photo_exactly() -> None:
    photo, wall = (RNG.integers(0, 256, (*SIZE, 3)).astype(np.uint8) for _ in range(2))
    alpha = RNG.uniform(0, 1, SIZE).astype(np.float32)
    alpha[:10], alpha[10:20] = 0, 1
    cut, behind = split(photo, wall, alpha)
    frame = np.zeros_like(photo)
    lay_over(cut, behind, frame)
    np.testing.assert_array_equal(frame, photo)
    np.testing.assert_array_equal(behind[:10], photo[:10])


def test_a_moved_layer_shows_the_plate_where_it_was() -> None:
    photo = np.full((*SIZE, 3), 100, np.uint8)
    photo[:, 20:30] = (200, 20, 20)
    alpha = np.zeros(SIZE, np.float32)
    alpha[:, 20:30] = 1
    cut, behind = split(photo, np.full_like(photo, 100), alpha)
    frame = np.zeros_like(photo)
    lay_over(np.roll(cut, 15, axis=1), behind, frame)
    np.testing.assert_array_equal(frame, np.roll(photo, 15, axis=1))


def test_without_a_person_the_wall_moves_too() -> None:
    photo = RNG.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    layers = Layers.of(photo, None, None, np.ones(SIZE, np.float32), 500.0)
    assert layers.cut[1:, 1:, 3].min() == 255
    assert layers.cloth is None


def test_what_does_not_move_is_not_cut_out() -> None:
    photo = RNG.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    one, zero = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)
    share = np.where(np.arange(SIZE[0])[:, None] < 20, one, zero)
    layers = Layers.of(photo, Person(one, zero, zero), None, share, 500.0)
    assert layers.cut[25:, :, 3].max() == 0
    np.testing.assert_array_equal(layers.plate[25:], photo[25:])


def test_cloth_stays_before_the_neck_and_behind_the_head() -> None:
    frame = np.full((4, 4, 3), 50, np.uint8)
    cloth = np.full((4, 4, 4), 255, np.uint8)
    cloth[..., :3] = 200
    before = np.zeros((10, 10), np.uint8)
    before[0] = 255
    source = np.full((4, 4, 2), 5, np.float32)
    source[:, 2:, 1] = 0
    lay_cloth(cloth, before, source, frame)
    assert (frame[:, 0] == 200).all() and (frame[:, 3] == 50).all()
