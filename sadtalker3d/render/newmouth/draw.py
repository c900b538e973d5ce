"""`NewMouth`: a filmed frame with another expression of the lower face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.face.headfit import pinhole
from sadtalker3d.footage.patch import Patch
from sadtalker3d.render.newmouth.bending import BendConfig, Rectangle, bent
from sadtalker3d.render.newmouth.hidden_colours import HiddenColours
from sadtalker3d.render.newmouth.lower_face import LowerFace
from sadtalker3d.render.newmouth.performer import Performer
from sadtalker3d.render.warp.colours import sampled
from sadtalker3d.render.warp.composite import ATTRIBUTES, blend, cover, stretched
from sadtalker3d.render.warp.motion import smooth_step
from sadtalker3d.render.warp.raster import nearest_triangles
from sadtalker3d.render.warp.relight import vertex_normals
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class DrawConfig:
    """When a frame's own pixels are enough, and how the rest is drawn."""

    least_m: float = 0.0002  # a change of expression that moves nothing further is none
    change_m: float = 0.0015  # a place is drawn anew once it has moved so far; see `warp.attributes`
    mouth_m: tuple[float, float] = (0.0005, 0.0020)  # of the lips: from here on the inside is drawn
    behind_m: float = 0.003  # teeth are drawn so much deeper, or they come through lips
    stretch: tuple[float, float] = (2.2, 5.0)
    relit: float = 0.6  # exponent on the ratio of lights, and the most it may be
    relit_most: float = 1.2
    slit_m: tuple[float, float] = (
        0.0005,
        0.003,
    )  # a gap between lips that is as dark as the line between them
    slit: float = 0.9
    samples_px: int = 900  # so many samples across a lower face, but at most 4 a pixel
    soften_px: float = 0.6  # a lens never draws the edge of a tooth as sharp as a triangle
    edge: float = 0.15  # of `LowerFace.bends`: where drawing begins


SLIT_SHADE = 0.4  # of the lips' colour


