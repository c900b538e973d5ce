"""Where a network is trained."""

from __future__ import annotations

import os

from sadtalker3d.errors import UserError


def chosen_device(device: str | None) -> str:
    """The device of that kind, "cpu" or "cuda"; None takes cuda where there is one.

    Raises UserError for another name, and for cuda where there is none.
    """
    import torch

    there = torch.cuda.is_available()
    if device not in (None, "cpu", "cuda"):
        raise UserError(f"there is no device '{device}'; the known ones are cpu and cuda")
    if device == "cuda" and not there:
        raise UserError(
            "there is no CUDA device here; leave --device out, or install a torch that finds yours"
        )
    if device == "cpu" or not there:
        torch.set_num_threads(1)  # more threads than free cores make each other wait
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # torchrun's processes have a card each
