"""Heads, eyes and jaws turn as the track says, whatever their bones' rest rotations; by forward kinematics of scipy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sadtalker3d.export.onto import talking_bytes
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rig.dialects import SCHEMA, parse_map
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.characters import rewritten
from tests.export.test_onto import Played, times_of

ANGLE = st.floats(-60, 60)


def head_track(angles_deg: np.ndarray, **columns: float) -> Track:
    expression = np.zeros((len(angles_deg), 64), np.float32)
    for name, value in columns.items():
        expression[:, OPEN_64.index(name)] = value
    return Track(expression, np.radians(angles_deg), np.zeros_like(angles_deg))


def world(played: Played, node: int, frame: int | None) -> Rotation:
    """A node's world rotation: at a frame of the animation, or at rest."""
    nodes = played.json["nodes"]
    total = Rotation.identity()
    while True:
        local = Rotation.from_quat(nodes[node].get("rotation", [0, 0, 0, 1]))
        if frame is not None and node in played.nodes("rotation"):
            local = Rotation.from_quat(played.at(node, "rotation", np.array([frame / 25]))[0])
        total = local * total
        above = [i for i, other in enumerate(nodes) if node in other.get("children", [])]
        if not above:
            return total
        node = above[0]


def named(played: Played, name: str) -> int:
    return next(i for i, node in enumerate(played.json["nodes"]) if node.get("name") == name)


def same(a: Rotation, b: Rotation) -> float:
    return float((a * b.inv()).magnitude())


@settings(max_examples=25, deadline=None)
@given(
    rest=st.lists(st.tuples(ANGLE, ANGLE, ANGLE), min_size=3, max_size=3), turn=st.tuples(ANGLE, ANGLE, ANGLE)
)
def test_head_turns_about_the_world_s_axes(tmp_path_factory, rest, turn):
    path = characters.full_body(
        tmp_path_factory.mktemp("b") / "body.glb", ("jawOpen", "eyeLookUpLeft"), vertices=4
    )

    def pose(document):
        for index, angles in zip((1, 2, 3), rest, strict=True):
            document["nodes"][index]["rotation"] = (
                Rotation.from_euler("xyz", angles, degrees=True).as_quat().tolist()
            )

    # eyes across the ground keep the character's front known, whatever the neck does
    played = Played(talking_bytes(head_track(np.array([[0.0, 0, 0], turn])), rewritten(path, pose))[0])
    head = named(played, "mixamorig:Head")
    assert same(world(played, head, 0), world(played, head, None)) < 1e-5
    axes = characters.front_of(played.json)
    wanted = axes * Rotation.from_euler("xyz", turn, degrees=True) * axes.inv()
    assert same(world(played, head, 1), wanted * world(played, head, None)) < 1e-5


def test_the_neck_takes_its_share(tmp_path):
    path = characters.full_body(tmp_path / "body.glb")
    played = Played(talking_bytes(head_track(np.array([[0.0, 20, 0]])), path)[0])
    neck, head = named(played, "mixamorig:Neck"), named(played, "mixamorig:Head")
    turned = world(played, neck, 0) * world(played, neck, None).inv()
    assert np.degrees(turned.magnitude()) == pytest.approx(8, abs=1e-3)
    turned = world(played, head, 0) * world(played, head, None).inv()
    assert np.degrees(turned.magnitude()) == pytest.approx(20, abs=1e-3)


def test_a_head_that_faces_backwards_turns_its_own_way(tmp_path):
    """VRM 0 looks along -z: pitch nods the chin down there too, and yaw goes to the character's own left."""
    for version, forward in ((0, -1), (1, 1)):
        path = characters.vrm(tmp_path / f"{version}.vrm", version)
        played = Played(talking_bytes(head_track(np.array([[10.0, 0, 0], [0, 10, 0]])), path)[0])
        head = named(played, "atama")
        nods, shakes = (world(played, head, i) * world(played, head, None).inv() for i in (0, 1))
        nose = np.array([0, 0, forward])
        assert nods.apply(nose)[1] < -0.1
        left = np.array([forward, 0, 0])
        assert shakes.apply(nose) @ left > 0.1


