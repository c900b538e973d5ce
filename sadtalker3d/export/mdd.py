"""MDD (LightWave's motion designer, read by Maya, Houdini, Cinema 4D, Modo and Blender): a point cache with times.

Big-endian: int32 frames, int32 points, float32 seconds of each frame, then float32 x y z of each point, frame by frame.
See `point_cache` for the mesh beside it and the axes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.export.point_cache import beside, write_cache

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

__all__ = ["beside", "write"]


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write the points of every frame. Raises UserError as `write_cache` does."""
    seconds = (np.arange(len(track)) / track.fps).astype(">f4").tobytes()
    return write_cache(
        track,
        Path(path),
        face,
        identity,
        lambda points: struct.pack(">ii", len(track), points) + seconds,
        ">f4",
    )
