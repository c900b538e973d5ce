"""The embedded head: head.npz holds a control cage, which one Catmull-Clark step refines on loading."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import OPEN_64

from .model import FaceModel, Material
from .subdivide import Subdivision

HEAD = Path(__file__).with_name("head.npz")


def load(path: Path = HEAD) -> FaceModel:
    """Read and refine the head.

    Stored are the mean, 80 identity and 64 expression columns of the cage (float16 displacements, metres), then

    - cage rows with quads are subdivided;
    - the lips' seal adds `seal_weights @ seal_pull` of each column to the rows `seal_rows`;
    - the hair's thickness, `hair_offset`, is added to the mean's rows `hair_rows`;
    - rigid pieces (teeth, gums, eyes) follow four affine handles each: position = [x, y, z, 1] @ handles.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing: reinstall sadtalker3d, or make it with `python -m bfm.bake`")
    with np.load(path, allow_pickle=False) as data:
        stored = {name: data[name] for name in data.files}
    mean = stored["cage_mean"]
    columns = 1 + len(stored["cage_identity"]) + len(stored["cage_expression"])
    count = len(mean)
    cage = np.empty((count, columns, 3), np.float32)
    cage[:, 0] = mean
    cage[:, 1:81] = stored["cage_identity"].transpose(1, 0, 2)
    cage[:, 81:] = stored["cage_expression"].transpose(1, 0, 2)
    quads = stored["quads"].astype(np.int64)
    smooth = int(quads.max()) + 1
    refined = Subdivision.of(quads, smooth).smooth(cage[:smooth].reshape(smooth, -1))
    refined[stored["seal_rows"]] += stored["seal_weights"] @ stored["seal_pull"]
    refined = refined.reshape(-1, columns, 3)
    refined[stored["hair_rows"], 0] += stored["hair_offset"]

    handles = cage[smooth:].reshape(-1, 4, columns * 3)
    place, owner = stored["rigid_place"], stored["rigid_handle"]
    homogeneous = np.concatenate([place, np.ones((len(place), 1), np.float32)], axis=1)
    rigid = [homogeneous[owner == k] @ handles[k] for k in range(len(handles))]

    # One row per place; `corner_place` then repeats places along texture seams.
    where = stored["corner_place"].astype(np.int64)
    basis = np.empty((columns, len(where), 3), np.float32)
    places = np.concatenate([refined, np.concatenate(rigid).reshape(-1, columns, 3)])
    for k in range(columns):
        basis[k] = places[where, k]

    header = json.loads(bytes(stored["header"]).decode("utf-8"))
    faces = stored["faces"].astype(np.int32)
    bounds = np.cumsum([0, *header["part_faces"].values()])
    parts = {
        name: np.arange(bounds[k], bounds[k + 1], dtype=np.int32)
        for k, name in enumerate(header["part_faces"])
    }
    _, first, inverse = np.unique(where, return_index=True, return_inverse=True)
    return FaceModel(
        space="open",
        mean=basis[0],
        identity_basis=basis[1:81],
        expression_basis=basis[81:],
        expression_names=OPEN_64,
        faces=faces,
        uv=stored["uv"],
        weld=first[inverse].astype(np.int32),
        landmarks68=stored["landmarks68"],
        texture=stored["texture"],
        parts=parts,
        materials={name: Material(**values) for name, values in header["materials"].items()},
        points={name[7:]: stored[name] for name in stored if name.startswith("points_")},
    )
