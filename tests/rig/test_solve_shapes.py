"""A character made of the embedded head with other shapes: what they follow is known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bfm
from sadtalker3d import cli_rig_solve
from sadtalker3d.commands_rig_solve import rig_solve
from sadtalker3d.errors import UserError
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.rig.solve_shapes import by_name
from tests.obj_character import write_character

SHAPES = {
    "Mund_auf": {"jawOpen": 1.0},
    "Lachen": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "Kuss": {"mouthPucker": 1.0},
    "Auge_zu_L": {"eyeBlinkLeft": 1.0},
    "Auge_zu_R": {"eyeBlinkRight": 1.0},
    "Lippen_zu": {"mouthClose": 1.0},
    "Braue": {"browInnerUp": 0.5},
    "Leer": {},
}


def ict(name: str) -> str:
    for side in ("Left", "Right"):
        if name.endswith(side):
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    identity = np.random.default_rng(5).normal(0, 0.6, 80)
    return write_character(tmp_path_factory.mktemp("character"), bfm.load("open"), SHAPES, identity=identity)


@pytest.fixture(scope="module")
def solved(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, tuple[str, ...]]:
    made = rig_solve(folder, tmp_path_factory.mktemp("map") / "map.json")
    return json.loads(made.file.read_text()), made.notes


def share(document: dict, shape: str, column: str) -> float:
    entry = document["targets"][shape]
    return float(entry == column) if isinstance(entry, str) else entry["from"].get(column, 0.0)


def test_what_moves_alike_follows(solved):
    document, notes = solved
    for shape, column, wanted in (
        ("Mund_auf", "jawOpen", 1.0), ("Lippen_zu", "mouthClose", 1.0), ("Kuss", "mouthPucker", 1.0),
        ("Auge_zu_L", "eyeBlinkLeft", 1.0), ("Auge_zu_R", "eyeBlinkRight", 1.0), ("Braue", "browInnerUp", 2.0),
        ("Lachen", "mouthSmileLeft", 0.5), ("Lachen", "mouthSmileRight", 0.5),
    ):  # fmt: skip
        assert share(document, shape, column) == pytest.approx(wanted, abs=0.12), (shape, column)
    assert share(document, "Auge_zu_L", "eyeBlinkRight") < 0.05
    assert document["schema"] == "sadtalker3d.rig/1"
    assert "mm" in notes[0] and "lips" in notes[0]
    assert "move nothing: Leer" in notes


def test_gaze_and_tongue_follow_nothing(solved):
    document, _ = solved
    columns = {c for entry in document["targets"].values() if isinstance(entry, dict) for c in entry["from"]}
    assert not [column for column in columns if column.startswith(("eyeLook", "tongue", "teeth"))]


def test_a_mouth_that_closes_by_its_jaw_alone(tmp_path):
    shapes = {"Mund_auf": {"jawOpen": 1.0}, "Presse": {"mouthPressLeft": 1.0, "mouthPressRight": 1.0}}
    folder = write_character(tmp_path / "jaw", bfm.load("open"), shapes)
    document = json.loads(rig_solve(folder, tmp_path / "map.json").file.read_text())
    assert share(document, "Mund_auf", "jawOpen") == pytest.approx(1.0, abs=0.05)
    # `export --onto` then takes mouthClose off the jaw
    assert not any(share(document, shape, "mouthClose") for shape in document["targets"])


def named_alike(folder: Path) -> None:
    """One triangle that has shapes of ARKit's names, and two more."""
    corners = "v 0 0 0\nv 1 0 0\nv 1 {} 0\nf 1 2 3\n"
    (folder / "Neutral.obj").write_text(corners.format(1))
    for name in [*map(ict, ARKIT_52), "browInnerUp_L", "PupilDilate_L"]:
        (folder / f"{name}.obj").write_text(corners.format(2))


def test_arkits_names_need_no_solving(tmp_path):
    named_alike(tmp_path)
    made = rig_solve(tmp_path, tmp_path / "map.json")
    targets = json.loads(made.file.read_text())["targets"]
    assert all(targets[ict(name)] == name for name in ARKIT_52)
    assert targets["browInnerUp_L"] == "browInnerUp"
    assert "follow nothing: PupilDilate_L" in made.notes
    with pytest.raises(UserError, match="--landmarks"):
        rig_solve(tmp_path, tmp_path / "other.json", by_motion=True)


def test_few_names_are_chance():
    assert by_name(["jawOpen", "mouthSmile_L", "Shape03"]) is None
    spelled = by_name([name.replace("Left", "_left").upper() for name in ARKIT_52])
    assert spelled is not None and len(spelled.targets) == 52 and not spelled.unused


def test_what_cannot_be_solved_is_one_sentence(folder, tmp_path):
    with pytest.raises(UserError, match=r"map\.txt: a rig map is written as \.json"):
        rig_solve(folder, tmp_path / "map.txt")
    (tmp_path / "map.json").write_text("mine")
    with pytest.raises(UserError, match="--force"):
        rig_solve(folder, tmp_path / "map.json")
    (tmp_path / "wrong.json").write_text(json.dumps(list(range(68))))
    with pytest.raises(UserError, match="does not fit"):
        rig_solve(folder, tmp_path / "new.json", landmarks=tmp_path / "wrong.json")
    assert not (tmp_path / "new.json").exists()


def test_the_command_says_what_it_found(tmp_path, capsys):
    named_alike(tmp_path)
    cli_rig_solve.solve_rig(tmp_path, tmp_path / "map.json")
    printed = capsys.readouterr()
    assert printed.out.split() == [str(tmp_path / "map.json")]
    assert "53 shapes have ARKit's names" in printed.err
