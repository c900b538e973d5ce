"""MappingNet: 27 frames of face coefficients -> how the renderer's keypoints move in the middle one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

WINDOW = 27  # frames: 13 before, the frame itself, 13 after
BINS = 66  # of 3 degrees, from -99 on
KEYPOINTS = 15


class HeadMotion(NamedTuple):
    """What MappingNet says of a frame, see `head_pose`."""

    yaw: Tensor  # (B, 66) logits over bins of degrees
    pitch: Tensor  # (B, 66)
    roll: Tensor  # (B, 66)
    translation: Tensor  # (B, 3)
    expression: Tensor  # (B, 45): 15 keypoints of (x, y, z)


@dataclass(frozen=True)
class MappingConfig:
    """Sizes of MappingNet; the defaults are those of mapping_00229 (crop and resize)."""

    coefficients: int = 70  # expression 64, rotation 3, translation 3; with `full` crop 3 besides
    hidden: int = 1024
    layers: int = 3


FULL = MappingConfig(coefficients=73)
"""mapping_00109: it knows the crop as well, for pictures that are pasted back."""


class MappingNet(nn.Module):
    """Upstream's architecture and state-dict keys, so that its checkpoints load with `strict=True`."""

    def __init__(self, config: MappingConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MappingConfig()
        hidden = config.hidden
        self.first = nn.Sequential(nn.Conv1d(config.coefficients, hidden, 7))
        for layer in range(config.layers):
            self.add_module(
                f"encoder{layer}", nn.Sequential(nn.LeakyReLU(0.1), nn.Conv1d(hidden, hidden, 3, dilation=3))
            )
        self.fc_roll = nn.Linear(hidden, BINS)
        self.fc_pitch = nn.Linear(hidden, BINS)
        self.fc_yaw = nn.Linear(hidden, BINS)
        self.fc_t = nn.Linear(hidden, 3)
        self.fc_exp = nn.Linear(hidden, 3 * KEYPOINTS)

    def forward(self, windows: Tensor) -> HeadMotion:
        """Windows of coefficients (B, 70 or 73, 27) -> motion of their middle frames."""
        y = self.first(windows)  # (B, 1024, 21)
        for layer in range(self.config.layers):
            y = self.get_submodule(f"encoder{layer}")(y) + y[:, :, 3:-3]  # 15, 9, 3
        y = y.mean(2)  # (B, 1024)
        return HeadMotion(self.fc_yaw(y), self.fc_pitch(y), self.fc_roll(y), self.fc_t(y), self.fc_exp(y))


def full_mapping() -> MappingNet:
    """The network of mapping_00109."""
    return MappingNet(FULL)
