"""PC2 (3ds Max's Point Cache 2, read by Blender, Maya and Houdini): a point cache with one sample a frame.

Little-endian: "POINTCACHE2" and a zero, int32 version 1, int32 points, float32 first frame 0, float32 frames between
samples 1, int32 samples, then float32 x y z of each point, sample by sample. It knows no seconds: set the reading scene
to the track's frames per second. See `point_cache` for the mesh beside it and the axes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.export.point_cache import beside, write_cache

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel
    from sadtalker3d.track import Track

__all__ = ["beside", "write"]


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write the points of every frame. Raises UserError as `write_cache` does."""

    def header(points: int) -> bytes:
        return struct.pack("<12siiffi", b"POINTCACHE2", 1, points, 0.0, 1.0, len(track))

    return write_cache(track, Path(path), face, identity, header, "<f4")
