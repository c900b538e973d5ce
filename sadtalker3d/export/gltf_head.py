"""The head as a glTF mesh: one primitive and one material a part, 64 sparse morph targets on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.face_shown import DRAWN_LAST
from sadtalker3d.export.glb import GlbWriter
from sadtalker3d.export.gltf_numbers import Exact, Quantized
from sadtalker3d.export.gltf_visemes import Shapes

if TYPE_CHECKING:
    from bfm.model import FaceModel, Material

SMALLEST_SHIFT_M = 1e-6  # a thousandth of a millimetre cannot be seen
SMALLEST_TURN = 8e-3  # change of a unit normal, half a degree: two steps of 8-bit shading at most
JPEG_QUALITY = 90


def add_head(
    glb: GlbWriter,
    face: FaceModel,
    shapes: Shapes,
    identity: np.ndarray | None = None,
    unit_m: float = 1.0,
    quantized: bool = False,
) -> tuple[dict[str, Any], Exact]:
    """Put the head's arrays and pictures into `glb`.

    Parameters
    ----------
    glb : receives the arrays
    face : the morphable model
    shapes : the morph targets
    identity : (80,) coefficients; the mean head unless given
    unit_m : metres in one unit of the model
    quantized : store integers, see `gltf_numbers`

    Returns
    -------
    The glTF properties `meshes`, `materials`, `textures`, `images` and `samplers`, and how numbers are stored.

    Raises
    ------
    UserError : identity coefficients that are not finite
    """
    neutral = np.float32(unit_m) * face.neutral(identity).astype(np.float32)  # (V, 3)
    shifts = np.float32(unit_m) * shapes.shifts(face)  # (n, V, 3)
    if not np.isfinite(neutral).all():
        raise UserError("the identity coefficients are not all finite numbers")
    numbers = Quantized.around(neutral, shifts) if quantized else Exact()
    normals = _unit(face.normals(neutral))
    # one shape at a time stays in the processor's cache: twice as fast as all at once
    turns = np.stack([_unit(face.normals(neutral + shift)) - normals for shift in shifts])
    parts = sorted(face.parts, key=lambda part: DRAWN_LAST[face.materials[part].alpha_mode])
    pictures = _Pictures(glb, face)
    primitives: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    for part in parts:
        corners = face.faces[face.parts[part]]
        vertices, faces = np.unique(corners, return_inverse=True)
        attributes = {
            "POSITION": glb.vertices(numbers.positions(neutral[vertices]), bounds=True),
            "NORMAL": glb.vertices(numbers.normals(normals[vertices])),
        }
        texture = None
        if face.albedo_mean is None:
            texture, uv = pictures.texture(part, face.uv[vertices])
            attributes["TEXCOORD_0"] = glb.vertices(numbers.fractions(uv))
        else:
            attributes["COLOR_0"] = glb.vertices(numbers.fractions(_linear(face.albedo_mean[vertices])))
        primitives.append(
            {
                "attributes": attributes,
                "indices": glb.indices(faces.reshape(corners.shape), len(vertices)),
                "material": len(materials),
                "targets": [
                    _target(glb, numbers, shift[vertices], turn[vertices])
                    for shift, turn in zip(shifts, turns, strict=True)
                ],
            }
        )
        materials.append(_material(part, face.materials[part], texture))
    mesh = {
        "name": "Head",
        "primitives": primitives,
        "weights": [0.0] * len(shifts),
        "extras": {"targetNames": list(shapes.names)},
    }
    return {"meshes": [mesh], "materials": materials, **pictures.properties()}, numbers


def _target(glb: GlbWriter, numbers: Exact, shift: np.ndarray, turn: np.ndarray) -> dict[str, int]:
    moved = np.flatnonzero((np.abs(shift) > SMALLEST_SHIFT_M).any(axis=1))
    turned = np.flatnonzero((np.abs(turn) > SMALLEST_TURN).any(axis=1))
    return {
        "POSITION": glb.sparse(numbers.positions(shift), moved, bounds=True),
        "NORMAL": glb.sparse(numbers.normals(turn), turned),
    }


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    forward = np.array([0, 0, 1], np.float32)  # where all faces round a vertex have no area
    return np.where(length > 1e-12, vectors / np.maximum(length, 1e-12), forward).astype(np.float32)


def _linear(albedo: np.ndarray) -> np.ndarray:
    """glTF's linear vertex colours (n, 3) of sRGB albedo (n, 3), 0..255; IEC 61966-2-1."""
    srgb = np.clip(albedo / 255, 0, 1)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _material(part: str, look: Material, texture: int | None) -> dict[str, Any]:
    surface: dict[str, Any] = {
        "metallicFactor": float(look.metallic),
        "roughnessFactor": float(look.roughness),
    }
    if texture is not None:
        surface["baseColorTexture"] = {"index": texture}
    material: dict[str, Any] = {
        "name": part,
        "pbrMetallicRoughness": surface,
        "doubleSided": bool(look.double_sided),
        "alphaMode": look.alpha_mode,
    }
    if look.alpha_mode == "MASK":
        material["alphaCutoff"] = float(look.alpha_cutoff)
    return material


