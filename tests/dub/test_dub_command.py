"""Dubbing through the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib
import pytest
import soundfile
from typer.testing import CliRunner

import sadtalker3d
from sadtalker3d.cli import app
from sadtalker3d.dub.lines import read_lines
from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.track import Track

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"


@pytest.fixture
def old(tmp_path: Path, performance) -> Path:
    rate = 22050
    soundfile.write(tmp_path / "old.wav", 0.1 * np.sin(np.arange(8 * rate) * 0.1), rate)
    return performance.save(tmp_path / "take.json")


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    error = result.exception
    if isinstance(error, UserError):
        return 2, str(error)
    return result.exit_code, result.output


@pytest.mark.slow
def test_a_whole_dub_and_a_line(old: Path, tmp_path: Path, performance):
    code, said = run("dub", old, "--audio", SPEECH, "-o", tmp_path / "new.json", "--fit", "stretch")
    assert code == 0, said
    whole = sadtalker3d.load(tmp_path / "new.json")
    words = sadtalker3d.Talker().animate(SPEECH, still=True)
    assert len(whole) == len(words)
    np.testing.assert_allclose(whole.column("jawOpen"), words.column("jawOpen"), atol=0.02)
    assert whole.audio is not None and whole.audio.endswith("speech.wav")

    code, said = run(
        "dub", old, "--audio", SPEECH, "--from", 3, "--to", 5,
        "-o", tmp_path / "line.json", "--sound", tmp_path / "line.wav",
    )  # fmt: skip
    assert code == 0, said
    line = sadtalker3d.load(tmp_path / "line.json")
    assert line.audio == "line.wav"
    np.testing.assert_array_equal(line.expression[:75], performance.expression[:75])
    sound, rate = soundfile.read(tmp_path / "line.wav", always_2d=True)
    before, _ = soundfile.read(tmp_path / "old.wav", always_2d=True)
    assert len(sound) == pytest.approx(8 * rate, abs=2)
    if rate == 22050:
        np.testing.assert_allclose(sound[: 3 * rate, 0], before[: 3 * rate, 0], atol=1e-4)


@pytest.mark.slow
def test_a_character_says_it_too(old: Path, tmp_path: Path):
    avatar = gltf.write(sadtalker3d.load(old), tmp_path / "avatar.glb")
    code, said = run("dub", old, "--audio", SPEECH, "-o", tmp_path / "new.json", "--onto", avatar)
    assert code == 0 and "beside it: new.glb" in said, said
    names = [animation.name for animation in pygltflib.GLTF2().load(str(tmp_path / "new.glb")).animations]
    assert names[-1] == "new"
    (tmp_path / "no.glb").write_bytes(b"glTF")
    code, said = run("dub", old, "--audio", SPEECH, "-o", tmp_path / "b.json", "--onto", tmp_path / "no.glb")
    assert code == 2 and "no.glb" in said and not (tmp_path / "b.json").exists()


@pytest.mark.slow
def test_lines_from_a_table(old: Path, tmp_path: Path):
    table = tmp_path / "lines.csv"
    table.write_text(f"start;file;end\n0:04,5;{SPEECH};7\n0,5;{SPEECH};2,5\n")
    code, said = run("dub", old, "--lines", table, "-o", tmp_path / "new.json")
    assert code == 0, said
    assert "names no sound; --sound" in said
    new, before = sadtalker3d.load(tmp_path / "new.json"), sadtalker3d.load(old)
    same = (new.expression == before.expression).all(axis=1)
    assert same[:12].all() and same[63:112].all() and same[176:].all()
    assert not same[20:60].any()


def test_times_in_a_table(tmp_path: Path):
    table = tmp_path / "lines.csv"
    table.write_text("\ufeffStart,File\n1:02.5,b.wav\n3,a.wav\n\n")
    assert [(line.start_s, line.sound.name) for line in read_lines(table)] == [(3, "a.wav"), (62.5, "b.wav")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,end\na.wav,3\n", "no column 'start'"),
        ("start,file\nsoon,a.wav\n", "line 2: 'soon' is no time"),
        ("start,file\n3,\n", "line 2: names no sound file"),
        ("start,file,end\n3,a.wav,2\n", "line 2: ends at 2 s, which is not after"),
        ("start,file\n", "holds no line"),
    ],
)
def test_a_bad_table_is_said(tmp_path: Path, text: str, says: str):
    table = tmp_path / "lines.csv"
    table.write_text(text)
    with pytest.raises(UserError, match=says):
        read_lines(table)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--audio", SPEECH, "-o", "new.txt"], "is written as .json or .npz"),
        (["-o", "new.json"], "name either the new speech with --audio or"),
        (
            ["--audio", SPEECH, "--from", 2, "--fit", "stretch", "-o", "new.json"],
            "--fit stretch is for a whole",
        ),
        (["--audio", SPEECH, "--sound", "new.mp3", "-o", "new.json"], "the sound is written as .wav"),
        (["--audio", "nowhere.wav", "-o", "new.json"], "nowhere.wav"),
    ],
)
def test_bad_inputs_leave_nothing(old: Path, tmp_path: Path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, said = run("dub", old, *words)
    assert code == 2 and says in said
    assert sorted(tmp_path.iterdir()) == before


def test_a_broken_video_and_another_space_are_refused(tmp_path: Path, performance):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x")
    assert "not a video" in run("dub", film, "--audio", SPEECH, "-o", tmp_path / "n.json")[1]
    basel = Track(performance.expression, performance.rotation, performance.translation, space="basel")
    code, said = run("dub", basel.save(tmp_path / "b.json"), "--audio", SPEECH, "-o", tmp_path / "n.json")
    assert code == 2 and "needs a track in the 'open' space" in said and "b.json" in said
