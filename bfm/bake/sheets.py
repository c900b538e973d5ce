"""`python -m bfm.bake.sheets -o docs/head`: pictures of the head to look at, neutral to visemes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bfm.model import FaceModel
from sadtalker3d.render.gl import load_pyrender

from .. import open as embedded
from ..visemes import VISEMES


@dataclass(frozen=True)
class View:
    """A camera that looks at a point of the head; metres and radians."""

    yaw: float = 0.0
    pitch: float = 0.0
    target: tuple[float, float, float] = (0.0, 0.012, 0.045)
    distance: float = 0.80
    height: float = 0.36  # of the picture, at the target


FRONT = View()
FACE = View(target=(0.0, 0.0, 0.08), height=0.235)
MOUTH = View(target=(0.0, -0.038, 0.12), height=0.085, distance=0.5)
MOUTH_SIDE = View(yaw=0.9, target=(0.0, -0.038, 0.12), height=0.085, distance=0.5)
_LIGHTS = (((0.5, 0.7, 1.0), 3.0), ((-0.9, 0.2, 0.7), 1.3), ((0.0, -0.6, 0.8), 0.5))  # direction, strength


class Studio:
    """Renders one head with pyrender, without a window."""

    def __init__(self, face: FaceModel, size: int) -> None:
        from PIL import Image

        self._gl, self._face = load_pyrender(), face
        self._renderer = self._gl.OffscreenRenderer(size * 2, size * 2)  # halved for smooth edges
        picture = Image.fromarray(face.texture)
        self._texture = self._gl.Texture(source=picture, source_channels="RGBA")

    def shoot(self, vertices: np.ndarray, view: View = FRONT) -> np.ndarray:
        """(V, 3) vertices -> (size, size, 3) uint8."""
        scene = self._gl.Scene(bg_color=(0.62, 0.65, 0.69, 1.0), ambient_light=(0.28, 0.27, 0.27))
        normals = self._face.normals(vertices)
        for name, rows in self._face.parts.items():
            scene.add(self._mesh(name, rows, vertices, normals))
        turn = _turn(view.yaw, view.pitch)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn, turn @ [0, 0, view.distance] + np.array(view.target)
        angle = 2 * np.arctan(view.height / 2 / view.distance)
        scene.add(self._gl.PerspectiveCamera(yfov=angle, znear=0.02, zfar=5.0), pose=pose)
        for direction, strength in _LIGHTS:
            pose = np.eye(4)
            pose[:3, :3] = _facing(np.array(direction))
            scene.add(self._gl.DirectionalLight(intensity=strength), pose=pose)
        large = self._renderer.render(scene)[0].astype(np.uint16)
        return ((large[::2, ::2] + large[1::2, ::2] + large[::2, 1::2] + large[1::2, 1::2]) // 4).astype(
            np.uint8
        )

    def _mesh(self, name: str, rows: np.ndarray, vertices: np.ndarray, normals: np.ndarray):
        look = self._face.materials[name]
        used, faces = np.unique(self._face.faces[rows], return_inverse=True)
        # pyrender takes a textured material for transparent only if its factor is; so it draws it last.
        alpha = 0.999 if look.alpha_mode == "BLEND" else 1.0
        material = self._gl.MetallicRoughnessMaterial(
            baseColorTexture=self._texture,
            baseColorFactor=np.array([1, 1, 1, alpha], np.float32),
            roughnessFactor=look.roughness,
            metallicFactor=look.metallic,
            alphaMode=look.alpha_mode,
            doubleSided=look.double_sided,
        )
        primitive = self._gl.Primitive(
            positions=vertices[used],
            normals=normals[used],
            texcoord_0=self._face.uv[used] * [1, -1] + [0, 1],
            indices=faces.reshape(-1, 3),
            material=material,
        )
        return self._gl.Mesh([primitive])


def _turn(yaw: float, pitch: float) -> np.ndarray:
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    return np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])


def _facing(direction: np.ndarray) -> np.ndarray:
    z = direction / np.linalg.norm(direction)
    x = np.cross([0, 1, 0], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def weights(face: FaceModel, named: dict[str, float]) -> np.ndarray:
    """(64,) expression of weights by name; a name without its side means both."""
    row = np.zeros(len(face.expression_names), np.float32)
    for name, value in named.items():
        columns = [
            k for k, n in enumerate(face.expression_names) if n in (name, f"{name}Left", f"{name}Right")
        ]
        if not columns:
            raise KeyError(name)
        row[columns] += value
    return row


def tile(pictures: list[tuple[str, np.ndarray]], columns: int, path: Path) -> None:
    """Write pictures with their names as one JPEG."""
    from PIL import Image, ImageDraw

    height, width = pictures[0][1].shape[:2]
    sheet = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height))
    draw = ImageDraw.Draw(sheet)
    for k, (name, picture) in enumerate(pictures):
        corner = (k % columns * width, k // columns * height)
        sheet.paste(Image.fromarray(picture), corner)
        draw.text((corner[0] + 4, corner[1] + 3), name, fill=(20, 20, 25))
    sheet.save(path, quality=82)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bfm.bake.sheets", description=__doc__)
    parser.add_argument("--head", type=Path, default=embedded.HEAD)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/head"))
    options = parser.parse_args()
    face = embedded.load(options.head)
    options.output.mkdir(parents=True, exist_ok=True)
    rest = face.neutral()

    large = Studio(face, 420)
    turned = (("front", 0.0), ("three quarters", 0.7), ("side", 1.57))
    tile([(n, large.shoot(rest, View(yaw=a))) for n, a in turned], 3, options.output / "neutral.jpg")

    small = Studio(face, 150)
    shots = []
    for name in face.expression_names:
        shape = face.vertices(None, weights(face, {name: 1.0}))
        speech = name.startswith(("tongue", "teeth"))
        if speech:  # seen only through open lips
            ajar = {name: 1.0} if name == "tongueOut" else {name: 1.0, "jawOpen": 0.3, "mouthLowerDown": 0.3}
            shape = face.vertices(None, weights(face, ajar))
        shots.append((name, small.shoot(shape, MOUTH if speech else FACE)))
    tile(shots, 8, options.output / "shapes.jpg")

    middle = Studio(face, 200)
    shots = []
    for name, named in VISEMES.items():
        shape = face.vertices(None, weights(face, named))
        shots += [(name, middle.shoot(shape, MOUTH)), (name, middle.shoot(shape, MOUTH_SIDE))]
    tile(shots, 6, options.output / "visemes.jpg")

    rng = np.random.default_rng(12)
    people = [face.neutral(rng.normal(size=80)) for _ in range(12)]
    shots = [(f"identity {k + 1}", middle.shoot(p, View(yaw=0.25 * (-1) ** k))) for k, p in enumerate(people)]
    tile(shots, 6, options.output / "identities.jpg")


if __name__ == "__main__":
    main()
