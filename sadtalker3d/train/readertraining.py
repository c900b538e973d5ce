"""Training the lip reader on the teacher's mouths, before ExpNet; it stays in the work folder, frozen.

Its loss asks twice, for the phone and for any phone that looks the same: what the lips cannot tell apart costs
nothing in the second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import bfm
from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import CorpusConfig, build
from sadtalker3d.train.lipreader import LipReader, ReaderConfig
from sadtalker3d.train.readerdata import Spoken, VariationConfig, Varied, phone_weights
from sadtalker3d.train.readerpoints import ReaderPoints
from sadtalker3d.train.readerscores import ReaderScores
from sadtalker3d.train.visemes import OF_PHONE, PHONES_OF


@dataclass(frozen=True)
class ReaderTrainConfig:
    """How the lip reader is trained."""

    learning_rate: float = 2e-3
    warm_up_steps: int = 100
    weight_decay: float = 0.01
    save_every_s: float = 60.0
    reader: ReaderConfig = field(default_factory=ReaderConfig)
    variation: VariationConfig = field(default_factory=VariationConfig)


@dataclass(frozen=True)
class TrainedReader:
    """What training left behind: the weights' file, and the scores by part of the corpus."""

    weights: Path
    steps: int
    minutes: float
    scores: dict[str, ReaderScores]


def train_lip_reader(
    work: str | Path,
    *,
    minutes: float = 5.0,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
    config: ReaderTrainConfig | None = None,
    corpus: CorpusConfig | None = None,
    report: Callable[[str], None] = print,
) -> TrainedReader:
    """Train the lip reader and write work/lipreader.safetensors; makes the corpus first when there is none.

    work : folder of the corpus, the checkpoint (lipreader.pt) and the scores (lipreader_scores.json)
    minutes : length of the training on the clock, which the learning rate follows
    steps : fix the number of steps instead, so that two machines do the same work
    seed : of the network's beginning and of every draw
    resume : go on from work/lipreader.pt

    Raises
    ------
    UserError : a speech program is missing, the corpus is of another plan, or there is nothing to resume
    """
    work, config = Path(work), config or ReaderTrainConfig()
    checkpoint, out = work / "lipreader.pt", work / "lipreader.safetensors"
    if resume and not checkpoint.exists():
        raise UserError(f"{checkpoint}: there is nothing to resume; start without --resume")
    torch.set_num_threads(1)  # see train_expnet
    torch.manual_seed(seed)
    data = build(work / "corpus", corpus)
    face = bfm.load("open")
    mouth, points = Mouth.of(face), ReaderPoints.of(face)
    spoken = Spoken.of(data, "train", mouth)
    report(f"lip reader: {len(spoken.phone)} frames to read")

    reader = LipReader(points, config.reader)
    optimizer = torch.optim.AdamW(reader.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    step, spent_s = 0, 0.0
    if resume:
        state = torch.load(checkpoint, weights_only=True)
        reader.load_state_dict(state["reader"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent_s = state["step"], state["spent_s"]
    varied = Varied(spoken, points, config.variation, seed + step)
    weights = torch.from_numpy(phone_weights(spoken.phone))

    def save() -> None:
        with replacing(checkpoint) as path:
            torch.save({
                "reader": reader.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                "spent_s": spent_s,
            }, path)  # fmt: skip
        reader.save(out)

    running, last_saved = 0.0, time.monotonic()
    while (done := step / steps if steps else spent_s / (60 * minutes)) < 1:
        began = time.monotonic()
        rising = min(1.0, (step + 1) / config.warm_up_steps)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * rising * (0.5 + 0.5 * float(np.cos(np.pi * done)))
        moved, phone = varied.draw(reader)
        loss = reading_loss(reader(moved), phone, weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 2.0)
        optimizer.step()
        value = float(loss.detach())
        running = value if step == 0 else 0.98 * running + 0.02 * value
        step += 1
        spent_s += time.monotonic() - began
        if time.monotonic() - last_saved > config.save_every_s:
            last_saved = time.monotonic()
            save()
            report(f"step {step} ({100 * done:.0f} %): loss {running:.3f}")
    save()
    scores = {part: read(reader, Spoken.of(data, part, mouth)) for part in ("voice", "engine")}
    for part, score in scores.items():
        report(f"held-out {part}: {score}")
    with replacing(work / "lipreader_scores.json") as path:
        found = {part: asdict(score) for part, score in scores.items()}
        path.write_text(json.dumps({"minutes": spent_s / 60, "steps": step, **found}, indent=1))
    return TrainedReader(out, step, spent_s / 60, scores)


def reading_loss(scores: Tensor, phone: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy of (B, T, phones) scores in (B, T) phones and in their visemes, half and half.

    weights : (phones,) how much each phone counts
    """
    logs = scores.log_softmax(-1)
    groups = viseme_logs(logs)
    said = torch.from_numpy(OF_PHONE)[phone]
    of_phone = logs.gather(-1, phone[..., None])[..., 0]
    of_group = groups.gather(-1, said[..., None])[..., 0]
    weight = weights[phone]
    return -(weight * (of_phone + of_group) / 2).sum() / weight.sum()


def viseme_logs(phone_logs: Tensor) -> Tensor:
    """Log-probabilities of the visemes: (..., phones) -> (..., groups)."""
    return torch.stack([phone_logs[..., group].logsumexp(-1) for group in PHONES_OF], -1)


def read(reader: LipReader, spoken: Spoken, frames: int = 250) -> ReaderScores:
    """Scores on mouths as the teacher made them, on the mean head."""
    driven, phone = spoken.chunks(min(frames, len(spoken.phone)))
    with torch.no_grad():
        named = torch.cat([reader(reader.watched(part)).argmax(-1) for part in driven.split(16)])
    return ReaderScores.of(named.numpy().ravel(), phone.numpy().ravel())
