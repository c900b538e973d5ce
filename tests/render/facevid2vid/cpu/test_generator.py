"""The quick generators give the plain one's frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sadtalker3d.render.facevid2vid.cpu import CpuGenerator
from sadtalker3d.render.facevid2vid.folded import FoldedGenerator
from sadtalker3d.render.facevid2vid.generator import Generator
from tests.render.facevid2vid.conftest import conformance, tensor

pytestmark = pytest.mark.slow
DATA = conformance("generator_256")
PORTRAIT, DRIVING, SOURCE = (
    tensor(DATA["image_256"]), torch.from_numpy(DATA["kp_driving"]), torch.from_numpy(DATA["kp_source"]),
)  # fmt: skip


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * (a - b).square().mean().log10())


def test_a_frame_on_a_cpu_equals_upstreams_and_the_next_as_well(generator: Generator) -> None:
    quick = CpuGenerator(generator, 256)
    encoded = quick.encode(PORTRAIT, SOURCE)
    np.testing.assert_allclose(quick.frame(encoded, DRIVING), DATA["prediction"], atol=1e-4)
    quick.frame(encoded, SOURCE)  # its memory is used again: nothing of it may be left
    np.testing.assert_allclose(quick.frame(encoded, DRIVING), DATA["prediction"], atol=1e-4)


def test_another_size_and_bfloat16(generator: Generator) -> None:
    small = torch.nn.functional.interpolate(PORTRAIT, size=(128, 128))
    with torch.inference_mode():
        plain = generator(small, DRIVING, SOURCE)
    exact, rounded = CpuGenerator(generator, 128), CpuGenerator(generator, 128, dtype=torch.bfloat16)
    np.testing.assert_allclose(exact.frame(exact.encode(small, SOURCE), DRIVING), plain, atol=1e-4)
    assert psnr(rounded.frame(rounded.encode(small, SOURCE), DRIVING), plain) > 40


@pytest.mark.parametrize(("dtype", "decibels"), [(torch.float32, 80), (torch.bfloat16, 40)])
def test_folded_weights_are_the_same_function(
    generator: Generator, dtype: torch.dtype, decibels: float
) -> None:
    small = torch.nn.functional.interpolate(PORTRAIT, size=(128, 128))
    with torch.inference_mode():
        plain = generator(small, DRIVING, SOURCE)
    folded = FoldedGenerator(generator, "cpu", dtype)
    assert psnr(folded.frame(folded.encode(small, SOURCE), DRIVING), plain) > decibels
