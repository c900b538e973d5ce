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
    typical: float = (
        0.004  # pull of the ratios to those of the part: dark strands at an edge do not tint the rest
    )
    ratio: float = 20.0  # the most that photo and own colour may differ by
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
        self.ratio = self._ratio()

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

    def _ratio(self) -> np.ndarray:
        """(V, 3) log of photo by own colour, smooth over the mesh and continued where the photo shows nothing."""
        from scipy import sparse
        from scipy.sparse.linalg import spsolve

        model, config = self.model, self.config
        colour = sample(self.picture, self.pixels) / self.shading
        least, most = np.log([1 / config.ratio, config.ratio])
        log = np.clip(np.log((colour + 1e-3) / (self.albedo + 1e-3)), least, most)
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
        wanted = self.seen[rows, None] * log[rows] + config.typical * self._typical(log)[rows]
        solved = spsolve((known + config.smooth * laplace).tocsc(), wanted)
        field = np.zeros((len(log), 3))
        field[rows] = solved
        return field[model.weld]

    def _typical(self, log: np.ndarray) -> np.ndarray:
        """(V, 3) the ratio of skin between brows and chin, or of hair where the head's own colour is hair's."""
        model, config = self.model, self.config
        brow, chin = model.mean[model.landmarks68[[19, 8]], 1]
        x, height, z = model.mean.T
        dark = self.albedo.mean(axis=1) < config.hair
        hair = dark & ((height > brow + 0.02) | (z < 0.05))
        hair[np.unique(model.faces[model.parts["hair"]])] = True
        skin = ~dark & (height < brow - 0.01) & (height > chin) & (np.abs(x) < 0.06)
        typical = np.zeros_like(log)
        for kind, sure in ((~hair, skin), (hair, hair)):
            best = sure & (self.seen > 0.8)
            typical[kind] = np.median(log[best if best.any() else sure], axis=0)
        return typical

    def texture(self) -> np.ndarray:
        """The atlas with the person's skin and hair, (H, W, 4) uint8."""
        model, config = self.model, self.config
        faces = np.concatenate([model.faces[model.parts[part]] for part in PAINTED])
        shape, twin = (model.texture.shape[0], model.texture.shape[1]), self.twin
        pixels = model.uv * [shape[1], shape[0]] - 0.5
        ids, _ = covered(pixels, np.zeros(len(pixels)), faces, shape)
        values = np.concatenate([
            self.ratio, self.ratio - self.ratio[twin], self.seen[:, None], self.seen[twin, None],
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
