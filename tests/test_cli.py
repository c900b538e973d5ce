"""The command line as a user meets it: what works, and one clear sentence for what does not."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

import sadtalker3d
from sadtalker3d import cli
from sadtalker3d.track import Track


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command in this process; its exit code."""
    monkeypatch.setattr("sys.argv", ["sadtalker3d", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> None:
    """Exit code 2 and one line on standard error that holds the words."""
    error = capsys.readouterr().err
    assert code == 2, error
    lines = [line for line in error.splitlines() if line.startswith("sadtalker3d:")]
    assert len(lines) == 1 and "Traceback" not in error, error
    for word in words:
        assert word in lines[0], lines[0]


@pytest.mark.slow
def test_talk_makes_every_file_and_keeps_what_is_there(monkeypatch, capsys, tmp_path, portrait, speech):
    out = tmp_path / "a folder ü"
    assert run(monkeypatch, "talk", portrait, speech, "-o", out, "--size", 128) == 0
    printed = capsys.readouterr()
    assert [Path(line).name for line in printed.out.splitlines()] == [
        "speech.json", "speech.glb", "speech.csv", "speech.mp4",
    ]  # fmt: skip
    take = sadtalker3d.load(out / "speech.json")
    assert len(take) == 151  # int(6.05 s * 25)
    assert (out / take.audio).resolve() == speech.resolve()
    before = {path: path.read_bytes() for path in out.iterdir()}
    refused(capsys, run(monkeypatch, "talk", portrait, speech, "-o", out), "speech.json", "--force")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_talk_needs_a_face(monkeypatch, capsys, tmp_path, speech):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 120, np.uint8))
    code = run(monkeypatch, "talk", tmp_path / "wall.png", speech, "-o", tmp_path / "out")
    refused(capsys, code, "wall.png", "no face found")
    assert not (tmp_path / "out").exists()


def test_animate_is_the_same_bytes_for_the_same_seed(monkeypatch, tmp_path, speech):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run(monkeypatch, "animate", speech, "-o", tmp_path / f"{name}.json", "--seed", seed) == 0
    a, b, c = ((tmp_path / f"{name}.json").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("eight bit.wav", 16000, 1, "PCM_U8"),
        ("telephone.wav", 8000, 1, "PCM_16"),
        ("studio.flac", 96000, 1, "PCM_24"),
        ("surround.wav", 48000, 6, "PCM_16"),
        ("ключ голос.ogg", 44100, 2, "VORBIS"),
    ],
)
def test_any_sound_works(monkeypatch, tmp_path, write_sound, name, rate, channels, subtype):
    rng = np.random.default_rng(0)
    sound = write_sound(name, rng.normal(0, 0.1, (rate, channels)), rate, subtype)
    assert run(monkeypatch, "animate", sound, "-o", tmp_path / "take.json") == 0
    assert len(sadtalker3d.load(tmp_path / "take.json")) == 25


def test_silence_leaves_the_mouth_closed(monkeypatch, tmp_path, write_sound):
    sound = write_sound("silent.wav", np.zeros(32000))
    assert run(monkeypatch, "animate", sound, "-o", tmp_path / "take.json") == 0
    take = sadtalker3d.load(tmp_path / "take.json")
    mouth = [n for n in take.names if n.startswith(("mouth", "jaw", "tongue", "teeth"))]
    assert max(np.abs(take.column(n)).max() for n in mouth) < 0.02


def make_bad_sound(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.wav"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("This is not a recording.\n" * 50)
    elif kind == "header only":
        path.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    elif kind == "not a number":
        import soundfile

        samples = np.zeros(16000, dtype=np.float32)
        samples[8000] = np.nan
        soundfile.write(path, samples, 16000, subtype="FLOAT")
    elif kind == "too short":
        import soundfile

        soundfile.write(path, np.zeros(100), 16000)
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "header only", "not a number", "too short"])
def test_bad_sound_is_one_sentence_and_leaves_nothing(monkeypatch, capsys, tmp_path, portrait, kind):
    sound = make_bad_sound(kind, tmp_path)
    for command in (("animate", sound, "-o", tmp_path / "out" / "take.json"),
                    ("talk", portrait, sound, "-o", tmp_path / "out")):  # fmt: skip
        refused(capsys, run(monkeypatch, *command), f"{kind}.wav")
        assert not list((tmp_path / "out").glob("*"))


