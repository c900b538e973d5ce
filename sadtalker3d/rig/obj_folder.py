"""A character as a folder of Wavefront OBJ files: the neutral face, and one file for each shape.

ICT-FaceKit comes like that: `generic_neutral_mesh.obj`, `browDown_L.obj`, ..., `identity000.obj` (left out), and
`vertex_indices.json` with the 68 landmarks. Files are only measured until they are known to fit each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from bfm.model import FaceModel

MOST_BYTES = 400_000_000  # of one file; a head of 26,719 vertices has 4 MB
MOST_VERTICES = 2_000_000
MOST_FILES = 2000
LEAST_MOVED = 1e-5  # of the head's size: a shape that moves nothing further is empty
NOT_A_SHAPE = re.compile(r"identity\d+", re.IGNORECASE)
LANDMARK_FILES = ("landmarks.json", "vertex_indices.json")
LANDMARK_FIELDS = ("landmarks", "idx_to_landmark_verts")


@dataclass(frozen=True, eq=False)
class ShapeFolder:
    """A character read from a folder, in its own units.

    neutral (V, 3) float64; faces (F, 3) int32; shapes name -> (V, 3) float32 displacements at weight 1
    landmarks68 : (68,) vertices of iBUG's landmarks, or None
    empty : names of shapes that move nothing
    """

    neutral: np.ndarray
    faces: np.ndarray
    shapes: dict[str, np.ndarray]
    landmarks68: np.ndarray | None
    empty: tuple[str, ...] = ()

    def face_model(self) -> FaceModel:
        """The same as a morphable model without identity; UserError when the landmarks are not known."""
        from bfm.model import FaceModel

        if self.landmarks68 is None:
            raise UserError(
                "its shapes' names say nothing, so they are found by their motion, which needs to know where the face "
                f"is: name a file with the vertices of the 68 landmarks with --landmarks, or put it there as "
                f"{LANDMARK_FILES[0]}"
            )
        places = np.round(self.neutral / max(float(np.ptp(self.neutral)), 1e-12), 7)
        _, first, which = np.unique(places, axis=0, return_index=True, return_inverse=True)
        count = len(self.neutral)
        return FaceModel(
            space="character", mean=self.neutral.astype(np.float32), identity_basis=np.zeros((0, count, 3), np.float32),
            expression_basis=np.stack(list(self.shapes.values())), expression_names=tuple(self.shapes),
            faces=self.faces, uv=np.zeros((count, 2), np.float32), weld=first[which.ravel()].astype(np.int32),
            landmarks68=self.landmarks68, texture=np.zeros((1, 1, 4), np.uint8),
            parts={"skin": np.arange(len(self.faces), dtype=np.int32)}, materials={},
        )  # fmt: skip


def read_folder(
    folder: str | Path, *, neutral: str | None = None, landmarks: str | Path | None = None
) -> ShapeFolder:
    """Read a folder of shapes.

    Parameters
    ----------
    neutral : name of the neutral face's file; the one with "neutral" in its name unless given
    landmarks : JSON with the 68 vertices counted from 0: a list, or an object with it as "landmarks"

    Raises UserError naming the file that is missing, damaged, or of another mesh.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(
            f"{folder}: is no folder; name one with the neutral face and its shapes as .obj files"
        )
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".obj")
    if len(files) < 2:
        raise UserError(
            f"{folder}: holds {len(files)} .obj files; it needs the neutral face and one for each shape"
        )
    if len(files) > MOST_FILES:
        raise UserError(f"{folder}: holds {len(files)} .obj files; more than {MOST_FILES} are not read")
    rest = _neutral_file(folder, files, neutral)
    vertices, faces = _read_neutral(rest)
    size = float(np.ptp(vertices, axis=0).max())
    shapes, empty = dict[str, np.ndarray](), []
    for path in files:
        if path == rest or NOT_A_SHAPE.fullmatch(path.stem):
            continue
        places = _vertices(path)
        if len(places) != len(vertices):
            raise UserError(
                f"{path}: has {len(places)} vertices, {rest.name} has {len(vertices)}; all must be one mesh"
            )
        moved = places - vertices
        if np.abs(moved).max() <= LEAST_MOVED * size:
            empty.append(path.stem)
        else:
            shapes[path.stem] = moved.astype(np.float32)
    if not shapes:
        raise UserError(f"{folder}: none of its files moves anything against {rest.name}")
    return ShapeFolder(vertices, faces, shapes, _landmarks(folder, landmarks, len(vertices)), tuple(empty))


