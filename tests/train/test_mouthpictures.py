"""The drawn mouths show what the mouth does, and their slope is the slope of what they show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import bfm
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.lipframes import PHONES
from sadtalker3d.train.mouthpictures import MouthPictures, PictureConfig, Scene
from sadtalker3d.train.picturereader import PictureReader
from sadtalker3d.train.teacher import DRIVEN

COARSE = PictureConfig(spacing_mm=0.8, depth_mm=2.0, identity=0.5, pose_rad=0.03)


@pytest.fixture(scope="module")
def drawing() -> MouthPictures:
    return MouthPictures(bfm.load("open"), COARSE)


@pytest.fixture(scope="module")
def scene(drawing: MouthPictures) -> Scene:
    return drawing.scene(np.random.default_rng(5), 1)


def driven(**named: float) -> Tensor:
    columns = torch.zeros(1, 1, len(DRIVEN))
    for name, value in named.items():
        columns[..., DRIVEN.index(OPEN_64.index(name))] = value
    return columns


def test_an_open_mouth_is_dark_inside(drawing: MouthPictures, scene: Scene) -> None:
    shut, opened = (drawing.draw(driven(jawOpen=jaw), scene)[0, 0, 40:56, 36:52] for jaw in (0.0, 0.6))
    assert opened.min() < 0.4 * shut.min()
    assert opened.mean() < 0.9 * shut.mean()


def test_skin_has_no_holes(drawing: MouthPictures, scene: Scene) -> None:
    picture = drawing.draw(driven(), scene)[0, 0, 20:70, 15:73]
    assert float((picture < 0.05).float().mean()) < 0.01


def test_other_people_look_different(drawing: MouthPictures) -> None:
    scene = drawing.scene(np.random.default_rng(6), 2)
    pictures = drawing.draw(driven().expand(2, 1, -1), scene)
    assert float((pictures[0] - pictures[1]).abs().mean()) > 0.02


def test_slope_is_that_of_finite_differences(drawing: MouthPictures, scene: Scene) -> None:
    mask = torch.zeros(88, 88)
    mask[30:65, 25:63] = torch.linspace(-1, 1, 35)[:, None]  # rises when the dark opening goes up

    def shown(columns: Tensor) -> Tensor:
        return (drawing.draw(columns, scene) * mask).sum()

    columns = driven(jawOpen=0.3).requires_grad_()
    shown(columns).backward()
    assert columns.grad is not None
    for name in ("jawOpen", "mouthClose", "mouthFunnel", "tongueTipUp"):
        step = driven(**{name: 0.01})
        with torch.no_grad():
            rise = float(shown(columns + step) - shown(columns - step)) / 0.02
        slope = float((columns.grad * driven(**{name: 1.0})).sum())
        assert slope == pytest.approx(rise, rel=0.1), name


def test_reader_names_every_frame() -> None:
    scores = PictureReader()(torch.rand(2, 3, 88, 88))
    assert scores.shape == (2, 3, len(PHONES))
