"""The quick generators give the plain one's frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sadtalker3d.render.facevid2vid.cpu import CpuGenerator
from sadtalker3d.render.facevid2vid.dense_motion import DenseMotionConfig
from sadtalker3d.render.facevid2vid.folded import FoldedGenerator
from sadtalker3d.render.facevid2vid.generator import Generator, GeneratorConfig
from sadtalker3d.render.facevid2vid.spade import SpadeConfig
from tests.render.facevid2vid.conftest import conformance, tensor

slow = pytest.mark.slow
DATA = conformance("generator_256")
PORTRAIT, DRIVING, SOURCE = (
    tensor(DATA["image_256"]), torch.from_numpy(DATA["kp_driving"]), torch.from_numpy(DATA["kp_source"]),
)  # fmt: skip


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * (a - b).square().mean().log10())


@slow
def test_a_frame_on_a_cpu_equals_upstreams_and_the_next_as_well(generator: Generator) -> None:
    quick = CpuGenerator(generator, 256)
    encoded = quick.encode(PORTRAIT, SOURCE)
    np.testing.assert_allclose(quick.frame(encoded, DRIVING), DATA["prediction"], atol=1e-4)
    quick.frame(encoded, SOURCE)  # its memory is used again: nothing of it may be left
    np.testing.assert_allclose(quick.frame(encoded, DRIVING), DATA["prediction"], atol=1e-4)


@slow
def test_another_size_and_bfloat16(generator: Generator) -> None:
    small = torch.nn.functional.interpolate(PORTRAIT, size=(128, 128))
    with torch.inference_mode():
        plain = generator(small, DRIVING, SOURCE)
    exact, rounded = CpuGenerator(generator, 128), CpuGenerator(generator, 128, dtype=torch.bfloat16)
    np.testing.assert_allclose(exact.frame(exact.encode(small, SOURCE), DRIVING), plain, atol=1e-4)
    assert psnr(rounded.frame(rounded.encode(small, SOURCE), DRIVING), plain) > 40


@slow
@pytest.mark.parametrize(("dtype", "decibels"), [(torch.float32, 80), (torch.bfloat16, 40)])
def test_folded_weights_are_the_same_function(
    generator: Generator, dtype: torch.dtype, decibels: float
) -> None:
    small = torch.nn.functional.interpolate(PORTRAIT, size=(128, 128))
    with torch.inference_mode():
        plain = generator(small, DRIVING, SOURCE)
    folded = FoldedGenerator(generator, "cpu", dtype)
    assert psnr(folded.frame(folded.encode(small, SOURCE), DRIVING), plain) > decibels


@pytest.mark.parametrize("size_px", [64, 96])
@pytest.mark.parametrize("up", [(8, 8), (24, 12)])
def test_narrow_networks_of_any_size(size_px: int, up: tuple[int, int]) -> None:
    motion = DenseMotionConfig(channels=4, depth=6, down=(8, 16, 16), up=(16, 8, 4))
    spade = SpadeConfig(features=12, width=24, middle_blocks=2, up=up, shared=6)
    torch.manual_seed(1)
    network = Generator(
        GeneratorConfig(first=8, down=(8, 16), resblocks=1, motion=motion, spade=spade)
    ).eval()
    portrait = torch.rand(1, 3, size_px, size_px)
    driving, source = (torch.rand(1, 15, 3) - 0.5 for _ in range(2))
    with torch.no_grad():
        for _ in range(4):  # the spectral norms find the size of fresh weights only in training
            network.train()(portrait, driving, source)
        plain = network.eval()(portrait, driving, source)
    quick = CpuGenerator(network, size_px, threads=2)
    np.testing.assert_allclose(quick.frame(quick.encode(portrait, source), driving), plain, atol=1e-4)
