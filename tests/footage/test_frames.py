from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.face.video import timed_frames
from sadtalker3d.footage.frames import Found, Frames
from tests.footage.clips import clip

OPEN_GOPS = {"qp": "0", "preset": "veryfast", "bf": "3", "g": "12", "x264-params": "open-gop=1"}


def picture(found: Found | None) -> np.ndarray:
    assert found is not None
    return found.frame.to_ndarray(format="rgb24")


@pytest.fixture(scope="module", params=["mp4", "mkv", "ts", "h264"])
def footage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With frames that are stored in another order than they are shown; .h264 has no clock."""
    name = f"a.{request.param}"
    return clip(tmp_path_factory.mktemp("frames") / name, 60, options=OPEN_GOPS)


def test_numbers_are_those_of_timed_frames(footage: Path) -> None:
    with Frames(footage) as frames:
        for number, seen in enumerate(timed_frames(footage)):
            found = frames.get(number)
            assert found is not None
            assert (found.number, found.time_s) == (number, seen.time_s)
            np.testing.assert_array_equal(picture(found), seen.picture)
        assert number == 59
        assert frames.get(60) is None
        assert frames.get(1000) is None
        assert frames.known == 60
        assert not frames.broken


@pytest.mark.parametrize(
    "numbers", [[0, 1, 1, 40, 41, 40, 41, 13, 14], [30, 5, 31, 6, 32, 7, 33, 8, 9], [59, 0, 58, 1], [20, 19, 18, 17]]
)  # fmt: skip
def test_any_order_gives_the_same_pictures(footage: Path, numbers: Sequence[int]) -> None:
    wanted = [seen.picture for seen in timed_frames(footage)]
    with Frames(footage) as frames:
        for number in numbers:
            np.testing.assert_array_equal(picture(frames.get(number)), wanted[number])


def test_a_loop_seeks_instead_of_beginning_anew(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 100, options=OPEN_GOPS)
    with Frames(path) as frames:
        frames.get(99)
        assert frames.decoded == 100
        frames.get(50)
        assert frames.decoded <= 100 + 2 * 12
        before = frames.decoded
        for step in range(10):  # one shot dissolved into another: both go on without seeking
            frames.get(89 + step)
            frames.get(51 + step)
        assert frames.decoded <= before + 20 + 2 * 12


def test_a_clock_that_jumps_back_is_followed_in_order(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.ts", 20)
    path = tmp_path / "glued.ts"
    path.write_bytes(one.read_bytes() * 2)
    wanted = list(timed_frames(path))
    assert len(wanted) == 40
    with Frames(path) as frames:
        for number in (39, 3, 25, 25, 10):
            found = frames.get(number)
            assert found is not None
            assert found.time_s == wanted[number].time_s
            np.testing.assert_array_equal(picture(found), wanted[number].picture)


@pytest.mark.parametrize("name", ["cut.mkv", "cut.mp4"])
def test_what_a_cut_off_file_holds_is_as_timed_frames_reads_it(tmp_path: Path, name: str) -> None:
    whole = tmp_path / f"whole{Path(name).suffix}"
    clip(whole, 60, options=OPEN_GOPS)
    if whole.suffix == ".mp4":  # with the index first, or nothing could be read
        with (
            av.open(str(whole)) as file,
            av.open(str(tmp_path / "first.mp4"), "w", options={"movflags": "+faststart"}) as out,
        ):
            track = out.add_stream_from_template(file.streams.video[0])
            for packet in file.demux(video=0):
                if packet.size:
                    packet.stream = track
                    out.mux(packet)
        whole = tmp_path / "first.mp4"
    path = tmp_path / name
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    wanted = list(timed_frames(path))
    assert 10 < len(wanted) < 55
    with Frames(path) as frames:
        assert frames.get(1000) is None
        assert frames.known == len(wanted)
        np.testing.assert_array_equal(picture(frames.get(len(wanted) - 1)), wanted[-1].picture)
        np.testing.assert_array_equal(picture(frames.get(4)), wanted[4].picture)


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 6, time_base=Fraction(1, 600), times=(0, 20, 50, 60, 90, 120))
    with Frames(path) as frames:
        assert frames.total == 6
        found = [frames.get(number) for number in range(6)]
        times = [one.time_s for one in found if one is not None]
        assert times == pytest.approx([0, 20 / 600, 50 / 600, 0.1, 0.15, 0.2])
        assert frames.sound_s is None


@pytest.mark.parametrize(
    "content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"]
)
def test_what_is_no_video_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mp4"):
        Frames(path)
    with pytest.raises(UserError, match="no such video"):
        Frames(tmp_path / "none.mp4")
    with pytest.raises(UserError, match="folder"):
        Frames(tmp_path)
