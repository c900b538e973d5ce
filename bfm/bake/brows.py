"""Eyebrows and eyelashes, hair by hair."""

from __future__ import annotations

import numpy as np

# The brow's middle line on the left, (x, y) in mm, and its half width, from the nose outward: along the ridge of
# the bone (the middle of what MakeHuman's eyebrow slider moves), nearly straight, so that no face looks surprised.
_LINE = np.array([(11.5, 50.3), (20.0, 52.6), (30.0, 54.5), (40.0, 55.2), (48.0, 53.4), (55.0, 49.2)])
_HALF_WIDTH = np.array([2.6, 3.4, 3.3, 2.9, 2.2, 0.8])
_HAIRS, _HAIR_MM = 460, 0.12
_LASHES = 44


def cover(mm: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(n,) 0..1 share of each place that brow hairs cover."""
    out = np.zeros(len(mm))
    near = (np.abs(np.abs(mm[:, 0]) - 35) < 34) & (np.abs(mm[:, 1] - 52) < 16) & (normal[:, 2] > -0.2)
    near &= mm[:, 2] > 70
    if not near.any():
        return out
    points = np.stack([np.abs(mm[near, 0]), mm[near, 1]], axis=1)
    clear = np.ones(len(points))
    for root, tip, alpha in _strokes():
        along = tip - root
        t = np.clip(((points - root) @ along) / (along @ along), 0, 1)
        gap = np.linalg.norm(points - root - t[:, None] * along, axis=1)
        width = _HAIR_MM * (1.25 - 0.9 * t)
        clear *= 1 - alpha * np.clip(1 - (gap - width) / 0.30, 0, 1)
    out[near] = 1 - clear
    return out


def _strokes() -> list[tuple[np.ndarray, np.ndarray, float]]:
    rng = np.random.default_rng(7)
    steps = np.linspace(0, 1, len(_LINE))
    made = []
    for _ in range(_HAIRS):
        s = rng.uniform(0, 1) ** 0.9
        across = rng.normal(0, 0.42)
        if abs(across) > 1:
            continue
        middle = np.array([np.interp(s, steps, _LINE[:, k]) for k in range(2)])
        ahead = np.array([np.interp(min(s + 0.05, 1), steps, _LINE[:, k]) for k in range(2)])
        before = np.array([np.interp(max(s - 0.05, 0), steps, _LINE[:, k]) for k in range(2)])
        tangent = (ahead - before) / np.linalg.norm(ahead - before)
        up = np.array([-tangent[1], tangent[0]])
        root = middle + up * across * np.interp(s, steps, _HALF_WIDTH)
        # By the nose hairs stand up, then lie outward, the upper ones turning down and the lower ones up.
        lean = (
            np.interp(s, [0, 0.15, 0.4, 1], [1.25, 0.75, 0.25, -0.05]) - 0.35 * across + rng.normal(0, 0.13)
        )
        length = np.interp(s, [0, 0.3, 1], [3.8, 5.6, 3.8]) * rng.uniform(0.7, 1.15)
        tip = root + length * (np.cos(lean) * tangent + np.sin(lean) * up)
        made.append((root, tip, float(rng.uniform(0.45, 0.8))))
    return made


def lash_cover(own: np.ndarray) -> np.ndarray:
    """(n,) 0..1 over the lashes' square: upper strip in the upper half, lower strip in the lower half."""
    upper = own[:, 1] < 0.5
    v = np.where(upper, own[:, 1] - 0.02, own[:, 1] - 0.52) / 0.46
    clear = np.ones(len(own))
    grown = v > 0.22  # the strips begin inside the lid
    rng = np.random.default_rng(8)
    for k in range(_LASHES):
        root = 0.03 + 0.90 * (k + rng.uniform(0.2, 0.8)) / _LASHES
        reach_upper, reach_lower = rng.uniform(0.75, 1.0), rng.uniform(0.45, 0.85)
        lean = 0.10 * (root - 0.35) + rng.normal(0, 0.012)  # outward, and in clumps
        reach = np.where(upper, reach_upper, reach_lower)
        gap = np.abs(own[:, 0] - root - lean * np.clip(v, 0, 1) ** 1.5)
        width = np.where(upper, 0.0085, 0.0050) * np.clip(1.1 - v / reach, 0, 1)
        clear *= 1 - np.clip((width - gap) / 0.004 + 0.5, 0, 1) * (v < reach) * grown
    return 1 - clear
