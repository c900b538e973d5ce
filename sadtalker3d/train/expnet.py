"""Training ExpNet on synthetic speech: the teacher shows the mouth, the augmentation hides the recording."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import LipScores
from sadtalker3d.files import replacing
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import CorpusConfig, build
from sadtalker3d.train.heldout import HeldOut, line_of
from sadtalker3d.train.lipframes import PHONES, BatchConfig, Batches, frame_set
from sadtalker3d.train.liploss import LipLoss, LossConfig
from sadtalker3d.train.lipweights import (
    move_both_sides_alike,
    pass_reference_through,
    read_weights,
    write_weights,
)
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TrainConfig:
    """How ExpNet is trained. One pass over half a million frames is enough: no frame is seen twice alike."""

    learning_rate: float = 1e-3
    going_on_rate: float = 4e-4  # from weights that can already hear: enough to learn, not to forget
    warm_up: float = 0.04  # share of the training
    weight_decay: float = 0.02
    full_strength_at: float = 0.35  # share of the training after which the augmentation does all it can
    average: float = 0.998  # decay of the running mean of the weights, which is what gets used
    batch: BatchConfig = field(default_factory=BatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    evaluate_every_s: float = 150.0


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    weights: Path
    steps: int
    minutes: float
    held_out_voice: LipScores
    held_out_engine: LipScores
    held_out_loss: float


def train_expnet(
    work: str | Path,
    *,
    minutes: float = 45.0,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
    start: str | Path | None = None,
    out: str | Path | None = None,
    config: TrainConfig | None = None,
    corpus: CorpusConfig | None = None,
    report: Callable[[str], None] = print,
) -> Trained:
    """Train ExpNet on `open` targets and write fp16 weights; makes the corpus first when `work` has none.

    work : folder of the corpus (about 0.4 GB), the checkpoint and the log
    minutes : length of the training on the clock, which the learning rate follows
    steps : fix the number of steps instead, so that two machines do the same work
    seed : of the network's beginning and of every draw; the corpus has its own seed
    resume : go on from work/expnet.pt
    start : begin from these weights instead of from nothing, at a lower rate and with all of the augmentation
    out : the weights; default work/expnet.safetensors
    report : gets a progress line every half minute and the held-out measures every few minutes

    Raises
    ------
    UserError : a speech program is missing (names the packages), there is nothing to resume, or `start` is
        not ExpNet's weights
    """
    import torch

    import bfm
    from sadtalker3d.motion.audio_encoder import EMBEDDING
    from sadtalker3d.motion.expnet import ExpNet

    work, config = Path(work), config or TrainConfig()
    out = Path(out) if out is not None else work / "expnet.safetensors"
    checkpoint = work / "expnet.pt"
    if resume and not checkpoint.exists():
        raise UserError(f"{checkpoint}: there is nothing to resume; start without --resume")
    # more threads than free cores make each other wait; one is quickest on a shared machine
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    shown = _throttled(report)
    data = build(
        work / "corpus", corpus, report=lambda done, total: shown(f"corpus: {done} of {total} utterances")
    )
    report(f"corpus: {data.hours('train'):.1f} h of speech, {data.hours('rest'):.1f} h of other sounds")
    mouth = Mouth.of(bfm.load("open"))
    speech = frame_set(data, "train", mouth)
    sounds = frame_set(data, "rest", mouth)
    held_out = {part: HeldOut.of(data, part, mouth) for part in ("voice", "engine")}

    net = ExpNet()
    if start is not None:
        read_weights(net, Path(start))
    else:
        torch.nn.init.zeros_(net.mapping1.weight)  # begin with the mouth at rest, not with a grimace
        torch.nn.init.zeros_(net.mapping1.bias)
    pass_reference_through(net)
    move_both_sides_alike(net)
    rate = config.learning_rate if start is None else config.going_on_rate
    average = ExpNet()
    average.load_state_dict(net.state_dict())
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    naming = torch.nn.Linear(EMBEDDING, len(PHONES))  # only for training: see LossConfig.phone
    learned = [*net.parameters(), *naming.parameters()]
    optimizer = torch.optim.AdamW(learned, rate, weight_decay=config.weight_decay)
    step, spent_s = 0, 0.0
    if resume:
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        naming.load_state_dict(state["naming"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent_s = state["step"], state["spent_s"]
    batches = Batches(data.mel, speech, sounds, config.batch, seed + step)
    loss_of = LipLoss(mouth, config.loss)

    def save() -> None:
        with replacing(checkpoint) as path:
            torch.save({
                "net": net.state_dict(), "naming": naming.state_dict(), "average": average.state_dict(),
                "optimizer": optimizer.state_dict(), "step": step, "spent_s": spent_s,
            }, path)  # fmt: skip
        write_weights(average, out)

    running: dict[str, float] = {}
    last_shown = last_held_out = time.monotonic()
    while True:
        done = step / steps if steps else spent_s / (60 * minutes)
        if done >= 1:
            break
        began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = rate * _schedule(done, config.warm_up)
        net.train()
        easing = done / config.full_strength_at if start is None else 1.0
        batch = batches.draw(strength=min(1.0, 0.4 + 0.6 * easing))
        with torch.autocast("cpu", torch.bfloat16):
            audio = net.audio_encoder(batch.windows)  # (B, 512)
        audio = audio.float()
        driven = audio @ net.mapping1.weight[list(DRIVEN), :EMBEDDING].T + net.mapping1.bias[list(DRIVEN)]
        loss, parts = loss_of(driven, batch, naming(audio))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 2.0)
        optimizer.step()
        pass_reference_through(net)  # weight decay must not touch it
        move_both_sides_alike(net)
        _follow(average, net, min(config.average, (1 + step) / (10 + step)))
        step += 1
        spent_s += time.monotonic() - began
        for name, value in parts.items():
            running[name] = 0.98 * running.get(name, value) + 0.02 * value
        if time.monotonic() - last_shown > 30:
            last_shown = time.monotonic()
            text = " ".join(f"{name} {value:.3f}" for name, value in running.items())
            report(f"step {step} ({100 * done:.0f} %, {spent_s / 60:.1f} min): {text}")
        if time.monotonic() - last_held_out > config.evaluate_every_s:
            save()
            scores, value = held_out["voice"].scores(average, loss_of)
            report(f"held-out voice: loss {value:.3f} " + line_of(scores))
            last_held_out = time.monotonic()
    save()
    voice, value = held_out["voice"].scores(average, loss_of)
    engine, _ = held_out["engine"].scores(average, loss_of)
    report(f"held-out voice: loss {value:.3f} " + line_of(voice))
    report("held-out engine: " + line_of(engine))
    with replacing(work / "expnet_scores.json") as path:
        path.write_text(json.dumps({
            "minutes": spent_s / 60, "steps": step, "loss": value, "voice": asdict(voice),
            "engine": asdict(engine),
        }, indent=1))  # fmt: skip
    return Trained(out, step, spent_s / 60, voice, engine, value)


def _schedule(done: float, warm_up: float) -> float:
    """Learning rate over the training: up in a line, down in a half cosine."""
    if done < warm_up:
        return max(done / warm_up, 0.02)
    return 0.5 + 0.5 * float(np.cos(np.pi * (done - warm_up) / (1 - warm_up)))


def _follow(average: nn.Module, net: nn.Module, decay: float) -> None:
    import torch

    with torch.no_grad():
        kept = average.state_dict()
        for name, value in net.state_dict().items():
            if value.dtype == torch.float32:
                kept[name].lerp_(value, 1 - decay)
            else:
                kept[name].copy_(value)


def _throttled(report: Callable[[str], None], every_s: float = 10.0) -> Callable[[str], None]:
    last = 0.0

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > every_s:
            last = time.monotonic()
            report(text)

    return show
