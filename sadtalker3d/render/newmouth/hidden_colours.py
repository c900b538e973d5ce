"""Colours of what a frame does not show, the inner lips and the inside of the mouth: from two frames that tell most."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.fit import fit_head
from sadtalker3d.face.light import portrait_light
from sadtalker3d.face.video import timed_frames
from sadtalker3d.render.newmouth.lower_face import LowerFace
from sadtalker3d.render.newmouth.performer import Performer
from sadtalker3d.render.warp.covering import bare_skin, covering
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.mouth_colours import cheek_tone, mouth_colours
from sadtalker3d.render.warp.mouth_light import InsideLight, mouth_light
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.surface import Surface
from sadtalker3d.render.warp.teeth_patch import teeth_patch
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from pathlib import Path

    from bfm.model import FaceModel


TEETH_MOST = 240.0  # of 255: brighter ones are a highlight


@dataclass(frozen=True)
class HiddenColours:
    """Of a lower face's n vertices.

    rgb : (n, 3) float32 0..255 in the light of one frame
    seen : (n,) bool, skin whose colour that frame shows: by these another frame's light is compared
    light : (9, 3) of `HeadFit.light`, in camera space
    inside : how light falls into the mouth
    """

    rgb: np.ndarray
    seen: np.ndarray
    light: np.ndarray
    inside: InsideLight


def hidden_colours(
    path: str | Path, performer: Performer, lower: LowerFace, model: FaceModel
) -> HiddenColours:
    """Look at the frame with the calmest mouth, and at the one that is open widest for its teeth."""
    calm, wide = telling_frames(performer)
    pictures = _pictures(path, {int(performer.numbers[k]) for k in (calm, wide)})
    picture, motion, sight = _looked_at(pictures, performer, calm, model)
    per_metre = float(motion.fit.focal_px / -sight.moment.near.mean())
    zones = Zones(motion, model, 1 / per_metre)
    bare = bare_skin(picture, None, model, sight)
    surface = Surface.of(picture, motion, model, sight, zones, covering(bare, model, sight), bare)
    rgb = np.zeros((len(model.mean), 3), np.float32)
    seen = np.zeros(len(model.mean), bool)
    count = len(surface.ids)
    rgb[surface.ids] = surface.colour[:count]
    seen[surface.ids] = surface.seen[:count] > 0.9
    inner = lower.ids[lower.inner]
    tone = cheek_tone(model, sight, rgb)
    open_picture, open_motion, _ = _looked_at(pictures, performer, wide, model)
    teeth = teeth_patch(open_picture, open_motion, model, tone).teeth_rgb
    rgb[inner] = mouth_colours(motion, model, sight, inner, tone, teeth)
    known = rgb[lower.ids].max(axis=1) > 0
    chosen = seen[lower.ids] & known & lower.skin
    light = np.asarray(motion.fit.light, np.float32)
    return HiddenColours(rgb[lower.ids], chosen, light, InsideLight.of(motion, model, inner))


def _teeth(picture: np.ndarray, motion: HeadMotion, model: FaceModel, tone: np.ndarray) -> np.ndarray | None:
    """(3,) the performer's teeth without the shadow of the lips; None where no frame shows any."""
    found = teeth_patch(picture, motion, model, tone)
    if found.teeth_rgb is None:
        return None
    upper, lower = (
        float(motion.rest[rows[np.abs(model.mean[rows, 0]) < 0.008], 1].mean())
        for rows in (model.points["inner_lip_upper"], model.points["inner_lip_lower"])
    )
    heights = np.linspace(lower, upper, 7)[3:]  # upper teeth: the higher half of what the lips leave open
    shadow = float(mouth_light(np.zeros(len(heights)), heights, (upper, lower)).max())
    return np.minimum(found.teeth_rgb / shadow, TEETH_MOST)


def telling_frames(performer: Performer) -> tuple[int, int]:
    """Which of a performer's frames shows the face straight and the mouth closed, and which the widest mouth."""
    points = performer.film.rows["points"]
    size = np.array([np.linalg.norm(points[row][10, :2] - points[row][152, :2]) for row in performer.rows])
    gap = (
        np.array([np.linalg.norm(points[row][13, :2] - points[row][14, :2]) for row in performer.rows]) / size
    )
    turned = np.linalg.norm(performer.poses[:, :2] - np.median(performer.poses[:, :2], axis=0), axis=1)
    turned = turned + np.abs(performer.poses[:, 1])
    doubt = 2 * (1 - performer.sure)
    return int((turned + 4 * gap + doubt).argmin()), int((0.3 * turned - 4 * gap + doubt).argmin())


def _pictures(path: str | Path, numbers: set[int]) -> dict[int, np.ndarray]:
    found = {}
    for number, frame in enumerate(timed_frames(path)):
        if number in numbers:
            found[number] = frame.picture
            if len(found) == len(numbers):
                break
    return found


def _looked_at(
    pictures: dict[int, np.ndarray], performer: Performer, k: int, model: FaceModel
) -> tuple[np.ndarray, HeadMotion, Sight]:
    picture = pictures[int(performer.numbers[k])]
    points = np.asarray(performer.film.rows["points"][performer.rows[k]], np.float64)[:, :2]
    points = (points + 0.5) / performer.film.watch.scale - 0.5
    fit = fit_head(points, performer.size_px, model)
    fit = dataclasses.replace(fit, light=portrait_light(picture, fit, model))
    motion = HeadMotion(fit, model)
    return picture, motion, Sight.of(motion, model)
