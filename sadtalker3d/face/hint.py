"""Five clicked points in place of the detector: for drawings, statues and faces that it does not find."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.align import five_points
from sadtalker3d.face.landmarks import IBUG_68, Face, Landmarks

NAMES = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
"""Middles of the eyes, tip of the nose, corners of the mouth; left and right as one sees them in the picture."""

LIKE = '{"left_eye": [310, 220], "right_eye": [390, 222], "nose": [350, 265], "mouth_left": [318, 310], ' \
    '"mouth_right": [384, 311]}'  # fmt: skip
BOX = 1.5  # sides of the face's box by the distance from between the eyes to the mouth, to either side
AGREES = 0.25  # of the eyes' distance: what the mesh's own five points may be beside the clicked ones
LEAST_EVIDENCE = 0.0  # that the mesh sees a face at all; a skull has 6, stars that happen to lie right -9


def read_hint(path: str | Path) -> np.ndarray:
    """(5, 2) pixels of a JSON file, in the order of `NAMES`; UserError when it holds anything else."""
    path = Path(path)
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
        five = np.array([given[name] for name in NAMES], np.float64)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a file with five points") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        five = np.empty(0)
    if five.shape != (5, 2) or not np.isfinite(five).all():
        raise UserError(f"{path}: does not hold five points in pixels; write them as {LIKE}")
    return five


def hinted_face(
    picture: np.ndarray, five: np.ndarray, name: str, landmarks: Landmarks
) -> tuple[Face, list[str]]:
    """The face at five clicked points (5, 2) of an (H, W, 3) uint8 picture, and what the user should know.

    The face mesh looks there; where what it sees does not lie on the points, the embedded head's own face is laid on
    them instead. Raises UserError for points that are no upright face inside the picture.
    """
    height, width = picture.shape[:2]
    eyes, mouth = five[:2].mean(axis=0), five[3:].mean(axis=0)
    down, across = mouth - eyes, five[1] - five[0]
    inside = (five >= 0).all() and (five <= (width - 1, height - 1)).all()
    if not inside or across[0] <= 0 or down[1] <= 0 or np.linalg.norm(across) < 4:
        raise UserError(
            f"{name}: the five points are no upright face in the picture of {width} x {height} pixels; left and right "
            "are as one sees them, y counts downward"
        )
    reach = BOX * float(np.linalg.norm(down))
    middle = (eyes + mouth) / 2
    box = np.array([*(middle - reach), *(middle + reach)])
    mesh, evidence = landmarks.mesh_in(picture, box, five[:2])
    apart = np.linalg.norm(five_points(mesh[IBUG_68, :2]) - five, axis=1).max()
    notes = []
    if apart > AGREES * np.linalg.norm(across) or evidence < LEAST_EVIDENCE:
        mesh, evidence = _laid(five), 0.0
        notes.append(f"{name}: no face is recognised at the five points; an average face is laid on them")
    points = mesh[IBUG_68, :2].astype(np.float32)
    around = np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)]).astype(np.float32)
    return Face(points, mesh.astype(np.float32), around, float(evidence)), notes


def _laid(five: np.ndarray) -> np.ndarray:
    """The mean head's (468, 3) points, turned, shifted and scaled onto five points by least squares."""
    import bfm
    from sadtalker3d.face.mesh_points import mesh_points

    mesh = mesh_points().of(bfm.load("open").mean.astype(np.float64)) * (1, -1, -1)  # y down, z to the back
    own = five_points(mesh[IBUG_68, :2])
    start, end = own - own.mean(axis=0), five - five.mean(axis=0)
    # as complex numbers a rotation with a scale is one factor
    a, b = start @ (1, 1j), end @ (1, 1j)
    factor = np.vdot(a, b) / np.vdot(a, a)
    flat = ((mesh[:, :2] - own.mean(axis=0)) @ (1, 1j)) * factor
    placed = np.stack([flat.real, flat.imag], axis=1) + five.mean(axis=0)
    depth = mesh[:, 2] * abs(factor)
    return np.column_stack([placed, depth - depth.mean()])
