"""The generator on a GPU, or a CPU with matrix units: torch's own convolutions, in half precision where it is safe.

The portrait is encoded once, spectral and batch norms are folded into the weights. Places and the choice between
motions stay in float32: in bfloat16 a place is off by half a cell.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import remove_spectral_norm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sadtalker3d.render.facevid2vid.dense_motion import DenseMotion
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.grid import coordinate_grid


@dataclass(frozen=True)
class EncodedPortrait:
    """What depends on the portrait alone."""

    volume: Tensor  # (1, 32, D, H, W)
    compressed: Tensor  # (1, 4, D, H, W) float32
    kp_source: Tensor  # (1, 15, 3) float32


class FoldedGenerator:
    """Frames of portraits of any size; takes the weights it needs from `generator`, which can go afterwards.

    device : where it runs
    dtype : of the convolutions
    """

    @torch.no_grad()
    def __init__(self, generator: Generator, device: str | torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = torch.device(device), dtype
        folded = deepcopy(generator).eval()
        for module in list(folded.modules()):
            if hasattr(module, "weight_orig"):
                remove_spectral_norm(module)
            conv, norm = getattr(module, "conv", None), getattr(module, "norm", None)
            if isinstance(conv, nn.Conv2d | nn.Conv3d) and norm is not None:
                module.conv, module.norm = fuse_conv_bn_eval(conv, norm), nn.Identity()  # type: ignore[assignment]
        self.network = folded.to(self.device, dtype)
        if self.device.type == "cuda":  # on a CPU it is slower
            self.network.decoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.dense_motion_network.compress.float()
        self.network.dense_motion_network.norm.float()

    @torch.inference_mode()
    def encode(self, portrait: Tensor, kp_source: Tensor) -> EncodedPortrait:
        """The portrait (1, 3, S, S) in 0..1 and its keypoints (1, 15, 3), once for all frames."""
        volume = self.network.encode(portrait.to(self.device, self.dtype))
        compressed = self.network.dense_motion_network.compressed(volume.float())
        return EncodedPortrait(volume, compressed, kp_source.to(self.device))

    @torch.inference_mode()
    def frame(self, portrait: EncodedPortrait, kp_driving: Tensor) -> Tensor:
        """The frame (1, 3, S, S) in 0..1, on the CPU, for keypoints (1, 15, 3)."""
        network = self.network
        deformation, visible = self._motion(portrait, kp_driving.to(self.device))
        warped = F.grid_sample(portrait.volume.float(), deformation, align_corners=False).to(self.dtype)
        return network.decoder(network.flattened(warped) * visible).float().cpu()

    def _motion(self, portrait: EncodedPortrait, kp_driving: Tensor) -> tuple[Tensor, Tensor]:
        """`DenseMotion.forward` with its hourglass in `dtype`."""
        motion: DenseMotion = self.network.dense_motion_network
        grid = coordinate_grid(portrait.compressed.shape[2:], portrait.compressed)
        motions = motion.candidate_motions(grid, kp_driving, portrait.kp_source)
        moved = motion.moved_features(portrait.compressed, motions)
        heat = motion.heat_maps(grid, kp_driving, portrait.kp_source)
        y = motion.hourglass(torch.cat([heat[:, :, None], moved], dim=2).flatten(1, 2).to(self.dtype))
        return motion.chosen(motion.mask(y).float(), motions), motion.occlusion(y.flatten(1, 2)).sigmoid()
