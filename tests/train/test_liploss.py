"""The loss sees trembling lips and open closures, and is nothing where the mouth is right."""

from __future__ import annotations

import pytest
import torch

import bfm
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.lipframes import Batch
from sadtalker3d.train.liploss import LipLoss, LossConfig
from sadtalker3d.train.teacher import DRIVEN

JAW = DRIVEN.index(OPEN_64.index("jawOpen"))


@pytest.fixture(scope="module")
def loss_of() -> LipLoss:
    return LipLoss(Mouth.of(bfm.load("open")), LossConfig())


def batch(frames: int, shut: float = 0.0) -> Batch:
    return Batch(
        torch.zeros(frames, 1, 80, 16), torch.zeros(frames, len(DRIVEN)), torch.zeros(frames, dtype=torch.int64),
        torch.full((frames,), shut), torch.ones(frames),
    )  # fmt: skip


def jaw(*weights: float) -> torch.Tensor:
    driven = torch.zeros(len(weights), len(DRIVEN))
    driven[:, JAW] = torch.tensor(weights)
    return driven


def test_the_right_mouth_costs_nothing(loss_of: LipLoss) -> None:
    assert float(loss_of(jaw(0, 0), batch(2))[0]) == 0


def test_trembling_costs_more_than_a_steady_error_of_the_same_size(loss_of: LipLoss) -> None:
    _, steady = loss_of(jaw(0.1, 0.1), batch(2))
    _, trembling = loss_of(jaw(0.1, -0.1), batch(2))
    assert steady["velocity"] == 0
    assert trembling["velocity"] > 0.1


def test_an_open_mouth_costs_more_where_it_must_be_shut(loss_of: LipLoss) -> None:
    open_vowel, _ = loss_of(jaw(0.2, 0.2), batch(2))
    open_closure, _ = loss_of(jaw(0.2, 0.2), batch(2, shut=1.0))
    assert open_closure > 1.3 * open_vowel
