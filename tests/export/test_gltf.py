"""GLB: a head with 64 named shapes that moves exactly as the track says; checked on the bytes themselves."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.export import gltf
from sadtalker3d.rig import ARKIT_52, OPEN_64
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import BASEL_NAMES, Track
from tests.export.tiny_face import TinyFace

KINDS = {5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


class Opened:
    """A second, independent reading of a GLB, sparse accessors included."""

    def __init__(self, path) -> None:
        data = path.read_bytes()
        magic, version, length, json_length, json_kind = struct.unpack_from("<4sIII4s", data)
        assert (magic, version, length, json_kind) == (b"glTF", 2, len(data), b"JSON")
        self.json = json.loads(data[20 : 20 + json_length])
        bin_length, bin_kind = struct.unpack_from("<I4s", data, 20 + json_length)
        assert (bin_kind, bin_length % 4, json_length % 4) == (b"BIN\0", 0, 0)
        self.binary = data[28 + json_length :]
        assert len(self.binary) == bin_length == self.json["buffers"][0]["byteLength"]

    def _read(self, view: int, offset: int, kind: int, width: int, count: int) -> np.ndarray:
        start = self.json["bufferViews"][view]["byteOffset"] + offset
        flat = np.frombuffer(self.binary, KINDS[kind], count * width, start)
        return flat.reshape(count, width)

    def accessor(self, index: int) -> np.ndarray:
        a = self.json["accessors"][index]
        width = WIDTHS[a["type"]]
        if "bufferView" in a:
            return self._read(a["bufferView"], a["byteOffset"], a["componentType"], width, a["count"])
        values = np.zeros((a["count"], width), np.float32)
        if "sparse" in a:
            count, at, to = (a["sparse"][k] for k in ("count", "indices", "values"))
            rows = self._read(at["bufferView"], at["byteOffset"], at["componentType"], 1, count)
            assert (np.diff(rows[:, 0].astype(int)) > 0).all()
            values[rows[:, 0]] = self._read(to["bufferView"], to["byteOffset"], 5126, width, count)
        return values

    def channel(self, path: str) -> tuple[np.ndarray, np.ndarray]:
        animation = self.json["animations"][0]
        (channel,) = [c for c in animation["channels"] if c["target"]["path"] == path]
        sampler = animation["samplers"][channel["sampler"]]
        assert sampler["interpolation"] == "LINEAR"
        assert self.json["nodes"][channel["target"]["node"]]["name"] == "Head"
        return self.accessor(sampler["input"])[:, 0], self.accessor(sampler["output"])

    def primitive(self, part: str) -> dict:
        names = [m["name"] for m in self.json["materials"]]
        (found,) = [p for p in self.json["meshes"][0]["primitives"] if names[p["material"]] == part]
        return found

    def image(self, part: str) -> np.ndarray:
        material = self.json["materials"][self.primitive(part)["material"]]
        texture = material["pbrMetallicRoughness"]["baseColorTexture"]["index"]
        image = self.json["images"][self.json["textures"][texture]["source"]]
        view = self.json["bufferViews"][image["bufferView"]]
        data = self.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        assert image["mimeType"] == ("image/jpeg" if data[:2] == b"\xff\xd8" else "image/png")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB)


@pytest.fixture
def opened(tmp_path, full_take: Track, face: TinyFace) -> Opened:
    return Opened(gltf.write(full_take, tmp_path / "take.glb", face=face))


def test_read_gives_the_track_back(tmp_path, full_take: Track, face):
    back = gltf.read(gltf.write(full_take, tmp_path / "głowa 1.glb", face=face))
    np.testing.assert_allclose(back.rotation, full_take.rotation, atol=1e-6)
    assert back.replace(rotation=full_take.rotation) == full_take


@pytest.mark.parametrize("fps", [24, 25, 29.97, 60])
def test_one_frame_and_any_rate(tmp_path, take: Track, face, fps):
    one = take.replace(
        expression=take.expression[:1], rotation=take.rotation[:1], translation=take.translation[:1], fps=fps
    )
    back = gltf.read(gltf.write(one, tmp_path / "one.glb", face=face))
    assert (len(back), back.fps) == (1, fps)
    np.testing.assert_array_equal(back.expression, one.expression)


def test_keys_lie_at_frame_over_fps(tmp_path, face):
    hour = Track(np.zeros((90000, 64), np.float32), *[np.zeros((90000, 3), np.float32)] * 2, fps=29.97)
    times, _ = Opened(gltf.write(hour, tmp_path / "hour.glb", face=face)).channel("weights")
    np.testing.assert_array_equal(times, (np.arange(90000) / 29.97).astype(np.float32))
    assert (np.diff(times) > 0).all()


def test_weights_are_frame_major_and_named_on_every_primitive(opened: Opened, full_take: Track):
    mesh = opened.json["meshes"][0]
    assert mesh["extras"]["targetNames"] == list(OPEN_64)
    assert {len(p["targets"]) for p in mesh["primitives"]} == {64}
    assert len(mesh["weights"]) == 64
    _, weights = opened.channel("weights")
    np.testing.assert_array_equal(weights.reshape(-1, 64), full_take.expression)


def test_head_turns_as_the_track_says(opened: Opened, full_take: Track):
    _, quaternions = opened.channel("rotation")
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1, atol=1e-6)
    x, y, z, w = quaternions.T.astype(np.float64)
    third_column = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], 1)
    np.testing.assert_allclose(third_column, to_matrices(full_take.rotation)[:, :, 2], atol=1e-6)
    np.testing.assert_array_equal(opened.channel("translation")[1], full_take.translation)


@pytest.mark.parametrize("part", ["skin", "hair", "lashes"])
def test_geometry_is_the_models(opened: Opened, face: TinyFace, part):
    primitive = opened.primitive(part)
    triangles = face.faces[face.parts[part]]
    indices = opened.accessor(primitive["indices"]).reshape(-1, 3)
    positions = opened.accessor(primitive["attributes"]["POSITION"])
    normals = opened.accessor(primitive["attributes"]["NORMAL"])
    np.testing.assert_array_equal(positions[indices], face.mean[triangles])
    np.testing.assert_allclose(normals[indices], face.normals(face.mean)[triangles], atol=1e-6)
    for target, basis in zip(primitive["targets"], face.expression_basis, strict=True):
        np.testing.assert_array_equal(opened.accessor(target["POSITION"])[indices], basis[triangles])
        turned = normals + opened.accessor(target["NORMAL"])
        expected = face.normals(face.mean + basis)
        np.testing.assert_allclose(turned[indices], expected[triangles], atol=9e-3)


def test_identity_changes_the_rest_head_only(tmp_path, take, face: TinyFace):
    identity = np.random.default_rng(2).normal(0, 1, 80)
    opened = Opened(gltf.write(take, tmp_path / "me.glb", face=face, identity=identity))
    primitive, triangles = opened.primitive("skin"), face.faces[face.parts["skin"]]
    indices = opened.accessor(primitive["indices"]).reshape(-1, 3)
    positions = opened.accessor(primitive["attributes"]["POSITION"])
    np.testing.assert_allclose(positions[indices], face.neutral(identity)[triangles], atol=1e-7)
    target = opened.accessor(primitive["targets"][5]["POSITION"])
    np.testing.assert_array_equal(target[indices], face.expression_basis[5][triangles])


def test_columns_are_matched_by_name_not_by_position(tmp_path, take: Track, face: TinyFace):
    shuffled = take.replace(names=tuple(reversed(OPEN_64)), expression=take.expression[:, ::-1])
    paths = [gltf.write(t, tmp_path / f"{i}.glb", face=face) for i, t in enumerate((take, shuffled))]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    other = take.replace(names=("chinUp", *OPEN_64[1:]))
    with pytest.raises(UserError, match="no column named 'eyeBlinkLeft'"):
        gltf.write(other, tmp_path / "other.glb", face=face)


def test_shifts_too_small_to_see_are_dropped(tmp_path, take, face: TinyFace):
    def size(scale: float) -> int:
        face.expression_basis[:] = scale
        return gltf.write(take, tmp_path / "take.glb", face=face).stat().st_size

    assert size(1e-3) - size(9e-7) > 64 * 50 * 12


def test_bounds_are_exact(opened: Opened):
    for index, accessor in enumerate(opened.json["accessors"]):
        if "min" in accessor:
            values = opened.accessor(index)
            np.testing.assert_array_equal(np.array(accessor["min"], np.float32), values.min(0))
            np.testing.assert_array_equal(np.array(accessor["max"], np.float32), values.max(0))
    need = [p["attributes"]["POSITION"] for p in opened.json["meshes"][0]["primitives"]]
    need += [s["input"] for s in opened.json["animations"][0]["samplers"]]
    assert all("min" in opened.json["accessors"][i] for i in need)


def test_materials_follow_the_model_and_see_through_parts_come_last(opened: Opened):
    names = [m["name"] for m in opened.json["materials"]]
    assert names == ["skin", "hair", "lashes"]
    skin, hair, lashes = opened.json["materials"]
    assert (skin["alphaMode"], hair["alphaMode"], lashes["alphaMode"]) == ("OPAQUE", "MASK", "BLEND")
    assert (hair["alphaCutoff"], "alphaCutoff" in skin, lashes["doubleSided"]) == (0.4, False, True)
    assert skin["pbrMetallicRoughness"]["metallicFactor"] == 0


def test_cut_out_texture_shows_the_same_pixels(opened: Opened, face: TinyFace):
    primitive, triangles = opened.primitive("lashes"), face.faces[face.parts["lashes"]]
    indices = opened.accessor(primitive["indices"]).reshape(-1, 3)
    uv = opened.accessor(primitive["attributes"]["TEXCOORD_0"])[indices].reshape(-1, 2)
    picture = opened.image("lashes")
    assert picture.size < face.texture.size
    atlas_pixels = np.floor(face.uv[triangles].reshape(-1, 2) * 64 + 1e-3).astype(int)
    pixels = np.floor(uv * [picture.shape[1], picture.shape[0]] + 1e-3).astype(int)
    np.testing.assert_array_equal(
        picture[pixels[:, 1], pixels[:, 0]], face.texture[atlas_pixels[:, 1], atlas_pixels[:, 0]]
    )


def test_opaque_texture_is_the_atlas_as_jpeg(opened: Opened, tmp_path, take, face: TinyFace):
    face.texture[...] = np.linspace(0, 255, 64, dtype=np.uint8)[:, None, None]
    picture = Opened(gltf.write(take, tmp_path / "smooth.glb", face=face)).image("skin")
    assert np.abs(picture.astype(int) - face.texture[..., :3]).max() <= 4


def test_provenance(opened: Opened):
    extras = opened.json["animations"][0]["extras"]
    assert (extras["fps"], extras["audio"], extras["meta"]["seed"]) == (25, "sounds/mój głos.wav", 7)
    assert opened.json["asset"]["extras"]["seed"] == 7
    assert opened.json["asset"]["generator"].startswith("sadtalker3d ")


def test_same_input_same_bytes(tmp_path, full_take: Track):
    files = [gltf.write(full_take, tmp_path / name, face=TinyFace()) for name in ("a.glb", "b.glb")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_basel_head_is_scaled_to_metres_and_coloured_by_vertex(tmp_path, take: Track):
    colours = np.full((50, 3), [255.0, 127.5, 0.0], np.float32)
    face = replace(TinyFace(), space="basel", expression_names=BASEL_NAMES, albedo_mean=colours)
    track = take.replace(space="basel", names=())
    path = gltf.write(track, tmp_path / "basel.glb", face=face)
    opened = Opened(path)
    attributes = opened.primitive("skin")["attributes"]
    assert np.ptp(opened.accessor(attributes["POSITION"])[:, 0]) == pytest.approx(0.016)
    np.testing.assert_allclose(opened.accessor(attributes["COLOR_0"])[0], [1, 0.2140, 0], atol=1e-4)
    assert "images" not in opened.json
    back = gltf.read(path)
    assert (back.space, back.names) == ("basel", BASEL_NAMES)
    np.testing.assert_allclose(back.translation, track.translation, atol=1e-8)


# -- reading what others wrote ---------------------------------------------------------------------


def edited(path, change) -> None:
    """Rewrite the JSON part of a GLB."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    header = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON")
    path.write_bytes(header + text + rest)


