"""The whole photo as an elastic sheet with depth: head, hair, ears and neck move with the head, the rest stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.compiled import compiled
from sadtalker3d.render.warp.layers import NOWHERE
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.person import Person
from sadtalker3d.render.warp.raster import draw_grid
from sadtalker3d.render.warp.sight import Sight


@dataclass(frozen=True)
class GridConfig:
    """Lengths in metres on the head."""

    knots_across: int = 60  # knots in the width of the head
    reach_m: float = 0.16  # how far the sheet goes beyond the head
    hair_m: float = 0.022  # hair and ears beyond the fitted head that move with all of it, unless cut out
    person: float = 0.02  # of the matte: from here on a pixel moves with the head
    give_m: float = 0.045  # beyond that, over how far the motion dies out; narrower tears, wider bends walls
    expression_m: float = 0.022  # how far beyond the head expression is felt
    front_m: float = 0.0  # nothing lies further back than this in front of the head's pivot
    smooth_m: float = 0.006
    border_px: float = 0.06  # of the head's width: the picture's border stays, for nothing lies beyond it


@dataclass(frozen=True)
class Sheet:
    """Where each pixel of a rectangle at (left, top) comes from in the photo, and how near it is.

    Places that the person has left come from `layers.NOWHERE`.

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
        person: Person | None = None,
        config: GridConfig | None = None,
    ) -> None:
        """`over` (V,) tells the face from the rest, see `covering`; `person` what moves with the head."""
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
        if person is not None:
            moving |= _most(person.alpha, knots, spacing) > config.person
        beyond_m = _to_nearest(moving)[0] * to_m
        margin = 0.0 if person is not None else config.hair_m
        share = share * (1 - smooth_step(beyond_m, margin, margin + config.give_m))
        share = share * _away_from_border(knots, size_px, person, config.border_px * across)
        self._points = points
        self._share = _blurred(share.astype(np.float32), 0.004 / to_m) * (share > 0)
        face = self._on_face
        self._head_cells = face[:-1, :-1] | face[1:, :-1] | face[:-1, 1:] | face[1:, 1:]
        self._rest = motion.see(points, self._share, np.zeros(3), np.zeros(3))
        self._drawn = np.ones_like(self._head_cells)
        ys, xs = np.mgrid[: self.height, : self.width].astype(np.float32)
        self._still = np.stack([xs + self.left, ys + self.top], axis=-1)

    def shares(self, size_px: tuple[int, int]) -> np.ndarray:
        """(H, W) float32 of the photo: how much of the head's motion each pixel takes part in."""
        import cv2

        whole = np.zeros(size_px[::-1], np.float32)
        xs, ys = ((np.arange(n, dtype=np.float32)) / self._spacing for n in (self.width, self.height))
        x, y = np.meshgrid(xs, ys)
        part = cv2.remap(self._share, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        whole[self.top : self.top + self.height, self.left : self.left + self.width] = part
        return whole

    def draw_only(self, shown: np.ndarray) -> None:
        """From now on leave out what lies in cells without any (H, W) bool shown pixel of the photo."""
        import cv2

        part = shown[self.top : self.top + self.height, self.left : self.left + self.width]
        reach = int(np.ceil(self._spacing / 2)) + 1
        wide = cv2.dilate(part.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
        rows, columns = (((np.arange(n) + 0.5) * self._spacing).astype(int) for n in self._drawn.shape)
        rows, columns = rows.clip(0, self.height - 1), columns.clip(0, self.width - 1)
        self._drawn = wide[np.ix_(rows, columns)] > 0

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
        # where the motion has died out the sheet holds on to what stays
        left_behind = cells & ~_beside(self._drawn & ~cells)
        cells, left_behind = cells & self._drawn, left_behind & self._drawn
        source = self._still[top - self.top : bottom - self.top, left - self.left : right - self.left].copy()
        depth = np.full(source.shape[:2], -np.inf, np.float32)
        # `draw_grid` counts knots from the first cell's corner
        rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        if len(rows):
            part = slice(rows[0], rows[-1] + 2), slice(columns[0], columns[-1] + 2)
            inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            first = self._knots[rows[0], columns[0]]
            vacate(left_behind, self.left - left, self.top - top, np.float32(self._spacing), NOWHERE, source)
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


def _beside(cells: np.ndarray) -> np.ndarray:
    """Cells and their eight neighbours."""
    import cv2

    return cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _most(values: np.ndarray, knots: np.ndarray, spacing: float) -> np.ndarray:
    """(rows, columns) the largest of the (H, W) values within half a cell of each knot."""
    import cv2

    wide = cv2.dilate(values, np.ones((2 * int(np.ceil(spacing / 2)) + 1,) * 2, np.uint8))
    at = np.clip(knots.round().astype(int), 0, (values.shape[1] - 1, values.shape[0] - 1))
    return np.asarray(wide[at[..., 1], at[..., 0]])


def _away_from_border(
    knots: np.ndarray, size_px: tuple[int, int], person: Person | None, fade_px: float
) -> np.ndarray:
    """(rows, columns) 0 at the picture's sides and top, where nothing lies beyond the person that is moved; else 1."""
    width, height = size_px
    borders = (knots[..., 0], width - 1 - knots[..., 0], knots[..., 1])
    if person is None:
        return smooth_step(np.minimum.reduce(borders), 0.0, fade_px)
    cut = person.cut_by_border(fade_px)
    free = np.ones(knots.shape[:2], np.float32)
    at = np.clip(knots.round().astype(int), 0, (width - 1, height - 1))
    for distance, along, touched in zip(borders, (at[..., 1], at[..., 1], at[..., 0]), cut, strict=True):
        free = np.minimum(free, 1 - touched[along] * (1 - smooth_step(distance, 0.0, fade_px)))
    return free


def _to_nearest(inside: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Distance in knots to the nearest knot inside, and its row and column."""
    from scipy import ndimage

    distance, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    return distance.astype(np.float32), (nearest[0], nearest[1])


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(values, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REPLICATE)


@compiled
def vacate(cells, left, top, spacing, nowhere, source):  # type: ignore[no-untyped-def]
    """Pixels of (h, w, 2) `source` in moved (rows, columns) cells, the first at `left`, `top`, come from nowhere."""
    height, width = source.shape[:2]
    for row in range(cells.shape[0]):
        y_low, y_high = int(np.ceil(row * spacing)) + top, int(np.ceil((row + 1) * spacing)) + top
        for column in range(cells.shape[1]):
            if not cells[row, column]:
                continue
            x_low, x_high = int(np.ceil(column * spacing)) + left, int(np.ceil((column + 1) * spacing)) + left
            for y in range(max(y_low, 0), min(y_high, height)):
                for x in range(max(x_low, 0), min(x_high, width)):
                    source[y, x, 0] = nowhere
                    source[y, x, 1] = nowhere
