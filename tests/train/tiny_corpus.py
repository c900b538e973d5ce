"""A corpus of three short utterances and some noise that no speech program has to make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sadtalker3d.train.corpus import CorpusConfig

CONFIG = CorpusConfig(hibari=0, flite=(), espeak_english=3, espeak_other=0, held_out_voice=1,
                      held_out_engine=1, sounds=1)  # fmt: skip
COLUMNS = 96  # of each utterance: 30 frames
REST_COLUMNS = 320  # of the noise: 100 frames, longer than a training sequence
_SAID = [
    ["m", 0.2, 0.3, 0],
    ["aa", 0.3, 0.5, 2],
    ["f", 0.5, 0.62, 0],
    ["uw", 0.62, 0.8, 0],
    ["p", 0.8, 0.9, 0],
]


def write(folder: Path) -> None:
    """Make corpus.json and mel.f16 as `corpus.build` does."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows, mel = [], []
    for index, part in enumerate(["train"] * 3 + ["voice", "engine", "rest"]):
        line = {"engine": "espeak", "voice": "en-us", "text": "m", "language": "en", "rate": 1.0,
                "pitch": 1.0, "formant": 1.0, "seed": index}  # fmt: skip
        columns = REST_COLUMNS if part == "rest" else COLUMNS
        rows.append({
            "part": part, "line": line, "first": index * COLUMNS, "columns": columns,
            "phones": [] if part == "rest" else _SAID,
        })  # fmt: skip
        mel.append(rng.uniform(-4, 3, (columns, 80)))
    np.concatenate(mel).astype(np.float16).tofile(folder / "mel.f16")
    config = json.loads(json.dumps(vars(CONFIG)))
    (folder / "corpus.json").write_text(json.dumps({"config": config, "utterances": rows}))
