"""Lashes of closing lids: fine strands along the upper lid's edge in the photo's own dark.

The photo's lashes are pixels over the open eye, which a closing lid covers. So new ones are drawn over the lid, more
of them the more it has closed; an eye as the photo shows it gets none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.colours import sampled
from sadtalker3d.render.warp.motion import HeadMotion, smooth_step
from sadtalker3d.render.warp.raster import U, compiled
from sadtalker3d.render.warp.sight import Sight
from sadtalker3d.render.warp.zones import Zones

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class LashConfig:
    """Lengths in metres. Directions are those of a closed lid's lashes: down and forward, then bent up."""

    strands: int = 44  # an eye; a person has two to four times as many, which lie in each other's shadow
    length_m: float = 0.0052
    shorter: float = 0.45  # at the nose's side
    uneven: float = 0.25
    width_m: float = 0.00030  # of a strand and its neighbours in shadow
    strength: float = 0.75  # of the lash colour at the root
    tip: float = 0.15  # of that at the tip
    fan: float = 0.35  # sideways, of the way down, at the eye's corners
    down: float = 0.62
    forward: float = 0.75
    bend: float = 0.22
    points: int = 6  # of a strand


class Lashes:
    """The strands of both eyes, ready for every frame."""

    def __init__(
        self,
        picture: np.ndarray,
        motion: HeadMotion,
        model: FaceModel,
        sight: Sight,
        zones: Zones,
        config: LashConfig | None = None,
    ) -> None:
        config = config or LashConfig()
        self._motion, self._zones = motion, zones
        self._colour = lash_colours(picture, sight.moment.xy, model)
        rng = np.random.default_rng(0)  # lashes are uneven, but always the same
        pairs, shares, ways, strength = [], [], [], []
        for side, sign in (("left", 1), ("right", -1)):
            edge = _outer_edge(model, side)
            along = np.concatenate(
                [[0], np.cumsum(np.linalg.norm(np.diff(model.mean[edge], axis=0), axis=1))]
            )
            place = np.linspace(0.06, 0.98, config.strands) + rng.normal(0, 0.006, config.strands)
            at = np.clip(np.searchsorted(along, place * along[-1]) - 1, 0, len(edge) - 2)
            share = (place * along[-1] - along[at]) / (along[at + 1] - along[at])
            pairs.append(np.stack([edge[at], edge[at + 1]]))
            shares.append(np.clip(share, 0, 1))
            out = (place - 0.4) / 0.6  # -0.67 at the nose's side to 1
            length = config.length_m * (1 - config.shorter * np.clip(0.8 - place, 0, 1)) * np.minimum(
                1, 0.45 + 6 * (1 - place)
            ) * (1 + rng.normal(0, config.uneven, config.strands))  # fmt: skip
            t = np.linspace(0, 1, config.points)[:, None]
            fan = sign * (config.fan * out + rng.normal(0, 0.1, config.strands))
            drop = -config.down * t + config.bend * t**2
            steps = np.broadcast_arrays(fan * t, drop, config.forward * t)
            ways.append(length[:, None] * np.stack(steps, axis=-1))  # (points, strands, 3)
            facing = smooth_step(sight.facing[edge[at]], 0.0, 0.3)
            strength.append(config.strength * facing)
        self._pairs, self._shares = np.concatenate(pairs, axis=1), np.concatenate(shares)[:, None]
        self._ways = np.concatenate(ways, axis=1).astype(np.float32)
        self._strength = np.concatenate(strength).astype(np.float32)
        self._left = np.repeat([True, False], config.strands)
        self._fade = np.linspace(1, config.tip, config.points, dtype=np.float32)
        pixel_m = float(-sight.moment.near.mean() / motion.fit.focal_px)
        self._width_px = np.float32(config.width_m / pixel_m)

    def draw(
        self, frame: np.ndarray, displacement: np.ndarray, rotation_rad: np.ndarray, translation_m: np.ndarray
    ) -> None:
        """Draw on an (H, W, 3) uint8 frame, changed; `displacement` (V, 3) is of the head's vertices in head space."""
        closing = self._zones.closing(self._zones.gaps(displacement))
        if closing.max() < 0.02:
            return
        first, second = self._motion.rest[self._pairs] + displacement[self._pairs]
        roots = first + self._shares * (second - first)
        points = (roots + self._ways).astype(np.float32)
        ones = np.ones(points.shape[:2], np.float32)
        xy = self._motion.see(points, ones, rotation_rad, translation_m).xy
        low = np.floor(xy.min(axis=(0, 1))).astype(int) - 3
        high = np.ceil(xy.max(axis=(0, 1))).astype(int) + 4
        low, high = np.maximum(low, 0), np.minimum(high, frame.shape[1::-1])
        if (high <= low).any():
            return
        here = frame[low[1] : high[1], low[0] : high[0]]
        for eye, colour in zip((0, 1), self._colour, strict=True):
            rows = self._left == (eye == 0)
            dark = np.zeros(here.shape[:2], np.float32)
            strength = self._strength[rows] * np.float32(closing[eye])
            strands(dark, (xy[:, rows] - low).astype(np.float32), strength, self._fade, self._width_px)
            shade(here, dark, colour.astype(np.float32))


