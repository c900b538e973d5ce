"""A track on somebody else's character: its values arrive, and nothing else of the file changes."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import sadtalker3d
from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.export.onto import talking_bytes, write
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rig.dialects import SCHEMA, parse_map
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.characters import as_gltf, parts_of, rewritten


class Played:
    """The last animation of a GLB, read without this project's reader and evaluated at any time."""

    def __init__(self, data: bytes) -> None:
        self.json, self.binary = parts_of(data)
        self.animation = self.json["animations"][-1]

    def accessor(self, index: int) -> np.ndarray:
        a = self.json["accessors"][index]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[a["type"]]
        view = self.json["bufferViews"][a["bufferView"]]
        assert (view["buffer"], a["componentType"]) == (0, 5126)
        assert a["count"] * width * 4 <= view["byteLength"]
        start = view["byteOffset"] + a.get("byteOffset", 0)
        assert start % 4 == 0
        return np.frombuffer(self.binary, "<f4", a["count"] * width, start).reshape(-1, width)

    def nodes(self, path: str) -> list[int]:
        return [c["target"]["node"] for c in self.animation["channels"] if c["target"]["path"] == path]

    def at(self, node: int, path: str, times: np.ndarray) -> np.ndarray:
        """(T, width) values of a channel at times in seconds, between keys as LINEAR says."""
        (channel,) = [c for c in self.animation["channels"] if c["target"] == {"node": node, "path": path}]
        sampler = self.animation["samplers"][channel["sampler"]]
        assert sampler["interpolation"] == "LINEAR"
        keys = self.accessor(sampler["input"])[:, 0]
        clock = self.json["accessors"][sampler["input"]]
        assert (clock["min"], clock["max"]) == ([keys[0]], [keys[-1]])
        assert (np.diff(keys) > 0).all()
        values = self.accessor(sampler["output"]).astype(np.float64)
        values = values.reshape(len(keys), -1) if path == "weights" else values
        assert len(values) == len(keys)
        return np.stack([np.interp(times, keys, column) for column in values.T], axis=1)

    def weights(self, node: int, times: np.ndarray) -> dict[str, np.ndarray]:
        mesh = self.json["meshes"][self.json["nodes"][node]["mesh"]]
        names = mesh["extras"]["targetNames"]
        values = self.at(node, "weights", times)
        assert values.shape[1] == len(names) == len(mesh["primitives"][0]["targets"])
        return dict(zip(names, values.T, strict=True))


def times_of(track: Track) -> np.ndarray:
    """When each frame is shown, as float32 can say it."""
    return (np.arange(len(track)) / track.fps).astype(np.float32).astype(np.float64)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    return characters.full_body(tmp_path / "body.glb")


def test_each_weight_is_the_track_s_column_on_every_mesh(body, full_take: Track):
    data, made = talking_bytes(full_take, body)
    played, times = Played(data), times_of(full_take)
    expected = dict(zip(ARKIT_52, to_arkit(full_take).T, strict=True))
    column = {
        form: name
        for name in ARKIT_52
        for form in (name, name.replace("Left", "_L"), name.replace("Right", "_R"), f"{name}_L", f"{name}_R")
    }
    names = [played.json["nodes"][node]["name"] for node in played.nodes("weights")]
    assert names == ["Face", "Teeth", "Lashes", "Tongue"]
    for node in played.nodes("weights"):
        for name, values in played.weights(node, times).items():
            wanted = 0.25 if name == "droop" else expected[column[name]]
            np.testing.assert_allclose(values, wanted, atol=1e-6, err_msg=name)
    assert not made.character.match.missing
    assert made.character.match.left_over == ("droop",)


def test_speech_columns_are_folded_only_where_the_character_lacks_them(tmp_path, full_take: Track, face):
    own = gltf.write(full_take, tmp_path / "own.glb", face=face)
    data, _ = talking_bytes(full_take, own)
    weights = Played(data).weights(0, times_of(full_take))
    for name in OPEN_64:
        np.testing.assert_allclose(weights[name], full_take.column(name), atol=1e-6)
    seal = full_take.column("mouthSeal")
    without = characters.full_body(tmp_path / "body.glb", ("jawOpen", "mouthClose", "mouthPressLeft"))
    face_node = Played(talking_bytes(full_take, without)[0])
    pressed = face_node.weights(face_node.nodes("weights")[0], times_of(full_take))["mouthPressLeft"]
    expected = np.minimum(
        full_take.column("mouthPressLeft") + 0.45 * seal, np.maximum(full_take.column("mouthPressLeft"), 1)
    )
    np.testing.assert_allclose(pressed, expected, atol=1e-5)


