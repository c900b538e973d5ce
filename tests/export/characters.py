"""Characters that this project did not make: written by pygltflib, with bones, several meshes and things to keep.

The geometry is a coarse ball of a head; its shapes are seeded. What counts is what a file of another program holds:
names, nodes, skins, animations, materials, pictures, extensions, extras.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gl
from scipy.spatial.transform import Rotation

from sadtalker3d.rig import ARKIT_52

OCULUS = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da6338d153010003ec01cd"
    "776623e80000000049454e44ae426082"
)
TURN = Rotation.from_euler("xyz", [20, -10, 5], degrees=True).as_quat().tolist()  # of a bone at rest


def ict_names() -> tuple[str, ...]:
    """ICT-FaceKit's names: ARKit's with _L and _R, inner brows and cheeks in halves."""
    names: list[str] = []
    for name in ARKIT_52:
        if name in ("browInnerUp", "cheekPuff"):
            names += [f"{name}_L", f"{name}_R"]
        elif name != "tongueOut":
            names.append(
                name.replace("Left", "_L").replace("Right", "_R") if name[-4:] in ("Left", "ight") else name
            )
    # these four end in a side that is their own: jawLeft, mouthRight
    return tuple(
        {"jaw_L": "jawLeft", "jaw_R": "jawRight", "mouth_L": "mouthLeft", "mouth_R": "mouthRight"}.get(n, n)
        for n in names
    )


class Character:
    """A glTF document that grows, through pygltflib."""

    def __init__(self, vertices: int = 42) -> None:
        self.file = gl.GLTF2(
            asset=gl.Asset(version="2.0", generator="somebody else", extras={"kept": [1, 2.5]})
        )
        self.file.scenes = [gl.Scene(nodes=[])]
        self.file.scene = 0
        self.binary = b""
        self.vertices = vertices
        self.rng = np.random.default_rng(8)

    def accessor(
        self,
        values: np.ndarray,
        kind: str,
        component: int = gl.FLOAT,
        target: int | None = None,
        bounds: bool = False,
    ) -> int:
        data = np.ascontiguousarray(values).tobytes()
        self.file.bufferViews.append(
            gl.BufferView(buffer=0, byteOffset=len(self.binary), byteLength=len(data), target=target)
        )
        self.binary += data + bytes(-len(data) % 4)
        one = gl.Accessor(
            bufferView=len(self.file.bufferViews) - 1,
            byteOffset=0,
            componentType=component,
            count=len(values),
            type=kind,
        )
        if bounds:
            flat = values.reshape(len(values), -1)
            one.min, one.max = flat.min(0).tolist(), flat.max(0).tolist()
        self.file.accessors.append(one)
        return len(self.file.accessors) - 1

    def mesh(
        self, name: str, targets: tuple[str, ...] | None, count: int | None = None, *, parts: int = 1,
        skinned: bool = False, middle: tuple[float, float, float] = (0, 1.6, 0.05), size: float = 0.1, **more: Any,
    ) -> int:  # fmt: skip
        """A ball with morph targets; `targets` None: `count` of them without names."""
        number = len(targets) if targets is not None else count or 0
        primitives = []
        for _ in range(parts):
            n = self.vertices
            way = self.rng.normal(size=(n, 3))
            places = (
                size * way / np.linalg.norm(way, axis=1, keepdims=True) * [0.75, 1, 0.9] + middle
            ).astype("<f4")
            faces = ((np.arange(2 * n)[:, None] + self.rng.permutation(n)[:3]) % n).astype("<u2")
            attributes = gl.Attributes(
                POSITION=self.accessor(places, "VEC3", target=gl.ARRAY_BUFFER, bounds=True)
            )
            attributes.TEXCOORD_0 = self.accessor(
                self.rng.uniform(0, 1, (n, 2)).astype("<f4"), "VEC2", target=gl.ARRAY_BUFFER
            )
            if skinned:
                weights = np.tile(np.array([1, 0, 0, 0], "<f4"), (n, 1))
                attributes.JOINTS_0 = self.accessor(
                    np.full((n, 4), [2, 0, 0, 0], "u1"), "VEC4", gl.UNSIGNED_BYTE, gl.ARRAY_BUFFER
                )
                attributes.WEIGHTS_0 = self.accessor(weights, "VEC4", target=gl.ARRAY_BUFFER)
            shapes = [
                {
                    "POSITION": self.accessor(
                        self.rng.normal(0, 0.002, (n, 3)).astype("<f4"),
                        "VEC3",
                        target=gl.ARRAY_BUFFER,
                        bounds=True,
                    )
                }
                for _ in range(number)
            ]
            indices = self.accessor(faces.reshape(-1), "SCALAR", gl.UNSIGNED_SHORT, gl.ELEMENT_ARRAY_BUFFER)
            primitives.append(
                gl.Primitive(attributes=attributes, indices=indices, targets=shapes, material=0)
            )
        if not self.file.materials:
            self.file.materials.append(gl.Material(name="Skin", extras={"of": "somebody"}))
        extras = {} if targets is None else {"targetNames": list(targets)}
        self.file.meshes.append(gl.Mesh(name=name, primitives=primitives, extras=extras, **more))
        return len(self.file.meshes) - 1

    def node(self, name: str, parent: int | None = None, **more: Any) -> int:
        self.file.nodes.append(gl.Node(name=name, **more))
        index = len(self.file.nodes) - 1
        siblings = self.file.scenes[0].nodes if parent is None else self.file.nodes[parent].children
        siblings.append(index)
        return index

    def picture(self) -> None:
        self.file.bufferViews.append(
            gl.BufferView(buffer=0, byteOffset=len(self.binary), byteLength=len(PNG))
        )
        self.binary += PNG + bytes(-len(PNG) % 4)
        self.file.images.append(
            gl.Image(bufferView=len(self.file.bufferViews) - 1, mimeType="image/png", name="pixel")
        )
        self.file.textures.append(gl.Texture(source=0))
        self.file.materials[0].pbrMetallicRoughness = gl.PbrMetallicRoughness(
            baseColorTexture=gl.TextureInfo(index=0)
        )

    def as_bytes(self) -> bytes:
        self.file.buffers = [gl.Buffer(byteLength=len(self.binary))]
        self.file.set_binary_blob(self.binary)
        return b"".join(self.file.save_to_bytes())

    def save(self, path: Path) -> Path:
        path.write_bytes(self.as_bytes())
        return path


def full_body(path: Path, names: tuple[str, ...] | None = None, vertices: int = 42) -> Path:
    """A skinned figure with a face of ICT's names in two parts, teeth, tongue and lashes, eye bones, an animation."""
    path.write_bytes(_full_body(names or ict_names(), vertices))
    return path