def _neutral_file(folder: Path, files: list[Path], name: str | None) -> Path:
    if name is not None:
        for path in files:
            if name in (path.name, path.stem):
                return path
        raise UserError(f"{folder}: holds no '{name}'; --neutral names one of its .obj files")
    found = [path for path in files if "neutral" in path.stem.lower()]
    if len(found) != 1:
        many = "several files have" if found else "no file has"
        raise UserError(
            f"{folder}: {many} 'neutral' in their name; say which is the neutral face with --neutral"
        )
    return found[0]


def _lines(path: Path, starts: tuple[str, ...]) -> Iterator[str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES // 1_000_000} MB; it is no face")
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line for line in file if line.startswith(starts))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions"
        ) from None


def _vertices(path: Path, lines: list[str] | None = None) -> np.ndarray:
    """(V, 3) float64."""
    given = [line.split()[1:4] for line in (_lines(path, ("v ",)) if lines is None else lines)]
    if not 3 <= len(given) <= MOST_VERTICES:
        raise UserError(f"{path}: has {len(given)} vertices; 3 to {MOST_VERTICES} can be read")
    try:
        places = np.array(given, np.float64)
    except ValueError:
        raise UserError(f"{path}: has a vertex that is not three numbers; export it again") from None
    if places.ndim != 2 or places.shape[1] != 3 or not np.isfinite(places).all():
        raise UserError(f"{path}: has a vertex that is not three finite numbers; export it again")
    return places


def _read_neutral(path: Path) -> tuple[np.ndarray, np.ndarray]:
    lines = list(_lines(path, ("v ", "f ")))
    vertices = _vertices(path, [line for line in lines if line[0] == "v"])
    triangles = []
    for line in lines:
        if line[0] != "f":
            continue
        try:
            corners = [int(corner.split("/")[0]) for corner in line.split()[1:]]
        except ValueError:
            raise UserError(f"{path}: has a face that is not a list of vertices; export it again") from None
        triangles += [(corners[0], *corners[i : i + 2]) for i in range(1, len(corners) - 1)]
    if not triangles:
        raise UserError(f"{path}: has no faces; export it with its polygons")
    faces = np.array(triangles, np.int64)
    faces = np.where(faces < 0, faces + len(vertices), faces - 1)  # counted from 1, or backwards
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise UserError(f"{path}: has a face with a vertex that is not there; export it again")
    return vertices, faces.astype(np.int32)


def _landmarks(folder: Path, given: str | Path | None, vertices: int) -> np.ndarray | None:
    found = [folder / name for name in LANDMARK_FILES if (folder / name).is_file()]
    if given is None and not found:
        return None
    path = Path(given) if given is not None else found[0]
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: is too large for a file of landmarks")
        document: Any = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); check the name") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON ({error})") from None
    if isinstance(document, dict):
        document = next((document[field] for field in LANDMARK_FIELDS if field in document), None)
    whole = isinstance(document, list) and all(type(vertex) is int for vertex in document)
    if not whole or len(document) != 68 or not all(0 <= vertex < vertices for vertex in document):
        raise UserError(
            f"{path}: must hold 68 vertices from 0 to {vertices - 1}, those of iBUG's landmarks in their order"
        )
    return np.array(document, np.int32)
