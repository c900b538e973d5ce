"""PLY: the head's mesh frame by frame, binary, with normals and the texture's colours in its points.

A name with a number's place, take_%05d.ply, or a folder gets a file a frame, numbered from 0; a plain name holds a take
of one frame. Metres, y up, the face looks along +z.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.export import obj
from sadtalker3d.export.head_mesh import head_mesh
from sadtalker3d.files import check_room, replacing
from sadtalker3d.numbered import Pattern, writing_numbered

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

VERTEX = np.dtype([("place", "<f4", 3), ("normal", "<f4", 3), ("colour", "u1", 3)])
FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
HEADER = """ply
format binary_little_endian 1.0
comment sadtalker3d
element vertex {vertices}
property float x
property float y
property float z
property float nx
property float ny
property float nz
property uchar red
property uchar green
property uchar blue
element face {faces}
property list uchar int vertex_indices
end_header
"""


def pattern(path: Path) -> Pattern | None:
    """Of the numbered files that a name stands for; None for a single file."""
    return obj.pattern(path, ".ply")


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write the mesh of every frame. Raises UserError as `obj.write` does."""
    path = Path(path)
    numbered = pattern(path)
    obj.check_frames(track, path, numbered)
    mesh, track = head_mesh(track, face, identity)
    vertices = np.empty(len(mesh.rest), VERTEX)
    vertices["colour"] = mesh.colours
    faces = np.empty(len(mesh.triangles), FACE)
    faces["count"], faces["corners"] = 3, mesh.triangles
    header = HEADER.format(vertices=len(vertices), faces=len(faces)).encode()
    check_room(path, len(track) * (len(header) + vertices.nbytes + faces.nbytes))

    def write_frame(file: Path, points: np.ndarray) -> None:
        vertices["place"], vertices["normal"] = points, mesh.normals(points)
        file.write_bytes(header + vertices.tobytes() + faces.tobytes())

    if numbered is None:
        with replacing(path) as partial:
            write_frame(partial, next(mesh.posed(track)))
    else:
        with writing_numbered(numbered) as next_file:
            for points in mesh.posed(track):
                write_frame(next_file(), points)
    return path
