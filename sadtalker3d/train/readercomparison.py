"""Pictures or mesh: which lip reader knows more after the same work, asked about voices it never met.

Visemes read of the held-out voice and engine, balanced over the visemes in brackets, on one CPU core:

    pictures   2.5 min    16 080 frames drawn    48.5 % (34.5)   53.2 % (36.0)    tested on other people and lights
    mesh       0.7 min   1 273 600 frames        88.3 % (87.4)   89.1 % (87.2)    on the mean head, 96 channels
    mesh       5   min   6 247 680 frames        91.6 % (90.9)   91.9 % (90.5)    on the mean head
    the same                                     90.3 % (89.3)   90.8 % (89.3)    tested on other people and poses

The picture reader was still learning when its time was up; drawing takes most of it (about 8 ms a frame, 16 with
the way back, where reading 14 x 80 frames of mesh takes 19 ms in all). So the loss reads the mesh.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import bfm
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import CorpusConfig, build
from sadtalker3d.train.mouthpictures import MouthPictures
from sadtalker3d.train.picturereader import PictureReader
from sadtalker3d.train.readerdata import Spoken, VariationConfig, Varied, phone_weights
from sadtalker3d.train.readerpoints import ReaderPoints
from sadtalker3d.train.readerscores import ReaderScores
from sadtalker3d.train.readertraining import reading_loss


@dataclass(frozen=True)
class ComparisonConfig:
    """Drawing costs more than learning, so pictures are kept and met again, in other company and light."""

    drawn: int = 2  # new sequences a step
    learned: int = 8  # sequences a step, new and kept
    frames: int = 40
    kept: int = 800  # sequences, 1 GB
    learning_rate: float = 1.5e-3
    held_out_chunks: int = 60  # sequences of each part
    noise: float = 0.02


def train_picture_reader(
    work: str | Path,
    *,
    minutes: float = 5.0,
    seed: int = 0,
    config: ComparisonConfig | None = None,
    corpus: CorpusConfig | None = None,
    report: Callable[[str], None] = print,
) -> tuple[PictureReader, dict[str, ReaderScores]]:
    """A picture reader, and its scores by held-out part on people, lights and poses it never met.

    minutes : of one core's own work, because on a shared machine the clock would compare the neighbours
    """
    torch.set_num_threads(1)  # see train_expnet
    torch.manual_seed(seed)
    config = config or ComparisonConfig()
    face = bfm.load("open")
    mouth, data = Mouth.of(face), build(Path(work) / "corpus", corpus)
    spoken = Spoken.of(data, "train", mouth)
    variation = replace(VariationConfig(), sequences=config.drawn, frames=config.frames)
    varied = Varied(spoken, ReaderPoints.of(face), variation, seed)
    weights = torch.from_numpy(phone_weights(spoken.phone))
    drawing, reader = MouthPictures(face), PictureReader()
    reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(reader.parameters(), config.learning_rate, weight_decay=0.01)
    rng = np.random.default_rng([seed, 90])
    pictures: list[torch.Tensor] = []
    phones: list[torch.Tensor] = []
    step, spent_s, last_shown = 0, 0.0, time.monotonic()
    while spent_s < 60 * minutes:
        began = time.process_time()
        driven, phone = varied.draw_driven()
        with torch.no_grad():
            drawn = drawing.draw(torch.from_numpy(driven), drawing.scene(rng, config.drawn)).half()
        pictures = [*pictures, *drawn][-config.kept :]
        phones = [*phones, *torch.from_numpy(phone)][-config.kept :]
        newest = list(range(len(pictures) - config.drawn, len(pictures)))
        again = rng.integers(0, len(pictures), config.learned - config.drawn)
        rows = [*newest, *(int(row) for row in again)]
        seen = torch.stack([pictures[row] for row in rows]).float()
        contrast = torch.from_numpy(rng.uniform(0.7, 1.3, (len(rows), 1, 1, 1)).astype(np.float32))
        seen = seen * contrast + config.noise * torch.randn(seen.shape)
        done = spent_s / (60 * minutes)
        for group in optimizer.param_groups:
            group["lr"] = (
                config.learning_rate * min(1, (step + 1) / 50) * (0.5 + 0.5 * float(np.cos(np.pi * done)))
            )
        with torch.autocast("cpu", torch.bfloat16):
            scores = reader(seen)
        loss = reading_loss(scores.float(), torch.stack([phones[row] for row in rows]), weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 2.0)
        optimizer.step()
        step += 1
        spent_s += time.process_time() - began
        if time.monotonic() - last_shown > 30:
            last_shown = time.monotonic()
            report(
                f"step {step}, {step * config.drawn * config.frames} frames drawn: loss {float(loss.detach()):.3f}"
            )
    reader.eval()
    report(f"{step} steps, {step * config.drawn * config.frames} frames drawn")
    return reader, {
        part: _read(reader, drawing, Spoken.of(data, part, mouth, 60), config) for part in ("voice", "engine")
    }


def _read(
    reader: PictureReader, drawing: MouthPictures, spoken: Spoken, config: ComparisonConfig
) -> ReaderScores:
    rng = np.random.default_rng(91)
    driven, phone = (values[: config.held_out_chunks] for values in spoken.chunks(config.frames))
    named = []
    with torch.no_grad():
        for part in driven.split(2):
            named.append(reader(drawing.draw(part, drawing.scene(rng, len(part)))).argmax(-1))
    return ReaderScores.of(torch.cat(named).numpy().ravel(), phone.numpy().ravel())
