"""The photo's own expression and the track's."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.expression import speaking, together
from sadtalker3d.rig.arkit import OPEN_64
from tests.render.painted import weights

SMILE = weights(mouthSmile=0.6, jawOpen=0.2, eyeBlink=0.1)


def test_neutral_gives_the_photo() -> None:
    track = np.zeros((4, 64), np.float32)
    speaks = speaking(track, OPEN_64, 25)
    assert not speaks.any()
    np.testing.assert_array_equal(together(SMILE, track, speaks, OPEN_64), np.tile(SMILE, (4, 1)))


def test_eyes_alone_are_no_speech() -> None:
    track = np.tile(weights(eyeBlink=1.0, browInnerUp=1.0), (9, 1))
    assert not speaking(track, OPEN_64, 25).any()


def test_speaking_comes_before_the_sound_and_without_a_jump() -> None:
    track = np.zeros((100, 64), np.float32)
    track[50:60, OPEN_64.index("jawOpen")] = 0.3
    speaks = speaking(track, OPEN_64, 25)
    assert speaks[:30].max() == 0 and speaks[76:].max() == 0
    np.testing.assert_allclose(speaks[50:60], 1, atol=1e-6)
    assert np.abs(np.diff(speaks)).max() < 0.2


def test_the_track_alone_parts_the_lips_of_a_speaker() -> None:
    track = np.tile(weights(mouthPress=0.3), (3, 1))
    total = together(SMILE, track, np.ones(3), OPEN_64)
    assert total[0, OPEN_64.index("jawOpen")] == 0
    assert 0.2 < total[0, OPEN_64.index("mouthSmileLeft")] < 0.6


def test_lids_and_smiles_stop_at_one() -> None:
    track = weights(eyeBlink=1.0, mouthSmile=0.9)[None]
    total = together(SMILE, track, np.zeros(1), OPEN_64)
    np.testing.assert_allclose(total[0, OPEN_64.index("eyeBlinkLeft")], 1)
    assert total.max() <= 1 + 1e-6
