"""The photo as the texture of the fitted head: the same person in 3D, from all sides.

Every texel takes the photo's colour where the camera sees it, else that of the mirrored place, else the head's own
skin in the photo's tone. One smooth field of ratios between the photo and the head's own colours, known where the
photo shows the skin and continued over the rest of the mesh, matches tones, so that the three meet without a seam.
The photo's light is taken off as far as nine harmonics describe it, because a viewer adds its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.cover import between, covered
from sadtalker3d.face.headfit import HeadFit, at_rest, project, vertices
from sadtalker3d.face.light import LINEAR, albedo_at, harmonics, linear_to_srgb, sample
from sadtalker3d.face.lip_seal import lip_seal

if TYPE_CHECKING:
    from bfm.model import FaceModel

PAINTED = ("skin", "hair", "rim")


@dataclass(frozen=True)
class TextureConfig:
    """What counts as seen. Cosines are of the surface to the line of sight."""

    least_cosine: float = (
        0.25  # nothing below: there a texel is smeared over many, and may show the background
    )
    full_cosine: float = 0.55
    depth_m: float = 0.004  # how far behind the nearest surface is hidden
    outline_m: float = 0.006  # over which the photo fades at the head's outline and at the picture's edge
    lid_m: tuple[float, float] = (0.0015, 0.004)  # a blink's movement over which the photo fades on the lids
    depth_px: int = 400  # sides of the depth picture
    mirrored: float = (
        0.9  # most share of the mirrored side: some of the own colour keeps moles from doubling sharply
    )
    smooth: float = 0.3  # of the ratios' field over the mesh; more carries tone further and detail less
    tone: float = 60.0  # the same for what matches the mirrored side: about 15 mm
    typical: float = (
        0.004  # pull of the ratios to those of the part: dark strands at an edge do not tint the rest
    )
    ratio: float = 20.0  # the most that photo and own colour may differ by
    # log ratios to the middle face's skin, from where to where what the photo shows is no skin: jaws shade a neck by
    # 0.7, hair and walls start at 1.2; light skin under a lamp is 0.4 brighter at most
    darker: tuple[float, float] = (0.8, 1.3)
    brighter: float = 1.6  # times as far
    other_hue: tuple[float, float] = (0.35, 0.7)
    face_m: tuple[float, float] = (0.008, 0.022)  # around the landmarks, where anything belongs to the face
    brow_m: tuple[float, float] = (-0.005, 0.01)  # above the brows
    spread: int = 4  # edges of the mesh, of 2 mm
    least_hair: int = 100  # vertices that show the hair's tone
    hair: float = 0.13  # linear brightness of the head's own colour below which it is painted hair
    unlike: float = 0.5  # log of own brightness by which neighbours share no tone
    relight: float = (
        0.75  # part of the photo's shading that is taken off: all of it also takes folds and flush
    )
    shading: tuple[float, float] = (0.45, 1.7)  # what is divided by, of the mean
    padding_px: int = 6  # around the islands, against the filter


def textured(
    fit: HeadFit, picture: np.ndarray, model: FaceModel, config: TextureConfig | None = None
) -> FaceModel:
    """The embedded head as the person of an (H, W, 3) uint8 picture: mean shape, lips closed, and texture are theirs.

    Animate and export it with identity None. Eyes, teeth and tongue keep the head's own colours.
    """
    config = config or TextureConfig()
    paint = _Paint(fit, picture, model, config)
    rest = at_rest(fit, model).astype(np.float32)
    return dataclasses.replace(model, mean=rest + lip_seal(model, rest), texture=paint.texture())


class _Paint:
    """The head as the picture's camera sees it."""

    def __init__(self, fit: HeadFit, picture: np.ndarray, model: FaceModel, config: TextureConfig) -> None:
        self.fit, self.picture, self.model, self.config = fit, picture, model, config
        self.posed = vertices(fit, model).astype(np.float64)
        self.pixels = project(self.posed, fit)
        self.pixels_per_m = fit.focal_px / -fit.translation_m[2]
        self.normals = model.normals(self.posed)
        self.twin = mirrored_vertices(model)
        self.seen = self._seen()
        self.shading = self._shading()
        self.albedo = albedo_at(model)
        self.hair = self._hair()
        colour = sample(picture, self.pixels) / self.shading
        limits = np.log([1 / config.ratio, config.ratio])
        self.log_ratio = np.clip(np.log((colour + 1e-3) / (self.albedo + 1e-3)), *limits)
        self.seen = self.seen * self._like_skin()
        self.ratio = self._ratio(config.smooth)
        # only the light of the two sides is matched: a finer field would take the mirrored detail out again
        self.tone = self._ratio(config.tone)

    def _seen(self) -> np.ndarray:
        """(V,) 0..1, how well the photo shows each vertex."""
        config, fit = self.config, self.fit
        toward = -self.posed / np.linalg.norm(self.posed, axis=1, keepdims=True)
        cosine = (self.normals * toward).sum(axis=1)
        seen = np.clip((cosine - config.least_cosine) / (config.full_cosine - config.least_cosine), 0, 1)
        seen *= seen * (3 - 2 * seen) / np.maximum(seen, 1e-9)
        margin = np.minimum(self.pixels, np.array(fit.size_px) - 1 - self.pixels).min(axis=1)
        seen *= np.clip(margin / (config.outline_m * self.pixels_per_m), 0, 1)
        return seen * self._in_sight() * self._lids_fade()

    def _in_sight(self) -> np.ndarray:
        """(V,) 0..1: 0 behind something of the head, and at its outline, where the picture may show what is behind."""
        import cv2

        config, model = self.config, self.model
        size = config.depth_px
        scale = (size - 5) / np.ptp(self.pixels, axis=0).max()
        small = (self.pixels - self.pixels.min(axis=0)) * scale + 2
        near = self.posed[:, 2]  # the camera looks along -z
        ids, depth = covered(small, near, model.faces, (size, size))
        inward = cv2.distanceTransform((ids >= 0).astype(np.uint8), cv2.DIST_L2, 3)
        at = np.rint(small).astype(int)
        outline = inward[at[:, 1], at[:, 0]] / (config.outline_m * self.pixels_per_m * scale)
        front = near + config.depth_m > depth[at[:, 1], at[:, 0]]
        return np.clip(outline - 0.3, 0, 1) * front

    def _lids_fade(self) -> np.ndarray:
        """(V,) 0 where closing eyes pull a fold of skin to many times its size: the photo shows only lashes there."""
        low, high = self.config.lid_m
        names = self.model.expression_names
        blink = sum(self.model.expression_basis[names.index(f"eyeBlink{side}")] for side in ("Left", "Right"))
        moved = np.linalg.norm(blink, axis=1)
        return 1 - np.clip((moved - low) / (high - low), 0, 1)

    def _shading(self) -> np.ndarray:
        """(V, 3) what the photo's colours are divided by."""
        config = self.config
        shading = harmonics(self.normals) @ self.fit.light
        mean = np.average(shading, axis=0, weights=self.seen + 1e-6)
        relative = np.clip(shading / np.maximum(mean, 1e-6), *config.shading)
        return relative**config.relight

    def _ratio(self, smooth: float) -> np.ndarray:
        """(V, 3) log of photo by own colour, smooth over the mesh and continued where the photo shows nothing."""
        from scipy import sparse
        from scipy.sparse.linalg import spsolve

        model, config, log = self.model, self.config, self.log_ratio
        faces = model.weld[np.concatenate([model.faces[model.parts[part]] for part in PAINTED])]
        rows, index = np.unique(faces, return_inverse=True)
        corners = index.reshape(-1, 3)
        a, b = corners.ravel(), corners[:, [1, 2, 0]].ravel()
        count = len(rows)
        own = np.log(self.albedo[rows].mean(axis=1) + 1e-3)
        alike = (
            np.exp(-(((own[a] - own[b]) / config.unlike) ** 2)) + 1e-3
        )  # hair's tone does not run into skin
        edges = sparse.coo_matrix((alike, (a, b)), (count, count)).tocsr()
        edges = edges.maximum(edges.T)
        laplace = sparse.diags(np.asarray(edges.sum(axis=1)).ravel()) - edges
        known = sparse.diags(self.seen[rows] + config.typical)
        wanted = self.seen[rows, None] * log[rows] + config.typical * self._typical()[rows]
        solved = spsolve((known + smooth * laplace).tocsc(), wanted)
        field = np.zeros((len(log), 3))
        field[rows] = solved
        return field[model.weld]

    def _hair(self) -> np.ndarray:
        """(V,) bool: the head's own colour is hair's, above the brows or behind the temples."""
        model = self.model
        brow = model.mean[model.landmarks68[19], 1]
        _, height, z = model.mean.T
        hair = (self.albedo.mean(axis=1) < self.config.hair) & ((height > brow + 0.02) | (z < 0.05))
        hair[np.unique(model.faces[model.parts["hair"]])] = True
        return hair

    def _sure_skin(self) -> np.ndarray:
        """(V,) bool: skin of the middle face, between brows and chin."""
        model = self.model
        brow, chin = model.mean[model.landmarks68[[19, 8]], 1]
        x, height, _ = model.mean.T
        bright = self.albedo.mean(axis=1) >= self.config.hair
        return bright & (height < brow - 0.01) & (height > chin) & (np.abs(x) < 0.06)

    def _median(self, sure: np.ndarray) -> np.ndarray:
        """(3,) the log ratio of what is `sure`, where the photo shows it."""
        best = sure & (self.seen > 0.8)
        return np.median(self.log_ratio[best if best.any() else sure], axis=0)

    def _typical(self) -> np.ndarray:
        """(V, 3) the ratio of skin, or of hair where the head's own colour is hair's; of unseen hair that of brows."""
        skin, hair = self._median(self._sure_skin()), self._median(self.hair)
        if (self.hair & (self.seen > 0.8)).sum() < self.config.least_hair:
            brows = self.model.landmarks68[17:27]
            own = np.log(self.albedo + 1e-3)
            hair = np.median(self.log_ratio[brows] + own[brows], axis=0) - np.median(own[self.hair], axis=0)
            hair = np.minimum(hair, skin)  # thin brows show the skin
        return np.where(self.hair[:, None], hair, skin)

    def _like_skin(self) -> np.ndarray:
        """(V,) 0..1: 0 where the photo shows hair, cloth or the wall before or beside ears, neck and temples.

        The middle of the face with its beard and glasses, the forehead with its fringe, and what is hair on the head
        itself are always 1.
        """
        from scipy.spatial import cKDTree

        from sadtalker3d.face.mesh_points import OVAL, mesh_points

        config, model = self.config, self.model
        apart = self.log_ratio - self._median(self._sure_skin())
        light = apart.mean(axis=1)
        hue = np.linalg.norm(apart - light[:, None], axis=1)
        above = ramp(model.mean[:, 1] - model.mean[model.landmarks68[19], 1], config.brow_m)
        # above the brows what is darker than skin is the person's hair; what is dark has no hue to speak of
        darker = ramp(-light, config.darker)
        unlike = np.maximum.reduce([
            darker * (1 - above), ramp(config.brighter * light, config.darker),
            (1 - darker) * ramp(hue, config.other_hue),
        ])  # fmt: skip
        inner = np.delete(mesh_points().of(model.mean.astype(np.float64)), OVAL, axis=0)
        near = ramp(cKDTree(inner).query(model.mean)[0], config.face_m)
        like = 1 - np.where(self.hair, 0.0, near * unlike)
        edges = np.concatenate([model.faces[:, [0, 1]], model.faces[:, [1, 2]], model.faces[:, [2, 0]]])
        ends = model.weld[edges]
        for _ in range(config.spread):  # what is beside a strand or the wall is mixed with it
            for a, b in (ends.T, ends.T[::-1]):
                low = like.copy()
                np.minimum.at(low, a, 0.5 * (like[a] + like[b]))
                like = low
        return np.where(self.hair, 1.0, like[model.weld])

    def texture(self) -> np.ndarray:
        """The atlas with the person's skin and hair, (H, W, 4) uint8."""
        model, config = self.model, self.config
        faces = np.concatenate([model.faces[model.parts[part]] for part in PAINTED])
        shape, twin = (model.texture.shape[0], model.texture.shape[1]), self.twin
        pixels = model.uv * [shape[1], shape[0]] - 0.5
        ids, _ = covered(pixels, np.zeros(len(pixels)), faces, shape)
        values = np.concatenate([
            self.ratio, self.tone - self.tone[twin], self.seen[:, None], self.seen[twin, None],
            self.pixels, self.pixels[twin], self.shading, self.shading[twin],
        ], axis=1).astype(np.float32)  # fmt: skip
        texels = np.zeros((*shape, values.shape[1]), np.float32)
        between(pixels.astype(np.float32), faces.astype(np.int32), ids, values, texels)
        painted = ids >= 0
        here, match, seen, seen_there, at, there, shade, shade_there = np.split(
            texels[painted], np.cumsum([3, 3, 1, 1, 2, 2, 3]), axis=1
        )
        colour = LINEAR[model.texture[..., :3][painted]] * np.exp(here)
        mirrored = sample(self.picture, there) / shade_there * np.exp(match)
        colour += config.mirrored * seen_there * (mirrored - colour)
        colour += seen * (sample(self.picture, at) / shade - colour)
        atlas = model.texture.copy()
        atlas[painted, :3] = np.rint(255 * linear_to_srgb(colour))
        others = np.concatenate(
            [model.faces[rows] for part, rows in model.parts.items() if part not in PAINTED]
        )
        taken = covered(pixels, np.zeros(len(pixels)), others, shape)[0] >= 0
        atlas[..., :3] = padded(atlas[..., :3], painted, ~painted & ~taken, config.padding_px)
        return atlas


def ramp(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """0 below the first end, 1 above the second."""
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1)


def padded(colours: np.ndarray, known: np.ndarray, free: np.ndarray, rounds: int) -> np.ndarray:
    """Continue (H, W, 3) uint8 colours from where they are known by a pixel a round, into what is free."""
    import cv2

    colours = colours.astype(np.float32)
    known = known.astype(np.float32)
    for _ in range(rounds):
        around = cv2.blur(known, (3, 3))
        spread = cv2.blur(colours * known[..., None], (3, 3)) / np.maximum(around, 1e-6)[..., None]
        new = free & (known == 0) & (around > 1e-3)
        colours[new] = spread[new]
        known[new] = 1
    return np.rint(colours).astype(np.uint8)


def mirrored_vertices(model: FaceModel) -> np.ndarray:
    """(V,) the vertex at the other side's same place."""
    from scipy.spatial import cKDTree

    flip = np.array([-1.0, 1.0, 1.0], np.float32)
    return cKDTree(model.mean).query(model.mean * flip)[1]
