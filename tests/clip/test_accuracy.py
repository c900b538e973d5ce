"""A film drawn of a known track, fitted: slow, because every picture is drawn by the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.clip import fit_clip
from tests.benchmarks.bench_clip import errors
from tests.benchmarks.filmed_head import film, speaking
from tests.benchmarks.rendered_clip import LOOKS
from tests.render.conftest import opengl

__all__ = ["opengl"]


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_a_rendered_performance_comes_back(tmp_path: Path) -> None:
    truth = speaking(LOOKS[2], 50)
    found, _ = fit_clip(film(tmp_path / "film.mp4", LOOKS[2], truth, 240))
    assert len(found) == len(truth)
    off = errors(found, truth)
    assert max(off["rotation_apart_from_tilt_deg"]) < 1.5  # type: ignore[call-overload]
    assert off["jaw_open"] < 0.10  # type: ignore[operator]
    real, seen = off["blinks_at"]  # type: ignore[misc]
    assert len(real) == len(seen) >= 1
    assert np.abs(np.subtract(real, seen)).max() <= 1
