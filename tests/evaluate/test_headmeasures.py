"""Head measures for the bootstrap agree with the plain ones, and seeds and distances with known answers."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from sadtalker3d.evaluate.bootstrap import value_of
from sadtalker3d.evaluate.head import HeadTake, border_jump, distances, head_numbers, seed_spread
from sadtalker3d.evaluate.headmeasures import AXES, HeadClip, distance_measures, head_measures


def take(seed: int, frames: int = 900) -> HeadTake:
    rng = np.random.default_rng(seed)
    rotation = gaussian_filter1d(rng.standard_normal((frames, 3)), 6, axis=0) * 0.2
    return HeadTake(rotation, gaussian_filter1d(rng.standard_normal(frames), 4))


TAKES = [take(0), take(1, 500), take(2, 1300)]


def test_the_same_numbers_as_without_the_bootstrap() -> None:
    measures = head_measures([HeadClip(t) for t in TAKES])
    values = {name: value_of(measure, len(TAKES)) for name, measure in measures.items()}
    for name, plain in asdict(head_numbers(TAKES)).items():
        if name == "spectrum":
            found: object = [v for key, v in values.items() if key.startswith("spectrum")]
        elif isinstance(plain, tuple):
            found = [values[f"{name}_{axis}"] for axis in AXES]
        else:
            found = values[name]
        assert found == pytest.approx(plain, rel=1e-6), name
    assert values["border_jump"] == pytest.approx(border_jump(TAKES))


def test_distances_are_those_without_the_bootstrap() -> None:
    real = [take(7), take(8)]
    measures = distance_measures(TAKES, real)
    for name, plain in distances(TAKES, real).items():
        found = [value_of(measures[f"distance_{name}_{axis}"], len(TAKES)) for axis in AXES]
        assert found == pytest.approx(plain)


def test_diversity_over_seeds() -> None:
    same = [HeadClip(t, [t.rotation, t.rotation]) for t in TAKES]
    other = [HeadClip(t, [take(9 + i, len(t.rotation)).rotation]) for i, t in enumerate(TAKES)]
    assert value_of(head_measures(same)["seed_spread"], 3) == pytest.approx(0, abs=1e-6)
    assert value_of(head_measures(other)["seed_spread"], 3) == pytest.approx(1, abs=0.15)
    (alone,) = (c for c in other[:1])
    assert value_of(head_measures([alone])["seed_spread"], 1) == pytest.approx(
        seed_spread([alone.take, HeadTake(alone.other_seeds[0])])
    )
    assert "seed_spread" not in head_measures([HeadClip(t) for t in TAKES])


def test_two_seeds_two_degrees_apart() -> None:
    time = np.arange(500) / 25
    swing = np.radians(np.sin(2 * np.pi * time))[:, None] * [1.0, 1, 1]
    clip = HeadClip(HeadTake(swing), [-swing])  # differ by 2 sin: rms 2 / sqrt 2
    assert value_of(head_measures([clip])["seed_deg"], 1) == pytest.approx(np.sqrt(2), rel=1e-3)
