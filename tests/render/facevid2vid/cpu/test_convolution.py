"""Winograd's convolutions are convolutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sadtalker3d.render.facevid2vid.cpu.convolution import Convolution, empty_map
from sadtalker3d.render.facevid2vid.cpu.spectra import SpectralConvolution
from sadtalker3d.render.facevid2vid.cpu.strips import Strips
from sadtalker3d.render.facevid2vid.cpu.toom_cook import toom_cook


def filled(depth: int, height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    x = empty_map(depth, height, width, channels)
    x[:, 1:-1, 1:-1] = np.random.default_rng(seed).standard_normal((depth, height, width, channels))
    return x


def as_tensor(x: np.ndarray) -> torch.Tensor:
    """A map without its border -> (1, C, D, H, W)."""
    return torch.from_numpy(x[:, 1:-1, 1:-1]).permute(3, 0, 1, 2)[None]


def layer(inputs: int, outputs: int, depth: int, kernel: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (outputs, inputs, kernel, kernel, kernel) if depth > 1 else (outputs, inputs, kernel, kernel)
    return torch.randn(shape, generator=generator) / (inputs * kernel**2) ** 0.5, torch.randn(
        outputs, generator=generator
    )


def test_the_matrices_correlate_exactly() -> None:
    a, g, b = toom_cook()
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(6), rng.standard_normal(3)
    np.testing.assert_allclose(a @ ((g @ w) * (b @ x)), np.correlate(x, w), atol=1e-13)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("depth", "height", "width", "inputs", "outputs"),
    [(1, 8, 8, 5, 7), (1, 4, 12, 64, 130), (1, 64, 16, 70, 3), (6, 8, 4, 12, 9)],
)
def test_equals_torch(depth: int, height: int, width: int, inputs: int, outputs: int, threads: int) -> None:
    x, out = filled(depth, height, width, inputs), empty_map(depth, height, width, outputs)
    weight, bias = layer(inputs, outputs, depth)
    Convolution(Strips(threads), weight, bias)(x, out, leak=0.1)
    plain = F.conv3d(
        as_tensor(x), weight if depth > 1 else weight[:, :, None], bias, padding=(int(depth > 1), 1, 1)
    )
    np.testing.assert_allclose(as_tensor(out), F.leaky_relu(plain, 0.1), atol=1e-4)
    assert not out[:, 0].any() and not out[:, -1].any() and not out[:, :, 0].any() and not out[:, :, -1].any()


def test_of_an_enlarged_map_pooled_and_into_some_channels() -> None:
    x, out = filled(1, 4, 4, 20), empty_map(1, 4, 4, 12)
    weight, bias = layer(6, 8, 1)
    Convolution(Strips(2), weight, bias)(x, out, pooled=True, enlarged=2, first_in=3, first_out=2)
    part = F.interpolate(as_tensor(x)[:, 3:9, 0], scale_factor=2)
    expected = F.avg_pool2d(F.conv2d(part, weight, bias, padding=1), 2)
    np.testing.assert_allclose(as_tensor(out)[:, 2:10, 0], expected, atol=1e-4)
    assert not as_tensor(out)[:, :2].any() and not as_tensor(out)[:, 10:].any()


def test_added_onto_what_is_there() -> None:
    x, out = filled(1, 8, 8, 4), filled(1, 8, 8, 4, seed=2)
    before, (weight, bias) = out.copy(), layer(4, 4, 1)
    Convolution(Strips(1), weight, bias)(x, out, added=True)
    expected = as_tensor(before)[:, :, 0] + F.conv2d(as_tensor(x)[:, :, 0], weight, bias, padding=1)
    np.testing.assert_allclose(as_tensor(out)[:, :, 0], expected, atol=1e-4)


def test_bfloat16_products_are_near() -> None:
    x, out = filled(1, 16, 16, 32), empty_map(1, 16, 16, 32)
    weight, bias = layer(32, 32, 1)
    Convolution(Strips(2, torch.bfloat16), weight, bias)(x, out)
    expected = F.conv2d(as_tensor(x)[:, :, 0], weight, bias, padding=1)
    error = (as_tensor(out)[:, :, 0] - expected).square().mean().sqrt() / expected.std()
    assert 1e-4 < error < 0.05


@pytest.mark.parametrize(("height", "width"), [(8, 8), (18, 40)])
def test_a_large_kernel_through_the_spectrum(height: int, width: int) -> None:
    x = filled(5, height, width, 6)
    weight, bias = layer(6, 3, 5, kernel=7)
    out = SpectralConvolution(Strips(2), weight, bias)(x)
    expected = F.conv3d(as_tensor(x), weight, bias, padding=3)
    np.testing.assert_allclose(out.permute(3, 0, 1, 2)[None], expected, atol=1e-4)
