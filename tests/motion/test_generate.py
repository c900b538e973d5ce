"""Generation: any length, seeded, at rest in silence, and what each gain touches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sadtalker3d import weights
from sadtalker3d.errors import UserError
from sadtalker3d.motion.audio_encoder import speed_up
from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.generate import Networks, generate
from sadtalker3d.rig.arkit import OPEN_64
from tests.seeded import load_seeded

RATE_HZ = 16000
SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"
BLINKS = [OPEN_64.index(f"eyeBlink{side}") for side in ("Left", "Right")]
UPPER = [i for i, name in enumerate(OPEN_64) if name.startswith(("brow", "eye", "cheekSquint", "noseSneer"))]
GAZE = [i for i, name in enumerate(OPEN_64) if name.startswith("eyeLook")]
LIDS = [i for i, name in enumerate(OPEN_64) if name.startswith(("eyeBlink", "eyeSquint", "eyeWide"))]
EYES = GAZE + LIDS
MOUTH = [i for i in range(64) if i not in UPPER]


@pytest.fixture(scope="module")
def networks() -> Networks:
    """Seeded weights: they move everything all the time, so that what holds still is held still."""
    return Networks(
        load_seeded(weights.build("audio2exp"), "audio2exp"),
        load_seeded(weights.build("audio2pose"), "audio2pose"),
        {"expnet": "seeded", "posevae": "seeded"},
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of silence, 2.4 s of speech, a second of silence."""
    wave, _ = soundfile.read(SPEECH, dtype="float32")
    silence = np.zeros(RATE_HZ, np.float32)
    path = tmp_path_factory.mktemp("sound") / "clip.wav"
    soundfile.write(path, np.concatenate([silence, wave[8000 : 8000 + 38400], silence]), RATE_HZ)
    return path


def sound(path: Path, wave: np.ndarray) -> Path:
    soundfile.write(path, wave, RATE_HZ)
    return path


@pytest.mark.parametrize("frames", [1, 2, 3, 12, 13, 20, 21, 32, 33, 64, 65, 97])
def test_any_length(tmp_path: Path, networks: Networks, frames: int) -> None:
    rng = np.random.default_rng(frames)
    wave = 0.1 * rng.standard_normal(frames * 640 + 639)
    track = generate(sound(tmp_path / "a.wav", wave), networks=networks)
    assert len(track) == frames
    assert track.space == "open"
    assert track.expression.min() >= 0 and track.expression.max() <= 1


def test_seed_decides(clip: Path, networks: Networks) -> None:
    take = generate(clip, seed=4, style=11, networks=networks)
    assert take == generate(clip, seed=4, style=11, networks=networks)
    other = generate(clip, seed=5, style=11, networks=networks)
    assert not np.array_equal(take.rotation, other.rotation)
    assert not np.array_equal(take.expression[:, BLINKS], other.expression[:, BLINKS])
    even, also = (
        generate(clip, seed=s, gains=Gains(asymmetry=0), networks=networks).expression for s in (4, 5)
    )
    assert np.array_equal(even[:, MOUTH], also[:, MOUTH])
    livelier = generate(clip, seed=4, style=45, networks=networks)
    assert not np.array_equal(take.rotation, livelier.rotation)


def test_fast_encoders_change_nothing_that_is_seen(clip: Path, networks: Networks) -> None:
    fast = Networks(
        speed_up(load_seeded(weights.build("audio2exp"), "audio2exp")),
        speed_up(load_seeded(weights.build("audio2pose"), "audio2pose")),
        networks.weights,
    )
    one, other = generate(clip, networks=networks), generate(clip, networks=fast)
    assert np.abs(one.expression - other.expression).mean() < 0.01


def test_rest_in_silence(clip: Path, networks: Networks) -> None:
    face = generate(clip, networks=networks).expression
    mouth = face[:, MOUTH]
    speaking = np.flatnonzero(mouth.any(axis=1))
    assert speaking.min() >= 25 - 6 and speaking.max() <= 25 + 60 + 6
    assert mouth[27:80].any(axis=1).all()
    brows = np.flatnonzero(np.delete(face, MOUTH + EYES, axis=1).any(axis=1))
    assert brows.min() >= 25 - 17  # they wake before the voice


