"""The generator's loss: what the paper asks of pictures, keypoints and motion, weighted and summed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.mapping import HeadMotion
from sadtalker3d.train.discriminator import Discriminator, deceive_loss, feature_loss
from sadtalker3d.train.equivariance import Warp, equivariance_loss
from sadtalker3d.train.framepairs import Pair
from sadtalker3d.train.keypointlosses import deformation_loss, head_pose_loss, spread_loss
from sadtalker3d.train.perceptual import DetailPyramid, VggLoss


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts; the paper's (Wang et al. 2021, appendix A.2) where it has it."""

    reconstruction: float = 10.0  # ours: it steadies the colours, where the paper has features alone
    perceptual: float = 10.0
    deceive: float = 1.0  # the hinge loss of the generator
    features: float = 10.0  # of the discriminator; the paper has it inside its GAN loss without a number
    equivariance: float = 20.0
    spread: float = 10.0
    head_pose: float = 20.0
    deformation: float = 5.0

    def judged(self, factor: float) -> LossWeights:
        """The same with the discriminator's losses times `factor`."""
        return replace(self, deceive=factor * self.deceive, features=factor * self.features)


@dataclass(frozen=True)
class Made:
    """What the networks make of a pair, and of the driving frame bent."""

    picture: Tensor  # (B, 3, S, S)
    keypoints: Tensor  # (B, 15, 3) of the driving frame
    of_bent: Tensor  # (B, 15, 3) of the bent one
    warp: Warp
    motion: HeadMotion  # of the driving frame


class RendererLoss(nn.Module):
    """vgg : torchvision's VGG-19, or None for the detail pyramid instead"""

    def __init__(self, weights: LossWeights, vgg: str | Path | None = None) -> None:
        super().__init__()
        self.weights = weights
        self.perceptual: nn.Module = DetailPyramid() if vgg is None else VggLoss(vgg)
        self.looks = "details" if vgg is None else "vgg"  # what the perceptual loss is called in the log

    def forward(
        self, made: Made, pair: Pair, judge: Discriminator | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum and its parts before they are weighted; without a judge there is no GAN loss."""
        weights, real = self.weights, pair.driving
        parts = {
            "L1": (weights.reconstruction, (made.picture - real).abs().mean()),
            self.looks: (weights.perceptual, self.perceptual(made.picture, real)),
            "equivariance": (
                weights.equivariance,
                equivariance_loss(made.keypoints, made.of_bent, made.warp),
            ),
            "spread": (weights.spread, spread_loss(made.keypoints)),
            "deformation": (weights.deformation, deformation_loss(made.motion)),
        }
        if pair.angles_deg is not None:
            parts["head"] = (weights.head_pose, head_pose_loss(made.motion, pair.angles_deg))
        if judge is not None:
            judged = judge(made.picture)
            parts["deceive"] = (weights.deceive, deceive_loss(judged))
            parts["features"] = (weights.features, feature_loss(judge(real), judged))
        total = real.new_zeros(())
        for weight, value in parts.values():
            total = total + weight * value
        return total, {name: value.detach() for name, (_, value) in parts.items()}
