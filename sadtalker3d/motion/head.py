"""Head motion of a whole recording from PoseVAE, which by itself knows 32 frames.

Upstream cuts the recording into blocks that know nothing of each other, which shows as jumps. Here every
block starts from the pose the one before has reached and overlaps its end; of several draws the one that goes
on most smoothly from there is taken and faded in. Because the network was trained with the pose at the start
of a window, measured from rest, as its reference, it turns back to rest by itself and does not drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.motion.posevae import LATENT, POSE, WINDOW, check_style

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE


@dataclass(frozen=True)
class HeadConfig:
    """How blocks are chained."""

    overlap: int = 8  # frames: a third of a second, about as long as a head needs to change its mind
    draws: int = 12  # more make smoother joins, but favour calm draws
    # what counts as a millimetre or degree of mismatch: spread of 3-second windows of measured heads
    spread: tuple[float, ...] = (0.031, 0.052, 0.037, 0.006, 0.005, 0.004)

    @property
    def hop(self) -> int:
        return WINDOW - self.overlap


DEFAULT = HeadConfig()


def head_motion(
    net: PoseVAE,
    speech: np.ndarray,
    frames: int,
    *,
    style: int,
    rng: np.random.Generator,
    config: HeadConfig = DEFAULT,
) -> np.ndarray:
    """Rotation (radians: pitch, yaw, roll) and translation (metres) from rest for every frame.

    net : PoseVAE with the embedded weights, in eval mode
    speech : (T, 6) from `PoseVAE.speech_code`, one row a frame; a shorter one is continued with its last row
    frames : length of the result, 0 or more
    style : 0 (calm) to 45 (lively)
    Returns (frames, 6) float32; frame 0 is at rest. Same weights, speech, style and generator: same motion.
    Raises UserError for a style that does not exist or speech that has no frames.
    """
    import torch

    check_style(style)
    pose = np.zeros((frames, POSE), np.float32)
    if frames < 2:
        return pose
    if not len(speech):
        raise UserError("the speech has no frames to move the head to; give longer sound")
    blocks = -(-(frames - 1) // config.hop)
    # one row beyond every block's end; rows past the recording repeat its last
    rows = np.minimum(np.arange(blocks * config.hop + WINDOW + 1), len(speech) - 1)
    speech = np.asarray(speech, np.float32)[rows]
    path = np.zeros((len(rows), POSE), np.float32)
    fade_in = _smoothstep(np.arange(1, config.overlap + 1) / (config.overlap + 1))[:, None]  # (overlap, 1)
    styles = torch.full((config.draws,), style)
    for start in range(0, blocks * config.hop, config.hop):
        block = slice(start + 1, start + 1 + WINDOW)
        join = slice(start + 1, start + 1 + config.overlap)
        z = torch.from_numpy(rng.standard_normal((config.draws, LATENT), dtype=np.float32))
        reference = torch.from_numpy(path[start]).expand(config.draws, -1)
        heard = torch.from_numpy(speech[block]).expand(config.draws, -1, -1)
        with torch.inference_mode():
            motion = net.decode_coded(z, styles, reference, heard).numpy()  # (draws, 32, 6)
        drawn = path[start] + motion
        before = path[join].copy()
        if start == 0:
            before[:] = 0
        mismatch = (drawn[:, : config.overlap] - before) / np.asarray(config.spread, np.float32)
        best = drawn[np.square(mismatch).mean(axis=(1, 2)).argmin()]
        path[block] = best
        path[join] = (1 - fade_in) * before + fade_in * best[: config.overlap]
    return path[:frames]


def _smoothstep(x: np.ndarray) -> np.ndarray:
    return x * x * (3 - 2 * x)
