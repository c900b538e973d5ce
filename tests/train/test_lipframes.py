"""Batches hold sequences of consecutive frames, each heard as one recording."""

from __future__ import annotations

import numpy as np
import pytest

import bfm
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import Corpus, load
from sadtalker3d.train.lipframes import BatchConfig, Batches, FrameSet, frame_set
from tests.train import tiny_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus") / "tiny"
    tiny_corpus.write(folder)
    return load(folder, tiny_corpus.CONFIG)


@pytest.fixture(scope="module")
def sets(corpus: Corpus) -> tuple[FrameSet, FrameSet]:
    mouth = Mouth.of(bfm.load("open"))
    return frame_set(corpus, "train", mouth), frame_set(corpus, "rest", mouth)


def test_sequences_are_consecutive_frames_with_their_own_windows(
    corpus: Corpus, sets: tuple[FrameSet, FrameSet]
) -> None:
    speech, sounds = sets
    batch = Batches(corpus.mel, speech, sounds, BatchConfig(sequences=10), seed=0).draw(strength=0.0)
    assert batch.windows.shape == (10, 64, 1, 80, 16)
    assert batch.speaking[:, 0].tolist() == [1.0] * 9 + [0.0]
    for sequence in range(9):
        windows, targets = batch.windows[sequence, :, 0].numpy(), batch.targets[sequence].numpy()
        phones = batch.phone[sequence].numpy()
        rows = np.lib.stride_tricks.sliding_window_view(speech.phone, 64)
        first = int(np.flatnonzero((rows == phones).all(axis=1))[0])
        np.testing.assert_array_equal(targets, speech.targets[first : first + 64])
        mel = corpus.mel[speech.columns[first : first + 64]].transpose(0, 2, 1)  # (64, 80, 16)
        heard = np.corrcoef(windows.ravel(), mel.astype(np.float32).ravel())[0, 1]
        assert heard > 0.95  # the augmentation at its weakest still changes the level


def test_the_same_seed_draws_the_same_batch(corpus: Corpus, sets: tuple[FrameSet, FrameSet]) -> None:
    drawn = [Batches(corpus.mel, *sets, BatchConfig(), seed).draw().windows.numpy() for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.abs(drawn[0] - drawn[2]).max() > 0.1