def test_arms_tell_the_front_where_there_are_no_eye_bones(tmp_path):
    one = characters.Character()
    root = one.node("Root", rotation=[0.0, 0.7071068, 0, 0.7071068])  # looks along +x
    head = one.node("Head", root, translation=[0, 1.5, 0])
    for side, x in (("Left", 0.2), ("Right", -0.2)):
        one.node(f"{side}Arm", root, translation=[x, 1.3, 0])
    one.node("Face", head, mesh=one.mesh("Face", ("jawOpen",)))
    played = Played(talking_bytes(head_track(np.array([[20.0, 0, 0]])), one.save(tmp_path / "a.glb"))[0])
    nods = world(played, head, 0) * world(played, head, None).inv()
    np.testing.assert_allclose(nods.as_rotvec(degrees=True), [0, 0, -20], atol=1e-3)


def test_eyes_turn_on_their_bones_when_no_shape_looks(tmp_path):
    names = tuple(name for name in ARKIT_52 if not name.startswith("eyeLook"))
    path = characters.full_body(tmp_path / "body.glb", names)
    track = head_track(np.zeros((1, 3)), eyeLookOutLeft=1, eyeLookInRight=0.5, eyeLookDownLeft=1)
    played = Played(talking_bytes(track, path)[0])
    turns = {}
    for side in ("Left", "Right"):
        eye = named(played, f"mixamorig:{side}Eye")
        turns[side] = world(played, eye, 0) * world(played, eye, None).inv()
    head = named(played, "mixamorig:Head")
    across = characters.front_of(played.json).apply([1, 0, 0])
    forward = np.cross(across, [0, 1, 0])
    assert turns["Left"].apply(forward) @ across == pytest.approx(
        np.sin(np.radians(14.4)) * np.cos(np.radians(10.2)), abs=1e-4
    )
    assert turns["Left"].apply(forward)[1] < -0.15
    assert turns["Right"].apply(forward) @ across == pytest.approx(np.sin(np.radians(7.2)), abs=1e-4)
    assert abs(turns["Right"].apply(forward)[1]) < 1e-6
    assert same(world(played, head, 0), world(played, head, None)) < 1e-6
    looks = characters.full_body(tmp_path / "looks.glb")
    assert len(Played(talking_bytes(track, looks)[0]).nodes("rotation")) == 2  # neck and head


def test_a_jaw_bone_opens_where_no_shape_does(tmp_path):
    one = characters.Character()
    head = one.node("Head")
    jaw = one.node("Jaw", head, rotation=characters.TURN)
    mesh = one.mesh("Face", ("eyeBlinkLeft", "eyeBlinkRight"), skinned=True)
    one.node("Face", None, mesh=mesh, skin=0)
    one.file.skins.append(characters.gl.Skin(joints=[head, jaw, head]))
    path = one.save(tmp_path / "jaw.glb")
    rewritten(path, lambda d: d["skins"][0].update(joints=[head, jaw]))
    played = Played(talking_bytes(head_track(np.zeros((1, 3)), jawOpen=1), path)[0])
    turned = world(played, jaw, 0) * world(played, jaw, None).inv()
    np.testing.assert_allclose(turned.as_rotvec(degrees=True), [23.9, 0, 0], atol=1e-3)


def test_a_matrix_becomes_what_can_be_animated(tmp_path):
    path = characters.full_body(tmp_path / "body.glb")
    turn = Rotation.from_quat(characters.TURN)
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix() * [1, 2, 3]
    matrix[:3, 3] = [0, 8, 1]

    def change(document):
        node = document["nodes"][3]
        del node["rotation"], node["translation"]
        node["matrix"] = matrix.T.ravel().tolist()

    played = Played(talking_bytes(head_track(np.array([[0.0, 0, 0]])), rewritten(path, change))[0])
    node = played.json["nodes"][3]
    assert "matrix" not in node
    np.testing.assert_allclose(node["scale"], [1, 2, 3], atol=1e-6)
    np.testing.assert_allclose(node["translation"], [0, 8, 1], atol=1e-6)
    assert same(Rotation.from_quat(node["rotation"]), turn) < 1e-6


