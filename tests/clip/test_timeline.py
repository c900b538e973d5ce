from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.clip.timeline import even_times, laid_on, lost_ranges, own_rate

NO_CUTS = np.zeros(0)


def test_even_times_are_the_clips_own_rate_and_odd_ones_are_none() -> None:
    assert own_rate(np.arange(50) / 25) == 25.0
    assert own_rate(np.delete(np.arange(300), [7, 100]) / 30) == 30.0
    assert own_rate(np.round(np.arange(300) * 1001 / 30000, 3)) == pytest.approx(30000 / 1001, rel=1e-4)
    rng = np.random.default_rng(0)
    assert own_rate(np.cumsum(rng.uniform(0.01, 0.09, 300))) is None


def test_frames_at_odd_times_land_where_their_times_say() -> None:
    times_s = np.sort(np.random.default_rng(1).uniform(0, 4, 200))
    at_s = even_times(times_s[0], times_s[-1], 25.0)
    made = laid_on(times_s, np.sin(times_s)[:, None], at_s, NO_CUTS)[:, 0]
    assert np.abs(made - np.sin(at_s)).max() < 0.01


def test_a_cut_stays_sharp() -> None:
    times_s = np.arange(50) / 25
    values = (times_s >= 1.0).astype(float)[:, None]
    at_s = even_times(0.0, 1.96, 100.0)
    made = laid_on(times_s, values, at_s, np.array([1.0]))[:, 0]
    assert set(np.unique(made)) == {0.0, 1.0}
    assert at_s[made > 0][0] == pytest.approx(1.0)


def test_a_short_loss_is_bridged_and_a_long_one_held() -> None:
    times_s = np.array([0.0, 0.2, 0.6, 0.8, 2.8, 3.0])
    made = laid_on(times_s, times_s[:, None], np.array([0.4, 1.0, 2.0, 2.5, 2.68, 2.8]), NO_CUTS)[:, 0]
    assert made[0] == pytest.approx(0.4)
    assert made[1:4] == pytest.approx(0.8)
    assert 0.8 < made[4] < 2.8
    assert made[5] == pytest.approx(2.8)


def test_where_nothing_was_seen_is_told() -> None:
    at_s = even_times(0.0, 4.0, 25.0)
    seen = at_s[(at_s < 1.0) | (at_s > 2.5)]
    spans = lost_ranges(seen, at_s, 0.05)
    assert spans.shape == (1, 2)
    assert spans[0] == pytest.approx([1.04, 2.44], abs=0.041)