def test_names_of_another_program(tmp_path, take: Track, face):
    path = gltf.write(take, tmp_path / "other.glb", face=face)

    def foreign(document):
        del document["animations"][0]["extras"]
        names = [n[0].upper() + n[1:] if n in ARKIT_52[:40] else f"{n}.001" for n in OPEN_64]
        document["meshes"][0]["extras"]["targetNames"] = names

    edited(path, foreign)
    back = gltf.read(path)
    known = [OPEN_64.index(name) for name in ARKIT_52[:40]]
    np.testing.assert_array_equal(back.expression[:, known], take.expression[:, known])
    assert not np.delete(back.expression, known, axis=1).any()
    assert (back.fps, back.space, back.audio) == (25, "open", None)


def test_keys_off_the_frames_are_interpolated(tmp_path, take: Track, face):
    path = gltf.write(take, tmp_path / "other.glb", face=face)
    edited(path, lambda d: d["animations"][0]["extras"].update(fps=50.0))
    back = gltf.read(path)
    assert len(back) == 2 * len(take) - 1
    np.testing.assert_allclose(back.expression[::2], take.expression, atol=1e-5)
    np.testing.assert_allclose(back.expression[1], take.expression[:2].mean(0), atol=1e-5)


def _cubic(document):
    document["animations"][0]["samplers"][2]["interpolation"] = "CUBICSPLINE"


