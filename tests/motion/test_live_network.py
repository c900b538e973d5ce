"""Frame by frame the live network says what it says of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sadtalker3d.errors import UserError
from sadtalker3d.motion.live_network import LiveMouth
from sadtalker3d.motion.temporal_expnet import TemporalExpNet
from tests.motion.live_networks import seeded_mouth


def test_frame_by_frame_is_the_whole() -> None:
    net = seeded_mouth()
    windows = torch.randn(90, 1, 80, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together = net.said(windows).numpy()
    mouth = LiveMouth(net)
    one_by_one = np.stack([mouth.say(window[0, :, :13]) for window in windows.numpy()])
    np.testing.assert_allclose(one_by_one, together, atol=1e-5)
    assert np.ptp(together, axis=0).max() > 0.1


def test_a_network_that_looks_ahead_is_refused() -> None:
    with pytest.raises(UserError, match="looks ahead"):
        LiveMouth(TemporalExpNet())
