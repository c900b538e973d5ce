"""A film of the embedded head whose truth is known, looked at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.clip.film import Film
from sadtalker3d.clip.fit_clip import film_of
from sadtalker3d.render.newmouth.performer import Performer
from sadtalker3d.render.video import write_video
from tests.benchmarks.rendered_clip import LOOKS, clip, head, weights

FRAMES = 10


@dataclass(frozen=True)
class Filmed:
    """path, its pictures as drawn, what was seen; and the same head with its mouth open in all frames."""

    path: Path
    pictures: np.ndarray
    film: Film
    performer: Performer
    opened: np.ndarray
    change: np.ndarray  # (64,) from the one to the other


@pytest.fixture(scope="session")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filmed]:
    """Ten frames of a head that turns a little with its mouth closed; nothing is seen in frame 7."""
    turn = np.zeros((FRAMES, 3))
    turn[:, 1] = np.linspace(0, 0.12, FRAMES)
    change = weights(("jawOpen", 0.3), ("mouthLowerDown", 0.2))
    rest, still = np.zeros((FRAMES, 64), np.float32), np.zeros((FRAMES, 3))
    closed, opened = (clip(LOOKS[0], rest + row, turn, still, 320) for row in (0 * change, change))
    path = tmp_path_factory.mktemp("film") / "closed.mp4"
    shown = closed.frames.copy()
    shown[7] = 0
    write_video(path, iter(shown), 25.0)
    with film_of(path, head()) as film:
        yield Filmed(path, shown, film, Performer.of(film, head()), opened.frames, change)
