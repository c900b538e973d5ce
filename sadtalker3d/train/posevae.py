"""Training PoseVAE on measured head motion: `train_posevae`.

First the audio encoder learns to hear loudness, its onsets and what heads do with them; it is then frozen,
because the few minutes of measured speech would soon be learnt by heart through it. Then the variational
autoencoder, which starts at the principal components of the motion (`headstart`), is trained as in the paper
(reconstruction + KL + GAN) with one term more: motion drawn from the prior is to have the distribution of the
measured motion, jointly with loudness, reference pose and style.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.motion.posevae import INFERENCE_PREFIXES, POSE, WINDOW, PoseVAE
from sadtalker3d.train.headdistance import sliced_distance, velocity_of
from sadtalker3d.train.headhearing import train_hearing
from sadtalker3d.train.headmotion import HeadClip, borrow_voices, load_clips, split
from sadtalker3d.train.headstart import start_from_components, straight
from sadtalker3d.train.headstyles import HeadStyle, head_styles
from sadtalker3d.train.headwindows import Batch, Windows

START_WINDOWS = 1200  # the components of motion are taken from so many
START_BATCH = 10**9  # its number: no other batch has it


@dataclass(frozen=True)
class PoseVAETraining:
    """The recipe. Weights of the losses are those of the paper where it has them."""

    hearing_steps: int = 250
    straight_steps: int = 1500  # without the U-Nets, which are the identity so far
    straight_batch: int = 256
    straight_learning_rates: tuple[float, float] = (1e-3, 1e-4)  # first and last, falling exponentially
    full_steps: int = 150
    full_batch: int = 48
    full_learning_rates: tuple[float, float] = (5e-5, 1e-5)
    held_out_batch: int = 256
    gan_learning_rate: float = 2e-4
    noise: float = 0.15  # of a decoded value, in units of the spread: weighs reconstruction against KL
    kl: float = 1.0
    gan: float = 0.7  # in the full steps
    match: float = 12.0
    velocity: float = 0.5  # velocities in the reconstruction, next to positions
    save_every: int = 500
    seed: int = 0

    @property
    def steps(self) -> int:
        return self.straight_steps + self.full_steps

    def is_straight(self, step: int) -> bool:
        return step < self.straight_steps

    def learning_rate(self, step: int) -> float:
        if self.is_straight(step):
            first, last = self.straight_learning_rates
            share = step / self.straight_steps
        else:
            first, last = self.full_learning_rates
            share = (step - self.straight_steps) / self.full_steps
        return first * (last / first) ** share


def train_posevae(
    data: str | Path,
    out: str | Path,
    *,
    recipe: PoseVAETraining | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, float]:
    """Train on `data`/headmotion.npz and write fp16 inference weights to `out` (.safetensors).

    data : folder with headmotion.npz, see `sadtalker3d.train.headmotion`
    checkpoint : file to continue from if it is there, and to save to; default: beside `out`, ending .training
    progress : called with steps done and in all
    log : called with a line for every report
    Returns the held-out losses. Raises UserError when data is missing or of another format.
    """
    recipe = recipe or PoseVAETraining()
    out = Path(out)
    resume = Path(checkpoint) if checkpoint else out.with_suffix(".training")
    torch.manual_seed(recipe.seed)
    clips, held = (borrow_voices(part) for part in split(load_clips(Path(data))))
    styles = head_styles(clips)
    trainer = _Trainer(recipe, _spread(clips))
    if resume.is_file():
        trainer.load(resume)
        log(f"posevae: continues from step {trainer.step} of {recipe.steps} ({resume})")
    else:
        train_hearing(trainer.net.audio_encoder, clips, recipe.hearing_steps, recipe.seed, log)
        trainer.save(resume)
    windows = Windows(trainer.net, clips, styles, trainer.spread, recipe.seed)
    tests = Windows(trainer.net, held, _styles_of_others(held), trainer.spread, recipe.seed + 1)
    if trainer.step == 0:
        trainer.start(windows.batch(START_WINDOWS, START_BATCH))
    test_batch = tests.batch(recipe.held_out_batch, 0)
    loss: dict[str, float] = {}
    while trainer.step < recipe.steps:
        size = recipe.straight_batch if recipe.is_straight(trainer.step) else recipe.full_batch
        loss = trainer.train(windows.batch(size, trainer.step))
        if progress:
            progress(trainer.step, recipe.steps)
        if trainer.step % recipe.save_every == 0 or trainer.step == recipe.steps:
            trainer.save(resume)
            held_out = trainer.test(test_batch)
            log(f"posevae: step {trainer.step} of {recipe.steps}, {_line(loss)}; held out {_line(held_out)}")
    held_out = trainer.test(test_batch)
    write_weights(trainer.net, trainer.spread, out)
    return held_out


def write_weights(net: PoseVAE, spread: np.ndarray, out: Path) -> None:
    """The parts inference needs, in fp16, with the units folded in: the decoder speaks radians and metres."""
    from safetensors.torch import save_file

    scale = torch.from_numpy(spread)
    state = {k: v.clone() for k, v in net.state_dict().items() if k.startswith(INFERENCE_PREFIXES)}
    state["netG.decoder.MLP.L0.weight"][:, :POSE] /= scale
    state["netG.decoder.pose_linear.weight"] *= scale[:, None]
    state["netG.decoder.pose_linear.bias"] *= scale
    halves = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    with replacing(out) as path:
        save_file(halves, path)


class _Trainer:
    """Networks, optimisers and the step they have reached."""

    def __init__(self, recipe: PoseVAETraining, spread: np.ndarray) -> None:
        self.recipe, self.spread, self.step = recipe, spread, 0
        self.net = PoseVAE()
        self.made = torch.optim.Adam(self.net.netG.parameters(), betas=(0.9, 0.99))
        self.judge = torch.optim.Adam(
            self.net.netD_motion.parameters(), lr=recipe.gan_learning_rate, betas=(0.5, 0.99)
        )

    def start(self, batch: Batch) -> None:
        start_from_components(
            self.net, batch.motion, batch.reference, batch.audio, batch.loudness, self.recipe.noise
        )

    def train(self, batch: Batch) -> dict[str, float]:
        recipe = self.recipe
        torch.manual_seed(recipe.seed * 1_000_003 + self.step)  # so that a resumed run draws the same
        for group in self.made.param_groups:
            group["lr"] = recipe.learning_rate(self.step)
        self.net.netG.train()
        self.net.netD_motion.train()
        if recipe.is_straight(self.step):
            with straight(self.net):
                parts, _ = self._losses(batch)
        else:
            with torch.autocast("cpu", torch.bfloat16):
                parts, drawn = self._losses(batch)
                # least squares: its gradient does not vanish when the discriminator is sure
                parts["gan"] = (self.net.netD_motion(drawn) - 1).square().mean()
        weights = {"mse": 0.5 / recipe.noise**2, "kl": recipe.kl, "gan": recipe.gan, "match": recipe.match}
        total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
        self.made.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.net.netG.parameters(), 5.0)
        self.made.step()
        if "gan" in parts and self.step % 2 == 0:
            self._judge(batch.motion, drawn.detach())
        self.step += 1
        return {name: float(value.detach()) for name, value in parts.items()}

    def _judge(self, measured: Tensor, drawn: Tensor) -> None:
        """One step of the discriminator."""
        self.judge.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            real, made = self.net.netD_motion(torch.cat([measured, drawn])).chunk(2)
            loss = (real - 1).square().mean() + made.square().mean()
        loss.backward()
        self.judge.step()

    @torch.no_grad()
    def test(self, batch: Batch) -> dict[str, float]:
        self.net.netG.eval()
        torch.manual_seed(self.recipe.seed)
        parts, _ = self._losses(batch)
        return {name: float(value) for name, value in parts.items()}

    def _losses(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """The losses but the GAN's, and motion (B, 32, 6) drawn from the prior."""
        conditions = batch.style, batch.reference, batch.audio
        mean, logvar = self.net.netG.encoder.posterior(batch.motion, *conditions)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        both = [torch.cat([part, part]) for part in conditions]
        # one pass for both, so that batch norm sees what it will see at inference
        decoded = self.net.decode(torch.cat([z, torch.randn(z.shape)]), *both).float()
        rebuilt, drawn = decoded.chunk(2)
        mse = (rebuilt - batch.motion).square().mean()
        pace = velocity_of(batch.motion).square().mean(dim=(0, 1)).sqrt()
        mse = (
            mse
            + self.recipe.velocity
            * ((velocity_of(rebuilt) - velocity_of(batch.motion)) / pace).square().mean()
        )
        mean, logvar = mean.float(), logvar.float()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean() / (WINDOW * POSE)
        with torch.autocast("cpu", enabled=False):  # sorting wants the digits
            match = sliced_distance(batch, drawn, pace)
        return {"mse": mse, "kl": kl, "match": match}, drawn

    def save(self, path: Path) -> None:
        state = {
            "step": self.step,
            "recipe": asdict(self.recipe),
            "net": self.net.state_dict(),
            "made": self.made.state_dict(),
            "judge": self.judge.state_dict(),
        }
        with replacing(path) as partial:
            torch.save(state, partial)

    def load(self, path: Path) -> None:
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
            if state["recipe"] != asdict(self.recipe):
                raise UserError(
                    f"{path}: is from training with another recipe; delete it or name another file"
                )
            self.net.load_state_dict(state["net"])
            for part in ("made", "judge"):
                getattr(self, part).load_state_dict(state[part])
            self.step = state["step"]
        except (RuntimeError, KeyError, ValueError, EOFError) as error:
            raise UserError(f"{path}: is no training state ({error}); delete it to start afresh") from error


def _spread(clips: list[HeadClip]) -> np.ndarray:
    """Root mean square of the motion over one window of people speaking, (6,) radians and metres."""
    squares = [np.square(c.pose[WINDOW:] - c.pose[:-WINDOW]) for c in clips if c.speaks]
    return np.sqrt(np.concatenate(squares).mean(axis=0)).astype(np.float32)


def _styles_of_others(clips: list[HeadClip]) -> list[HeadStyle]:
    """Held-out people are tested as the average speaker: their own style was never seen."""
    return head_styles(clips)[:1]


def _line(loss: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in loss.items())
