"""`sadtalker3d evaluate` on tiny folders: the table, the JSON, and one sentence for every bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import bfm
from sadtalker3d.evaluate.baselines import teacher_motion
from sadtalker3d.evaluate.classes import whole_phones
from sadtalker3d.mouth import Mouth
from sadtalker3d.track import Track
from sadtalker3d.train.phones import Phone, from_arpabet
from tests.test_cli import refused, run

WORDS = "m aa t b iy s f ow p l ay w uh d p ae n sh v eh r iy m uw n d th ih ng k ao l s ah b"
Evaluate = Callable[..., int]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    return lambda *arguments: run(monkeypatch, "evaluate", *arguments, "--progress", "none")


def lab(phones: list[Phone]) -> str:
    return "".join(f"{p.start_s:.4f} {p.end_s:.4f} {p.name}\n" for p in phones)


def speak(folder: Path, name: str, seed: int, words: str = WORDS, frames_late: int = 0) -> list[Phone]:
    """Noise as loud as vowels are, its labels, and the teacher's track."""
    rng = np.random.default_rng(seed)
    at, phones = 0.6, []
    for symbol in rng.permutation(words.split()):
        phones.append(whole_phones(from_arpabet(symbol, at, at + 0.11))[0])
        at += 0.11
    wave = np.zeros(int((at + 0.6) * 16000), np.float32)
    for phone in phones:
        level = 0.2 if phone.name[0] in "aeiou" else 0.03
        part = wave[int(phone.start_s * 16000) : int(phone.end_s * 16000)]
        part[:] = rng.normal(0, level, len(part))
    soundfile.write(folder / f"{name}.wav", wave, 16000)
    (folder / f"{name}.lab").write_text(lab(phones))
    motion = teacher_motion(phones, wave, len(wave) // 640, Mouth.of(bfm.load("open")))
    rotation = np.cumsum(rng.normal(0, 0.01, (len(motion), 3)), axis=0)
    Track(np.roll(motion, frames_late, axis=0), rotation, 0 * rotation).save(folder / f"{name}.npz")
    return phones


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "clips"
    path.mkdir()
    for seed in range(3):
        speak(path, f"clip {seed}", seed)
    return path


def test_table_and_json(evaluate: Evaluate, folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "scores.json"
    assert evaluate(folder, "--json", out) == 0
    table = capsys.readouterr().out
    assert "3 clips" in table and "tracks from files" in table and "closure: p b m below open vowels" in table
    scores = json.loads(out.read_text())
    for name in ("track", "teacher"):  # the same motion, once from its file
        closure = scores["lips"][name]["closure_auc"]
        assert closure["low"] <= closure["value"] <= closure["high"] and closure["value"] > 0.97
    assert scores["lips"]["loudness jaw"]["closure_specific_auc"]["value"] < 0.75
    assert scores["head"]["spread_deg_yaw"]["value"] > 0
    assert scores["head"]["beat_alignment_chance"]["value"] > 0
    assert scores["bilabials"] == 3 * 6


def test_a_delay_of_80_ms_is_a_lag_of_80(evaluate: Evaluate, tmp_path: Path) -> None:
    for seed in range(3):
        speak(tmp_path, f"late{seed}", seed, frames_late=2)
    assert evaluate(tmp_path, "--json", tmp_path / "out" / "scores.json") == 0
    lips = json.loads((tmp_path / "out" / "scores.json").read_text())["lips"]
    assert lips["track"]["lag_ms"]["value"] - lips["teacher"]["lag_ms"]["value"] == pytest.approx(80, abs=10)


def test_tracks_from_another_folder_in_subfolders(
    evaluate: Evaluate, folder: Path, tmp_path: Path, capsys
) -> None:
    tracks = tmp_path / "takes"
    (tracks / "deep").mkdir(parents=True)
    (folder / "deep").mkdir()
    for path in list(folder.glob("clip 1.*")):
        path.rename(folder / "deep" / path.name)
    (folder / "deep" / "clip 1.npz").rename(tracks / "deep" / "clip 1.npz")
    for path in list(folder.glob("*.npz")):
        path.rename(tracks / path.name)
    assert evaluate(folder, "--tracks", tracks) == 0
    assert "tracks from files" in capsys.readouterr().out
    (tracks / "clip 0.npz").unlink()
    refused(capsys, evaluate(folder, "--tracks", tracks), "clip 0.wav", "no track")


def test_tracks_are_generated_where_there_are_none(
    evaluate: Evaluate, folder: Path, tmp_path: Path, capsys
) -> None:
    for name in ("clip 0", "clip 1"):
        for path in list(folder.glob(f"{name}.*")):
            path.unlink()
    (folder / "clip 2.npz").unlink()
    assert evaluate(folder, "--seed", 3, "--seeds", 2, "--json", tmp_path / "a.json") == 0
    assert "generated here" in capsys.readouterr().out
    scores = json.loads((tmp_path / "a.json").read_text())
    assert scores["head"]["seed_spread"]["value"] > 0.3
    assert scores["lips"]["track"]["closure_auc"]["low"] is None  # of a single clip
    assert not list(folder.glob("*.json"))


def test_no_bilabials_is_a_dash_and_unknown_labels_are_named_once(
    evaluate: Evaluate, tmp_path: Path, capsys
) -> None:
    for seed in range(2):
        phones = speak(tmp_path, f"clip{seed}", seed, words="s aa t iy k uw l ow f ae n ih v w z th ao")
        phones[3] = Phone("spn", phones[3].start_s, phones[3].end_s)
        (tmp_path / f"clip{seed}.lab").write_text(lab(phones))
    assert evaluate(tmp_path) == 0
    printed = capsys.readouterr()
    row = next(line for line in printed.out.splitlines() if line.startswith("closure: p b m below open"))
    assert row.split("AUC")[1].split() == ["-", "-", "-"]
    assert printed.err.count("'spn' (2)") == 1


def bad(kind: str, folder: Path) -> None:
    clip = folder / "clip 1.lab"
    if kind == "no sound":
        for path in folder.glob("*.wav"):
            path.unlink()
    elif kind == "no labels":
        clip.unlink()
    elif kind == "too long":
        clip.write_text(clip.read_text() + "9.0 99.0 sil\n")
    elif kind == "overlap":
        clip.write_text("0.0 0.5 m\n0.3 0.6 aa\n")
    elif kind == "empty":
        clip.write_bytes(b"")
    elif kind == "junk":
        clip.write_bytes(bytes(range(256)))
    elif kind == "words":
        for path in folder.glob("*.lab"):
            path.write_text("0.1 0.5 hello\n0.5 0.6 world\n")
    elif kind == "broken sound":
        (folder / "clip 1.wav").write_bytes(b"RIFF")
    elif kind == "short track":
        still = np.zeros((30, 3))
        Track(np.zeros((30, 64)), still, still).save(folder / "clip 1.npz")
    elif kind == "basel":
        (folder / "clip 1.npz").unlink()
        still = np.zeros((30, 3))
        Track(np.zeros((30, 64)), still, still, space="basel").save(folder / "clip 1.mat")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no sound", ("clips", "no sound")),
        ("no labels", ("clip 1.wav", "no phone labels", ".TextGrid")),
        ("too long", ("clip 1.lab", "99.00 s")),
        ("overlap", ("clip 1.lab", "'aa' at 0.300 s")),
        ("empty", ("clip 1.lab", "empty")),
        ("junk", ("clip 1.lab", "UTF-8")),
        ("words", ("clip 0.lab", "'hello'", "of phones, not of words")),
        ("broken sound", ("clip 1.wav",)),
        ("short track", ("clip 1.npz", "1.20 s", "clip 1.wav")),
        ("basel", ("clip 1.mat", "'basel'", "sadtalker3d animate")),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    evaluate: Evaluate, folder: Path, tmp_path: Path, capsys, kind: str, words: tuple[str, ...]
) -> None:
    bad(kind, folder)
    refused(capsys, evaluate(folder, "--json", tmp_path / "scores.json"), *words)
    assert not (tmp_path / "scores.json").exists()


def test_what_cannot_be_asked(evaluate: Evaluate, folder: Path, tmp_path: Path, capsys) -> None:
    refused(capsys, evaluate(), "folder of speech or --video")
    refused(capsys, evaluate(folder, "--reference", folder / "a.mp4"), "--reference goes with --video")
    refused(capsys, evaluate(tmp_path / "gone"), "gone", "not a folder")
    refused(capsys, evaluate(folder, "--json", tmp_path / "scores.txt"), ".json")
    refused(capsys, evaluate(folder, "--heads", tmp_path), "headmotion.npz")
    (tmp_path / "kept.json").write_text("{}")
    refused(capsys, evaluate(folder, "--json", tmp_path / "kept.json"), "--force")
