"""The mapping networks give the numbers of the originals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.render.facevid2vid.conftest import conformance
from tests.seeded import seeded


@pytest.mark.parametrize(
    ("name", "windows", "prefix"), [("mapping", "x", ""), ("mapping_full", "x_full", "full_")]
)
def test_equals_upstream(name: str, windows: str, prefix: str) -> None:
    data = conformance("mapping")
    network = seeded(name)
    with torch.inference_mode():
        motion = network(torch.from_numpy(data[windows]))
    for value, key in zip(motion, ("yaw", "pitch", "roll", "t", "exp"), strict=True):
        np.testing.assert_allclose(value, data[prefix + key], atol=1e-5)
