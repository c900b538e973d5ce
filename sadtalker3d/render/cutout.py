"""A cut-out picture's colours, carried on beyond its edge, so that no filter or codec mixes in black."""

from __future__ import annotations

import numpy as np

SMALLEST = 8  # pixels: the side of the coarsest picture from which far places take their colour


def with_spread_colors(picture: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 with straight alpha: where alpha is 0 the colour becomes that of the nearest edge.

    The colours there are not seen, but video keeps one colour for four pixels and scaling mixes neighbours:
    black ones would show as a dark fringe. Filled from coarser and coarser averages, weighted by alpha (the
    pull-push method of Gortler et al. 1996, The Lumigraph).
    """
    alpha = picture[..., 3:].astype(np.float32) / 255
    color = np.concatenate([picture[..., :3] * alpha, alpha], axis=2)
    filled = _filled(color)
    out = picture.copy()
    hidden = picture[..., 3] == 0
    out[hidden, :3] = np.rint(filled[hidden])
    return out


def _filled(color: np.ndarray) -> np.ndarray:
    """(H, W, 4), colours times alpha, and alpha -> (H, W, 3) colours that are defined everywhere."""
    height, width = color.shape[:2]
    weight = color[..., 3:]
    own = color[..., :3] / np.maximum(weight, 1e-6)
    if min(height, width) <= SMALLEST:
        mean = color[..., :3].sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        return np.where(weight > 0, own, mean)
    even = np.pad(color, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    half = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 4).mean(axis=(1, 3))
    coarse = _filled(half).repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(weight > 0, own, coarse)
