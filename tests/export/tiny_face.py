"""A head of 50 vertices with everything a real one has: parts, seams, alpha, 64 shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sadtalker3d.rig import OPEN_64


@dataclass(frozen=True)
class Look:
    roughness: float = 0.5
    metallic: float = 0.0
    alpha_mode: str = "OPAQUE"
    double_sided: bool = False
    alpha_cutoff: float = 0.5


def _grid(side: int, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """A bowl of side x side vertices facing +z, and its triangles, counter-clockwise."""
    x, y = np.meshgrid(np.linspace(-0.08, 0.08, side), np.linspace(-0.1, 0.1, side))
    vertices = np.stack([x, y, depth - 4 * (x**2 + y**2)], axis=-1).reshape(-1, 3)
    i = np.arange(side * side).reshape(side, side)
    a, b, c, d = i[:-1, :-1].ravel(), i[:-1, 1:].ravel(), i[1:, 1:].ravel(), i[1:, :-1].ravel()
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


@dataclass(frozen=True)
class TinyFace:
    """Has the parts of `bfm.FaceModel` that the exporters use."""

    space: str = "open"
    expression_names: tuple[str, ...] = OPEN_64
    albedo_mean: np.ndarray | None = None
    materials: dict[str, Look] = field(
        default_factory=lambda: {
            "lashes": Look(alpha_mode="BLEND", double_sided=True),
            "skin": Look(),
            "hair": Look(alpha_mode="MASK", alpha_cutoff=0.4),
        }
    )

    def __post_init__(self) -> None:
        skin, skin_faces = _grid(5, 0.09)
        hair, hair_faces = _grid(4, 0.12)
        lashes, lash_faces = _grid(3, 0.1)
        counts = np.cumsum([0, len(skin_faces), len(hair_faces), len(lash_faces)])
        faces = np.concatenate([skin_faces, hair_faces + len(skin), lash_faces + len(skin) + len(hair)])
        mean = np.concatenate([skin, hair, lashes]).astype(np.float32)
        rng = np.random.default_rng(1)
        basis = np.zeros((64, len(mean), 3), np.float32)
        for shape in basis[1:]:  # the first shape moves nothing at all
            shape[rng.integers(0, len(mean), 6)] = rng.normal(0, 0.01, (6, 3))
        texture = rng.integers(0, 256, (64, 64, 4), dtype=np.uint8)
        uv = (mean[:, :2] - mean[:, :2].min(0)) / np.ptp(mean[:, :2], axis=0)
        uv[len(skin) :] = 0.6 + 0.2 * uv[len(skin) :]
        values = {
            "mean": mean, "faces": faces.astype(np.int32), "expression_basis": basis, "texture": texture,
            "identity_basis": rng.normal(0, 0.002, (80, len(mean), 3)).astype(np.float32),
            "uv": uv.astype(np.float32),
            "weld": np.arange(len(mean), dtype=np.int32),
            "parts": {
                name: np.arange(first, last, dtype=np.int32)
                for name, first, last in zip(("skin", "hair", "lashes"), counts[:-1], counts[1:], strict=True)
            },
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def neutral(self, identity: np.ndarray | None = None) -> np.ndarray:
        return self.mean if identity is None else self.mean + np.tensordot(identity, self.identity_basis, 1)

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        corners = vertices[..., self.faces, :]
        across = np.cross(corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :])
        total = np.zeros_like(vertices)
        for corner in range(3):
            np.add.at(total, (..., self.faces[:, corner], slice(None)), across)
        return total / np.linalg.norm(total, axis=-1, keepdims=True)
