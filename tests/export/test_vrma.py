"""VRM animation: what pixiv's three-vrm and Khronos's validator make of it, and the track back out of it."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bfm
import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.export import export, vrma
from sadtalker3d.export.glb import GlbReader
from sadtalker3d.export.vrma_expressions import (
    LOOK_RAD,
    VOWELS,
    expression_of,
    gaze_of,
    presets_of,
    vowel_weights,
)
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rotation import to_matrices, to_quaternions
from sadtalker3d.track import Track
from tests.export.test_gltf_validator import INSTALLED as HAS_VALIDATOR
from tests.export.test_gltf_validator import NODE

READER = Path(__file__).parents[1] / "node_vrm"
HAS_READER = shutil.which("node") is not None and (READER / "node_modules").is_dir()


def speaking(frames: int = 12, **columns: float) -> Track:
    """A take that holds the named columns at their values."""
    expression = np.zeros((frames, 64), np.float32)
    for name, value in columns.items():
        expression[:, OPEN_64.index(name)] = value
    return Track(expression, np.zeros((frames, 3)), np.zeros((frames, 3)))


def three(path: Path, key: int) -> dict:
    done = subprocess.run(
        ["node", "read.mjs", path, str(key)], capture_output=True, text=True, check=True, cwd=READER
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(
    not HAS_READER and os.environ.get("REQUIRE_VRM_READER") != "1",
    reason="run: npm ci --prefix tests/node_vrm",
)
def test_three_vrm_reads_expressions_head_and_gaze(tmp_path, full_take):
    seen = three(export(full_take, tmp_path / "mój take 1.vrma"), 30)
    assert seen["duration"] == pytest.approx(74 / 25)
    for name, weights in presets_of(full_take)[0].items():
        assert seen["preset"][name] == pytest.approx([np.clip(weights[30], 0, 1)], abs=1e-6)
    assert set(seen["rotation"]) == {"neck", "head"} and seen["moved"] == [] and seen["custom"] == {}
    np.testing.assert_allclose(seen["rotation"]["neck"], seen["rotation"]["head"])
    twice = matrix(seen["rotation"]["neck"]) @ matrix(seen["rotation"]["head"])
    np.testing.assert_allclose(twice, to_matrices(full_take.rotation)[30], atol=1e-6)
    assert seen["hips"] == pytest.approx([0, 0.95, 0]) and len(seen["lookAt"]) == 4
    named = three(export(full_take, tmp_path / "p.vrma", expressions="arkit"), 30)
    assert set(named["custom"]) == set(ARKIT_52) and named["preset"] == {} and named["lookAt"] is None


def matrix(quaternion: list[float]) -> np.ndarray:
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


@pytest.mark.skipif(not HAS_VALIDATOR, reason="run: npm ci --prefix tests/node")
@pytest.mark.parametrize("expressions", ["presets", "arkit"])
def test_the_validator_finds_valid_gltf(tmp_path, take, expressions):
    path = export(take, tmp_path / "take.vrma", expressions=expressions)
    done = subprocess.run(
        ["node", NODE / "validate.mjs", path], capture_output=True, text=True, check=True, cwd=NODE
    )
    issues = json.loads(done.stdout)["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"][:5]
    # it does not know the extension, so nodes that only it uses look empty
    assert {message["code"] for message in issues["messages"]} == {"UNSUPPORTED_EXTENSION", "NODE_EMPTY"}


def test_it_keeps_the_rules_of_the_specification(tmp_path, full_take):
    document = GlbReader(export(full_take, tmp_path / "t.vrma")).document
    said = document["extensions"]["VRMC_vrm_animation"]
    bones = said["humanoid"]["humanBones"]
    required = {"hips", "spine", "head"} | {
        side + bone
        for side in ("left", "right")
        for bone in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")
    }
    assert said["specVersion"] == "1.0" and required <= set(bones)
    assert not {"leftEye", "rightEye"} & set(bones)
    assert not {"lookUp", "lookDown", "lookLeft", "lookRight"} & set(said["expressions"]["preset"])
    of_bones = {named["node"] for named in bones.values()}
    paths = {
        (c["target"]["node"] in of_bones, c["target"]["path"]) for c in document["animations"][0]["channels"]
    }
    assert paths == {(True, "rotation"), (False, "translation"), (False, "rotation")}
    assert all("rotation" not in document["nodes"][node] for node in of_bones)  # a T-pose needs none


def test_arkit_expressions_come_back(tmp_path, full_take):
    given = full_take.replace(expression=full_take.expression * (np.arange(64) < 52), fps=29.97)
    back = sadtalker3d.load(export(given, tmp_path / "t.vrma", expressions="arkit"))
    np.testing.assert_array_equal(back.expression, np.clip(given.expression, 0, 1))
    np.testing.assert_allclose(back.rotation, given.rotation, atol=2e-6)  # two halves of float32
    assert (back.fps, back.audio, back.meta) == (29.97, given.audio, given.meta)
    assert not back.translation.any()


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowel_is_that_preset_and_comes_back(tmp_path, vowel):
    given = speaking().replace(expression=np.tile(0.6 * vowel_weights(VOWELS[vowel]), (12, 1)))
    weights, _ = presets_of(given)
    assert weights[vowel][0] == pytest.approx(0.6, abs=0.05)
    assert max(weights[other][0] for other in VOWELS if other != vowel) < 0.1
    back = vrma.read(export(given, tmp_path / "t.vrma"))
    np.testing.assert_allclose(back.expression, given.expression, atol=0.06)


def test_lips_that_meet_close_the_mouth():
    head = bfm.load("open")

    def gap_mm(expression: np.ndarray) -> float:
        seen = head.vertices(expression=expression)
        upper, lower = (seen[head.points[f"inner_lip_{lip}"], 1].mean() for lip in ("upper", "lower"))
        return 1000 * float(upper - lower)

    for columns in ({"jawOpen": 0.15, "mouthSeal": 0.3, "mouthClose": 0.17}, {"jawOpen": 0.35}):
        take = speaking(1, **columns)
        vowels = {name: weights for name, weights in presets_of(take)[0].items() if name in VOWELS}
        shown = expression_of(vowels, None, 1).astype(np.float32)
        assert gap_mm(shown[0]) == pytest.approx(gap_mm(take.expression[0]), abs=0.7)
    assert gap_mm(take.expression[0]) > 5


def test_what_the_vowels_lose_is_told(tmp_path):
    told: list[str] = []
    export(speaking(mouthLeft=1.0), tmp_path / "t.vrma", tell=told.append)  # no vowel is crooked
    export(speaking(), tmp_path / "u.vrma", tell=told.append)
    (lost, nothing) = told
    mm = [float(word) for word in lost.split() if word.replace(".", "").isdigit()]
    assert mm[0] > 0.8 * mm[1] > 1, lost
    assert "leave 0.0 mm of the 0.0 mm" in nothing


def test_lids_share_one_blink_and_come_back(tmp_path):
    both = speaking(eyeBlinkLeft=0.9, eyeBlinkRight=0.4)
    weights, _ = presets_of(both)
    assert (weights["blink"][0], weights["blinkRight"][0]) == (np.float32(0.4), 0)
    back = vrma.read(export(both, tmp_path / "t.vrma"))
    np.testing.assert_allclose(back.column("eyeBlinkLeft"), 0.9, atol=1e-6)
    np.testing.assert_allclose(back.column("eyeBlinkRight"), 0.4, atol=1e-6)


@pytest.mark.parametrize(
    ("columns", "axis", "sign"),
    [
        ({"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, 1, 1),  # to the subject's left, +x
        ({"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5}, 1, -1),
        ({"eyeLookDownLeft": 0.5, "eyeLookDownRight": 0.5}, 0, 1),
        ({"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5}, 0, -1),
    ],
)
def test_gaze_turns_as_the_eyes_of_the_head_do(tmp_path, columns, axis, sign):
    head, take = bfm.load("open"), speaking(**columns)
    eyes = np.unique(head.faces[head.parts["eyes"]])
    left = eyes[head.mean[eyes, 0] > 0]
    rest, moved = (
        v[left] - v[left].mean(axis=0) for v in (head.mean, head.vertices(expression=take.expression[0]))
    )
    u, _, vt = np.linalg.svd(rest.T @ moved)
    ahead = (u @ vt).T @ [0, 0, 1]
    angle = np.arctan2(ahead[0], ahead[2]) if axis == 1 else -np.arcsin(ahead[1])
    assert gaze_of(take)[0, axis] == pytest.approx(angle, abs=np.radians(0.3)) and np.sign(angle) == sign
    back = vrma.read(export(take, tmp_path / "t.vrma"))
    np.testing.assert_allclose(back.expression, take.expression, atol=0.02)
    assert set(LOOK_RAD) == {"Out", "In", "Up", "Down"}


def changed(path: Path, change: Callable[[dict], object]) -> Path:
    """The file with its JSON changed in place, the numbers as they were."""
    data, document = path.read_bytes(), GlbReader(path).document
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    numbers = data[20 + struct.unpack_from("<I", data, 12)[0] :]
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(numbers), len(text), b"JSON")
    path.write_bytes(head + text + numbers)
    return path


def test_bones_at_rest_may_be_turned_anyhow(tmp_path, full_take):
    """Another program's skeleton, whose neck and spine are turned at rest: the head's turn is the same in the world."""
    path = export(full_take, tmp_path / "t.vrma")
    rest = to_quaternions(np.array([[0.4, -0.3, 1.1]]))[0].tolist()

    def turn(document: dict) -> None:
        bones = document["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
        document["nodes"][bones["spine"]["node"]]["rotation"] = rest

    plain, turned = vrma.read(path), vrma.read(changed(path, turn))
    spine = to_matrices(np.array([[0.4, -0.3, 1.1]]))[0]
    expected = spine @ to_matrices(plain.rotation) @ spine.T
    np.testing.assert_allclose(to_matrices(turned.rotation), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("extensions"), "is no VRM animation: it lacks the extension"),
        (lambda d: d.pop("animations"), "holds no animation"),
        (lambda d: d["animations"][0].update(channels=[]), "moves neither the face nor the head"),
        (lambda d: d["animations"][0]["samplers"][0].update(interpolation="CUBICSPLINE"), "has cubic curves"),
        (lambda d: d["accessors"][0].update(count=2**31), "accessor 0 says it has 2147483648 rows"),
        (lambda d: d["accessors"][0].update(count=10**6), "accessor 0 reaches beyond the end"),
        (lambda d: d["accessors"][0].update(count=3), "has 12 values for 3 keys"),
        (lambda d: d["animations"][0]["extras"].update(fps=1e9), "has 1000000000.0 frames a second"),
        (
            lambda d: d["extensions"]["VRMC_vrm_animation"].update(expressions=[1]),
            "is not a complete VRM animation",
        ),
        (lambda d: d["nodes"][0].update(rotation=[0, 0, 0]), "whose rest rotation is no quaternion"),
        (lambda d: d["nodes"][3].update(children=[0]), "its nodes are their own parents"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, take, change, message):
    path = changed(export(take, tmp_path / "bad one.vrma"), change)
    with pytest.raises(UserError, match=rf"bad one\.vrma: .*({message})"):
        vrma.read(path)


def test_a_truncated_file_is_said(tmp_path, take):
    path = export(take, tmp_path / "t.vrma")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"t\.vrma: .*damaged or truncated"):
        sadtalker3d.load(path)


@pytest.mark.parametrize(
    ("options", "space", "message"),
    [
        ({"expressions": "visemes"}, "open", "unknown set of expressions 'visemes'; choose presets or arkit"),
        ({}, "basel", "a VRM animation needs a track in the 'open' space"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, take, options, space, message):
    take = take if space == "open" else take.replace(space="basel", names=())
    with pytest.raises(UserError, match=message):
        export(take, tmp_path / "t.vrma", **options)
    assert list(tmp_path.iterdir()) == []