def test_unknown_style_names_the_range(monkeypatch, capsys, tmp_path, speech):
    refused(capsys, run(monkeypatch, "animate", speech, "-o", tmp_path / "t.json", "--style", 46), "46", "45")
    refused(capsys, run(monkeypatch, "animate", speech, "-o", tmp_path / "t.json", "--style", -1), "-1")
    assert not list(tmp_path.glob("t*"))


def test_styles_are_listed_by_name(monkeypatch, capsys):
    assert run(monkeypatch, "styles") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line[:3].strip().isdigit() for line in lines) == 46 and "calm nodder" in "".join(lines)


def test_portrait_that_is_no_picture(monkeypatch, capsys, tmp_path, speech):
    note = tmp_path / "note.jpg"
    note.write_text("no picture")
    refused(capsys, run(monkeypatch, "talk", note, speech, "-o", tmp_path / "out"), "note.jpg")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder").mkdir()
    for name, word in (("no.jpg", "no such"), ("empty.png", "not a whole picture"), ("folder", "is a folder"),
                       ("x" * 300, "too long")):  # fmt: skip
        code = run(monkeypatch, "talk", tmp_path / name, speech, "-o", tmp_path / "out")
        refused(capsys, code, name, word)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_any_picture_is_a_portrait(tmp_path, portrait, mode):
    Image = pytest.importorskip("PIL.Image")
    picture = Image.open(portrait)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    path = tmp_path / ("portrait.jpg" if mode in ("L", "CMYK") else "portrait.png")
    picture.save(path)
    assert sadtalker3d.Talker(path).portrait == path


def test_folder_that_cannot_be_written(monkeypatch, capsys, tmp_path, portrait, speech):
    (tmp_path / "file").write_text("in the way")
    refused(capsys, run(monkeypatch, "talk", portrait, speech, "-o", tmp_path / "file"), "file")
    refused(capsys, run(monkeypatch, "animate", speech, "-o", tmp_path / "file" / "t.json"), "t.json")
    assert (tmp_path / "file").read_text() == "in the way"


def test_full_disk_leaves_nothing(monkeypatch, capsys, tmp_path, take: Track):
    take.save(tmp_path / "take.json")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    code = run(monkeypatch, "export", tmp_path / "take.json", "-o", tmp_path / "out" / "take.csv")
    refused(capsys, code, "take.csv", "No space left")
    assert not (tmp_path / "out").exists()


def test_inputs_are_never_overwritten(monkeypatch, capsys, tmp_path, take, portrait, speech):
    sound = tmp_path / "take.mp4"
    sound.write_bytes(speech.read_bytes())
    path = take.replace(audio="take.mp4").save(tmp_path / "take.json")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for command in (
        ("talk", portrait, sound, "-o", tmp_path),
        ("preview", path, "-o", sound),
        ("preview", path, "-o", sound, "--audio", sound),
        ("export", path, "-o", path),
    ):
        refused(capsys, run(monkeypatch, *command, "--force"), "is what is being read")
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_read_only_folder_is_said_before_the_work(monkeypatch, capsys, tmp_path, take, portrait, speech):
    path = take.save(tmp_path / "take.json")
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)  # root may write anywhere
    for command in (
        ("talk", portrait, speech, "-o", tmp_path / "out"),
        ("animate", speech, "-o", tmp_path / "out" / "t.json"),
        ("preview", path, "-o", tmp_path / "out" / "t.mp4"),
        ("export", path, "-o", tmp_path / "out" / "t.glb"),
    ):
        refused(capsys, run(monkeypatch, *command), str(tmp_path / "out"), "read-only")
    assert not (tmp_path / "out").exists()


def test_a_preview_names_its_bad_sound(monkeypatch, capsys, tmp_path, take):
    path = take.replace(audio="gone.wav").save(tmp_path / "take.json")
    bad = make_bad_sound("text", tmp_path)
    refused(capsys, run(monkeypatch, "preview", path, "-o", tmp_path / "x.mp4"), "take.json", "gone.wav")
    for sound, word in ((bad, "not a sound"), (tmp_path / "no.wav", "no such sound")):
        code = run(monkeypatch, "preview", path, "-o", tmp_path / "x.mp4", "--audio", sound)
        refused(capsys, code, sound.name, word)
    assert not (tmp_path / "x.mp4").exists()