@cache
def _full_body(names: tuple[str, ...], vertices: int) -> bytes:
    one = Character(vertices)
    armature = one.node("Armature", rotation=[0.7071068, 0, 0, 0.7071068], scale=[0.01, 0.01, 0.01])
    hips = one.node(
        "mixamorig:Hips", armature, translation=[0, 0, -100.0], rotation=[-0.7071068, 0, 0, 0.7071068]
    )
    neck = one.node("mixamorig:Neck", hips, translation=[0, 50.0, 0], rotation=TURN)
    head = one.node("mixamorig:Head", neck, translation=[0, 8.0, 1.0], rotation=TURN)
    eyes = [
        one.node(f"mixamorig:{side}Eye", head, translation=[x, 8.0, 8.0])
        for side, x in (("Left", 3.0), ("Right", -3.0))
    ]
    one.node("mixamorig:HeadTop_End", head, translation=[0, 18.0, 0])
    face = one.mesh("Face", names, parts=2, skinned=True)
    shaped = "jawOpen" in names
    teeth = one.mesh("Teeth", ("jawOpen", "jawForward") if shaped else names[:2], skinned=True, size=0.02)
    lids = (*(name for name in names if name.startswith("eyeBlink")), "droop")
    lashes = one.mesh("Lashes", lids, skinned=True, size=0.03, weights=[*[0.0] * (len(lids) - 1), 0.25])
    tongue = one.mesh("Tongue", ("tongueOut", "jawOpen") if shaped else names[:2], skinned=True, size=0.02)
    joints = [hips, neck, head, *eyes]
    one.file.skins.append(
        gl.Skin(
            joints=joints,
            skeleton=hips,
            inverseBindMatrices=one.accessor(np.tile(np.eye(4, dtype="<f4"), (5, 1, 1)), "MAT4"),
        )
    )
    for name, mesh in (("Face", face), ("Teeth", teeth), ("Lashes", lashes), ("Tongue", tongue)):
        one.node(name, None, mesh=mesh, skin=0)
    clock = one.accessor(np.array([0, 1], "<f4"), "SCALAR", bounds=True)
    turn = one.accessor(np.array([TURN, TURN], "<f4"), "VEC4")
    one.file.animations.append(
        gl.Animation(
            name="Idle", samplers=[gl.AnimationSampler(input=clock, output=turn, interpolation="LINEAR")],
            channels=[gl.AnimationChannel(sampler=0, target=gl.AnimationChannelTarget(node=neck, path="rotation"))],
            extras={"by": "hand"},
        )
    )  # fmt: skip
    one.picture()
    one.file.extensionsUsed = ["EXT_of_somebody"]
    one.file.extensions = {"EXT_of_somebody": {"numbers": [1, 2.5, 1e-9], "text": "né"}}
    return one.as_bytes()


def visemes_only(path: Path, prefix: str = "viseme_") -> Path:
    """A head without a skeleton that has Oculus' 15 visemes and two blinks, and hair beside it."""
    one = Character()
    mesh = one.mesh("Bob", (*(prefix + name for name in OCULUS), "eyeBlinkLeft", "eyeBlinkRight"))
    one.node("Bob", None, mesh=mesh)
    hair = one.mesh("Hair", (), middle=(0, 1.65, 0.05))
    one.node("Hair", None, mesh=hair, translation=[0, 0.01, 0])
    return one.save(path)


