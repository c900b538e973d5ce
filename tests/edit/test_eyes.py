"""Eyes look where they are told, measured on the head's own eyeballs."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d import edit
from sadtalker3d.edit.eyes import CAMERA_M, EYES_M, beyond_reach, gaze_angles_deg, with_gaze
from sadtalker3d.errors import UserError
from sadtalker3d.render.preview import portrait_camera
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track


def eyeballs() -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the left and the right eye."""
    face = bfm.load("open")
    all_of_them = np.unique(face.faces[face.parts["eyes"]])
    side = face.mean[all_of_them, 0] > 0
    return all_of_them[side], all_of_them[~side]


def directions(take: Track) -> np.ndarray:
    """(T, 2, 3) where both eyes of the mesh look, in the scene: how their vertices have turned."""
    face = bfm.load("open")
    found = np.zeros((len(take), 2, 3))
    turns = to_matrices(take.rotation)
    for eye, vertices in enumerate(eyeballs()):
        rest = face.mean[vertices] - face.mean[vertices].mean(axis=0)
        for frame, weights in enumerate(take.expression):
            places = face.mean[vertices] + np.tensordot(weights, face.expression_basis[:, vertices], 1)
            u, _, vt = np.linalg.svd((places - places.mean(axis=0)).T @ rest)
            found[frame, eye] = turns[frame] @ (u @ vt) @ [0, 0, 1]
    return found


def off_by_deg(take: Track, point: np.ndarray) -> np.ndarray:
    centres = np.einsum("tij,ej->tei", to_matrices(take.rotation), EYES_M) + take.translation[:, None]
    way = point - centres
    way /= np.linalg.norm(way, axis=-1, keepdims=True)
    return np.degrees(np.arccos(np.clip((directions(take) * way).sum(axis=-1), -1, 1)))


def turned(frames: int = 40, most_deg: tuple[float, float] = (8, 6)) -> Track:
    rng = np.random.default_rng(0)
    pitch, yaw = (np.radians(rng.uniform(-most, most, frames)) for most in most_deg[::-1])
    rotation = np.stack([pitch, yaw, np.radians(rng.uniform(-10, 10, frames))], axis=1)
    return Track(np.zeros((frames, 64)), rotation, rng.uniform(-0.01, 0.01, (frames, 3)))


def test_eyes_meet_the_camera_while_the_head_turns():
    take = edit.gaze_at(turned())
    assert not beyond_reach(take).any()
    assert off_by_deg(turned(), np.array(CAMERA_M)).max() > 8  # without: they go with the head
    assert off_by_deg(take, np.array(CAMERA_M)).max() < 1


def test_spoken_takes_too(spoken):
    take = edit.gaze_at(spoken)
    near = ~beyond_reach(take)
    assert near.mean() > 0.7
    assert off_by_deg(take, np.array(CAMERA_M))[near].max() < 1


def test_the_camera_is_the_previews():
    camera = portrait_camera(bfm.load("open").mean)
    place = np.add(camera.target, (0, 0, camera.distance))
    np.testing.assert_allclose(CAMERA_M, place, atol=2e-3)


def test_targets_one_after_the_other_with_saccades_between():
    still = Track(np.zeros((75, 64)), *[np.zeros((75, 3))] * 2)
    left, down = edit.toward(9, 0), edit.toward(0, 8)
    take = edit.gaze_at(still, [(0, CAMERA_M), (1, left), (2, down)])
    for frames, point in ((slice(0, 25), CAMERA_M), (slice(27, 50), left), (slice(52, 75), down)):
        part = take.replace(
            expression=take.expression[frames],
            rotation=take.rotation[frames],
            translation=take.translation[frames],
        )
        assert off_by_deg(part, np.array(point)).max() < 1
    angles = gaze_angles_deg(take)[:, 0, 0]
    assert angles[24] < angles[25] < angles[26] == pytest.approx(angles[27], abs=1e-5)


def test_half_the_amount_goes_half_the_way():
    whole, half = (gaze_angles_deg(edit.gaze_at(turned(), amount=a)) for a in (1.0, 0.5))
    np.testing.assert_allclose(half, whole / 2, atol=1e-4)


def test_angles_there_and_back():
    angles = np.random.default_rng(1).uniform(-9, 9, (20, 2, 2))
    take = with_gaze(Track(np.zeros((20, 64)), *[np.zeros((20, 3))] * 2), angles)
    np.testing.assert_allclose(gaze_angles_deg(take), angles, atol=1e-4)
    assert take.expression.min() >= 0


def test_wandering_is_seeded_and_lasts_at_any_rate():
    at_60 = edit.resample(turned(200), 60)
    a, b, c = (edit.gaze_wander(at_60, seed=seed) for seed in (1, 1, 2))
    assert a == b != c
    assert edit.gaze_wander(at_60, amount=0).expression.max() == 0
    quick = edit.gaze_wander(edit.resample(turned(200), 25), seed=1)
    np.testing.assert_allclose(gaze_angles_deg(a)[::12][:40], gaze_angles_deg(quick)[::5][:40], atol=1.5)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([], "at least one"),
        ([(0, CAMERA_M), (0, CAMERA_M)], "must increase"),
        ([(0, (0, 0, float("nan")))], "finite"),
        ([(0, (0, 0))], "x, y, z"),
    ],
)
def test_targets_that_make_no_sense(targets, message):
    with pytest.raises(UserError, match=message):
        edit.gaze_at(turned(3), targets)
