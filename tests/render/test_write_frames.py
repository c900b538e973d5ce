"""Every kind of output: sound in step, transparency that comes back, nothing half-written."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.write_frames import check_frames_output, write_frames
from sadtalker3d.track import Track
from tests.render.test_video import click, flash

VIDEOS = [".mp4", ".webm", ".mov"]


def see_through(frames: int) -> Iterator[np.ndarray]:
    """A red square on nothing, half there in its right half; beyond it the colour goes on."""
    for _ in range(frames):
        picture = np.zeros((64, 96, 4), np.uint8)
        picture[..., :3] = (200, 40, 40)
        picture[16:48, 16:48, 3], picture[16:48, 48:80, 3] = 255, 128
        yield picture


def sound_of(path: Path) -> tuple[np.ndarray, int, float]:
    """(n,) samples of the first channel in -1..1, their rate, and the time of the first."""
    with av.open(str(path)) as file:
        rate_hz = file.streams.audio[0].codec_context.sample_rate
        frames = list(file.decode(audio=0))
    whole = 32768 if frames[0].format.name.startswith("s16") else 1
    first = [frame.to_ndarray().reshape(-1) for frame in frames]  # the tests' sounds are mono
    return np.concatenate(first) / whole, rate_hz, float(frames[0].time)


def decoded(path: Path) -> list[np.ndarray]:
    """(H, W, 4) frames; VP9 by libvpx, because FFmpeg's own decoder leaves the alpha out."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if stream.codec_context.name != "vp9":
            return [frame.to_ndarray(format="rgba") for frame in file.decode(stream)]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        return [f.to_ndarray(format="rgba") for packet in file.demux(stream) for f in decoder.decode(packet)]


@pytest.mark.parametrize("ending", VIDEOS)
@pytest.mark.parametrize(("rate_hz", "fps"), [(44100, 25), (16000, 30)])
def test_click_and_flash_coincide_in_every_kind(tmp_path: Path, ending: str, rate_hz: int, fps: int) -> None:
    sound = click(tmp_path / "click.wav", at_s=1.2, length_s=5.0, rate_hz=rate_hz)
    out = tmp_path / f"out{ending}"
    frames = 2 * fps
    assert write_frames(out, flash(frames, at=round(1.2 * fps)), fps, sound) == frames
    with av.open(str(out)) as file:
        shown = [(float(f.time), f.to_ndarray(format="gray").mean()) for f in file.decode(video=0)]
    assert len(shown) == frames
    assert shown[0][0] == 0.0
    # Matroska counts in milliseconds
    assert [t for t, brightness in shown if brightness > 128] == [pytest.approx(1.2, abs=0.0006)]
    samples, rate, start_s = sound_of(out)
    assert start_s == 0.0
    assert np.flatnonzero(np.abs(samples) > 0.2)[0] / rate == pytest.approx(1.2, abs=0.003)
    # AAC's last block is filled up when decoded; the file says where it ends, see test_video
    assert 0 <= len(samples) / rate - 2.0 < 1024 / rate + 1e-9


@pytest.mark.parametrize("ending", [".webm", ".mov"])
def test_transparency_comes_back(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out{ending}"
    write_frames(out, see_through(6), 25)
    (given,) = see_through(1)
    back = decoded(out)
    assert len(back) == 6
    inside = np.s_[20:44, 20:44]
    for frame in back:
        difference = frame.astype(int) - given
        assert np.abs(difference[..., 3]).mean() < 2  # codecs ring a little at sharp edges
        assert np.abs(difference[inside]).max() <= 6
        edge = frame[20:44, 14:18, :3].astype(int)
        assert np.abs(edge - (200, 40, 40)).max() < 12  # no dark fringe


@pytest.mark.parametrize("ending", [*VIDEOS[1:], ""])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    sound = click(tmp_path / "click.wav", at_s=0.1, length_s=1.0)
    outs = []
    for name in "ab":
        write_frames(tmp_path / f"{name}{ending}", see_through(12), 25, sound)
        made = tmp_path / f"{name}{ending}"
        outs.append([f.read_bytes() for f in (sorted(made.iterdir()) if made.is_dir() else [made])])
    assert outs[0] == outs[1]


@pytest.mark.parametrize("name", ["a.webm", "a.mov", "new/folder", "b_%03d.png"])
def test_a_failing_renderer_leaves_nothing_and_what_was_there(tmp_path: Path, name: str) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield from flash(3, at=1)
        raise UserError("the renderer stopped")

    (tmp_path / "b_001.png").write_text("mine")
    with pytest.raises(UserError, match="stopped"):
        write_frames(tmp_path / name, frames(), 25)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("b_001.png", "mine")]


def test_an_mp4_holds_no_transparency(tmp_path: Path) -> None:
    for refuse in (
        lambda: check_frames_output(tmp_path / "a.mp4", see_through=True),
        lambda: write_frames(tmp_path / "a.mp4", see_through(2), 25),
    ):
        with pytest.raises(UserError, match=r"a\.mp4.*\.webm"):
            refuse()
    with pytest.raises(UserError, match=r"a\.gif.*\.mp4, \.webm"):
        check_frames_output(tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


# `preview` with a renderer that needs no OpenGL and never ends by itself; it says when frames are flowing
ENDLESS = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in a shell's background
import numpy as np
import sadtalker3d.render.preview as preview
class Endless:
    def __init__(self, *_, **__): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def render(self, track):
        for i in range(len(track)):
            if i == 20: print("drawing", flush=True)
            yield np.zeros((64, 64, 3), np.uint8)
            time.sleep(0.01)
preview.Preview = Endless
from sadtalker3d.cli import main
sys.argv = ["sadtalker3d", "preview", *sys.argv[1:]]
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to the whole console")
@pytest.mark.parametrize("name", ["out/a.mp4", "out/a.webm", "out/pictures"])
def test_ctrl_c_leaves_nothing(tmp_path: Path, name: str) -> None:
    long = Track(np.zeros((30000, 64)), np.zeros((30000, 3)), np.zeros((30000, 3)))
    long.save(tmp_path / "take.npz")
    child = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, "take.npz", "-o", name], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "drawing\n"
        child.send_signal(signal.SIGINT)
        _, error = child.communicate(timeout=20)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Traceback" not in error
    assert [line for line in error.splitlines() if line.startswith("sadtalker3d:")] == [
        "sadtalker3d: interrupted; the unfinished output is removed"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["take.npz"]
