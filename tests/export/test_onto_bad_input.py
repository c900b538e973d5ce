"""Characters that cannot be used: one sentence through the command line, exit code 2, nothing written or touched."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.export.onto import talking_bytes
from sadtalker3d.rig import ARKIT_52
from sadtalker3d.rig.dialects import SCHEMA, parse_map
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.track import Track
from tests.export import characters
from tests.export.characters import as_gltf, rewritten
from tests.export.test_onto import Played, times_of
from tests.test_cli import refused, run


@pytest.fixture
def body(tmp_path: Path) -> Path:
    return characters.full_body(tmp_path / "my body.glb", vertices=6)


@pytest.fixture
def say_no(monkeypatch, capsys, tmp_path: Path, take: Track):
    """Export onto a character and inspect it; both refuse with the words."""

    def check(avatar: Path, *words: str, options: tuple = (), inspect: bool = True) -> None:
        track = (
            take.save(tmp_path / "take.json")
            if not (tmp_path / "take.json").exists()
            else tmp_path / "take.json"
        )
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        code = run(monkeypatch, "export", track, "--onto", avatar, "-o", tmp_path / "out.glb", *options)
        refused(capsys, code, avatar.name, *words)
        if inspect:
            refused(capsys, run(monkeypatch, "rig", "inspect", avatar), avatar.name, *words)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    return check


def test_no_morph_targets(body, say_no):
    def strip(document):
        for mesh in document["meshes"]:
            mesh.pop("weights", None)
            for primitive in mesh["primitives"]:
                del primitive["targets"]

    say_no(rewritten(body, strip), "has no morph targets", "shape keys")


def nameless(document):
    for mesh in document["meshes"]:
        mesh.pop("extras", None)


def test_targets_without_names_tell_how_to_name_them(
    body, say_no, tmp_path, monkeypatch, capsys, take: Track
):
    path = rewritten(body, nameless)
    say_no(path, "60 morph targets have no names", "extras.targetNames", "--map my.json", inspect=False)
    starter = tmp_path / "my.json"
    assert run(monkeypatch, "rig", "inspect", path, "--map", starter) == 0
    document = json.loads(starter.read_text("utf-8"))
    assert document["targets"]["#17"] is None
    document["targets"] = {"Face#17": "jawOpen", "Teeth#0": "jawOpen", "#18": "mouthClose"}
    starter.write_text(json.dumps(document), "utf-8")
    out = tmp_path / "out.glb"
    track = tmp_path / "take.json"
    assert run(monkeypatch, "export", track, "--onto", path, "--rig", starter, "-o", out) == 0
    played = Played(out.read_bytes())
    values = played.at(7, "weights", times_of(take))
    np.testing.assert_allclose(values[:, 18], take.column("mouthClose"), atol=1e-6)
    assert [played.json["nodes"][n]["name"] for n in played.nodes("weights")] == ["Face", "Teeth"]


def test_two_targets_of_one_name(body, say_no, tmp_path):
    def twice(document):
        document["meshes"][0]["extras"]["targetNames"][3] = "jawOpen"

    path = rewritten(body, twice)
    say_no(path, "the mesh 'Face' has 2 morph targets called 'jawOpen' (#3 and #17)", "--rig")


def test_two_targets_of_one_name_can_be_told_apart_by_a_map(body, tmp_path, take: Track):
    def twice(document):
        document["meshes"][0]["extras"]["targetNames"][3] = "jawOpen"

    own = parse_map({"schema": SCHEMA, "targets": {"Face#17": "jawOpen", "jawOpen": None}})
    played = Played(talking_bytes(take, rewritten(body, twice), own)[0])
    values = played.at(7, "weights", times_of(take))
    jaw = to_arkit(take)[:, ARKIT_52.index("jawOpen")]
    np.testing.assert_allclose(values[:, 17], jaw, atol=1e-6)
    assert not values[:, 3].any()


def test_names_that_nobody_knows(body, say_no):
    def rename(document):
        for mesh in document["meshes"]:
            mesh["extras"]["targetNames"] = [f"quux{i}" for i in range(len(mesh["extras"]["targetNames"]))]
        document["nodes"] = [{k: v for k, v in node.items() if k != "name"} for node in document["nodes"]]

    say_no(
        rewritten(body, rename), "none of its morph targets has a known name", "quux0", "--map", inspect=False
    )


def _set(path: str, value):  # type: ignore[no-untyped-def]
    """A change of one place of the JSON, `accessors/3/count`."""

    def change(document):
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        at = document
        for step in way:
            at = at[step]
        at[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("accessors/3/count", 1 << 31), "accessor 3 says it has 2147483648 rows"),
        (_set("accessors/3/count", -1), "accessor 3 has no proper 'count'"),
        (_set("accessors/3/count", "many"), "accessor 3 has no proper 'count'"),
        (_set("accessors/3/count", 100_000), "accessor 3 reaches beyond the end"),
        (_set("accessors/3/byteOffset", 1 << 40), "accessor 3 reaches beyond the end"),
        (_set("accessors/3/bufferView", 9999), "bufferViews[9999], which is not there"),
        (_set("accessors/3/type", ["VEC3"]), "accessor 3 is not complete"),
        (_set("accessors/3/componentType", 7), "accessor 3 is not complete"),
        (_set("accessors/3/sparse", {"count": 1 << 31}), "accessor 3 is not complete"),
        (_set("bufferViews/2/byteLength", 1 << 30), "buffer view 2 reaches beyond the end"),
        (_set("bufferViews/2/buffer", 7), "buffers[7], which is not there"),
        (_set("buffers/0/byteLength", 1 << 30), "the file is truncated"),
        (_set("nodes/3/children", [1]), "node 1 has two parents"),
        (_set("nodes/3/children", [99]), "node 3 has no proper 'children'"),
        (_set("nodes/3/children", [3]), "node 3"),
        (_set("nodes/3/rotation", [0, 0, 1]), "node 3 has no proper 'rotation' (4 numbers)"),
        (_set("nodes/3/rotation", [1e300, 0, 0, 1]), "node 3 has no proper 'rotation' (4 numbers)"),
        (_set("nodes/3/rotation", None), "node 3 has no proper 'rotation' (4 numbers)"),
        (_set("bufferViews", []), "bufferViews[0], which is not there"),
        (lambda d: d.pop("bufferViews"), "bufferViews[0], which is not there"),
        (_set("nodes/7/mesh", 12), "meshes[12], which is not there"),
        (_set("nodes/7/weights", [0.5]), "node 7 has no proper 'weights' (53 numbers)"),
        (_set("skins/0/joints", [0.5]), "skin 0 has no proper 'joints'"),
        (_set("meshes/0/primitives/0/targets", [{"POSITION": 1e9}]), "accessors[1000000000], which is not there"),
        (_set("meshes/0/primitives/1/targets", []), "different number of morph targets"),
        (_set("meshes/0/extras/targetNames", ["jawOpen"]), "53 morph targets, but 1 names"),
        (_set("meshes", {"0": 1}), "'meshes' are not a list"),
        (_set("asset/version", "1.0"), "glTF version '1.0'"),
        (_set("nodes/3/translation", [1e400, 0, 0]), "JSON part is not readable"),
        (_set("buffers/0/uri", "../secret.bin"), "outside its folder"),
        (_set("buffers/0/uri", "%2e%2e/secret.bin"), "outside its folder"),
        (_set("buffers/0/uri", "/etc/passwd"), "only files beside it are read"),
        (_set("buffers/0/uri", "file:///etc/passwd"), "only files beside it are read"),
        (_set("buffers/0/uri", "https://example.com/a.bin"), "only files beside it are read"),
        (_set("buffers/0/uri", "C:\\a.bin"), "only files beside it are read"),
        (_set("buffers/0/uri", "gone.bin"), "'gone.bin', which is not there"),
        (_set("buffers/0/uri", "data:text/html;base64,AAAA"), "data URI of type 'text/html'"),
        (_set("buffers/0/uri", "data:application/octet-stream;base64,AAAA"), "has 3 bytes of the"),
        (_set("buffers/0/uri", "data:application/octet-stream;base64,%%%"), "not readable base64"),
        (_set("buffers/0/uri", 3), "no proper 'uri'"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_files(body, say_no, change, words, tmp_path):
    (tmp_path.parent / "secret.bin").write_bytes(b"x" * 200_000)
    say_no(rewritten(body, change), words)


@pytest.mark.parametrize("uri", ["../secret.bin", "sub/../../secret.bin", "link.bin"])
def test_a_gltf_cannot_read_outside_its_folder(body, say_no, tmp_path, uri):
    source = as_gltf(body, tmp_path / "in")
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"x" * 200_000)
    (source.parent / "link.bin").symlink_to(secret)
    document = json.loads(source.read_text("utf-8"))
    document["buffers"][0]["uri"] = uri
    source.write_text(json.dumps(document), "utf-8")
    say_no(source, "outside its folder")


def test_a_picture_outside_the_folder_is_not_read(body, tmp_path, take: Track):
    source = as_gltf(body, tmp_path / "in")
    (tmp_path / "secret.png").write_bytes(characters.PNG + b"secret")
    document = json.loads(source.read_text("utf-8"))
    document["images"][0]["uri"] = "../secret.png"
    source.write_text(json.dumps(document), "utf-8")
    data, made = talking_bytes(take, source)
    assert b"IENDsecret" not in data and b"\x82secret" not in data
    assert any("1 picture(s) stay outside" in note for note in made.notes)


@pytest.mark.parametrize("size", [0, 3, 4, 11, 15, 200, -1])
def test_truncated_files(body, say_no, size):
    body.write_bytes(body.read_bytes()[:size])
    say_no(body)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "JSON part is not readable"),
        (b"[]", "neither a GLB nor a .gltf"),
        (b"{}", "glTF version"),
        (b'{"asset": {"version": "2.0"}, "extras": NaN}', "NaN is not JSON"),
        (b"\xff\xd8\xff picture", "neither a GLB nor a .gltf"),
        (b'{"a":' * 100_000, "JSON part is not readable"),
    ],
)  # fmt: skip
def test_texts_that_are_no_gltf(tmp_path, say_no, content, words):
    path = tmp_path / "thing.gltf"
    path.write_bytes(content)
    say_no(path, words)


def test_a_file_that_is_not_there(tmp_path, say_no):
    say_no(tmp_path / "nobody.glb", "no such file")


def test_a_track_of_nans(monkeypatch, capsys, tmp_path, take: Track, body):
    track = take.save(tmp_path / "take.json")
    document = json.loads(track.read_text())
    document["expression"][3][5] = float("nan")
    track.write_text(json.dumps(document))
    code = run(monkeypatch, "export", track, "--onto", body, "-o", tmp_path / "out.glb")
    refused(capsys, code, "take.json")
    assert not (tmp_path / "out.glb").exists()


def test_a_basel_track(monkeypatch, capsys, tmp_path, take: Track, body):
    track = take.replace(space="basel", names=()).save(tmp_path / "take.json")
    code = run(monkeypatch, "export", track, "--onto", body, "-o", tmp_path / "out.glb")
    refused(capsys, code, "take.json", "--as open")
    assert not (tmp_path / "out.glb").exists()


def test_outputs_are_kept_and_never_the_character(monkeypatch, capsys, tmp_path, take: Track, body):
    track = take.save(tmp_path / "take.json")
    before = body.read_bytes()
    code = run(monkeypatch, "export", track, "--onto", body, "-o", body, "--force")
    refused(capsys, code, "is what is being read")
    out = tmp_path / "out.glb"
    out.write_text("mine")
    refused(capsys, run(monkeypatch, "export", track, "--onto", body, "-o", out), "--force")
    assert (body.read_bytes(), out.read_text()) == (before, "mine")
    refused(capsys, run(monkeypatch, "export", track, "--onto", body, "-o", tmp_path / "out.fbx"), ".glb")
    refused(capsys, run(monkeypatch, "export", track, "--rig", body, "-o", tmp_path / "b.glb"), "--onto")


def one(**options: object) -> str:
    """A map with a single target."""
    return json.dumps({"schema": SCHEMA, "targets": {"jawOpen": options}})


MAPS = {
    "not json": ("{", "is not JSON"),
    "not a map": ("[1]", "must be an object"),
    "another schema": ('{"schema": "x"}', "sadtalker3d.rig/1"),
    "unknown field": (json.dumps({"schema": SCHEMA, "shapes": {}}), "field 'shapes' is unknown"),
    "unknown target": (
        json.dumps({"schema": SCHEMA, "targets": {"JawOpen": "jawOpen"}}),
        "did you mean 'jawOpen'",
    ),
    "unknown column": (
        json.dumps({"schema": SCHEMA, "targets": {"jawOpen": "JawOpen"}}),
        "no column of a track",
    ),
    "wrong gain": (one(**{"from": "jawOpen", "gain": "2"}), "gain must be a number"),
    "wrong option": (one(**{"from": "jawOpen", "scale": 2}), "jawOpen.scale is unknown"),
    "no source": (one(gain=2), "needs either 'from' or 'looks'"),
    "wrong limits": (one(**{"from": "jawOpen", "limits": [1, 0]}), "the least and then the most"),
    "wrong combine": (one(**{"from": "jawOpen", "combine": "min"}), "one of sum, max, mean"),
    "a viseme with offset": (one(looks={"jawOpen": 1}, offset=1), "no offset"),
    "unknown bone": (json.dumps({"schema": SCHEMA, "bones": {"head": "Kopf"}}), "names the node 'Kopf'"),
    "unknown role": (json.dumps({"schema": SCHEMA, "bones": {"hand": "Hand"}}), "must be an object of head"),
    "nan": (one(**{"from": {"jawOpen": float("nan")}}), "must be a number"),
}


@pytest.mark.parametrize("kind", MAPS)
def test_a_map_that_does_not_fit_says_where(monkeypatch, capsys, tmp_path, take: Track, body, kind):
    text, words = MAPS[kind]
    mine, track = tmp_path / "mine.json", take.save(tmp_path / "take.json")
    mine.write_text(text)
    code = run(monkeypatch, "export", track, "--onto", body, "--rig", mine, "-o", tmp_path / "out.glb")
    refused(capsys, code, words)
    assert not (tmp_path / "out.glb").exists()
    refused(capsys, run(monkeypatch, "rig", "inspect", body, "--rig", mine), words)
