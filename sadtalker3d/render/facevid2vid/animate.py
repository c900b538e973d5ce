"""A portrait, encoded once, and the frames that coefficients make of it, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.render.facevid2vid.angle_path import angle_path
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.head_pose import moved_keypoints
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import FULL, MappingNet
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


class AnimatedPortrait:
    """One portrait: what depends on it alone is computed when it is made.

    Parameters
    ----------
    networks : the renderer's
    picture : (S, S, 3) uint8 RGB, the cropped portrait; S is 256 or 512 with the official networks
    source : (73,) coefficients of the portrait, 70 where the mapping network takes no crop
    """

    def __init__(self, networks: Networks, picture: np.ndarray, source: np.ndarray) -> None:
        self.networks, self.source = networks, np.asarray(source, np.float32)
        with torch.inference_mode():
            portrait = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255  # (1, 3, S, S)
            self._volume = networks.generator.encode(portrait)
            self._canonical = networks.keypoints(portrait)  # (1, 15, 3)
            at_rest = networks.mapping(torch.from_numpy(source_window(self.source, full=networks.full)))
            self._kp_source = moved_keypoints(self._canonical, at_rest)

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
        return self.networks.generator.frame(self._volume, kp_driving, self._kp_source)

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
