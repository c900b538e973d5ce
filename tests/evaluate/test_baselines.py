"""The two baselines: a jaw that knows loudness and nothing else, and the teacher."""

from __future__ import annotations

import numpy as np

import bfm
from sadtalker3d.evaluate.baselines import loudness_jaw, teacher_motion
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.phones import Phone


def test_the_jaw_follows_loudness_and_nothing_else_moves() -> None:
    time = np.arange(3 * 16000) / 16000
    wave = np.sin(2 * np.pi * 200 * time) * (np.sin(np.pi * time) ** 2)  # loud at 0.5, 1.5, 2.5 s
    motion = loudness_jaw(wave, 75)
    jaw = motion[:, OPEN_64.index("jawOpen")]
    assert {int(np.argmax(jaw[i : i + 25])) for i in (0, 25, 50)} <= {11, 12, 13}
    assert jaw[[0, 25, 50]].max() < 0.25 * jaw.max()
    assert np.count_nonzero(motion.any(axis=0)) == 1


def test_silence_keeps_the_jaw_shut() -> None:
    assert not loudness_jaw(np.zeros(16000), 25).any()


def test_the_teacher_takes_whole_and_unknown_phones() -> None:
    mouth = Mouth.of(bfm.load("open"))
    said = [Phone("sil", 0, 0.3), Phone("ay", 0.3, 0.6), Phone("m", 0.6, 0.7), Phone("?", 0.7, 1.0)]
    gap = mouth.measure(teacher_motion(said, np.full(16000, 0.1), 25, mouth), 52).gap_mm
    assert gap[9] > 5 > 1 > gap[16]
