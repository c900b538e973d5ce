"""Videos: what is measured, what is left out and why, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import faces
from sadtalker3d.evaluate.report import video_json, video_table
from sadtalker3d.evaluate.video import evaluate_video


def write(path: Path, pictures: Sequence[np.ndarray], rate: int = 25) -> Path:
    """A video without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for picture in pictures:
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgr0"))
            )
        container.mux(stream.encode())
    return path


@pytest.fixture
def pictures(portrait: Path) -> list[np.ndarray]:
    face = cv2.resize(cv2.imread(str(portrait)), (128, 128), interpolation=cv2.INTER_AREA)[..., ::-1]
    return [np.ascontiguousarray(np.roll(face, shift, axis=1)) for shift in range(4)]


def test_a_video_against_a_darker_one(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    dark = [np.clip(p, 10, 255) - 10 for p in pictures]
    bright = [np.clip(p, 10, 255) for p in pictures]
    report = evaluate_video(write(tmp_path / "a.mkv", dark), write(tmp_path / "b.mkv", bright))
    values = {measure.name: measure.value for measure in report.measures}
    assert report.frames == 4
    assert values["PSNR, dB"] == pytest.approx(28.1308, abs=1e-3)
    assert 0.9 < values["SSIM"] < 1
    assert values["CPBD, 1 is sharp"] == pytest.approx(values["CPBD of the reference"])
    if faces.landmark_finder() is None:
        assert "pip install mediapipe" in report.left_out["landmark distance"]
    if faces.identity_finder() is None:
        assert "pip install dlib" in report.left_out["CSIM"]


def test_against_itself_in_the_table_and_in_json(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    video = write(tmp_path / "a.mkv", pictures)
    report = evaluate_video(video, video)
    assert "inf" in video_table(report) and "Wang et al. 2004" in video_table(report)
    assert video_json(report)["video"]["PSNR, dB"]["value"] is None
    assert video_json(report)["video"]["SSIM"]["value"] == pytest.approx(1)


def test_alone_only_sharpness(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    report = evaluate_video(write(tmp_path / "a.mkv", pictures))
    assert len(report.measures) == 1 and set(report.left_out) >= {"PSNR", "SSIM", "CSIM"}


def test_videos_that_cannot_be_compared(tmp_path: Path, pictures: list[np.ndarray], speech: Path) -> None:
    video = write(tmp_path / "a.mkv", pictures)
    small = write(tmp_path / "small.mkv", [p[:96] for p in pictures])
    fast = write(tmp_path / "fast.mkv", pictures, rate=50)
    long = write(tmp_path / "long.mkv", pictures * 2)
    (tmp_path / "text.mp4").write_text("no video\n" * 99)
    for other, words in (
        (small, "scale one"), (fast, "frames/s"), (long, "as long as"), (tmp_path / "text.mp4", "not a video"),
        (speech, "no pictures"), (tmp_path / "gone.mp4", "no such"), (tmp_path, "folder"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            evaluate_video(video, other)


def test_landmarks_moved_with_the_head_are_apart_but_the_lips_are_not() -> None:
    rng = np.random.default_rng(0)
    mesh = rng.uniform(0, 100, (468, 2))
    turned = 1.1 * mesh @ np.array([[0.98, -0.2], [0.2, 0.98]]) + [7, 3]
    assert faces.landmark_distance(turned, mesh) > 0.05
    assert faces.lip_landmark_distance(turned, mesh) == pytest.approx(0, abs=1e-9)
    assert faces.landmark_distance(mesh, mesh) == 0
    assert faces.cosine(np.array([1.0, 0]), np.array([1.0, 1])) == pytest.approx(np.sqrt(0.5))
