"""Sound of every kind is read, streamed exactly, and refused in one sentence when it is not sound."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sadtalker3d import mel
from sadtalker3d.audio import (
    frame_count,
    frame_windows,
    mel_blocks,
    mel_spectrogram,
    open_audio,
    window_blocks,
)
from sadtalker3d.errors import UserError

CONFORMANCE = Path(__file__).parent / "data" / "conformance"
RATE_HZ = 16000


def tone(seconds: float, rate_hz: int = RATE_HZ, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def pieces(wave: np.ndarray, seed: int = 0, count: int = 9) -> list[np.ndarray]:
    return np.split(wave, np.sort(np.random.default_rng(seed).integers(0, len(wave), count)))


def written(path: Path, wave: np.ndarray, rate_hz: int = RATE_HZ, subtype: str | None = None) -> Path:
    soundfile.write(path, wave, rate_hz, subtype=subtype)
    return path


def write_video(path: Path, wave: np.ndarray, rate_hz: int, sound: bool = True) -> Path:
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 64
        audio = container.add_stream("aac", rate=rate_hz) if sound else None
        for _ in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate_hz, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


class TestMel:
    def test_equals_upstream(self) -> None:
        data = np.load(CONFORMANCE / "mel_synth.npz")
        result = mel_spectrogram(data["wav"][: data["wav_crop_len"]])
        np.testing.assert_allclose(result, data["mel"], atol=1e-5)
        np.testing.assert_allclose(mel.mel_filters(), data["mel_basis"], atol=1e-7)

    def test_windows_and_length_are_upstreams(self) -> None:
        data = np.load(CONFORMANCE / "mel_synth.npz")
        frames = int(data["num_frames"])
        columns = np.tile(np.arange(data["mel"].shape[1]), (80, 1))
        np.testing.assert_array_equal(frame_windows(columns, 0, frames)[:, 0, 0], data["window_idx"])
        assert [frame_count(n) for n in data["parse_len_in"]] == data["parse_len_out"][:, 1].tolist()

    @pytest.mark.parametrize("samples", [640, 700, 1280, 5000, 34080])
    def test_pieces_give_the_same_as_the_whole(self, samples: int) -> None:
        wave = np.load(CONFORMANCE / "mel_synth.npz")["wav"][:samples]
        whole = mel_spectrogram(wave[: samples // 640 * 640])
        np.testing.assert_allclose(np.concatenate(list(mel_blocks(pieces(wave))), axis=1), whole, atol=1e-6)
        for frames in (1, 7, 250):
            blocks = list(window_blocks(mel_blocks(pieces(wave, frames)), frames))
            windows = frame_windows(whole, 0, samples // 640)
            np.testing.assert_allclose(np.concatenate(blocks), windows, atol=1e-6)

    @pytest.mark.parametrize("frames", [1, 2, 13, 33, 100])
    def test_any_length_is_librosas(self, frames: int) -> None:
        import librosa
        from scipy.signal import lfilter

        wave = np.random.default_rng(frames).normal(0, 0.1, 640 * frames)
        filters = librosa.filters.mel(sr=RATE_HZ, n_fft=800, n_mels=80, fmin=55, fmax=7600)
        edges = np.pad(lfilter([1, -0.97], [1], wave), 400)
        spectrum = np.abs(librosa.stft(edges, n_fft=800, hop_length=200, center=False))
        loudness_db = 20 * np.log10(np.maximum(1e-5, filters @ spectrum)) - 20
        expected = np.clip(8 * (loudness_db + 100) / 100 - 4, -4, 4)
        np.testing.assert_allclose(mel_spectrogram(wave), expected, atol=1e-5)

    def test_silence_is_the_floor(self) -> None:
        assert (mel_spectrogram(np.zeros(6400)) == -4).all()


class TestReading:
    @pytest.mark.parametrize(
        ("name", "rate_hz", "channels", "subtype"),
        [
            ("8 bit.wav", 8000, 1, "PCM_U8"),
            ("24 bit.wav", 96000, 2, "PCM_24"),
            ("surround.wav", 48000, 6, "PCM_16"),
            ("float.wav", 44100, 1, "FLOAT"),
            ("telephone.wav", 8000, 1, "ULAW"),
            ("größe 音.flac", 22050, 1, None),
            ("vorbis.ogg", 44100, 2, None),
            ("music.mp3", 44100, 2, None),
        ],
    )
    def test_any_format_rate_and_channel_count(
        self, tmp_path: Path, name: str, rate_hz: int, channels: int, subtype: str | None
    ) -> None:
        wave = np.repeat(tone(1.5, rate_hz)[:, None], channels, axis=1)
        result = open_audio(written(tmp_path / name, wave, rate_hz, subtype)).read()
        assert abs(len(result) - 24000) <= 2
        middle = slice(4000, 20000)
        # telephone and 8-bit sound carry about 1 % of noise
        np.testing.assert_allclose(result[middle], tone(1.5)[middle], atol=0.03)

    def test_channels_are_averaged(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.wav", np.stack([tone(0.1), np.zeros(1600)], axis=1), subtype="FLOAT")
        np.testing.assert_allclose(open_audio(path).read(), tone(0.1) / 2, atol=1e-7)

    def test_video(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        wave = np.convolve(rng.standard_normal(88200), np.ones(40) / 160, "same").astype(np.float32)
        result = open_audio(write_video(tmp_path / "talk.mp4", wave, 44100)).read()
        assert abs(len(result) - 32000) <= 1  # the packets that AAC fills up are cut again
        expected = open_audio(written(tmp_path / "a.wav", wave, 44100)).read()
        lags = np.correlate(result[4000:12000], expected[4040:11960])
        assert np.argmax(lags) == 40
        assert np.corrcoef(result[4000:12000], expected[4000:12000])[0, 1] > 0.98

    def test_resampling_in_pieces_is_resampling_whole(self, tmp_path: Path) -> None:
        import soxr

        rng = np.random.default_rng(1)
        wave = rng.uniform(-0.5, 0.5, 44100 * 25).astype(np.float32)
        result = open_audio(written(tmp_path / "a.wav", wave, 44100, "FLOAT")).read()
        whole = soxr.resample(wave, 44100, RATE_HZ)
        assert abs(len(result) - len(whole)) <= 1
        np.testing.assert_allclose(result[: len(whole)], whole[: len(result)], atol=1e-5)

    def test_truncated_files_give_what_is_there(self, tmp_path: Path) -> None:
        for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
            whole = written(tmp_path / name, tone(20, 44100), 44100).read_bytes()
            cut = tmp_path / f"cut {name}"
            cut.write_bytes(whole[: len(whole) // 2])
            assert 8 < len(open_audio(cut).read()) / RATE_HZ < 12, name

    def test_a_damaged_mp3_prints_nothing(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        whole = written(tmp_path / "a.mp3", tone(2, 44100), 44100).read_bytes()
        (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
        open_audio(tmp_path / "cut.mp3").read()
        (tmp_path / "cut.mp3").write_bytes(whole[:100])
        with pytest.raises(UserError):
            open_audio(tmp_path / "cut.mp3")
        assert capfd.readouterr() == ("", "")

    def test_an_hour_streams(self, tmp_path: Path) -> None:
        path = tmp_path / "hour.wav"
        with soundfile.SoundFile(path, "w", 8000, 1, "PCM_U8") as file:
            for _ in range(60):
                file.write(tone(60, 8000))
        blocks = open_audio(path).blocks()
        next(blocks)
        tracemalloc.start()
        try:
            assert sum(map(len, blocks)) > 3580 * RATE_HZ
            assert tracemalloc.get_traced_memory()[1] < 20e6
        finally:
            tracemalloc.stop()


def bad_files(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "missing.wav", "no such"
    yield folder, "folder"
    yield folder / ("x" * 300), "too long"
    empty = folder / "empty.wav"
    empty.touch()
    yield empty, "is empty"
    text = folder / "text.wav"
    text.write_text("This is not sound.\n" * 50)
    yield text, "not a sound"
    playlist = folder / "list.wav"
    real = written(folder / "real.wav", tone(1))
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{real}\n#EXT-X-ENDLIST\n")
    yield playlist, "not a sound"
    concat = folder / "list.mp4"
    concat.write_text(f"ffconcat version 1.0\nfile '{real}'\n")
    yield concat, "not a sound"
    header = folder / "header only.wav"
    header.write_bytes(real.read_bytes()[:44])
    yield header, "no sound"
    cut = folder / "cut header.wav"
    cut.write_bytes(real.read_bytes()[:20])
    yield cut, "not a sound"
    video = write_video(folder / "video.mp4", tone(1), RATE_HZ, sound=False)
    yield video, "no sound track"
    broken = folder / "broken.mp4"
    broken.write_bytes(write_video(folder / "v.mp4", tone(1), RATE_HZ).read_bytes()[:2000])
    yield broken, "not a sound"
    yield written(folder / "short.wav", tone(0.039)), "39 ms"
    wave = tone(3)
    wave[RATE_HZ * 2] = np.nan
    yield written(folder / "nan.wav", wave, subtype="FLOAT"), "2.00 s"
    wave[RATE_HZ * 1] = np.inf
    yield written(folder / "inf.wav", wave, subtype="FLOAT"), "1.00 s"


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    for path, what in bad_files(tmp_path):
        with pytest.raises(UserError, match=what) as caught:
            open_audio(path).read()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
