"""What the embedded networks make of sounds that are not clean speech: the mouth follows speech and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import bfm
from sadtalker3d.evaluate import liveliness
from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.generate import generate
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.channels import through
from sadtalker3d.train.corpus_sounds import KINDS, sound
from sadtalker3d.train.manner import whispered

RATE_HZ = 16000
SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"


@pytest.fixture(scope="module")
def mouth() -> Mouth:
    return Mouth.of(bfm.load("open"))


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return soundfile.read(SPEECH, dtype="float32")[0]


def gap_mm(mouth: Mouth, wave: np.ndarray, path: Path) -> np.ndarray:
    soundfile.write(path, wave, RATE_HZ, subtype="FLOAT")
    take = generate(path, still=True, gains=Gains(asymmetry=0))
    return mouth.measure(take.expression, 52).gap_mm


@pytest.fixture(scope="module")
def clean(mouth: Mouth, speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return gap_mm(mouth, speech, tmp_path_factory.mktemp("clean") / "a.wav")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [11, 12])
def test_the_mouth_rests_when_nobody_speaks(mouth: Mouth, tmp_path: Path, kind: str, seed: int) -> None:
    gap = gap_mm(mouth, sound(kind, 6.0, np.random.default_rng(seed)), tmp_path / "a.wav")
    assert np.abs(gap).mean() < 0.5
    assert np.mean(np.abs(gap) > 2) < 0.05


@pytest.mark.parametrize(
    ("name", "least"),
    [("quiet", 0.8), ("clipped", 0.8), ("telephone", 0.8), ("noisy", 0.7), ("with music", 0.6)],
)
def test_speech_is_followed_through_bad_recordings(
    mouth: Mouth, speech: np.ndarray, clean: np.ndarray, tmp_path: Path, name: str, least: float
) -> None:
    rng = np.random.default_rng(3)
    level = np.std(speech)
    noise = rng.standard_normal(len(speech))
    music = sound("music", len(speech) / RATE_HZ + 1, rng)[: len(speech)]
    wave = {
        "quiet": lambda: speech * 0.01,
        "clipped": lambda: np.clip(speech * 30, -1, 1),
        "telephone": lambda: through("telephone", speech, rng),
        "noisy": lambda: speech + 0.18 * level * noise,  # 15 dB
        "with music": lambda: speech + 0.25 * level * music / np.std(music),  # 12 dB
    }[name]()
    gap = gap_mm(mouth, wave, tmp_path / "a.wav")
    assert np.corrcoef(gap, clean)[0, 1] > least
    assert liveliness([gap]) < 0.4


def test_a_whisper_opens_the_mouth(
    mouth: Mouth, speech: np.ndarray, clean: np.ndarray, tmp_path: Path
) -> None:
    gap = gap_mm(mouth, whispered(speech, np.random.default_rng(0)), tmp_path / "a.wav")
    assert np.corrcoef(gap, clean)[0, 1] > 0.5
    assert np.percentile(gap, 90) > 0.5 * np.percentile(clean, 90)


def test_two_voices_at_once_move_the_mouth_like_speech(
    mouth: Mouth, speech: np.ndarray, clean: np.ndarray, tmp_path: Path
) -> None:
    gap = gap_mm(mouth, speech + np.roll(speech, RATE_HZ), tmp_path / "a.wav")
    assert np.percentile(gap, 90) < 1.5 * np.percentile(clean, 90)
    assert liveliness([gap]) < 0.4


@pytest.mark.parametrize("start_s", [0.0, 0.8, 1.7, 2.5])
def test_a_fifth_of_a_second_is_a_small_movement(
    mouth: Mouth, speech: np.ndarray, tmp_path: Path, start_s: float
) -> None:
    first = int(start_s * RATE_HZ)
    gap = gap_mm(mouth, speech[first : first + RATE_HZ // 5], tmp_path / "a.wav")
    assert len(gap) == 5
    assert gap.min() > -1.5 and gap.max() < 15
