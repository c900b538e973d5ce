"""Which frames of the source are shown when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sadtalker3d.errors import UserError

OUT_OF_TIME_S = 0.5  # more than odd times add up to in most clips


@dataclass(frozen=True)
class Shown:
    """What one frame of the output shows.

    time_s : when, on the clock on which the new sound begins at 0
    source : number of the source's frame, counted in the order in which `face.video.timed_frames` yields them
    other, share : a second frame that is dissolved in, by so much (0..1)
    """

    time_s: float
    source: int
    other: int | None = None
    share: float = 0.0


def check_plan(plan: Sequence[Shown]) -> None:
    """ValueError for numbers or times that cannot be; UserError for none at all."""
    if not plan:
        raise UserError("the plan shows no frames; give a performance that is longer than nothing")
    last_s = -1.0
    for shown in plan:
        if not (shown.time_s > last_s and shown.time_s >= 0):
            raise ValueError(f"a plan's times ascend from 0, but {shown.time_s} s follows {last_s} s")
        if shown.source < 0 or (shown.other is not None and shown.other < 0) or not 0 <= shown.share <= 1:
            raise ValueError(f"{shown}: frames are counted from 0, and a share is 0 to 1")
        last_s = shown.time_s


def in_time_until_s(plan: Sequence[Shown], fps: float, first_s: float = 0.0) -> float:
    """How long the plan shows the source's frames at their own times, so that the source's other tracks fit them.

    fps : the source's; where its frames come at odd times this is as exact as they are even
    first_s : when its first frame is shown, on the plan's clock
    """
    for shown in plan:
        if abs(first_s + shown.source / fps - shown.time_s) > OUT_OF_TIME_S:
            return shown.time_s
    return plan[-1].time_s + 1 / fps
