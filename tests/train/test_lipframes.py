"""Batches hold neighbouring frames in pairs, heard in one recording, and never across two utterances."""

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


def test_the_last_frame_of_an_utterance_is_never_drawn_first(sets: tuple[FrameSet, FrameSet]) -> None:
    speech, _ = sets
    assert speech.chance[29::30].max() == 0
    assert speech.chance[:29].min() > 0


def test_pairs_are_neighbours_in_one_recording(corpus: Corpus, sets: tuple[FrameSet, FrameSet]) -> None:
    speech, sounds = sets
    batch = Batches(corpus.mel, speech, sounds, BatchConfig(frames=20), seed=0).draw(strength=0.0)
    assert batch.windows.shape == (20, 1, 80, 16)
    assert batch.speaking.tolist() == [1.0] * 18 + [0.0] * 2
    windows, targets = batch.windows[:, 0].numpy(), batch.targets.numpy()
    for first in range(0, 18, 2):
        here = np.flatnonzero((speech.targets == targets[first]).all(axis=1))
        after = np.flatnonzero((speech.targets == targets[first + 1]).all(axis=1))
        assert np.intersect1d(here + 1, after).size
        # 13 of the 16 columns are the same sound, or 12: 3.2 columns pass in a frame
        same = min(
            np.abs(windows[first, :, step:] - windows[first + 1, :, : 16 - step]).mean() for step in (3, 4)
        )
        assert same < 0.3 < np.abs(windows[first] - windows[first + 1]).mean()


def test_the_same_seed_draws_the_same_batch(corpus: Corpus, sets: tuple[FrameSet, FrameSet]) -> None:
    drawn = [Batches(corpus.mel, *sets, BatchConfig(), seed).draw().windows.numpy() for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.abs(drawn[0] - drawn[2]).max() > 0.1
