"""Five clicked points in place of the detector."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.face.align import five_points
from sadtalker3d.face.hint import NAMES, hinted_face, read_hint
from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.picture import read_picture
from sadtalker3d.face.portrait import read_portrait


def save(path, five) -> object:
    path.write_text(json.dumps(dict(zip(NAMES, np.asarray(five).tolist(), strict=True))))
    return path


def test_on_a_face_it_is_the_detectors(tmp_path, portrait):
    found = read_portrait(portrait)
    clicked = five_points(found.face.points) + np.random.default_rng(0).normal(0, 1.5, (5, 2))
    hinted = read_portrait(portrait, hint=save(tmp_path / "five.json", clicked))
    assert not hinted.notes
    apart = np.linalg.norm(hinted.face.points[17:] - found.face.points[17:], axis=1)
    assert apart.max() < 0.05 * found.face.size_px


def test_where_no_face_is_seen_one_is_laid_on_the_points():
    wall = np.full((400, 400, 3), 130, np.uint8)
    five = np.array([[150, 180], [230, 160], [200, 215], [175, 265], [235, 250]], float)
    face, notes = hinted_face(wall, five, "wall.png", Landmarks())
    assert "average face" in notes[0]
    np.testing.assert_allclose(five_points(face.points), five, atol=12)
    assert face.mesh.shape == (468, 3) and face.size_px > 120


def test_what_is_no_hint_says_how_one_looks(tmp_path):
    (tmp_path / "text.json").write_text("eyes")
    (tmp_path / "four.json").write_text('{"left_eye": [1, 2]}')
    for name in ("text.json", "four.json"):
        with pytest.raises(UserError, match='write them as {"left_eye"'):
            read_hint(tmp_path / name)
    with pytest.raises(UserError, match="cannot be read"):
        read_hint(tmp_path / "gone.json")


def test_points_outside_or_swapped_are_refused(tmp_path, portrait):
    cv2.imwrite(str(tmp_path / "wall.png"), np.zeros((100, 100, 3), np.uint8))
    five = [[60, 40], [30, 40], [45, 55], [35, 70], [60, 70]]
    for points in (five, (np.array(five) + 500).tolist()):
        with pytest.raises(UserError, match="no upright face in the picture of 100 x 100"):
            read_portrait(tmp_path / "wall.png", hint=save(tmp_path / "five.json", points))
    assert read_picture(portrait).shape == (512, 512, 3)
