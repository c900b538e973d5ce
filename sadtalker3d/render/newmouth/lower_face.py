"""The part of the head that is drawn anew: lips, cheeks and jaw, and the inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.landmark_offsets import spread_matrix
from sadtalker3d.face.mesh_points import MeshPoints
from sadtalker3d.render.newmouth.lip_edges import LipEdges
from sadtalker3d.render.warp.motion import smooth_step
from sadtalker3d.render.warp.zones import distance_m

if TYPE_CHECKING:
    from bfm.model import FaceModel

INSIDE = ("mouth", "teeth", "gums", "tongue")


@dataclass(frozen=True)
class RegionConfig:
    """Where the face is bent; places on the mean head in metres from its pivot."""

    below_m: tuple[float, float] = (0.022, -0.006)  # the tip of the nose is at 0, the eyes are at 0.03
    before_m: tuple[float, float] = (0.018, 0.044)  # in depth: the ear stays
    above_m: tuple[float, float] = (-0.115, -0.098)  # the throat stays


@dataclass(frozen=True)
class LowerFace:
    """n vertices of the head and their triangles.

    ids : (n,) of the head's vertices; faces (F, 3) int32 over the n
    bends : (n,) float32 how much of a change of expression is shown, 0 at the border
    inner : which of the n lie inside the mouth; teeth : (inner,) bool, which of those are teeth
    skin : (n,) bool; weld (n,) the first of the n at the same place
    follows : (n, 468) float32 how a vertex goes with what is left of the detector's points
    """

    ids: np.ndarray
    faces: np.ndarray
    bends: np.ndarray
    inner: np.ndarray
    teeth: np.ndarray
    skin: np.ndarray
    weld: np.ndarray
    follows: np.ndarray
    basis: np.ndarray  # (64, n * 3) float32
    upper: np.ndarray  # of the n: the middles of the inner lips' edges
    lower: np.ndarray
    lips: np.ndarray  # (n,) bool, skin around the mouth
    red: np.ndarray  # of the n: surely lips
    lip_line: np.ndarray  # (n,) float32, 1 on the line between the lips
    lip_edge: np.ndarray  # of the n: lips that the points may have laid on teeth, but no corners
    neck: np.ndarray  # (n,) bool, below the jaw, where a collar may be
    edges: LipEdges
    tells: np.ndarray  # of the n: cheeks and chin, whose colour is the skin's

    @classmethod
    def of(cls, model: FaceModel, places: MeshPoints, config: RegionConfig | None = None) -> LowerFace:
        """The lower face of a head."""
        config = config or RegionConfig()
        _, y, z = model.mean.T
        bends = (
            smooth_step(-y, -config.below_m[0], -config.below_m[1])
            * smooth_step(z, *config.before_m)
            * smooth_step(y, *config.above_m)
        )
        skin_faces = model.faces[model.parts["skin"]]
        drawn = skin_faces[(bends[skin_faces] > 0).any(axis=1)]
        inside = [model.faces[model.parts[name]] for name in INSIDE if name in model.parts]
        inner = np.unique(np.concatenate(inside))
        bends[inner] = 1.0
        ids, local = np.unique(np.concatenate([drawn, *inside]), return_inverse=True)
        _, first, weld = np.unique(model.weld[ids], return_index=True, return_inverse=True)
        points = model.points
        near_lips = distance_m(model, np.concatenate([points["inner_lip_upper"], points["inner_lip_lower"]]))
        place = np.full(len(model.mean), -1)
        place[ids] = np.arange(len(ids))

        is_skin = np.isin(ids, np.unique(drawn)) & ~np.isin(ids, inner)
        chin = model.mean[points["chin"][0]]
        low = y[ids] < model.mean[points["inner_lip_lower"], 1].mean()
        corners_m = distance_m(model, points["lip_corners"])[ids]

        def middle(name: str) -> np.ndarray:
            rows = points[name]
            return place[rows[np.abs(model.mean[rows, 0]) < 0.008]]

        return cls(
            ids,
            np.ascontiguousarray(local.reshape(-1, 3), np.int32),
            bends[ids].astype(np.float32),
            np.flatnonzero(np.isin(ids, inner)),
            np.isin(inner, np.unique(model.faces[model.parts["teeth"]])),
            is_skin,
            first[weld],
            spread_matrix(model, places, ids),
            np.ascontiguousarray(model.expression_basis[:, ids].reshape(64, -1), np.float32),
            middle("inner_lip_upper"),
            middle("inner_lip_lower"),
            near_lips[ids] < 0.010,
            np.flatnonzero(
                is_skin & (near_lips[ids] > 0.0015) & (near_lips[ids] < 0.0045) & (corners_m > 0.01)
            ),
            (1 - smooth_step(near_lips[ids], 0.0006, 0.0018)).astype(np.float32),
            np.flatnonzero(is_skin & (near_lips[ids] < np.where(low, 0.0085, 0.0035)) & (corners_m > 0.006)),
            is_skin & (y[ids] < chin[1] - 0.002) & (z[ids] < chin[2] + 0.01),
            LipEdges.of(model, ids, is_skin),
            np.flatnonzero(is_skin & (near_lips[ids] > 0.012) & (y[ids] > chin[1]) & (z[ids] > 0.085)),
        )

    @cached_property
    def skin_rows(self) -> np.ndarray:
        """The rows of skin among the n."""
        return np.flatnonzero(self.skin)
