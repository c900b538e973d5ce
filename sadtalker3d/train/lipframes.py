"""The frames of a speech corpus with the mouth that belongs to each, and the drawing of augmented batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.mel import BANDS, window_columns
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.augment import mel_windows_augmented
from sadtalker3d.train.corpus import Corpus, Utterance
from sadtalker3d.train.phones import BILABIAL, LABIODENTAL, SHAPES
from sadtalker3d.train.teacher import DRIVEN, open_targets

if TYPE_CHECKING:
    from torch import Tensor

COLUMNS_PER_FRAME = 3.2


@dataclass(frozen=True)
class BatchConfig:
    """What a batch is made of."""

    frames: int = 40  # in pairs of neighbours; small: on a CPU many steps teach more than large ones
    rest_share: float = 0.10  # sounds that are not speech
    babble_share: float = 0.2  # of the noise under speech: other voices


@dataclass(frozen=True)
class FrameSet:
    """Frames ready to be drawn: mel columns and what belongs to them."""

    columns: np.ndarray  # (N, 16) int32 rows of the corpus's mel array
    targets: np.ndarray  # (N, D) float32, the driven columns
    phone: np.ndarray  # (N,) int64 index into PHONES of the sound in the middle of the frame
    shut: np.ndarray  # (N,) float32, 1 where the lips must be closed
    chance: np.ndarray  # (N,) of being drawn, with the frame that follows; 0 where none follows


@dataclass(frozen=True)
class Batch:
    """Windows of speech first, then of other sounds; frames 2 k and 2 k + 1 are neighbours in time."""

    windows: Tensor  # (B, 1, 80, 16)
    targets: Tensor  # (B, D)
    phone: Tensor  # (B,) int64
    shut: Tensor  # (B,)
    speaking: Tensor  # (B,) 0 for sounds that are not speech


PHONES = tuple(SHAPES)


def frame_set(corpus: Corpus, part: str, mouth: Mouth) -> FrameSet:
    """All frames of a part, with the teacher's targets."""
    columns, targets, phones, follows = [], [], [], []
    for utterance in corpus.of(part):
        frames = int(utterance.columns / COLUMNS_PER_FRAME)
        targets.append(targets_of(corpus, utterance, frames, mouth)[:, list(DRIVEN)])
        columns.append(np.clip(window_columns(0, frames), 0, utterance.columns - 1) + utterance.first)
        phones.append(phone_indices(utterance, frames))
        follows.append(np.arange(frames) + 1 < frames)
    phone, wanted = np.concatenate(phones), np.concatenate(targets).astype(np.float32)
    shut = np.isin(phone, [PHONES.index(name) for name in BILABIAL]).astype(np.float32)
    teeth = np.isin(phone, [PHONES.index(name) for name in LABIODENTAL])
    moving = np.abs(wanted).sum(1) > 0.05
    # closures are short and lips seldom touch the teeth: without help the network would leave them out
    chance = (0.3 + 0.7 * moving + 0.5 * shut + teeth) * np.concatenate(follows)
    return FrameSet(np.concatenate(columns).astype(np.int32), wanted, phone, shut, chance / chance.sum())


def targets_of(corpus: Corpus, utterance: Utterance, frames: int, mouth: Mouth) -> np.ndarray:
    """The teacher's (frames, 64) for an utterance of the corpus."""
    mel = corpus.mel[utterance.first : utterance.first + utterance.columns].astype(np.float32)
    return open_targets(utterance.phones, frames, mouth, loudness_db=(mel.max(1) + 4) * 12.5)


def phone_indices(utterance: Utterance, frames: int) -> np.ndarray:
    """(frames,) index into PHONES of what sounds in the middle of each frame."""
    middle = (np.arange(frames) + 0.5) / 25
    indices = np.full(frames, PHONES.index("sil"), np.int64)
    for phone in utterance.phones:
        indices[(middle >= phone.start_s) & (middle < phone.end_s)] = PHONES.index(phone.name)
    return indices


class Batches:
    """Draws augmented batches."""

    def __init__(
        self, mel: np.ndarray, speech: FrameSet, sounds: FrameSet, config: BatchConfig, seed: int
    ) -> None:
        import torch

        self.mel, self.speech, self.sounds, self.config = mel, speech, sounds, config
        self.rng = np.random.default_rng([seed, 3])
        self.generator = torch.Generator().manual_seed(seed)
        self.cumulative = np.cumsum(speech.chance)

    def draw(self, strength: float = 1.0) -> Batch:
        """One batch; `strength` 0..1 scales what the augmentation does."""
        import torch

        pairs = self.config.frames // 2
        resting = int(pairs * self.config.rest_share)
        first = np.searchsorted(self.cumulative, self.rng.random(pairs - resting) * self.cumulative[-1])
        rows = _with_next(np.minimum(first, len(self.cumulative) - 2))  # (2 speaking,)
        quiet = _with_next(self._any(self.sounds, resting))

        def both(name: str) -> np.ndarray:
            return np.concatenate([getattr(self.speech, name)[rows], getattr(self.sounds, name)[quiet]])

        columns = both("columns").reshape(pairs, -1)  # (P, 32): neighbours heard in one recording
        windows = mel_windows_augmented(
            self._windows(columns), self._noise(pairs), self.generator, strength=strength
        )  # (P, 80, 32)
        return Batch(
            windows.unflatten(2, (2, -1)).transpose(1, 2).reshape(2 * pairs, 1, BANDS, -1),
            torch.from_numpy(both("targets")),
            torch.from_numpy(both("phone")),
            torch.from_numpy(both("shut")),
            (torch.arange(2 * pairs) < len(rows)).float(),
        )

    def _windows(self, columns: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(self.mel[columns].astype(np.float32)).transpose(1, 2)  # (B, 80, 16)

    def _noise(self, pairs: int) -> Tensor:
        """Sounds that are not speech, or several other voices at once: (P, 80, 32)."""
        import torch

        sounds = self.sounds.columns[_with_next(self._any(self.sounds, pairs))].reshape(pairs, -1)
        voices = [
            self.speech.columns[_with_next(self._any(self.speech, pairs))].reshape(pairs, -1)
            for _ in range(4)
        ]
        babble = torch.stack([self._windows(columns) for columns in voices]).amax(0)  # (P, 80, 32)
        chosen = torch.from_numpy(self.rng.random(pairs) < self.config.babble_share)
        return torch.where(chosen[:, None, None], babble, self._windows(sounds) - 0.8)

    def _any(self, frames: FrameSet, count: int) -> np.ndarray:
        """(count,) frames, each with one after it."""
        return self.rng.integers(0, len(frames.phone) - 1, count)


def _with_next(rows: np.ndarray) -> np.ndarray:
    """(n,) frames -> (2 n,), each followed by its neighbour."""
    return np.stack([rows, rows + 1], axis=1).ravel()
