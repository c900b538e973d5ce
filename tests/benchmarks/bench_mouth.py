"""How well the embedded lips follow voices they were never taught.

`awb` is a voice of flite, made on the fly. `natural` is recorded speech, as `natural_speech` aligns it, where its
packages are installed. Measures: `sadtalker3d.evaluate.lip_scores`, on the 52 ARKit shapes alone. `raw` is the
network's own output, `generated` what `animate` gives, `live` what `animate --live` gives.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile
import torch

import bfm
from sadtalker3d import weights
from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import LipScores, lip_scores
from sadtalker3d.mel import frame_count, frame_windows, mel_spectrogram
from sadtalker3d.motion.generate import generate
from sadtalker3d.motion.live import generate_live
from sadtalker3d.motion.temporal_expnet import TemporalExpNet
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus_engines import SAMPLE_RATE, Line, require, speak
from sadtalker3d.train.corpus_plan import HELD_OUT_VOICE
from sadtalker3d.train.corpus_text import sentence
from sadtalker3d.train.phones import Phone, from_arpabet
from tests.benchmarks import natural_speech

SENTENCES, SEED = 40, 1  # another seed than the corpus has: other sentences
PAUSE_S = 0.4  # before and after each sentence, so that rest can be measured

Clips = list[tuple[np.ndarray, list[Phone]]]


def main() -> None:
    """Print the numbers as JSON, or what is missing."""
    results: dict[str, object] = {}
    for name, spoken in (("awb", _awb), ("natural", _natural)):
        try:
            results[name] = _scores(list(spoken()))
        except UserError as error:
            results[name] = {"skipped": str(error)}
    print(json.dumps(results))


def _scores(clips: Clips) -> dict[str, dict[str, float | None]]:
    mouth, phones = Mouth.of(bfm.load("open")), [said for _, said in clips]
    network = weights.embedded("expnet")
    assert isinstance(network, TemporalExpNet)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "raw": lambda wave: _raw(network, wave),
        "generated": lambda wave: _through_a_file(wave, lambda path: generate(path, still=True).expression),
        "live": lambda wave: _through_a_file(wave, lambda path: generate_live(path, still=True).expression),
    }
    return {
        name: _rounded(lip_scores(mouth, [way(wave) for wave, _ in clips], phones))
        for name, way in ways.items()
    }


def _awb() -> Iterator[tuple[np.ndarray, list[Phone]]]:
    engine, voice = HELD_OUT_VOICE
    require({engine})
    rng = np.random.default_rng(SEED)
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), np.float32)
    for _ in range(SENTENCES):
        wave, phones = speak(Line(engine, voice, sentence(rng), rate=float(2 ** rng.uniform(-0.35, 0.45))))
        later = [Phone(p.name, p.start_s + PAUSE_S, p.end_s + PAUSE_S, p.stress) for p in phones]
        yield np.concatenate([pause, wave, pause]), later


def _natural() -> Iterator[tuple[np.ndarray, list[Phone]]]:
    natural_speech.require()
    for _, wave, found, _ in natural_speech.judged():
        if found is not None:
            yield wave, [phone for symbol, start, end in found for phone in from_arpabet(symbol, start, end)]


def _raw(network: TemporalExpNet, wave: np.ndarray) -> np.ndarray:
    """(T, 64) from a face at rest with open lids."""
    windows = torch.from_numpy(frame_windows(mel_spectrogram(wave), 0, frame_count(len(wave))))
    with torch.inference_mode():
        return network.said(windows).clamp(0, 1).numpy()


def _through_a_file(wave: np.ndarray, made: Callable[[Path], np.ndarray]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        soundfile.write(path, wave, SAMPLE_RATE, subtype="FLOAT")
        return made(path)


def _rounded(scores: LipScores) -> dict[str, float | None]:
    return {name: round(value, 3) if math.isfinite(value) else None for name, value in asdict(scores).items()}


if __name__ == "__main__":
    main()
