from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from sadtalker3d.errors import UserError
from sadtalker3d.face.align import align
from sadtalker3d.face.coefficients import (
    motion_coefficients,
    performance_coefficients,
    portrait_coefficients,
)
from sadtalker3d.face.crop import crop_face
from tests.face.conftest import PORTRAIT


class StandIn(torch.nn.Module):
    """Returns 0..256, and in the first number the mean of what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[torch.Tensor] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.shown.append(pictures)
        rows = torch.arange(257.0).repeat(len(pictures), 1)
        rows[:, 0] = pictures.mean(dim=(1, 2, 3))
        return rows


def write_video(path: Path, pictures: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
        file.mux(stream.encode())
    return path


def test_network_sees_the_aligned_face_in_0_to_1(landmarks, photo):
    crop = crop_face(photo, landmarks.find(photo)[0].points)
    network = StandIn()
    row = portrait_coefficients(network, crop.picture, crop.points)
    (shown,) = network.shown
    aligned = align(crop.picture, crop.points)
    assert row.shape == (257,) and row.dtype == np.float32
    assert shown.shape == (1, 3, 224, 224)
    np.testing.assert_allclose(shown[0].permute(1, 2, 0) * 255, aligned.picture, atol=1e-4)
    # Deep3DFaceRecon's pictures: the eyes a little above the middle, the face in the middle
    eyes = aligned.points[36:48].mean(axis=0)
    assert abs(eyes[0] - 112) < 12 and 224 - eyes[1] == pytest.approx(85, abs=15)


def test_motion_row_has_upstreams_order():
    row = motion_coefficients(np.arange(257.0), np.array([256, 256, 1.5, 120, 130.0]))
    expected = [*range(80, 144), *range(224, 227), *range(254, 257), 1.5, 120, 130]
    np.testing.assert_array_equal(row, np.array(expected, np.float32))


def test_performance_of_a_moving_face(tmp_path, landmarks, photo):
    frames = [np.roll(photo, 4 * i, axis=1) for i in range(4)]
    video = write_video(tmp_path / "a.mp4", frames)
    counted = []
    rows = performance_coefficients(
        StandIn(), video, landmarks=landmarks, progress=lambda *n: counted.append(n)
    )
    assert rows.shape == (4, 73) and rows.dtype == np.float32
    assert counted == [(1, 4), (2, 4), (3, 4), (4, 4)]
    # the crop stays where the first frame put it, so the face goes through it: 4 pixels of the picture a frame
    points = landmarks.find(photo)[0].points
    x0, _, x1, _ = crop_face(photo, points).box
    np.testing.assert_allclose(np.diff(rows[:, 71]), 4 * 256 / (x1 - x0), atol=1.0)
    np.testing.assert_allclose(rows[:, 70], rows[0, 70], rtol=0.03)  # and keeps its size


def test_frame_without_a_face_keeps_the_landmarks_before(tmp_path, landmarks, photo):
    blank = np.full_like(photo, 110)
    video = write_video(tmp_path / "a.mp4", [photo, blank, photo])
    network = StandIn()
    rows = performance_coefficients(network, video, landmarks=landmarks)
    np.testing.assert_array_equal(rows[1, 70:], rows[0, 70:])
    np.testing.assert_allclose(rows[2, 70:], rows[0, 70:], rtol=0.01)
    assert float(network.shown[1].std()) < 0.02  # the blank frame itself was shown


def test_videos_that_cannot_be_used(tmp_path, landmarks, photo):
    blank = write_video(tmp_path / "blank.mp4", [np.full((64, 96, 3), 110, np.uint8)] * 2)
    (tmp_path / "note.mp4").write_text("no video")
    for path, words in (
        (blank, r"blank\.mp4, first frame: no face found"), (tmp_path / "note.mp4", "not a video"),
        (tmp_path / "no.mp4", "no such video"), (tmp_path, "is a folder"),
        (PORTRAIT.with_name("speech.wav"), "holds no pictures"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            performance_coefficients(StandIn(), path, landmarks=landmarks)
