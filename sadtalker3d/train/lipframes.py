"""The frames of a speech corpus with the mouth that belongs to each, and the drawing of augmented batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.mel import window_columns
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

    sequences: int = 12
    frames: int = 64  # of each: 2.6 s, twice as far as the network looks
    rest_share: float = 0.10  # sounds that are not speech
    babble_share: float = 0.2  # of the noise under speech: other voices


@dataclass(frozen=True)
class FrameSet:
    """Frames of one part of the corpus, utterance after utterance, ready to be drawn."""

    columns: np.ndarray  # (N, 16) int32 rows of the corpus's mel array
    targets: np.ndarray  # (N, D) float32, the driven columns
    phone: np.ndarray  # (N,) int64 index into PHONES of the sound in the middle of the frame
    shut: np.ndarray  # (N,) float32, 1 where the lips must be closed
    touching: np.ndarray  # (N,) float32, 1 where the lower lip must be at the teeth

    def __len__(self) -> int:
        return len(self.phone)


@dataclass(frozen=True)
class Batch:
    """Sequences of consecutive frames: of speech first, then of other sounds."""

    windows: Tensor  # (B, T, 1, 80, 16)
    targets: Tensor  # (B, T, D)
    phone: Tensor  # (B, T) int64
    shut: Tensor  # (B, T)
    touching: Tensor  # (B, T)
    speaking: Tensor  # (B, 1) 0 for sounds that are not speech
    blink_ratio: Tensor  # (B, T, 1)


PHONES = tuple(SHAPES)


def frame_set(corpus: Corpus, part: str, mouth: Mouth) -> FrameSet:
    """All frames of a part, with the teacher's targets."""
    columns, targets, phones = [], [], []
    for utterance in corpus.of(part):
        frames = int(utterance.columns / COLUMNS_PER_FRAME)
        targets.append(targets_of(corpus, utterance, frames, mouth)[:, list(DRIVEN)])
        columns.append(np.clip(window_columns(0, frames), 0, utterance.columns - 1) + utterance.first)
        phones.append(phone_indices(utterance, frames))
    phone = np.concatenate(phones)
    shut, touching = (
        np.isin(phone, [PHONES.index(name) for name in names]).astype(np.float32)
        for names in (BILABIAL, LABIODENTAL)
    )
    wanted = np.concatenate(targets).astype(np.float32)
    return FrameSet(np.concatenate(columns).astype(np.int32), wanted, phone, shut, touching)


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
    """Draws augmented batches. A sequence may run from one utterance into the next: pauses lie between."""

    def __init__(
        self, mel: np.ndarray, speech: FrameSet, sounds: FrameSet, config: BatchConfig, seed: int
    ) -> None:
        import torch

        self.mel, self.speech, self.sounds, self.config = mel, speech, sounds, config
        self.rng = np.random.default_rng([seed, 3])
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, strength: float = 1.0) -> Batch:
        """One batch; `strength` 0..1 scales what the augmentation does."""
        import torch

        config = self.config
        resting = max(1, round(config.sequences * config.rest_share))
        speaking = config.sequences - resting
        rows, quiet = self._rows(self.speech, speaking), self._rows(self.sounds, resting)

        def both(name: str) -> Tensor:
            chosen = [getattr(self.speech, name)[rows], getattr(self.sounds, name)[quiet]]
            return torch.from_numpy(np.concatenate(chosen))

        said, said_places = self._blocks(self.speech.columns[rows])
        other, other_places = self._blocks(self.sounds.columns[quiet])
        heard = mel_windows_augmented(
            torch.cat([said, other]), self._noise(config.sequences), self.generator, strength=strength
        )  # (B, 80, C): one recording for the whole sequence
        places = torch.from_numpy(np.concatenate([said_places, other_places]))  # (B, T, 16)
        which = torch.arange(config.sequences)[:, None, None]
        windows = heard.transpose(1, 2)[which, places].transpose(2, 3)[:, :, None]  # (B, T, 1, 80, 16)
        return Batch(
            windows,
            both("targets"),
            both("phone"),
            both("shut"),
            both("touching"),
            (torch.arange(config.sequences) < speaking).float()[:, None],
            self._blink_ratio(),
        )

    def _rows(self, frames: FrameSet, count: int) -> np.ndarray:
        """(count, T) consecutive frames from anywhere."""
        length = self.config.frames
        return self.rng.integers(0, len(frames) - length, count)[:, None] + np.arange(length)

    def _blocks(self, columns: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Mel around sequences of windows: columns (B, T, 16) -> mel (B, 80, C) and places (B, T, 16) in it."""
        import torch

        first = columns.min((1, 2))
        taken = first[:, None] + np.arange(self._most_columns)
        mel = self.mel[np.minimum(taken, len(self.mel) - 1)].astype(np.float32)  # (B, C, 80)
        return torch.from_numpy(mel).transpose(1, 2), columns - first[:, None, None]

    @property
    def _most_columns(self) -> int:
        # an utterance ends with up to 3 columns that fill no frame; a sequence may run over several ends
        return int(self.config.frames * (COLUMNS_PER_FRAME + 0.3)) + 32

    def _noise(self, count: int) -> Tensor:
        """Sounds that are not speech, or several other voices at once: (B, 80, C)."""
        import torch

        sounds, _ = self._blocks(self.sounds.columns[self._rows(self.sounds, count)])
        voices = [self._blocks(self.speech.columns[self._rows(self.speech, count)])[0] for _ in range(3)]
        babble = torch.stack(voices).amax(0)
        chosen = torch.from_numpy(self.rng.random(count) < self.config.babble_share)
        return torch.where(chosen[:, None, None], babble, sounds - 0.8)

    def _blink_ratio(self) -> Tensor:
        """(B, T, 1) lids anywhere between open and closed."""
        import torch

        size = (self.config.sequences, self.config.frames, 1)
        return torch.from_numpy(self.rng.random(size, dtype=np.float32))