def test_a_head_without_a_skeleton_turns_as_a_whole_about_its_middle(tmp_path):
    path = characters.visemes_only(tmp_path / "bob.glb")
    played = Played(talking_bytes(head_track(np.array([[0.0, 30, 0]])), path)[0])
    assert played.nodes("rotation") == [0, 1]  # the hair goes along
    wanted = Rotation.from_euler("y", 30, degrees=True)
    fixed = []
    for node, rest in ((0, np.zeros(3)), (1, np.array([0, 0.01, 0]))):
        turn = Rotation.from_quat(played.at(node, "rotation", np.zeros(1))[0])
        assert same(turn, wanted) < 1e-5
        shift = played.at(node, "translation", np.zeros(1))[0]
        # the point p that stays: turn p + shift = p + rest
        system = np.eye(3) - turn.as_matrix()
        fixed.append(np.linalg.lstsq(system, shift - rest, rcond=None)[0])
    np.testing.assert_allclose(fixed[0][[0, 2]], fixed[1][[0, 2]], atol=1e-5)
    assert abs(fixed[0][0]) < 0.01 and -0.05 < fixed[0][2] < 0.1


def test_a_quantized_head_turns_about_the_same_point(tmp_path, full_take: Track):
    path = characters.visemes_only(tmp_path / "bob.glb")
    scale_m = 2.0

    def quantize(document):
        """As gltfpack does: 16 bits stand for -1..1, and the node makes them large again."""
        for node in document["nodes"]:
            node["scale"] = [scale_m] * 3
            (primitive,) = document["meshes"][node["mesh"]]["primitives"]
            position = document["accessors"][primitive["attributes"]["POSITION"]]
            position |= {"componentType": 5122, "normalized": True}
            for end in ("min", "max"):
                position[end] = [round(value / scale_m * 32767) for value in position[end]]

    floats = Played(talking_bytes(full_take, path)[0])
    quantized = Played(talking_bytes(full_take, rewritten(path, quantize))[0])
    for played in (floats, quantized):
        assert played.nodes("translation") == [0, 1]
    for node in (0, 1):
        places = [played.at(node, "translation", times_of(full_take)) for played in (floats, quantized)]
        np.testing.assert_allclose(*places, atol=2e-4)


def test_a_head_that_the_user_wants_still_stays_still(tmp_path):
    own = parse_map({"schema": SCHEMA, "bones": {"head": None, "neck": None}})
    for path in (characters.visemes_only(tmp_path / "bob.glb"), characters.full_body(tmp_path / "body.glb")):
        data, _ = talking_bytes(head_track(np.array([[0.0, 30, 0]]), jawOpen=1), path, own)
        assert not Played(data).nodes("rotation")


def test_a_body_without_a_skeleton_stays_and_says_so(tmp_path):
    one = characters.Character()
    one.node("Person", mesh=one.mesh("Person", ("jawOpen",), size=0.1))
    path = one.save(tmp_path / "person.glb")

    def tall(document):
        position = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
        position["min"][1] = 0.0

    data, made = talking_bytes(head_track(np.array([[0.0, 30, 0]]), jawOpen=1), rewritten(path, tall))
    assert not Played(data).nodes("rotation")
    assert any("the head does not turn" in note for note in made.notes)


def test_translation_moves_a_head_that_is_a_node_but_no_joint(tmp_path: Path, full_take: Track):
    one = characters.Character()
    root = one.node("Root", rotation=characters.TURN, scale=[0.5, 0.5, 0.5])
    one.node("Head", root, mesh=one.mesh("Head", ("jawOpen",)), translation=[1, 2, 3])
    played = Played(talking_bytes(full_take, one.save(tmp_path / "h.glb"))[0])
    moved = played.at(1, "translation", times_of(full_take)) - [1, 2, 3]
    np.testing.assert_allclose(
        Rotation.from_quat(characters.TURN).apply(moved * 0.5), full_take.translation, atol=1e-6
    )
    body = characters.full_body(tmp_path / "b.glb")
    assert not Played(talking_bytes(full_take, body)[0]).nodes("translation")
