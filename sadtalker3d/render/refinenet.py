"""`RefineNet`: what to add to a crop of the moved photo. A small U-Net; `render/refine.py` uses it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.render.warp.refine_crops import PARTS

SHADED = ("eye",)  # networks that only make brighter or darker: a lid's hue is the person's
SHADES = (0.45, 1.35)  # the darkest and the brightest: a line of lashes is not to be wiped away
INPUTS = 3 + 3 + 3 + len(PARTS) + 1 + 1  # frame, photo, normals, what is there, keep, mask


@dataclass(frozen=True)
class RefineConfig:
    """Channels at a half, a quarter and an eighth of the crop's side.

    The full size is never convolved: four pixels are one with four times the channels (Shi et al. 2016), which
    costs a quarter. Multiples of 16, which is what CPUs compute at a time.
    """

    channels: tuple[int, int, int] = (16, 48, 96)
    leak: float = 0.1


def features(warped: Tensor, photo: Tensor, guides: Tensor) -> Tensor:
    """uint8 crops as in `train/portraitpairs.py`, (B, S, S, 3), (B, S, S, 3), (B, S, S, 6) -> (B, INPUTS, S, S)."""
    guides = guides.permute(0, 3, 1, 2)  # (B, 6, S, S)
    colours = torch.cat([warped, photo], dim=3).permute(0, 3, 1, 2).float() / 127.5 - 1
    numbers = torch.arange(1, len(PARTS) + 1, device=guides.device, dtype=guides.dtype)[:, None, None]
    parts = (guides[:, 3:4] == numbers).float()  # (B, 6, S, S)
    return torch.cat([colours, guides[:, :3].float() / 127.5 - 1, parts, guides[:, 4:].float() / 255], dim=1)


class RefineNet(nn.Module):
    """(B, INPUTS, S, S) -> (B, 3, S, S) to add to colours 0..1; S a multiple of 8. A fresh one adds nothing."""

    def __init__(self, config: RefineConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or RefineConfig()
        fine, middle, coarse = config.channels
        self.enter = nn.Conv2d(4 * INPUTS, fine, 1)
        self.fine = _two(fine, fine)
        self.to_middle = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle = _two(middle, middle)
        self.to_coarse = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse = _two(coarse, coarse)
        self.back_middle = _two(coarse + middle, middle)
        self.back_fine = _two(middle + fine, fine)
        self.leave = nn.Conv2d(fine, 4 * 3, 3, padding=1)
        for values in self.leave.parameters():
            nn.init.zeros_(values)

    def forward(self, x: Tensor) -> Tensor:
        fine = self._chain(self.fine, self._bend(self.enter(F.pixel_unshuffle(x, 2))))  # (B, fine, S/2, S/2)
        middle = self._chain(self.middle, self._bend(self.to_middle(fine)))  # (B, middle, S/4, S/4)
        coarse = self._chain(self.coarse, self._bend(self.to_coarse(middle)))  # (B, coarse, S/8, S/8)
        middle = self._chain(self.back_middle, torch.cat([_doubled(coarse), middle], dim=1))
        fine = self._chain(self.back_fine, torch.cat([_doubled(middle), fine], dim=1))
        return F.pixel_shuffle(self.leave(fine), 2)

    def _chain(self, layers: nn.ModuleList, x: Tensor) -> Tensor:
        for layer in layers:
            x = self._bend(layer(x))
        return x

    def _bend(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.config.leak)


class EmbeddedRefinement(nn.Module):
    """What the embedded weights repair: the mouth alone, see the model card for why."""

    def __init__(self) -> None:
        super().__init__()
        self.mouth = RefineNet()


def admitted(name: str, change: Tensor, warped: Tensor) -> Tensor:
    """The part of a network's change (B, 3, S, S) that its region admits, of uint8 crops (B, S, S, 3)."""
    if name not in SHADED:
        return change
    colour = warped.permute(0, 3, 1, 2).float() / 255 + 0.02  # black has a shade too
    gain = 1 + (change * colour).sum(dim=1, keepdim=True) / colour.square().sum(dim=1, keepdim=True)
    return (gain.clamp(*SHADES) - 1) * colour


def refined(warped: Tensor, change: Tensor, guides: Tensor) -> Tensor:
    """(B, 3, S, S) colours 0..1 of uint8 crops (B, S, S, 3) with an admitted change where the mask lets it."""
    mask = guides[..., 5].float()[:, None] / 255
    return warped.permute(0, 3, 1, 2).float() / 255 + mask * change


def _two(before: int, after: int) -> nn.ModuleList:
    return nn.ModuleList([nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)])


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
