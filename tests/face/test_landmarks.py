from __future__ import annotations

import cv2
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.face.landmarks import IBUG_68, Landmarks, largest_face

FIVE = [36, 39, 42, 45, 30, 48, 54]
# read off the enlarged photograph by eye, to about two pixels: corners of the eyes, tip of the nose, corners of the
# mouth, chin
SEEN = {36: (193, 101), 39: (211, 103), 42: (236, 105), 45: (259, 104), 30: (222, 126), 48: (203, 140),
        54: (247, 140), 8: (223, 178)}  # fmt: skip


def eye_distance(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[36] - points[45]))


def shrunk(picture: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def test_table_has_68_different_points():
    assert len(set(IBUG_68.tolist())) == 68


def test_photograph(landmarks, photo):
    (face,) = landmarks.find(photo)
    assert face.points.shape == (68, 2) and face.points.dtype == np.float32
    assert face.mesh.shape == (468, 3) and face.score > 0.999
    assert face.size_px == pytest.approx(107, abs=4)
    points = face.points
    assert {i: np.linalg.norm(points[i] - seen) < 5 for i, seen in SEEN.items()} == dict.fromkeys(SEEN, True)
    assert points[8, 1] > points[57, 1] > points[33, 1] > points[27, 1] > points[19, 1]  # chin up to brow
    assert points[0, 0] < points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0] < points[16, 0]
    assert (face.box[:2] <= points.min(axis=0)).all() and (points.max(axis=0) <= face.box[2:]).all()


def test_mirrored_picture_gives_mirrored_points(landmarks, photo):
    (face,), (other,) = landmarks.find(photo), landmarks.find(np.ascontiguousarray(photo[:, ::-1]))
    pairs = {36: 45, 39: 42, 30: 30, 48: 54, 8: 8, 0: 16, 17: 26, 61: 63, 31: 35}
    for here, there in pairs.items():
        mirrored = [photo.shape[1] - 1 - other.points[there, 0], other.points[there, 1]]
        assert np.linalg.norm(face.points[here] - mirrored) < 0.05 * eye_distance(face.points)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_picture_on_its_side(landmarks, photo, turns):
    (face,) = landmarks.find(photo)
    (turned,) = landmarks.find(np.ascontiguousarray(np.rot90(photo, turns)))
    assert turned.quarter_turns == (4 - turns) % 4
    x, y = turned.points.T.astype(float)
    last = photo.shape[0] - 1  # the photograph is square
    back = {1: (last - y, x), 2: (last - x, last - y), 3: (y, last - x)}[turns]
    assert np.linalg.norm(np.stack(back, axis=1) - face.points, axis=1).mean() < 0.04 * eye_distance(
        face.points
    )


