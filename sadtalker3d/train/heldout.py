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
    from sadtalker3d.motion.temporal_expnet import TemporalExpNet


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

    def scores(self, net: TemporalExpNet, loss_of: LipLoss) -> tuple[LipScores, float]:
        """Lip measures of the network alone (no smoothing, no gate), and the loss without augmentation."""
        import torch

        said, losses = [], []
        for windows, targets in zip(self.windows, self.targets, strict=True):
            frames = len(windows)
            rest, lids = torch.zeros(1, frames, 64), torch.zeros(1, frames, 1)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                out = net(windows[None], rest, lids).float()  # (1, T, 64)
            said.append(out[0].clamp(0, 1).numpy())
            nothing = torch.zeros(1, frames)
            wanted = torch.from_numpy(targets[None, :, list(DRIVEN)])
            batch = Batch(windows[None], wanted, nothing.long(), nothing, nothing, torch.ones(1, 1), lids)
            losses.append(loss_of(out, batch)[1]["mouth"])
        return lip_scores(self.mouth, said, [u.phones for u in self.utterances]), float(np.mean(losses))


def line_of(scores: LipScores) -> str:
    """The measures in one line of a log."""
    return (
        f"closure {scores.closure_auc:.3f} specific {scores.closure_specific_auc:.3f} "
        f"closed {100 * scores.closed_share:.0f} % rounding {scores.rounding_auc:.3f} "
        f"teeth {scores.labiodental_auc:.3f}/{scores.labiodental_specific_auc:.3f} "
        f"open {scores.openness_correlation:.2f} lag {scores.lag_ms:.0f} ms rest {scores.rest_gap:.2f} "
        f"range {scores.gap_range_mm:.1f}/{scores.width_range_mm:.1f}/{scores.protrusion_range_mm:.1f} "
        f"lively {scores.liveliness:.2f} balanced {scores.balanced_closure:.3f}"
    )
