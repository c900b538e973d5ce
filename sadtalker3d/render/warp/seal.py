"""The fitted head's lips brought together: in a photo with parted lips they must still meet in "m", "b" and "p"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.warp.expression import OPENING

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.render.warp.motion import HeadMotion

WIDTH_M = 0.007  # how far from the line where lips meet the skin follows


def lip_seal(motion: HeadMotion, model: FaceModel) -> np.ndarray:
    """(V, 3) float32 metres that close the lips of the photo's expression without what parts them.

    The embedded head's lips meet at rest, but a fit's landmark offsets may hold them apart or push them together.
    """
    own = motion.fit.expression.copy()
    own[[k for k, name in enumerate(model.expression_names) if name in OPENING]] = 0
    lips = motion.rest + motion.displacement(own)
    upper, lower = model.points["inner_lip_upper"], model.points["inner_lip_lower"]
    across = np.abs(model.mean[upper][:, None] - model.mean[lower][None]).sum(axis=-1)
    lower = lower[across.argmin(axis=1)]  # the point of the other lip that each meets
    apart = lips[upper] - lips[lower]  # (n, 3)
    apart[:, 0] = 0
    jaw = model.expression_basis[model.expression_names.index("jawOpen")]
    low_lip = jaw[:, 1] < 0.5 * np.median(jaw[lower, 1])
    pull = np.zeros_like(model.mean)
    near = np.flatnonzero(np.linalg.norm(model.mean - model.mean[upper].mean(axis=0), axis=1) < 0.05)
    for points, mine, way in ((upper, near[~low_lip[near]], -0.5), (lower, near[low_lip[near]], 0.5)):
        gap = model.mean[mine][:, None] - model.mean[points][None]
        weights = np.exp(-(gap**2).sum(axis=-1) / WIDTH_M**2)
        share = weights.max(axis=1)
        close = weights**4  # the nearest points decide, smoothly
        pull[mine] = way * share[:, None] * (close @ apart) / np.maximum(close.sum(axis=1), 1e-20)[:, None]
    teeth = np.unique(np.concatenate([model.faces[model.parts[n]] for n in ("teeth", "gums", "tongue")]))
    pull[teeth] = 0
    return pull.astype(np.float32)
