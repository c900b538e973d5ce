"""The whole upper face: no twitch, each part with streams of its own, rest and life where nobody speaks."""

from __future__ import annotations

import numpy as np
import pytest

from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.prosody import Prosody
from sadtalker3d.motion.upperface import upper_face
from sadtalker3d.rig.arkit import OPEN_64

FRAMES = 3000  # two minutes


def columns_of(*names: str) -> list[int]:
    return [i for i, name in enumerate(OPEN_64) if name.startswith(names)]


BROWS, CHEEKS, GAZE, BLINK = (columns_of(n) for n in ("brow", "cheekSquint", "eyeLook", "eyeBlink"))
LIDS = columns_of("eyeSquint", "eyeWide")


def talk(active: float = 1.0) -> Prosody:
    """Phrases of 4 s with an accent every 0.4 s, pauses of 0.8 s."""
    frame = np.arange(FRAMES)
    speaking = (frame % 120 < 100) & (active > 0)
    change = np.diff(np.concatenate([[0], speaking]).astype(int))
    prominence = np.random.default_rng(0).random(FRAMES) * (frame % 10 == 5) * speaking
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return Prosody(prominence, speaking, starts, ends, np.full(FRAMES, active))


def mouth() -> np.ndarray:
    wave = np.sin(2 * np.pi * 4 * np.arange(FRAMES) / 25)[:, None]  # syllables, four a second
    return np.repeat(0.15 + 0.15 * wave, 64, axis=1)


def perform(gains: Gains | None = None, *, seed: int = 0, prosody: Prosody | None = None) -> np.ndarray:
    streams = np.random.default_rng(seed).spawn(3)
    head = np.radians(3) * np.sin(np.arange(FRAMES) / 15)[:, None] * np.ones(3)
    return upper_face(prosody or talk(), mouth(), head, gains or Gains(), *streams)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_twitches(seed: int) -> None:
    """Limits a frame, chosen by eye; a blink and a saccade are as fast as measured ones and are left out."""
    step = np.abs(np.diff(perform(Gains(blink=0), seed=seed), axis=0))
    assert step[:, BROWS].max() < 0.1
    assert step[:, CHEEKS].max() < 0.04
    slow = step[step[:, GAZE].max(axis=1) < 0.05]  # between saccades
    assert slow[:, LIDS].max() < 0.06
    assert step[:, BLINK].max() < 0.06


def test_only_the_upper_face_moves_and_stays_in_bounds() -> None:
    face = perform()
    assert not np.delete(face, BROWS + CHEEKS + GAZE + BLINK + LIDS, axis=1).any()
    assert face.dtype == np.float32 and face.min() >= 0 and face.max() <= 1
    assert perform(Gains(brows=10, cheeks=10, lids=10, gaze=10, blink=10)).max() <= 1


@pytest.mark.parametrize(
    ("part", "may_change"),
    [
        ("brows", BROWS + LIDS),  # brows widen the lids
        ("cheeks", CHEEKS + LIDS),
        ("lids", LIDS + BLINK),
        ("gaze", GAZE + LIDS + BLINK),  # lids follow the eyes
        ("blink", BLINK + LIDS),  # and give way to blinks
        ("upper_face", BROWS + CHEEKS + LIDS + BLINK),
    ],
)
def test_what_is_switched_off_does_not_change_the_others(part: str, may_change: list[int]) -> None:
    full, without = perform(), perform(Gains(**{part: 0}))
    assert not np.array_equal(full, without)
    assert np.array_equal(np.delete(full, may_change, 1), np.delete(without, may_change, 1))


def test_blinks_stay_when_the_gaze_is_switched_off() -> None:
    both = [perform(Gains(gaze=g, lids=0))[:, BLINK] for g in (0, 1)]
    assert np.array_equal(*both) and both[0].max() > 0.8


def test_where_nobody_speaks_brows_and_cheeks_rest_and_the_eyes_live() -> None:
    face = perform(prosody=talk(active=0.0))
    assert not face[:, BROWS + CHEEKS].any()
    assert (face[:, BLINK[0]] > 0.5).sum() > 20 and face[:, GAZE].any()
