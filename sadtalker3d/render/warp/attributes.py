"""What each vertex of the surface brings to its pixels in one frame: a place in the photo, how much of it, a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.composite import ATTRIBUTES, stretched
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.mouth_light import InsideLight, mouth_light
from sadtalker3d.render.warp.relight import Relight
from sadtalker3d.render.warp.surface import Surface
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class ChangeConfig:
    """When the photo's own pixels are not enough. Nothing is redrawn where nothing moves."""

    change_m: float = 0.0015  # hidden skin takes its own colour once expression has moved it so far
    change_rad: float = 0.05  # or the head has turned so far
    slit_m: tuple[float, float] = (0.0005, 0.0025)  # between lips this near, the photo's teeth darken
    stretch: tuple[float, float] = (2.2, 5.0)  # areas: a photo's pixel spread over more is replaced


class Attributes:
    """The surface's vertices, ready for every frame."""

    def __init__(
        self,
        motion: HeadMotion,
        model: FaceModel,
        zones: Zones,
        surface: Surface,
        config: ChangeConfig | None = None,
    ) -> None:
        self._surface, self._zones, self._config = surface, zones, config or ChangeConfig()
        ids, k = surface.ids, len(surface.patch)
        self._lip_line, self._upper_lid = (
            np.pad(rows[ids], (0, k)) for rows in (zones.lip_line, zones.upper_lid)
        )
        self._inner = surface.inner
        self._hidden_lips = np.flatnonzero(zones.lips[ids] & (surface.seen[: len(ids)] < 0.5))
        eyes = np.isin(ids, np.unique(model.faces[model.parts["eyes"]]))
        left = model.mean[ids, 0] > 0
        self._eyes = [np.flatnonzero(eyes & left), np.flatnonzero(eyes & ~left)]
        self._left = np.pad(left, (0, k))
        inner = ids[self._inner]
        self._inside = InsideLight.of(motion, model, inner)
        self._corners = surface.faces.ravel()
        self._touching = np.maximum(np.bincount(self._corners, minlength=len(ids) + k), 1)
        lips = zones.lip_heights(np.zeros_like(motion.rest))
        self._patch_light = mouth_light(np.zeros(k), surface.patch[:, 1], lips)
        self._in_photo = surface.seen + self._upper_lid * (0.35 - surface.seen)
        self._relight = Relight(motion, model, surface)

    def of(
        self, points: np.ndarray, xy: np.ndarray, displacement: np.ndarray, rotation_rad: np.ndarray
    ) -> np.ndarray:
        """(n, 8) float32 as `composite.cover` wants them.

        Parameters
        ----------
        points, xy : (n, 3) in head space and (n, 2) in the picture, where the surface's vertices are
        displacement : (V, 3) of the head's vertices from the photo's expression
        rotation_rad : (3,) of the head relative to the photo
        """
        surface, config = self._surface, self._config
        moved = np.zeros(len(xy), np.float32)
        change = displacement[surface.ids]
        moved[: len(surface.ids)] = np.sqrt(np.einsum("vi,vi->v", change, change)) / config.change_m
        turned = float(np.linalg.norm(rotation_rad)) / config.change_rad
        changed = smooth_step(np.maximum(moved, turned), 0.0, 1.0).astype(np.float32)
        gaps = self._zones.gaps(displacement)
        mouth, *eyes = self._zones.changed(gaps)
        # teeth and eyeballs stay where they are: the lips and lids before them tell whether they come to light
        changed[self._inner] = max(mouth, float(smooth_step(np.array(turned), 0, 1)))
        # while lips stay together, so does the dark line between them
        changed[self._hidden_lips] = mouth
        for rows, change in zip(self._eyes, eyes, strict=True):
            changed[rows] = np.maximum(changed[rows], change)

        kept = stretched(xy, surface.source, surface.faces, config.stretch)
        kept = np.bincount(self._corners, np.repeat(kept, 3), len(xy)) / self._touching
        keep = 1 - changed * (1 - surface.seen * kept)
        keep *= 1 - mouth * self._lip_line
        left, right = self._zones.closing(gaps)
        keep *= 1 - np.where(self._left, left, right) * self._upper_lid

        hidden = (changed * (1 - surface.seen))[:, None]
        gain = self._relight.gain(points, rotation_rad)
        attributes = np.empty((len(xy), ATTRIBUTES), np.float32)
        attributes[:, :2] = surface.source + hidden * (surface.nearest - surface.source)
        attributes[:, 2] = keep
        attributes[:, 3] = surface.over
        attributes[:, 4] = gain
        # colours that were filled in are lit like what lies around them, not like the fold they were hidden in
        attributes[:, 5:] = surface.colour * (gain**self._in_photo)[:, None]
        lips = self._zones.lip_heights(displacement)
        attributes[self._inner, 5:] *= self._inside.on(points[self._inner, 1], lips)
        patch = points[len(surface.ids) :, 1]
        # the photo's own teeth are lit as they are; only the last slit between closing lips is dark
        light = mouth_light(np.zeros(len(patch)), patch, lips) / self._patch_light
        slit = 1 - smooth_step(gaps[0], *config.slit_m)
        attributes[len(surface.ids) :, 4] = 1 - slit * (1 - np.minimum(light, 1))
        return attributes
