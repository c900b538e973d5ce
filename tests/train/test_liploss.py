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

JAW, UNDER_TEETH = OPEN_64.index("jawOpen"), OPEN_64.index("mouthRollLower")


@pytest.fixture(scope="module")
def loss_of() -> LipLoss:
    return LipLoss(Mouth.of(bfm.load("open")), LossConfig())


def batch(frames: int, shut: float = 0.0, touching: float = 0.0) -> Batch:
    """One sequence that should be at rest throughout."""
    return Batch(
        torch.zeros(1, frames, 1, 80, 16), torch.zeros(1, frames, len(DRIVEN)),
        torch.zeros(1, frames, dtype=torch.int64), torch.full((1, frames), shut),
        torch.full((1, frames), touching), torch.ones(1, 1), torch.zeros(1, frames, 1),
    )  # fmt: skip


def face(column: int, *weights: float) -> torch.Tensor:
    expression = torch.zeros(1, len(weights), 64)
    expression[0, :, column] = torch.tensor(weights)
    return expression


def test_the_right_mouth_costs_nothing(loss_of: LipLoss) -> None:
    assert float(loss_of(face(JAW, 0, 0), batch(2))[0]) == 0


def test_trembling_costs_more_than_a_steady_error_of_the_same_size(loss_of: LipLoss) -> None:
    _, steady = loss_of(face(JAW, 0.1, 0.1), batch(2))
    _, trembling = loss_of(face(JAW, 0.1, -0.1), batch(2))
    assert steady["velocity"] == 0
    assert trembling["velocity"] > 0.1


def test_an_open_mouth_costs_more_where_it_must_be_shut(loss_of: LipLoss) -> None:
    open_vowel, _ = loss_of(face(JAW, 0.2, 0.2), batch(2))
    open_closure, _ = loss_of(face(JAW, 0.2, 0.2), batch(2, shut=1.0))
    assert open_closure > 1.3 * open_vowel


def test_a_lip_off_the_teeth_costs_more_where_it_must_touch_them(loss_of: LipLoss) -> None:
    elsewhere, _ = loss_of(face(UNDER_TEETH, 0.5, 0.5), batch(2))
    at_f, _ = loss_of(face(UNDER_TEETH, 0.5, 0.5), batch(2, touching=1.0))
    assert at_f > 1.3 * elsewhere


def test_the_distance_to_the_teeth_is_the_one_that_is_measured(loss_of: LipLoss) -> None:
    mouth, expression = Mouth.of(bfm.load("open")), face(UNDER_TEETH, 0.0, 0.4, 0.9)
    measured = mouth.measure(expression[0].numpy(), 52).labiodental_mm
    found = loss_of.teeth_mm(expression[0, :, list(DRIVEN)])
    torch.testing.assert_close(found, torch.from_numpy(measured).float(), atol=1e-3, rtol=1e-3)
