"""The drawn part of the head: its triangles, where in the photo they lie, and their own colour elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.render.warp.colours import eye_colours, mouth_colours, sampled, skin_colours
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER = ("mouth", "teeth", "gums", "tongue")


@dataclass(frozen=True)
class SurfaceConfig:
    """Where the head is drawn over the sheet; places on the mean head, in metres from its pivot."""

    facing: tuple[float, float] = (-0.25, -0.05)  # beyond what 15 degrees bring to light, the sheet does
    centre_m: float = 0.034  # but not nose, mouth and eyes, this far from the middle of the face and nearer
    behind_m: tuple[float, float] = (0.035, 0.062)  # ears and temples are the sheet's
    below_chin_m: tuple[float, float] = (-0.022, -0.010)
    under_jaw_m: tuple[float, float] = (0.060, 0.085)  # depth of the jaw's underside, which ends at the neck
    hairline_m: tuple[float, float] = (0.058, 0.080)
    smoothing: int = 3  # rounds over the mesh


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
        zones: Zones,
        over: np.ndarray,
    ) -> Surface:
        """Prepare the surface of the head in an (H, W, 3) uint8 picture; `over` (V,) is from `covering`."""
        skin_faces = model.faces[model.parts["skin"]]
        links = neighbours(model.weld[skin_faces], len(model.mean))
        over = over.copy()
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
        known = seen & is_skin & (sight.facing > 0.25) & (model.mean[:, 2] > 0.03) & zones.clean
        skin = skin_colours(picture, source, known, links + _lid_bridges(model), 0.006 * float(np.ptp(source[:, 0])))
        skin *= 1 - _lip_shade(model, seen)[:, None]
        skin += zones.lash_line[:, None] * (_lash_colour(picture, source, model) - skin)
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


def covering(model: FaceModel, sight: Sight, config: SurfaceConfig | None = None) -> np.ndarray:
    """(V,) how far the head's skin covers the sheet: 1 in the middle of the face, 0 beyond its border."""
    config = config or SurfaceConfig()
    links = neighbours(model.weld[model.faces[model.parts["skin"]]], len(model.mean))
    x, y, z = model.mean.T
    chin = model.mean[model.points["chin"][0]]
    facing = smooth_step(sight.facing, *config.facing)
    centre = np.hypot(x, 0.6 * (y - 0.0)) < config.centre_m
    facing = np.where(centre & (z > 0.09), 1.0, facing)
    under = (y < chin[1] + 0.012) & (sight.facing < 0.3)
    facing = np.where(under, smooth_step(z, *config.under_jaw_m), facing)
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


def _lid_bridges(model: FaceModel) -> Any:
    """Links from the upper lids' edges to the lower ones': a closed lid's colour lies between brow and cheek."""
    from scipy import sparse

    rows, columns = [], []
    for side in ("left", "right"):
        upper = model.weld[model.points[f"eyelid_upper_{side}"]]
        lower = model.weld[model.points[f"eyelid_lower_{side}"]]
        x = model.mean[:, 0]
        rows.append(upper)
        columns.append(lower[np.abs(x[upper][:, None] - x[lower][None]).argmin(axis=1)])
    pairs = np.stack([np.concatenate(rows), np.concatenate(columns)])
    count = len(model.mean)
    both = np.concatenate([pairs, pairs[::-1]], axis=1)
    bridges = sparse.csr_matrix((np.ones(both.shape[1], np.float32), both), (count, count))
    bridges.data[:] = 1
    return bridges


def _lash_colour(picture: np.ndarray, xy: np.ndarray, model: FaceModel) -> np.ndarray:
    """(3,) the dark of the upper lids' edges in the photo."""
    edges = np.concatenate([model.points[f"eyelid_upper_{side}"] for side in ("left", "right")])
    colour = sampled(picture, xy[edges])
    return colour[np.argsort(colour.sum(axis=1))[: max(len(colour) // 6, 1)]].mean(axis=0)


def _lip_shade(model: FaceModel, seen: np.ndarray) -> np.ndarray:
    """(V,) how much darker hidden parts of the lips are: the upper lip throws a shadow, and inside it is dark."""
    shade = np.zeros(len(seen), np.float32)
    near = np.linalg.norm(model.mean - model.mean[model.points["inner_lip_upper"]].mean(axis=0), axis=1) < 0.03
    jaw = model.expression_basis[model.expression_names.index("jawOpen")][:, 1]
    low = jaw < 0.5 * np.median(jaw[model.points["inner_lip_lower"]])
    shade[near & ~seen & ~low], shade[near & ~seen & low] = 0.3, 0.1
    return shade


def neighbours(faces: np.ndarray, count: int) -> Any:
    """(count, count) sparse matrix that averages over the neighbours in (F, 3) triangles."""
    from scipy import sparse

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    links = sparse.csr_matrix((np.ones(len(pairs), np.float32), (pairs[:, 0], pairs[:, 1])), (count, count))
    return links


def _average(links: Any, values: np.ndarray) -> np.ndarray:
    total = np.maximum(links @ np.ones(len(values), np.float32), 1)
    return (links @ values) / (total if values.ndim == 1 else total[:, None])


def _spread(values: np.ndarray, known: np.ndarray, links: Any, rounds: int) -> np.ndarray:
    """(V, k) values of the known vertices, handed on to their unknown neighbours ring by ring."""
    values, known = values.astype(np.float32).copy(), known.copy()
    for _ in range(rounds):
        weight = links @ known.astype(np.float32)
        new = ~known & (weight > 0)
        total = links @ (values * known[:, None])
        values[new] = total[new] / weight[new, None]
        known = known | new
    return values
