"""The renderer's networks on their way: one step of training, keeping it all and going on."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator
from sadtalker3d.render.facevid2vid.head_pose import moved_keypoints
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingNet
from sadtalker3d.render.facevid2vid.sizes import RendererSizes
from sadtalker3d.train.discriminator import Discriminator, DiscriminatorConfig, judge_loss
from sadtalker3d.train.equivariance import Warp, WarpConfig
from sadtalker3d.train.framepairs import Pair, Pairs
from sadtalker3d.train.keeping import keep, restore
from sadtalker3d.train.processes import Processes
from sadtalker3d.train.rendererlosses import LossWeights, Made, RendererLoss

WARP_DRAWS = 7  # tells the draws of warps from those of pairs, which have the same seed


@dataclass(frozen=True)
class TrainConfig:
    """How the renderer is trained; the paper's numbers where it has them."""

    size_px: int = 256
    width: float = 1.0  # share of the official channels
    batch: int = 4  # a process
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    largest_gradient: float = 10.0  # rarely reached; it keeps the first steps from bursting
    weights: LossWeights = field(default_factory=LossWeights)
    warp: WarpConfig = field(default_factory=WarpConfig)

    @property
    def judged(self) -> bool:
        return self.weights.deceive > 0 or self.weights.features > 0


class RendererTraining:
    """Generator, keypoint detector, head estimator and their judge, with the optimisers' state.

    vgg : see `perceptual`
    """

    def __init__(
        self, config: TrainConfig, *, seed: int = 0, vgg: Path | None = None, device: str = "cpu"
    ) -> None:
        torch.manual_seed(seed)
        self.config, self.seed, self.device = config, seed, torch.device(device)
        sizes = RendererSizes.of(config.width, config.size_px)
        self.generator = Generator(sizes.generator).to(self.device)
        self.keypoints = KeypointDetector(sizes.keypoints).to(self.device)
        self.head = HeadEstimator(sizes.head).to(self.device)
        start_at_rest(self.head)
        self.judge = Discriminator(DiscriminatorConfig().narrow(config.width)).to(self.device)
        self.loss = RendererLoss(config.weights, vgg).to(self.device)
        self.made_by = [p for net in self.networks for p in net.parameters()]
        self.judged_by = list(self.judge.parameters())
        adam: dict[str, Any] = {"lr": config.learning_rate, "betas": config.betas}
        self.optimizer = torch.optim.Adam(self.made_by, **adam)
        self.judge_optimizer = torch.optim.Adam(self.judged_by, **adam)
        self.step, self.spent_s = 0, 0.0
        self._running: dict[str, float] = {}

    @property
    def networks(self) -> tuple[Generator, KeypointDetector, HeadEstimator]:
        """What is trained besides the judge."""
        return self.generator, self.keypoints, self.head

    def advance(self, pairs: Pairs, processes: Processes) -> float:
        """One step of all networks, and the loss before it."""
        began, config = time.monotonic(), self.config
        pair = self._on_device(pairs.draw(config.batch, self.step, processes.rank))
        rng = np.random.default_rng((self.seed, self.step, processes.rank, WARP_DRAWS))
        warp = Warp.drawn(rng, config.batch, config.warp).to(self.device)
        for net in (*self.networks, self.judge):
            net.train()
        self.judge.requires_grad_(False)
        made = self.made_of(pair, warp)
        loss, parts = self.loss(made, pair, self.judge if config.judged else None)
        self.optimizer.zero_grad()
        loss.backward()
        processes.average_gradients(self.made_by)
        nn.utils.clip_grad_norm_(self.made_by, config.largest_gradient)
        self.optimizer.step()
        if config.judged:
            parts["judge"] = self._advance_judge(pair.driving, made.picture.detach(), processes)
        for net in (*self.networks, self.judge):
            processes.average_buffers(net)
        self.step += 1
        self.spent_s += time.monotonic() - began
        for name, value in parts.items():
            self._running[name] = 0.95 * self._running.get(name, float(value)) + 0.05 * float(value)
        return float(loss.detach())

    def made_of(self, pair: Pair, warp: Warp) -> Made:
        """The driving frame made of the source frame, and the keypoints that the losses look at."""
        canonical = self.keypoints(pair.source)
        # one pass for all, so that batch norm sees source, driving and bent frames alike
        both = torch.cat([pair.source, pair.driving, warp.picture(pair.driving)])
        motions = self.head(both)
        moved = moved_keypoints(canonical.repeat(3, 1, 1), motions)
        kp_source, kp_driving, kp_bent = moved.chunk(3)
        picture = self.generator(pair.source, kp_driving, kp_source)
        driving = type(motions)(*(values.chunk(3)[1] for values in motions))
        return Made(picture, kp_driving, kp_bent, warp, driving)

    def _advance_judge(self, real: Tensor, made: Tensor, processes: Processes) -> Tensor:
        self.judge.requires_grad_(True)
        loss = judge_loss(self.judge(real), self.judge(made))
        self.judge_optimizer.zero_grad()
        loss.backward()
        processes.average_gradients(self.judged_by)
        self.judge_optimizer.step()
        return loss.detach()

    def _on_device(self, pair: Pair) -> Pair:
        angles = None if pair.angles_deg is None else pair.angles_deg.to(self.device)
        return replace(
            pair, source=pair.source.to(self.device), driving=pair.driving.to(self.device), angles_deg=angles
        )

    def course(self) -> str:
        """The parts of the loss, each its running mean."""
        return " ".join(f"{name} {value:.3f}" for name, value in self._running.items())

    def keep(self, checkpoint: Path) -> None:
        """Write all that `restore` needs."""
        keep(self, checkpoint, KEPT, self._recipe())

    def restore(self, checkpoint: Path) -> None:
        """Go on where `keep` left off; UserError for another recipe's checkpoint or a damaged one."""
        restore(self, checkpoint, KEPT, self._recipe())

    def _recipe(self) -> str:
        return json.dumps(asdict(self.config) | {"seed": self.seed, "looks": self.loss.looks})


def start_at_rest(head: HeadEstimator | MappingNet) -> None:
    """Let a network begin with small movements: random ones throw the keypoints about the picture."""
    with torch.no_grad():
        for layer in (head.fc_exp, head.fc_t):
            layer.weight.mul_(0.1)
            layer.bias.mul_(0.1)


KEPT = ("generator", "keypoints", "head", "judge", "optimizer", "judge_optimizer")