@pytest.mark.parametrize("degrees", [-40, 25])
def test_tilted_head(landmarks, photo, degrees):
    (face,) = landmarks.find(photo)
    turn = cv2.getRotationMatrix2D((223, 130), degrees, 1)
    tilted = cv2.warpAffine(photo, turn, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    (found,) = landmarks.find(tilted)
    expected = face.points @ turn[:, :2].T + turn[:, 2]
    assert np.linalg.norm(found.points - expected, axis=1).mean() < 0.04 * eye_distance(face.points)


def test_small_face_in_a_large_picture(landmarks, photo):
    (face,) = landmarks.find(photo)
    big = np.full((900, 1200, 3), 110, np.uint8)
    small = shrunk(photo, 0.5)  # a face of 53 pixels
    big[500 : 500 + len(small), 800 : 800 + len(small)] = small
    (found,) = landmarks.find(big)
    expected = (face.points + 0.5) * 0.5 - 0.5 + np.array([800, 500])
    assert np.linalg.norm(found.points - expected, axis=1).mean() < 0.05 * eye_distance(expected)


def test_no_face_where_there_is_none(landmarks):
    noise = np.random.default_rng(0).integers(0, 255, (150, 200, 3)).astype(np.uint8)
    for picture in (noise, cv2.blur(noise, (9, 9)), np.zeros((20, 200, 3), np.uint8), noise[:1, :1]):
        with pytest.raises(UserError, match=r"wall\.png: no face found"):
            largest_face(picture, "wall.png", landmarks)


def test_of_several_faces_the_largest(landmarks, photo):
    both = np.full((512, 900, 3), 110, np.uint8)
    small = shrunk(photo, 0.7)
    both[100 : 100 + len(small), : len(small)] = small
    both[:, 900 - 512 :] = photo
    faces = landmarks.find(both)
    assert len(faces) == 2 and faces[0].size_px > faces[1].size_px
    face, notes = largest_face(both, "pair.png", landmarks)
    assert face.points[30, 0] > 450
    assert notes == ["pair.png: 2 faces found, the largest is used"]


def test_face_of_20_pixels(landmarks, photo):
    small = shrunk(photo[20:260, 100:340], 20 / 107)
    with pytest.raises(
        UserError, match=r"tiny\.png: the face is only (1[6-9]|2[0-4]) pixels tall; give a larger"
    ):
        largest_face(small, "tiny.png", landmarks)


def test_blurred_and_clear_faces(landmarks, photo):
    assert largest_face(photo, "a.png", landmarks)[1] == []
    _, notes = largest_face(shrunk(photo, 0.5), "a.png", landmarks)
    assert len(notes) == 1 and "blurred" in notes[0]


def test_face_at_the_edge(landmarks, photo):
    (face,) = landmarks.find(photo)
    left = int(face.box[0])
    _, notes = largest_face(photo[:, left + 4 :].copy(), "a.png", landmarks)
    assert len(notes) == 1 and "touches the edge" in notes[0]
    eye = int(face.points[37, 0])
    with pytest.raises(UserError, match=r"a\.png: the face is cut off by the edge"):
        largest_face(photo[:, eye:].copy(), "a.png", landmarks)


def test_follows_a_face_and_says_when_it_is_gone(landmarks, photo):
    (face,) = landmarks.find(photo)
    moved = np.roll(photo, (6, -9), axis=(0, 1))
    followed = landmarks.follow(moved, face)
    assert followed is not None
    expected = face.points + np.array([-9, 6])
    assert np.linalg.norm(followed.points - expected, axis=1).mean() < 0.03 * eye_distance(face.points)
    assert landmarks.follow(np.full_like(photo, 110), face) is None


@pytest.mark.slow
@pytest.mark.parametrize("yaw, pitch, worst", [(0, 0, 0.04), (25, 10, 0.06), (-25, -10, 0.06)])
def test_lands_on_the_embedded_heads_landmarks(opengl, landmarks: Landmarks, yaw, pitch, worst):
    import bfm
    from sadtalker3d.render.preview import head_poses, portrait_camera, render_still

    head, size = bfm.load("open"), 400
    rotation = np.radians([pitch, yaw, 0])
    picture = render_still(head, rotation=tuple(rotation), size=size)
    camera = portrait_camera(head.neutral())
    placed = head.landmarks(head.neutral()) @ head_poses(rotation[None], np.zeros((1, 3)))[0, :3, :3].T
    seen = placed - camera.target - [0, 0, camera.distance]
    focal = size / 2 / np.tan(camera.field_of_view_rad / 2)
    truth = size / 2 - 0.5 + focal * seen[:, :2] * [1, -1] / -seen[:, 2:]
    (face,) = landmarks.find(picture)
    errors = np.linalg.norm(face.points - truth, axis=1) / eye_distance(truth)
    assert errors[FIVE].mean() < worst
    assert errors[17:].mean() < 0.06 and errors[:17].mean() < 0.2  # the jaw is FaceMesh's weak spot


@pytest.mark.slow
def test_profile_is_said_to_be_unclear_or_refused(opengl, landmarks):
    import bfm
    from sadtalker3d.render.preview import render_still

    picture = render_still(bfm.load("open"), rotation=(0.0, float(np.radians(68)), 0.0), size=400)
    try:
        _, notes = largest_face(picture, "a.png", landmarks)
    except UserError as error:
        notes = [str(error)]
    assert any("from the side, covered or unclear" in note or "no face found" in note for note in notes)