class _Pictures:
    """The atlas as one JPEG for the opaque parts, and a cut-out PNG for each part that needs alpha."""

    def __init__(self, glb: GlbWriter, face: FaceModel) -> None:
        self._glb, self._face = glb, face
        self._images: list[dict[str, Any]] = []
        self._opaque: int | None = None

    def texture(self, part: str, uv: np.ndarray) -> tuple[int, np.ndarray]:
        """The texture of a part, and its (n, 2) uv in that texture."""
        atlas = self._face.texture
        if self._face.materials[part].alpha_mode != "OPAQUE":
            top, left, height, width = _cutout(uv, atlas.shape[0], atlas.shape[1])
            picture = atlas[top : top + height, left : left + width]
            size = np.array([atlas.shape[1], atlas.shape[0]])
            moved = (uv * size - [left, top]) / [width, height]
            return self._add(part, ".png", picture), moved
        if self._opaque is None:
            self._opaque = self._add("head", ".jpg", atlas[..., :3])
        return self._opaque, uv

    def properties(self) -> dict[str, Any]:
        if not self._images:
            return {}  # glTF allows no empty lists
        sampler = {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}  # trilinear, clamped
        textures = [{"sampler": 0, "source": i} for i in range(len(self._images))]
        return {"images": self._images, "textures": textures, "samplers": [sampler]}

    def _add(self, name: str, ending: str, picture: np.ndarray) -> int:
        import cv2

        order = cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        jpeg = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        settings = {".jpg": jpeg, ".png": [cv2.IMWRITE_PNG_COMPRESSION, 9]}
        done, data = cv2.imencode(ending, cv2.cvtColor(picture, order), settings[ending])
        if not done:
            raise UserError(f"the texture of '{name}' cannot be encoded as {ending}; reinstall opencv-python")
        kind = {".jpg": "image/jpeg", ".png": "image/png"}[ending]
        view = self._glb.image(name, data.tobytes())
        self._images.append({"name": name, "mimeType": kind, "bufferView": view})
        return len(self._images) - 1


def _cutout(uv: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of a power-of-two window, in pixels, that holds all of `uv`."""
    window = []
    for coordinate, size in ((uv[:, 1], height), (uv[:, 0], width)):
        first = int(np.floor(coordinate.min() * size)) - 2  # a margin for the filter
        last = int(np.ceil(coordinate.max() * size)) + 2
        extent = 1 << max(last - first - 1, 1).bit_length()
        if extent >= size or first < 0 or last > size:
            window.append((0, size))
        else:
            window.append((min(first, size - extent), extent))
    (top, tall), (left, wide) = window
    return top, left, tall, wide
