"""The whole photo as an elastic sheet with depth: head, hair, ears and neck move with the head, the rest stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.raster import draw_grid
from sadtalker3d.render.warp.sight import Sight


@dataclass(frozen=True)
class GridConfig:
    """Lengths in metres on the head."""

    knots_across: int = 60  # knots in the width of the head
    reach_m: float = 0.16  # how far the sheet goes beyond the head
    hair_m: float = 0.022  # hair and ears beyond the fitted head that move with all of it
    give_m: float = 0.045  # beyond that, over how far the motion dies out; narrower tears, wider bends walls
    expression_m: float = 0.022  # how far beyond the head expression is felt
    front_m: float = 0.0  # nothing lies further back than this in front of the head's pivot
    smooth_m: float = 0.006
    border_px: float = 0.06  # of the head's width: the picture's border stays, for nothing lies beyond it


@dataclass(frozen=True)
class Sheet:
    """Where each pixel of a rectangle at (left, top) comes from in the photo, and how near it is.

    source : (height, width, 2) float32. depth : (height, width) float32
    """

    left: int
    top: int
    source: np.ndarray
    depth: np.ndarray


class Grid:
    """The sheet, prepared once."""

    def __init__(
        self,
        motion: HeadMotion,
        sight: Sight,
        size_px: tuple[int, int],
        over: np.ndarray,
        hair: np.ndarray | None = None,
        config: GridConfig | None = None,
    ) -> None:
        """`over` (V,) tells the face from the rest, see `covering`; `hair` (H, W) bool what moves with the head."""
        config = config or GridConfig()
        self._motion = motion
        xy, near = sight.moment.xy, sight.moment.near
        across = float(np.ptp(xy[:, 0]))
        per_metre = float(motion.fit.focal_px / -near.mean())
        width, height = size_px
        reach = config.reach_m * per_metre
        low = np.maximum(np.floor(xy.min(axis=0) - reach), 0).astype(int)
        high = np.minimum(np.ceil(xy.max(axis=0) + reach), (width - 1, height - 1)).astype(int)
        self.left, self.top = int(low[0]), int(low[1])
        self.width, self.height = (int(n) for n in high - low + 1)
        self._spacing = spacing = max(across / config.knots_across, 2.0)
        columns, rows = (int(np.ceil((n - 1) / spacing)) + 1 for n in (self.width, self.height))
        ys, xs = np.mgrid[:rows, :columns].astype(np.float32)
        knots = np.stack([self.left + spacing * xs, self.top + spacing * ys], axis=-1)
        self._knots = knots

        ids, weights, depth = sight.at(knots)
        covered = (ids >= 0).reshape(rows, columns)
        # the face itself; what is beside it, the neck too, feels its expression less and less
        owners = sight.faces[np.maximum(ids, 0)]
        on_face = (ids >= 0) & (over[owners].min(axis=1) > 0.5)
        self._on_face = on_face.reshape(rows, columns)
        self._owners, self._weights = owners[on_face], weights[on_face]
        to_m = spacing / per_metre
        beside, self._nearest = _to_nearest(self._on_face)
        self._felt = np.exp(-((beside * to_m / config.expression_m) ** 2)).astype(np.float32)

        depths = np.where(covered, depth.reshape(rows, columns), 0)
        pivot = float(motion.fit.translation_m[2])
        depths = np.maximum(depths[_to_nearest(covered)[1]], pivot + config.front_m).astype(np.float32)
        smooth = _blurred(depths, config.smooth_m / to_m)
        depths = np.where(covered, np.maximum(depths, smooth), smooth)
        points = motion.to_head(knots, depths)
        share = motion.head_share(points)
        moving = covered & (share > 0)
        if hair is not None:
            inside = np.clip(knots.round().astype(int), 0, (width - 1, height - 1))
            moving |= hair[inside[..., 1], inside[..., 0]] > 0
        beyond_m = _to_nearest(moving)[0] * to_m
        margin = 0.0 if hair is not None else config.hair_m
        share = share * (1 - smooth_step(beyond_m, margin, margin + config.give_m))
        # the picture's own border only: the sheet's other borders lie where nothing moves
        to_border = np.minimum.reduce([knots[..., 0], width - 1 - knots[..., 0], knots[..., 1]])
        share = share * smooth_step(to_border, 0.0, config.border_px * across)
        self._points = points
        self._share = _blurred(share.astype(np.float32), 0.004 / to_m) * (share > 0)
        face = self._on_face
        self._head_cells = face[:-1, :-1] | face[1:, :-1] | face[:-1, 1:] | face[1:, 1:]
        self._rest = motion.see(points, self._share, np.zeros(3), np.zeros(3))
        ys, xs = np.mgrid[: self.height, : self.width].astype(np.float32)
        self._still = np.stack([xs + self.left, ys + self.top], axis=-1)

    def draw(self, displacement: np.ndarray, rotation_rad: np.ndarray, translation_m: np.ndarray) -> Sheet:
        """The sheet with (V, 3) displacements of the head's vertices and the head's motion relative to the photo."""
        moved = np.zeros_like(self._points)
        if displacement.any():
            moved[self._on_face] = np.einsum("nkc,nk->nc", displacement[self._owners], self._weights)
            filled = moved[self._nearest]
            outside = ~self._on_face
            smooth = _blurred(filled, 1.5)
            moved = np.where(outside[..., None], smooth, filled) * self._felt[..., None]
        now = self._motion.see(self._points + moved, self._share, rotation_rad, translation_m)
        shift = now.xy - self._rest.xy
        shifted = (np.abs(shift[..., 0]) > 1e-3) | (np.abs(shift[..., 1]) > 1e-3)
        cells = shifted[:-1, :-1] | shifted[1:, :-1] | shifted[:-1, 1:] | shifted[1:, 1:]
        left, top, right, bottom = self._rectangle(cells)
        source = self._still[top - self.top : bottom - self.top, left - self.left : right - self.left].copy()
        depth = np.full(source.shape[:2], -np.inf, np.float32)
        # `draw_grid` counts knots from the first cell's corner
        rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        if len(rows):
            part = slice(rows[0], rows[-1] + 2), slice(columns[0], columns[-1] + 2)
            inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            first = self._knots[rows[0], columns[0]]
            draw_grid(
                np.ascontiguousarray((self._knots + shift)[part]), np.ascontiguousarray(now.near[part]), left, top,
                first, np.float32(self._spacing), np.ascontiguousarray(cells[inside]), source, depth,
            )  # fmt: skip
        return Sheet(left, top, source, depth)

    def _rectangle(self, cells: np.ndarray) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the pixels that moved cells and the head cover, within the sheet."""
        cells = cells | self._head_cells
        rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        spacing = self._spacing
        left, top = self.left + int(columns[0] * spacing), self.top + int(rows[0] * spacing)
        right = min(self.left + int(np.ceil((columns[-1] + 1) * spacing)) + 1, self.left + self.width)
        bottom = min(self.top + int(np.ceil((rows[-1] + 1) * spacing)) + 1, self.top + self.height)
        return left, top, right, bottom


def _to_nearest(inside: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Distance in knots to the nearest knot inside, and its row and column."""
    from scipy import ndimage

    distance, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    return distance.astype(np.float32), (nearest[0], nearest[1])


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(values, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REPLICATE)