@pytest.mark.parametrize(
    "make", [characters.full_body, characters.visemes_only, lambda p: characters.vrm(p, 0)]
)
def test_the_rest_of_the_file_comes_out_as_it_went_in(tmp_path, full_take: Track, make):
    path = make(tmp_path / "in.glb")
    original = path.read_bytes()
    before, binary = parts_of(original)
    data, _ = talking_bytes(full_take, path)
    after, longer = parts_of(data)
    assert path.read_bytes() == original
    assert longer[: len(binary)] == binary
    assert after["buffers"][0]["byteLength"] == len(longer)
    rest = copy.deepcopy(after)
    rest["buffers"][0]["byteLength"] = before["buffers"][0]["byteLength"]
    for key in ("accessors", "bufferViews"):
        rest[key] = rest[key][: len(before[key])]
    rest["animations"] = rest["animations"][:-1]
    if "animations" not in before:
        assert rest.pop("animations") == []
    assert rest == before


def test_provenance_lies_beside_the_animation(body, full_take: Track):
    data, _ = talking_bytes(full_take, body, name="interview 3")
    animation = Played(data).animation
    assert animation["name"] == "interview 3"
    extras = animation["extras"]
    assert (extras["fps"], extras["audio"]) == (25, "sounds/mój głos.wav")
    assert (extras["meta"]["seed"], extras["meta"]["generator"]) == (7, "expnet")
    again = body.with_name("again.glb")
    again.write_bytes(data)
    second = Played(talking_bytes(full_take, again, name="interview 3")[0])
    assert [a["name"] for a in second.json["animations"]] == ["Idle", "interview 3", "interview 3 2"]


@pytest.mark.parametrize("frames", [1, 2, 100_000])
def test_one_frame_and_very_many(body, frames):
    rng = np.random.default_rng(1)
    track = Track(
        rng.random((frames, 64), dtype=np.float32), rng.normal(0, 0.1, (frames, 3)), np.zeros((frames, 3)), fps=29.97
    )  # fmt: skip
    played = Played(talking_bytes(track, body)[0])
    some = np.unique(np.linspace(0, frames - 1, 50).astype(int))
    keys = (some / 29.97).astype(np.float32).astype(np.float64)
    jaw = played.weights(played.nodes("weights")[0], keys)["jawOpen"]
    np.testing.assert_allclose(jaw, to_arkit(track)[some, ARKIT_52.index("jawOpen")], atol=1e-6)


def test_keys_too_close_for_gltf_s_times_are_refused(body, monkeypatch):
    """float32 seconds run out of steps: at 1000 a second after 4.6 hours, here by a clock that starts late."""
    track = Track(np.zeros((3, 64)), np.zeros((3, 3)), np.zeros((3, 3)), fps=1000)
    talking_bytes(track, body)
    late = np.arange(20_000_000, 20_000_003)
    monkeypatch.setattr("sadtalker3d.export.onto.np.arange", lambda *_: late)
    with pytest.raises(UserError, match="resample or trim"):
        talking_bytes(track, body)


def test_two_nodes_with_one_mesh_both_speak_and_keep_their_rest(tmp_path, full_take: Track):
    path = characters.visemes_only(tmp_path / "two.glb")

    def twin(document):
        names = ["jawOpen", "horns", *[f"x{i}" for i in range(15)]]
        document["meshes"][0]["extras"]["targetNames"] = names
        document["nodes"].append({"name": "Twin", "mesh": 0, "weights": [0.0, 0.5, *[0.0] * 15]})
        document["scenes"][0]["nodes"].append(2)

    played = Played(talking_bytes(full_take, rewritten(path, twin))[0])
    assert played.nodes("weights") == [0, 2]
    first, second = (played.weights(node, times_of(full_take)) for node in (0, 2))
    np.testing.assert_array_equal(first["jawOpen"], second["jawOpen"])
    assert not first["horns"].any() and (second["horns"] == 0.5).all()


def test_meshes_with_the_same_targets_share_their_keys(tmp_path, full_take: Track):
    one = characters.Character()
    for name in ("Head", "Beard"):
        one.node(name, mesh=one.mesh(name, ("jawOpen", "mouthFunnel")))
    played = Played(talking_bytes(full_take, one.save(tmp_path / "two.glb"))[0])
    samplers = {c["sampler"] for c in played.animation["channels"] if c["target"]["path"] == "weights"}
    assert len(samplers) == 1


