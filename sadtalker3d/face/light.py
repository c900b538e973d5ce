"""The light of a portrait: nine spherical harmonics a colour, from the skin's brightness over its normals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.headfit import HeadFit, project, vertices

if TYPE_CHECKING:
    from bfm.model import FaceModel

LEAST_COSINE = 0.2  # flatter to the line of sight, a pixel holds what is behind the cheek
RIDGE = 0.02  # of the number of vertices: a face shows only half of all directions
ROUNDS = 4
SOFT = 0.15  # relative misfit beyond which a vertex counts less: hair, glasses, shine


def srgb_to_linear(values: np.ndarray) -> np.ndarray:
    """sRGB 0..1 -> linear light (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: np.ndarray) -> np.ndarray:
    """Linear light -> sRGB 0..1, clipped (IEC 61966-2-1)."""
    light = np.clip(values, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(..., 3) unit normals -> (..., 9), the basis of `HeadFit.light`."""
    from bfm.lighting import harmonics as weighted

    return weighted(np.asarray(normals, np.float64))


def sample(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Linear RGB (n, 3) float32 of an (H, W, 3) uint8 picture at (n, 2) pixels, between them bilinearly."""
    import cv2

    side = 1024  # cv2.remap takes no rows longer than 32767
    count = len(pixels)
    padded = np.zeros((-(-count // side) * side, 2), np.float32)
    padded[:count] = np.clip(pixels, -10, [picture.shape[1] + 10, picture.shape[0] + 10])
    grid = padded.reshape(-1, side, 2)
    seen = cv2.remap(picture, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return LINEAR[seen.reshape(-1, 3)[:count]]


LINEAR = srgb_to_linear(np.arange(256) / 255).astype(np.float32)


def albedo_at(model: FaceModel) -> np.ndarray:
    """(V, 3) linear colour of the head's own texture at its vertices."""
    tall, wide = model.texture.shape[:2]
    pixels = model.uv * [wide, tall] - 0.5
    return sample(np.ascontiguousarray(model.texture[..., :3]), pixels)


def portrait_light(picture: np.ndarray, fit: HeadFit, model: FaceModel) -> np.ndarray:
    """(9, 3) float32, see `HeadFit.light`: least squares over the skin that the camera sees, hair weighted down."""
    posed = vertices(fit, model)
    normals = model.normals(posed)
    toward = -posed / np.linalg.norm(posed, axis=1, keepdims=True)
    skin = np.unique(model.weld[np.unique(model.faces[model.parts["skin"]])])
    neck = model.mean[model.points["chin"][0], 1] - 0.01
    pixels = project(posed[skin], fit)
    inside = ((pixels >= 0) & (pixels <= np.array(fit.size_px) - 1)).all(axis=1)
    facing = (normals[skin] * toward[skin]).sum(axis=1) > LEAST_COSINE
    used = skin[inside & facing & (model.mean[skin, 1] > neck)]
    basis = harmonics(normals[used])
    colour, albedo = sample(picture, project(posed[used], fit)), albedo_at(model)[used]
    ridge = RIDGE * len(used) * np.diag([0.02, 1, 1, 1, 4, 4, 4, 4, 4])
    weights = np.ones(len(used))
    for _ in range(ROUNDS):
        light = np.empty((9, 3))
        for c in range(3):
            rows = basis * albedo[:, c : c + 1]
            light[:, c] = np.linalg.solve(
                rows.T @ (weights[:, None] * rows) + ridge * (albedo[:, c] ** 2).mean(),
                rows.T @ (weights * colour[:, c]),
            )
        shaded = albedo * (basis @ light)
        misfit = np.abs(colour - shaded).mean(axis=1) / max(float(shaded.mean()), 1e-6)
        weights = 1 / (1 + (misfit / SOFT) ** 2)
    return light.astype(np.float32)
