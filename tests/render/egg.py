"""A face small enough for tests: an egg with eyes, of which two columns move something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64

JAW = OPEN_64.index("jawOpen")
SMILE = OPEN_64.index("mouthSmileLeft")


@dataclass(frozen=True)
class Material:
    roughness: float = 0.5
    metallic: float = 0.0
    alpha_mode: str = "OPAQUE"
    double_sided: bool = False
    alpha_cutoff: float = 0.5


@dataclass(frozen=True)
class Egg:
    """The part of `bfm.model.FaceModel` that rendering uses."""

    mean: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    weld: np.ndarray
    expression_basis: np.ndarray
    texture: np.ndarray
    parts: dict[str, np.ndarray]
    materials: dict[str, Material]
    landmarks68: np.ndarray
    space: str = "open"
    expression_names: tuple[str, ...] = OPEN_64
    extra: dict[str, Any] = field(default_factory=dict)

    def neutral(self, identity: np.ndarray | None = None) -> np.ndarray:
        del identity
        return self.mean


def egg(subdivisions: int = 3) -> Egg:
    """An egg 24 cm high on a neck, its lower front moved by jawOpen, its left side by mouthSmileLeft."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    mean = (ball.vertices * [0.075, 0.12, 0.095] + [0, 0.04, 0.02]).astype(np.float32)
    x, y, z = mean.T
    basis = np.zeros((64, len(mean), 3), np.float32)
    basis[JAW, :, 1] = np.where((y < 0.02) & (z > 0.03), -0.03, 0)
    basis[SMILE, :, 0] = np.where((x > 0.03) & (y < 0.05) & (y > -0.02), 0.01, 0)
    uv = np.stack([0.5 + x / 0.3, 0.5 - y / 0.4], axis=1).astype(np.float32)
    texture = np.full((64, 64, 4), (205, 160, 140, 255), np.uint8)
    eyes = (np.abs(mean[ball.faces, 1].mean(1) - 0.06) < 0.012) & (mean[ball.faces, 2].mean(1) > 0.07)
    return Egg(
        mean, ball.faces.astype(np.int32), uv, np.arange(len(mean), dtype=np.int32), basis, texture,
        {"skin": np.flatnonzero(~eyes).astype(np.int32), "eyes": np.flatnonzero(eyes).astype(np.int32)},
        {"skin": Material(), "eyes": Material(roughness=0.1)},
        np.zeros(68, np.int64),
    )  # fmt: skip
