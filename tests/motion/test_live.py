"""A live face: the same frames however the sound is cut, none later than 80 ms, at rest in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from sadtalker3d.errors import UserError
from sadtalker3d.motion.generate import Gains
from sadtalker3d.motion.live import LOOK_AHEAD_S, LiveFace, LiveFrames, generate_live
from sadtalker3d.rig.arkit import OPEN_64
from tests.motion.live_networks import seeded_networks

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"
FACE = [i for i, name in enumerate(OPEN_64) if not name.startswith("eye")]  # which live in silence too


@pytest.fixture(scope="module")
def wave() -> np.ndarray:
    """3 s of speech."""
    return soundfile.read(SPEECH, dtype="float32")[0][8000:56000]


def face(rate_hz: int = 16000, **options: object) -> LiveFace:
    return LiveFace(rate_hz, networks=seeded_networks(), **options)  # type: ignore[arg-type]


def numbers(*parts: LiveFrames) -> np.ndarray:
    return np.concatenate([np.hstack([p.expression, p.rotation, p.translation]) for p in parts])


def whole(wave: np.ndarray, rate_hz: int = 16000, **options: object) -> np.ndarray:
    live = face(rate_hz, **options)
    return numbers(live.hear(wave), live.finish())


@pytest.mark.parametrize(
    ("rate_hz", "longest"), [(16000, 7), (16000, 5000), (44100, 5000), (48000, 5000), (8000, 7)]
)
def test_the_pieces_change_nothing(wave: np.ndarray, rate_hz: int, longest: int) -> None:
    sound = soxr.resample(wave[: 16000 if longest == 7 else None], 16000, rate_hz)
    rng, live, parts, at = np.random.default_rng(longest), face(rate_hz, seed=3), [], 0
    while at < len(sound):
        length = int(rng.integers(0, longest + 1))
        parts.append(live.hear(sound[at : at + length]))
        at += length
    parts.append(live.finish())
    assert [part.first for part in parts] == np.cumsum([0, *map(len, parts[:-1])]).tolist()
    np.testing.assert_array_equal(numbers(*parts), whole(sound, rate_hz, seed=3))


@pytest.mark.parametrize("rate_hz", [16000, 44100, 48000, 8000])
def test_no_frame_is_later_than_80_ms_after_its_middle(wave: np.ndarray, rate_hz: int) -> None:
    sound = soxr.resample(wave, 16000, rate_hz)
    live, given, heard = face(rate_hz), 0, 0
    for frame in range(60):
        # other rates cost the resampler's 2 ms in the first frame, whose window has no slack
        late_s = 0.002 if frame == 0 and rate_hz != 16000 else 0
        due = int(((frame + 0.5) / 25 + LOOK_AHEAD_S + late_s) * rate_hz + 1e-6)
        given += len(live.hear(sound[heard:due]))
        heard = due
        assert given > frame


def test_int16_is_the_same_sound(wave: np.ndarray) -> None:
    integers = (wave * 32767).astype(np.int16)
    np.testing.assert_array_equal(whole(integers), whole(integers.astype(np.float32) / 32768))


def test_every_whole_frame_comes(wave: np.ndarray) -> None:
    for samples in (0, 1, 639, 640, 1279, 1280, 16000, 16639):
        assert len(whole(wave[:samples])) == samples // 640


def test_weights_stay_within_bounds_and_the_seed_decides(wave: np.ndarray) -> None:
    one, other = whole(wave, seed=1), whole(wave, seed=2)
    assert one[:, :64].min() >= 0 and one[:, :64].max() <= 1
    mouth = [i for i, name in enumerate(OPEN_64) if name.startswith(("jaw", "mouth", "tongue"))]
    np.testing.assert_array_equal(one[:, mouth], other[:, mouth])
    assert (one[:, 64:] != other[:, 64:]).any()


def test_silence_rests(wave: np.ndarray) -> None:
    assert not whole(np.zeros(80000))[:, FACE].any()
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(80000)
    assert not whole(quiet)[:, FACE].any()
    silence = np.zeros(16000, np.float32)
    made = whole(np.concatenate([silence, wave[:32000], silence]))[:, FACE]
    speaking = np.flatnonzero(made.any(axis=1))
    assert 23 <= speaking.min() <= 26 and 74 <= speaking.max() <= 75 + 12


def test_finishing_twice_gives_nothing_and_hearing_after_it_is_refused(wave: np.ndarray) -> None:
    live = face()
    live.hear(wave[:5000])
    assert len(live.finish()) > 0
    assert len(live.finish()) == 0
    with pytest.raises(UserError, match="finished"):
        live.hear(wave)


def test_still_and_gains_hold_their_part(wave: np.ndarray) -> None:
    full, still = whole(wave), whole(wave, still=True)
    assert full[:, 64:].any() and not still[:, 64:].any()
    calm = whole(wave, gains=Gains(mouth=0, upper_face=0, blink=0, gaze=0))
    assert not calm[:, :64].any()
    np.testing.assert_array_equal(calm[:, 64:], full[:, 64:])


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (np.zeros((100, 2), np.float32), "one channel"),
        (np.zeros(100, np.int32), "int32"),
        (np.array([0.0, np.nan]), "not a finite number"),
    ],
)
def test_sound_that_cannot_be_used_is_refused(samples: np.ndarray, word: str) -> None:
    with pytest.raises(UserError, match=word):
        face().hear(samples)


@pytest.mark.parametrize("bad", [{"rate_hz": 7999}, {"rate_hz": 16000.0}, {"style": 46}, {"seed": -1}])
def test_options_that_cannot_be_used_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UserError, match=str(next(iter(bad.values())))):
        face(**bad)


def test_a_file_gives_what_the_stream_gives(wave: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    soundfile.write(path, wave, 16000)
    take = generate_live(path, seed=5, networks=seeded_networks())
    read, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(
        np.hstack([take.expression, take.rotation, take.translation]), whole(read, seed=5)
    )
    assert take.meta["live"] and take.meta["seed"] == 5
