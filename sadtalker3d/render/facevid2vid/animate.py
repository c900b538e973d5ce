"""A portrait, encoded once, and the frames that coefficients make of it, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.choices import Dtype
from sadtalker3d.render.facevid2vid.angle_path import angle_path
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.head_pose import moved_keypoints
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import FULL, MappingNet
from sadtalker3d.render.facevid2vid.picture import as_tensor
from sadtalker3d.render.facevid2vid.windows import driving_coefficients, source_window, window

MAPPED_AT_ONCE = 32  # frames; the mapping network is quick, and small batches keep memory flat


@dataclass(frozen=True)
class Networks:
    """The three networks of the renderer, in eval mode."""

    generator: Generator
    keypoints: KeypointDetector
    mapping: MappingNet

    @property
    def full(self) -> bool:
        """The mapping network knows the crop: its pictures are pasted back."""
        return self.mapping.config.coefficients == FULL.coefficients


@dataclass(frozen=True)
class HeadAngles:
    """Angles in degrees that replace the performance's: one number, or several to pass through."""

    yaw: Sequence[float] | None = None
    pitch: Sequence[float] | None = None
    roll: Sequence[float] | None = None


class FrameGenerator(Protocol):
    """A way to run the generator: `CpuGenerator` or `FoldedGenerator`."""

    def encode(self, portrait: Tensor, kp_source: Tensor, /) -> Any:
        """The portrait (1, 3, S, S) in 0..1 and its keypoints (1, 15, 3), once for all frames."""

    def frame(self, portrait: Any, kp_driving: Tensor, /) -> Tensor:
        """The frame (1, 3, S, S) in 0..1 of keypoints (1, 15, 3)."""


def frame_generator(
    generator: Generator, size: int, *, device: str = "cpu", dtype: Dtype = "auto"
) -> FrameGenerator:
    """The quickest way to run the generator for pictures of `size` pixels a side.

    device : "cpu" or a GPU such as "cuda"
    dtype : of the convolutions; "auto" is float32 on a CPU, and equal to upstream there, and bfloat16 on a GPU
    """
    from sadtalker3d.render.facevid2vid.cpu import CpuGenerator
    from sadtalker3d.render.facevid2vid.folded import FoldedGenerator

    on_cpu = torch.device(device).type == "cpu"
    usual = torch.float32 if on_cpu else torch.bfloat16
    chosen = usual if dtype == "auto" else {"float32": torch.float32, "bfloat16": torch.bfloat16}[dtype]
    # with matrix units (AMX) the plain convolutions of half precision cost less than Winograd's additions
    if on_cpu and not (chosen == torch.bfloat16 and torch.cpu._is_amx_tile_supported()):
        return CpuGenerator(generator, size, dtype=chosen)
    return FoldedGenerator(generator, device, chosen)


class AnimatedPortrait:
    """One portrait: what depends on it alone is computed when it is made.

    Parameters
    ----------
    networks : the renderer's
    picture : (H, W, 3) uint8 RGB, the cropped portrait
    source : (73,) coefficients of the portrait, 70 where the mapping network takes no crop
    size : pixels a side that the networks see, 256 or 512 with the official ones; the picture's width unless given
    device, dtype : see `frame_generator`
    """

    def __init__(
        self,
        networks: Networks,
        picture: np.ndarray,
        source: np.ndarray,
        *,
        size: int | None = None,
        device: str = "cpu",
        dtype: Dtype = "auto",
    ) -> None:
        size = size or picture.shape[1]
        self.networks, self.source = networks, np.asarray(source, np.float32)
        self._generator = frame_generator(networks.generator, size, device=device, dtype=dtype)
        with torch.inference_mode():
            portrait = as_tensor(picture, size)
            self._canonical = networks.keypoints(portrait)  # (1, 15, 3)
            at_rest = networks.mapping(torch.from_numpy(source_window(self.source, full=networks.full)))
            self._encoded = self._generator.encode(portrait, moved_keypoints(self._canonical, at_rest))

    def frames(
        self,
        motion: np.ndarray,
        *,
        still: bool = False,
        expression_scale: float = 1.0,
        angles: HeadAngles | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield a (S, S, 3) uint8 frame for every row of `motion`, (T, 70 or more)."""
        for keypoints in self.driving_keypoints(
            motion, still=still, expression_scale=expression_scale, angles=angles
        ):
            yield as_picture(self.frame(keypoints[None]))

    @torch.inference_mode()
    def frame(self, kp_driving: Tensor) -> Tensor:
        """The frame of keypoints (1, 15, 3): (1, 3, S, S) in 0..1."""
        return self._generator.frame(self._encoded, kp_driving)

    @torch.inference_mode()
    def driving_keypoints(
        self,
        motion: np.ndarray,
        *,
        still: bool = False,
        expression_scale: float = 1.0,
        angles: HeadAngles | None = None,
    ) -> Iterator[Tensor]:
        """Yield the keypoints (15, 3) of every frame."""
        driving = driving_coefficients(
            motion, self.source, full=self.networks.full, still=still, expression_scale=expression_scale
        )
        angles = angles or HeadAngles()
        paths = {
            f"{name}_deg": torch.from_numpy(angle_path(given, len(driving)).astype(np.float32))
            for name in ("yaw", "pitch", "roll")
            if (given := getattr(angles, name)) is not None
        }
        for start in range(0, len(driving), MAPPED_AT_ONCE):
            rows = np.arange(start, min(start + MAPPED_AT_ONCE, len(driving)))
            moved = self.networks.mapping(torch.from_numpy(window(driving, rows)))
            given = {name: path[start : start + len(rows)] for name, path in paths.items()}
            yield from moved_keypoints(self._canonical.expand(len(rows), -1, -1), moved, **given)


def as_picture(frame: Tensor) -> np.ndarray:
    """(1, 3, H, W) in 0..1 -> (H, W, 3) uint8, rounded as upstream does it."""
    return (frame[0].permute(1, 2, 0).float() * 255).round().clamp(0, 255).byte().contiguous().numpy()
