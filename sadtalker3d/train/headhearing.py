"""Teaching PoseVAE's audio encoder what heads follow: loudness, its rise, the voice's colour, the pace."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from sadtalker3d.mel import frame_windows
from sadtalker3d.motion.audio_encoder import EMBEDDING
from sadtalker3d.train.headmotion import HeadClip

BATCH = 96
LEARNING_RATE = 5e-4
LEVEL_RANGE = 1.2  # of the normalised mel, where 0.8 is 10 dB: recordings differ that much
TILT_RANGE = 0.6  # between lowest and highest band: microphones differ that much
PACE_LAGS = (-10, -5, 0, 5, 10)  # frames around the window at which the head's speed is to be guessed
PACE_WEIGHT = 0.3  # the head is only partly in the voice


def train_hearing(
    encoder: nn.Module, clips: list[HeadClip], steps: int, seed: int, log: Callable[[str], None]
) -> None:
    """Train `encoder` (windows (N, 1, 80, 16) -> (N, 512)) on clips with sound; it is left in eval mode."""
    spoken = [clip for clip in clips if clip.speaks and clip.mel is not None]
    windows = np.concatenate([frame_windows(c.mel, 0, len(c.pose)) for c in spoken if c.mel is not None])
    goals = torch.from_numpy(np.concatenate([_goals(clip) for clip in spoken]))  # (N, G)
    goals = (goals - goals.mean(dim=0)) / (goals.std(dim=0) + 1e-6)
    weights = torch.ones(goals.shape[1])
    weights[-len(PACE_LAGS) :] = PACE_WEIGHT
    guess = nn.Linear(EMBEDDING, goals.shape[1])
    optimiser = torch.optim.Adam([*encoder.parameters(), *guess.parameters()], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    rng = np.random.default_rng([seed, 1])
    encoder.train()
    for step in range(steps):
        rows = rng.integers(len(windows), size=BATCH)
        heard = torch.from_numpy(_recorded_elsewhere(windows[rows], rng))
        with torch.autocast("cpu", torch.bfloat16):
            error = (guess(encoder(heard)).float() - goals[rows]).square()
        loss = (error * weights).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            log(f"posevae: hearing, step {step + 1} of {steps}, loss {float(loss.detach()):.3f}")
    encoder.eval()


@torch.no_grad()
def hear(encoder: nn.Module, windows: np.ndarray, every: int = 4, block: int = 256) -> Tensor:
    """Embeddings (N, 512) of windows (N, 1, 80, 16): every fourth is heard, those between are interpolated.

    Generation does the same: a window is five frames long, and a head is slow.
    """
    heard = np.ascontiguousarray(windows[::every])
    rows = range(0, len(heard), block)
    with torch.autocast("cpu", torch.bfloat16):
        sparse = torch.cat([encoder(torch.from_numpy(heard[row : row + block])).float() for row in rows])
    at = torch.arange(len(windows)) / every
    low = at.long()
    high = (low + 1).clamp(max=len(sparse) - 1)
    share = (at - low)[:, None]
    return (1 - share) * sparse[low] + share * sparse[high]


def _goals(clip: HeadClip) -> np.ndarray:
    """What is to be heard in each frame's window, (N, G) float32."""
    from scipy.ndimage import gaussian_filter1d

    assert clip.mel is not None
    window = frame_windows(clip.mel, 0, len(clip.pose))[:, 0]  # (N, 80, 16)
    level = np.percentile(window.mean(axis=(1, 2)), 95)
    loudness = window[..., :15].reshape(len(window), 80, 5, 3).mean(axis=(1, 3)) - level  # (N, 5)
    colour = window[..., 5:11].reshape(len(window), 8, 10, 6).mean(axis=(2, 3))
    colour = colour - colour.mean(axis=1, keepdims=True)  # (N, 8)
    rise = np.maximum(np.diff(window, axis=2), 0).mean(axis=(1, 2))[:, None]
    speed = np.linalg.norm(np.gradient(clip.pose[:, :3], axis=0), axis=1)
    pace = np.log(gaussian_filter1d(speed, 3.0) + 1e-3)
    pace = pace - pace.mean()
    frames = np.clip(np.arange(len(pace))[:, None] + PACE_LAGS, 0, len(pace) - 1)
    return np.concatenate([loudness, colour, rise, pace[frames]], axis=1).astype(np.float32)


def _recorded_elsewhere(windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other levels and microphones: (N, 1, 80, 16) -> the same shape, within the mel's range."""
    level = rng.uniform(-LEVEL_RANGE, LEVEL_RANGE, (len(windows), 1, 1, 1))
    tilt = rng.uniform(-TILT_RANGE, TILT_RANGE, (len(windows), 1, 1, 1)) * np.linspace(-0.5, 0.5, 80)[:, None]
    return np.clip(windows + level + tilt, -4, 4).astype(np.float32)
