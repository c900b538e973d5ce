"""The live head: faster where the voice is loud, without jumps, one step of work a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from sadtalker3d import weights
from sadtalker3d.motion.live_head import LiveHead
from sadtalker3d.motion.live_loudness import MOST, LiveLoudness
from tests.motion.live_networks import seeded_networks

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE


def motion(loudness: list[float], net: PoseVAE | None = None) -> np.ndarray:
    live = LiveHead(net or seeded_networks().posevae, 0, np.random.default_rng(0))
    sound = np.random.default_rng(7)
    return np.array([live.next(sound.standard_normal((80, 16)).astype(np.float32), x) for x in loudness])


def test_it_sets_off_from_rest_and_never_jumps() -> None:
    poses = motion([1.0] * 600, cast("PoseVAE", weights.embedded("posevae")))
    assert not poses[:8].any() and poses[30:].any(axis=1).all()
    step_deg = np.degrees(np.linalg.norm(np.diff(poses[:, :3], axis=0), axis=1))
    assert step_deg.max() < 8 and step_deg.max() < 4 * np.percentile(step_deg, 90)


def test_it_moves_faster_where_the_voice_is_loud() -> None:
    poses = motion([1.0] * 500 + [0.0] * 500)
    speed = np.linalg.norm(np.diff(poses[:, :3], axis=0), axis=1)
    assert speed[50:500].mean() > 1.8 * speed[510:].mean()


@pytest.mark.parametrize("loudness", [0.0, MOST])
def test_one_step_of_work_a_frame(monkeypatch: pytest.MonkeyPatch, loudness: float) -> None:
    calls, plan_ahead = [], LiveHead._plan_ahead
    monkeypatch.setattr(LiveHead, "_plan_ahead", lambda *given: (calls.append(1), plan_ahead(*given)))
    motion([loudness] * 200)
    assert len(calls) == 200


def test_loudness_is_relative_to_the_voice() -> None:
    for level in (-2.0, 1.0):
        live = LiveLoudness()
        heard = [live.next(np.full((80, 13), level + (2 if i % 20 < 10 else 0))) for i in range(200)]
        assert np.mean(heard[100:]) == pytest.approx(0.5, abs=0.05)
