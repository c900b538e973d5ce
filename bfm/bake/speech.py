"""The twelve shapes that speech needs and ARKit lacks: lips composed from the Face Units, the tongue bent by hand."""

from __future__ import annotations

import numpy as np

from .cage import Cage

_UP, _FORWARD = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])


def _ramp(t: np.ndarray, start: float, end: float) -> np.ndarray:
    """Smooth step from 0 at `start` to 1 at `end`."""
    x = np.clip((t - start) / (end - start), 0, 1)
    return x * x * (3 - 2 * x)


def _bump(t: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-(((t - centre) / width) ** 2))


def both(shapes: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Left and right of a shape together."""
    return shapes[f"{name}Left"] + shapes[f"{name}Right"]


def speech(cage: Cage, positions: np.ndarray, shapes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(N, 3) displacement of every SPEECH_12 shape, source units (10 cm).

    Args:
        positions: (N, 3) the mean head. shapes: the ARKit shapes by name.
    """
    tongue = np.unique(cage.quads[cage.quad_part == 1])
    p = positions[tongue]
    # t runs from the root (0) to the tip (1) of the tongue; c is 1 along its middle and 0 at its sides.
    t = (p[:, 2] - p[:, 2].min()) / np.ptp(p[:, 2])
    c = 1 - np.clip(np.abs(p[:, 0]) / np.abs(p[:, 0]).max(), 0, 1) ** 2

    def bend(up: np.ndarray, forward: np.ndarray, sideways: np.ndarray | float = 0.0) -> np.ndarray:
        delta = np.zeros_like(positions)
        delta[tongue] = up[:, None] * _UP + forward[:, None] * _FORWARD
        delta[tongue, 0] += sideways * p[:, 0]
        return delta

    lower_teeth = np.zeros_like(positions)
    lower_teeth[cage.smooth + 4 + 3, 1] = 0.022  # the origin handle alone: a pure shift, 2.2 mm up

    made = {
        "tongueTipUp": bend(
            0.155 * _ramp(t, 0.55, 0.98) + 0.05 * _ramp(t, 0.25, 0.7) * c, 0.015 * _ramp(t, 0.3, 0.9)
        ),
        "tongueBetweenTeeth": bend(
            0.034 * _ramp(t, 0.5, 1.0) + 0.015 * _ramp(t, 0.2, 0.6), 0.155 * _ramp(t, 0.1, 0.95)
        ),
        "tongueBackUp": bend(0.24 * _bump(t, 0.28, 0.22) * (0.4 + 0.6 * c), -0.06 * _ramp(t, 0.3, 1.0)),
        "tongueFrontUp": bend(0.16 * _bump(t, 0.68, 0.24) * (0.5 + 0.5 * c), 0.03 * _bump(t, 0.7, 0.3)),
        "tongueCurl": bend(
            0.20 * _ramp(t, 0.62, 1.0) + 0.05 * _bump(t, 0.5, 0.25),
            -0.16 * _ramp(t, 0.62, 1.0) - 0.05 * _ramp(t, 0.2, 0.7),
        ),
        "tongueDown": bend(-0.06 * _ramp(t, 0.15, 0.6) * (0.5 + 0.5 * c), -0.05 * _ramp(t, 0.3, 1.0), 0.06),
        "mouthLowerUnderTeeth": _labiodental(shapes),
        "mouthFlare": 0.62 * shapes["mouthFunnel"]
        + 0.30 * both(shapes, "mouthUpperUp")
        + 0.35 * both(shapes, "mouthLowerDown"),
        "mouthRound": 0.75 * shapes["mouthPucker"]
        + 0.38 * shapes["mouthFunnel"]
        - 0.18 * both(shapes, "mouthDimple"),
        "mouthSpread": 0.55 * both(shapes, "mouthStretch")
        + 0.30 * both(shapes, "mouthSmile")
        + 0.25 * both(shapes, "mouthUpperUp")
        + 0.45 * both(shapes, "mouthLowerDown"),
        "teethTogether": lower_teeth,
        "mouthSeal": 0.45 * both(shapes, "mouthPress")
        + 0.22 * (shapes["mouthRollLower"] + shapes["mouthRollUpper"])
        + 0.12 * (shapes["mouthShrugLower"]),
    }
    return made


def _labiodental(shapes: dict[str, np.ndarray]) -> np.ndarray:
    """Lower lip rolled in to the edge of the upper incisors, upper lip lifted off it.

    The roll alone would end above the edge, in front of the teeth: the jaw lowers it.
    """
    return shapes["mouthRollLower"] + 0.13 * shapes["jawOpen"] + 0.28 * both(shapes, "mouthUpperUp")


def tongue_out(cage: Cage, positions: np.ndarray, shapes: dict[str, np.ndarray]) -> np.ndarray:
    """(N, 3) the Face Units' tongueOut remade: theirs goes through the closed lower lip.

    The jaw opens as far as the tongue needs; the tongue flattens and comes out over the lower lip.
    """
    tongue = np.unique(cage.quads[cage.quad_part == 1])
    p = positions[tongue]
    t = (p[:, 2] - p[:, 2].min()) / np.ptp(p[:, 2])
    middle = np.polyval(np.polyfit(t, p[:, 1], 3), t)
    delta = 0.30 * shapes["jawOpen"]
    front = _ramp(t, 0.25, 0.75)
    delta[tongue] = 0.0
    delta[tongue, 1] = -0.035 * front - 0.38 * front * (p[:, 1] - middle)
    delta[tongue, 2] = 0.34 * _ramp(t, 0.0, 0.95)
    return delta
