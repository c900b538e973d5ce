"""The quick generators give the plain one's frames; that these are upstream's is in `test_animate`."""

from __future__ import annotations

from functools import cache

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
PORTRAIT = torch.nn.functional.interpolate(tensor(DATA["image_256"]), size=(128, 128))
DRIVING, SOURCE = torch.from_numpy(DATA["kp_driving"]), torch.from_numpy(DATA["kp_source"])


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * (a - b).square().mean().log10())


@pytest.fixture(scope="module")
def plain(generator: Generator) -> torch.Tensor:
    with torch.inference_mode():
        return generator(PORTRAIT, DRIVING, SOURCE)


@slow
def test_another_size_another_frame_and_bfloat16(generator: Generator, plain: torch.Tensor) -> None:
    exact, rounded = CpuGenerator(generator, 128), CpuGenerator(generator, 128, dtype=torch.bfloat16)
    encoded = exact.encode(PORTRAIT, SOURCE)
    exact.frame(encoded, SOURCE)  # its memory is used again: nothing of it may be left
    np.testing.assert_allclose(exact.frame(encoded, DRIVING), plain, atol=1e-4)
    assert psnr(rounded.frame(rounded.encode(PORTRAIT, SOURCE), DRIVING), plain) > 40


@slow
def test_folded_weights_are_the_same_function(generator: Generator, plain: torch.Tensor) -> None:
    folded = FoldedGenerator(generator, "cpu", torch.float32)
    assert psnr(folded.frame(folded.encode(PORTRAIT, SOURCE), DRIVING), plain) > 80


Case = tuple[Generator, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


@cache
def narrow(size_px: int, up: tuple[int, int]) -> Case:
    """A small generator, a portrait, two sets of keypoints, and its plain frame."""
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
    return network, portrait, driving, source, plain


@pytest.mark.parametrize("size_px", [64, 96])
@pytest.mark.parametrize("up", [(8, 8), (24, 12)])
def test_narrow_networks_of_any_size(size_px: int, up: tuple[int, int]) -> None:
    network, portrait, driving, source, plain = narrow(size_px, up)
    quick = CpuGenerator(network, size_px, threads=2)
    np.testing.assert_allclose(quick.frame(quick.encode(portrait, source), driving), plain, atol=1e-4)


def test_folded_weights_in_bfloat16_are_near() -> None:
    network, portrait, driving, source, plain = narrow(64, (24, 12))
    folded = FoldedGenerator(network, "cpu", torch.bfloat16)
    assert psnr(folded.frame(folded.encode(portrait, source), driving), plain) > 40