def test_a_jaw_without_mouthClose_closes_by_the_jaw(tmp_path):
    path = characters.full_body(tmp_path / "body.glb", ("jawOpen", "mouthPucker"))
    expression = np.zeros((3, 64), np.float32)
    expression[:, OPEN_64.index("jawOpen")] = 0.5
    expression[:, OPEN_64.index("mouthClose")] = [0, 0.5, 0.8]
    track = Track(expression, np.zeros((3, 3)), np.zeros((3, 3)))
    played = Played(talking_bytes(track, path)[0])
    jaw = played.weights(played.nodes("weights")[0], times_of(track))["jawOpen"]
    np.testing.assert_allclose(jaw, [0.5, 0, 0], atol=1e-6)


def test_a_map_of_the_user_s_comes_first(body, full_take: Track):
    own = parse_map(
        {
            "schema": SCHEMA,
            "targets": {
                "droop": {"from": {"eyeBlink*": 0.5}, "gain": 2, "offset": 0.1, "limits": [0, 0.9]},
                "jawOpen": {"from": {"jawOpen": 1, "jawForward": 1}, "combine": "max"},
                "mouthFunnel": None,
            },
            "bones": {"neck": None},
        }
    )
    data, made = talking_bytes(full_take, body, own)
    played, times = Played(data), times_of(full_take)
    columns = dict(zip(ARKIT_52, to_arkit(full_take).T, strict=True))
    weights = {node: played.weights(node, times) for node in played.nodes("weights")}
    face_node, _, lashes, _ = weights
    droop = np.clip(columns["eyeBlinkLeft"] + columns["eyeBlinkRight"] + 0.1, 0, 0.9)
    np.testing.assert_allclose(weights[lashes]["droop"], droop, atol=1e-6)
    np.testing.assert_allclose(weights[face_node]["eyeBlink_L"], columns["eyeBlinkLeft"], atol=1e-6)
    jaw = np.maximum(columns["jawOpen"], columns["jawForward"])
    np.testing.assert_allclose(weights[face_node]["jawOpen"], jaw, atol=1e-6)
    assert not weights[face_node]["mouthFunnel"].any()
    assert made.character.bones.neck is None
    assert [made.character.nodes.names[n] for n in played.nodes("rotation")] == ["mixamorig:Head"]


@pytest.mark.parametrize("data_uri", [False, True])
def test_a_gltf_with_files_beside_it_becomes_one_glb(tmp_path, body, full_take: Track, data_uri):
    source = as_gltf(body, tmp_path / "täglich", data_uri=data_uri)
    files = {path: path.read_bytes() for path in source.parent.iterdir()}
    write(full_take, tmp_path / "out.glb", avatar=source)
    assert {path: path.read_bytes() for path in source.parent.iterdir()} == files
    data = (tmp_path / "out.glb").read_bytes()
    document, binary = parts_of(data)
    assert binary.startswith(files[source.parent / "data 1.bin"])
    assert all("uri" not in owner for owner in (*document["buffers"], *document["images"]))
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    assert binary[view["byteOffset"] :][: view["byteLength"]] == characters.PNG
    np.testing.assert_array_equal(
        Played(data).at(7, "weights", times_of(full_take)),
        Played(talking_bytes(full_take, body)[0]).at(7, "weights", times_of(full_take)),
    )


def test_a_gltf_stays_one_beside_its_files(tmp_path, body, full_take: Track):
    source = as_gltf(body, tmp_path / "in")
    before = json.loads(source.read_text("utf-8"))
    write(full_take, tmp_path / "in" / "talking.gltf", avatar=source)
    after = json.loads((tmp_path / "in" / "talking.gltf").read_text("utf-8"))
    assert after["buffers"][:-1] == before["buffers"] and after["images"] == before["images"]
    assert after["buffers"][-1]["uri"].startswith("data:application/octet-stream;base64,")
    assert len(after["animations"]) == 2
    with pytest.raises(UserError, match=r"needs 'data%201\.bin' beside it"):
        write(full_take, tmp_path / "elsewhere.gltf", avatar=source)
    with pytest.raises(UserError, match="not a .gltf"):
        write(full_take, tmp_path / "in" / "b.gltf", avatar=body)


def test_chunks_of_other_kinds_are_kept(body, full_take: Track):
    data = body.read_bytes() + (8).to_bytes(4, "little") + b"MINE" + b"12345678"
    body.write_bytes(data[:8] + len(data).to_bytes(4, "little") + data[12:])
    assert talking_bytes(full_take, body)[0].endswith(b"MINE12345678")