class NewMouth:
    """Draws on the frames of one performer."""

    def __init__(
        self, lower: LowerFace, performer: Performer, colours: HiddenColours, model: FaceModel,
        config: DrawConfig | None = None,
    ) -> None:  # fmt: skip
        self._lower, self._performer, self._colours = lower, performer, colours
        self._config = config or DrawConfig()
        neutral = model.neutral(performer.film.person.identity) + performer.offsets_m
        self._rest = neutral[lower.ids].astype(np.float32)
        self._weld_faces = np.ascontiguousarray(lower.weld[lower.faces], np.int32)
        skin = lower.skin[lower.faces].all(axis=1)
        self._skin_faces = np.ascontiguousarray(lower.faces[skin])
        self._touching = np.maximum(np.bincount(lower.faces.ravel(), minlength=len(lower.ids)), 1)
        self._light = colours.light.mean(axis=1)

    def draw(self, picture: np.ndarray, k: int, change: np.ndarray, share: float = 1.0) -> Patch | None:
        """What of an (H, W, 3) uint8 frame, the performer's number k, is other with `change` (64,) added.

        share : 0..1 how much of what the detector's points say beyond the linear head is held still; 0 at the ends
            of a dub, where the old mouth comes back

        None where nothing visible changes.
        """
        lower, performer, config = self._lower, self._performer, self._config
        moved = lower.bends[:, None] * (change.astype(np.float32) @ lower.basis).reshape(-1, 3)
        length = np.sqrt(np.einsum("vi,vi->v", moved, moved))
        if length.max() < config.least_m:
            return None
        old = self._rest + (performer.expression[k] @ lower.basis).reshape(-1, 3)
        new = old + moved
        pose = performer.poses[k]
        turn = to_matrices(pose[None, :3])[0]
        placed_old, placed_new = old @ turn.T + pose[3:], new @ turn.T + pose[3:]
        px_per_m = float(performer.focal_px / -placed_old[:, 2].mean())
        left, slow = performer.left_m(k)
        to_px = np.array([px_per_m, -px_per_m])
        was = pinhole(placed_old, performer.focal_px, performer.centre_px) + lower.follows @ (left * to_px)
        steadied = share * (lower.follows @ ((slow - left) * to_px))
        flat = pinhole(placed_new, performer.focal_px, performer.centre_px) - pinhole(
            placed_old, performer.focal_px, performer.centre_px
        )
        now = was + flat + lower.bends[:, None] * steadied
        was, now = was.astype(np.float32), now.astype(np.float32)
        near_old, near_new = placed_old[:, 2].astype(np.float32), placed_new[:, 2].astype(np.float32)
        near_new[lower.inner] -= config.behind_m
        near_old[lower.inner] -= config.behind_m

        size = picture.shape[1], picture.shape[0]
        reach = BendConfig()
        longest = float(np.abs(now - was).max()) / px_per_m
        margin = 2.2 * max(reach.reach_m, reach.by_motion * longest) * px_per_m
        skin = lower.skin_rows
        part = Rectangle.around(np.concatenate([now[skin], was[skin]]), margin, size)
        if min(part.shape) < 2:
            return None
        source = bent(now, near_new, was - now, self._skin_faces, px_per_m, part)
        mouth = float(smooth_step(length[lower.lips].max(), *config.mouth_m))
        attributes = self._attributes(picture, old, new, was, now, near_old, length, mouth, turn)
        return self._composed(picture, part, source, now, near_new, attributes)

    def _attributes(
        self, picture: np.ndarray, old: np.ndarray, new: np.ndarray, was: np.ndarray, now: np.ndarray,
        near_old: np.ndarray, length: np.ndarray, mouth: float, turn: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """(n, 8) float32 as `composite.cover` wants them."""
        lower, config = self._lower, self._config
        normals_old, normals_new = self._normals(old), self._normals(new)
        facing_old = (normals_old @ turn.T)[:, 2]
        facing_new = (normals_new @ turn.T)[:, 2]
        seen = self._seen(was, near_old) & (facing_old > 0)
        changed = smooth_step(length / config.change_m, 0.0, 1.0)
        changed[lower.inner] = mouth
        line = mouth * lower.lip_line
        kept = (
            np.bincount(
                lower.faces.ravel(), np.repeat(stretched(now, was, lower.faces, config.stretch), 3), len(now)
            )
            / self._touching
        )
        trusted = seen * np.where(lower.skin, smooth_step(facing_old, 0.05, 0.3), 0.0)
        keep = (1 - changed * (1 - trusted * kept)) * (1 - line)
        light = self._lit(normals_old @ turn.T, normals_new @ turn.T)
        rgb = self._rgb(picture, was, seen & (facing_old > 0.4), new, mouth)
        attributes = np.empty((len(now), ATTRIBUTES), np.float32)
        attributes[:, :2] = was
        attributes[:, 2] = keep
        over = smooth_step(lower.bends, 0.0, config.edge) * smooth_step(facing_new, 0.05, 0.3)
        attributes[:, 3] = np.where(lower.skin & ~lower.lips, over, 1.0)
        attributes[:, 4] = np.where(lower.skin, light, 1.0)
        attributes[:, 5:] = rgb
        return attributes

    def _rgb(
        self, picture: np.ndarray, was: np.ndarray, seen: np.ndarray, new: np.ndarray, mouth: float
    ) -> np.ndarray:
        """(n, 3) colours of what the frame does not show, in the frame's own light."""
        lower, colours = self._lower, self._colours
        rgb = colours.rgb.copy()
        known = seen & colours.seen
        for rows in (lower.skin & ~lower.lips, lower.skin & lower.lips):
            chosen = np.flatnonzero(rows & known)
            if len(chosen) > 40:
                here = sampled(picture, was[chosen])
                gain = np.median((here + 8) / (colours.rgb[chosen] + 8), axis=0)
                rgb[rows] *= gain
                if not lower.lips[rows].any():
                    rgb[lower.inner] *= gain
        upper, under = float(new[lower.upper, 1].mean()), float(new[lower.lower, 1].mean())
        rgb[lower.inner] *= colours.inside.on(new[lower.inner, 1], (upper, under))
        # nearly closed, the lips throw their own colour on what lies behind them
        slit = self._config.slit * (1 - smooth_step(np.array(upper - under), *self._config.slit_m))
        lips = np.median(rgb[lower.lips & lower.skin & (lower.lip_line < 0.5)], axis=0)
        rgb[lower.inner] += slit * (SLIT_SHADE * lips - rgb[lower.inner])
        return np.clip(rgb, 0, 255)

    def _normals(self, points: np.ndarray) -> np.ndarray:
        normals = vertex_normals(np.ascontiguousarray(points, np.float32), self._weld_faces)
        return normals[self._lower.weld]

    def _seen(self, xy: np.ndarray, near: np.ndarray) -> np.ndarray:
        """(n,) bool, which vertices a frame shows."""
        lower = self._lower
        low, high = xy.min(axis=0), xy.max(axis=0)
        fine = np.float32(min(1.0, 500 / max(float(high[0] - low[0]), 1.0)))
        size = np.ceil((high - low) * fine).astype(int) + 1
        ids = np.full((size[1], size[0]), -1, np.int32)
        depth = np.full(ids.shape, -np.inf, np.float32)
        nearest_triangles(((xy - low) * fine).astype(np.float32), near, lower.faces, 0, 0, 0, 1, ids, depth)
        seen = np.zeros(len(xy), bool)
        seen[lower.faces[np.unique(ids[ids >= 0])]] = True
        return (np.bincount(lower.weld, seen, len(seen)) > 0)[lower.weld]

    def _lit(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """(n,) how much brighter skin gets whose (n, 3) normals in camera space turn."""
        if not self._light.any():
            return np.ones(len(old), np.float32)
        least = 0.15 * abs(float(self._light[0]))
        shades = [np.maximum(harmonics(normals) @ self._light, least) for normals in (old, new)]
        most = self._config.relit_most
        return np.clip((shades[1] / shades[0]) ** (self._config.relit / 2.2), 1 / most, most)

    def _composed(
        self, picture: np.ndarray, part: Rectangle, source: np.ndarray, now: np.ndarray, near: np.ndarray,
        attributes: np.ndarray,
    ) -> Patch:  # fmt: skip
        import cv2

        config, faces = self._config, self._lower.faces
        left, top = np.maximum(np.floor(now.min(axis=0)).astype(int), [part.left, part.top])
        right, bottom = np.minimum(np.ceil(now.max(axis=0)).astype(int) + 1, [part.right, part.bottom])
        w, h = max(int(right - left), 0), max(int(bottom - top), 0)
        samples = int(np.clip(config.samples_px // max(w, 1), 1, 4))
        shown = np.full((h * samples, w * samples), -1, np.int32)
        depth = np.full(shown.shape, -np.inf, np.float32)
        nearest_triangles(now, near, faces, 0, left, top, samples, shown, depth)
        share, fill = np.empty((h, w), np.float32), np.empty((h, w, 3), np.float32)
        # places outside the frame do not happen: its border holds still
        solid = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        still = source.copy()
        x, y = left - part.left, top - part.top
        cover(solid, picture, shown, now, faces, attributes, left, top, samples, source, x, y, share, fill)
        rgb = cv2.remap(
            picture, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        share, fill = (cv2.GaussianBlur(a, (0, 0), config.soften_px) for a in (share, fill))
        blend(rgb[y : y + h, x : x + w], share, fill)
        ys, xs = np.mgrid[part.top : part.bottom, part.left : part.right].astype(np.float32)
        moved = np.hypot(still[..., 0] - xs, still[..., 1] - ys)
        alpha = smooth_step(moved, 0.03, 0.3).astype(np.float32)
        inside = alpha[y : y + h, x : x + w]
        drawn = np.abs(share - 1) + np.abs(fill).max(axis=2) / 255
        np.maximum(inside, smooth_step(drawn, 0.0, 0.02).astype(np.float32), out=inside)
        return Patch(part.left, part.top, rgb, cv2.GaussianBlur(alpha, (0, 0), 1.0))
