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

from sadtalker3d.face.headfit import HeadFit, at_rest, project, vertices
from sadtalker3d.face.light import albedo_at, harmonics, linear_to_srgb, sample, srgb_to_linear

if TYPE_CHECKING:
    from bfm.model import FaceModel

PAINTED = ("skin", "hair", "rim")


@dataclass(frozen=True)
class TextureConfig:
    """What counts as seen. Cosines are of the surface to the line of sight."""

    least_cosine: float = 0.25  # nothing below: there a texel is smeared over many, and may show the background
    full_cosine: float = 0.55
    depth_m: float = 0.004  # how far behind the nearest surface is hidden
    depth_px: int = 400  # sides of the depth picture
    mirrored: float = 0.9  # most share of the mirrored side: some of the own colour keeps moles from doubling sharply
    smooth: float = 0.3  # of the ratios' field over the mesh; more carries tone further and detail less
    ratio: float = 12.0  # the most that photo and own colour may differ by
    relight: float = 0.75  # part of the photo's shading that is taken off: all of it also takes folds and flush
    shading: tuple[float, float] = (0.45, 1.7)  # what is divided by, of the mean
    padding_px: int = 6  # around the islands, against the filter


def textured(
    fit: HeadFit, picture: np.ndarray, model: FaceModel, config: TextureConfig | None = None
) -> FaceModel:
    """The embedded head as the person of an (H, W, 3) uint8 picture: mean shape and texture are theirs.

    Animate and export it with identity None. Eyes, teeth and tongue keep the head's own colours.
    """
    config = config or TextureConfig()
    paint = _Paint(fit, picture, model, config)
    return dataclasses.replace(model, mean=at_rest(fit, model).astype(np.float32), texture=paint.texture())


class _Paint:
    """The head as the picture's camera sees it."""

    def __init__(self, fit: HeadFit, picture: np.ndarray, model: FaceModel, config: TextureConfig) -> None:
        self.fit, self.picture, self.model, self.config = fit, picture, model, config
        self.posed = vertices(fit, model).astype(np.float64)
        self.pixels = project(self.posed, fit)
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
        scale = fit.focal_px / -fit.translation_m[2]  # pixels a metre
        seen *= np.clip(margin / (0.005 * scale), 0, 1)  # fades over 5 mm at the picture's edge
        return seen * ~self._hidden()

    def _hidden(self) -> np.ndarray:
        """(V,) bool: something of the head is before it."""
        from bfm.bake.raster import depth_image

        config, model = self.config, self.model
        size = config.depth_px
        low = self.pixels.min(axis=0)
        scale = (size - 2) / np.ptp(self.pixels, axis=0).max()
        small = (self.pixels - low) * scale + 1
        front = model.faces[(-self.posed[model.faces].mean(axis=1) * self.normals[model.faces].mean(axis=1)).sum(1) > 0]
        depth = -self.posed[:, 2]
        image = depth_image(small[front], depth[front], size)
        at = np.clip(small.astype(int), 1, size - 2)
        nearest = np.max([image[at[:, 1] + j, at[:, 0] + i] for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
        nearest = np.where(np.isfinite(nearest), nearest, depth)
        return depth > nearest + config.depth_m

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
        edges = sparse.coo_matrix((np.ones(len(a)), (a, b)), (count, count)).tocsr()
        edges = ((edges + edges.T) > 0).astype(float)
        laplace = sparse.diags(np.asarray(edges.sum(axis=1)).ravel()) - edges
        known = sparse.diags(self.seen[rows] + 1e-5)  # the least keeps parts of which nothing is seen solvable
        wanted = (self.seen[rows, None] * log[rows]) + 1e-5 * np.average(
            log, axis=0, weights=self.seen + 1e-9
        )
        solved = spsolve((known + config.smooth * laplace).tocsc(), wanted)
        field = np.zeros((len(log), 3))
        field[rows] = solved
        return field[model.weld]

    def texture(self) -> np.ndarray:
        """The atlas with the person's skin and hair, (H, W, 4) uint8."""
        model, config = self.model, self.config
        corners, shares, texel = texels(model)
        own = srgb_to_linear(model.texture.reshape(-1, 4)[texel, :3] / 255.0)

        def at(values: np.ndarray) -> np.ndarray:
            return np.einsum("nk,nk...->n...", shares, values[corners])

        here, there = at(self.ratio), at(self.ratio[self.twin])
        colour = own * np.exp(here)
        mirrored = self._photo(at, self.twin) * np.exp(here - there)
        share = (config.mirrored * at(self.seen[self.twin]))[:, None]
        colour += share * (mirrored - colour)
        share = at(self.seen)[:, None]
        colour += share * (self._photo(at, np.arange(len(self.twin))) - colour)
        atlas = model.texture.copy()
        atlas.reshape(-1, 4)[texel, :3] = np.rint(255 * linear_to_srgb(colour))
        return _padded(atlas, texel, model, config.padding_px)

    def _photo(self, at, rows: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
        """The photo's colours without its light, at texels of the head or of its mirrored one."""
        return sample(self.picture, project(at(self.posed[rows]), self.fit)) / at(self.shading[rows])


def mirrored_vertices(model: FaceModel) -> np.ndarray:
    """(V,) the vertex at the other side's same place."""
    from scipy.spatial import cKDTree

    flip = np.array([-1.0, 1.0, 1.0], np.float32)
    return cKDTree(model.mean).query(model.mean * flip)[1]


def texels(model: FaceModel, parts: tuple[str, ...] = PAINTED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texels that parts cover: their triangle's corners (n, 3), shares (n, 3), and row * width + column (n,)."""
    from bfm.bake.raster import candidates

    size = model.texture.shape[0]
    faces = np.concatenate([model.faces[model.parts[part]] for part in parts])
    triangle, texel, shares = candidates(model.uv[faces].astype(np.float64) * size, size)
    texel, first = np.unique(texel, return_index=True)
    return faces[triangle[first]], np.clip(shares[first], 0, 1), texel


def _padded(atlas: np.ndarray, texel: np.ndarray, model: FaceModel, padding_px: int) -> np.ndarray:
    """Continue the painted islands outward, but not over other parts."""
    from scipy.ndimage import distance_transform_edt

    size = atlas.shape[0]
    painted = np.zeros((size, size), bool)
    painted.ravel()[texel] = True
    taken = np.zeros((size, size), bool)
    taken.ravel()[texels(model, tuple(part for part in model.parts if part not in PAINTED))[2]] = True
    distance, (row, column) = distance_transform_edt(~painted, return_indices=True)
    around = (distance > 0) & (distance <= padding_px) & ~taken
    atlas[around, :3] = atlas[row[around], column[around], :3]
    return atlas
