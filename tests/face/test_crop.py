from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.face.crop import crop_face, crop_plan


def level_face(x: float, y: float, eyes: float = 60.0, down: float = 66.0) -> np.ndarray:
    """(68, 2): only the eyes and the corners of the mouth matter; their middles lie at (x, y) and below."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = [x - eyes / 2, y], [x + eyes / 2, y]
    points[48], points[54] = [x - eyes / 3, y + down], [x + eyes / 3, y + down]
    return points


def test_box_by_hand():
    # |x| = max(2.0 * 60, 1.8 * 66) = 120 about (300, 200 + 6.6): 180..420 and 86.6..326.6, + 0.5 and cut to whole
    assert crop_plan(level_face(300, 200), 1000, 800).box == (180, 87, 420, 327)


def test_ext_shows_a_tenth_more_on_each_side():
    # border = 0.1 * 240 around the whole pixels that hold the box
    for way in ("extcrop", "extfull"):
        assert crop_plan(level_face(300, 200), 1000, 800, way).box == (156, 62, 444, 351)


def test_box_is_clamped_to_the_picture():
    x0, y0, x1, y1 = crop_plan(level_face(60, 50), 150, 400).box
    assert (x0, y0) == (0, 0) and x1 == 150 and y1 == 177


def test_chin_of_a_tall_picture_is_kept():
    # upstream clamps the bottom by the width: at 700 here
    assert crop_plan(level_face(250, 900, 200, 220), 700, 2000).box[3] == 900 + 22 + 400


def test_turned_face_gets_an_upright_box_about_the_turned_one():
    a = np.radians(20)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    points = (level_face(0, 0) @ turn) + [500, 400]
    box = np.array(crop_plan(points, 1000, 800).box)
    side = 240 * (np.cos(a) + np.sin(a))
    assert box[2] - box[0] == pytest.approx(side, abs=1.5) and box[3] - box[1] == pytest.approx(side, abs=1.5)


def test_shrunk_picture_gives_the_same_box():
    # a box of 2400 pixels: upstream shrinks the picture to a half before it cuts
    plan = crop_plan(level_face(2000, 1500, 600, 660), 4000, 3001)
    assert plan.shrunk == (2000, 1500)
    expected = (800, 1566 - 1200, 3200, 1566 + 1200)
    assert np.abs(np.subtract(plan.box, expected)).max() <= 3


@pytest.mark.parametrize("size", [256, 512])
def test_points_go_with_the_pixels(size):
    # a white dot on black must be found where the landmark is said to be
    picture = np.zeros((1200, 1500, 3), np.uint8)
    points = level_face(700, 500, 150, 170)
    points[30] = [731, 560]
    picture[559:562, 730:733] = 255
    crop = crop_face(picture, points, size)
    rows, columns = np.nonzero(crop.picture[..., 0])
    weights = crop.picture[rows, columns, 0].astype(float)
    seen = np.average(np.stack([columns, rows], axis=1), axis=0, weights=weights)
    np.testing.assert_allclose(crop.points[30], seen, atol=0.3)
    assert crop.picture.shape == (size, size, 3)


def test_resize_takes_all():
    crop = crop_face(np.zeros((90, 160, 3), np.uint8), level_face(80, 40, 20, 22), 256, "resize")
    assert crop.box == (0, 0, 160, 90) and crop.picture.shape == (256, 256, 3)


def test_bad_asks():
    with pytest.raises(UserError, match="preprocess 'round' is unknown; use one of crop"):
        crop_plan(level_face(80, 40), 200, 200, "round")
    with pytest.raises(UserError, match="outside the picture"):
        crop_plan(level_face(900, 900), 200, 200)
