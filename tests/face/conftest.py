"""The networks that find faces, loaded once, and a photograph whose face is 107 pixels tall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.face.landmarks import Landmarks
from sadtalker3d.face.picture import read_picture
from tests.render.conftest import opengl

__all__ = ["opengl"]

PORTRAIT = Path(__file__).parents[2] / "samples" / "portrait.jpg"


@pytest.fixture(scope="session")
def landmarks() -> Landmarks:
    return Landmarks()


@pytest.fixture
def photo() -> np.ndarray:
    """(512, 512, 3) uint8."""
    return read_picture(PORTRAIT)
