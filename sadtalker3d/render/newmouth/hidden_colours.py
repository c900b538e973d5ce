"""Colours of what a frame does not show, the inner lips and the inside of the mouth: from the frame that tells most."""

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
from sadtalker3d.render.warp.mouth_light import InsideLight
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.surface import Surface
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from pathlib import Path

    from bfm.model import FaceModel


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
    pictures: dict[int, np.ndarray], calm: int, performer: Performer, lower: LowerFace, model: FaceModel
) -> HiddenColours:
    """From the performer's frame `calm`, whose mouth is at rest; `pictures` as from `pictures_of`."""
    picture = pictures[calm]
    motion, sight = _looked_at(picture, performer, calm, model)
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
    rgb[inner] = mouth_colours(motion, model, sight, inner, tone)
    known = rgb[lower.ids].max(axis=1) > 0
    chosen = seen[lower.ids] & known & lower.skin
    light = np.asarray(motion.fit.light, np.float32)
    return HiddenColours(rgb[lower.ids], chosen, light, InsideLight.of(motion, model, inner))


def telling_frames(performer: Performer, count: int = 8) -> tuple[int, list[int]]:
    """The performer's frame that shows the face straight and the mouth closed, and some with the mouth wide open."""
    points = performer.film.rows["points"]
    size, gap = np.empty(len(performer.rows)), np.empty(len(performer.rows))
    for k, row in enumerate(performer.rows):
        seen = points[row][:, :2]
        size[k], gap[k] = np.linalg.norm(seen[10] - seen[152]), np.linalg.norm(seen[13] - seen[14])
    gap /= size
    turned = np.linalg.norm(performer.poses[:, :2] - np.median(performer.poses[:, :2], axis=0), axis=1)
    turned = turned + np.abs(performer.poses[:, 1])
    doubt = 2 * (1 - performer.sure)
    calm = int((turned + 4 * gap + doubt).argmin())
    worth = 4 * gap - 0.3 * turned - doubt
    # the widest of each part of the film: a light or a mouth that changes is then seen more than once
    parts = np.array_split(np.arange(len(worth)), min(count, len(worth)))
    return calm, [int(part[worth[part].argmax()]) for part in parts]


def pictures_of(path: str | Path, performer: Performer, chosen: set[int]) -> dict[int, np.ndarray]:
    """(H, W, 3) uint8 of some of a performer's frames."""
    wanted = {int(performer.numbers[k]): k for k in chosen}
    found = dict[int, np.ndarray]()
    for number, frame in enumerate(timed_frames(path)):
        if number in wanted:
            found[wanted[number]] = frame.picture
            if len(found) == len(wanted):
                break
    return found


def _looked_at(
    picture: np.ndarray, performer: Performer, k: int, model: FaceModel
) -> tuple[HeadMotion, Sight]:
    film = performer.film
    points = np.asarray(film.rows["points"][performer.rows[k]], np.float64)[:, :2]
    points = (points + 0.5) / film.watch.scale - 0.5
    fit = fit_head(points, performer.size_px, model)
    fit = dataclasses.replace(fit, light=portrait_light(picture, fit, model))
    motion = HeadMotion(fit, model)
    return motion, Sight.of(motion, model)
