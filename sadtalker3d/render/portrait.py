"""`PhotoPortrait`: the person in a photo speaks; the photo's own pixels, moved by the fitted 3D head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.render.warp.attributes import Attributes
from sadtalker3d.render.warp.cloth import cloth
from sadtalker3d.render.warp.composite import blend, cover
from sadtalker3d.render.warp.covering import bare_skin, covering
from sadtalker3d.render.warp.expression import speaking, together
from sadtalker3d.render.warp.grid import Grid, Sheet
from sadtalker3d.render.warp.lashes import Lashes
from sadtalker3d.render.warp.layers import Layers, lay_cloth, lay_over
from sadtalker3d.render.warp.limits import LimitConfig, limited, within_picture
from sadtalker3d.render.warp.motion import HeadMotion, Moment
from sadtalker3d.render.warp.person import person
from sadtalker3d.render.warp.raster import nearest_triangles
from sadtalker3d.render.warp.refine_crops import Crop, RefineCrops, paste
from sadtalker3d.render.warp.seal import lip_seal
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.surface import Surface
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track


BEHIND_LIPS_M = (
    0.003  # teeth are drawn so much deeper: in a fit that is not exact they would come through the lips
)
BEHIND_PATCH_M = 0.012  # the model's teeth, where the photo shows its own: so far they would never stand out


Refiner = Callable[
    [Crop], "np.ndarray | None"
]  # (S, S, 3) float32 to add to the crop's colours 0..255, or None


@dataclass(frozen=True)
class DrawConfig:
    """How the head is drawn over the sheet."""

    samples: int = 2  # along a side of each pixel: lips, lids and teeth need smooth edges
    fine_px: int = 900  # the width of a head from which one sample does, for time's sake


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
        limits: LimitConfig | None = None,
    ) -> None:
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise UserError(f"a portrait is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
        if (picture.shape[1], picture.shape[0]) != tuple(fit.size_px):
            raise UserError(f"the fit is for a picture of {fit.size_px}, not {picture.shape[1::-1]}")
        if model is None:
            import bfm

            model = bfm.load("open")
        self.picture = np.ascontiguousarray(picture)
        self._model, self._motion = model, HeadMotion(fit, model)
        sight = Sight.of(self._motion, model)
        found = person(self.picture, self._motion, sight)
        worn = cloth(self.picture, found, self._motion, sight)
        skin = self.picture if worn is None else worn.under
        bare = bare_skin(skin, None if found is None else found.alpha, model, sight)
        over = covering(bare, model, sight)
        self._grid = Grid(self._motion, sight, fit.size_px, over, found)
        per_metre = float(fit.focal_px / -sight.moment.near.mean())
        self._layers = Layers.of(self.picture, found, worn, self._grid.shares(fit.size_px), per_metre)
        self._grid.draw_only(self._layers.cut[..., 3] > 0)
        head = sight.moment.xy[self._motion.share > 0.5]
        config = config or DrawConfig()
        self._samples = config.samples if np.ptp(head[:, 0]) < config.fine_px else 1
        beside = np.minimum(head.min(axis=0), [picture.shape[1] - 1 - head[:, 0].max(), np.inf])
        self._limits = limits or LimitConfig()
        if found is None or any(cut.max() > 0.5 for cut in found.cut_by_border(1.0)):
            self._limits = within_picture(self._limits, float(beside.min()) / per_metre)
        zones = Zones(self._motion, model, 1 / per_metre)
        self._surface = Surface.of(skin, self._motion, model, sight, zones, over, bare)
        ids, patch = self._surface.ids, self._surface.patch
        self._share = np.concatenate([self._motion.share[ids], self._motion.head_share(patch)])
        self._attributes = Attributes(self._motion, model, zones, self._surface)
        self._lashes = Lashes(skin, self._motion, model, sight, zones)
        self._seal = lip_seal(self._motion, model)

    @cached_property
    def _crops(self) -> RefineCrops:
        return RefineCrops(self.picture, self._motion, self._model, self._surface)

    def frames(
        self,
        track: Track,
        *,
        still: bool = False,
        expression_gain: float = 1.0,
        head_gain: float = 1.0,
        tell: Callable[[str], object] | None = None,
        refiner: Refiner | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield (H, W, 3) uint8 pictures, one for each frame of a track in the `open` space.

        The track's neutral is the photo's own expression and pose.

        Parameters
        ----------
        still : the head does not move, only the face
        expression_gain, head_gain : how much of the track's expression and head motion is shown
        tell : is given a sentence where the track's head moves further than the photo can show
        refiner : repairs mouth and lids, see `render/refine.py`

        Raises
        ------
        UserError : the track is of another space
        """
        track.require_space("open", "a speaking photo")
        fit = self._motion.fit
        moves = expression_gain * track.expression
        speaks = speaking(moves, track.names, track.fps)
        expression = together(fit.expression, moves, speaks, track.names)
        gain = 0.0 if still else head_gain
        rotation, translation, note = limited(
            gain * track.rotation, gain * track.translation, fit.rotation_rad, self._limits
        )
        if note is not None and tell is not None:
            tell(note)
        for row, turn, shift, seal in zip(expression, rotation, translation, speaks, strict=True):
            yield self.draw(row, turn, shift, float(seal), refiner)

    def draw(
        self,
        expression: np.ndarray,
        rotation_rad: np.ndarray,
        translation_m: np.ndarray,
        seal: float = 0.0,
        refiner: Refiner | None = None,
    ) -> np.ndarray:
        """One frame: (64,) weights, and the head's turn (3,) and shift (3,) relative to the photo.

        seal : 0 leaves the lips' distance in the photo, 1 takes it away, so that only `expression` parts them
        refiner : is shown the crops around mouth and eyes where these have moved
        """
        import cv2

        motion, surface = self._motion, self._surface
        displacement = motion.displacement(expression)
        if seal:
            displacement += np.float32(seal) * self._seal
        sheet = self._grid.draw(displacement, rotation_rad, translation_m)
        ids = surface.ids
        points = np.concatenate([motion.rest[ids] + displacement[ids], surface.patch])
        now = motion.see(points, self._share, rotation_rad, translation_m)
        now.near[surface.inner] -= BEHIND_PATCH_M if len(surface.patch) else BEHIND_LIPS_M
        attributes = self._attributes.of(points, now.xy, displacement, rotation_rad)
        share, fill, left, top = self._lay_on(sheet, now, attributes)
        frame = self.picture.copy()
        height, width = sheet.depth.shape
        part = slice(sheet.top, sheet.top + height), slice(sheet.left, sheet.left + width)
        x, y = sheet.source[..., 0], sheet.source[..., 1]
        moved = cv2.remap(self._layers.cut, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        lay_over(moved, self._layers.plate[part], frame[part])
        blend(frame[top : top + share.shape[0], left : left + share.shape[1]], share, fill)
        if refiner is not None:
            crops = self._crops.cut(frame, points, now, attributes, displacement, rotation_rad, translation_m)
            for crop in crops:
                change = refiner(crop)
                if change is not None:
                    paste(frame, crop, change)
        self._lashes.draw(frame, displacement, rotation_rad, translation_m)
        if self._layers.cloth is not None:
            lay_cloth(self._layers.cloth[part], self._layers.before, sheet.source, frame[part])
        return frame

    def _lay_on(
        self, sheet: Sheet, now: Moment, attributes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, int, int]:
        """Lay the head on the sheet, whose source changes -> share and fill, see `cover`, their left and top."""
        n, (height, width) = self._samples, sheet.depth.shape
        xs, ys = now.xy[:, 0], now.xy[:, 1]
        left, top = max(int(np.floor(xs.min())), sheet.left), max(int(np.floor(ys.min())), sheet.top)
        w = max(min(int(np.ceil(xs.max())) + 1, sheet.left + width) - left, 0)
        h = max(min(int(np.ceil(ys.max())) + 1, sheet.top + height) - top, 0)
        shown = np.full((h * n, w * n), -1, np.int32)
        depth = np.full(shown.shape, -np.inf, np.float32)
        faces = self._surface.faces
        nearest_triangles(now.xy, now.near, faces, 0, left, top, n, shown, depth)
        share, fill = np.empty((h, w), np.float32), np.empty((h, w, 3), np.float32)
        x, y = left - sheet.left, top - sheet.top
        cut, plate, source = self._layers.cut, self._layers.plate, sheet.source
        cover(cut, plate, shown, now.xy, faces, attributes, left, top, n, source, x, y, share, fill)
        return share, fill, left, top


def speaking_photo(path: str | Path, model: FaceModel | None = None) -> tuple[PhotoPortrait, list[str]]:
    """Read a picture, find and fit its face -> the portrait, and sentences that the user should read.

    Raises
    ------
    UserError : not a picture, no face that can be used in it
    """
    from sadtalker3d.face.fit import fit_portrait3d
    from sadtalker3d.face.portrait import read_portrait

    found = read_portrait(path)
    fit = fit_portrait3d(found.picture, found.face, model, name=str(path))
    return PhotoPortrait(found.picture, fit, model=model), [*found.notes, *fit.notes]
