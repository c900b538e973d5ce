"""Training ExpNet on synthetic speech: the teacher shows the mouth, the augmentation hides the recording."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate import LipScores, Mouth, lip_scores
from sadtalker3d.files import replacing
from sadtalker3d.mel import WINDOW_COLUMNS, window_columns
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.corpus import Corpus, CorpusConfig, Utterance, build
from sadtalker3d.train.phones import BILABIAL, LABIODENTAL
from sadtalker3d.train.teacher import DRIVEN, open_targets

if TYPE_CHECKING:
    from torch import Tensor, nn

COLUMNS_PER_FRAME = 3.2


@dataclass(frozen=True)
class TrainConfig:
    """How ExpNet is trained. One pass over half a million frames is enough: no frame is seen twice alike."""

    batch: int = 64  # pairs of neighbouring frames
    learning_rate: float = 1e-3
    warm_up: float = 0.04  # share of the training
    weight_decay: float = 0.02
    average: float = 0.997  # decay of the running mean of the weights, which is what gets used
    rest_share: float = 0.10  # of the batch: sounds that are not speech
    babble_share: float = 0.2  # of the noise under speech: other voices
    lip_points: float = 1.0  # weights of the losses; the coefficients' own is 1
    gap: float = 1.0
    closure: float = 2.0  # an open mouth at p b m costs this much more
    velocity: float = 0.3
    rest: float = 1.0  # movement in sounds that are not speech
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


@dataclass(frozen=True)
class FrameSet:
    """Frames ready to be drawn: pairs of neighbours with their mel columns and targets.

    columns : (N, 20) rows of the mel array for frame i and i + 1; the second window begins at `second`
    """

    columns: np.ndarray
    second: np.ndarray  # (N,) 3 or 4
    targets: np.ndarray  # (N, 2, D) float32, the driven columns
    shut: np.ndarray  # (N, 2) 1 where the lips must be closed
    chance: np.ndarray  # (N,) of being drawn


def train_expnet(
    work: str | Path,
    *,
    minutes: float = 45.0,
    steps: int | None = None,
    seed: int = 0,
    resume: bool = False,
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
    out : the weights; default work/expnet.safetensors
    report : gets a progress line every half minute and the held-out measures every few minutes

    Raises
    ------
    UserError : a speech program is missing (names the packages), or there is nothing to resume
    """
    import torch

    import bfm
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
    torch.nn.init.zeros_(net.mapping1.weight)  # begin with the mouth at rest, not with a grimace
    torch.nn.init.zeros_(net.mapping1.bias)
    pass_reference_through(net)
    average = ExpNet()
    average.load_state_dict(net.state_dict())
    net.to(memory_format=torch.channels_last)
    average.to(memory_format=torch.channels_last).eval()
    optimizer = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    step, spent_s = 0, 0.0
    if resume:
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent_s = state["step"], state["spent_s"]
    batches = _Batches(data.mel, speech, sounds, config, seed + step)
    loss_of = LipLoss(mouth, config)

    def save() -> None:
        with replacing(checkpoint) as path:
            torch.save({
                "net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                "step": step, "spent_s": spent_s,
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
            group["lr"] = config.learning_rate * _schedule(done, config.warm_up)
        net.train()
        windows, targets, shut, speaking = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):
            audio = net.audio_encoder(windows)  # (2B, 512)
        driven = audio.float() @ net.mapping1.weight[list(DRIVEN), :512].T + net.mapping1.bias[list(DRIVEN)]
        loss, parts = loss_of(driven.view(len(targets), 2, -1), targets, shut, speaking)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        pass_reference_through(net)  # weight decay must not touch it
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


def pass_reference_through(net: nn.Module) -> None:
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


def frame_set(corpus: Corpus, part: str, mouth: Mouth) -> FrameSet:
    """All pairs of neighbouring frames of a part, with the teacher's targets."""
    columns, second, targets, shut, chance = [], [], [], [], []
    for utterance in corpus.of(part):
        frames = int(utterance.columns / COLUMNS_PER_FRAME)
        starts = window_columns(0, frames)[:, 0]
        wanted = targets_of(corpus, utterance, frames, mouth)[:, list(DRIVEN)]
        closed = _marked(utterance, BILABIAL, frames)
        teeth = _marked(utterance, LABIODENTAL, frames)
        wide = starts[:-1, None] + np.arange(WINDOW_COLUMNS + 4)
        columns.append(np.clip(wide, 0, utterance.columns - 1) + utterance.first)
        second.append(np.diff(starts))
        targets.append(np.stack([wanted[:-1], wanted[1:]], axis=1))
        shut.append(np.stack([closed[:-1], closed[1:]], axis=1))
        moving = np.abs(wanted).sum(1) > 0.05
        weight = 0.3 + 0.7 * moving + closed + teeth
        chance.append(weight[:-1])
    weights = np.concatenate(chance)
    return FrameSet(
        np.concatenate(columns).astype(np.int32),
        np.concatenate(second).astype(np.int32),
        np.concatenate(targets).astype(np.float32),
        np.concatenate(shut).astype(np.float32),
        weights / weights.sum(),
    )


def targets_of(corpus: Corpus, utterance: Utterance, frames: int, mouth: Mouth) -> np.ndarray:
    """The teacher's (frames, 64) for an utterance of the corpus."""
    mel = corpus.mel[utterance.first : utterance.first + utterance.columns].astype(np.float32)
    return open_targets(utterance.phones, frames, mouth, loudness_db=(mel.max(1) + 4) * 12.5)


def _marked(utterance: Utterance, names: frozenset[str], frames: int) -> np.ndarray:
    """(frames,) 1 in the frames whose middle lies in one of the named phones."""
    middle = (np.arange(frames) + 0.5) / 25
    marked = np.zeros(frames)
    for phone in utterance.phones:
        if phone.name in names:
            marked[(middle >= phone.start_s) & (middle < phone.end_s)] = 1
    return marked


class LipLoss:
    """Error in coefficients and in millimetres of the lips, on the 52 shapes alone and on all of them."""

    def __init__(self, mouth: Mouth, config: TrainConfig) -> None:
        import torch

        self.config = config
        driven = np.array(DRIVEN) + 1
        self.upper = torch.tensor(mouth.upper[:, driven], dtype=torch.float32)  # (n, D, 3)
        self.lower = torch.tensor(mouth.lower[:, driven], dtype=torch.float32)
        self.rest_upper = torch.tensor(mouth.upper[:, 0], dtype=torch.float32)
        self.rest_lower = torch.tensor(mouth.lower[:, 0], dtype=torch.float32)
        corners = np.stack([mouth.left, mouth.right])[:, driven]
        points = np.concatenate([mouth.upper[:, driven], mouth.lower[:, driven], corners])
        self.points = torch.tensor(points, dtype=torch.float32)  # (n, D, 3)
        self.arkit = torch.tensor((np.array(DRIVEN) < 52).astype(np.float32))
        # a coefficient counts by how far it moves the lips; tongue and the like count little
        reach = np.sqrt(np.square(points).sum(2).mean(0))
        self.weight = torch.tensor(np.clip(reach / 10, 0.15, 2.0), dtype=torch.float32)

    def gap_mm(self, driven: Tensor) -> Tensor:
        """(..., D) -> (...) gap of the 52 shapes."""
        import torch

        upper = self.rest_upper[:, 1] + torch.einsum("...d,nd->...n", driven * self.arkit, self.upper[..., 1])
        lower = self.rest_lower[:, 1] + torch.einsum("...d,nd->...n", driven * self.arkit, self.lower[..., 1])
        rest = self.rest_upper[:, 1].min() - self.rest_lower[:, 1].max()
        return upper.amin(-1) - lower.amax(-1) - rest

    def __call__(
        self, driven: Tensor, targets: Tensor, shut: Tensor, speaking: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """driven, targets : (B, 2, D); shut : (B, 2); speaking : (B,) 0 for sounds that are not speech."""
        import torch
        from torch.nn.functional import smooth_l1_loss

        config = self.config
        error = driven - targets
        coefficients = 20 * (error.square() * self.weight).mean()
        moved = torch.einsum("btd,ndc->btnc", error, self.points)  # mm
        moved_arkit = torch.einsum("btd,ndc->btnc", error * self.arkit, self.points)
        zero = torch.zeros_like(moved)
        points = 0.4 * (smooth_l1_loss(moved, zero) + smooth_l1_loss(moved_arkit, zero))
        gap, wanted = self.gap_mm(driven), self.gap_mm(targets)
        # the median, not the mean: where the sound leaves two choices the lips take one
        gaps = smooth_l1_loss(gap, wanted, beta=0.7, reduction="none")
        gap_loss = 0.3 * (gaps * (1 + config.closure * shut)).mean()
        open_lips = 0.5 * ((gap - 0.2).clamp(min=0) * shut).sum() / shut.sum().clamp(min=1)
        velocity = 0.1 * smooth_l1_loss(gap[:, 1] - gap[:, 0], wanted[:, 1] - wanted[:, 0], beta=0.7)
        velocity = velocity + 0.2 * smooth_l1_loss(moved[:, 1], moved[:, 0])
        silent = 1 - speaking[:, None, None, None]
        still = smooth_l1_loss(moved * silent, zero, reduction="sum")
        rest = 0.4 * still / (silent.sum() * moved[0].numel()).clamp(min=1)
        loss = (
            coefficients
            + config.lip_points * points
            + config.gap * (gap_loss + open_lips)
            + config.velocity * velocity
            + config.rest * rest
        )
        parts = {
            "loss": loss,
            "coef": coefficients,
            "points": points,
            "gap": gap_loss,
            "open": open_lips,
            "rest": rest,
        }
        return loss, {name: float(value.detach()) for name, value in parts.items()}


class _Batches:
    """Draws augmented batches: pairs of neighbouring windows that share one imagined recording."""

    def __init__(
        self, mel: np.ndarray, speech: FrameSet, sounds: FrameSet, config: TrainConfig, seed: int
    ) -> None:
        import torch

        self.mel, self.speech, self.sounds, self.config = mel, speech, sounds, config
        self.rng = np.random.default_rng([seed, 3])
        self.generator = torch.Generator().manual_seed(seed)
        self.cumulative = np.cumsum(speech.chance)

    def draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """windows (2B, 1, 80, 16), targets (B, 2, D), shut (B, 2), speaking (B,)."""
        import torch

        from sadtalker3d.train.augment import mel_windows_augmented

        batch = self.config.batch
        resting = int(batch * self.config.rest_share)
        rows = np.searchsorted(self.cumulative, self.rng.random(batch - resting) * self.cumulative[-1])
        rows = np.minimum(rows, len(self.cumulative) - 1)
        quiet = self.rng.integers(0, len(self.sounds.second), resting)
        columns = np.concatenate([self.speech.columns[rows], self.sounds.columns[quiet]])
        second = np.concatenate([self.speech.second[rows], self.sounds.second[quiet]])
        wide = mel_windows_augmented(
            self._windows(columns), self._noise(batch), self.generator
        )  # (B, 80, 20)
        place = torch.from_numpy(second[:, None].astype(np.int64)) + torch.arange(WINDOW_COLUMNS)
        later = wide.gather(2, place[:, None].expand(-1, 80, -1))
        windows = torch.stack([wide[..., :WINDOW_COLUMNS], later], dim=1).view(
            2 * batch, 1, 80, WINDOW_COLUMNS
        )
        targets = np.concatenate([self.speech.targets[rows], self.sounds.targets[quiet]])
        shut = np.concatenate([self.speech.shut[rows], self.sounds.shut[quiet]])
        speaking = (np.arange(batch) < batch - resting).astype(np.float32)
        return windows, torch.from_numpy(targets), torch.from_numpy(shut), torch.from_numpy(speaking)

    def _windows(self, columns: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(self.mel[columns].astype(np.float32)).transpose(1, 2)  # (B, 80, 20)

    def _noise(self, batch: int) -> Tensor:
        """Sounds that are not speech, or several other voices at once."""
        import torch

        quiet = self._windows(self.sounds.columns[self.rng.integers(0, len(self.sounds.second), batch)]) - 0.8
        voices = self.rng.integers(0, len(self.speech.second), (4, batch))
        babble = torch.stack([self._windows(self.speech.columns[row]) for row in voices]).amax(0)
        chosen = torch.from_numpy(self.rng.random(batch) < self.config.babble_share)
        return torch.where(chosen[:, None, None], babble, quiet)


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

    def scores(self, net: nn.Module, loss_of: LipLoss) -> tuple[LipScores, float]:
        """Lip measures of the network alone (no smoothing, no gate), and the loss without augmentation."""
        import torch

        said, losses = [], []
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for windows, targets in zip(self.windows, self.targets, strict=True):
                out = net(windows, torch.zeros(len(windows), 64), torch.zeros(len(windows), 1)).float()
                said.append(out.numpy())
                driven, wanted = out[:, list(DRIVEN)], torch.from_numpy(targets[:, list(DRIVEN)])
                pairs = torch.stack([driven[:-1], driven[1:]], 1), torch.stack([wanted[:-1], wanted[1:]], 1)
                shut = torch.zeros(len(driven) - 1, 2)
                losses.append(loss_of(*pairs, shut, torch.ones(len(driven) - 1))[1]["loss"])
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
