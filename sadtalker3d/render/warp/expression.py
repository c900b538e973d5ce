"""The photo's own expression and the track's together: a smile stays, a photo's open mouth gives way to speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What parts the lips. While the person speaks the track alone decides it, else no lips would meet in "m".
OPENING = (
    "jawOpen", "mouthFunnel", "mouthShrugUpper", "mouthShrugLower", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
# The photo's corners of the mouth stay, but less: a full smile leaves speech no room.
CORNERS = (
    "mouthSmileLeft", "mouthSmileRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthPressLeft", "mouthPressRight", "mouthFrownLeft", "mouthFrownRight",
)  # fmt: skip


@dataclass(frozen=True)
class SpeakingConfig:
    """When the mouth counts as speaking."""

    full: float = 0.10  # the largest mouth weight at which the track alone decides
    hold_s: float = (
        0.30  # it counts so long before and after, or the photo's smile would flicker between words
    )
    corners_left: float = 0.6  # of the photo's own smile while speaking


def speaking(
    expression: np.ndarray, names: tuple[str, ...], fps: float, config: SpeakingConfig | None = None
) -> np.ndarray:
    """(T,) how much the mouth of (T, 64) weights speaks, 0..1 and smooth; 0 throughout where it never moves."""
    config = config or SpeakingConfig()
    mouth = [k for k, name in enumerate(names) if name.startswith(("jaw", "mouth", "tongue"))]
    size = np.abs(expression[:, mouth]).max(axis=1) / config.full
    reach = max(round(config.hold_s * fps), 1)
    padded = np.pad(np.minimum(size, 1.0), 2 * reach, mode="edge")
    held = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(held, window / window.sum(), mode="valid")


def together(
    own: np.ndarray,
    track: np.ndarray,
    speaks: np.ndarray,
    names: tuple[str, ...],
    config: SpeakingConfig | None = None,
) -> np.ndarray:
    """(T, 64) weights of a face whose photo has `own` (64,) and that follows the track's (T, 64).

    Neutral rows of the track give `own` exactly. A weight adds only what is missing to 1, so that closed lids close
    once and a smile on a smile does not tear the mouth.
    """
    config = config or SpeakingConfig()
    rest = np.repeat(own[None].astype(np.float32), len(track), axis=0)
    index = {name: k for k, name in enumerate(names)}
    opening, corners = [index[n] for n in OPENING if n in index], [index[n] for n in CORNERS if n in index]
    rest[:, opening] *= 1 - speaks[:, None]
    rest[:, corners] *= 1 - (1 - config.corners_left) * speaks[:, None]
    room = np.where(track > 0, 1 - np.clip(rest, 0, 1), 1.0)
    return (rest + track * room).astype(np.float32)
