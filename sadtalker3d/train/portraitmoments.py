"""What people do while the refinement learns from them: mouths in speech, blinks, brows, turns of the head."""

from __future__ import annotations

from functools import cache

import numpy as np

import bfm
from sadtalker3d.mouth import Mouth
from sadtalker3d.track import Track
from sadtalker3d.train.phones import BILABIAL, SHAPES, VOWELS, Phone
from sadtalker3d.train.portraitpeople import DEGREE, by_name
from sadtalker3d.train.teacher import FPS, open_targets

MOMENT_DRAWS = 32
TURNS_RAD = np.array([4.5, 8.0, 6.0]) * DEGREE  # within what `render/warp/limits.py` leaves as it is
SHIFT_M = 0.008
APART = 12  # frames of speech from one moment to the next, about the length of a syllable and a half


def moments(seed: int, count: int) -> Track:
    """`count` unrelated frames; frame 0 is the portrait: nothing moves in it.

    Raises ValueError for fewer than 2.
    """
    if count < 2:
        raise ValueError(f"a person needs the portrait and at least one moment, not {count} frames")
    rng = np.random.default_rng((seed, MOMENT_DRAWS))
    expression = _speech(rng, count) * rng.uniform(0.8, 1.25)
    if rng.random() < 0.12:  # a listener
        expression *= 0
    for t in range(count):
        expression[t] = np.clip(expression[t] + _face(rng), 0, 1)
    rotation = rng.uniform(-1, 1, (count, 3)) * TURNS_RAD * (rng.random((count, 1)) < 0.75)
    translation = rng.uniform(-1, 1, (count, 3)) * SHIFT_M * (rng.random((count, 1)) < 0.5)
    for rows in (expression, rotation, translation):
        rows[0] = 0
    return Track(expression.astype(np.float32), rotation, translation, names=tuple(_names()))


def _speech(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 64) mouths from syllables that no language has, a closure of the lips in every third."""
    names = sorted(SHAPES)
    vowels, lips = sorted(VOWELS), sorted(BILABIAL)
    phones, at = [], 0.0
    while at < (count * APART + 10) / FPS:
        consonant = lips if rng.random() < 0.3 else names
        for kind in (consonant, vowels):
            length = rng.uniform(0.07, 0.16)
            stress = 2 if rng.random() < 0.3 else 0
            phones.append(Phone(str(rng.choice(kind)), at, at + length, stress))
            at += length
    spoken = open_targets(phones, count * APART, _mouth())
    return spoken[np.arange(count) * APART + rng.integers(0, APART, count)]


def _face(rng: np.random.Generator) -> np.ndarray:
    """(64,) of what goes along with speech."""
    row = np.zeros(len(_names()))
    if rng.random() < 0.6:
        lid = rng.beta(0.8, 0.6)
        row += by_name({"eyeBlink": lid, "eyeSquint": 0.3 * lid * rng.random()})
    for name, share, most in (
        ("browInnerUp", 0.3, 0.5), ("browDown", 0.15, 0.5), ("cheekSquint", 0.15, 0.5), ("eyeWide", 0.1, 0.5),
        ("mouthSmile", 0.25, 0.5), ("jawOpen", 0.1, 0.3), ("mouthPucker", 0.05, 0.6), ("mouthUpperUp", 0.1, 0.4),
        ("mouthFrown", 0.05, 0.5),
    ):  # fmt: skip
        if rng.random() < share:
            row += by_name({name: most * rng.random()})
    if rng.random() < 0.4:  # both eyes look the same way
        side, height = rng.uniform(-0.5, 0.5), rng.uniform(-0.4, 0.4)
        left, right = ("Out", "In") if side > 0 else ("In", "Out")
        way = "Up" if height > 0 else "Down"
        row += by_name({
            f"eyeLook{left}Left": abs(side), f"eyeLook{right}Right": abs(side), f"eyeLook{way}": abs(height),
        })  # fmt: skip
    return row


@cache
def _mouth() -> Mouth:
    return Mouth.of(bfm.load("open"))


def _names() -> tuple[str, ...]:
    return bfm.load("open").expression_names
