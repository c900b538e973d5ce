"""The renderer's networks with seeded weights, and the numbers that the originals gave with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sadtalker3d.render.facevid2vid.animate import Networks
from sadtalker3d.render.facevid2vid.generator import Generator
from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingNet
from tests.seeded import CONFORMANCE, seeded


@pytest.fixture(scope="session")
def generator() -> Generator:
    network = seeded("generator")
    assert isinstance(network, Generator)
    return network


@pytest.fixture(scope="session")
def keypoints() -> KeypointDetector:
    network = seeded("kp_extractor")
    assert isinstance(network, KeypointDetector)
    return network


@pytest.fixture(scope="session")
def mapping() -> MappingNet:
    network = seeded("mapping")
    assert isinstance(network, MappingNet)
    return network


@pytest.fixture(scope="session")
def networks(generator: Generator, keypoints: KeypointDetector, mapping: MappingNet) -> Networks:
    return Networks(generator, keypoints, mapping)


def conformance(name: str) -> dict[str, np.ndarray]:
    with np.load(Path(CONFORMANCE) / f"{name}.npz") as data:
        return dict(data)


def tensor(picture: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in 0..1."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
