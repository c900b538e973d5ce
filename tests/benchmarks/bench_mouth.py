"""How well the embedded ExpNet's lips follow a voice it was never taught: flite's `awb`, made on the fly.

Measures and their definitions: `sadtalker3d.evaluate.lip_scores`, on the 52 ARKit shapes alone. `raw` is the
network's own output; `generated` is what `animate` gives, with silence, gate and gains.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
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
from sadtalker3d.motion.expnet import ExpNet
from sadtalker3d.motion.generate import Networks, generate
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import HELD_OUT_VOICE
from sadtalker3d.train.corpus_engines import SAMPLE_RATE, Line, require, speak
from sadtalker3d.train.corpus_text import sentence
from sadtalker3d.train.phones import Phone

SENTENCES, SEED = 40, 1  # another seed than the corpus has: other sentences
PAUSE_S = 0.4  # before and after each sentence, so that rest can be measured


def main() -> None:
    """Print the numbers as JSON, or one line that says what is missing."""
    engine, voice = HELD_OUT_VOICE
    try:
        require({engine})
    except UserError as error:
        print(json.dumps({"skipped": str(error)}))
        return
    mouth = Mouth.of(bfm.load("open"))
    clips = list(_spoken(engine, voice))
    phones = [said for _, said in clips]
    network = weights.embedded("expnet")
    assert isinstance(network, ExpNet)
    raw = [_raw(network, wave) for wave, _ in clips]
    results = {"raw": lip_scores(mouth, raw, phones)}
    networks = Networks.embedded()
    with tempfile.TemporaryDirectory() as folder:
        generated = [_generated(wave, Path(folder) / "line.wav", networks) for wave, _ in clips]
    results["generated"] = lip_scores(mouth, generated, phones)
    print(json.dumps({name: _rounded(scores) for name, scores in results.items()}))


def _spoken(engine: str, voice: str) -> Iterator[tuple[np.ndarray, list[Phone]]]:
    rng = np.random.default_rng(SEED)
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), np.float32)
    for _ in range(SENTENCES):
        wave, phones = speak(Line(engine, voice, sentence(rng), rate=float(2 ** rng.uniform(-0.35, 0.45))))
        later = [Phone(p.name, p.start_s + PAUSE_S, p.end_s + PAUSE_S, p.stress) for p in phones]
        yield np.concatenate([pause, wave, pause]), later


def _raw(network: ExpNet, wave: np.ndarray) -> np.ndarray:
    """(T, 64) from a face at rest with open lids."""
    windows = torch.from_numpy(frame_windows(mel_spectrogram(wave), 0, frame_count(len(wave))))
    with torch.inference_mode():
        return network(windows, torch.zeros(len(windows), 64), torch.zeros(len(windows), 1)).numpy()


def _generated(wave: np.ndarray, path: Path, networks: Networks) -> np.ndarray:
    soundfile.write(path, wave, SAMPLE_RATE, subtype="FLOAT")
    return generate(path, still=True, networks=networks).expression


def _rounded(scores: LipScores) -> dict[str, float | None]:
    return {name: round(value, 3) if math.isfinite(value) else None for name, value in asdict(scores).items()}


if __name__ == "__main__":
    main()
