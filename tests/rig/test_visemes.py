"""Visemes alone: what they can say is found exactly, the rest as near as they get, and the loss is told."""

from __future__ import annotations

import numpy as np

import bfm
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig import OPEN_64
from sadtalker3d.rig.dialects import Looks, dialects
from sadtalker3d.rig.visemes import solve_visemes
from sadtalker3d.track import Track

OCULUS = {
    name: entry
    for d in dialects() if d.name == "oculus"
    for name, entry in d.targets.items() if isinstance(entry, Looks)
}  # fmt: skip


def track(*frames: dict[str, float]) -> Track:
    expression = np.zeros((len(frames), 64), np.float32)
    for row, columns in zip(expression, frames, strict=True):
        for name, value in columns.items():
            row[OPEN_64.index(name)] = value
    return Track(expression, np.zeros((len(frames), 3)), np.zeros((len(frames), 3)))


def shown(weights: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 64) columns that the weighted visemes amount to."""
    total = np.zeros((len(next(iter(weights.values()))), 64))
    for name, values in weights.items():
        for column, share in OCULUS[name].shares.items():
            total[:, OPEN_64.index(column)] += share * values
    return total


def test_a_mouth_that_is_a_viseme_gets_that_viseme():
    names = ("viseme_aa", "viseme_U", "viseme_FF", "viseme_TH", "viseme_CH")
    weights, loss = solve_visemes(track(*(dict(OCULUS[n].shares) for n in names)), OCULUS, set())
    for frame, name in enumerate(names):
        assert weights[name][frame] > 0.8, name
        assert max(weights, key=lambda other: weights[other][frame]) == name
    assert loss.lips_mm < 0.25 and loss.gap_mm < 0.25 < loss.lips_moved_mm


def test_rest_and_lips_shut_keep_every_open_viseme_away():
    weights, _ = solve_visemes(
        track({}, {"mouthSeal": 0.8}, {"jawOpen": 0.3, "mouthClose": 0.3}), OCULUS, set()
    )
    gap = Mouth.of(bfm.load("open")).measure(shown(weights)).gap_mm
    assert max(values[0] for values in weights.values()) == 0
    assert (gap < 0.6).all(), gap
    assert weights["viseme_PP"][1] > 0.8


def test_lips_follow_a_take_and_the_loss_is_of_the_same_size():
    rng = np.random.default_rng(4)
    names = list(OCULUS)
    mixed = [
        {c: s * w for n in rng.choice(names, 1) for c, s in OCULUS[n].shares.items()} for w in rng.uniform(0.2, 1, 40)
    ]  # fmt: skip
    take = track(*mixed)
    noisy = take.replace(
        expression=np.clip(take.expression + rng.uniform(0, 0.05, take.expression.shape), 0, 1)
    )
    weights, loss = solve_visemes(noisy, OCULUS, set())
    mouth = Mouth.of(bfm.load("open"))
    wanted, got = (mouth.measure(e).gap_mm for e in (noisy.expression, shown(weights)))
    assert np.corrcoef(wanted, got)[0, 1] > 0.97
    assert 0.05 < loss.lips_mm < 0.35 * loss.lips_moved_mm
    assert all((w >= 0).all() and (w <= 1).all() for w in weights.values())
    assert not weights["viseme_sil"].any()


def test_columns_that_shapes_follow_are_left_to_them():
    weights, _ = solve_visemes(
        track({"mouthSmileLeft": 1, "mouthSmileRight": 1}), OCULUS, {"mouthSmileLeft", "mouthSmileRight"}
    )
    assert max(values[0] for values in weights.values()) < 1e-6
