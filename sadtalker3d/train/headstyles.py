"""The 46 head styles: what PoseVAE learns under each number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.motion.posevae import STYLES
from sadtalker3d.train.headmotion import HeadClip

CALMEST_DEG_S, LIVELIEST_DEG_S = 6.0, 36.0  # mean angular speed of style 1 and of style 45
GAIN_RANGE = (0.6, 1.6)  # beyond this a scaled movement no longer looks like anybody's
LIKENESS = 0.35  # how far apart in log speed two clips may be and still lend each other movements


@dataclass(frozen=True)
class HeadStyle:
    """One style: how fast it moves on average and whose habits it has.

    Style 0 has no anchor: it is everybody who was recorded speaking, as they are.
    """

    number: int
    speed_deg_s: float
    anchor: int | None = None  # index of a clip
    mirrored: bool = False


def head_styles(clips: list[HeadClip], least_frames: int = 75) -> list[HeadStyle]:
    """Style 0, the average speaker, then 45 from calm to lively, each anchored in a clip or its mirror image.

    Speeds rise geometrically; every style takes the unused anchor nearest in speed.
    """
    spoken = [c for c in clips if c.speaks]
    pooled = float(np.average([c.liveliness for c in spoken], weights=[len(c.pose) for c in spoken]))
    styles = [HeadStyle(0, pooled)]
    unused = {(k, flip) for k, c in enumerate(clips) if len(c.pose) >= least_frames for flip in (False, True)}
    for number, speed in enumerate(np.geomspace(CALMEST_DEG_S, LIVELIEST_DEG_S, STYLES - 1), start=1):
        if not unused:
            unused = {(k, flip) for k in range(len(clips)) for flip in (False, True)}
        nearest = min(unused, key=lambda one: (abs(np.log(clips[one[0]].liveliness / speed)), one))
        unused.remove(nearest)
        styles.append(HeadStyle(number, float(speed), *nearest))
    return styles


@dataclass(frozen=True)
class Draw:
    """One training window: which clip, from which frame on, how changed, under which style."""

    clip: int
    start: int
    gain: float
    mirrored: bool
    style: int


def draw_windows(
    clips: list[HeadClip], styles: list[HeadStyle], count: int, rng: np.random.Generator
) -> list[Draw]:
    """`count` windows of 32 frames and the reference frame before; a good quarter under style 0."""
    starts = np.array([len(c.pose) - 32 for c in clips], np.float64)
    spoken = starts * [c.speaks for c in clips]
    log_speed = np.log([c.liveliness for c in clips])
    draws = []
    for _ in range(count):
        style = styles[0 if rng.random() < 0.25 else rng.integers(len(styles))]
        if style.anchor is None:
            clip = int(rng.choice(len(clips), p=spoken / spoken.sum()))
            gain, flip = rng.uniform(0.9, 1.1), bool(rng.integers(2))
        else:
            if rng.random() < 0.5:
                clip, flip = style.anchor, style.mirrored
            else:
                alike = starts * np.exp(-0.5 * ((log_speed - np.log(style.speed_deg_s)) / LIKENESS) ** 2)
                clip, flip = int(rng.choice(len(clips), p=alike / alike.sum())), bool(rng.integers(2))
            gain = np.clip(style.speed_deg_s / clips[clip].liveliness, *GAIN_RANGE) * rng.uniform(0.9, 1.1)
        draws.append(
            Draw(clip, int(rng.integers(len(clips[clip].pose) - 32)), float(gain), flip, style.number)
        )
    return draws
