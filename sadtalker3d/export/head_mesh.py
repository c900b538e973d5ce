"""The head as one mesh whose points are shared along texture seams, and the points of every frame of a take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.face_shown import DRAWN_LAST, UNIT_M, face_for
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from pathlib import Path

    from bfm.model import FaceModel, Material
    from sadtalker3d.track import Track

FRAMES_AT_ONCE = 16  # 5 MB of points: stays in the processor's cache


@dataclass(frozen=True)
class HeadMesh:
    """Metres, y up, the face looks along +z; texture coordinates with v up."""

    rest: np.ndarray  # (P, 3) float32
    shapes: np.ndarray  # (64, P, 3) float32, displacements of weight 1
    names: tuple[str, ...]  # 64
    triangles: np.ndarray  # (F, 3) int32 into the points, counter-clockwise from outside
    uv: np.ndarray  # (U, 2) float32
    uv_triangles: np.ndarray  # (F, 3) int32 into `uv`
    parts: Mapping[str, np.ndarray]  # name -> triangles' indices, see-through parts last
    materials: Mapping[str, Material]
    texture: np.ndarray | None  # (H, W, 4) uint8 sRGB, None where the model has colours in its points
    colours: np.ndarray  # (P, 3) uint8 sRGB, of the points
    unit_m: float

    def normals(self, points: np.ndarray) -> np.ndarray:
        """(P, 3) float32 unit normals of (P, 3) points, weighted by area."""
        a, b, c = (points[self.triangles[:, k]].astype(np.float64) for k in range(3))
        across = np.cross(b - a, c - a)
        summed = np.stack(
            [
                sum(
                    np.bincount(self.triangles[:, k], across[:, axis], minlength=len(points))
                    for k in range(3)
                )
                for axis in range(3)
            ],
            axis=1,
        )
        length = np.linalg.norm(summed, axis=1, keepdims=True)
        # where all triangles round a point have no area it looks ahead
        return np.where(length > 1e-18, summed / np.maximum(length, 1e-18), [0, 0, 1]).astype(np.float32)

    def posed(self, track: Track) -> Iterator[np.ndarray]:
        """The (P, 3) float32 points of each frame in turn, head pose included; memory stays flat."""
        flat = self.shapes.reshape(len(self.shapes), -1)
        for start in range(0, len(track), FRAMES_AT_ONCE):
            now = slice(start, start + FRAMES_AT_ONCE)
            moved = (track.expression[now] @ flat).reshape(-1, *self.rest.shape) + self.rest
            turn = to_matrices(track.rotation[now]).astype(np.float32)
            yield from moved @ turn.transpose(0, 2, 1) + track.translation[now, None] * np.float32(
                self.unit_m
            )


def head_mesh(track: Track, face: FaceModel | None, identity: np.ndarray | None) -> tuple[HeadMesh, Track]:
    """The mesh that shows a track, and the track with its columns in the order of the mesh's shapes.

    face : the morphable model; for an `open` track the embedded head unless given
    identity : (80,) coefficients of the person; the mean head unless given

    Raises
    ------
    UserError : the track is of another space than the face or lacks one of its columns; identity coefficients that
        are not finite
    """
    face = face_for(track) if face is None else face
    track.require_space(face.space, "this head")
    columns = [track.column(name) for name in face.expression_names]
    track = track.replace(expression=np.stack(columns, axis=1), names=face.expression_names)
    unit_m = UNIT_M[face.space]
    neutral = face.neutral(identity).astype(np.float32)
    if not np.isfinite(neutral).all():
        raise UserError("the identity coefficients are not all finite numbers")
    places, of_vertex = np.unique(face.weld, return_inverse=True)
    mesh = HeadMesh(
        rest=neutral[places] * np.float32(unit_m),
        shapes=face.expression_basis[:, places] * np.float32(unit_m),
        names=face.expression_names,
        triangles=of_vertex[face.faces].astype(np.int32),
        uv=(face.uv * [1, -1] + [0, 1]).astype(np.float32),
        uv_triangles=face.faces,
        parts=dict(
            sorted(face.parts.items(), key=lambda part: DRAWN_LAST[face.materials[part[0]].alpha_mode])
        ),
        materials=face.materials,
        texture=face.texture if face.albedo_mean is None else None,
        colours=_colours(face)[places],
        unit_m=unit_m,
    )
    return mesh, track


def write_texture(texture: np.ndarray, path: Path) -> None:
    """(H, W, 4) uint8 as PNG, whatever the name's ending."""
    from PIL import Image

    Image.fromarray(texture).save(path, format="PNG")


def _colours(face: FaceModel) -> np.ndarray:
    if face.albedo_mean is not None:
        return np.clip(face.albedo_mean, 0, 255).astype(np.uint8)
    height, width = face.texture.shape[:2]
    column = np.clip((face.uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip((face.uv[:, 1] * height).astype(int), 0, height - 1)
    return face.texture[row, column, :3]
