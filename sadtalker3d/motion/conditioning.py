"""What SadTalker's ExpNet and PoseVAE are told besides the sound: the face they start from, and blinks."""

from __future__ import annotations

import random

import numpy as np

from sadtalker3d.motion.blink import upstream_blink

COEFFICIENTS = 70  # expression 64, rotation 3, translation 3
EXPRESSION = 64


def upstream_conditioning(
    source: np.ndarray,
    frames: int,
    generator: random.Random,
    performance: np.ndarray | None = None,
    idle: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Reference coefficients (T, 70) and blink ratio (T, 1) of every frame, as upstream prepares them.

    source : (70 or more,) coefficients of the portrait
    performance : (R, 64 or more) coefficients of a person whose blinks are taken over, looped; there is then
        no blink ratio, the blinks are in the reference
    idle : no speech, and no blinks either
    """
    reference = np.tile(np.asarray(source, np.float32)[:COEFFICIENTS], (frames, 1))
    ratio = np.zeros((frames, 1), np.float32)
    if performance is not None:
        rows = np.arange(frames) % len(performance)
        reference[:, :EXPRESSION] = performance[rows, :EXPRESSION]
    elif not idle:
        ratio[:, 0] = upstream_blink(frames, generator)
    return reference, ratio