def test_compressed_meshes_are_animated_without_being_unpacked(body, full_take: Track):
    def compress(document):
        document["extensionsUsed"] += ["KHR_draco_mesh_compression"]
        document["extensionsRequired"] = ["KHR_draco_mesh_compression"]
        primitive = document["meshes"][0]["primitives"][0]
        primitive["extensions"] = {
            "KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}
        }
        for index in (primitive["indices"], *primitive["attributes"].values()):
            document["accessors"][index].pop("bufferView")

    data, _ = talking_bytes(full_take, rewritten(body, compress))
    played = Played(data)
    assert played.json["extensionsRequired"] == ["KHR_draco_mesh_compression"]
    assert "bufferView" not in played.json["accessors"][played.json["meshes"][0]["primitives"][0]["indices"]]
    assert len(played.nodes("weights")) == 4


def test_meshopt_s_fallback_buffer_stays_a_buffer_of_its_own(tmp_path, body, full_take: Track):
    source = as_gltf(body, tmp_path / "in")

    def pack(document):
        document["buffers"].append(
            {"byteLength": 5000, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
        )
        view = document["bufferViews"][0]
        view["extensions"] = {
            "EXT_meshopt_compression": {
                "buffer": 0,
                "byteOffset": 4,
                "byteLength": 9,
                "byteStride": 12,
                "count": 42,
                "mode": "ATTRIBUTES",
            }
        }
        view.update(buffer=1, byteOffset=0)
        document["buffers"].insert(
            0, {"uri": "data:application/octet-stream;base64,AAAAAAAA", "byteLength": 6}
        )
        for one in document["bufferViews"]:
            one["buffer"] += 1
        view["extensions"]["EXT_meshopt_compression"]["buffer"] = 1

    document = json.loads(source.read_text("utf-8"))
    pack(document)
    source.write_text(json.dumps(document), "utf-8")
    after, _ = parts_of(talking_bytes(full_take, source)[0])
    assert [sorted(b) for b in after["buffers"]] == [["byteLength"], ["byteLength", "extensions"]]
    view = after["bufferViews"][0]
    packed = view["extensions"]["EXT_meshopt_compression"]
    assert (view["buffer"], view["byteOffset"], packed["buffer"], packed["byteOffset"]) == (1, 0, 0, 4 + 8)
    assert after["bufferViews"][1]["byteOffset"] == document["bufferViews"][1]["byteOffset"] + 8


@pytest.mark.parametrize("version", [0, 1])
def test_vrm_speaks_through_its_expressions(tmp_path, full_take: Track, version):
    data, made = talking_bytes(full_take, characters.vrm(tmp_path / "a.vrm", version))
    assert made.character.by_expressions
    assert made.character.match.dialects == (f"vrm{version}",)
    played = Played(data)
    weights = played.weights(4, times_of(full_take))
    columns = dict(zip(ARKIT_52, to_arkit(full_take).T, strict=True))
    np.testing.assert_allclose(weights["s5"], np.clip(columns["eyeBlinkLeft"], 0, 1), atol=1e-6)
    assert 0 < weights["s0"].max() <= 0.5  # the expression moves the target by half
    assert [made.character.nodes.names[n] for n in played.nodes("rotation")] == ["atama", "me0", "me1"]


def test_a_name_that_says_what_it_is_needs_no_expression(tmp_path, full_take: Track):
    path = characters.vrm(
        tmp_path / "a.vrm",
        1,
        ("jawOpen", "mouthFunnel", "mouthClose", "a", "b", "eyeBlinkLeft", "eyeBlinkRight"),
    )
    _, made = talking_bytes(full_take, path)
    assert not made.character.by_expressions and "jawOpen" in made.character.match.hits


def test_the_same_input_gives_the_same_bytes(tmp_path, full_take: Track):
    paths = [characters.visemes_only(tmp_path / f"{i}.glb") for i in range(2)]
    assert talking_bytes(full_take, paths[0])[0] == talking_bytes(full_take, paths[1])[0]


def test_the_public_function_takes_a_character(tmp_path, body, full_take: Track):
    out = sadtalker3d.export(full_take, tmp_path / "neu" / "talking.glb", onto=body)
    assert out.read_bytes() == talking_bytes(full_take, body)[0]
    with pytest.raises(UserError, match="exists already"):
        sadtalker3d.export(full_take, out, onto=body)
