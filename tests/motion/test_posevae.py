"""PoseVAE against numbers measured on the upstream network with the same seeded weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from sadtalker3d.errors import UserError
from sadtalker3d.motion.posevae import (
    INFERENCE_PREFIXES,
    TRAINING_PREFIXES,
    PoseVAE,
    PoseVAEConfig,
    load_inference,
    upstream_motion,
)
from sadtalker3d.motion.styles import check_style
from tests.seeded import CONFORMANCE, load_seeded

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def net() -> PoseVAE:
    return load_seeded(PoseVAE(), "audio2pose")


@pytest.fixture(scope="module")
def parts() -> dict[str, Tensor]:
    with np.load(CONFORMANCE / "posevae_parts.npz") as data:
        return {key: torch.from_numpy(data[key]) for key in data}


@pytest.fixture(scope="module")
def clips() -> Callable[[int], dict[str, Tensor]]:
    with np.load(CONFORMANCE / "audio2pose.npz") as data:
        arrays = {key: torch.from_numpy(np.asarray(data[key])) for key in data}
    return lambda frames: {k.split("_", 1)[1]: v for k, v in arrays.items() if k.startswith(f"T{frames}_")}


def far(got: Tensor, expected: Tensor) -> float:
    assert got.shape == expected.shape
    return float((got - expected).abs().max())


@torch.inference_mode()
def test_decoder(net: PoseVAE, parts: dict[str, Tensor]) -> None:
    motion = net.decode(parts["z"], parts["cls"], parts["ref"], parts["audio_emb"])
    assert far(motion, parts["dec_pose_motion"]) < TOLERANCE


@torch.inference_mode()
def test_encoder_shares_one_layer_for_both_moments(net: PoseVAE, parts: dict[str, Tensor]) -> None:
    mean, logvar = net.netG.encoder(parts["pose_motion_gt"], parts["cls"], parts["ref"], parts["audio_emb"])
    assert far(mean, parts["enc_mu"]) < TOLERANCE
    assert far(logvar, parts["enc_logvar"]) < TOLERANCE


@torch.inference_mode()
def test_posterior_for_training_has_its_own_variance(net: PoseVAE, parts: dict[str, Tensor]) -> None:
    mean, logvar = net.netG.encoder.posterior(
        parts["pose_motion_gt"], parts["cls"], parts["ref"], parts["audio_emb"]
    )
    assert far(mean, parts["enc_mu"]) < TOLERANCE
    assert far(logvar, parts["enc_logvar"]) > 0.1


@torch.inference_mode()
def test_unet_and_discriminator(net: PoseVAE, parts: dict[str, Tensor]) -> None:
    motion = parts["pose_motion_gt"]
    assert far(net.netG.decoder.resunet(motion.unsqueeze(1)), parts["resunet_out"]) < TOLERANCE
    assert far(net.netD_motion(motion), parts["disc_out"]) < TOLERANCE


@torch.inference_mode()
@pytest.mark.parametrize("frames", [20, 40])
def test_whole_clip(net: PoseVAE, clips: Callable[[int], dict[str, Tensor]], frames: int) -> None:
    clip = clips(frames)
    reference = clip["ref0"][None, -6:]
    motion = upstream_motion(net, clip["mels"], reference, clip["class"][None], clip["z"][:, None])
    assert far(motion, clip["pose_motion"]) < TOLERANCE
    assert far(reference[:, None] + motion, clip["pose_pred"]) < TOLERANCE


@torch.inference_mode()
def test_rows_of_a_batch_do_not_mix(net: PoseVAE, clips: Callable[[int], dict[str, Tensor]]) -> None:
    mels = clips(40)["mels"]
    both = torch.cat([mels, mels.flip(1)])
    alone = torch.cat([net.embed(mels), net.embed(mels.flip(1))])
    assert far(net.embed(both), alone) < TOLERANCE


@torch.inference_mode()
@pytest.mark.parametrize(
    ("frames", "style"), [(2, 0), (3, 45), (21, 0), (32, 45), (33, 0), (34, 45), (64, 0), (65, 45), (100, 0)]
)
def test_any_length_and_batch_is_upstreams_blocks(net: PoseVAE, frames: int, style: int) -> None:
    draw = torch.Generator().manual_seed(frames)
    rows, left = 2, (frames - 1) % 32
    windows = torch.randn(rows, frames, 1, 80, 16, generator=draw)
    reference = torch.randn(rows, 6, generator=draw)
    z = torch.randn(-(-(frames - 1) // 32), rows, 64, generator=draw)
    got = upstream_motion(net, windows, reference, torch.full((rows,), style), z)
    assert got.shape == (rows, frames, 6)
    for row in range(rows):
        heard = net.embed(windows[row, 1:])
        blocks = [heard[first : first + 32] for first in range(0, frames - 1 - left, 32)]
        if left:
            last = heard[-32:]
            blocks.append(torch.cat([last[:1].expand(32 - len(last), -1), last]))
        made = [torch.zeros(1, 6)]
        for part, latent in zip(blocks, z[:, row], strict=True):
            made.append(net.decode(latent[None], torch.tensor([style]), reference[row, None], part[None])[0])
        if left:
            made[-1] = made[-1][-left:]
        assert far(got[row], torch.cat(made)) < TOLERANCE


@torch.inference_mode()
def test_one_frame_is_at_rest(net: PoseVAE) -> None:
    motion = upstream_motion(
        net, torch.zeros(1, 1, 1, 80, 16), torch.zeros(1, 6), torch.tensor([0]), torch.zeros(0, 1, 64)
    )
    assert motion.shape == (1, 1, 6) and not motion.any()


def test_two_networks_from_one_config_are_alike() -> None:
    config = PoseVAEConfig()
    shapes = [{k: v.shape for k, v in PoseVAE(config).state_dict().items()} for _ in range(2)]
    assert shapes[0] == shapes[1]


def test_inference_weights_load_and_strangers_are_named(net: PoseVAE) -> None:
    state = {k: v for k, v in net.state_dict().items() if k.startswith(INFERENCE_PREFIXES)}
    rest = [k for k in net.state_dict() if k not in state]
    assert all(k.startswith(TRAINING_PREFIXES) for k in rest)
    fresh = load_inference(PoseVAE(), state)
    assert not fresh.training
    assert all(torch.equal(fresh.state_dict()[k], v) for k, v in state.items())
    with pytest.raises(UserError, match=r"netG\.decoder\.classbias"):
        load_inference(PoseVAE(), {k: v for k, v in state.items() if k != "netG.decoder.classbias"})
    with pytest.raises(UserError, match=r"netG\.decoder\.classbias.*shape"):
        load_inference(PoseVAE(), {**state, "netG.decoder.classbias": torch.zeros(2, 64)})


@pytest.mark.parametrize("style", [-1, 46, True, 1.0])
def test_styles_that_do_not_exist(style: int) -> None:
    with pytest.raises(UserError, match="0 to 45"):
        check_style(style)
