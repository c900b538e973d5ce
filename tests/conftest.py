"""Small sounds and tracks that many tests need."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported: each worker has a core of its own
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sadtalker3d.track import Track

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def speech() -> Path:
    """A real recording, 6.05 s."""
    return SAMPLES / "speech.wav"


@pytest.fixture
def portrait() -> Path:
    return SAMPLES / "portrait.jpg"


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound file: `write_sound(name, samples, rate, subtype)`."""

    def write(name: str, samples: np.ndarray, rate: int = 16000, subtype: str = "PCM_16") -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate, subtype=subtype)
        return path

    return write


@pytest.fixture
def take() -> Track:
    """Half a second of seeded coefficients."""
    rng = np.random.default_rng(5)
    return Track(
        rng.random((12, 64), dtype=np.float32),
        rng.normal(0, 0.1, (12, 3)),
        rng.normal(0, 0.01, (12, 3)),
        meta={"seed": 5},
    )
