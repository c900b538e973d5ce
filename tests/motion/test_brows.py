"""Brows rise on accents, now and then, gently, and not in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sadtalker3d.audio import frame_windows, mel_spectrogram, open_audio
from sadtalker3d.motion.brows import brow_motion
from sadtalker3d.motion.prosody import Prosody, hear_prosody
from sadtalker3d.motion.silence import group_levels
from sadtalker3d.rig.arkit import OPEN_64

INNER = OPEN_64.index("browInnerUp")
DOWN = OPEN_64.index("browDownLeft")
BROWS = [i for i, name in enumerate(OPEN_64) if name.startswith("brow")]


@pytest.fixture(scope="module")
def prosody() -> Prosody:
    """A minute of real speech."""
    speech = Path(__file__).parents[2] / "samples" / "speech.wav"
    wave = np.tile(open_audio(speech).read(), 10)
    return hear_prosody(group_levels(frame_windows(mel_spectrogram(wave), 0, 1500)))


def accented(frames: int, accents: np.ndarray) -> Prosody:
    prominence = np.zeros(frames)
    prominence[accents] = 1.0
    ones, none = np.ones(frames), np.zeros(0, np.int64)
    return Prosody(prominence, ones > 0, none, none, ones)


def test_real_speech_raises_them_now_and_then(prosody: Prosody) -> None:
    takes = [brow_motion(prosody, np.random.default_rng(seed)) for seed in range(20)]
    raised = np.stack(takes)[:, :, INNER] > 0.12
    assert 8 <= np.diff(raised.astype(int)).clip(0).sum() / 20 <= 25  # a minute
    assert takes[0].shape == (1500, 64) and takes[0].dtype == np.float32
    for brows in takes:
        assert 0.15 < brows.max() <= 0.65
        assert brows[:, INNER].mean() < 0.1  # no permanent surprise
        assert brows[:, DOWN].mean() < 0.06  # and no permanent frown
        assert not np.delete(brows, BROWS, 1).any()


def test_no_twitch(prosody: Prosody) -> None:
    for seed in range(20):
        step = np.abs(np.diff(brow_motion(prosody, np.random.default_rng(seed)), axis=0))
        assert step.max() < 0.1  # 2.5 a second, as chosen: a raise to .5 in .375 s


def test_seeded(prosody: Prosody) -> None:
    a, b, c = (brow_motion(prosody, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_accents_are_where_they_rise() -> None:
    accents = np.arange(50, 500, 50)
    prosody = accented(500, accents)
    inner = sum(brow_motion(prosody, np.random.default_rng(s))[:, INNER] for s in range(40))
    assert all(inner[a - 1] > 2 * inner[a - 20] for a in accents)


def test_the_two_sides_are_alike_and_not_the_same(prosody: Prosody) -> None:
    brows = brow_motion(prosody, np.random.default_rng(3))
    left, right = (brows[:, OPEN_64.index(f"browOuterUp{side}")] for side in ("Left", "Right"))
    assert np.corrcoef(left, right)[0, 1] > 0.9 and np.abs(left - right).max() > 0.005


@pytest.mark.parametrize("frames", [1, 2, 100])
def test_silence_and_single_frames(frames: int) -> None:
    silent = hear_prosody(np.full((frames, 8), -50.0))
    assert not brow_motion(silent, np.random.default_rng(0)).any()
    assert brow_motion(accented(frames, np.arange(1)), np.random.default_rng(0)).shape == (frames, 64)
