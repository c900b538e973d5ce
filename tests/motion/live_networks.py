"""Networks for live faces with seeded weights, which move everything all the time."""

from __future__ import annotations

from functools import cache

import torch

from sadtalker3d import weights
from sadtalker3d.motion.live import LiveNetworks
from sadtalker3d.motion.temporal_expnet import LiveExpNet
from tests.seeded import load_seeded


@cache
def seeded_networks() -> LiveNetworks:
    return LiveNetworks(seeded_mouth(), load_seeded(weights.build("audio2pose"), "audio2pose"), {})


def seeded_mouth() -> LiveExpNet:
    """Random weights and running statistics, so that every path carries something."""
    torch.manual_seed(1)
    net = LiveExpNet().eval()
    for name, buffer in net.named_buffers():
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
        elif name.endswith("running_mean"):
            buffer.normal_(0, 0.5)
    return net
