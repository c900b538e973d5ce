"""Making synthetic speech sound like any microphone, room and voice: on waves once, on mel windows at every
step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SAMPLE_RATE = 16000


def in_a_room(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The wave with a random echo: noise that decays by 60 dB in 0.15 to 0.7 s, duller with time, same
    level.
    """
    from scipy.signal import fftconvolve

    decay_s = rng.uniform(0.15, 0.7)
    t = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / decay_s)
    dull = fftconvolve(tail, np.full(8, 1 / 8), mode="same") * 2
    tail = tail + (dull - tail) * (t / decay_s)
    tail[: int(rng.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0
    tail *= 10 ** (-rng.uniform(2, 16) / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    heard = fftconvolve(wave, tail)[: len(wave)]
    return (heard * np.std(wave) / max(float(np.std(heard)), 1e-9)).astype(np.float32)


@dataclass(frozen=True)
class AugmentConfig:
    """Chances and ranges of what is done to a mel window."""

    noise_chance: float = 0.65
    noise_snr_db: tuple[float, float] = (0.0, 35.0)
    gain_db: tuple[float, float] = (-16.0, 14.0)
    warp: float = 0.07  # share by which the mel axis is stretched, besides the formant shifts of the corpus
    tilt_db: float = 9.0  # from the lowest to the highest band
    ripple_db: float = 4.0  # of each of six smooth ripples over the bands
    band_limit_chance: float = 0.25
    breathiness_chance: float = 0.25
    loudness_curve: float = 0.15  # stretch of the decibel scale: compressors and expanders
    mask_chance: float = 0.1

    def weakened(self, strength: float) -> AugmentConfig:
        """The same with colours, warps and chances scaled, and noise lower; the level varies as ever."""
        quietest, loudest = self.noise_snr_db[1], self.noise_snr_db[0]
        return AugmentConfig(
            noise_chance=self.noise_chance * strength,
            noise_snr_db=(quietest + strength * (loudest - quietest), quietest),
            gain_db=self.gain_db,
            warp=self.warp * strength,
            tilt_db=self.tilt_db * strength,
            ripple_db=self.ripple_db * strength,
            band_limit_chance=self.band_limit_chance * strength,
            breathiness_chance=self.breathiness_chance * strength,
            loudness_curve=self.loudness_curve * strength,
            mask_chance=self.mask_chance * strength,
        )


_DB_PER_UNIT = 12.5  # upstream's scale: -4..4 is 100 dB


def mel_windows_augmented(
    windows: Tensor,
    noise: Tensor,
    generator: torch.Generator,
    config: AugmentConfig | None = None,
    *,
    strength: float = 1.0,
) -> Tensor:
    """Each window as another recording of the same moment.

    windows, noise : (N, 80, 16) in upstream's scale -> (N, 80, 16). A window's settings hold for all its
    columns; they are drawn anew for each window, so that no two look alike.
    strength : 0 does little, 1 all that `config` says
    """
    import torch

    config = (config or AugmentConfig()).weakened(strength)
    count, bands, columns = windows.shape
    device = windows.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand((count, *shape), generator=generator, device=device)

    db = windows * _DB_PER_UNIT  # (N, 80, 16)

    # voice: another throat
    band = torch.arange(bands, device=device, dtype=torch.float32)
    place = (band * (1 + uniform(-config.warp, config.warp, 1))).clamp(0, bands - 1.001)  # (N, 80)
    below = place.floor().long()
    part = (place - below)[:, :, None]
    low = db.gather(1, below[:, :, None].expand(-1, -1, columns))
    high = db.gather(1, (below + 1)[:, :, None].expand(-1, -1, columns))
    db = low + (high - low) * part
    db = (db - 12.5) * (1 + uniform(-config.loudness_curve, config.loudness_curve, 1, 1)) + 12.5

    # voice: breath follows the loudness
    breathy = (uniform(0, 1, 1, 1) < config.breathiness_chance).float()
    breath = db.logsumexp(1, keepdim=True) - uniform(14, 34, 1, 1) + 8 * (band / bands)[None, :, None]
    breath = breath + 5 * torch.randn(db.shape, generator=generator, device=device)
    db = torch.maximum(db, breath - 100 * (1 - breathy))

    # the world: noise under the speech, each with its own colour
    snr_db = uniform(*config.noise_snr_db, 1, 1)
    snr_db = torch.where(uniform(0, 1, 1, 1) < config.noise_chance, snr_db, torch.full_like(snr_db, 90.0))
    noise_db = noise * _DB_PER_UNIT - snr_db + _colour(uniform, band, config)
    db = 10 * torch.logaddexp(db * 0.2302585, noise_db * 0.2302585) / 2.302585

    # the microphone and what the sound went through
    db = db + _colour(uniform, band, config) + uniform(*config.gain_db, 1, 1)
    limited = uniform(0, 1, 1, 1) < config.band_limit_chance
    top = uniform(50, 79, 1, 1)  # of 80 mel bands: 2.5 kHz and up
    bottom = uniform(0, 6, 1, 1)
    loss = 8 * ((band[None, :, None] - top).clamp(min=0) + (bottom - band[None, :, None]).clamp(min=0))
    db = torch.where(limited, db - loss.clamp(max=60), db)

    out = db / _DB_PER_UNIT + 0.04 * torch.randn(db.shape, generator=generator, device=device)
    masked = uniform(0, 1, 1, 1) < config.mask_chance
    centre = uniform(0, bands, 1, 1)
    inside = (band[None, :, None] - centre).abs() < uniform(1, 5, 1, 1)
    out = torch.where(masked & inside, torch.full_like(out, -4.0), out)
    return out.clamp(-4.0, 4.0)


def _colour(uniform, band: Tensor, config: AugmentConfig) -> Tensor:  # type: ignore[no-untyped-def]
    """A smooth random filter in dB over the bands: (N, 80, 1)."""
    import torch

    x = band / len(band)
    curve = uniform(-config.tilt_db, config.tilt_db, 1) * (x - 0.5)
    for k in range(1, 7):
        curve = curve + config.ripple_db / k**0.5 * uniform(-1, 1, 1) * torch.cos(
            torch.pi * k * x + uniform(0, 6.2832, 1)
        )
    return curve[:, :, None]
