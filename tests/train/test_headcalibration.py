"""Calibration brings a made-up network to the speed, proportions and travel it is told."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sadtalker3d.motion.posevae import POSE, PoseVAE
from sadtalker3d.train.headcalibration import MOST_TRAVEL_M_S, Goal, calibrated, mean_mood


class Swinger(PoseVAE):
    """Every window swings about rest by 0.03 radians (metres), all columns alike, phase by chance."""

    def decode_coded(self, z: Tensor, style: Tensor, reference: Tensor, speech: Tensor) -> Tensor:
        time = torch.linspace(0, 2 * torch.pi, 32)[None, :, None]
        return 0.03 * torch.sin(time + 3 * z[:, None, :POSE]) - reference[:, None]


def test_speed_proportions_and_travel_are_met() -> None:
    velocity = np.array([0.2, 0.1, 0.05, 0.5, 0.001, 0.001])
    goal = Goal(velocity, tempo_hz=1.0, speed=0.15)
    row = calibrated(Swinger().eval(), np.zeros((1500, POSE), np.float32), 4, goal)
    assert abs(np.radians(row.speed_deg_s) - 0.15) < 1e-6
    pitch, yaw, roll = row.deviation_deg
    assert abs(pitch / yaw - 2) < 0.4 and pitch > yaw > roll
    assert row.gain[3] < row.gain[0] * MOST_TRAVEL_M_S[0] / 0.1  # told to travel further than people do


def test_moods_slow_the_average_speaker_most() -> None:
    assert mean_mood(0) < mean_mood(1) < 1
