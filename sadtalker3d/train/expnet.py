"""Training the embedded speech-to-mouth networks: the teacher shows the mouth, the augmentation hides the recording."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import LipScores
from sadtalker3d.files import replacing
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.corpus import Corpus, CorpusConfig, build
from sadtalker3d.train.heldout import HeldOut, line_of
from sadtalker3d.train.landmarkloss import LandmarkLoss
from sadtalker3d.train.landmarks import Landmarks
from sadtalker3d.train.lipframes import PHONES, Batch, BatchConfig, Batches, frame_set
from sadtalker3d.train.liploss import LipLoss, LossConfig
from sadtalker3d.train.lipweights import (
    move_both_sides_alike,
    pass_reference_through,
    read_weights,
    write_weights,
)
from sadtalker3d.train.processes import Processes
from sadtalker3d.train.schedule import warmed_cosine
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bfm.model import FaceModel
    from sadtalker3d.motion.temporal_expnet import TemporalExpNet
    from sadtalker3d.train.lipreader import LipReader

LIDS = [OPEN_64.index("eyeBlinkLeft"), OPEN_64.index("eyeBlinkRight")]


@dataclass(frozen=True)
class TrainConfig:
    """How TemporalExpNet is trained."""

    learning_rate: float = 1e-3
    going_on_rate: float = 4e-4  # from weights that can already hear: enough to learn, not to forget
    warm_up: float = 0.04  # share of the training
    weight_decay: float = 0.02
    full_strength_at: float = 0.35  # share of the training after which the augmentation does all it can
    average: float = 0.998  # decay of the running mean of the weights, which is what gets used
    largest_gradient: float = 2.0
    batch: BatchConfig = field(default_factory=BatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    reader_minutes: float = 5.0  # for the lip reader, where the folder has none yet
    evaluate_every_s: float = 240.0


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    weights: Path
    steps: int
    minutes: float
    held_out: dict[str, LipScores]  # by part of the corpus
    held_out_loss: float


def train_expnet(
    work: str | Path,
    *,
    minutes: float = 45.0,
    steps: int | None = None,
    seed: int = 0,
    live: bool = False,
    resume: bool = False,
    start: str | Path | None = None,
    out: str | Path | None = None,
    config: TrainConfig | None = None,
    corpus: CorpusConfig | None = None,
    report: Callable[[str], None] = print,
) -> Trained:
    """Train TemporalExpNet on `open` targets and write fp16 weights; makes the corpus first when `work` has none.

    Under torchrun every process draws its own batches and all take their steps together.

    work : folder of the corpus, the checkpoint and the log
    minutes : length of the training on the clock, which the learning rate follows
    steps : fix the number of steps instead, so that two machines do the same work
    seed : of the network's beginning and of every draw; the corpus has its own seed
    live : train the network that looks ahead 80 ms at most, instead of the one for files
    resume : go on from the checkpoint in work
    start : begin from these weights instead of from nothing, at a lower rate and with all of the augmentation
    out : the weights; default work/expnet.safetensors or work/expnet_live.safetensors
    report : gets a progress line every half minute and the held-out measures every few minutes

    Raises
    ------
    UserError : a speech program is missing (names the packages), there is nothing to resume, or `start` is
        not this network's weights
    """
    import torch

    import bfm

    work, config = Path(work), config or TrainConfig()
    name = "expnet_live" if live else "expnet"
    checkpoint = work / f"{name}.pt"
    if resume and not checkpoint.exists():
        raise UserError(f"{checkpoint}: there is nothing to resume; start without --resume")
    processes = Processes.joined()
    # more threads than free cores make each other wait; one is quickest on a shared machine
    torch.set_num_threads(1)
    data = _corpus(work / "corpus", corpus, processes, report)
    face = bfm.load("open")
    mouth = Mouth.of(face)
    speech, sounds = frame_set(data, "train", mouth), frame_set(data, "rest", mouth)
    held_out = {part: HeldOut.of(data, part, mouth) for part in data.held_out()}
    reader = _reader(work, corpus, config, processes, report) if config.loss.reading else None
    start = None if start is None else Path(start)
    training = Training(face, config, live=live, seed=seed, start=start, reader=reader)
    if resume:
        training.restore(checkpoint)
    seen = seed + training.step + 100_000 * processes.rank
    batches = Batches(data.mel, speech, sounds, config.batch, seen)
    weights = Path(out) if out is not None else work / f"{name}.safetensors"

    def save() -> None:
        if processes.leads:
            training.keep(checkpoint)
            write_weights(training.average, weights)

    last_shown = last_held_out = time.monotonic()
    while True:
        done = training.step / steps if steps else processes.slowest(training.spent_s) / (60 * minutes)
        if done >= 1:
            break
        training.advance(batches, done, processes)
        if not processes.leads:
            continue
        if time.monotonic() - last_shown > 30:
            last_shown = time.monotonic()
            spent = f"{100 * done:.0f} %, {training.spent_s / 60:.1f} min"
            report(f"step {training.step} ({spent}): {training.course()}")
        if time.monotonic() - last_held_out > config.evaluate_every_s:
            save()
            scores, value = held_out["voice"].scores(training.average, training.loss_of)
            report(f"held-out voice: loss {value:.3f} " + line_of(scores))
            last_held_out = time.monotonic()
    save()
    measured = {part: held.scores(training.average, training.loss_of) for part, held in held_out.items()}
    loss = measured["voice"][1]
    trained = Trained(
        weights, training.step, training.spent_s / 60, {k: v[0] for k, v in measured.items()}, loss
    )
    if processes.leads:
        for part, scores in trained.held_out.items():
            report(f"held-out {part}: {line_of(scores)}")
        with replacing(work / f"{name}_scores.json") as path:
            path.write_text(json.dumps(asdict(trained) | {"weights": str(weights)}, indent=1))
    processes.wait()
    processes.leave()
    return trained


class Training:
    """The network on its way: what it has learned, its running mean, and the optimiser's state."""

    def __init__(
        self,
        face: FaceModel,
        config: TrainConfig,
        *,
        live: bool,
        seed: int,
        start: Path | None,
        reader: LipReader | None,
    ) -> None:
        import torch

        from sadtalker3d.motion.temporal_expnet import FILE, LIVE, TemporalExpNet
        from sadtalker3d.train.lipreading import LipReading

        torch.manual_seed(seed)
        kind = LIVE if live else FILE
        self.config = config
        self.net = TemporalExpNet(kind)
        if start is not None:
            read_weights(self.net, start)
        else:
            torch.nn.init.zeros_(self.net.mapping.weight)  # begin with the mouth at rest, not with a grimace
            torch.nn.init.zeros_(self.net.mapping.bias)
        pass_reference_through(self.net)
        move_both_sides_alike(self.net)
        self.goes_on = start is not None
        self.average = TemporalExpNet(kind)
        self.average.load_state_dict(self.net.state_dict())
        self.average.eval()
        self.naming = torch.nn.Linear(kind.channels, len(PHONES))  # only for training: see LossConfig.phone
        self.learned = [*self.net.parameters(), *self.naming.parameters()]
        self.optimizer = torch.optim.AdamW(self.learned, weight_decay=config.weight_decay)
        self.loss_of = LipLoss(Mouth.of(face), config.loss)
        self.landmark_loss = LandmarkLoss(Landmarks.of(face))
        self.reading_loss = None if reader is None else LipReading(reader)
        self.step, self.spent_s = 0, 0.0
        self._running: dict[str, float] = {}

    def advance(self, batches: Batches, done: float, processes: Processes) -> None:
        """One step; `done` is the share of the training that lies behind."""
        import torch

        began, config = time.monotonic(), self.config
        rate = config.going_on_rate if self.goes_on else config.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = rate * warmed_cosine(done, config.warm_up)
        easing = 1.0 if self.goes_on else done / config.full_strength_at
        batch = batches.draw(strength=min(1.0, 0.4 + 0.6 * easing))
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            heard = self.net.embedding(batch.windows)  # (B, T, channels)
        heard = heard.float()
        reference = torch.zeros(*heard.shape[:2], self.net.config.coefficients)
        expression = self.net.mapping(torch.cat([heard, reference, batch.blink_ratio], dim=2))
        loss, parts = self.loss_of(expression, batch, self.naming(heard))
        if config.loss.landmarks:
            landmarks, more = self.landmark_loss(expression, _wanted(batch), batch.blink_ratio[..., 0])
            loss, parts = loss + config.loss.landmarks * landmarks, parts | more
        if self.reading_loss is not None:
            reading = self.reading_loss(expression[..., list(DRIVEN)], batch.targets)
            loss, parts = loss + config.loss.reading * reading, parts | {"reading": float(reading.detach())}
        self.optimizer.zero_grad()
        loss.backward()
        processes.average_gradients(self.learned)
        torch.nn.utils.clip_grad_norm_(self.learned, config.largest_gradient)
        self.optimizer.step()
        processes.average_buffers(self.net)
        pass_reference_through(self.net)  # weight decay must not touch it
        move_both_sides_alike(self.net)
        _follow(self.average, self.net, min(config.average, (1 + self.step) / (10 + self.step)))
        self.step += 1
        self.spent_s += time.monotonic() - began
        for name, value in parts.items():
            self._running[name] = 0.98 * self._running.get(name, value) + 0.02 * value

    def course(self) -> str:
        """The parts of the loss, each its running mean."""
        return " ".join(f"{name} {value:.3f}" for name, value in self._running.items())

    def keep(self, checkpoint: Path) -> None:
        """Write all that `restore` needs."""
        import torch

        with replacing(checkpoint) as path:
            torch.save({
                "net": self.net.state_dict(), "naming": self.naming.state_dict(),
                "average": self.average.state_dict(), "optimizer": self.optimizer.state_dict(),
                "step": self.step, "spent_s": self.spent_s, "goes_on": self.goes_on,
            }, path)  # fmt: skip

    def restore(self, checkpoint: Path) -> None:
        """Go on where `keep` left off."""
        import torch

        state = torch.load(checkpoint, weights_only=True)
        for name in ("net", "naming", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.spent_s, self.goes_on = state["step"], state["spent_s"], state["goes_on"]


def _wanted(batch: Batch) -> Tensor:
    """The whole face that a batch asks for (B, T, 64): the teacher's mouth, lids as the blink ratio says."""
    import torch

    face = torch.zeros(*batch.targets.shape[:2], len(OPEN_64))
    face[..., list(DRIVEN)] = batch.targets
    face[..., LIDS] = batch.blink_ratio
    return face


def _corpus(
    folder: Path, plan: CorpusConfig | None, processes: Processes, report: Callable[[str], None]
) -> Corpus:
    """The corpus, made by the leading process while the others wait."""
    shown = _throttled(report)
    if processes.leads:
        build(folder, plan, report=lambda done, total: shown(f"corpus: {done} of {total} utterances"))
    processes.wait()
    data = build(folder, plan)
    if processes.leads:
        report(f"corpus: {data.hours('train'):.1f} h of speech, {data.hours('rest'):.1f} h of other sounds")
    return data


def _reader(
    work: Path,
    plan: CorpusConfig | None,
    config: TrainConfig,
    processes: Processes,
    report: Callable[[str], None],
) -> LipReader:
    """The lip reader of the folder; trained first when there is none."""
    import bfm
    from sadtalker3d.train.lipreader import LipReader
    from sadtalker3d.train.readerpoints import ReaderPoints
    from sadtalker3d.train.readertraining import train_lip_reader

    path = work / "lipreader.safetensors"
    if processes.leads and not path.exists():
        train_lip_reader(work, minutes=config.reader_minutes, corpus=plan, report=report)
    processes.wait()
    return LipReader.load(path, ReaderPoints.of(bfm.load("open")))


def _follow(average: TemporalExpNet, net: nn.Module, decay: float) -> None:
    import torch

    with torch.no_grad():
        for kept, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            if value.dtype == torch.float32:
                kept.lerp_(value, 1 - decay)
            else:
                kept.copy_(value)


def _throttled(report: Callable[[str], None], every_s: float = 10.0) -> Callable[[str], None]:
    last = 0.0

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > every_s:
            last = time.monotonic()
            report(text)

    return show