def test_silent_and_steady_noise_recordings_rest(tmp_path: Path, networks: Networks) -> None:
    rng = np.random.default_rng(0)
    for wave in (
        np.zeros(RATE_HZ * 5),
        1e-4 * rng.standard_normal(RATE_HZ * 5),
        0.05 * rng.standard_normal(80000),
    ):
        face = generate(sound(tmp_path / "a.wav", wave), networks=networks).expression
        assert not np.delete(face, EYES, axis=1).any()
        assert face[:, BLINKS].max() > 0.5 and face[:, GAZE].any()  # alive all the same


def test_still_holds_the_head_and_keeps_the_rest(clip: Path, networks: Networks) -> None:
    moving, still = (generate(clip, seed=1, still=s, networks=networks) for s in (False, True))
    assert not still.rotation.any() and not still.translation.any()
    assert moving.rotation.any()
    assert np.array_equal(np.delete(still.expression, EYES, 1), np.delete(moving.expression, EYES, 1))
    lids = [generate(clip, seed=1, still=s, gains=Gains(lids=0), networks=networks) for s in (False, True)]
    assert np.array_equal(*(take.expression[:, LIDS] for take in lids))
    assert still.expression[:, GAZE].any()  # which does not follow a head that moves


def test_gains_scale_their_own_part(clip: Path, networks: Networks) -> None:
    full = generate(clip, seed=1, networks=networks)
    mouthless = generate(clip, seed=1, gains=Gains(mouth=0), networks=networks).expression
    assert not mouthless[:, MOUTH].any()
    assert np.array_equal(mouthless[:, UPPER], full.expression[:, UPPER])
    calm = generate(clip, seed=1, gains=Gains(upper_face=0, blink=0), networks=networks).expression
    assert not np.delete(calm, MOUTH + GAZE, 1).any()
    assert np.array_equal(calm[:, MOUTH + GAZE], full.expression[:, MOUTH + GAZE])
    straight = generate(clip, seed=1, gains=Gains(gaze=0), networks=networks).expression
    changed = (straight != full.expression).any(axis=0)
    assert changed[GAZE].any() and not np.delete(changed, EYES).any()
    for part, own in (("brows", "brow"), ("cheeks", ("cheek", "nose")), ("lids", ("eyeSquint", "eyeWide"))):
        without = generate(clip, seed=1, gains=Gains(**{part: 0}), networks=networks).expression
        columns = [i for i, name in enumerate(OPEN_64) if name.startswith(own) and i not in MOUTH]
        assert not without[:, columns].any()
        assert np.array_equal(
            np.delete(without, columns + LIDS, 1), np.delete(full.expression, columns + LIDS, 1)
        )
    half = generate(clip, seed=1, gains=Gains(head=0.5), networks=networks)
    np.testing.assert_allclose(half.rotation, full.rotation / 2, atol=1e-7)
    blinks = [generate(clip, seed=1, gains=Gains(upper_face=0, blink=b), networks=networks) for b in (0.5, 1)]
    lids = [b.expression[:, BLINKS] for b in blinks]
    assert lids[1].max() > 0.6
    np.testing.assert_allclose(2 * lids[0], lids[1], atol=1e-6)


def test_meta_says_how_it_was_made(clip: Path, networks: Networks) -> None:
    meta = generate(clip, seed=9, style=3, networks=networks).meta
    assert {"seed": 9, "style": 3, "source": "clip.wav", "weights": networks.weights}.items() <= meta.items()
    assert meta["generator"].startswith("sadtalker3d ")


def test_progress_counts_frames(clip: Path, networks: Networks) -> None:
    seen: list[tuple[int, int | None]] = []
    frames = len(generate(clip, progress=lambda done, total: seen.append((done, total)), networks=networks))
    assert seen[-1] == (frames, frames)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"style": 46}, "style 46"),
        ({"style": -1}, "style -1"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 1.5}, "seed 1.5"),
    ],
)
def test_bad_arguments(clip: Path, networks: Networks, arguments: dict[str, int], what: str) -> None:
    with pytest.raises(UserError, match=what):
        generate(clip, networks=networks, **arguments)


@pytest.mark.parametrize("value", [-0.1, float("nan"), 11, "2"])
def test_bad_gains(value: float) -> None:
    with pytest.raises(UserError, match="gain 'head'"):
        Gains(head=value)
