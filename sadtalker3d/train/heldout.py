"""Speech kept out of training, and how well a network follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sadtalker3d.evaluate import LipScores, lip_scores
from sadtalker3d.mouth import Mouth
from sadtalker3d.train.corpus import Corpus, Utterance
from sadtalker3d.train.lipframes import COLUMNS_PER_FRAME, Batch, targets_of
from sadtalker3d.train.liploss import LipLoss
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from sadtalker3d.motion.expnet import ExpNet


@dataclass(frozen=True)
class HeldOut:
    """Utterances kept out of training, in the form that measuring needs."""

    windows: list[Any]
    targets: list[np.ndarray]
    utterances: list[Utterance]
    mouth: Mouth

    @classmethod
    def of(cls, corpus: Corpus, part: str, mouth: Mouth) -> HeldOut:
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


def line_of(scores: LipScores) -> str:
    """The measures in one line of a log."""
    return (
        f"closure {scores.closure_auc:.3f} specific {scores.closure_specific_auc:.3f} "
        f"closed {100 * scores.closed_share:.0f} % rounding {scores.rounding_auc:.3f} "
        f"teeth {scores.labiodental_auc:.3f}/{scores.labiodental_specific_auc:.3f} "
        f"open {scores.openness_correlation:.2f} lag {scores.lag_ms:.0f} ms rest {scores.rest_gap:.2f} "
        f"range {scores.gap_range_mm:.1f}/{scores.width_range_mm:.1f}/{scores.protrusion_range_mm:.1f} "
        f"lively {scores.liveliness:.2f}"
    )
