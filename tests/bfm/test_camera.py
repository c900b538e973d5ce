"""Projection equals the reference run of the published model."""

from pathlib import Path

import numpy as np
import pytest

from bfm.camera import Camera, rotation, transform

REFERENCE = Path(__file__).parents[1] / "data/conformance/face3d_bfm.npz"


@pytest.fixture(scope="module")
def reference():
    with np.load(REFERENCE, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def test_shape_is_centred_mean_plus_bases(reference):
    coefficients = reference["coeff"]
    mean = reference["bfm_meanshape"].reshape(-1, 3)
    kept = len(reference["bfm_idBase"]) // 3  # the fixture keeps the bases of some vertices only
    moved = (
        coefficients[:, :80] @ reference["bfm_idBase"].T + coefficients[:, 80:144] @ reference["bfm_exBase"].T
    )
    shape = (mean - mean.mean(axis=0))[:kept] + moved.reshape(2, kept, 3)
    np.testing.assert_allclose(shape, reference["shape"][:, :kept], atol=1e-5)


def test_rotation_transform_and_projection(reference):
    angles, translation = reference["coeff"][:, 224:227], reference["coeff"][:, 254:257]
    np.testing.assert_allclose(rotation(angles), reference["rot"], atol=1e-6)
    moved = transform(reference["shape"], angles, translation)
    np.testing.assert_allclose(moved, reference["transformed"], atol=1e-5)
    camera = Camera()
    np.testing.assert_allclose(camera.matrix, reference["persc"])
    seen = camera.look(moved)
    np.testing.assert_allclose(seen, reference["camera"], atol=1e-5)
    np.testing.assert_allclose(camera.project(seen), reference["proj"], atol=1e-4)
    keypoints = reference["bfm_keypoints"].ravel() - 1
    np.testing.assert_allclose(camera.project(seen)[:, keypoints], reference["landmarks"], atol=1e-4)


def test_look_leaves_its_argument_alone(reference):
    before = reference["transformed"].copy()
    Camera().look(reference["transformed"])
    np.testing.assert_array_equal(before, reference["transformed"])


def test_rotation_turns_as_the_track_says():
    """p' = Rz Ry Rx p: yaw to +90 degrees turns the gaze (+z) to the subject's left (+x)."""
    gaze = np.array([0.0, 0.0, 1.0]) @ rotation(np.array([0.0, np.pi / 2, 0.0]))
    np.testing.assert_allclose(gaze, [1.0, 0.0, 0.0], atol=1e-12)
