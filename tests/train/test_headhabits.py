"""Habits: heads made up to nod, turn, dart, sway and bob are told apart and named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from sadtalker3d.motion.styles import HABITS
from sadtalker3d.train.headhabits import find_habits, manner, pace, spread_of, tempo_of
from sadtalker3d.train.headmotion import FPS, HeadClip

# pitch, yaw, roll; frames of smoothing; whether in bursts
MADE_UP = {
    "nodder": ((0.05, 0.02, 0.01), 3, True),
    "bobber": ((0.04, 0.03, 0.01), 3, False),
    "turner": ((0.02, 0.05, 0.01), 6, False),
    "darter": ((0.02, 0.04, 0.02), 3, True),
    "swayer": ((0.02, 0.03, 0.05), 6, False),
}


def clip(habit: str, seed: int) -> HeadClip:
    sizes, sigma, bursts = MADE_UP[habit]
    curves = gaussian_filter1d(np.random.default_rng(seed).standard_normal((400, 6)), sigma, axis=0)
    pose = sigma**0.5 * curves * [*sizes, 0.002, 0.002, 0.002]
    if bursts:
        pose = pose * (0.3 + 2 * (np.sin(np.arange(400) / 16) > 0.3))[:, None]
    return HeadClip(f"{habit}{seed}", f"p{seed}", pose.astype(np.float32), speaks=True)


@pytest.fixture(scope="module")
def clips() -> list[HeadClip]:
    return [clip(habit, seed) for seed in range(4) for habit in MADE_UP]


def test_made_up_habits_are_found(clips: list[HeadClip]) -> None:
    habits = find_habits(clips)
    assert [habit.name for habit in habits] == list(HABITS)
    for habit in habits:
        assert {clips[k].name.rstrip("0123") for k in habit.clips} == {habit.name}
        assert abs(sum(habit.shares) - 1) < 1e-6


def test_a_few_clips_stand_for_every_habit(clips: list[HeadClip]) -> None:
    habits = find_habits(clips[:3])
    assert [habit.clips for habit in habits] == [(0, 1, 2)] * len(HABITS)


def test_a_swing_has_its_own_tempo_and_pace() -> None:
    swing = np.zeros((3000, 6))
    swing[:, 1] = 0.1 * np.sin(2 * np.pi * 0.8 * np.arange(3000) / FPS)
    assert abs(tempo_of([swing]) - 0.8) < 0.02
    np.testing.assert_allclose(pace(swing).mean(), 4 * 0.1 * 0.8, rtol=0.02)  # four amplitudes a swing
    np.testing.assert_allclose(spread_of([swing])[1], 0.1 / np.sqrt(2), rtol=0.02)
    assert manner(swing)[1] > 0.999
