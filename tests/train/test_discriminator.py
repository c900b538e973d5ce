import pytest
import torch

from sadtalker3d.train.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    Judged,
    deceive_loss,
    feature_loss,
    judge_loss,
)


def judged(score: float, feature: float = 0.0) -> list[Judged]:
    """Two scales of the same opinion."""
    return [Judged(torch.full((2, 1, 4, 4), float(score)), [torch.full((2, 8, 4, 4), feature)])] * 2


def test_hinge_losses() -> None:
    assert judge_loss(judged(1), judged(-1)) == 0
    assert judge_loss(judged(3), judged(-3)) == 0  # surer than needed is no better
    assert judge_loss(judged(0), judged(0)) == 2
    assert deceive_loss(judged(0.5)) == -0.5
    assert feature_loss(judged(0, 1.0), judged(0, 1.25)) == pytest.approx(0.25)


def test_patches_at_two_sizes() -> None:
    judge = Discriminator(DiscriminatorConfig().narrow(0.125))
    large, small = judge(torch.rand(2, 3, 64, 64))
    assert large.scores.shape == (2, 1, 7, 7) and small.scores.shape == (2, 1, 3, 3)
    assert [feature.shape[1] for feature in large.features] == [8, 16, 32, 64]
