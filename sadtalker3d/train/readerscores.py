"""How well a lip reader reads: shares of frames, over all and by what the lips can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.train.visemes import NAMES, OF_PHONE


@dataclass(frozen=True)
class ReaderScores:
    """Shares of frames, 0 to 1.

    phones : named exactly
    visemes : named as a phone that looks the same
    balanced : the mean over the groups, so that silence and vowels do not hide the rest
    by_viseme : name -> share of its frames read as a phone of the group
    """

    phones: float
    visemes: float
    balanced: float
    by_viseme: dict[str, float]

    @classmethod
    def of(cls, named: np.ndarray, phone: np.ndarray) -> ReaderScores:
        """Scores of (N,) phones read where (N,) were said. A group that was never said is left out."""
        right = OF_PHONE[named] == OF_PHONE[phone]
        said = OF_PHONE[phone]
        groups = {name: float(right[said == i].mean()) for i, name in enumerate(NAMES) if (said == i).any()}
        balanced = float(np.mean(list(groups.values())))
        return cls(float((named == phone).mean()), float(right.mean()), balanced, groups)

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {100 * value:.0f}" for name, value in self.by_viseme.items())
        return (
            f"phones {100 * self.phones:.1f} %, visemes {100 * self.visemes:.1f} %, "
            f"balanced {100 * self.balanced:.1f} % ({parts})"
        )
