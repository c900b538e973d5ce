"""What MDD and PC2 share: a mesh at rest beside a file that holds where its points are in every frame.

The points have the order and the axes of the mesh beside them, take_rest.obj, as it stands: y up, the face looks
along +z, metres. In Blender: import the OBJ, give it the Mesh Cache modifier as it is, and name the cache in it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.export import obj
from sadtalker3d.export.head_mesh import head_mesh
from sadtalker3d.files import check_room, replacing

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track


def beside(path: Path) -> list[Path]:
    """The mesh at rest, its materials and its texture."""
    return [path.with_name(path.stem + ending) for ending in ("_rest.obj", "_rest.mtl", "_texture.png")]


def write_cache(
    track: Track,
    path: Path,
    face: FaceModel | None,
    identity: np.ndarray | None,
    header: Callable[[int], bytes],
    dtype: str,
) -> Path:
    """Write the points of every frame after a header, and the mesh at rest.

    header : of a number of points
    dtype : of the coordinates, "<f4" or ">f4"

    Raises
    ------
    UserError : a track that does not fit the face, or a disk without room
    """
    mesh, track = head_mesh(track, face, identity)
    start = header(len(mesh.rest))
    check_room(path, len(start) + len(track) * mesh.rest.size * 4)
    rest, materials, texture = beside(path)
    with ExitStack() as files:
        partial = {file: files.enter_context(replacing(file)) for file in (path, *beside(path))}
        with partial[rest].open("w", encoding="utf-8", newline="\n") as file:
            obj.write_rest(mesh, file, materials.name)
        obj.write_materials(mesh, partial[materials], partial[texture], texture)
        with partial[path].open("wb") as cache:
            cache.write(start)
            for points in mesh.posed(track):
                cache.write(points.astype(dtype).tobytes())
    return path
