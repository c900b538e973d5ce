"""Training ExpNet on synthetic speech: the teacher shows the mouth, the augmentation hides the recording."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import LipScores, lip_scores
from sadtalker3d.files import replacing
from sadtalker3d.mouth import Mouth
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.corpus import Corpus, CorpusConfig, Utterance, build
from sadtalker3d.train.lipframes import (
    COLUMNS_PER_FRAME,
    PHONES,
    Batch,
    BatchConfig,
    Batches,
    frame_set,
    targets_of,
)
from sadtalker3d.train.liploss import LipLoss, LossConfig
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.motion.expnet import ExpNet


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
    held_out = {part: _HeldOut.of(data, part, mouth) for part in ("voice", "engine")}

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
            report(f"held-out voice: loss {value:.3f} " + _line(scores))
            last_held_out = time.monotonic()
    save()
    voice, value = held_out["voice"].scores(average, loss_of)
    engine, _ = held_out["engine"].scores(average, loss_of)
    report(f"held-out voice: loss {value:.3f} " + _line(voice))
    report("held-out engine: " + _line(engine))
    with replacing(work / "expnet_scores.json") as path:
        path.write_text(json.dumps({
            "minutes": spent_s / 60, "steps": step, "loss": value, "voice": asdict(voice),
            "engine": asdict(engine),
        }, indent=1))  # fmt: skip
    return Trained(out, step, spent_s / 60, voice, engine, value)


def pass_reference_through(net: ExpNet) -> None:
    """Set the part of `mapping1` that does not listen: exact, so it needs no training.

    Columns that speech does not drive (eyes, brows, cheeks ...) are the reference's own; the eyelids follow
    the blink ratio; the mouth is all the audio's.
    """
    import torch

    lids = [OPEN_64.index("eyeBlinkLeft"), OPEN_64.index("eyeBlinkRight")]
    kept = [column for column in range(64) if column not in DRIVEN]
    with torch.no_grad():
        weight, bias = net.mapping1.weight, net.mapping1.bias
        weight[:, 512:] = 0
        weight[kept, :512] = 0
        bias[kept] = 0
        for column in kept:
            weight[column, 512 + column] = 0.0 if column in lids else 1.0
        weight[lids, 576] = 1.0


def move_both_sides_alike(net: ExpNet) -> None:
    """Give left and right shapes of the mouth the mean of both sides' weights.

    The teacher's mouth is even. Left free, the sides share its movements between them at will, one above 1
    and the other below 0, where a blend shape cannot follow.
    """
    import torch

    pairs = [(c, OPEN_64.index(f"{OPEN_64[c][:-4]}Right")) for c in DRIVEN if OPEN_64[c].endswith("Left")]
    with torch.no_grad():
        for values in (net.mapping1.weight, net.mapping1.bias):
            for left, right in pairs:
                values[[left, right]] = (values[left] + values[right]) / 2


def write_weights(net: nn.Module, path: Path) -> None:
    """fp16 safetensors with upstream's keys; counters of batches stay integers."""
    import torch
    from safetensors.torch import save_file

    state = {
        name: (value.half() if value.dtype == torch.float32 else value).contiguous()
        for name, value in net.state_dict().items()
    }
    with replacing(path) as partial:
        save_file(state, str(partial))


def read_weights(net: nn.Module, path: Path) -> None:
    """Load what `write_weights` wrote; UserError when the file is missing or another network's."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not weights of ExpNet to begin from ({reason})") from None


@dataclass(frozen=True)
class _HeldOut:
    """Utterances kept out of training, in the form that measuring needs."""

    windows: list[Any]
    targets: list[np.ndarray]
    utterances: list[Utterance]
    mouth: Mouth

    @classmethod
    def of(cls, corpus: Corpus, part: str, mouth: Mouth) -> _HeldOut:
        import torch

        from sadtalker3d.mel import frame_windows

        windows, targets, utterances = [], [], corpus.of(part)
        for utterance in utterances:
            mel = corpus.mel[utterance.first : utterance.first + utterance.columns].astype(np.float32).T
            frames = int(utterance.columns / COLUMNS_PER_FRAME)
            windows.append(torch.from_numpy(frame_windows(mel, 0, frames)))
            targets.append(targets_of(corpus, utterance, frames, mouth))
        return cls(windows, targets, utterances, mouth)

    def scores(self, net: ExpNet, loss_of: LipLoss) -> tuple[LipScores, float]:
        """Lip measures of the network alone (no smoothing, no gate), and the loss without augmentation."""
        import torch

        said, losses = [], []
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for windows, targets in zip(self.windows, self.targets, strict=True):
                out = net(windows, torch.zeros(len(windows), 64), torch.zeros(len(windows), 1)).float()
                said.append(out.numpy())
                driven, wanted = out[:, list(DRIVEN)], torch.from_numpy(targets[:, list(DRIVEN)])
                spoken = torch.zeros(len(driven), dtype=torch.int64)
                batch = Batch(windows, wanted, spoken, torch.zeros(len(driven)), torch.ones(len(driven)))
                losses.append(loss_of(driven, batch)[1]["mouth"])
        return lip_scores(self.mouth, said, [u.phones for u in self.utterances]), float(np.mean(losses))


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


def _line(scores: LipScores) -> str:
    return (
        f"closure {scores.closure_auc:.3f} specific {scores.closure_specific_auc:.3f} "
        f"closed {100 * scores.closed_share:.0f} % rounding {scores.rounding_auc:.3f} "
        f"teeth {scores.labiodental_auc:.3f}/{scores.labiodental_specific_auc:.3f} "
        f"open {scores.openness_correlation:.2f} lag {scores.lag_ms:.0f} ms rest {scores.rest_gap:.2f} "
        f"range {scores.gap_range_mm:.1f}/{scores.width_range_mm:.1f}/{scores.protrusion_range_mm:.1f} "
        f"lively {scores.liveliness:.2f}"
    )


def _throttled(report: Callable[[str], None], every_s: float = 10.0) -> Callable[[str], None]:
    last = 0.0

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > every_s:
            last = time.monotonic()
            report(text)

    return show
