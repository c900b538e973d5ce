"""The head on a pyrender stage: its parts, the camera, the picture of one moment.

Import this after `gl.load_pyrender()`, which prepares OpenGL for a machine without a screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyrender
from OpenGL import GL

from sadtalker3d.render.gl import Context
from sadtalker3d.render.renderer import SUPERSAMPLING, FacePart, PortraitRenderer
from sadtalker3d.render.shading import Studio, Surfaces

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class Camera:
    """A perspective camera before the face, looking along -z."""

    target: tuple[float, float, float]  # the point in the middle of the picture, in the model's units
    distance: float  # from the target
    field_of_view_rad: float = float(np.radians(20.0))  # a portrait lens, which flattens a little

    @property
    def pose(self) -> np.ndarray:
        """(4, 4), camera to world."""
        pose = np.eye(4)
        pose[:3, 3] = np.add(self.target, (0.0, 0.0, self.distance))
        return pose


class Stage:
    """Draws one face again and again; `close` frees it.

    Parameters
    ----------
    share : (V, 2 + lamps) for each vertex in 0..1: how much of the head's movement it takes part in (what
        takes none has melted into the backdrop), how much of the sky and of each lamp it sees
    size : width and height in pixels
    see_through : without a backdrop
    """

    def __init__(
        self,
        face: FaceModel,
        share: np.ndarray,
        camera: Camera,
        size: int,
        studio: Studio,
        see_through: bool = False,
    ) -> None:
        self._context: Context | None = Context()
        # no mipmaps: the samples of a pixel average enough, and a frame takes a seventh less time
        linear = pyrender.Sampler(magFilter=GL.GL_LINEAR, minFilter=GL.GL_LINEAR)
        source = _no_finer_than(face.texture, 2 * size * SUPERSAMPLING)
        picture = pyrender.Texture(source=source, source_channels="RGBA", sampler=linear)
        surfaces = Surfaces()
        self._parts: list[FacePart] = []
        self._ids: list[np.ndarray] = []
        for name in _order(face):
            ids, indices = np.unique(face.faces[face.parts[name]], return_inverse=True)
            look = face.materials[name]
            material = pyrender.MetallicRoughnessMaterial(
                baseColorTexture=picture, roughnessFactor=look.roughness, alphaMode=look.alpha_mode,
                alphaCutoff=look.alpha_cutoff, doubleSided=look.double_sided,
            )  # fmt: skip
            surface = surfaces.of(name)
            lit = share[ids]
            lit[:, 1:] = surface.least + (1 - surface.least) * lit[:, 1:]
            self._ids.append(ids)
            self._parts.append(
                FacePart(face.mean[ids], face.uv[ids], lit, indices.reshape(-1, 3), material, surface)
            )
        self._scene = pyrender.Scene(bg_color=(0.0, 0.0, 0.0, 0.0))
        # one mesh, because pyrender sorts meshes but draws a mesh's parts in the given order
        self._head = self._scene.add(pyrender.Mesh(self._parts))
        lens = pyrender.PerspectiveCamera(
            camera.field_of_view_rad, camera.distance * 0.3, camera.distance * 3.0, aspectRatio=1.0
        )
        self._scene.add(lens, pose=camera.pose)
        self._renderer = PortraitRenderer(size, studio, see_through)
        self._renderer._update_context(self._scene, pyrender.RenderFlags.OFFSCREEN)  # makes the buffers

    def draw(self, vertices: np.ndarray, normals: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """(size, size, 3) uint8 picture of (V, 3) vertices and normals; `pose` (4, 4) moves the head.

        (size, size, 4) with straight alpha where it is see-through.
        """
        if self._context is None:
            raise ValueError("this stage is closed")
        self._context.make_current()
        for part, ids in zip(self._parts, self._ids, strict=True):
            part.update(vertices, normals, ids)
        self._scene.set_pose(self._head, pose)
        return self._renderer.render(self._scene, pyrender.RenderFlags.OFFSCREEN)

    def close(self) -> None:
        """Free what OpenGL holds."""
        if self._context is not None:
            self._context.make_current()
            self._renderer.delete()
            self._context.close()
            self._context = None


def _no_finer_than(texture: np.ndarray, side: int) -> np.ndarray:
    """(H, W, 4) uint8, halved until its sides are at most `side`."""
    while max(texture.shape[:2]) > side:
        height, width = (n // 2 * 2 for n in texture.shape[:2])
        quads = texture[:height, :width].reshape(height // 2, 2, width // 2, 2, 4)
        texture = quads.mean(axis=(1, 3)).round().astype(np.uint8)
    return texture


def _order(face: FaceModel) -> list[str]:
    """Skin first, because what it hides is then not shaded; see-through parts last, over the rest."""

    def turn(name: str) -> tuple[bool, bool, str]:
        return face.materials[name].alpha_mode == "BLEND", name != "skin", name

    return sorted((name for name in face.parts if len(face.parts[name])), key=turn)