def test_a_track_of_the_other_space_names_its_file(monkeypatch, capsys, tmp_path, take):
    path = take.replace(space="basel", names=()).save(tmp_path / "take.npz")
    for command, ending in (("export", "glb"), ("export", "csv"), ("preview", "mp4")):
        code = run(monkeypatch, command, path, "-o", tmp_path / f"x.{ending}")
        refused(capsys, code, "take.npz: ", "--as open", "--basel")
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"expression": [[0.0] * 63] * 12}, "expression"),
        ({"rotation": [[0.0] * 3] * 5}, "rotation"),
        ({"schema": "sadtalker3d.track/2"}, "track/2"),
        ({"fps": None}, "fps"),
        ({"space": "flame"}, "flame"),
        ({"translation": ...}, "translation"),
        ({"extra": 1}, "extra"),
        ({"rotation": [[0.0, float("nan"), 0.0]] * 12}, "rotation"),
    ],
)
def test_bad_track_names_file_and_field(monkeypatch, capsys, tmp_path, take, change, word):
    path = take.save(tmp_path / "take.json")
    data = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not ...}))
    for ending in ("glb", "csv"):
        refused(capsys, run(monkeypatch, "export", path, "-o", tmp_path / f"x.{ending}"), "take.json", word)
    refused(capsys, run(monkeypatch, "preview", path, "-o", tmp_path / "x.mp4"), "take.json", word)
    assert not list(tmp_path.glob("x.*"))


def test_names_with_spaces_and_other_letters(monkeypatch, tmp_path, take):
    path = take.save(tmp_path / "mój take.json")
    for name in ("głowa 1.glb", "头 csv.csv"):
        assert run(monkeypatch, "export", path, "-o", tmp_path / name) == 0
        assert (tmp_path / name).stat().st_size > 0


def test_unknown_ending_says_which_exist(monkeypatch, capsys, tmp_path, take):
    path = take.save(tmp_path / "take.json")
    refused(capsys, run(monkeypatch, "export", path, "-o", tmp_path / "take.bvh"), ".bvh", ".glb")


def test_progress_as_json_lines(monkeypatch, capsys, tmp_path, speech):
    code = run(monkeypatch, "animate", speech, "-o", tmp_path / "t.json", "--progress", "json")
    assert code == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert lines[-1] == {"task": "animate", "finished": True}
    assert any(line.get("done") == 151 for line in lines)


def test_every_command_has_an_example(capsys, monkeypatch):
    for command in ("talk", "animate", "export", "preview", "doctor", "train"):
        assert run(monkeypatch, command, "--help") == 0
        assert "Example: sadtalker3d" in capsys.readouterr().out or command == "train"


def test_a_preview_s_kinds_and_rates_are_checked_before_the_work(monkeypatch, capsys, tmp_path, take):
    path = take.save(tmp_path / "take.json")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "frame_00004.png").write_text("mine")
    for options, words in (
        (("-o", "a.mp4", "--transparent"), ("a.mp4", ".webm")),
        (("-o", "a.gif"), ("a.gif", ".webm")),
        (("-o", "a.png"), ("a.png", "a_%05d.png")),
        (("-o", tmp_path / "there"), ("frame_00004.png", "--force")),
        (("-o", "a.mp4", "--fps", 0), ("frames a second",)),
    ):
        refused(capsys, run(monkeypatch, "preview", path, *options), *words)


def test_fps_resamples_the_preview(monkeypatch, tmp_path, take):
    given = []

    def write_preview(track, out, *_, **options):
        given.append((track.fps, len(track), options["transparent"]))

    monkeypatch.setattr("sadtalker3d.render.preview.write_preview", write_preview)
    path = take.save(tmp_path / "take.json")  # 12 frames at 25 a second
    for options in (("--fps", 50), ("--transparent",)):
        assert run(monkeypatch, "preview", path, "-o", tmp_path / "a.webm", *options) == 0
    assert given == [(50.0, 24, False), (25.0, 12, True)]
