"""The loss of the mouth: coefficients, and millimetres of the lips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.mouth import Mouth
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from torch import Tensor

    from sadtalker3d.train.lipframes import Batch


@dataclass(frozen=True)
class LossConfig:
    """Weights of the parts; the coefficients' own is 1."""

    lip_points: float = 1.0
    gap: float = 1.0
    closure: float = 1.0  # an open mouth at p b m costs this much more
    velocity: float = 1.5  # of the lips from one frame to the next: without it held vowels tremble
    phone: float = 0.15  # naming the sound: a second task that teaches the encoder faster than the lips alone
    rest: float = 1.0  # movement in sounds that are not speech


class LipLoss:
    """Error in coefficients and in millimetres of the lips, on the 52 shapes alone and on all of them."""

    def __init__(self, mouth: Mouth, config: LossConfig) -> None:
        import torch

        self.config = config
        driven = np.array(DRIVEN) + 1
        self.upper = torch.tensor(mouth.upper[:, driven], dtype=torch.float32)  # (n, D, 3)
        self.lower = torch.tensor(mouth.lower[:, driven], dtype=torch.float32)
        self.rest_upper = torch.tensor(mouth.upper[:, 0], dtype=torch.float32)
        self.rest_lower = torch.tensor(mouth.lower[:, 0], dtype=torch.float32)
        corners = np.stack([mouth.left, mouth.right])[:, driven]
        points = np.concatenate([mouth.upper[:, driven], mouth.lower[:, driven], corners])
        self.points = torch.tensor(points, dtype=torch.float32)  # (n, D, 3)
        self.arkit = torch.tensor((np.array(DRIVEN) < 52).astype(np.float32))
        # a coefficient counts by how far it moves the lips; tongue and the like count little
        reach = np.sqrt(np.square(points).sum(2).mean(0))
        self.weight = torch.tensor(np.clip(reach / 10, 0.15, 2.0), dtype=torch.float32)

    def gap_mm(self, driven: Tensor) -> Tensor:
        """(..., D) -> (...) gap of the 52 shapes."""
        import torch

        upper = self.rest_upper[:, 1] + torch.einsum("...d,nd->...n", driven * self.arkit, self.upper[..., 1])
        lower = self.rest_lower[:, 1] + torch.einsum("...d,nd->...n", driven * self.arkit, self.lower[..., 1])
        rest = self.rest_upper[:, 1].min() - self.rest_lower[:, 1].max()
        return upper.amin(-1) - lower.amax(-1) - rest

    def __call__(
        self, driven: Tensor, batch: Batch, named: Tensor | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of the driven columns (B, D), and its parts by name.

        named : (B, phones) scores of the sounds, or None where nobody names them
        """
        import torch
        from torch.nn.functional import cross_entropy, smooth_l1_loss

        config = self.config
        error = driven - batch.targets
        coefficients = 20 * (error.square() * self.weight).mean()
        driven = driven.clamp(0, 1)  # what a face can show; beyond it the coefficients' own error pulls back
        error = driven - batch.targets
        moved = torch.einsum("bd,ndc->bnc", error, self.points)  # mm
        moved_arkit = torch.einsum("bd,ndc->bnc", error * self.arkit, self.points)
        zero = torch.zeros_like(moved)
        points = 0.4 * (smooth_l1_loss(moved, zero) + smooth_l1_loss(moved_arkit, zero))
        gap, wanted = self.gap_mm(driven), self.gap_mm(batch.targets)
        # the median, not the mean: where the sound leaves two choices the lips take one
        gaps = smooth_l1_loss(gap, wanted, beta=0.7, reduction="none")
        gap_loss = 0.3 * (gaps * (1 + config.closure * batch.shut)).mean()
        open_lips = 0.5 * ((gap - 0.2).clamp(min=0) * batch.shut).sum() / batch.shut.sum().clamp(min=1)
        pairs = moved_arkit[: len(moved) // 2 * 2].unflatten(0, (-1, 2))  # neighbours in time
        step = pairs[:, 1] - pairs[:, 0]
        velocity = 0.4 * smooth_l1_loss(step, torch.zeros_like(step), beta=0.5)
        silent = 1 - batch.speaking[:, None, None]
        still = smooth_l1_loss(moved * silent, zero, reduction="sum")
        rest = 0.4 * still / (silent.sum() * moved[0].numel()).clamp(min=1)
        parts = {"coef": coefficients, "points": points, "gap": gap_loss, "open": open_lips, "rest": rest}
        parts["velocity"] = velocity
        loss = (
            coefficients
            + config.lip_points * points
            + config.gap * (gap_loss + open_lips)
            + config.velocity * velocity
            + config.rest * rest
        )
        parts["mouth"] = loss
        if named is not None:
            parts["phone"] = cross_entropy(named, batch.phone)
            loss = loss + config.phone * parts["phone"]
        return loss, {name: float(value.detach()) for name, value in parts.items()}
