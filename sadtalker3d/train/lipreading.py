"""The lip-reading loss: what a frozen reader makes of the generated mouths and of the wanted ones, compared."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sadtalker3d.train.lipreader import LipReader


@dataclass(frozen=True)
class LipReadingConfig:
    """Weights of the two ways to compare; at the start of the experiment below they weigh alike.

    SadTalker's L_read compares predictions. They forgive what sounds the same; features see how it is said too.
    Held-out mouths blurred in time (sigma 2 frames) and shrunk to 75 %, led back by the loss alone (Adam, 150
    steps): closures shut 8 % -> 100 % with either, lower lip to teeth in f v 4.5 -> 3.1 mm by predictions and
    2.6 mm by features (target 2.5), error of the gap 1.40 -> 0.51 and 0.19 mm.
    """

    predictions: float = (
        1.0  # KL divergence of the phones read from those read in the target, in nats a frame
    )
    features: float = 0.2  # mean squared difference before naming


class LipReading:
    """A number that is 0 where the reader reads in both mouths the same. The reader is frozen here.

    (B, T, D) of the driven columns, generated and target, in time and 25 to the second. Only the generated ones
    get gradients.
    """

    def __init__(self, reader: LipReader, config: LipReadingConfig | None = None) -> None:
        self.reader = reader.requires_grad_(False).eval()
        self.config = config or LipReadingConfig()

    def __call__(self, driven: Tensor, target: Tensor) -> Tensor:
        reader, config = self.reader, self.config
        with torch.no_grad():
            wanted = reader.features(reader.watched(target))
            wanted_logs = _logs(reader.named, wanted)
        # what a face can show; how far a weight lies beyond it is for the coefficients' own loss
        features = reader.features(reader.watched(driven.clamp(0, 1)))
        difference = (wanted_logs.exp() * (wanted_logs - _logs(reader.named, features))).sum(1).mean()
        loss = config.predictions * difference
        if config.features:
            loss = loss + config.features * (features - wanted).square().mean()
        return loss


def _logs(named: nn.Module, features: Tensor) -> Tensor:
    return named(features).log_softmax(1)
