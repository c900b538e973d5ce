"""Grey pictures of a mouth drawn so that gradients reach the expression: the picture reader's input.

The surface is a dense cloud of points. Each is splatted on its 3 x 3 nearest pixels with a quadratic B-spline (it
ends in 0 there: a cut Gaussian times the next line's factor would jump, and the slope miss it), and where several
meet the nearest to the camera wins softly, by exp(z / depth_mm): so the lips' edge over teeth and
tongue has a slope, which a hard z-buffer lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.rotation import to_matrices
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class PictureConfig:
    """The crop, the surface's grain, and how pictures differ from each other."""

    pixels: int = 88
    side_mm: float = 64.0  # of the crop: nose to chin
    centre_mm: tuple[float, float] = (0.0, -42.0)  # x, y; below the lips, because the jaw goes down
    spacing_mm: float = 0.7  # between points, about a pixel (0.73): each point reaches three pixels
    depth_mm: float = 1.5
    cavity_mm: float = 18.0  # light in the mouth falls to 1/e this far behind the lips
    lips_z_mm: float = 133.0
    identity: float = 1.0  # standard deviations
    pose_rad: float = 0.10
    head_scale: float = 0.06
    shift_mm: float = 1.5
    albedo: tuple[float, float] = (0.45, 1.15)  # of the skin and lips, times the head's own
    ambient: tuple[float, float] = (0.35, 0.7)
    noise: float = 0.02


@dataclass(frozen=True)
class Scene:
    """What differs between the pictures of a batch, one of each a sequence."""

    person: Tensor  # (B, P, 3) mm
    turn: Tensor  # (B, 3, 3)
    scale: Tensor  # (B, 1, 1, 1)
    shift: Tensor  # (B, 1, 1, 2) mm
    albedo: Tensor  # (B, 1, 1)
    light: Tensor  # (B, 3)
    ambient: Tensor  # (B, 1, 1)


