"""Skin around the face gives way, what is no skin does not."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.newmouth.bending import Rectangle, bent
from sadtalker3d.render.newmouth.skin_colours import SkinColours

SKIN, CLOTH = np.array([200.0, 150, 130]), np.array([40.0, 60, 150])
SQUARE = np.array([[20, 20], [60, 20], [60, 60], [20, 60]], np.float32)
FACES = np.array([[0, 2, 1], [0, 3, 2]], np.int32)  # their fronts to the camera


def of(picture: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    skin = SkinColours.of(SKIN + rng.normal(0, 8, (200, 1)))
    flow = np.tile(np.float32([0, 4]), (4, 1))
    return bent(picture, skin, SQUARE, np.zeros(4, np.float32), flow, FACES, 1000.0)


def test_the_face_moves_and_far_away_nothing_does() -> None:
    source = of(np.full((120, 160, 3), SKIN, np.uint8))
    np.testing.assert_allclose(source[40, 40], [40, 44], atol=0.05)
    np.testing.assert_allclose(source[115, 155], [155, 115], atol=0.05)
    down = source[:, 40, 1]
    assert (np.diff(down) > 0).all(), "nothing folds"


def test_a_collar_stays() -> None:
    picture = np.full((120, 160, 3), SKIN, np.uint8)
    picture[72:] = CLOTH
    still = of(picture)
    np.testing.assert_allclose(still[80:, 20:60, 1], np.mgrid[80:120, 20:60][0], atol=0.3)
    assert of(np.full((120, 160, 3), SKIN, np.uint8))[80, 40, 1] > 80.5, "as skin it would give way"


def test_skin_is_told_from_cloth_in_light_and_shade() -> None:
    rng = np.random.default_rng(1)
    skin = SkinColours.of(SKIN * rng.uniform(0.8, 1.1, (300, 1)))
    assert skin.like(SKIN[None] * 0.75)[0] > 0.9
    assert skin.like(CLOTH[None])[0] == 0


def test_a_rectangle_ends_with_the_picture() -> None:
    part = Rectangle.around(SQUARE, 30.0, (70, 100))
    assert (part.left, part.top, part.right, part.bottom) == (0, 0, 70, 91)
    assert part.shape == (91, 70)
