from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.video import write_video
from sadtalker3d.train.framepairs import Pairs
from sadtalker3d.train.videoframes import load_videos
from tests.train import tiny_videos


def test_frames_come_back_and_are_decoded_once(tmp_path: Path) -> None:
    videos, cache = tiny_videos.write(tmp_path / "videos"), tmp_path / "cache"
    told: list[str] = []
    (clip,) = load_videos(videos, cache, 64, report=told.append)
    assert len(clip) == tiny_videos.FRAMES and len(told) == 1
    error = np.mean([
        np.square(clip[i].astype(float) - frame).mean() for i, frame in enumerate(tiny_videos.frames())
    ])  # fmt: skip
    assert 10 * np.log10(255**2 / error) > 35
    (again,) = load_videos(videos, cache, 64, report=told.append)
    assert len(told) == 1 and np.array_equal(again[5], clip[5])
    (small,) = load_videos(videos, cache, 32)
    assert small[0].shape == (32, 32, 3)


def test_pairs_are_of_one_video_and_never_held_out(tmp_path: Path) -> None:
    videos = tiny_videos.write(tmp_path / "videos")
    (clip,) = load_videos(videos, tmp_path / "cache", 64)
    angles = np.arange(tiny_videos.FRAMES, dtype=np.float32)[:, None].repeat(3, 1)
    pairs = Pairs([clip], [angles], seed=1)
    drawn = [pairs.draw(8, step) for step in range(20)]
    driving = np.concatenate([pair.angles_deg.numpy()[:, 0] for pair in drawn])  # its number, here
    assert set(driving) == set(range(clip.learnt)) and clip.learnt < len(clip)
    assert not any((pair.source == pair.driving).flatten(1).all(1).any() for pair in drawn)
    again = pairs.draw(8, 3)
    assert (again.source == drawn[3].source).all() and (again.driving == drawn[3].driving).all()
    assert not (pairs.draw(8, 3, rank=1).source == again.source).all()


def test_what_is_no_folder_of_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("absent", "empty"):
        with pytest.raises(UserError, match=folder):
            load_videos(tmp_path / folder, tmp_path / "cache", 64)
    videos = tmp_path / "videos"
    videos.mkdir()
    write_video(videos / "short.mp4", tiny_videos.frames(5), 25)
    with pytest.raises(UserError, match="short.mp4"):
        load_videos(videos, tmp_path / "cache", 64)
    (videos / "short.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match="short.mp4"):
        load_videos(videos, tmp_path / "cache", 64)
    assert not list((tmp_path / "cache").glob("*")) if (tmp_path / "cache").exists() else True
