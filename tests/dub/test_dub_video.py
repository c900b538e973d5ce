"""`dub --video`: the footage with the new mouth, through the command line."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import sadtalker3d
from sadtalker3d.cli import app
from sadtalker3d.dub import Retiming
from sadtalker3d.errors import UserError
from sadtalker3d.face.video import timed_frames
from sadtalker3d.track import Track

SAMPLES = Path(__file__).parents[2] / "samples"
FRAMES = 16


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, UserError):
        return 2, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def pictures(path: Path) -> np.ndarray:
    """(T, H, W, 3) float32."""
    return np.stack([frame.picture for frame in timed_frames(path)]).astype(np.float32)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's portrait, moved a little, 320 x 320 at 30 frames a second, with a tone."""
    from PIL import Image

    from sadtalker3d.render.video import write_video

    folder = tmp_path_factory.mktemp("footage")
    tone = folder / "tone.wav"
    soundfile.write(tone, 0.1 * np.sin(np.arange(16000) * 0.3), 16000)
    photo = np.asarray(Image.open(SAMPLES / "portrait.jpg").convert("RGB").crop((80, 0, 400, 320)))
    write_video(
        folder / "film.mp4", (np.roll(photo, number // 4, axis=1) for number in range(FRAMES)), 30.0, tone
    )
    return folder / "film.mp4"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of the sample's speech."""
    values, rate = soundfile.read(SAMPLES / "speech.wav")
    path = tmp_path_factory.mktemp("words") / "words.wav"
    soundfile.write(path, values[rate : rate + rate // 2], rate)
    return path


@pytest.fixture(scope="module")
def dubbed(film: Path, words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dubbed")
    before = hashlib.sha256(film.read_bytes()).digest()
    code, said = run("dub", film, "--audio", words, "-o", folder / "new.json", "--video", folder / "new.mp4")
    assert code == 0, said
    assert "beside it: new.mp4" in said
    assert hashlib.sha256(film.read_bytes()).digest() == before, "the original is never written to"
    return folder / "new.mp4"


def test_the_footage_keeps_its_size_rate_and_length(film: Path, dubbed: Path) -> None:
    with av.open(str(dubbed)) as file:
        video = file.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (320, 320, Fraction(30))
        assert sum(1 for _ in file.decode(video)) == FRAMES
        assert len(file.streams.audio) == 1


def test_the_mouth_is_new_and_the_rest_is_not(film: Path, dubbed: Path) -> None:
    old, new = pictures(film), pictures(dubbed)
    change = np.abs(new - old).mean(axis=(0, 3))
    rows, columns = np.nonzero(change > 0.5 * change.max())
    assert 130 < rows.mean() < 170 and 100 < columns.mean() < 200, "around the mouth"
    assert change[rows, columns].mean() > 8 * change[:90].mean(), "brow and hair stay"
    far = np.concatenate([new[:, :90] - old[:, :90], new[:, 290:] - old[:, 290:]], axis=1)
    assert 10 * np.log10(255**2 / np.mean(far**2)) > 40


def test_the_track_beside_it_is_the_dub(dubbed: Path, words: Path) -> None:
    track = sadtalker3d.load(dubbed.with_suffix(".json"))
    assert track.fps == pytest.approx(30)
    assert track.audio is not None and track.audio.endswith("words.wav")
    assert track.column("jawOpen").max() > 0.05


@pytest.mark.slow
def test_one_line_leaves_the_other_frames_alone(film: Path, words: Path, tmp_path: Path) -> None:
    code, said = run(
        "dub", film, "--audio", words, "--from", 0.2, "--to", 0.4, "-o", tmp_path / "line.json", "--video",
        tmp_path / "line.mkv",
    )  # fmt: skip
    assert code == 0, said
    old, new = (
        np.stack([f.picture for f in timed_frames(p)]).astype(np.float32)
        for p in (film, tmp_path / "line.mkv")
    )
    apart = np.abs(new - old)[:, 125:185, 100:200].mean(axis=(1, 2, 3))
    assert apart[7:11].max() > 2.5 * apart[:5].max()
    assert apart[14:].max() < 1.5 * apart[:5].max() + 0.2
    assert sadtalker3d.load(tmp_path / "line.json").audio == "line.mkv", (
        "whose sound is the old one with the line"
    )


@pytest.mark.slow
def test_a_speech_that_is_longer_lets_the_footage_go_on(film: Path, tmp_path: Path) -> None:
    values, rate = soundfile.read(SAMPLES / "speech.wav")
    soundfile.write(tmp_path / "long.wav", values[: 2 * rate], rate)
    code, said = run(
        "dub",
        film,
        "--audio",
        tmp_path / "long.wav",
        "-o",
        tmp_path / "long.json",
        "--video",
        tmp_path / "long.mp4",
    )
    assert code == 0, said
    assert "is shown again" in said
    long = pictures(tmp_path / "long.mp4")
    assert len(long) == 60
    steps = np.abs(np.diff(long[:, 125:185, 100:200], axis=0)).mean(axis=(1, 2, 3))
    assert (steps > 0.05).mean() > 0.9, "never a frozen face"


def test_footage_that_is_not_there_is_said(tmp_path: Path, words: Path) -> None:
    track = Track(np.zeros((30, 64)), np.zeros((30, 3)), np.zeros((30, 3))).save(tmp_path / "take.json")
    code, said = run("dub", track, "--audio", words, "-o", tmp_path / "d.json", "--video", tmp_path / "d.mp4")
    assert code == 2 and "--video needs the footage" in said
    code, said = run("dub", track, "--audio", words, "-o", tmp_path / "d.json", "--video", tmp_path / "d.gif")
    assert code == 2 and ".gif" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["take.json"], "nothing half-written"


def test_the_footage_itself_is_never_the_output(film: Path, words: Path, tmp_path: Path) -> None:
    code, said = run("dub", film, "--audio", words, "-o", tmp_path / "d.json", "--video", film, "--force")
    assert code == 2 and "is what is being read" in said


def test_what_is_shown_follows_the_timing(film: Path) -> None:
    from types import SimpleNamespace

    from sadtalker3d.render.newmouth.dubbed_film import shown_frames

    rows = np.zeros(10, [("time_s", "f8"), ("number", "i4")])
    rows["time_s"], rows["number"] = (
        5 + np.arange(10) / 25,
        np.arange(10) + 2,
    )  # two frames before were dropped
    track = Track(np.zeros((10, 64)), np.zeros((10, 3)), np.zeros((10, 3)))
    timing = Retiming(np.array([0.0, 1.4, 8.0]), np.array([0.0, 1.4, 3.0]), np.array([0.0, 0.0, 0.25]))
    shown = list(shown_frames(timing, track, SimpleNamespace(rows=rows), 5.0))  # type: ignore[arg-type]
    assert [one.source for one in shown] == [2, 3, 10]
    assert [one.other for one in shown] == [None, None, 5]
    assert [one.share for one in shown] == [0, 0, 0.25]
    assert [round(one.time_s, 3) for one in shown] == [0, 0.04, 0.08]
