"""The drawn part of the head: which triangles, how much of the photo each vertex keeps, and its own colour elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.colours import eye_colours, mouth_colours, skin_colours
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER = ("mouth", "teeth", "gums", "tongue")


@dataclass(frozen=True)
class SurfaceConfig:
    """Where the head is drawn over the sheet; places on the mean head, in metres from its pivot."""

    facing: tuple[float, float] = (0.10, 0.38)  # skin turned further away is left to the sheet
    centre_m: float = 0.034  # but not nose, mouth and eyes, this far from the middle of the face and nearer
    behind_m: tuple[float, float] = (0.035, 0.062)  # ears and temples are the sheet's
    below_chin_m: tuple[float, float] = (-0.012, 0.004)
    hairline_m: tuple[float, float] = (0.058, 0.080)
    smoothing: int = 6  # rounds over the mesh


@dataclass(frozen=True)
class Surface:
    """The drawn triangles over n vertices.

    ids : (n,) the head's vertices
    faces : (F, 3) int32 over the n; the first `skin_faces` are skin
    source : (n, 2) float32 where each vertex takes its colour from in the photo when it keeps it
    nearest : (n, 2) float32 the same, but for hidden vertices that of the nearest seen one of the same skin
    seen : (n,) float32 1 where the photo shows the vertex
    over : (n,) float32 1 where the head covers the sheet, 0 at its feathered border
    colour : (n, 3) float32 0..255 its colour where the photo has none
    """

    ids: np.ndarray
    faces: np.ndarray
    skin_faces: int
    source: np.ndarray
    nearest: np.ndarray
    seen: np.ndarray
    over: np.ndarray
    colour: np.ndarray

    @classmethod
    def of(
        cls,
        picture: np.ndarray,
        motion: HeadMotion,
        model: FaceModel,
        sight: Sight,
        config: SurfaceConfig | None = None,
    ) -> Surface:
        """Prepare the surface of the head in an (H, W, 3) uint8 picture."""
        config = config or SurfaceConfig()
        skin_faces = model.faces[model.parts["skin"]]
        links = neighbours(model.weld[skin_faces], len(model.mean))
        over = _over(model, sight, links, config)
        drawn = skin_faces[(over[skin_faces] > 0).any(axis=1)]
        inner = [model.faces[model.parts[name]] for name in ("eyes", *INNER) if name in model.parts]
        faces = np.concatenate([drawn, *inner])
        for rows in inner:
            over[np.unique(rows)] = 1.0

        source = sight.moment.xy.copy()
        seen = sight.seen & (sight.facing > 0.0)
        is_skin = np.zeros(len(seen), bool)
        is_skin[skin_faces] = True
        nearest = np.where(is_skin[:, None], _spread(source, seen & is_skin, links, 12)[model.weld], source)
        colour = np.zeros((len(seen), 3), np.float32)
        skin = skin_colours(picture, source, seen & is_skin & (over > 0), links)
        colour[is_skin] = skin[model.weld][is_skin]
        eyes = np.unique(model.faces[model.parts["eyes"]])
        colour[eyes] = eye_colours(picture, motion, model, sight, eyes)
        mouth = np.unique(np.concatenate(inner[1:]))
        colour[mouth] = mouth_colours(picture, motion, model, sight, mouth, colour)

        ids, local = np.unique(faces, return_inverse=True)
        return cls(
            ids, np.ascontiguousarray(local.reshape(-1, 3), np.int32), len(drawn), source[ids],
            nearest[ids].astype(np.float32), seen[ids].astype(np.float32),
            over[ids].astype(np.float32), colour[ids],
        )  # fmt: skip


def _over(model: FaceModel, sight: Sight, links: object, config: SurfaceConfig) -> np.ndarray:
    """(V,) how far the head covers the sheet."""
    x, y, z = model.mean.T
    chin = model.mean[model.points["chin"][0]]
    facing = smooth_step(sight.facing, *config.facing)
    centre = np.hypot(x, 0.6 * (y - 0.0)) < config.centre_m
    facing = np.where(centre & (z > 0.09), 1.0, facing)
    over = facing * smooth_step(z, *config.behind_m)
    over = over * smooth_step(y - chin[1], *config.below_chin_m)
    over = over * (1 - smooth_step(y, *config.hairline_m))
    hair = np.unique(model.faces[model.parts["hair"]]) if "hair" in model.parts else []
    over[model.weld[hair]] = 0
    over = over[model.weld]
    for _ in range(config.smoothing):
        over = np.where(centre, over, 0.5 * over + 0.5 * _average(links, over))[model.weld]
    over[over < 0.02] = 0
    return over


def neighbours(faces: np.ndarray, count: int) -> object:
    """(count, count) sparse matrix that averages over the neighbours in (F, 3) triangles."""
    from scipy import sparse

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    links = sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), (count, count))
    return links


def _average(links: object, values: np.ndarray) -> np.ndarray:
    total = np.maximum(links @ np.ones(len(values), np.float32), 1)  # type: ignore[operator]
    return (links @ values) / (total if values.ndim == 1 else total[:, None])  # type: ignore[operator]


def _spread(values: np.ndarray, known: np.ndarray, links: object, rounds: int) -> np.ndarray:
    """(V, k) values of the known vertices, handed on to their unknown neighbours ring by ring."""
    values, known = values.astype(np.float32).copy(), known.copy()
    for _ in range(rounds):
        weight = links @ known.astype(np.float32)  # type: ignore[operator]
        new = ~known & (weight > 0)
        total = links @ (values * known[:, None])  # type: ignore[operator]
        values[new] = total[new] / weight[new, None]
        known = known | new
    return values