def vrm(
    path: Path, version: int, names: tuple[str, ...] | None = ("s0", "s1", "s2", "s3", "s4", "s5", "s6")
) -> Path:
    """A VRM 1 or 0 figure whose target names say nothing: its expressions do. VRM 0 faces -z."""
    one = Character()
    flip = [0.0, 1, 0, 0] if version == 0 else [0.0, 0, 0, 1]
    root = one.node("Root", rotation=flip)
    head = one.node("atama", root, translation=[0, 1.5, 0])
    eyes = [one.node(f"me{i}", head, translation=[x, 0.06, 0.06]) for i, x in enumerate((0.03, -0.03))]
    mesh = one.mesh("kao", names, len(names or ()) or 7)
    shown = one.node("kao", head, mesh=mesh)
    words = ("aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight")
    if version == 1:
        preset = {
            word: {
                "morphTargetBinds": [{"node": shown, "index": i, "weight": 0.5 if word == "aa" else 1.0}],
                "isBinary": False,
            }
            for i, word in enumerate(words)
        }
        bones = {"head": {"node": head}, "leftEye": {"node": eyes[0]}, "rightEye": {"node": eyes[1]}}
        one.file.extensions = {
            "VRMC_vrm": {
                "specVersion": "1.0",
                "expressions": {"preset": preset},
                "humanoid": {"humanBones": bones},
            }
        }
        one.file.extensionsUsed = ["VRMC_vrm"]
    else:
        old = ("a", "i", "u", "e", "o", "blink_l", "blink_r")
        groups = [
            {
                "name": word.upper(),
                "presetName": word,
                "binds": [{"mesh": mesh, "index": i, "weight": 50 if word == "a" else 100}],
            }
            for i, word in enumerate(old)
        ]
        stated = [
            {"bone": "head", "node": head},
            {"bone": "leftEye", "node": eyes[0]},
            {"bone": "rightEye", "node": eyes[1]},
        ]
        one.file.extensions = {
            "VRM": {"blendShapeMaster": {"blendShapeGroups": groups}, "humanoid": {"humanBones": stated}}
        }
        one.file.extensionsUsed = ["VRM"]
    return one.save(path)


def parts_of(data: bytes) -> tuple[dict[str, Any], bytes]:
    """JSON and binary part of a GLB, read without this project's reader."""
    size = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + size])
    return document, data[28 + size :]


def rewritten(path: Path, change: Any) -> Path:
    """A GLB with its JSON part changed in place."""
    data = path.read_bytes()
    document, binary = parts_of(data)
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = len(binary).to_bytes(4, "little") + b"BIN\0" + binary
    total = 20 + len(text) + len(rest)
    head = b"glTF" + (2).to_bytes(4, "little") + total.to_bytes(4, "little")
    path.write_bytes(head + len(text).to_bytes(4, "little") + b"JSON" + text + rest)
    return path


def as_gltf(path: Path, folder: Path, *, data_uri: bool = False) -> Path:
    """The same character as a .gltf with its buffer and picture in files beside it, or its buffer in a data URI."""
    import base64

    document, binary = parts_of(path.read_bytes())
    folder.mkdir(exist_ok=True)
    (folder / "data 1.bin").write_bytes(binary)
    (folder / "pixel.png").write_bytes(PNG)
    uri = (
        "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
        if data_uri
        else "data%201.bin"
    )
    document["buffers"][0]["uri"] = uri
    for image in document.get("images", []):
        image.pop("bufferView", None), image.pop("mimeType", None)
        image["uri"] = "pixel.png"
    file = folder / "avatar.gltf"
    file.write_text(json.dumps(document), "utf-8")
    return file


def place(document: dict[str, Any], node: int) -> np.ndarray:
    """A node's place in the world at rest, (3,)."""
    nodes, point = document["nodes"], np.zeros(3)
    while True:
        here = nodes[node]
        turn = Rotation.from_quat(here.get("rotation", [0, 0, 0, 1]))
        point = turn.apply(point * here.get("scale", [1, 1, 1])) + here.get("translation", [0, 0, 0])
        above = [i for i, other in enumerate(nodes) if node in other.get("children", [])]
        if not above:
            return point
        node = above[0]


def front_of(document: dict[str, Any]) -> Rotation:
    """From the track's axes to those of `full_body`: where its left and right eye are says where it looks."""
    names = [node.get("name") for node in document["nodes"]]
    left, right = (place(document, names.index(f"mixamorig:{side}Eye")) for side in ("Left", "Right"))
    across = (left - right) * [1, 0, 1]
    across /= np.linalg.norm(across)
    return Rotation.from_matrix(np.stack([across, [0, 1, 0], np.cross(across, [0, 1, 0])], axis=1))


def front(path: Path) -> Rotation:
    """`front_of` a file."""
    return front_of(parts_of(path.read_bytes())[0])
