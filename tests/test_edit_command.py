"""`sadtalker3d edit` as a user meets it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d import edit
from sadtalker3d.edit.voice import voice_of_sound
from sadtalker3d.track import Track
from tests.test_cli import refused, run

TAKE = Path(__file__).parent / "data" / "speech_take.npz"


@pytest.fixture
def take(tmp_path: Path, speech: Path) -> Path:
    """A take beside its sound."""
    shutil.copy(speech, tmp_path / "speech.wav")
    return sadtalker3d.load(TAKE).replace(audio="speech.wav").save(tmp_path / "take.json")


def test_options_are_done_in_the_order_given(monkeypatch, tmp_path, take):
    given = sadtalker3d.load(take)
    steps = (
        "--gain",
        "jawOpen=2",
        "--offset",
        "jawOpen=.1",
        "--gain",
        "jawOpen=3",
        "--trim",
        "1:2",
        "--mirror",
    )
    assert run(monkeypatch, "edit", take, "-o", tmp_path / "a.json", *steps) == 0
    got = sadtalker3d.load(tmp_path / "a.json")
    expected = edit.mirror(
        edit.trim(
            edit.gain(edit.offset(edit.gain(given, {"jawOpen": 2}), {"jawOpen": 0.1}), {"jawOpen": 3}), 1, 2
        )
    )
    np.testing.assert_array_equal(got.expression, expected.expression)
    np.testing.assert_array_equal(got.rotation, expected.rotation)
    assert got.meta["edited"] == [
        "--gain jawOpen=2", "--offset jawOpen=.1", "--gain jawOpen=3", "--trim 1:2", "--mirror"
    ]  # fmt: skip


def test_the_sound_is_named_as_long_as_it_goes_with_it(monkeypatch, capsys, tmp_path, take):
    (tmp_path / "deep").mkdir()
    out = tmp_path / "deep" / "b.json"
    assert run(monkeypatch, "edit", take, "-o", out, "--trim", ":3", "--fps", "29.97") == 0
    assert sadtalker3d.load(out).audio == "../speech.wav"
    assert "30000/1001" in capsys.readouterr().err
    assert run(monkeypatch, "edit", take, "-o", out, "--force", "--trim", "1.2:3") == 0
    cut = sadtalker3d.load(out)
    assert cut.audio is None
    assert cut.meta["cut_from"] == {"audio": "../speech.wav", "start_s": 1.2}
    assert "begins 1.200 s into the sound" in capsys.readouterr().err
    assert run(monkeypatch, "edit", take, "-o", out, "--force", "--length", "9") == 0
    assert "no sound goes with the result" in capsys.readouterr().err


def test_the_part_of_the_sound_is_cut_with_it(monkeypatch, tmp_path, take, speech):
    import soundfile

    out, part = tmp_path / "p.json", tmp_path / "sounds" / "p.wav"
    steps = ("--trim", "1:5", "--trim", "0.2:2", "--emotion", "joy=.5", "--sound", part)
    assert run(monkeypatch, "edit", take, "-o", out, *steps) == 0
    got = sadtalker3d.load(out)
    assert got.audio == "sounds/p.wav"
    assert "cut_from" not in got.meta
    (whole, rate), (cut, cut_rate) = soundfile.read(speech), soundfile.read(part)
    assert rate == cut_rate
    np.testing.assert_allclose(cut, whole[round(1.2 * rate) : round(3 * rate)], atol=2 / 32768)


def test_any_sound_is_cut(monkeypatch, tmp_path, take, write_sound):
    import soundfile

    stereo = np.random.default_rng(0).uniform(-0.5, 0.5, (44100 * 7, 2))
    sadtalker3d.load(take).replace(audio="stereo.flac").save(take.parent / "s.json")
    write_sound("stereo.flac", stereo, 44100, "PCM_16")
    code = run(
        monkeypatch,
        "edit",
        tmp_path / "s.json",
        "-o",
        tmp_path / "t.json",
        "--trim",
        "2:3",
        "--sound",
        tmp_path / "t.wav",
    )
    assert code == 0
    cut, rate = soundfile.read(tmp_path / "t.wav")
    assert (rate, cut.shape) == (44100, (44100, 2))
    np.testing.assert_allclose(cut, stereo[88200:132300], atol=2 / 32768)


def test_an_emotion_hears_the_sound_even_of_a_part(monkeypatch, tmp_path, take, speech):
    from sadtalker3d.audio import open_audio
    from sadtalker3d.motion.listen import KeptMel, loudness

    assert (
        run(monkeypatch, "edit", take, "-o", tmp_path / "c.json", "--trim", "2:4", "--emotion", "joy=.6") == 0
    )
    part = edit.trim(sadtalker3d.load(take), 2, 4)
    voice = voice_of_sound(loudness(KeptMel(open_audio(speech))), part, 2.0)
    expected = edit.emotion(part, "joy", 0.6, voice=voice)
    np.testing.assert_array_equal(sadtalker3d.load(tmp_path / "c.json").expression, expected.expression)


def test_without_the_sound_it_says_what_it_did(monkeypatch, capsys, tmp_path, take):
    (tmp_path / "speech.wav").unlink()
    assert run(monkeypatch, "edit", take, "-o", tmp_path / "d.json", "--emotion", "fear=.5") == 0
    assert "guessed from the mouth" in capsys.readouterr().err


def test_keys_alone_and_with_a_track(monkeypatch, capsys, tmp_path, take):
    keys = tmp_path / "keys.json"
    assert run(monkeypatch, "edit", take, "--keys", keys, "--trim", "1:2", "--max-error", "0.2") == 0
    note = capsys.readouterr().err
    assert "keys in place of" in note and "mm off" in note
    assert json.loads(keys.read_text())["frames"] == 25
    assert not (tmp_path / "e.json").exists()
    code = run(
        monkeypatch, "edit", take, "-o", tmp_path / "e.json", "--keys", keys, "--trim", "1:2", "--force"
    )
    assert code == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "e.json"), str(keys)]


def test_two_takes_one_after_the_other(monkeypatch, capsys, tmp_path, take):
    code = run(monkeypatch, "edit", take, "-o", tmp_path / "f.json", "--join", take, "--crossfade", "0.4")
    assert code == 0
    got = sadtalker3d.load(tmp_path / "f.json")
    assert len(got) == 2 * 151 - 10
    assert got.audio == "speech.wav"
    assert "ends with it, at 6.04 s" in capsys.readouterr().err


def test_the_same_seed_is_the_same_bytes(monkeypatch, tmp_path, take):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        steps = ("--emotion", "anger=.5", "--gaze", "wander", "--blinks", "20", "--seed", seed)
        assert run(monkeypatch, "edit", take, "-o", tmp_path / f"{name}.json", *steps) == 0
    a, b, c = ((tmp_path / f"{name}.json").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "OUT", "--gain", "jaw0pen=1"), ("--gain jaw0pen=1", "did you mean jawOpen")),
        (("-o", "OUT", "--gain", "mouth=nan"), ("not a finite number",)),
        (("-o", "OUT", "--trim", "7:9"), ("no frame lies between", "6.04 s long")),
        (("-o", "OUT", "--join", "none.json"), ("none.json", "no such file")),
        (("-o", "OUT", "--fps", "0"), ("not possible",)),
        (("-o", "OUT"), ("no edit is asked for", "--help")),
        ((), ("-o NEW.json", "--keys")),
        (("-o", "x.glb", "--mirror"), ("x.glb", "`export`")),
        (("--keys", "x.csv"), ("x.csv", ".json")),
        (("--keys", "OUT", "--max-error", "0"), ("0.0 mm", "above 0")),
        (("-o", "OUT", "--keys", "OUT", "--mirror"), ("named for two results",)),
        (("-o", "OUT", "--mirror", "--sound", "x.mp3"), ("x.mp3", ".wav")),
        (("-o", "OUT", "--loop", "2", "--sound", "x.wav"), ("no sound goes with the result",)),
        (("-o", "TAKE", "--mirror", "--force"), ("is what is being read",)),
    ],
)
def test_bad_input_is_one_sentence(monkeypatch, capsys, tmp_path, take, arguments, words):
    before = take.read_bytes()
    out = tmp_path / "out.json"
    arguments = [{"OUT": out, "TAKE": take}.get(argument, argument) for argument in arguments]
    refused(capsys, run(monkeypatch, "edit", take, *arguments), *words)
    assert not out.exists()
    assert take.read_bytes() == before


def test_a_track_of_nans_or_of_another_space(monkeypatch, capsys, tmp_path, take):
    text = take.read_text()
    bad = tmp_path / "bad.json"
    bad.write_text(text.replace('"expression": [[0.0', '"expression": [[NaN', 1))
    refused(
        capsys, run(monkeypatch, "edit", bad, "-o", tmp_path / "o.json", "--mirror"), "bad.json", "frame 0"
    )
    (tmp_path / "empty.json").write_text("")
    code = run(monkeypatch, "edit", tmp_path / "empty.json", "-o", tmp_path / "o.json", "--mirror")
    refused(capsys, code, "empty.json", "is empty")
    basel = Track(np.zeros((4, 64)), *[np.zeros((4, 3))] * 2, space="basel").save(tmp_path / "basel.json")
    code = run(monkeypatch, "edit", basel, "-o", tmp_path / "o.json", "--emotion", "joy=.5")
    refused(capsys, code, "basel.json", "'open' space")


def test_one_frame_and_very_many(monkeypatch, tmp_path, take):
    steps = ("--emotion", "joy=.5", "--gaze", "camera", "--blinks", "15", "--mirror", "--smooth", "0.1")
    assert run(monkeypatch, "edit", take, "-o", tmp_path / "g.json", "--trim", "1:1.04", *steps) == 0
    assert len(sadtalker3d.load(tmp_path / "g.json")) == 1
    long = Track(np.zeros((100_000, 64)), *[np.zeros((100_000, 3))] * 2).save(tmp_path / "long.npz")
    code = run(monkeypatch, "edit", long, "-o", tmp_path / "h.npz", *steps, "--fps", "24", "--loop", "1")
    assert code == 0
    assert len(sadtalker3d.load(tmp_path / "h.npz")) == 96_000 - 12
