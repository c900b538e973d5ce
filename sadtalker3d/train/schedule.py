"""The learning rate over a training."""

from __future__ import annotations

import math


def warmed_cosine(done: float, warm_up: float) -> float:
    """Factor of the learning rate when the share `done` lies behind: up in a line, down in a half cosine."""
    if done < warm_up:
        return max(done / warm_up, 0.02)
    return 0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / (1 - warm_up))
