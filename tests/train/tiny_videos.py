"""A folder with a small video, its frames' coefficients, and networks that are quick to train."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadtalker3d.render.video import write_video
from sadtalker3d.track import Track
from sadtalker3d.train.renderertraining import TrainConfig

FRAMES, SIZE_PX = 24, 64
CONFIG = TrainConfig(size_px=SIZE_PX, width=0.02, batch=2, learning_rate=2e-3)


def frames(count: int = FRAMES) -> list[np.ndarray]:
    """A light disc that swings from side to side before a shaded ground."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] / SIZE_PX
    made = []
    for swing in swings(count):
        disc = 1 / (1 + np.exp((np.hypot(x - 0.5 - swing, y - 0.5) - 0.25) / 0.02))
        picture = 0.2 + 0.2 * y + 0.6 * disc
        made.append((255 * picture[..., None] * [1, 0.8, 0.6]).astype(np.uint8))
    return made


def swings(count: int = FRAMES) -> np.ndarray:
    return 0.15 * np.sin(np.arange(count) / 3)


def write(folder: Path, name: str = "swing") -> Path:
    """Write the video and a track of its name; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / f"{name}.mp4", frames(), 25)
    rotation = np.zeros((FRAMES, 3), np.float32)
    rotation[:, 1] = swings()
    Track(np.zeros((FRAMES, 64)), rotation, np.zeros((FRAMES, 3))).save(folder / f"{name}.npz")
    return folder
