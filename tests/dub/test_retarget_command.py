"""`retarget` on files: open tracks, a phone's captures, and basel tracks through the Basel mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.export import livelink
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.rig.basel_to_open import SEEN
from sadtalker3d.track import Track
from tests.basel_folder import FakeBasel, write_fake_basel
from tests.test_cli import refused, run

from .conftest import babble

LAST, OFFSET = 10, 0.08
MOUTH = [OPEN_64.index(name) for name in ("jawOpen", "mouthStretchLeft", "mouthStretchRight")]


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBasel:
    return write_fake_basel(tmp_path_factory.mktemp("basel"))


def in_basel(track: Track, fake: FakeBasel, rest: np.ndarray | float = 0.0) -> Track:
    return Track(
        fake.coefficients(track.expression[:, :52]) + rest, track.rotation, track.translation, space="basel"
    )


def test_open_tracks_and_a_capture(monkeypatch, tmp_path: Path) -> None:
    bold = babble(LAST, 1, pauses=((2, 3), (6, 7)))
    quiet = bold.replace(expression=0.5 * bold.expression + np.eye(64)[MOUTH[0]] * OFFSET)
    livelink.write(quiet.replace(rotation=bold.rotation + 0.1), tmp_path / "phone.csv")
    bold.replace(audio="none.wav").save(tmp_path / "character.json")
    assert run(monkeypatch, "retarget", tmp_path / "phone.csv", "--from", tmp_path / "phone.csv",
               "--to", tmp_path / "character.json", "-o", tmp_path / "made.json") == 0  # fmt: skip
    made = sadtalker3d.load(tmp_path / "made.json")
    np.testing.assert_allclose(made.column("jawOpen"), bold.column("jawOpen"), atol=0.02)
    np.testing.assert_allclose(made.rotation, 0.1, atol=1e-6)
    assert made.meta["retarget"]["from"] == "phone.csv"


def test_basel_through_its_mesh(monkeypatch, tmp_path: Path, fake: FakeBasel) -> None:
    bold, rng = babble(LAST, 1, pauses=((2, 3),)), np.random.default_rng(0)
    # two people: their faces at rest are no zero in Basel's columns, and differ outside of what ARKit's shapes see
    unseen = np.linalg.svd(fake.mix.T)[2][52:]
    ours, theirs = rng.normal(0, 1, len(unseen)) @ unseen, rng.normal(0, 1, len(unseen)) @ unseen
    shy = in_basel(bold.replace(expression=0.5 * bold.expression), fake, ours)
    shy.save(tmp_path / "shy.mat")
    in_basel(bold, fake, theirs).save(tmp_path / "bold.json")
    assert run(monkeypatch, "retarget", tmp_path / "shy.mat", "--from", tmp_path / "shy.mat", "--to",
               tmp_path / "bold.json", "--basel", fake.folder, "-o", tmp_path / "made.mat") == 0  # fmt: skip
    made = sadtalker3d.load(tmp_path / "made.mat")
    assert made.space == "basel"
    weights = made.expression @ fake.mix
    np.testing.assert_allclose(weights[:, MOUTH], bold.expression[:, MOUTH], atol=0.05)
    np.testing.assert_allclose(made.expression @ unseen.T @ unseen, np.tile(theirs, (len(made), 1)), atol=0.1)


def test_a_basel_take_for_an_open_character(monkeypatch, capsys, tmp_path: Path, fake: FakeBasel) -> None:
    bold = babble(LAST, 1, pauses=((2, 3),))
    in_basel(bold.replace(expression=0.5 * bold.expression), fake).save(tmp_path / "shy.mat")
    bold.save(tmp_path / "bold.json")
    words = ("retarget", tmp_path / "shy.mat", "--from", tmp_path / "shy.mat", "--to", tmp_path / "bold.json")
    refused(capsys, run(monkeypatch, *words, "-o", tmp_path / "made.json"), "shy.mat", "--basel")
    refused(
        capsys,
        run(monkeypatch, *words, "-o", tmp_path / "made.mat", "--basel", fake.folder),
        "made.mat",
        ".json",
    )
    refused(
        capsys,
        run(monkeypatch, *words, "-o", tmp_path / "made.json", "--basel", tmp_path / "no"),
        "no such folder",
    )
    assert not list(tmp_path.glob("made*"))
    assert run(monkeypatch, *words, "-o", tmp_path / "made.json", "--basel", fake.folder) == 0
    assert "shy.mat: converted to the embedded head: residual" in capsys.readouterr().err
    made = sadtalker3d.load(tmp_path / "made.json")
    assert made.space == "open"
    np.testing.assert_allclose(made.expression[:, MOUTH], bold.expression[:, MOUTH], atol=0.05)
    assert "jawOpen" in SEEN


def test_what_makes_no_sense(monkeypatch, capsys, tmp_path: Path) -> None:
    track = babble(2, 1).save(tmp_path / "take.json")
    words = ("retarget", track, "--from", track, "--to", track, "-o")
    refused(capsys, run(monkeypatch, *words, track, "--force"), "take.json", "is what is being read")
    refused(capsys, run(monkeypatch, *words, tmp_path / "x.txt"), "x.txt", ".json or .npz")
    refused(capsys, run(monkeypatch, *words, tmp_path / "x.json", "--basel", tmp_path), "--basel goes with")
    (tmp_path / "text.csv").write_text("hello")
    refused(
        capsys,
        run(
            monkeypatch,
            "retarget",
            track,
            "--from",
            tmp_path / "text.csv",
            "--to",
            track,
            "-o",
            tmp_path / "x.json",
        ),
        "text.csv",
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take.json", "text.csv"]
