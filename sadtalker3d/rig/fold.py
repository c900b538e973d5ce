"""The 12 speech columns as ARKit shapes, for programs and characters that have only the 52."""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.track import Track


def _both_sides(shapes: dict[str, float]) -> dict[str, float]:
    """`mouthSmile*` stands for mouthSmileLeft and mouthSmileRight."""
    return {
        name: weight
        for key, weight in shapes.items()
        for name in ([key[:-1] + side for side in ("Left", "Right")] if key.endswith("*") else [key])
    }


SPEECH_IN_ARKIT: dict[str, dict[str, float]] = {
    name: _both_sides(shapes)
    for name, shapes in {
        "mouthLowerUnderTeeth": {
            "mouthRollLower": 1.00, "mouthUpperUp*": 0.21, "jawOpen": 0.13, "mouthDimple*": 0.06,
            "mouthPucker": 0.04, "mouthShrugUpper": 0.03,
        },
        "mouthFlare": {"mouthFunnel": 0.62, "mouthLowerDown*": 0.35, "mouthUpperUp*": 0.30},
        "mouthRound": {
            "mouthPucker": 0.87, "mouthFunnel": 0.33, "mouthFrown*": 0.11, "mouthRollUpper": 0.06,
            "mouthShrugUpper": 0.06,
        },
        "mouthSpread": {
            "mouthStretch*": 0.54, "mouthLowerDown*": 0.42, "mouthSmile*": 0.29, "mouthUpperUp*": 0.23,
        },
        "mouthSeal": {
            "mouthPress*": 0.45, "mouthRollUpper": 0.22, "mouthRollLower": 0.22, "mouthShrugLower": 0.12,
        },
        "tongueBetweenTeeth": {"tongueOut": 0.42},
    }.items()
}  # fmt: skip
"""Speech column -> ARKit shapes that come nearest to it.

Non-negative least squares over the skin of the embedded head (for tongueBetweenTeeth, the tongue).
The other tongue shapes and teethTogether have no likeness among the 52 and are left out.
"""


def to_arkit(track: Track, *, fold_speech: bool = True) -> np.ndarray:
    """The ARKit weights of an `open` track.

    Parameters
    ----------
    track : an `open` track
    fold_speech : add the speech columns' likeness; else they are left out

    Returns
    -------
    (T, 52) float32 in the order of `ARKIT_52`. Folding lifts no weight above 1.

    Raises
    ------
    UserError : a track of another space
    """
    track.require_space("open", "an ARKit face")
    column = {name: i for i, name in enumerate(ARKIT_52)}
    weights = np.stack([track.column(name) for name in ARKIT_52], axis=1)
    if not fold_speech:
        return weights
    folded = weights.copy()
    for name, shapes in SPEECH_IN_ARKIT.items():
        for shape, share in shapes.items():
            folded[:, column[shape]] += np.float32(share) * track.column(name)
    return np.minimum(folded, np.maximum(weights, 1))
