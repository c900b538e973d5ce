"""`PhotoPortrait`: the person in a photo speaks; the photo's own pixels, moved by the fitted 3D head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.render.warp.composite import ATTRIBUTES, blend, cover, stretched
from sadtalker3d.render.warp.grid import Grid
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.raster import nearest_triangles
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.surface import Surface

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track


@dataclass(frozen=True)
class DrawConfig:
    """How the head is drawn over the sheet."""

    samples: int = 2  # along a side of each pixel: lips, lids and teeth need smooth edges
    change_m: float = 0.0015  # hidden skin takes its own colour once expression has moved it so far
    change_rad: float = 0.05  # or the head has turned so far
    stretch: tuple[float, float] = (2.2, 5.0)  # areas: a photo's pixel spread over more is replaced


class PhotoPortrait:
    """A photo ready to speak, prepared once.

    Parameters
    ----------
    picture : (H, W, 3) uint8
    fit : the head laid on its face
    model : the embedded head that was fitted; loaded unless given
    """

    def __init__(
        self,
        picture: np.ndarray,
        fit: HeadFit,
        *,
        model: FaceModel | None = None,
        config: DrawConfig | None = None,
    ) -> None:
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise UserError(f"a portrait is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
        if (picture.shape[1], picture.shape[0]) != tuple(fit.size_px):
            raise UserError(f"the fit is for a picture of {fit.size_px}, not {picture.shape[1::-1]}")
        if model is None:
            import bfm

            model = bfm.load("open")
        self.picture = np.ascontiguousarray(picture)
        self._config = config or DrawConfig()
        self._motion = HeadMotion(fit, model)
        sight = Sight.of(self._motion, model)
        self._grid = Grid(self._motion, sight, fit.size_px)
        self._surface = Surface.of(self.picture, self._motion, model, sight)
        self._nothing = np.zeros(3)

    def frames(self, track: Track) -> Iterator[np.ndarray]:
        """Yield (H, W, 3) uint8 pictures, one for each frame of a track in the `open` space.

        The track's neutral is the photo's own expression and pose.
        """
        track.require_space("open", "a speaking photo")
        for row, turn, shift in zip(track.expression, track.rotation, track.translation, strict=True):
            expression = np.clip(self._motion.fit.expression + row, -0.5, 1.5)
            yield self.draw(expression, turn, shift)

    def draw(self, expression: np.ndarray, rotation_rad: np.ndarray, translation_m: np.ndarray) -> np.ndarray:
        """One frame: (64,) weights, and the head's turn (3,) and shift (3,) relative to the photo."""
        import cv2

        motion, surface, config = self._motion, self._surface, self._config
        displacement = motion.displacement(expression)
        sheet = self._grid.draw(displacement, rotation_rad, translation_m)
        ids = surface.ids
        now = motion.see(motion.rest[ids] + displacement[ids], motion.share[ids], rotation_rad, translation_m)
        frame = self.picture.copy()
        height, width = sheet.depth.shape
        # the rectangle that the head covers, within the sheet
        low = np.maximum(np.floor(now.xy.min(axis=0)).astype(int), (sheet.left, sheet.top))
        high = np.minimum(
            np.ceil(now.xy.max(axis=0)).astype(int) + 1, (sheet.left + width, sheet.top + height)
        )
        w, h = (int(n) for n in np.maximum(high - low, 1))
        n = config.samples
        shown = np.full((h * n, w * n), -1, np.int32)
        depth = np.full(shown.shape, -np.inf, np.float32)
        nearest_triangles(now.xy, now.near, surface.faces, 0, int(low[0]), int(low[1]), n, shown, depth)
        share, fill = np.empty((h, w), np.float32), np.empty((h, w, 3), np.float32)
        attributes = self._attributes(now.xy, displacement, rotation_rad)
        x, y = int(low[0]) - sheet.left, int(low[1]) - sheet.top
        cover(
            shown,
            now.xy,
            surface.faces,
            attributes,
            int(low[0]),
            int(low[1]),
            n,
            sheet.source,
            x,
            y,
            share,
            fill,
        )
        part = frame[sheet.top : sheet.top + height, sheet.left : sheet.left + width]
        cv2.remap(
            self.picture, sheet.source, None, cv2.INTER_CUBIC, dst=part, borderMode=cv2.BORDER_REPLICATE
        )
        frame[sheet.top : sheet.top + height, sheet.left : sheet.left + width] = part
        blend(frame[low[1] : low[1] + h, low[0] : low[0] + w], share, fill)
        return frame

    def _attributes(self, xy: np.ndarray, displacement: np.ndarray, rotation_rad: np.ndarray) -> np.ndarray:
        """(n, 8) of the surface's vertices, see `composite.ATTRIBUTES`."""
        surface, config = self._surface, self._config
        moved = np.linalg.norm(displacement[surface.ids], axis=1) / config.change_m
        turned = float(np.linalg.norm(rotation_rad)) / config.change_rad
        changed = smooth_step(np.maximum(moved, turned), 0.0, 1.0).astype(np.float32)
        kept = stretched(xy, surface.source, surface.faces, config.stretch)
        corners = surface.faces.ravel()
        count = np.bincount(corners, minlength=len(xy))
        kept = np.bincount(corners, np.repeat(kept, 3), len(xy)) / np.maximum(count, 1)
        hidden = changed * (1 - surface.seen)
        attributes = np.empty((len(xy), ATTRIBUTES), np.float32)
        attributes[:, :2] = surface.source + hidden[:, None] * (surface.nearest - surface.source)
        attributes[:, 2] = 1 - changed * (1 - surface.seen * kept)
        attributes[:, 3] = surface.over
        attributes[:, 4] = 1
        attributes[:, 5:] = surface.colour
        return attributes