class MouthPictures:
    """Draws mouths of the embedded head."""

    def __init__(self, face: FaceModel, config: PictureConfig | None = None, seed: int = 0) -> None:
        self.config = config = config or PictureConfig()
        rng = np.random.default_rng([seed, 89])
        triangles, inside = _triangles(face, config)
        area = np.linalg.norm(_normal(1000 * face.mean[triangles]), axis=1) / 2
        wanted = area / config.spacing_mm**2 * np.where(inside, 0.4, 1.0)  # what lies deep may be coarser
        passed = np.floor(np.cumsum(wanted) + rng.random())  # as even as whole points allow
        owner = np.repeat(np.arange(len(triangles)), np.diff(passed, prepend=0.0).astype(int))
        share = rng.dirichlet((1, 1, 1), len(owner)).astype(np.float32)
        used, corners = np.unique(triangles, return_inverse=True)
        self.corners = torch.from_numpy(corners.reshape(-1, 3))
        self.owner = torch.from_numpy(owner)

        def followed(values: np.ndarray) -> np.ndarray:
            """(..., V, 3) of the mesh -> (..., P, 3) mm of the triangles' vertices, then of the points."""
            points = np.einsum("...nkc,nk->...nc", values[..., triangles[owner], :], share)
            return 1000 * np.concatenate([values[..., used, :], points], axis=-2)

        self.vertices = len(used)
        self.rest = torch.from_numpy(followed(face.mean))
        self.moves = torch.from_numpy(followed(face.expression_basis[list(DRIVEN)]))
        self.identity = np.stack([followed(direction).ravel() for direction in face.identity_basis])
        self.inside = torch.from_numpy(inside[owner])
        self.grey = torch.from_numpy(_grey(face, triangles[owner], share))

    def scene(self, rng: np.random.Generator, count: int) -> Scene:
        """Other people, lights and cameras."""
        config = self.config

        def normal(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape).astype(np.float32)

        def between(low_high: tuple[float, float]) -> Tensor:
            return torch.from_numpy(rng.uniform(*low_high, (count, 1, 1)).astype(np.float32))

        light = np.array([0, 0.3, 1], np.float32) + normal(count, 3) * np.array([0.6, 0.4, 0], np.float32)
        light /= np.linalg.norm(light, axis=1, keepdims=True)
        return Scene(
            torch.from_numpy((config.identity * normal(count, 80) @ self.identity).reshape(count, -1, 3)),
            torch.from_numpy(to_matrices(config.pose_rad * normal(count, 3)).astype(np.float32)),
            torch.from_numpy(1 + config.head_scale * normal(count, 1, 1, 1)),
            torch.from_numpy(config.shift_mm * normal(count, 1, 1, 2)),
            between(config.albedo),
            torch.from_numpy(light),
            between(config.ambient),
        )

    def draw(self, driven: Tensor, scene: Scene) -> Tensor:
        """(B, T, D) of the driven columns -> (B, T, pixels, pixels) grey, 0 to about 1, top row first."""
        config, side = self.config, self.config.pixels
        batch, time = driven.shape[:2]
        centre = torch.tensor([*config.centre_mm, config.lips_z_mm])
        places = self.rest + scene.person[:, None] - centre
        places = places + (driven @ self.moves.flatten(1)).unflatten(-1, (-1, 3))
        places = scene.scale * (places @ scene.turn.transpose(1, 2)[:, None])
        corners = places[..., : self.vertices, :][..., self.corners, :]  # (B, T, F, 3, 3)
        normal = torch.linalg.cross(
            corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
        )
        normal = normal / normal.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        lit = (normal @ scene.light[:, None, :, None])[..., 0].clamp(min=0)  # (B, T, F)
        points = places[..., self.vertices :, :]  # (B, T, N, 3)
        depth = points[..., 2]
        cavity = torch.where(self.inside, (depth.clamp(max=0) / config.cavity_mm).exp(), 1.0)
        tint = torch.where(self.inside, 1.0, scene.albedo)
        shade = scene.ambient + (1 - scene.ambient) * lit[..., self.owner]
        colour = self.grey * tint * cavity * shade
        facing = torch.sigmoid((normal[..., self.owner, 2] - 0.05) / 0.03)
        front = facing * (depth / config.depth_mm).clamp(-75, 25).exp()  # float32 ends at exp(-87)
        place = (points[..., :2] + scene.shift) * (side / config.side_mm)
        column, row = place[..., 0] + side / 2 - 0.5, side / 2 - 0.5 - place[..., 1]
        near_column, near_row = column.detach().round(), row.detach().round()
        picture = torch.zeros(2, batch * time * side * side)
        first = (torch.arange(batch * time) * side * side).view(batch, time, 1)
        sums = [picture[0], picture[1]]
        across = [self._reach(near_column + step, column) for step in (-1, 0, 1)]
        for step in (-1, 0, 1):
            y, high = self._reach(near_row + step, row)
            for x, wide in across:
                weight = front * high * wide
                pixel = (first + y * side + x).flatten()
                sums[0] = sums[0].index_add(0, pixel, weight.flatten())
                sums[1] = sums[1].index_add(0, pixel, (weight * colour).flatten())
        return (sums[1] / (sums[0] + 1e-36)).view(batch, time, side, side)

    def _reach(self, pixel: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """A row or column of the picture as an index, and what a point at `place` gives it: 0 outside."""
        side = self.config.pixels
        off = (pixel - place).abs()
        weight = torch.where(off < 0.5, 0.75 - off**2, 0.5 * (1.5 - off).clamp(min=0) ** 2)
        return pixel.clamp(0, side - 1).long(), weight * ((pixel >= 0) & (pixel < side))


def _triangles(face: FaceModel, config: PictureConfig) -> tuple[np.ndarray, np.ndarray]:
    """(F, 3) triangles that may show in the crop, and which of them lie behind the lips."""
    kept, inside = [], []
    reach = 0.58 * config.side_mm
    for name in ("skin", "mouth", "teeth", "gums", "tongue"):
        part = face.faces[face.parts[name]]
        corners = 1000 * face.mean[part]
        middle = corners.mean(1)
        near = np.abs(middle[:, :2] - config.centre_mm).max(1) < reach
        toward = _normal(corners)[:, 2] > 0  # the front; the dark back of the mouth fills what it leaves
        show = near & (middle[:, 2] > 80) & (toward if name in ("teeth", "gums") else True)
        kept.append(part[show])
        inside.append(np.full(show.sum(), name != "skin"))
    return np.concatenate(kept), np.concatenate(inside)


def _normal(corners: np.ndarray) -> np.ndarray:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _grey(face: FaceModel, triangles: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(N,) brightness of the texture at points of triangles, 0 to 1."""
    uv = (face.uv[triangles] * share[..., None]).sum(1)
    high, wide = face.texture.shape[:2]
    column = np.clip((uv[:, 0] * wide).astype(int), 0, wide - 1)
    row = np.clip((uv[:, 1] * high).astype(int), 0, high - 1)
    return (face.texture[row, column, :3] @ np.array([0.3, 0.59, 0.11]) / 255).astype(np.float32)
