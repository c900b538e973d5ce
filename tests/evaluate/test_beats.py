"""Beat alignment on beats whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.evaluate.beats import alignment, alignment_by_chance, head_beats, onset_frames


def test_the_formula() -> None:
    onsets = np.array([0.0, 10, 50])
    assert alignment(np.array([10.0, 13, 44]), onsets) == pytest.approx([1, np.exp(-0.5), np.exp(-2)])
    assert len(alignment(np.array([60.0]), onsets)) == 0  # after the speech


def test_chance_is_what_unrelated_beats_get() -> None:
    rng = np.random.default_rng(0)
    onsets, beats = (np.sort(rng.uniform(0, 20000, 1600)) for _ in range(2))
    chance = alignment_by_chance(beats, onsets).mean()
    assert alignment(beats, onsets).mean() == pytest.approx(chance, abs=0.03)
    assert alignment(onsets, onsets).mean() == 1.0 > chance + 0.2


def test_head_beats_are_where_it_turns_round() -> None:
    time = np.arange(250) / 25
    rotation = np.sin(2 * np.pi * 0.5 * time)[:, None] * [0.1, 0, 0]  # turns at 0.5, 1.5, 2.5 s ...
    assert head_beats(rotation) / 25 == pytest.approx(np.arange(0.5, 10), abs=0.041)


def test_onsets_of_clicks() -> None:
    wave = np.zeros(32000, np.float32)
    for second in (0.5, 1.0, 1.5):
        wave[int(second * 16000) :][:400] = np.random.default_rng(0).normal(0, 0.3, 400)
    assert onset_frames(wave) / 25 == pytest.approx([0.5, 1.0, 1.5], abs=0.03)
