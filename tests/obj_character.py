"""A character as a folder of OBJ files, made of the embedded head: other units, tilted, another face, other shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bfm.model import FaceModel
from sadtalker3d.rotation import to_matrices


def write_character(
    folder: Path,
    head: FaceModel,
    shapes: Mapping[str, Mapping[str, float]],
    *,
    identity: np.ndarray | None = None,
    landmarks: bool = True,
    quads: bool = False,
) -> Path:
    """A folder whose shape files move the skin by mixtures of columns: `{"smile": {"mouthSmileLeft": 1, ...}}`."""
    corners = head.faces[head.parts["skin"]]
    used, faces = np.unique(corners, return_inverse=True)
    faces = faces.reshape(-1, 3) + 1
    turn = to_matrices(np.array([[0.2, -0.1, 0.05]]))[0] * 100  # centimetres

    def write(name: str, places: np.ndarray, with_faces: bool = False) -> None:
        lines = ["v {:.6f} {:.6f} {:.6f}".format(*place) for place in places @ turn.T + (3, -20, 5)]
        if with_faces:
            lines += ["f {}/1/1 {}/2/2 {}/3/3".format(*face) for face in faces]
        (folder / name).write_text("\n".join(["# test", "mtllib none.mtl", *lines]) + "\n")

    folder.mkdir(parents=True, exist_ok=True)
    neutral = head.neutral(identity)[used].astype(np.float64)
    write("generic_neutral_mesh.obj", neutral, True)
    for name, mixture in shapes.items():
        moved = sum(
            (
                share * head.expression_basis[head.expression_names.index(c)][used]
                for c, share in mixture.items()
            ),
            np.zeros_like(neutral),
        )
        write(f"{name}.obj", neutral + moved)
    if landmarks:
        numbers = np.searchsorted(used, head.landmarks68).tolist()
        (folder / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": numbers}))
    return folder
