from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.face.video import timed_frames
from sadtalker3d.footage.upright import Turn, turn_of
from tests.footage.clips import clip


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_as_a_player_turns_it(tmp_path: Path, degrees: int) -> None:
    path = clip(tmp_path / "a.mp4", 1, turn=(degrees, False, False))
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    picture = frame.to_ndarray(format="rgb24")
    upright = np.rot90(picture, degrees // 90)
    np.testing.assert_array_equal(turn_of(frame).upright(picture), upright)
    assert turn_of(frame).size(96, 64) == upright.shape[1::-1]
    np.testing.assert_array_equal(next(timed_frames(path)).picture, upright)


@pytest.mark.parametrize("degrees", [0, 90])
@pytest.mark.parametrize(("across", "down"), [(True, False), (False, True)])
def test_mirrored_after_it_is_turned(tmp_path: Path, degrees: int, across: bool, down: bool) -> None:
    path = clip(tmp_path / "a.mp4", 1, turn=(degrees, across, down))
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    picture = frame.to_ndarray(format="rgb24")
    upright = np.rot90(picture, degrees // 90)
    upright = upright[:, ::-1] if across else upright[::-1]
    np.testing.assert_array_equal(turn_of(frame).upright(picture), upright)


def test_a_frame_without_a_note_is_upright() -> None:
    assert turn_of(av.VideoFrame(16, 16, "yuv420p")) == Turn()
    assert not Turn()
