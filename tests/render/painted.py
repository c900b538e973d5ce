"""A photo whose truth is known: the embedded head in flat colours before a noisy wall."""

from __future__ import annotations

from functools import cache

import numpy as np

import bfm
from bfm.model import FaceModel
from sadtalker3d.face.headfit import HeadFit, Residual, project, vertices
from sadtalker3d.render.warp.raster import nearest_triangles

SIZE = 320
SKIN, IRIS, WHITE = (205, 150, 120), (40, 70, 220), (225, 225, 225)


@cache
def head() -> FaceModel:
    return bfm.load("open")


def weights(**values: float) -> np.ndarray:
    """(64,) by name; a name without a side sets both."""
    names, row = list(head().expression_names), np.zeros(64, np.float32)
    for name, value in values.items():
        for side in ("", "Left", "Right"):
            if name + side in names:
                row[names.index(name + side)] = value
    return row


@cache
def photo(jaw_open: float = 0.0, blink: float = 0.0) -> tuple[np.ndarray, HeadFit]:
    """(SIZE, SIZE, 3) uint8 and the fit that it was painted with."""
    model = head()
    expression = weights(jawOpen=jaw_open, eyeBlink=blink)
    fit = HeadFit(
        np.zeros(80, np.float32), expression, np.zeros(3), np.array([0.0, 0.0, -1.0]), 1.9 * SIZE,
        np.array([(SIZE - 1) / 2, (SIZE - 1) / 2]), (SIZE, SIZE), np.zeros((9, 3), np.float32),
        np.zeros_like(model.mean), Residual(0.0, 0.0, 0.0, 0.0),
    )  # fmt: skip
    seen = vertices(fit, model)
    xy = project(seen, fit).astype(np.float32)
    ids = np.full((SIZE, SIZE), -1, np.int32)
    depth = np.full(ids.shape, -np.inf, np.float32)
    solid = [name for name in model.parts if name != "lashes"]
    faces = np.concatenate([model.faces[model.parts[name]] for name in solid]).astype(np.int32)
    nearest_triangles(xy, np.ascontiguousarray(seen[:, 2]), faces, 0, 0, 0, 1, ids, depth)
    wall = np.random.default_rng(0).integers(90, 160, (SIZE, SIZE, 3))
    colours = {"hair": (60, 40, 30), "mouth": (60, 20, 20), "gums": (150, 70, 70), "tongue": (170, 80, 80)}
    colours |= {"teeth": WHITE, "eyes": WHITE}
    paint = np.concatenate([np.tile(colours.get(name, SKIN), (len(model.parts[name]), 1)) for name in solid])
    eyes = model.faces[model.parts["eyes"]]
    centre = np.array([[0.0303, 0.0323], [-0.0303, 0.0323]])
    middle = model.mean[eyes].mean(axis=1)
    iris = np.linalg.norm(middle[:, None, :2] - centre[None], axis=2).min(axis=1) < 0.0055
    first = sum(len(model.parts[name]) for name in solid[: solid.index("eyes")])
    paint[first : first + len(eyes)][iris & (middle[:, 2] > 0.11)] = IRIS
    picture = np.where((ids >= 0)[..., None], paint[ids], wall).astype(np.uint8)
    return picture, fit


def columns_open(frame: np.ndarray) -> float:
    """Pixels in the middle of the mouth that are not skin."""
    model = head()
    middle = model.mean[model.points["upper_lip_front"][0]] - [0, 0, 1.0]
    x, y = project(middle[None], photo()[1])[0].round().astype(int)
    strip = frame[y - 4 : y + 40, x - 2 : x + 3].astype(int)
    return float((np.abs(strip - np.array(SKIN)).max(axis=2) > 45).sum() / 5)
