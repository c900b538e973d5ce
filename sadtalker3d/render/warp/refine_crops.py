"""Crops around mouth and eyes that travel with the head, what is known of their pixels, and the way back.

All crops show a face upright at one size, and both eyes as left eyes, so that a small network need not learn more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion, Moment, smooth_step
from sadtalker3d.render.warp.raster import U, compiled, nearest_triangles
from sadtalker3d.render.warp.relight import vertex_normals
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.render.warp.surface import Surface

PARTS = ("skin", "mouth", "teeth", "gums", "tongue", "eyes")  # numbered from 1 in `Crop.part`; 0 is none
OWN_SHARE = 0.5  # of the repair that reaches the photo's own pixels: they are the person ...
OWN_TEETH_SHARE = 0.0  # ... and so are their teeth
GUIDES = 6  # channels of `guides`
MOVED_M = (0.0003, 0.0015)  # from no repair to full: how far lips or lids have moved


@dataclass(frozen=True)
class Region:
    """A square of the face; lengths in metres on the mean head.

    network : whose work it is
    points : names of the lines in the model around which is repaired
    above_m : its middle above theirs
    repaired_m : how far from these lines everything is repaired, and where nothing is any more
    near_m : triangles further from the middle are not looked at
    """

    name: str
    network: str
    points: tuple[str, ...]
    above_m: float
    side_m: float
    side_px: int
    repaired_m: tuple[float, float]
    near_m: float
    mirrored: bool = False


# 1.14 pixels a millimetre, as in a portrait of 512 pixels; an open jaw takes the lower lip 3 cm down
MOUTH = Region(
    "mouth", "mouth", ("inner_lip_upper", "inner_lip_lower"), -0.008, 0.084, 96, (0.009, 0.018), 0.085
)
LEFT_EYE, RIGHT_EYE = (
    Region(
        f"{side}_eye", "eye", (f"eyelid_upper_{side}", f"eyelid_lower_{side}"), 0.003, 0.056, 64,
        (0.009, 0.016), 0.05, mirrored=side == "right",
    )
    for side in ("left", "right")
)  # fmt: skip
REGIONS = (MOUTH, LEFT_EYE, RIGHT_EYE)


@dataclass(frozen=True)
class Crop:
    """One region in one frame; S is its side in pixels.

    matrix : (2, 3) from the crop's pixels to the picture's
    picture : (S, S, 3) uint8, the frame
    photo : (S, S, 3) uint8, the same place in the photo
    normals : (S, S, 3) float32 of the surface: to the crop's right, up, towards the camera
    part : (S, S) uint8, what is there; see `PARTS`
    keep : (S, S) float32, how much of the colour is the photo's own
    mask : (S, S) float32, where and how far may be repaired
    """

    region: Region
    matrix: np.ndarray
    picture: np.ndarray
    photo: np.ndarray
    normals: np.ndarray
    part: np.ndarray
    keep: np.ndarray
    mask: np.ndarray


class Places:
    """Where the regions lie in the frames of a head."""

    def __init__(self, motion: HeadMotion, model: FaceModel) -> None:
        self._motion = motion
        apart = [
            np.subtract(*(_middle(vertices, model, eye) for eye in (LEFT_EYE, RIGHT_EYE)))
            for vertices in (motion.rest, model.mean)
        ]
        self.size = float(np.linalg.norm(apart[0]) / np.linalg.norm(apart[1]))  # of this head to the mean one
        self._anchors = {
            region.name: _middle(motion.rest, model, region) + self.size * _up(region.above_m)
            for region in REGIONS
        }

    def matrix(self, region: Region, rotation_rad: np.ndarray, translation_m: np.ndarray) -> np.ndarray:
        """(2, 3) float64 from the crop's pixels to the picture's, the head moved relative to the photo."""
        anchor = self._anchors[region.name]
        ends = np.stack([anchor, anchor + _up(0.01)])
        seen = self._motion.see(ends, np.ones(2, np.float32), rotation_rad, translation_m)
        up = seen.xy[1].astype(np.float64) - seen.xy[0]
        up /= np.linalg.norm(up)
        pixel_m = region.side_m * self.size / region.side_px
        scale = pixel_m * self._motion.fit.focal_px / -float(seen.near[0])
        right = np.array([-up[1], up[0]]) * (-1 if region.mirrored else 1)
        turn = scale * np.stack([right, -up], axis=1)
        middle = np.full(2, (region.side_px - 1) / 2)
        return np.column_stack([turn, seen.xy[0] - turn @ middle])


class RefineCrops:
    """The regions of one portrait, prepared once."""

    def __init__(self, picture: np.ndarray, motion: HeadMotion, model: FaceModel, surface: Surface) -> None:
        self._motion = motion
        self.places = Places(motion, model)
        still = np.zeros(3)
        matrices = [self.places.matrix(region, still, still) for region in REGIONS]
        self._photos = [
            cut_out(picture, matrix, region.side_px) for region, matrix in zip(REGIONS, matrices, strict=True)
        ]
        self._meshes = [_RegionMesh(region, model, surface) for region in REGIONS]

    def cut(
        self,
        frame: np.ndarray,
        points: np.ndarray,
        now: Moment,
        attributes: np.ndarray,
        displacement: np.ndarray,
        rotation_rad: np.ndarray,
        translation_m: np.ndarray,
    ) -> list[Crop]:
        """The regions whose lips or lids have moved; what `PhotoPortrait.draw` knows when a frame is done."""
        crops = []
        for region, photo, mesh in zip(REGIONS, self._photos, self._meshes, strict=True):
            gain = mesh.moved(displacement)
            if gain == 0:
                continue
            matrix = self.places.matrix(region, rotation_rad, translation_m)
            turn = self._motion.turn @ to_matrices(np.asarray(rotation_rad, np.float64)[None])[0]
            normals, part, keep, mask = mesh.draw(points, now, attributes, matrix, turn)
            mask = np.float32(gain) * _border(region.side_px) * repairable(mask, part, keep)
            picture = cut_out(frame, matrix, region.side_px)
            crops.append(Crop(region, matrix, picture, photo, normals, part, keep, mask))
        return crops


class _RegionMesh:
    """The surface's triangles in one region."""

    def __init__(self, region: Region, model: FaceModel, surface: Surface) -> None:
        self._region = region
        lines = np.concatenate([model.points[name] for name in region.points])
        self._lines = lines
        count = len(surface.ids)
        mean = np.full((count + len(surface.patch), 3), np.inf, np.float32)
        mean[:count] = model.mean[surface.ids]
        mean[count:] = model.mean[model.points["inner_lip_upper"]].mean(axis=0)  # the photo's teeth
        middle = model.mean[lines].mean(axis=0) + _up(region.above_m)
        near = np.linalg.norm(mean - middle, axis=1) < region.near_m
        used = surface.faces[near[surface.faces].all(axis=1)]
        self._ids, local = np.unique(used, return_inverse=True)
        self._faces = np.ascontiguousarray(local.reshape(-1, 3), np.int32)
        self._parts = _parts(model, surface)[self._ids[self._faces[:, 0]]]
        skin = _parts(model, surface)[self._ids] == PARTS.index("skin") + 1
        distance = np.linalg.norm(mean[self._ids][:, None] - model.mean[lines][None], axis=2).min(axis=1)
        weight = 1 - smooth_step(distance, *region.repaired_m)
        self._weight = np.where(skin, weight * surface.over[self._ids], 1.0).astype(np.float32)

    def moved(self, displacement: np.ndarray) -> float:
        """0..1, how far the lips or lids are from how the photo shows them."""
        far = np.sqrt(np.square(displacement[self._lines]).sum(axis=1).mean())
        return float(smooth_step(far, *MOVED_M))

    def draw(
        self, points: np.ndarray, now: Moment, attributes: np.ndarray, matrix: np.ndarray, turn: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """-> `Crop`'s normals, part, keep, and mask before the gain."""
        import cv2

        ids, side = self._ids, self._region.side_px
        inverse = np.linalg.inv(matrix[:, :2])
        xy = ((now.xy[ids] - matrix[:, 2]) @ inverse.T).astype(np.float32)
        faces = self._faces[:, ::-1] if self._region.mirrored else self._faces  # keep their fronts in front
        faces = np.ascontiguousarray(faces)
        shown = np.full((side, side), -1, np.int32)
        depth = np.full((side, side), -np.inf, np.float32)
        nearest_triangles(xy, np.ascontiguousarray(now.near[ids]), faces, 0, 0, 0, 1, shown, depth)
        normals = vertex_normals(np.ascontiguousarray(points[ids], np.float32), self._faces) @ turn.T
        flat = inverse / np.sqrt(abs(np.linalg.det(inverse)))
        normals[:, :2] = (normals[:, :2] * (1, -1)) @ flat.T * (1, -1)
        values = np.column_stack([normals, attributes[ids, 2], self._weight]).astype(np.float32)
        drawn = np.zeros((side, side, values.shape[1]), np.float32)
        interpolated(shown, xy, faces, values, drawn)
        part = np.where(shown >= 0, self._parts[shown], 0).astype(np.uint8)
        # in a wide open mouth one may look past the mesh: such holes are repaired with what is around them
        mask = cv2.morphologyEx(drawn[..., 4], cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        return drawn[..., :3], part, drawn[..., 3], mask


@compiled
def interpolated(ids, xy, faces, values, drawn):  # type: ignore[no-untyped-def]
    """(h, w, n) float32 `drawn`, written: (V, n) `values` on the triangles `ids` (h, w) in whose pixels they lie."""
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            f = ids[U(y), U(x)]
            if f < 0:
                continue
            i, j, k = U(faces[f, 0]), U(faces[f, 1]), U(faces[f, 2])
            x0, y0 = xy[i, 0], xy[i, 1]
            x1, y1, x2, y2 = xy[j, 0] - x0, xy[j, 1] - y0, xy[k, 0] - x0, xy[k, 1] - y0
            px, py = np.float32(x) - x0, np.float32(y) - y0
            inverse = np.float32(1) / (x1 * y2 - x2 * y1)
            b, c = (px * y2 - x2 * py) * inverse, (x1 * py - px * y1) * inverse
            a = np.float32(1) - b - c
            for n in range(values.shape[1]):
                drawn[U(y), U(x), U(n)] = a * values[i, U(n)] + b * values[j, U(n)] + c * values[k, U(n)]


def cut_out(picture: np.ndarray, matrix: np.ndarray, side_px: int) -> np.ndarray:
    """(side, side, 3) uint8 of an (H, W, 3) picture; (2, 3) `matrix` goes from the crop's pixels to the picture's."""
    import cv2

    finer = max(int(np.ceil(np.sqrt(abs(np.linalg.det(matrix[:, :2]))) - 0.25)), 1)
    # cut as fine as the picture is, then average: thin lines must not flicker
    fine = matrix.copy()
    fine[:, :2] /= finer
    fine[:, 2] += matrix[:, :2] @ np.full(2, 0.5 / finer - 0.5)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(picture, fine, (finer * side_px,) * 2, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cut if finer == 1 else cv2.resize(cut, (side_px, side_px), interpolation=cv2.INTER_AREA)


def repairable(mask: np.ndarray, part: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """(S, S) float32 `mask`, less of it where the photo's own pixels are seen."""
    own = np.where(part == PARTS.index("teeth") + 1, OWN_TEETH_SHARE, OWN_SHARE)
    return (mask * (1 - np.clip(keep, 0, 1) * (1 - own))).astype(np.float32)


def guides(crop: Crop) -> np.ndarray:
    """(S, S, 6) uint8: normals from -1..1, part, keep and mask from 0..1; the form a network is trained on."""
    return np.dstack([
        np.rint((np.clip(crop.normals, -1, 1) + 1) * 127.5), crop.part,
        np.rint(np.clip(crop.keep, 0, 1) * 255), np.rint(np.clip(crop.mask, 0, 1) * 255),
    ]).astype(np.uint8)  # fmt: skip


def paste(frame: np.ndarray, crop: Crop, change: np.ndarray) -> None:
    """Add a change (S, S, 3) float32 of colours 0..255, times the crop's mask, to the frame (H, W, 3) uint8."""
    import cv2

    side = crop.region.side_px
    corners = np.array([[-1, -1], [side, -1], [side, side], [-1, side]]) @ crop.matrix[:, :2].T
    corners += crop.matrix[:, 2]
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, frame.shape[1::-1])
    if (high <= low).any():
        return
    matrix = crop.matrix.copy()
    matrix[:, 2] -= low
    size = tuple(int(n) for n in high - low)
    laid = cv2.warpAffine(change * crop.mask[..., None], matrix, size, flags=cv2.INTER_LINEAR)
    part = frame[low[1] : high[1], low[0] : high[0]]
    part[:] = np.clip(np.rint(part + laid), 0, 255).astype(np.uint8)


def _middle(vertices: np.ndarray, model: FaceModel, region: Region) -> np.ndarray:
    return vertices[np.concatenate([model.points[name] for name in region.points])].mean(axis=0)


def _up(height_m: float) -> np.ndarray:
    return np.array([0.0, height_m, 0.0], np.float32)


def _parts(model: FaceModel, surface: Surface) -> np.ndarray:
    """(n,) number of each of the surface's vertices in `PARTS`, counted from 1."""
    part = np.zeros(len(model.mean), np.uint8)
    for number, name in enumerate(PARTS, start=1):
        if name in model.parts:
            part[np.unique(model.faces[model.parts[name]])] = number
    patch = np.full(len(surface.patch), PARTS.index("teeth") + 1, np.uint8)
    return np.concatenate([part[surface.ids], patch])


def _border(side_px: int, soft_px: int = 6) -> np.ndarray:
    """(side, side) float32, 1 inside, 0 at the crop's edge."""
    at = np.arange(side_px)
    ramp = np.minimum(np.minimum(at, side_px - 1 - at) / soft_px, 1.0).astype(np.float32)
    return np.minimum(ramp[:, None], ramp[None])
