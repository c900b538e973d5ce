"""FaceModel: a linear morphable head, and everything a renderer or exporter needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sadtalker3d.errors import UserError


@dataclass(frozen=True)
class Material:
    """How a part is shaded, in glTF's terms; its colour is the shared texture."""

    roughness: float
    metallic: float = 0.0
    alpha_mode: str = "OPAQUE"  # or "MASK" or "BLEND"
    alpha_cutoff: float = 0.5  # for "MASK"
    double_sided: bool = False


@dataclass(frozen=True)
class FaceModel:
    """A head as mean + identity + expression.

    Right-handed axes, y up, the face looks along +z, the subject's left is +x. The origin is the head's pivot. In
    `open` lengths are metres and an expression weight of 1 is the full shape; in `basel` both are upstream's.
    Texture coordinates follow glTF (v down); the mesh is split along their seams.
    """

    space: str  # "open" or "basel"
    mean: np.ndarray  # (V, 3) float32
    identity_basis: np.ndarray  # (80, V, 3) float32, per standard deviation
    expression_basis: np.ndarray  # (64, V, 3) float32
    expression_names: tuple[str, ...]  # 64
    faces: np.ndarray  # (F, 3) int32, counter-clockwise from outside
    uv: np.ndarray  # (V, 2) float32
    weld: np.ndarray  # (V,) int32: the first vertex at the same place
    landmarks68: np.ndarray  # (68,) int32: iBUG's landmarks in their order
    texture: np.ndarray  # (H, W, 4) uint8 sRGB, shared by all parts
    parts: Mapping[str, np.ndarray]  # name -> face indices, int32
    materials: Mapping[str, Material]
    points: Mapping[str, np.ndarray] = field(default_factory=dict)  # name -> vertex indices, int32
    albedo_mean: np.ndarray | None = None  # (V, 3) 0..255, basel only
    albedo_basis: np.ndarray | None = None  # (80, V, 3), basel only

    def neutral(self, identity: np.ndarray | None = None) -> np.ndarray:
        """The head of `identity` ((k,), k <= 80, standard deviations) at rest, lips closed -> (V, 3) metres."""
        if identity is None:
            return self.mean.copy()
        coefficients = np.asarray(identity, np.float32)
        if coefficients.ndim != 1 or len(coefficients) > len(self.identity_basis):
            raise UserError(
                f"an identity is a row of at most {len(self.identity_basis)} numbers, not {coefficients.shape}"
            )
        basis = self.identity_basis[: len(coefficients)]
        return self.mean + np.tensordot(coefficients, basis, axes=1)

    def vertices(
        self, identity: np.ndarray | None = None, expression: np.ndarray | None = None
    ) -> np.ndarray:
        """Vertices of (64,) or (T, 64) expressions on one identity -> (V, 3) or (T, V, 3)."""
        rest = self.neutral(identity)
        if expression is None:
            return rest
        weights = np.asarray(expression, np.float32)
        count = len(self.expression_basis)
        if weights.ndim not in (1, 2) or weights.shape[-1] != count:
            raise UserError(
                f"an expression is ({count},) or (frames, {count}) numbers in the space '{self.space}', "
                f"not {weights.shape}"
            )
        moved = weights @ self.expression_basis.reshape(count, -1)
        return rest + moved.reshape(*weights.shape[:-1], -1, 3)

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """The 68 landmarks of (..., V, 3) vertices -> (..., 68, 3)."""
        return vertices[..., self.landmarks68, :]

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Unit vertex normals of (..., V, 3) vertices, area-weighted and smooth across texture seams."""
        order, starts, owners = self._corner_order
        corners = vertices[..., self.faces, :]
        face = np.cross(corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :])
        summed = np.add.reduceat(face[..., order // 3, :], starts, axis=-2)
        welded = np.zeros_like(vertices)
        welded[..., owners, :] = summed
        normals = welded[..., self.weld, :]
        return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)

    @cached_property
    def _corner_order(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Face corners sorted by welded vertex, where each vertex begins, and those vertices."""
        owner = self.weld[self.faces].ravel()
        order = np.argsort(owner, kind="stable")
        owners, starts = np.unique(owner[order], return_index=True)
        return order, starts, owners
