"""Networks with the seeded weights of the conformance data: the same numbers wherever they are built."""

from __future__ import annotations

import json
import math
import re
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn

CONFORMANCE = Path(__file__).parent / "data" / "conformance"
MANIFEST: dict[str, dict[str, list[int]]] = json.loads((CONFORMANCE / "manifest.json").read_text())
"""Network -> state-dict key -> shape, as the official checkpoints have them."""

# the gain of a weight of two dimensions or more: the first pattern its full key matches
GAINS = (
    (r"^mapping\w*\.fc_(exp|t)\.weight$", 0.15),
    (r"^mapping\w*\.fc_(yaw|pitch|roll)\.weight$", 1.0),
    (r"^mapping\w*\.encoder\d\.1\.weight$", 0.5),
    (r"^mapping_full\.first\.0\.weight$", 0.05),
    (r"^kp_extractor\.kp\.weight$", 3.0),
    (r"^generator\.resblocks_3d\..*conv2\.weight$", 0.5),
    (r"^generator\.dense_motion_network\.mask\.weight$", 6.0),
    (r"^generator\.decoder\.conv_img\.weight$", 0.7),
    (r"^face_3drecon\..*conv3\.weight$", 0.5),
    (r"^face_3drecon\.final_layers\..*weight$", 0.3),
)
DEFAULT_GAIN = 1.4


def load_seeded(network: nn.Module, name: str) -> nn.Module:
    """`network` in eval mode with the seeded weights of the conformance data's network `name`.

    Loads with strict=True after checking that its keys and shapes are the manifest's.
    """
    import torch

    built = network.state_dict()
    shapes = {key: list(value.shape) for key, value in built.items()}
    assert shapes == MANIFEST[name]
    state = {}
    for key, value in built.items():
        array = _seeded(name, key, shapes)
        state[key] = value if array is None else torch.from_numpy(array)
    network.load_state_dict(state, strict=True)
    return network.eval()


@cache
def seeded(name: str) -> nn.Module:
    """The network `name`, made once for all tests that leave it as it is: the generator has 101 million numbers."""
    from sadtalker3d import weights

    return load_seeded(weights.build(name), name)


def _draw(key: str, shape: list[int]) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)


def _seeded(name: str, key: str, shapes: dict[str, list[int]]) -> np.ndarray | None:
    """The value of one key; None where the network's own value is a formula and stays."""
    full, shape = f"{name}.{key}", shapes[key]
    stem, last = key.rpartition(".")[::2]
    normalised = f"{stem}.running_mean" in shapes
    if last == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if full == "kp_extractor.down.weight":
        return None
    x = _draw(full, shape)
    if last == "running_mean":
        x = 0.1 * x
    elif last == "running_var":
        x = 1 + 0.2 * np.abs(x)
    elif last == "weight" and normalised:
        x = 1 + 0.1 * x
    elif last == "bias" and normalised:
        x = 0.1 * x
    elif last in ("weight_u", "weight_v"):
        x = _spectral(name, stem, shapes)[last]
    elif len(shape) >= 2:
        x = _gain(full) * x / math.sqrt(math.prod(shape[1:]))
    else:
        x = 0.05 * x
    return x.astype(np.float32)


def _gain(full: str) -> float:
    return next((gain for pattern, gain in GAINS if re.match(pattern, full)), DEFAULT_GAIN)


def _spectral(name: str, stem: str, shapes: dict[str, list[int]]) -> dict[str, np.ndarray]:
    full, shape = f"{name}.{stem}.weight_orig", shapes[f"{stem}.weight_orig"]
    w = (_gain(full) * _draw(full, shape) / math.sqrt(math.prod(shape[1:]))).reshape(shape[0], -1)
    u = _draw(f"{name}.{stem}.weight_u", shapes[f"{stem}.weight_u"])
    v = w.T @ (u / np.linalg.norm(u))
    v /= np.linalg.norm(v)
    u = w @ v
    return {"weight_u": u / np.linalg.norm(u), "weight_v": v}
