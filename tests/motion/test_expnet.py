"""ExpNet gives the numbers of the original network."""

import numpy as np
import pytest
import torch

from sadtalker3d.motion.audio_encoder import speed_up
from sadtalker3d.motion.expnet import ExpNet
from tests.seeded import CONFORMANCE, load_seeded


def test_equals_upstream() -> None:
    data = np.load(CONFORMANCE / "audio2exp.npz")
    network = load_seeded(ExpNet(), "audio2exp")
    windows, reference, ratio = (torch.from_numpy(data[k][0]) for k in ("indiv_mels", "ref", "ratio"))
    with torch.inference_mode():
        features = network.audio_encoder(windows)
        expression = network(windows, reference[:, :64], ratio)
    np.testing.assert_allclose(features, data["audio_feat"], atol=1e-5)
    np.testing.assert_allclose(expression, data["exp_coeff_pred"][0], atol=1e-5)


def test_stages_have_upstreams_shapes_and_statistics() -> None:
    data = np.load(CONFORMANCE / "audio2exp.npz")
    x = torch.from_numpy(data["indiv_mels"][0])
    network = load_seeded(ExpNet(), "audio2exp")
    with torch.inference_mode():
        for unit, row in zip(network.audio_encoder, data["layer_shape_stats"], strict=True):
            x = unit(x)
            assert x.shape[1:] == tuple(row[:3].astype(int))
            y = x.double()
            stats = [y.mean(), y.std(correction=0), y.min(), y.max(), y.abs().sum()]
            np.testing.assert_allclose(stats, row[3:], rtol=1e-4, atol=1e-5)


def test_frames_do_not_depend_on_each_other() -> None:
    network = load_seeded(ExpNet(), "audio2exp")
    windows = torch.from_numpy(np.load(CONFORMANCE / "audio2exp.npz")["indiv_mels"][0])
    rest, open_lids = torch.zeros(len(windows), 64), torch.zeros(len(windows), 1)
    with torch.inference_mode():
        together = network(windows, rest, open_lids)
        alone = network(windows[7:8], rest[:1], open_lids[:1])
    np.testing.assert_allclose(together[7:8], alone, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_the_fast_encoder_is_the_same_function(dtype: torch.dtype, error: float) -> None:
    network = load_seeded(ExpNet(), "audio2exp")
    windows = torch.from_numpy(np.load(CONFORMANCE / "audio2exp.npz")["indiv_mels"][0])
    with torch.inference_mode():
        slow = network.audio_encoder(windows)
        fast = speed_up(network, dtype).audio_encoder(windows)
    assert fast.dtype == torch.float32
    assert (fast - slow).square().mean().sqrt() < error * slow.square().mean().sqrt()
