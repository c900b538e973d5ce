"""What generation makes of the sample sentence, kept so that no network has to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sadtalker3d.track import Track, load

TAKE = Path(__file__).parents[1] / "data" / "speech_take.npz"


@pytest.fixture(scope="session")
def spoken() -> Track:
    """`animate samples/speech.wav --seed 7`, 151 frames."""
    return load(TAKE)
