"""Head motion of any length: bounded, joined without jumps, repeatable. On untrained, seeded weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sadtalker3d.errors import UserError
from sadtalker3d.evaluate.head import HeadTake, border_jump
from sadtalker3d.motion.head import (
    HOP,
    LEAD,
    LOUDNESS_LEAST,
    RUN,
    as_heads_follow,
    evenly,
    head_motion,
    joined,
    speed_up_head,
)
from sadtalker3d.motion.posevae import POSE, PoseVAE
from tests.seeded import load_seeded


class Wanderer(PoseVAE):
    """Stands in for trained weights: every window is a curve of its latent that tends towards rest."""

    def decode_coded(self, z: Tensor, style: Tensor, reference: Tensor, speech: Tensor) -> Tensor:
        phase = torch.linspace(0, 3, 32)[None, :, None]
        sway = 0.05 * (z[:, None, :6] * torch.sin(phase) + z[:, None, 6:12] * (1 - torch.cos(phase)))
        return sway - reference[:, None] * (phase / 3)


@pytest.fixture(scope="module")
def net() -> PoseVAE:
    return Wanderer().eval()


def motion(net: PoseVAE, frames: int, seed: int = 0, style: int = 0) -> np.ndarray:
    speech = np.zeros((max(1, frames), POSE), np.float32)
    return head_motion(net, speech, frames, style=style, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 24, 25, 26, 32, 33, 34, 57, 200])
def test_any_length_begins_at_rest(frames: int) -> None:
    pose = motion(load_seeded(PoseVAE(), "audio2pose"), frames)
    assert pose.shape == (frames, POSE) and pose.dtype == np.float32
    assert np.isfinite(pose).all() and not pose[:1].any()


def test_the_fast_head_moves_the_same() -> None:
    plain, fast = (load_seeded(PoseVAE(), "audio2pose") for _ in range(2))
    np.testing.assert_allclose(motion(speed_up_head(fast), 97), motion(plain, 97), atol=1e-5)


def test_seed_decides(net: PoseVAE) -> None:
    assert np.array_equal(motion(net, 100, 1), motion(net, 100, 1))
    assert not np.array_equal(motion(net, 100, 1), motion(net, 100, 2))


def test_a_longer_recording_begins_like_a_shorter_one(net: PoseVAE) -> None:
    short, long = motion(net, 120), motion(net, 400)
    np.testing.assert_allclose(long[:100], short[:100], atol=1e-6)


@pytest.mark.parametrize("period", [32, HOP, RUN * HOP])
def test_no_jump_where_blocks_join(net: PoseVAE, period: int) -> None:
    # runs are long, so that many are needed to tell a mark from chance
    takes = [HeadTake(motion(net, 1500 * period // HOP, seed)[:, :3]) for seed in range(2)]
    jumps = [border_jump(takes, period, phase) for phase in range(-2, 3)]
    assert max(jumps) < 1.35


def test_runs_side_by_side_are_one_path() -> None:
    # every block ends 1 further than it began; so each run ends at RUN, and what follows returns from there
    blocks = 3 * RUN
    start = np.repeat(np.arange(blocks) % RUN, POSE).reshape(blocks, POSE).astype(np.float32)
    rise = np.minimum(np.arange(1, 33) / HOP, 1).astype(np.float32)
    path = joined(start, np.tile(rise[:, None], (blocks, 1, POSE)))
    assert path.shape == (1 + blocks * HOP, POSE) and not path[0].any()
    np.testing.assert_allclose(path[RUN * HOP], RUN, rtol=1e-6)
    np.testing.assert_allclose(path[2 * RUN * HOP], RUN, rtol=1e-6)  # it was all gone by then
    assert np.abs(np.diff(path, axis=0)).max() < 0.3


def test_the_even_clock_keeps_time() -> None:
    at = np.arange(0, 400, 0.25)
    even = evenly(at)
    assert (np.diff(even) > 0).all() and np.abs(even - at).max() < 0.75
    np.testing.assert_allclose(even[:: 4 * HOP], at[:: 4 * HOP], atol=1e-9)
    # the network's slowest frame is played fastest
    assert np.diff(even[: 4 * HOP + 1 : 4]).argmax() in (1, 2, 3)


def test_where_nobody_speaks_the_head_listens(net: PoseVAE) -> None:
    speech, spoken = np.zeros((1000, POSE), np.float32), np.ones(1000, bool)
    spoken[300:700] = False
    talking, listening = (
        head_motion(net, speech, 1000, style=5, rng=np.random.default_rng(0), spoken=voice)[:, :3]
        for voice in (None, spoken)
    )
    np.testing.assert_array_equal(listening[:340], talking[:340])
    np.testing.assert_array_equal(listening[710:], talking[710:])
    assert 0.4 < listening[420:660].std(axis=0)[1] / talking[420:660].std(axis=0)[1] < 0.6


def test_it_stays_near_rest_for_ten_minutes(net: PoseVAE) -> None:
    pose = motion(net, 15000)
    minutes = np.degrees(pose[:, :3]).reshape(10, -1, 3)
    assert np.abs(minutes.mean(axis=1)).max() < 3
    assert minutes[9].std() < 1.5 * minutes[0].std()


def test_the_head_hears_sooner_and_with_more_contrast() -> None:
    speech = np.zeros((40, POSE), np.float32)
    speech[:, 0] = -4.2
    speech[20:, 0] = -0.5
    heard = as_heads_follow(speech, 50)
    assert heard.shape == (50, POSE) and heard.dtype == np.float32 and not heard[:, 1:].any()
    assert np.flatnonzero(np.diff(heard[:, 0])).tolist() == [19 - LEAD]
    assert heard[0, 0] == LOUDNESS_LEAST and heard[-1, 0] > speech[-1, 0]
    assert speech[0, 0] == np.float32(-4.2)


def test_styles_and_speech_that_do_not_exist(net: PoseVAE) -> None:
    with pytest.raises(UserError, match="style 46"):
        motion(net, 50, style=46)
    with pytest.raises(UserError, match="no frames"):
        head_motion(net, np.zeros((0, POSE)), 50, style=0, rng=np.random.default_rng(0))
