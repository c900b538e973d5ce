"""Windows of measured heads in batches, with what the audio encoder hears in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.errors import UserError
from sadtalker3d.mel import frame_windows
from sadtalker3d.motion.posevae import WINDOW, PoseVAE
from sadtalker3d.train.headhearing import hear
from sadtalker3d.train.headmotion import HeadClip, mirrored, speech_energy
from sadtalker3d.train.headstyles import HeadStyle, draw_windows

LEVELS = (0.0, -0.9, 0.9)  # of the normalised mel; 0.8 is 10 dB


@dataclass
class Batch:
    """Windows in units of the spread: motion (B, 32, 6), reference (B, 6), audio (B, 32, 512) ..."""

    motion: Tensor
    reference: Tensor
    audio: Tensor
    style: Tensor  # (B,)
    loudness: Tensor  # (B, 32), standardised


class Windows:
    """Batches of windows of clips, with what the frozen audio encoder hears in them."""

    def __init__(
        self, net: PoseVAE, clips: list[HeadClip], styles: list[HeadStyle], spread: np.ndarray, seed: int
    ) -> None:
        self.clips, self.styles, self.spread, self.seed = clips, styles, spread, seed
        net.audio_encoder.eval()
        # (level, clip): quieter and louder recordings of the same are to move the head alike
        self.audio = [
            [hear(net.audio_encoder, np.clip(_mel_windows(clip) + level, -4, 4)) for clip in clips]
            for level in LEVELS
        ]
        loudness = [speech_energy(_mel(clip), len(clip.pose)) for clip in clips]
        pooled = np.concatenate(loudness)
        self.loudness = [(one - pooled.mean()) / (pooled.std() + 1e-6) for one in loudness]

    def batch(self, size: int, number: int) -> Batch:
        rng = np.random.default_rng([self.seed, number])
        draws = draw_windows(self.clips, self.styles, size, rng)
        poses = []
        for one in draws:
            pose = self.clips[one.clip].pose[one.start : one.start + WINDOW + 1] * one.gain / self.spread
            poses.append(mirrored(pose) if one.mirrored else pose)
        pose = np.stack(poses).astype(np.float32)  # (B, 33, 6)
        heard = [slice(one.start + 1, one.start + 1 + WINDOW) for one in draws]
        levels = rng.integers(len(LEVELS), size=size)
        return Batch(
            motion=torch.from_numpy(pose[:, 1:] - pose[:, :1]),
            reference=torch.from_numpy(pose[:, 0]),
            audio=torch.stack(
                [self.audio[k][one.clip][at] for k, one, at in zip(levels, draws, heard, strict=True)]
            ),
            style=torch.tensor([one.style for one in draws]),
            loudness=torch.tensor(
                np.stack([self.loudness[one.clip][at] for one, at in zip(draws, heard, strict=True)]),
                dtype=torch.float32,
            ),
        )


def _mel(clip: HeadClip) -> np.ndarray:
    if clip.mel is None:
        raise UserError(f"{clip.name}: has no sound")
    return clip.mel


def _mel_windows(clip: HeadClip) -> np.ndarray:
    return frame_windows(_mel(clip), 0, len(clip.pose))
