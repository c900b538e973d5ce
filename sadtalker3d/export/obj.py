"""OBJ: the head's mesh frame by frame, for programs without blend shapes, with its materials and texture beside it.

A name with a number's place, take_%05d.obj, or a folder gets a file a frame, numbered from 0; every file has the same
vertices in the same order. A plain name holds a take of one frame. Metres, y up, the face looks along +z. OBJ has no
time: the frame rate is the reader's to set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import TrackError
from sadtalker3d.export.head_mesh import HeadMesh, head_mesh, write_texture
from sadtalker3d.files import check_room, replacing
from sadtalker3d.numbered import NUMBER, Pattern, numbered_in, numbered_name, writing_numbered

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.track import Track

NAME_IN_A_FOLDER = "head_%05d{}"
POINT = "v %.6f %.6f %.6f\n"  # metres, so micrometres
POINT_BYTES = 32  # of one point's line, at most


def pattern(path: Path, ending: str = ".obj") -> Pattern | None:
    """Of the numbered files that a name stands for; None for a single file."""
    if path.is_dir() or not path.suffix:
        return numbered_in(path, NAME_IN_A_FOLDER.format(ending))
    return numbered_name(path, ending) if NUMBER.search(path.name) else None


def beside(path: Path) -> list[Path]:
    """The materials and the texture."""
    numbered = pattern(path)
    if numbered is None:
        return [path.with_suffix(".mtl"), path.with_name(f"{path.stem}_texture.png")]
    stem = numbered.before.rstrip("_-. ") or "head"
    return [numbered.folder / f"{stem}.mtl", numbered.folder / f"{stem}_texture.png"]


def write(
    track: Track, path: str | Path, *, face: FaceModel | None = None, identity: np.ndarray | None = None
) -> Path:
    """Write the mesh of every frame.

    Raises
    ------
    UserError : a track that does not fit the face, more frames than the name has numbers for, a plain name for more
        than one frame, or a disk without room
    """
    path = Path(path)
    numbered = pattern(path)
    check_frames(track, path, numbered)
    mesh, track = head_mesh(track, face, identity)
    materials, texture = beside(path)
    faces = "".join(face_lines(mesh))
    check_room(path, len(track) * (len(faces) + POINT_BYTES * len(mesh.rest)))
    with ExitStack() as files:
        write_materials(
            mesh, files.enter_context(replacing(materials)), files.enter_context(replacing(texture)), texture
        )
        if numbered is None:
            partial = files.enter_context(replacing(path))
            _write_frame(partial, next(mesh.posed(track)), faces, materials.name)
        else:
            next_file = files.enter_context(writing_numbered(numbered))
            for points in mesh.posed(track):
                _write_frame(next_file(), points, faces, materials.name)
    return path


def check_frames(track: Track, path: Path, numbered: Pattern | None) -> None:
    """UserError when the frames do not fit the name."""
    count = len(track)
    if numbered is None and count > 1:
        raise TrackError(
            f"{path.name} holds one frame, this track has {count}; "
            f"write {path.stem}_%05d{path.suffix} for numbered files, or a folder"
        )
    if numbered is not None and count > 10**numbered.digits:
        more = len(str(count - 1))
        raise TrackError(
            f"%0{numbered.digits}d has numbers for {10**numbered.digits} frames, this track has {count}; "
            f"write %0{more}d, or trim it"
        )


def write_rest(mesh: HeadMesh, file: IO[str], materials: str) -> None:
    """The mesh at rest as an OBJ."""
    file.write(_head(mesh.rest, materials))
    file.writelines(face_lines(mesh))


def write_materials(mesh: HeadMesh, mtl: Path, picture: Path, texture: Path) -> None:
    """The .mtl and the texture; `texture` is the name by which the .mtl knows it."""
    with mtl.open("w", encoding="utf-8", newline="\n") as file:
        for part in mesh.parts:
            look = mesh.materials[part]
            # the wider the highlight, the rougher: Blinn's exponent of a roughness, Walter et al. 2007
            shine = np.clip(2 / max(look.roughness, 0.05) ** 4 - 2, 0, 1000)
            file.write(f"newmtl {part}\nKd 1 1 1\nKs 0.04 0.04 0.04\nNs {shine:.1f}\n")
            if mesh.texture is not None:
                file.write(f"map_Kd {texture.name}\n")
                if look.alpha_mode != "OPAQUE":
                    file.write(f"map_d -imfchan m {texture.name}\n")
    if mesh.texture is not None:
        write_texture(mesh.texture, picture)


def face_lines(mesh: HeadMesh) -> Iterator[str]:
    """Texture coordinates and triangles, part by part."""
    yield "".join(f"vt {u:.6f} {v:.6f}\n" for u, v in mesh.uv.tolist())
    yield "s 1\n"
    corners = np.stack([mesh.triangles + 1, mesh.uv_triangles + 1], axis=2)  # OBJ counts from 1
    for part, triangles in mesh.parts.items():
        numbers = corners[triangles].reshape(-1).tolist()
        yield f"g {part}\nusemtl {part}\n" + ("f %d/%d %d/%d %d/%d\n" * len(triangles)) % tuple(numbers)


def _head(points: np.ndarray, materials: str) -> str:
    return f"mtllib {materials}\no Head\n" + (POINT * len(points)) % tuple(points.reshape(-1).tolist())


def _write_frame(path: Path, points: np.ndarray, faces: str, materials: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_head(points, materials))
        file.write(faces)
