"""The paper's landmark loss: millimetres of the 68 landmarks, and the eyes as open as the blink ratio says.

SadTalker (Zhang et al. 2023, section 3.1): L_lks = landmark distance + lambda_eye * | eye ratio - blink ratio |.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sadtalker3d.train.landmarks import Landmarks

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LandmarkConfig:
    """Weights within the loss; that of the whole (the paper's 0.01) belongs to who adds it up."""

    points: float = 1.0  # per millimetre
    # an eye wide open instead of shut costs 1 in ratio, and some 6 mm at four of 68 landmarks: 0.35 on average
    eyes: float = 2.0
    beta_mm: float = 0.3  # smaller errors count by their square: no lip trembles for a tenth of a millimetre


class LandmarkLoss:
    """Error of the landmarks against a target face, and of the eyes against the blink ratio."""

    def __init__(self, landmarks: Landmarks, config: LandmarkConfig | None = None) -> None:
        self.landmarks, self.config = landmarks, config or LandmarkConfig()

    def __call__(
        self, expression: Tensor, target: Tensor, blink: Tensor | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of (B, T, 64) weights against (B, T, 64), a number, and its parts by name.

        blink : (B, T) the ratio that the generator was given, 0 open to 1 closed; None leaves the eyes to the
            landmarks
        """
        import torch
        from torch.nn.functional import smooth_l1_loss

        config = self.config
        error = self.landmarks.moved(expression - target)  # (B, T, 68, 3) mm
        distance = (error.square().sum(-1) + 1e-12).sqrt()
        points = smooth_l1_loss(distance, torch.zeros_like(distance), beta=config.beta_mm)
        loss = config.points * points
        parts = {"landmarks": float(points.detach())}
        if blink is not None:
            eyes = (self.landmarks.openness(expression) - (1 - blink[..., None])).abs().mean()
            loss = loss + config.eyes * eyes
            parts["eyes"] = float(eyes.detach())
        return loss, parts
