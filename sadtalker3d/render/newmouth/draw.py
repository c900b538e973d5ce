"""`NewMouth`: a filmed frame with another expression of the lower face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.face.headfit import pinhole
from sadtalker3d.footage.patch import Patch
from sadtalker3d.render.newmouth.as_filmed import AsFilmed
from sadtalker3d.render.newmouth.bending import BendConfig, Rectangle, bent
from sadtalker3d.render.newmouth.hidden_colours import HiddenColours
from sadtalker3d.render.newmouth.lower_face import LowerFace
from sadtalker3d.render.newmouth.performer import Performer
from sadtalker3d.render.newmouth.skin_colours import SkinColours, features
from sadtalker3d.render.newmouth.teeth_light import TeethLight, brightness
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
    learnt_from: int = 12  # teeth's vertices that a frame shows, or it tells nothing of their light,
    learnt_gap_m: float = 0.004  # nor where lips are nearer than this
    no_lip: tuple[float, float] = (
        0.16,
        0.30,
    )  # of `skin_colours.features`: as far from the lips' own colour as teeth are
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
        self._teeth = TeethLight()
        self._lips_rgb = np.median(colours.rgb[lower.red], axis=0)

    def learn_teeth(self, pictures: Mapping[int, np.ndarray]) -> None:
        """Take how bright teeth are from frames of the performer, by number, that show some."""
        lower, config, found = self._lower, self._config, list[tuple[np.ndarray, np.ndarray]]()
        teeth = lower.inner[lower.teeth]
        for k, picture in pictures.items():
            shown = self._as_filmed(picture, k)
            old = shown.head
            if float(old[lower.upper, 1].mean() - old[lower.lower, 1].mean()) < config.learnt_gap_m:
                continue
            seen = self._seen(shown.xy, shown.near)
            facing = (self._normals(old) @ shown.turn.T)[:, 2]
            rgb = self._rgb(picture, shown.xy, seen & (facing > 0.4), old)
            rows = teeth[seen[teeth]]
            if len(rows) >= config.learnt_from:
                found.append((brightness(sampled(picture, shown.xy[rows])), brightness(rgb[rows])))
        if found:
            self._teeth = TeethLight.learnt(np.array(found))

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
        shown = self._as_filmed(picture, k)
        was, new, pose = shown.xy, shown.head + moved, performer.poses[k]
        placed = new @ shown.turn.T + pose[3:]
        px_per_m = float(performer.focal_px / -placed[:, 2].mean())
        flat = pinhole(placed, performer.focal_px, performer.centre_px) - shown.flat
        # what the points of this frame say beyond the linear head belongs to its old words
        held = share * (shown.flat + shown.held_px - was)
        skin = SkinColours.of(sampled(picture, was[lower.tells]))
        # a collar before the neck stays where it is
        bare = np.where(lower.neck, skin.like(sampled(picture, was)), 1.0)[:, None]
        now = (was + bare * (flat + lower.bends[:, None] * held)).astype(np.float32)
        near_new = placed[:, 2].astype(np.float32)
        near_new[lower.inner] -= config.behind_m

        size = picture.shape[1], picture.shape[0]
        reach = BendConfig()
        longest = float(np.abs(now - was).max()) / px_per_m
        margin = 2.2 * max(reach.reach_m, reach.by_motion * longest) * px_per_m
        rows = lower.skin_rows
        part = Rectangle.around(np.concatenate([now[rows], was[rows]]), margin, size)
        if min(part.shape) < 2:
            return None
        corner = np.array([part.left, part.top], np.float32)
        was, now = was - corner, now - corner
        shown = replace(shown, xy=was)
        picture = np.ascontiguousarray(picture[part.top : part.bottom, part.left : part.right])
        source = bent(picture, skin, now, near_new, was - now, self._skin_faces, px_per_m)
        mouth = float(smooth_step(length[lower.lips].max(), *config.mouth_m))
        attributes = self._attributes(picture, shown, new, now, length, mouth)
        rgb, alpha = self._composed(picture, source, now, near_new, attributes)
        return Patch(part.left, part.top, rgb, alpha)

    def _as_filmed(self, picture: np.ndarray, k: int) -> AsFilmed:
        lower, performer = self._lower, self._performer
        old = self._rest + (performer.expression[k] @ lower.basis).reshape(-1, 3)
        pose = performer.poses[k]
        turn = to_matrices(pose[None, :3])[0]
        placed = old @ turn.T + pose[3:]
        px_per_m = float(performer.focal_px / -placed[:, 2].mean())
        left, slow = performer.left_m(k)
        px = np.concatenate([left, slow], axis=1) * np.tile([px_per_m, -px_per_m], 2)  # (468, 4)
        spread = lower.follows @ px.astype(np.float32)  # (n, 4)
        flat = pinhole(placed, performer.focal_px, performer.centre_px)
        was = (flat + spread[:, :2]).astype(np.float32)
        skin = np.median(sampled(picture, was[lower.tells]), axis=0)
        lips = self._lips_rgb * (skin + 8) / (np.median(self._colours.rgb[lower.tells], axis=0) + 8)
        was += lower.edges.laid(picture, was, px_per_m, lips, skin)
        near = placed[:, 2].astype(np.float32)
        near[lower.inner] -= self._config.behind_m
        return AsFilmed(old, was, near, turn, flat, spread[:, 2:], skin, lips)

    def _attributes(
        self, picture: np.ndarray, shown: AsFilmed, new: np.ndarray, now: np.ndarray, length: np.ndarray,
        mouth: float,
    ) -> np.ndarray:  # fmt: skip
        """(n, 8) float32 as `composite.cover` wants them."""
        lower, config, was = self._lower, self._config, shown.xy
        normals_old, normals_new = (self._normals(points) @ shown.turn.T for points in (shown.head, new))
        facing_old, facing_new = normals_old[:, 2], normals_new[:, 2]
        seen = self._seen(was, shown.near) & (facing_old > 0)
        changed = smooth_step(length / config.change_m, 0.0, 1.0)
        changed[lower.inner] = mouth
        line = mouth * lower.lip_line
        kept = (
            np.bincount(
                lower.faces.ravel(), np.repeat(stretched(now, was, lower.faces, config.stretch), 3), len(now)
            )
            / self._touching
        )
        rgb = self._rgb(picture, was, seen & (facing_old > 0.4), new)
        trusted = seen * np.where(lower.skin, smooth_step(facing_old, 0.05, 0.3), 0.0)
        edge = lower.lip_edge
        # the points are a pixel or two off: what they call the lip's edge may be a tooth, or the dark behind it
        here = features(sampled(picture, was[edge]))
        known = (rgb[edge], shown.lips_rgb, shown.skin_rgb)
        other = np.minimum.reduce([np.linalg.norm(here - features(one), axis=1) for one in known])
        trusted[edge] *= 1 - mouth * smooth_step(other, *config.no_lip)
        keep = (1 - changed * (1 - trusted * kept)) * (1 - line)
        keep[edge] = np.minimum(keep[edge], 1 - mouth * smooth_step(other, *config.no_lip))
        light = self._lit(normals_old, normals_new)
        attributes = np.empty((len(now), ATTRIBUTES), np.float32)
        attributes[:, :2] = was
        attributes[:, 2] = keep
        over = smooth_step(lower.bends, 0.0, config.edge) * smooth_step(facing_new, 0.05, 0.3)
        attributes[:, 3] = np.where(lower.skin & ~lower.lips, over, 1.0)
        attributes[:, 4] = np.where(lower.skin, light, 1.0)
        attributes[:, 5:] = rgb
        return attributes

    def _rgb(self, picture: np.ndarray, was: np.ndarray, seen: np.ndarray, new: np.ndarray) -> np.ndarray:
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
        teeth = lower.inner[lower.teeth]
        rgb[teeth] *= self._teeth.on(rgb[teeth])
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
        self,
        picture: np.ndarray,
        source: np.ndarray,
        now: np.ndarray,
        near: np.ndarray,
        attributes: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(h, w, 3) uint8 colours, and (h, w) float32 where they differ from the (h, w, 3) picture."""
        import cv2

        config, faces = self._config, self._lower.faces
        height, width = picture.shape[:2]
        left, top = np.maximum(np.floor(now.min(axis=0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(now.max(axis=0)).astype(int) + 1, [width, height])
        w, h = max(int(right - left), 0), max(int(bottom - top), 0)
        samples = int(np.clip(config.samples_px // max(w, 1), 1, 4))
        shown = np.full((h * samples, w * samples), -1, np.int32)
        nearest_triangles(
            now, near, faces, 0, left, top, samples, shown, np.full(shown.shape, -np.inf, np.float32)
        )
        share, fill = np.empty((h, w), np.float32), np.empty((h, w, 3), np.float32)
        solid = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        moved = np.hypot(source[..., 0] - xs, source[..., 1] - ys)
        cover(
            solid, picture, shown, now, faces, attributes, left, top, samples, source, left, top, share, fill
        )
        rgb = cv2.remap(
            picture, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        drawn = np.abs(share - 1) + fill.max(axis=2) / 255
        share, fill = (
            np.asarray(cv2.GaussianBlur(a, (0, 0), config.soften_px), np.float32) for a in (share, fill)
        )
        inside = slice(top, top + h), slice(left, left + w)
        blend(rgb[inside], share, fill)
        alpha = smooth_step(moved, 0.03, 0.3).astype(np.float32)
        alpha[inside] = np.maximum(alpha[inside], smooth_step(drawn, 0.0, 0.02))
        soft = cv2.GaussianBlur(alpha, (0, 0), 1.0)
        return rgb, np.where(soft < 1 / 255, 0, soft).astype(np.float32)
