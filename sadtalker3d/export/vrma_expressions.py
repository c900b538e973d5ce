"""A track as the expressions and the gaze that every VRM avatar has, and back as far as they go."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bfm.visemes import VISEMES
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track

VOWELS = {"aa": "aa", "ih": "ih", "ou": "ou", "ee": "E", "oh": "oh"}
"""VRM's five mouths, a i u e o of Japanese -> those of the embedded head that show the same vowels."""
BLINKS = ("blink", "blinkLeft", "blinkRight")
MOUTH = ("jaw", "mouth", "teeth")  # columns that the vowels stand for; cheeks and tongue are not among them
MOUTH_MOVES_M = 1e-3  # points that the mouth's columns move less are no part of it
EVERY = 3  # of these points the solver looks at one in so many
GAP_WEIGHS = 2.0  # against all points together: lips that meet are seen first, and no vowel has them
RIDGE = 1e-7  # of the vowels' energy, nearly all of it in the gap
LOOK_RAD = {  # how far the embedded head's eyes turn at weight 1, measured on its eyeballs
    "Out": np.radians(14.2), "In": np.radians(14.7), "Up": np.radians(9.6), "Down": np.radians(10.9),
}  # fmt: skip


def presets_of(track: Track) -> tuple[dict[str, np.ndarray], str]:
    """The (T,) weights of each preset expression of an `open` track, and what they lose, in words."""
    left, right = track.column("eyeBlinkLeft"), track.column("eyeBlinkRight")
    both = np.minimum(left, right)
    blinks = dict(zip(BLINKS, (both, left - both, right - both), strict=True))
    vowels, loss = _vowels(track)
    return {**dict(zip(VOWELS, vowels.T, strict=True)), **blinks}, loss


def _vowels(track: Track) -> tuple[np.ndarray, str]:
    """(T, 5) weights of the vowels that bring the embedded head's mouth nearest to the track's, and the loss."""
    import bfm
    from sadtalker3d.rig.solve import SolveConfig, solve

    head = bfm.load("open")
    skin = np.unique(head.faces[head.parts["skin"]])
    mouth = [i for i, name in enumerate(OPEN_64) if name.startswith(MOUTH)]
    basis = head.expression_basis[:, skin]
    moved = (np.linalg.norm(basis[mouth], axis=2) > MOUTH_MOVES_M).any(axis=0)
    basis = basis[:, np.flatnonzero(moved)[::EVERY]]
    upper, lower = (
        head.expression_basis[:, head.points[f"inner_lip_{lip}"]].mean(axis=1) for lip in ("upper", "lower")
    )
    importance = np.append(np.ones(basis.shape[1]), GAP_WEIGHS * basis.shape[1])
    basis = np.concatenate([basis, (upper - lower)[:, None]], axis=1)
    target = np.tensordot(np.stack([vowel_weights(name) for name in VOWELS.values()]), basis, 1)
    columns = np.stack([track.column(OPEN_64[i]) for i in mouth], axis=1)
    gap = np.arange(len(importance)) == len(importance) - 1
    weights, residual = solve(
        target, basis[mouth], columns, weights=importance, lips=gap, config=SolveConfig(ridge=RIDGE)
    )
    loss = (
        f"five vowels stand for the mouth: they leave {residual.all_mm:.1f} mm of the {residual.moved_mm:.1f} mm that "
        f"it moves, and {residual.lips_mm:.1f} mm of the {residual.lips_moved_mm:.1f} mm between the lips (rms)"
    )
    return weights, loss


def vowel_weights(name: str) -> np.ndarray:
    """(64,) expression of one viseme of the embedded head; a name without a side stands for both."""
    weights = np.zeros(len(OPEN_64), np.float32)
    for key, weight in VISEMES[name].items():
        for column in [key] if key in OPEN_64 else [key + "Left", key + "Right"]:
            weights[OPEN_64.index(column)] = weight
    return weights


def gaze_of(track: Track) -> np.ndarray:
    """(T, 3) angles of the gaze in radians, pitch + down, yaw + to the subject's left, no roll: both eyes' mean."""

    def angle(direction: str, side: str) -> np.ndarray:
        return track.column(f"eyeLook{direction}{side}") * LOOK_RAD[direction]

    yaw = angle("Out", "Left") - angle("In", "Left") + angle("In", "Right") - angle("Out", "Right")
    pitch = sum(angle("Down", side) - angle("Up", side) for side in ("Left", "Right"))
    return np.stack([pitch / 2, yaw / 2, np.zeros(len(track))], axis=1)


def expression_of(weights: Mapping[str, np.ndarray], gaze_rad: np.ndarray | None, frames: int) -> np.ndarray:
    """(T, 64) expression of presets and custom expressions of ARKit's names, and a gaze (T, 2) pitch and yaw.

    Where ARKit's names are there, the presets add nothing: they stand for the same face.
    """
    column = {name.casefold(): i for i, name in enumerate(OPEN_64)}
    expression = np.zeros((frames, len(OPEN_64)))
    named = {name: weight for name, weight in weights.items() if name.casefold() in column}
    for name, weight in named.items():
        expression[:, column[name.casefold()]] = weight
    if not named:
        for vowel, viseme in VOWELS.items():
            if vowel in weights:
                expression += np.outer(weights[vowel], vowel_weights(viseme))
        for side in ("Left", "Right"):
            parts = [weights[name] for name in ("blink", f"blink{side}") if name in weights]
            expression[:, OPEN_64.index(f"eyeBlink{side}")] = np.minimum(sum(parts), 1) if parts else 0
    if gaze_rad is not None and not any(name.casefold().startswith("eyelook") for name in named):
        pitch, yaw = gaze_rad.T
        for side, left_is in (("Left", "Out"), ("Right", "In")):
            right_is = "In" if left_is == "Out" else "Out"
            turns = {left_is: yaw, right_is: -yaw, "Down": pitch, "Up": -pitch}
            for direction, turn in turns.items():
                expression[:, OPEN_64.index(f"eyeLook{direction}{side}")] = (
                    np.maximum(turn, 0) / LOOK_RAD[direction]
                )
    return expression
