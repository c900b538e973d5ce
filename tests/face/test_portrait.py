from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sadtalker3d.errors import UserError
from sadtalker3d.face.portrait import read_portrait
from tests.face.conftest import PORTRAIT


def test_portrait_of_the_samples(landmarks, photo):
    portrait = read_portrait(PORTRAIT, landmarks)
    np.testing.assert_array_equal(portrait.picture, photo)
    assert portrait.face.quarter_turns == 0 and portrait.notes == []


@pytest.mark.parametrize("turns, words", [(1, "to the right"), (2, "upside down"), (3, "to the left")])
def test_picture_on_its_side_is_turned(tmp_path, landmarks, photo, turns, words):
    Image.fromarray(np.rot90(photo, turns)).save(tmp_path / "a.png")
    portrait = read_portrait(tmp_path / "a.png", landmarks)
    np.testing.assert_array_equal(portrait.picture, photo)
    assert len(portrait.notes) == 1 and words in portrait.notes[0] and "a.png" in portrait.notes[0]


def test_picture_without_a_face(tmp_path, landmarks):
    Image.new("RGB", (200, 100), (90, 120, 200)).save(tmp_path / "sky.png")
    with pytest.raises(UserError, match=r"sky\.png: no face found"):
        read_portrait(tmp_path / "sky.png", landmarks)
