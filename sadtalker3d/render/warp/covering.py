"""Which part of the head is drawn over the sheet: bare skin of the face, and what may come to light around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.colours import sampled
from sadtalker3d.render.warp.links import average, skin_links, spread
from sadtalker3d.render.warp.motion import smooth_step
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class CoverConfig:
    """Where the head is drawn over the sheet; places on the mean head, in metres from its pivot."""

    facing: tuple[float, float] = (-0.7, -0.5)  # skin that no allowed turn brings to light is left out
    centre_m: float = 0.034  # but not nose, mouth and eyes, this far from the middle of the face and nearer
    behind_m: tuple[float, float] = (0.035, 0.062)  # ears and temples are the sheet's
    below_chin_m: tuple[float, float] = (-0.022, -0.010)
    under_jaw_m: tuple[float, float] = (0.060, 0.085)  # depth of the jaw's underside, which ends at the neck
    hairline_m: tuple[float, float] = (0.058, 0.080)
    inner_m: tuple[float, float] = (
        0.046,
        0.050,
    )  # within this half width and height brows and beards are the face
    bare: tuple[float, float] = (3.0, 5.0)  # distance from the skin's colours, in standard deviations
    rim_facing: float = 0.75  # skin turned further away may lie beyond the photo's own outline of the face
    smoothing: int = 3  # rounds over the mesh


def covering(
    bare: np.ndarray, model: FaceModel, sight: Sight, config: CoverConfig | None = None
) -> np.ndarray:
    """(V,) how far the head's skin covers the sheet: 1 in the middle of the face, 0 beyond its border.

    Where the photo shows no `bare` (V,) skin, but hair, a hand or a collar before the skin, the sheet moves it.
    """
    config = config or CoverConfig()
    links = skin_links(model)
    x, y, z = model.mean.T
    chin = model.mean[model.points["chin"][0]]
    facing = smooth_step(sight.facing, *config.facing)
    centre = np.hypot(x, 0.6 * (y - 0.0)) < config.centre_m
    facing = np.where(centre & (z > 0.09), 1.0, facing)
    under = under_jaw(model) & (sight.facing < 0.3)
    facing = np.where(under, smooth_step(z, *config.under_jaw_m), facing)
    over = facing * smooth_step(z, *config.behind_m)
    over = over * smooth_step(y - chin[1], *config.below_chin_m)
    over = over * (1 - smooth_step(y, *config.hairline_m))
    outer = (np.abs(x) > config.inner_m[0]) | (y > config.inner_m[1])
    over = np.where(outer, over * bare, over)
    hair = np.unique(model.faces[model.parts["hair"]]) if "hair" in model.parts else []
    over[model.weld[hair]] = 0
    over = over[model.weld]
    for _ in range(config.smoothing):
        over = np.where(centre, over, 0.5 * over + 0.5 * average(links, over))[model.weld]
    over[over < 0.02] = 0
    return over


def bare_skin(
    picture: np.ndarray,
    hair: np.ndarray | None,
    model: FaceModel,
    sight: Sight,
    config: CoverConfig | None = None,
) -> np.ndarray:
    """(V,) 1 where the photo shows skin, 0 where it shows something else in front of it or, beyond `hair`, behind."""
    config = config or CoverConfig()
    links = skin_links(model)
    xy = sight.moment.xy
    colour = sampled(picture, xy, 0.01 * float(np.ptp(xy[:, 0])))
    light = colour.mean(axis=1, keepdims=True)
    # brightness changes with the shading: it counts by its ratio, and less than the tint
    colour = np.concatenate([np.log(light + 8) * 0.5, colour / (light + 8)], axis=1)
    x, y, z = model.mean.T
    face = sight.seen & (sight.facing > 0.5) & (np.abs(x) < 0.045) & (np.abs(y) < 0.03) & (z > 0.09)
    mean = np.median(colour[face], axis=0)
    variety = np.cov(colour[face].T) + np.diag([0.06**2, 0.02**2, 0.02**2, 0.02**2])
    away = colour - mean
    distance = np.sqrt(np.einsum("vi,ij,vj->v", away, np.linalg.inv(variety), away))
    bare = (1 - smooth_step(distance, *config.bare))[:, None]
    if hair is not None:
        rim = (sight.facing < config.rim_facing) & ~under_jaw(model)
        bare[rim] *= sampled(np.repeat(hair[..., None], 3, axis=2), xy[rim])[:, :1]
    # nearer to the face's outline the photo shows what lies behind
    seen = sight.seen & ((sight.facing > 0.35) | under_jaw(model))
    return spread(bare, seen, links, 16)[model.weld, 0]


def under_jaw(model: FaceModel) -> np.ndarray:
    """(V,) bool, the chin's edge and what is below it: behind its outline lies more skin, not the wall."""
    return model.mean[:, 1] < model.mean[model.points["chin"][0], 1] + 0.012
