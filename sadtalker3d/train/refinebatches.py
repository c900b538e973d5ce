"""Batches of pairs for the refinement, varied so that what it learns does not hang on how the pairs were drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.warp.refine_crops import PARTS
from sadtalker3d.train.portraitpairs import Pairs


@dataclass(frozen=True)
class VaryConfig:
    """How crops are varied. Colours and noise change in frame, photo and truth alike: they are to stay.

    painted : the colours of what the photo did not show are multiplied by 1 +- this in the frame alone; the
        network has to find out from the rest how teeth, tongue and lids must look, and does not rely on how they
        happen to be painted by this version of the program
    """

    gain: float = 0.2
    colour: float = 0.08
    offset: float = 12.0
    saturation: tuple[float, float] = (0.0, 1.3)
    faded_share: float = 0.4  # how many have another saturation: paintings, old photos
    noise: float = 6.0  # most, of 255
    noisy_share: float = 0.3
    painted: float = 0.3
    painted_share: float = 0.5


@dataclass(frozen=True)
class Batch:
    """uint8 tensors; see `Pairs`."""

    warped: Tensor
    photo: Tensor
    real: Tensor
    guides: Tensor


def drawn_batch(
    pairs: Pairs, rng: np.random.Generator, size: int, *, mirror: bool, config: VaryConfig | None = None
) -> Batch:
    """`size` pairs, varied. mirror : left and right may change places"""
    config = config or VaryConfig()
    rows = np.sort(rng.integers(0, len(pairs), size))
    warped, photo, real, guides = (
        getattr(pairs, key)[rows].astype(np.float32) for key in ("warped", "photo", "real", "guides")
    )
    shown = rng.random(size) < config.painted_share
    part, painted = guides[..., 3].astype(int), 1 - guides[..., 4:5] / 255
    factors = 1 + config.painted * rng.uniform(-1, 1, (size, len(PARTS) + 1, 1))
    factors = factors * (1 + config.colour * rng.uniform(-1, 1, (size, len(PARTS) + 1, 3)))
    factors[~shown] = 1
    own = factors[np.arange(size)[:, None, None], part]  # (B, S, S, 3)
    warped *= 1 + painted * (own - 1)
    faded = rng.random((size, 1, 1, 1)) < config.faded_share
    saturation = np.where(faded, rng.uniform(*config.saturation, (size, 1, 1, 1)), 1.0)
    warped, photo, real = (
        saturation * rows + (1 - saturation) * rows.mean(axis=3, keepdims=True)
        for rows in (warped, photo, real)
    )
    gain = 1 + config.gain * rng.uniform(-1, 1, (size, 1, 1, 1))
    gain = gain * (1 + config.colour * rng.uniform(-1, 1, (size, 1, 1, 3)))
    offset = config.offset * rng.uniform(-1, 1, (size, 1, 1, 1))
    level = config.noise * rng.random((size, 1, 1, 1)) * (rng.random((size, 1, 1, 1)) < config.noisy_share)
    noise = level * rng.normal(size=warped.shape)
    colours = [gain * rows + offset + noise for rows in (warped, photo, real)]
    if mirror:
        turned = rng.random(size) < 0.5
        for rows in (*colours, guides):
            rows[turned] = rows[turned][:, :, ::-1]
        guides[turned, ..., 0] = 255 - guides[turned, ..., 0]
    arrays = [np.clip(np.rint(a), 0, 255).astype(np.uint8) for a in (*colours, guides)]
    return Batch(*(torch.from_numpy(a) for a in arrays))
