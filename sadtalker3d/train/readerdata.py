"""What the lip reader learns from: the teacher's mouths on other heads, faster, slower, smaller and larger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.mouth import Mouth
from sadtalker3d.rotation import to_matrices
from sadtalker3d.train.corpus import Corpus
from sadtalker3d.train.lipframes import COLUMNS_PER_FRAME, PHONES, phone_indices, targets_of
from sadtalker3d.train.lipreader import LipReader
from sadtalker3d.train.readerpoints import ReaderPoints
from sadtalker3d.train.teacher import DRIVEN


@dataclass(frozen=True)
class VariationConfig:
    """How the mouths of a batch differ from the teacher's, each sequence by its own draw."""

    sequences: int = 16
    frames: int = 80
    gain: tuple[float, float] = (0.7, 1.3)  # of all movements: a closure stays one, its gap is below 0
    speed: tuple[float, float] = (0.8, 1.25)
    identity: float = 1.0  # standard deviations of a person
    head_scale: float = 0.06  # standard deviation
    pose_rad: float = 0.04  # what a head tracker leaves of the head's movement, 2 degrees
    shift_mm: float = 1.0
    noise_mm: float = 0.15


@dataclass(frozen=True)
class Spoken:
    """A part of the corpus in one piece; each utterance begins and ends in silence."""

    driven: np.ndarray  # (N, D) float32
    phone: np.ndarray  # (N,) int64 index into PHONES

    @classmethod
    def of(cls, corpus: Corpus, part: str, mouth: Mouth, most: int | None = None) -> Spoken:
        """The teacher's mouth for a part's utterances, or for the first `most` of them."""
        driven, phone = [], []
        for utterance in corpus.of(part)[:most]:
            frames = int(utterance.columns / COLUMNS_PER_FRAME)
            driven.append(targets_of(corpus, utterance, frames, mouth)[:, list(DRIVEN)])
            phone.append(phone_indices(utterance, frames))
        return cls(np.concatenate(driven), np.concatenate(phone))

    def chunks(self, frames: int) -> tuple[Tensor, Tensor]:
        """All of it, cut into (K, frames, D) and (K, frames)."""
        whole = len(self.phone) // frames * frames
        return (
            torch.from_numpy(self.driven[:whole]).unflatten(0, (-1, frames)),
            torch.from_numpy(self.phone[:whole]).unflatten(0, (-1, frames)),
        )


class Varied:
    """Draws batches of (B, T, n, 3) mm of moving points and (B, T) phones."""

    def __init__(self, spoken: Spoken, points: ReaderPoints, config: VariationConfig, seed: int) -> None:
        self.spoken, self.config = spoken, config
        self.rng = np.random.default_rng([seed, 88])
        self.identity = points.identity.reshape(len(points.identity), -1)

    def draw(self, reader: LipReader) -> tuple[Tensor, Tensor]:
        driven, phone = self.draw_driven()
        return self.on_other_heads(reader, torch.from_numpy(driven)), torch.from_numpy(phone)

    def draw_driven(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, T, D) of the driven columns, at other speeds and sizes, and (B, T) phones."""
        config, spoken, rng = self.config, self.spoken, self.rng
        speed = rng.uniform(*config.speed, (config.sequences, 1))
        last = len(spoken.phone) - 1 - int(config.frames * config.speed[1]) - 1
        time = rng.integers(0, last, (config.sequences, 1)) + np.arange(config.frames) * speed  # (B, T)
        before = time.astype(int)
        share = (time - before)[..., None].astype(np.float32)
        driven = spoken.driven[before] * (1 - share) + spoken.driven[before + 1] * share
        gain = rng.uniform(*config.gain, (config.sequences, 1, 1)).astype(np.float32)
        return np.clip(driven * gain, 0, 1), spoken.phone[np.rint(time).astype(int)]

    def on_other_heads(self, reader: LipReader, driven: Tensor) -> Tensor:
        """The points of (B, T, D) on other people's heads, not quite held still: (B, T, n, 3) mm."""
        config, rng, count = self.config, self.rng, len(driven)

        def normal(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape).astype(np.float32)

        person = (config.identity * normal(count, 80) @ self.identity).reshape(count, 1, -1, 3)
        moved = reader.watched(driven) + torch.from_numpy(person)
        turn = torch.from_numpy(to_matrices(config.pose_rad * normal(count, 3)).astype(np.float32))
        scale = torch.from_numpy(1 + config.head_scale * normal(count, 1, 1, 1))
        points = (reader.rest + moved) * scale
        points = points @ turn.transpose(1, 2)[:, None]
        points = points + torch.from_numpy(config.shift_mm * normal(count, 1, 1, 3))
        noise = torch.from_numpy(config.noise_mm * normal(*points.shape))
        return points + noise - reader.rest


def phone_weights(phone: np.ndarray) -> np.ndarray:
    """(phones,) weight of each phone in the loss: rare ones count more, by the root of how rare they are."""
    count = np.bincount(phone, minlength=len(PHONES)).astype(np.float64)
    weight = 1 / np.sqrt(np.maximum(count, 0.0005 * count.sum()))
    return (weight * count.sum() / (weight * count).sum()).astype(np.float32)
