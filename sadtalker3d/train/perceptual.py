"""How alike two pictures look: VGG-19's features where the user has them, else a pyramid of details."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker3d.errors import UserError

# VGG-19 up to relu5_1, (Simonyan and Zisserman 2015): channels of each convolution, or None for max pooling
VGG_LAYERS = (64, 64, None, 128, 128, None, 256, 256, 256, 256, None, 512, 512, 512, 512, None, 512)
COMPARED = ("features.0", "features.5", "features.10", "features.19", "features.28")  # relu1_1 ... relu5_1
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SMALLEST_PX = 8  # coarser levels of a pyramid say nothing of a face


class DetailPyramid(nn.Module):
    """Mean absolute difference of the Laplacian pyramids and gradients of two pictures, summed over levels.

    It stands in where no VGG is given: it needs no weights, and asks for edges where they belong, but knows
    nothing of faces. Burt and Adelson 1983 for the pyramid.
    """

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """(B, 3, H, W) twice, in 0..1 -> a number; 0 for equal pictures."""
        error = made - real  # a pyramid is linear: that of the difference is the difference of both
        losses = []
        while min(error.shape[2:]) >= SMALLEST_PX:
            low = F.avg_pool2d(error, 2)
            losses.append((error - F.interpolate(low, scale_factor=2, mode="bilinear")).abs().mean())
            losses.append((error[:, :, 1:] - error[:, :, :-1]).abs().mean())
            losses.append((error[..., 1:] - error[..., :-1]).abs().mean())
            error = low
        losses.append(error.abs().mean())
        return torch.stack(losses).sum()


class VggLoss(nn.Module):
    """Mean absolute difference of VGG-19's features at several sizes (Johnson et al. 2016, as face-vid2vid).

    path : torchvision's VGG-19 as .safetensors or .pth; it is read as weights only

    Raises UserError when it is another file.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, path: str | Path, sizes: int = 3) -> None:
        super().__init__()
        self.sizes = sizes
        layers: list[nn.Module] = []
        before = 3
        for channels in VGG_LAYERS:
            if channels is None:
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
            before = channels
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION)[:, None, None], persistent=False)
        self._load(Path(path))
        self.requires_grad_(False).eval()

    def _load(self, path: Path) -> None:
        wanted = self.state_dict()
        state = {key: value for key, value in _read(path).items() if key in wanted}
        missing = [key for key in wanted if key not in state or state[key].shape != wanted[key].shape]
        if missing:
            raise UserError(f"{path}: is not torchvision's VGG-19 ({missing[0]} is missing); give that file")
        self.load_state_dict(state)

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """(B, 3, H, W) twice, in 0..1 -> a number; 0 for equal pictures."""
        losses = []
        for _ in range(self.sizes):
            if min(made.shape[2:]) < 4 * SMALLEST_PX:  # relu5_1 is at a sixteenth
                break
            pairs = zip(self._compared(made), self._compared(real.detach()), strict=True)
            losses += [(ours - theirs).abs().mean() for ours, theirs in pairs]
            made, real = F.avg_pool2d(made, 2), F.avg_pool2d(real, 2)
        return torch.stack(losses).sum()

    def _compared(self, picture: Tensor) -> list[Tensor]:
        y = (picture - self.mean) / self.deviation
        kept, names = [], [int(name.split(".")[1]) + 1 for name in COMPARED]
        for number, layer in enumerate(self.features):
            y = layer(y)
            if number in names:
                kept.append(y)
        return kept


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return dict(torch.load(path, weights_only=True, map_location="cpu"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except Exception as error:  # a damaged file may raise anything
        raise UserError(f"{path}: not weights that can be read ({str(error).splitlines()[0]})") from None
