"""The embedded head as a Basel model of another order, unit and tilt: what is converted is known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bfm
from bfm import camera
from bfm.model import FaceModel
from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.rig.basel_to_open import SEEN, open_pose, to_open
from sadtalker3d.rig.correspond import Correspondence, correspond, fit_similarity
from sadtalker3d.rotation import from_matrices, to_matrices
from sadtalker3d.track import Track
from tests.basel_folder import UNIT_M, FakeBasel, write_fake_basel


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBasel:
    return write_fake_basel(tmp_path_factory.mktemp("basel"))


@pytest.fixture(scope="module")
def head() -> FaceModel:
    return bfm.load("open")


@pytest.fixture(scope="module")
def mask(fake: FakeBasel) -> FaceModel:
    return bfm.load("basel", fake.folder)


@pytest.fixture(scope="module")
def matched(mask: FaceModel, head: FaceModel) -> Correspondence:
    return correspond(mask, head)


def known_weights(frames: int) -> np.ndarray:
    weights = np.clip(np.random.default_rng(1).normal(0.1, 0.3, (frames, 52)), 0, 1)
    weights[:, [name not in SEEN for name in ARKIT_52]] = 0
    return weights


def track_of(fake: FakeBasel, weights: np.ndarray, **changes: object) -> Track:
    still = np.zeros((len(weights), 3))
    return Track(fake.coefficients(weights), still, still, space="basel").replace(**changes)


def test_known_weights_come_back(fake, mask, head, matched):
    weights = known_weights(100)
    got, residual = to_open(track_of(fake, weights), mask, head, matched=matched)
    error = np.abs(got.expression[:, :52] - weights)
    assert got.space == "open" and got.names == OPEN_64
    assert error.mean() < 0.004 and error.max() < 0.08, (error.mean(), error.max())
    assert residual.all_mm < 0.05 and residual.lips_mm < 0.1 and residual.lips_moved_mm > 2
    assert not got.expression[:, [name not in SEEN for name in OPEN_64]].any()
    assert got.meta["converted"]["lips_mm"] == round(residual.lips_mm, 2)


def test_every_vertex_finds_itself(fake, head, matched):
    place = matched.on_target(head.mean[None])[0]
    distance = np.linalg.norm(place - head.mean[fake.vertices[matched.source]], axis=1)
    assert len(matched.source) > 0.99 * len(fake.vertices)
    assert np.percentile(distance, 99) < 1e-4 and matched.similarity.scale == pytest.approx(UNIT_M, rel=1e-5)


def test_no_point_lies_on_the_other_lip(fake, head, matched):
    jaw = head.expression_basis[head.expression_names.index("jawOpen")]
    opened, given = matched.on_target(jaw[None])[0], jaw[fake.vertices[matched.source]]
    gap = np.linalg.norm(jaw[head.landmarks68[62]] - jaw[head.landmarks68[66]])
    assert np.linalg.norm(opened - given, axis=1).max() < 0.25 * gap


def test_the_pose_moves_the_head_as_the_mask_moves(fake, mask, head, matched):
    rng = np.random.default_rng(2)
    turned, moved = rng.normal(0, 0.3, (6, 3)), rng.normal(0, 0.2, (6, 3))
    track = Track(np.zeros((6, 64)), turned, moved, space="basel")
    rotation, translation = open_pose(track, matched.similarity)
    rest = np.broadcast_to(mask.mean, (6, *mask.mean.shape))
    seen = camera.transform(rest, turned.astype(np.float32), (moved - moved[:1]).astype(np.float32))
    expected = fake.middle + UNIT_M * seen @ fake.turn  # undo the tilt: head = turn^T mask
    got = head.mean[fake.vertices] @ to_matrices(rotation).transpose(0, 2, 1) + translation[:, None]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_face_at_rest_is_at_rest(matched):
    still = np.zeros((3, 3))
    track = Track(np.zeros((3, 64)), still, still + np.array([0.1, -0.2, 0.5]), space="basel")
    rotation, translation = open_pose(track, matched.similarity)
    np.testing.assert_allclose(rotation, 0, atol=1e-9)
    np.testing.assert_allclose(translation, 0, atol=1e-9)
    moved = track.replace(meta={"source": [0.0] * 67 + [0.1, -0.2, 0.4, 1.0, 2.0, 3.0]})
    assert np.linalg.norm(open_pose(moved, matched.similarity)[1], axis=1) == pytest.approx(0.1 * UNIT_M)


@pytest.mark.parametrize(("angle", "nose"), [(0, (0, -1, 0)), (1, (1, 0, 0))])
def test_both_spaces_turn_the_same_way(matched, angle, nose):
    """Pitch up from zero lowers the nose, yaw turns it to the subject's left, in Basel's camera and in `open`."""
    angles = np.zeros((1, 3), np.float32)
    angles[0, angle] = np.pi / 2
    tip = np.array([[[0, 0, 1]]], np.float32)
    np.testing.assert_allclose(camera.transform(tip, angles, np.zeros((1, 3)))[0, 0], nose, atol=1e-6)
    np.testing.assert_allclose(to_matrices(angles)[0] @ tip[0, 0], nose, atol=1e-6)


def test_angles_and_matrices_are_inverse():
    angles = np.random.default_rng(3).uniform(-1.4, 1.4, (50, 3))
    np.testing.assert_allclose(
        to_matrices(from_matrices(to_matrices(angles))), to_matrices(angles), atol=1e-12
    )
    np.testing.assert_allclose(from_matrices(to_matrices(angles[:1])), angles[:1], atol=1e-12)


def test_similarity_is_found_and_never_a_mirror():
    rng = np.random.default_rng(4)
    points, turn = rng.normal(size=(20, 3)), to_matrices(np.array([[0.4, -0.8, 2.0]]))[0]
    found = fit_similarity(points, 2.5 * points @ turn.T + [1, 2, 3])
    np.testing.assert_allclose(found.turn, turn, atol=1e-9)
    np.testing.assert_allclose(found.points(points), 2.5 * points @ turn.T + [1, 2, 3], atol=1e-9)
    assert np.linalg.det(fit_similarity(points, points * [-1, 1, 1]).turn) == pytest.approx(1)


def test_another_person_still_gives_the_expressions(fake, mask, head):
    """A mask of somebody else, so that landmarks agree but most points have to be found."""
    identity = np.random.default_rng(5).normal(0, 0.7, 80)
    shaped = (head.neutral(identity)[fake.vertices] - fake.middle) @ fake.turn.T / UNIT_M
    other = replace(mask, mean=shaped.astype(np.float32))
    weights = known_weights(60)
    got, residual = to_open(track_of(fake, weights), other, head)
    error = np.abs(got.expression[:, :52] - weights)
    assert residual.lips_mm < 0.06 * residual.lips_moved_mm, residual
    for name, most in (
        ("jawOpen", 0.03),
        ("eyeBlinkLeft", 0.03),
        ("browInnerUp", 0.03),
        ("mouthPucker", 0.03),
    ):
        assert error[:, ARKIT_52.index(name)].mean() < most, name


def test_what_does_not_fit_is_one_sentence(mask, head, fake):
    with pytest.raises(UserError, match="68 keypoints"):
        correspond(replace(mask, mean=np.random.default_rng(6).normal(size=mask.mean.shape)), head)
    with pytest.raises(UserError, match="68 keypoints"):
        correspond(replace(mask, mean=np.zeros_like(mask.mean)), head)
    with pytest.raises(UserError, match="'basel' space"):
        to_open(track_of(fake, known_weights(2), space="open", names=()), mask, head)
