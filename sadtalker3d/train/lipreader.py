"""The lip reader: moving points of a mouth -> which phone is being said, frame by frame.

It watches the mesh, not a picture; the numbers behind that choice are in `readercomparison`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from sadtalker3d.errors import UserError
from sadtalker3d.train.lipframes import PHONES
from sadtalker3d.train.readerpoints import INNER_LIP, ReaderPoints


@dataclass(frozen=True)
class ReaderConfig:
    """Size of the network. It sees 11 frames to each side, 0.44 s: coarticulation reaches about so far."""

    channels: int = (
        64  # 96 read 92.2 instead of 91.6 % of the visemes, and a loss through them costs half more
    )
    first_kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 3, 3)
    scale_mm: float = 5.0  # what one unit of the input is
    seen_gap_mm: float = 2.0  # the tongue shows where the lips are further apart
    seen_softness_mm: float = 0.7


class LipReader(nn.Module):
    """Driven columns or points over time -> scores of the phones.

    It carries the points with it, so that frozen weights read any (B, T, D) of driven columns.
    """

    rest: Tensor
    moves: Tensor

    def __init__(self, points: ReaderPoints, config: ReaderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ReaderConfig()
        self.tongue = points.tongue
        self.register_buffer("rest", torch.from_numpy(points.rest).float(), persistent=False)  # (n, 3)
        self.register_buffer("moves", torch.from_numpy(points.moves).float(), persistent=False)  # (D, n, 3)
        n, width = len(points.rest), config.channels
        self.first = nn.Conv1d(3 * n, width, config.first_kernel, padding=config.first_kernel // 2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in config.dilations
        )
        self.mixed = nn.Conv1d(width, width, 1)
        self.named = nn.Conv1d(width, len(PHONES), 1)

    def watched(self, driven: Tensor) -> Tensor:
        """Where the points are, relative to the mean head at rest: (B, T, D) -> (B, T, n, 3) mm."""
        return (driven @ self.moves.flatten(1)).unflatten(-1, self.rest.shape)

    def features(self, moved: Tensor) -> Tensor:
        """What the network makes of (B, T, n, 3) mm, before it names it: (B, channels, T)."""
        config, tongue = self.config, self.tongue
        lips = moved[..., : 2 * INNER_LIP, 1]
        middle = slice(INNER_LIP // 2 - 1, INNER_LIP // 2 + 2)
        gap = (lips[..., :INNER_LIP] - lips[..., INNER_LIP:])[..., middle].mean(-1)  # (B, T)
        seen = torch.sigmoid((gap - config.seen_gap_mm) / config.seen_softness_mm)
        shown = torch.cat([moved[..., :-tongue, :], moved[..., -tongue:, :] * seen[..., None, None]], -2)
        x = (shown.flatten(2) / config.scale_mm).transpose(1, 2)  # (B, 3 n, T)
        x = gelu(self.first(x))
        for block in self.blocks:
            x = x + gelu(block(x))
        return gelu(self.mixed(x))

    def forward(self, moved: Tensor) -> Tensor:
        """Scores (logits) of the phones: (B, T, n, 3) mm -> (B, T, phones)."""
        return self.named(self.features(moved)).transpose(1, 2)

    def save(self, path: Path) -> None:
        """Write the weights, .safetensors."""
        from safetensors.torch import save_file

        from sadtalker3d.files import replacing

        with replacing(path) as beside:
            save_file({name: value.contiguous() for name, value in self.state_dict().items()}, beside)

    @classmethod
    def load(cls, path: Path, points: ReaderPoints) -> LipReader:
        """A trained reader of any width, frozen; UserError when the file is missing or of another network."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        if not path.exists():
            raise UserError(f"{path}: there is no lip reader; make it with `sadtalker3d train reader`")
        try:
            state = load_file(path)
            reader = cls(points, ReaderConfig(channels=len(state["first.weight"])))
            reader.load_state_dict(state)
        except (SafetensorError, KeyError, RuntimeError) as error:
            raise UserError(f"{path}: not the weights of this lip reader; train it again") from error
        return reader.requires_grad_(False).eval()
