"""The refinement's networks on their way: one step of training, keeping it all and going on."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sadtalker3d.render.refine import NETWORKS
from sadtalker3d.render.refinenet import RefineNet, admitted, features, refined
from sadtalker3d.train.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    deceive_loss,
    feature_loss,
    judge_loss,
)
from sadtalker3d.train.keeping import keep, restore
from sadtalker3d.train.perceptual import DetailPyramid, VggLoss
from sadtalker3d.train.portraitpairs import Pairs
from sadtalker3d.train.refinebatches import Batch, drawn_batch

KEPT = ("network", "judge", "optimizer", "judge_optimizer")


@dataclass(frozen=True)
class TrainConfig:
    """How the refinement is trained."""

    batch: int = 12
    learning_rate: float = 1.5e-3
    last_share: float = 0.02  # of the learning rate at the end; a cosine between
    judge_rate: float = 2e-4
    reconstruction: float = 4.0
    perceptual: float = 1.0
    deceive: float = 0.01  # the judge sees drawn people only; it must not rule
    features: float = 0.2
    judged_from: float = 0.6  # of the steps: a judge of blurred pictures would learn only blur
    judge_width: float = 0.25


class RefineTraining:
    """One network, its judge and their optimisers.

    name : of the network
    steps : of the whole training, which the learning rate and the judge go by
    """

    def __init__(
        self,
        name: str,
        steps: int,
        config: TrainConfig | None = None,
        *,
        seed: int = 0,
        vgg: str | Path | None = None,
        device: str = "cpu",
    ) -> None:
        torch.manual_seed(seed * len(NETWORKS) + NETWORKS.index(name))
        self.name, self.steps, self.config, self.seed = name, steps, config or TrainConfig(), seed
        self.device = torch.device(device)
        self.network = RefineNet().to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        narrow = DiscriminatorConfig().narrow(self.config.judge_width)
        self.judge = Discriminator(narrow).to(self.device)
        self.perceptual: nn.Module = (DetailPyramid() if vgg is None else VggLoss(vgg)).to(self.device)
        self.looks = "details" if vgg is None else "vgg"
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate)
        self.judge_optimizer = torch.optim.Adam(
            self.judge.parameters(), lr=self.config.judge_rate, betas=(0.5, 0.999)
        )
        self.step, self.spent_s = 0, 0.0
        self._running: dict[str, float] = {}

    def advance(self, pairs: Pairs) -> float:
        """One step, and the loss before it."""
        began, config = time.monotonic(), self.config
        rng = np.random.default_rng((self.seed, self.step, NETWORKS.index(self.name)))
        batch = self._on_device(drawn_batch(pairs, rng, config.batch, mirror=self.name == "mouth"))
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        made, wanted = self.made_of(batch)
        judged = self.step >= config.judged_from * self.steps
        parts: dict[str, tuple[float, Tensor]] = {
            "L1": (config.reconstruction, (made - wanted).abs().mean()),
            self.looks: (config.perceptual, self.perceptual(made, wanted)),
        }
        if judged:
            self.judge.requires_grad_(False)
            opinion = self.judge(made)
            parts["deceive"] = (config.deceive, deceive_loss(opinion))
            parts["features"] = (config.features, feature_loss(self.judge(wanted), opinion))
        loss = torch.stack([weight * value for weight, value in parts.values()]).sum()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        if judged:
            self.judge.requires_grad_(True)
            doubt = judge_loss(self.judge(wanted), self.judge(made.detach()))
            self.judge_optimizer.zero_grad()
            doubt.backward()
            self.judge_optimizer.step()
            parts["judge"] = (1.0, doubt)
        self.step += 1
        self.spent_s += time.monotonic() - began
        for name, (_, value) in parts.items():
            before = self._running.get(name, float(value.detach()))
            self._running[name] = 0.98 * before + 0.02 * float(value.detach())
        return float(loss.detach())

    def made_of(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the network makes of the crops, and the truth where it may make anything: (B, 3, S, S) in 0..1."""
        given = features(batch.warped, batch.photo, batch.guides).contiguous(
            memory_format=torch.channels_last
        )
        made = refined(batch.warped, admitted(self.name, self.network(given), batch.warped), batch.guides)
        change = (batch.real.float() - batch.warped.float()).permute(0, 3, 1, 2) / 255
        return made, refined(batch.warped, change, batch.guides)

    def course(self) -> str:
        """The parts of the loss, each its running mean."""
        return " ".join(f"{name} {value:.4f}" for name, value in self._running.items())

    def keep(self, checkpoint: Path) -> None:
        """Write all that `restore` needs."""
        keep(self, checkpoint, KEPT, self._recipe())

    def restore(self, checkpoint: Path) -> None:
        """Go on where `keep` left off; UserError for another recipe's checkpoint or a damaged one."""
        restore(self, checkpoint, KEPT, self._recipe())

    def _rate(self) -> float:
        low = self.config.last_share
        share = low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(self.step / self.steps, 1.0)))
        return self.config.learning_rate * share

    def _recipe(self) -> str:
        return json.dumps(
            asdict(self.config)
            | {"seed": self.seed, "steps": self.steps, "looks": self.looks, "name": self.name}
        )

    def _on_device(self, batch: Batch) -> Batch:
        return Batch(*(value.to(self.device) for value in vars(batch).values()))
