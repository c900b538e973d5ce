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
    open_lips: float = 0.2  # and its millimetres once more; at 0.5 k, g and n close the lips as well
    teeth: float = 1.0  # distance of the lower lip from the upper teeth
    touch: float = 4.0  # at f v it costs this much more: they are one frame in thirty and easily left out
    velocity: float = 1.5  # of the lips from one frame to the next: without it held vowels tremble
    phone: float = 0.6  # naming the sound: a second task that teaches hearing faster than the lips alone do
    rest: float = 1.0  # movement in sounds that are not speech
    landmarks: float = 0.2  # SadTalker's L_lks, per mm; its 0.01 is against coefficients of another scale
    reading: float = 0.05  # SadTalker's L_read, where there is a lip reader


class LipLoss:
    """Error in coefficients and in millimetres of the lips, on the 52 shapes alone and on all of them."""

    def __init__(self, mouth: Mouth, config: LossConfig) -> None:
        import torch

        self.config = config
        driven = np.array(DRIVEN) + 1
        self.upper = torch.tensor(mouth.upper[:, driven], dtype=torch.float32)  # (n, D, 3)
        self.lower = torch.tensor(mouth.lower[:, driven], dtype=torch.float32)
        near = np.argsort(np.abs(mouth.lower[:, 0, 0]))[:8]  # as `Mouth.measure` takes them
        self.near = torch.tensor(near)
        self.incisors = torch.tensor(mouth.incisors[:, 1:], dtype=torch.float32)  # (n, 2) y, z
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

    def teeth_mm(self, driven: Tensor) -> Tensor:
        """(..., D) -> (...) distance of the lower lip from the edge of the upper incisors, of the 52 shapes."""
        import torch

        lower, rest = self.lower[self.near, :, 1:], self.rest_lower[self.near, 1:]
        lip = rest + torch.einsum("...d,ndc->...nc", driven * self.arkit, lower)  # (..., 8, 2)
        apart = (lip.unsqueeze(-2) - self.incisors).square().sum(-1)  # (..., 8, n)
        return apart.flatten(-2).amin(-1).clamp(min=1e-3).sqrt()

    def __call__(
        self, expression: Tensor, batch: Batch, named: Tensor | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of expressions (B, T, 64), and its parts by name.

        named : (B, T, phones) scores of the sounds, or None where nobody names them
        """
        import torch
        from torch.nn.functional import cross_entropy, smooth_l1_loss

        config = self.config
        driven = expression[..., list(DRIVEN)]
        error = driven - batch.targets
        coefficients = 20 * (error.square() * self.weight).mean()
        driven = driven.clamp(0, 1)  # what a face can show; beyond it the coefficients' own error pulls back
        error = driven - batch.targets
        moved = torch.einsum("btd,ndc->btnc", error, self.points)  # mm
        moved_arkit = torch.einsum("btd,ndc->btnc", error * self.arkit, self.points)
        zero = torch.zeros_like(moved)
        points = 0.4 * (smooth_l1_loss(moved, zero) + smooth_l1_loss(moved_arkit, zero))
        gap, wanted = self.gap_mm(driven), self.gap_mm(batch.targets)
        # the median, not the mean: where the sound leaves two choices the lips take one
        gaps = smooth_l1_loss(gap, wanted, beta=0.7, reduction="none")
        gap_loss = 0.3 * (gaps * (1 + config.closure * batch.shut)).mean()
        open_lips = ((gap - 0.2).clamp(min=0) * batch.shut).sum() / batch.shut.sum().clamp(min=1)
        apart = smooth_l1_loss(
            self.teeth_mm(driven), self.teeth_mm(batch.targets), beta=0.7, reduction="none"
        )
        teeth = 0.3 * (apart * (1 + config.touch * batch.touching)).mean()
        step = moved_arkit.diff(dim=1)
        velocity = 0.4 * smooth_l1_loss(step, torch.zeros_like(step), beta=0.5)
        silent = (1 - batch.speaking)[..., None, None]
        still = smooth_l1_loss(moved * silent, zero, reduction="sum")
        rest = 0.4 * still / (silent.sum() * moved[0].numel()).clamp(min=1)
        parts = {"coef": coefficients, "points": points, "gap": gap_loss, "open": open_lips, "rest": rest}
        parts |= {"velocity": velocity, "teeth": teeth}
        loss = (
            coefficients
            + config.lip_points * points
            + config.gap * gap_loss
            + config.open_lips * open_lips
            + config.velocity * velocity
            + config.teeth * teeth
            + config.rest * rest
        )
        parts["mouth"] = loss
        if named is not None:
            parts["phone"] = cross_entropy(named.flatten(0, 1), batch.phone.flatten())
            loss = loss + config.phone * parts["phone"]
        return loss, {name: float(value.detach()) for name, value in parts.items()}
