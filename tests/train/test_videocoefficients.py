from pathlib import Path

import numpy as np
import pytest
import torch

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.head_pose import rotation_matrix
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track
from sadtalker3d.train.videocoefficients import head_angles_deg, load_coefficients
from sadtalker3d.train.videoframes import VideoFrames


def clip(name: str, frames: int) -> VideoFrames:
    return VideoFrames(name, np.zeros(0, np.uint8), np.zeros(frames, np.int64))


def track(frames: int, space: str = "open") -> Track:
    rng = np.random.default_rng(0)
    values = (rng.random((frames, width)) for width in (64, 3, 3))
    return Track(*values, space=space)


def test_keypoints_turn_as_the_head_turns() -> None:
    rotation = np.random.default_rng(2).uniform(-0.8, 0.8, (20, 3))
    yaw, pitch, roll = torch.from_numpy(head_angles_deg(rotation).astype(np.float64)).T
    flip = np.diag([1, -1, -1])  # the picture's y runs down
    # the renderer's 3.14 for pi is off by 0.05 %
    np.testing.assert_allclose(
        rotation_matrix(yaw, pitch, roll), flip @ to_matrices(rotation) @ flip, atol=1.5e-3
    )


def test_turning_to_the_pictures_right_moves_the_nose_right() -> None:
    yaw, pitch, roll = torch.from_numpy(head_angles_deg(np.array([[0, 0.5, 0]]))).T
    nose = torch.tensor([0.0, 0, -1])  # toward the camera
    assert (rotation_matrix(yaw, pitch, roll)[0] @ nose)[0] > 0.4


def test_rows_are_expression_rotation_translation(tmp_path: Path) -> None:
    track(5).save(tmp_path / "a.npz")
    (rows,), space = load_coefficients(tmp_path, [clip("a", 5)])
    assert rows.shape == (5, 70) and space == "open"
    np.testing.assert_array_equal(rows[:, 64:67], track(5).rotation)


def test_missing_other_length_and_mixed_spaces_are_refused(tmp_path: Path) -> None:
    track(5).save(tmp_path / "a.npz")
    track(5, "basel").save(tmp_path / "b.mat")
    with pytest.raises(UserError, match="absent"):
        load_coefficients(tmp_path, [clip("absent", 5)])
    with pytest.raises(UserError, match="5 frames"):
        load_coefficients(tmp_path, [clip("a", 6)])
    with pytest.raises(UserError, match="basel and open"):
        load_coefficients(tmp_path, [clip("a", 5), clip("b", 5)])
