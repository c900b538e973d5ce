import wave
import weakref
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.render.video import write_video


def flash(frames: int, at: int, size: tuple[int, int] = (64, 96)) -> Iterator[np.ndarray]:
    for i in range(frames):
        yield np.full((*size, 3), 255 if i == at else 16, np.uint8)


def click(path: Path, *, at_s: float, length_s: float, rate_hz: int = 44100, channels: int = 1) -> Path:
    samples = np.zeros((round(length_s * rate_hz), channels), "<i2")
    samples[round(at_s * rate_hz) :][: rate_hz // 500] = 28000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return path


def sound_of(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as file:
        rate = file.streams.audio[0].codec_context.sample_rate
        return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1), rate


@pytest.mark.parametrize(("rate_hz", "channels"), [(44100, 1), (8000, 1), (16000, 2), (96000, 6)])
def test_click_and_flash_coincide(tmp_path: Path, rate_hz: int, channels: int) -> None:
    # the flash is shown from 1.2 s on, the click starts at 1.2 s
    sound = click(tmp_path / "click.wav", at_s=1.2, length_s=5.0, rate_hz=rate_hz, channels=channels)
    out = tmp_path / "out.mp4"
    assert write_video(out, flash(50, at=30), 25, sound) == 50
    with av.open(str(out)) as file:
        shown = [(float(f.time), f.to_ndarray(format="gray").mean()) for f in file.decode(video=0)]
    assert len(shown) == 50
    assert [time for time, brightness in shown if brightness > 128] == [pytest.approx(1.2)]
    samples, rate = sound_of(out)
    assert len(samples) == (2 if channels == 2 else 1)
    start = np.flatnonzero(np.abs(samples[0]) > 0.2)[0] / rate
    assert start == pytest.approx(1.2, abs=0.003)


@pytest.mark.parametrize("ending", ["mkv", "mov", "webm"])
def test_they_coincide_in_every_kind_of_file(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    write_video(out, flash(20, at=10), 25, click(tmp_path / "click.wav", at_s=0.4, length_s=1.0))
    with av.open(str(out)) as file:
        shown = [(float(f.time), f.to_ndarray(format="gray").mean()) for f in file.decode(video=0)]
    (flashed,) = [time for time, brightness in shown if brightness > 128]
    with av.open(str(out)) as file:
        for frame in file.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(np.float64)).max(axis=0)
            loud = np.flatnonzero(samples > (0.2 if frame.format.name.startswith("flt") else 6000))
            if len(loud):
                assert float(frame.time) + loud[0] / frame.sample_rate == pytest.approx(flashed, abs=0.003)
                return
    raise AssertionError("no click")


def test_an_array_may_be_drawn_on_again(tmp_path: Path) -> None:
    def same_array() -> Iterator[np.ndarray]:
        picture = np.empty((64, 96, 3), np.uint8)
        for frame in flash(40, at=20):
            picture[:] = frame
            yield picture

    write_video(tmp_path / "fresh.mp4", flash(40, at=20), 25)
    write_video(tmp_path / "same.mp4", same_array(), 25)
    assert (tmp_path / "same.mp4").read_bytes() == (tmp_path / "fresh.mp4").read_bytes()


@pytest.mark.parametrize("length_s", [0.3, 2.0, 9.0])
def test_sound_is_as_long_as_the_pictures(tmp_path: Path, length_s: float) -> None:
    sound = click(tmp_path / "click.wav", at_s=0.1, length_s=length_s)
    out = tmp_path / "out.mp4"
    write_video(out, flash(33, at=3), 25, sound)
    with av.open(str(out)) as file:
        for stream in file.streams:
            assert float(stream.duration * stream.time_base) == pytest.approx(33 / 25, abs=1e-6)


def test_colours_are_bt709(tmp_path: Path) -> None:
    # ITU-R BT.709, limited range: pure red is Y 63, Cb 102, Cr 240
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    write_video(tmp_path / "red.mp4", iter([red] * 3), 25)
    with av.open(str(tmp_path / "red.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (
            1,
            1,
            1,
            1,
        )
        assert context.pix_fmt == "yuv420p"
        planes = next(file.decode(video=0)).to_ndarray()
    assert planes[:32].mean() == pytest.approx(63, abs=1.5)
    assert planes[32:40].mean() == pytest.approx(102, abs=1.5)
    assert planes[40:].mean() == pytest.approx(240, abs=1.5)


def test_odd_sizes_grow_by_a_pixel(tmp_path: Path) -> None:
    write_video(tmp_path / "odd.mp4", flash(3, at=1, size=(33, 51)), 25)
    with av.open(str(tmp_path / "odd.mp4")) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (52, 34)


def test_the_index_comes_first(tmp_path: Path) -> None:
    # a browser can begin to play before it has all of the file
    write_video(tmp_path / "a.mp4", flash(20, at=1), 25)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_same_input_same_bytes(tmp_path: Path) -> None:
    sound = click(tmp_path / "click.wav", at_s=0.1, length_s=1.0)
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, flash(25, at=4), 25, sound)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_frames_are_let_go_one_at_a_time(tmp_path: Path) -> None:
    given: list[weakref.ref[np.ndarray]] = []

    def frames() -> Iterator[np.ndarray]:
        for _ in range(60):
            picture = np.zeros((32, 32, 3), np.uint8)
            given.append(weakref.ref(picture))
            yield picture
            del picture
            assert sum(ref() is not None for ref in given) <= 2  # the last, and the first for its size

    write_video(tmp_path / "a.mp4", frames(), 25)
    assert len(given) == 60


def test_nan_samples_become_silence(tmp_path: Path) -> None:
    import soundfile

    samples = np.full(16000, np.nan, np.float32)
    soundfile.write(tmp_path / "nan.wav", samples, 16000, subtype="FLOAT")
    write_video(tmp_path / "a.mp4", flash(20, at=1), 25, tmp_path / "nan.wav")
    assert np.abs(sound_of(tmp_path / "a.mp4")[0]).max() < 1e-3


def test_bad_sound_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    fake = tmp_path / "fake.wav"
    fake.write_text("this is no sound")
    with pytest.raises(UserError, match=r"fake\.wav"):
        write_video(tmp_path / "a.mp4", flash(5, at=1), 25, fake)
    write_video(tmp_path / "mute.mp4", flash(5, at=1), 25)
    with pytest.raises(UserError, match=r"mute\.mp4: has no sound"):
        write_video(tmp_path / "a.mp4", flash(5, at=1), 25, tmp_path / "mute.mp4")
    with pytest.raises(UserError, match="no frames"):
        write_video(tmp_path / "a.mp4", iter(()), 25)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fake.wav", "mute.mp4"]


@pytest.mark.parametrize("name", ["cut.flac", "cut.wav", "cut.mp3"])
def test_what_a_cut_off_sound_holds_is_kept(tmp_path: Path, name: str) -> None:
    import soundfile

    noise = np.random.default_rng(0).normal(0, 0.1, 32000)
    whole = tmp_path / f"whole{Path(name).suffix}"
    soundfile.write(whole, noise, 16000)
    (tmp_path / name).write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    write_video(tmp_path / "a.mp4", flash(50, at=1), 25, tmp_path / name)
    samples, rate = sound_of(tmp_path / "a.mp4")
    assert np.std(samples[0, : rate // 2]) == pytest.approx(0.1, rel=0.2)
    assert np.abs(samples[0, round(1.5 * rate) :]).max() < 0.01


def test_an_mp3_starts_where_the_track_heard_it_start(tmp_path: Path) -> None:
    import soundfile

    from sadtalker3d.audio import open_audio

    click(tmp_path / "click.wav", at_s=0.5, length_s=2.0)
    soundfile.write(tmp_path / "click.mp3", *soundfile.read(tmp_path / "click.wav"))
    write_video(tmp_path / "a.mp4", flash(50, at=1), 25, tmp_path / "click.mp3")
    samples, rate = sound_of(tmp_path / "a.mp4")
    heard = open_audio(tmp_path / "click.mp3").read()
    assert np.abs(samples[0]).argmax() / rate == pytest.approx(np.abs(heard).argmax() / 16000, abs=0.004)


def test_a_failing_renderer_leaves_nothing(tmp_path: Path) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield np.zeros((32, 32, 3), np.uint8)
        raise RuntimeError("the renderer died")

    with pytest.raises(RuntimeError, match="died"):
        write_video(tmp_path / "a.mp4", frames(), 25)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_video(tmp_path / "out" / "a.mp4", flash(3, at=1), 25)
