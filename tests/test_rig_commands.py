"""`rig inspect` says what would happen, and its map makes exactly that happen."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bfm
from sadtalker3d import cli
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.test_onto import Played
from tests.obj_character import write_character
from tests.test_cli import refused, run


def test_inspect_prints_meshes_matches_gaps_leftovers_and_bones(monkeypatch, capsys, tmp_path):
    path = characters.full_body(tmp_path / "body.glb", ("eyeBlink_L", "JawOpen", "horns"))
    assert run(monkeypatch, "rig", "inspect", path) == 0
    out = capsys.readouterr().out
    for line in (
        "Face: 3 targets", "dialect: arkit", "eyeBlink_L <- eyeBlinkLeft  (another form of the name)",
        "nothing follows 42 of ARKit's 52:", "head: mixamorig:Head", "neck: mixamorig:Neck",
        "left eye: mixamorig:LeftEye", "jaw: -",
    ):  # fmt: skip
        assert line in out, line
    assert "left over:\n  horns, droop" in out


@pytest.mark.parametrize("make", [characters.full_body, characters.visemes_only])
def test_the_starter_map_changes_nothing(monkeypatch, tmp_path, take: Track, make):
    avatar, track = make(tmp_path / "a.glb"), take.save(tmp_path / "take.json")
    starter = tmp_path / "my map.json"
    assert run(monkeypatch, "rig", "inspect", avatar, "--map", starter) == 0
    made = []
    for name, options in (("plain", ()), ("mapped", ("--rig", starter))):
        assert (
            run(monkeypatch, "export", track, "--onto", avatar, "-o", tmp_path / f"{name}.glb", *options) == 0
        )
        document, binary = characters.parts_of((tmp_path / f"{name}.glb").read_bytes())
        document["animations"][-1]["extras"].pop("dialects")
        made.append((document, binary))
    assert made[0] == made[1]


def test_the_starter_map_names_every_target_and_is_not_overwritten(monkeypatch, capsys, tmp_path):
    avatar, starter = characters.full_body(tmp_path / "a.glb"), tmp_path / "my.json"
    assert run(monkeypatch, "rig", "inspect", avatar, "--map", starter) == 0
    document = json.loads(starter.read_text("utf-8"))
    assert document["targets"]["jawOpen"] == "jawOpen" and document["targets"]["droop"] is None
    assert document["bones"]["head"] == "mixamorig:Head"
    capsys.readouterr()
    refused(capsys, run(monkeypatch, "rig", "inspect", avatar, "--map", starter), "--force")
    refused(capsys, run(monkeypatch, "rig", "inspect", avatar, "--map", tmp_path / "m.txt"), ".json")
    assert run(monkeypatch, "rig", "inspect", avatar, "--map", starter, "--force") == 0


def test_a_solved_map_moves_a_character_whose_names_say_nothing(monkeypatch, capsys, tmp_path, take: Track):
    shapes = {"Mund_auf": {"jawOpen": 1.0}, "Kuss": {"mouthPucker": 1.0}, "Braue": {"browInnerUp": 0.5}}
    folder = write_character(tmp_path / "shapes", bfm.load("open"), shapes)
    solved, out = tmp_path / "my map.json", tmp_path / "o.glb"
    assert run(monkeypatch, "rig", "solve", folder, "-o", solved) == 0
    assert "3 shapes found by their motion" in capsys.readouterr().err
    refused(capsys, run(monkeypatch, "rig", "solve", folder, "-o", solved), "--force")
    jaw = np.zeros_like(take.expression)
    jaw[:, take.index("jawOpen")] = np.linspace(0, 1, len(take))
    track = take.replace(expression=jaw).save(tmp_path / "take.json")
    avatar = characters.full_body(tmp_path / "a.glb", tuple(shapes))
    assert run(monkeypatch, "export", track, "--onto", avatar, "--rig", solved, "-o", out) == 0
    played = Played(out.read_bytes())
    moved = played.weights(played.nodes("weights")[0], np.arange(len(take)) / take.fps)
    np.testing.assert_allclose(moved["Mund_auf"], np.linspace(0, 1, len(take)), atol=0.05)
    assert max(moved["Kuss"].max(), moved["Braue"].max()) < 0.05


def test_notes_of_export_say_what_was_done(monkeypatch, capsys, tmp_path, take: Track):
    avatar, track = characters.visemes_only(tmp_path / "a.glb"), take.save(tmp_path / "take.json")
    assert run(monkeypatch, "export", track, "--onto", avatar, "-o", tmp_path / "o.glb") == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "o.glb")
    assert "15 visemes are solved" in printed.err and "mm at the lips" in printed.err


def test_lists(monkeypatch, capsys):
    assert run(monkeypatch, "rig", "columns") == 0
    assert len(capsys.readouterr().out.split("\n")) == 65
    assert run(monkeypatch, "rig", "dialects") == 0
    out = capsys.readouterr().out
    assert all(
        name in out for name in ("arkit", "oculus", "microsoft", "vrm0", "vrm1", "cc4", "mixamo", "mpfb")
    )


@pytest.mark.parametrize("command", ["inspect", "solve", "columns", "dialects"])
def test_help_has_an_example(monkeypatch, capsys, command):
    monkeypatch.setattr("sys.argv", ["sadtalker3d", "rig", command, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "Example" in capsys.readouterr().out
