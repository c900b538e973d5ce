"""Films made of the sample portrait: no OpenGL needed, and what happens when is known."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from sadtalker3d.clip.follow import Follower
from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.video import Frame
from tests.face.conftest import PORTRAIT


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return Landmarks()


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """(160, 160, 3): the portrait's face."""
    from sadtalker3d.face.picture import read_picture

    return cv2.resize(read_picture(PORTRAIT)[100:400, 106:406], (160, 160), interpolation=cv2.INTER_AREA)


def _film(pictures: list[np.ndarray]) -> Iterator[Frame]:
    for number, picture in enumerate(pictures):
        yield Frame(picture, number / 25, len(pictures), 1.0)


def _placed(face: np.ndarray, x: int, wall: int = 90) -> np.ndarray:
    picture = np.full((180, 320, 3), wall, np.uint8)
    picture[10:170, x : x + 160] = face
    return picture


def test_a_face_that_moves_is_followed(face: np.ndarray, landmarks: Landmarks) -> None:
    film = [_placed(face, 20 + 3 * k) for k in range(10)]
    seen = list(Follower(landmarks).through(_film(film)))
    noses = [one.face.points[30, 0] for one in seen if one.face is not None]
    assert len(noses) == 10
    assert np.diff(noses) == pytest.approx(3.0, abs=1.0)
    assert not any(one.cut for one in seen)


def test_black_frames_are_a_loss_and_no_cut(face: np.ndarray, landmarks: Landmarks) -> None:
    black = np.zeros((180, 320, 3), np.uint8)
    film = [_placed(face, 60)] * 3 + [black] * 3 + [_placed(face, 62)] * 8
    seen = list(Follower(landmarks).through(_film(film)))
    assert [one.face is not None for one in seen[:6]] == [True] * 3 + [False] * 3
    assert seen[-1].face is not None
    assert not any(one.cut for one in seen)


def test_a_cut_is_one_and_the_face_is_found_behind_it(face: np.ndarray, landmarks: Landmarks) -> None:
    film = [_placed(face, 0)] * 4 + [_placed(face[:, ::-1], 160, wall=30)] * 4
    seen = list(Follower(landmarks).through(_film(film)))
    assert [number for number, one in enumerate(seen) if one.cut] == [4]
    assert all(one.face is not None for one in seen)
    assert seen[4].face is not None
    assert seen[4].face.points[30, 0] > 200


def test_of_two_faces_the_chosen_one_is_followed(face: np.ndarray, landmarks: Landmarks) -> None:
    picture = np.full((180, 320, 3), 90, np.uint8)
    picture[30:140, 20:130] = cv2.resize(face, (110, 110))
    picture[50:140, 200:290] = cv2.resize(face, (90, 90))
    for choice, right in ((1, False), (2, True), ((250.0, 90.0), True)):
        seen = list(Follower(landmarks, choice).through(_film([picture] * 3)))
        assert seen[0].others == 1
        for one in seen:
            assert one.face is not None
            assert bool(one.face.points[30, 0] > 170) == right


def test_a_camera_that_shakes_does_not_cut(face: np.ndarray, landmarks: Landmarks) -> None:
    wall = np.random.default_rng(0).integers(0, 255, (6, 10, 3)).astype(np.uint8)
    wide = cv2.resize(wall, (420, 240), interpolation=cv2.INTER_CUBIC)
    wide[40:200, 120:280] = face
    film = [
        wide[20 + y : 200 + y, 40 + x : 360 + x]
        for x, y in ((0, 0), (0, 0), (5, 3), (-2, -4), (4, 3), (0, 0))
    ]
    film = [np.ascontiguousarray(picture) for picture in film]
    seen = list(Follower(landmarks).through(_film(film)))
    assert not any(one.cut for one in seen)
    assert all(one.face is not None for one in seen)
