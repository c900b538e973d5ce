"""The drawn part of the head: its triangles, where in the photo they lie, and their own colour elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.render.warp.colours import eye_colours, skin_colours
from sadtalker3d.render.warp.covering import under_jaw
from sadtalker3d.render.warp.lashes import lash_colours
from sadtalker3d.render.warp.lid_colours import lid_colours
from sadtalker3d.render.warp.links import average, skin_links, spread
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.mouth_colours import cheek_tone, mouth_colours
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.teeth_patch import teeth_patch
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel

INNER = ("mouth", "teeth", "gums", "tongue")


@dataclass(frozen=True)
class Surface:
    """The drawn triangles over n vertices.

    ids : (n - k,) the head's vertices
    patch : (k, 3) float32 points of head space that follow: the photo's teeth
    faces : (F, 3) int32 over the n
    inner : which of the n lie inside the mouth
    source : (n, 2) float32 where each vertex takes its colour from in the photo when it keeps it
    nearest : (n, 2) float32 the same, but for hidden vertices that of the nearest seen one of the same skin
    seen : (n,) float32 1 where the photo shows the vertex
    over : (n,) float32 1 where the head covers the sheet, 0 at its feathered border
    colour : (n, 3) float32 0..255 its colour where the photo has none
    """

    ids: np.ndarray
    patch: np.ndarray
    faces: np.ndarray
    inner: np.ndarray
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
        bare: np.ndarray,
    ) -> Surface:
        """Prepare the surface of the head in an (H, W, 3) uint8 picture; `over` and `bare` (V,) are from `covering`."""
        skin_faces = model.faces[model.parts["skin"]]
        links = skin_links(model)
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
        # towards its outline a fitted face shows some of what lies behind it
        clear = seen & is_skin & (((sight.facing > 0.3) & (bare > 0.5)) | under_jaw(model))
        nearest = np.where(is_skin[:, None], spread(source, clear, links, 12)[model.weld], source)
        colour = np.zeros((len(seen), 3), np.float32)
        known = clear & ((sight.facing > 0.4) | under_jaw(model)) & (model.mean[:, 2] > 0.03) & zones.clean
        skin = skin_colours(
            picture, source, known, links + _lid_bridges(model), 0.006 * float(np.ptp(source[:, 0]))
        )
        skin = lid_colours(picture, source, model, zones, skin, clear, links)
        skin *= 1 - _lip_shade(model, seen, links)[:, None]
        lashes = lash_colours(picture, source, model)
        skin += zones.lash_line[:, None] * (lashes[(model.mean[:, 0] < 0).astype(int)] - skin)
        colour[is_skin] = skin[model.weld][is_skin]
        eyes = np.unique(model.faces[model.parts["eyes"]])
        colour[eyes] = eye_colours(picture, motion, model, sight, eyes)
        mouth = np.unique(np.concatenate(inner[1:]))
        tone = cheek_tone(model, sight, colour)
        patch = teeth_patch(picture, motion, model, tone)
        extra = patch.xy
        colour[mouth] = mouth_colours(motion, model, sight, mouth, tone, patch.teeth_rgb)

        outline = smooth_step(sight.facing, 0.05, 0.35) * np.where(sight.facing < 0.75, bare, 1.0)
        outline = np.where(is_skin & ~under_jaw(model), outline, 1.0)
        k = len(patch.points)
        seen[mouth] = False  # what the photo shows of it is in the patch
        ids, local = np.unique(faces, return_inverse=True)
        faces = np.concatenate([local.reshape(-1, 3), patch.faces + len(ids)])
        ones = np.ones(k, np.float32)
        return cls(
            ids,
            patch.points,
            np.ascontiguousarray(faces, np.int32),
            np.flatnonzero(np.isin(ids, mouth)),
            np.concatenate([source[ids], extra]).astype(np.float32),
            np.concatenate([nearest[ids], extra]).astype(np.float32),
            np.concatenate([seen[ids] * outline[ids], ones]).astype(np.float32),
            np.concatenate([over[ids], ones]).astype(np.float32),
            np.concatenate([colour[ids], np.zeros((k, 3))]).astype(np.float32),
        )


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


def _lip_shade(model: FaceModel, seen: np.ndarray, links: Any) -> np.ndarray:
    """(V,) how much darker hidden parts of the lips are: the upper lip throws a shadow, and inside it is dark."""
    shade = np.zeros(len(seen), np.float32)
    near = (
        np.linalg.norm(model.mean - model.mean[model.points["inner_lip_upper"]].mean(axis=0), axis=1) < 0.03
    )
    jaw = model.expression_basis[model.expression_names.index("jawOpen")][:, 1]
    low = jaw < 0.5 * np.median(jaw[model.points["inner_lip_lower"]])
    shade[near & ~seen & ~low], shade[near & ~seen & low] = 0.3, 0.1
    for _ in range(3):
        shade = average(links, shade)[model.weld]
    return shade