def lash_colours(picture: np.ndarray, xy: np.ndarray, model: FaceModel) -> np.ndarray:
    """(2, 3) the dark of the left and the right upper lid's edge in an (H, W, 3) photo; `xy` (V, 2) of the head."""
    found = []
    for side in ("left", "right"):
        colour = sampled(picture, xy[model.points[f"eyelid_upper_{side}"]])
        found.append(colour[np.argsort(colour.sum(axis=1))[: max(len(colour) // 6, 1)]].mean(axis=0))
    return np.stack(found)


def _outer_edge(model: FaceModel, side: str) -> np.ndarray:
    """Vertices along the front of an upper lid's edge, from the nose outwards, about a millimetre apart."""
    edge = model.points[f"eyelid_upper_{side}"]
    across = np.abs(model.mean[edge, 0])
    chosen = []
    for low in np.arange(across.min(), across.max(), 0.0016):
        here = edge[(across >= low) & (across < low + 0.0016)]
        if len(here):
            chosen.append(here[model.mean[here, 2].argmax()])
    return np.array(chosen)


@compiled
def strands(dark, xy, strength, fade, width):  # type: ignore[no-untyped-def]
    """Lay strands on a map of how dark it is.

    Parameters
    ----------
    dark : (h, w) float32, changed: minus the logarithm of what is left of the ground
    xy : (points, n, 2) float32 pixels
    strength : (n,) 0..1 at the root, `fade` (points,) of it along the way
    width : pixels
    """
    height, breadth = dark.shape
    for s in range(xy.shape[1]):
        for p in range(xy.shape[0] - 1):
            x0, y0, x1, y1 = xy[p, s, 0], xy[p, s, 1], xy[p + 1, s, 0], xy[p + 1, s, 1]
            length = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
            steps = int(length * 2) + 1
            for k in range(steps):
                t = (np.float32(k) + np.float32(0.5)) / np.float32(steps)
                x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
                there = (
                    strength[s] * (fade[p] + t * (fade[p + 1] - fade[p])) * width * length / np.float32(steps)
                )
                column, row = int(np.floor(x)), int(np.floor(y))
                if column < 0 or row < 0 or column + 1 >= breadth or row + 1 >= height:
                    continue
                u, v = x - np.float32(column), y - np.float32(row)
                dark[U(row), U(column)] += there * (1 - u) * (1 - v)
                dark[U(row), U(column + 1)] += there * u * (1 - v)
                dark[U(row + 1), U(column)] += there * (1 - u) * v
                dark[U(row + 1), U(column + 1)] += there * u * v


@compiled
def shade(frame, dark, colour):  # type: ignore[no-untyped-def]
    """Mix (3,) `colour` into the (h, w, 3) uint8 frame, changed, as far as (h, w) `dark` says."""
    for y in range(dark.shape[0]):
        for x in range(dark.shape[1]):
            if dark[U(y), U(x)] > 0:
                left = np.exp(-dark[U(y), U(x)])
                for c in range(3):
                    value = left * frame[U(y), U(x), U(c)] + (1 - left) * colour[U(c)] + np.float32(0.5)
                    frame[U(y), U(x), U(c)] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