def _beyond(document):
    sampler = document["animations"][0]["samplers"][2]
    document["accessors"][sampler["output"]]["count"] = 10**9


def _outside(document):
    document["animations"][0]["samplers"][2]["input"] = 99999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("animations"), "holds no animation of morph targets"),
        (lambda d: d["meshes"][0].pop("extras"), "morph targets have no names"),
        (lambda d: d["meshes"][0]["extras"]["targetNames"].pop(), "64 weights a key, but 63 target names"),
        (_cubic, "cubic curves"),
        (_beyond, "reaches beyond the end"),
        (_outside, "accessor 99999 is not complete"),
        (lambda d: d.pop("nodes"), "not complete glTF"),
        (lambda d: d["animations"].insert(0, {"channels": 3}), "not complete glTF"),
        (lambda d: d["animations"][0]["extras"].update(fps=1e12), "fps"),
        (lambda d: d["animations"][0]["extras"].update(fps=0), "fps"),
        (lambda d: d["animations"][0]["extras"].update(space="flame"), "flame"),
        (
            lambda d: d["animations"][0]["extras"].update(mixture=[[1.0]], names=["a"]),
            "how its shapes are mixed",
        ),
    ],
)
def test_damaged_files_say_what_is_wrong(tmp_path, take: Track, face, change, message):
    path = gltf.write(take, tmp_path / "bad one.glb", face=face)
    edited(path, change)
    with pytest.raises(UserError, match=rf"bad one\.glb: .*{message}"):
        gltf.read(path)


@pytest.mark.parametrize("size", [4, 11, 19, 200, -1])
def test_truncated_files_are_refused(tmp_path, take: Track, face, size):
    path = gltf.write(take, tmp_path / "cut.glb", face=face)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=r"cut\.glb: "):
        gltf.read(path)


def test_gltf_1_is_refused(tmp_path, take: Track, face):
    path = gltf.write(take, tmp_path / "old.glb", face=face)
    data = bytearray(path.read_bytes())
    data[4] = 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="is glTF version 1"):
        gltf.read(path)


def test_an_identity_that_is_not_a_number_is_refused(tmp_path, take: Track, face):
    with pytest.raises(UserError, match="identity coefficients are not all finite"):
        gltf.write(take, tmp_path / "x.glb", face=face, identity=np.full(80, np.nan))
    assert list(tmp_path.iterdir()) == []


def test_an_identity_of_the_wrong_length_is_refused(tmp_path, take: Track):
    import bfm

    with pytest.raises(UserError, match="identity"):
        gltf.write(take, tmp_path / "x.glb", face=bfm.load("open"), identity=np.zeros(81))
    assert list(tmp_path.iterdir()) == []
