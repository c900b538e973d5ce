"""The official networks that make a photoreal video, from the user's store of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from sadtalker3d.errors import UserError
from sadtalker3d.render.choices import Device

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.render.facevid2vid.animate import Networks

SIZES = (256, 512)  # pixels; the official generators are trained for these


def check_size(size: int) -> None:
    """UserError when there are no official networks for pictures of this size."""
    if size not in SIZES:
        raise UserError(f"the size is {size}; the official networks make pictures of 256 or 512 pixels")


def chosen_device(device: Device) -> str:
    """The device's name for torch; UserError when a GPU is asked for and there is none."""
    import torch

    if device not in get_args(Device):
        raise UserError(f"there is no device '{device}'; choose {', '.join(get_args(Device))}")
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise UserError("--device cuda: PyTorch finds no GPU; leave it out, or install PyTorch for CUDA")
    return "cuda" if there and device != "cpu" else "cpu"


def load_networks(size: int, *, full: bool) -> Networks:
    """Generator, keypoint detector and mapping network; with `full` the mapping that knows the crop.

    Raises UserError when one is not in the store; it says how to get it.
    """
    from sadtalker3d import weights
    from sadtalker3d.render.facevid2vid.animate import Networks
    from sadtalker3d.render.facevid2vid.generator import Generator
    from sadtalker3d.render.facevid2vid.keypoints import KeypointDetector
    from sadtalker3d.render.facevid2vid.mapping import MappingNet

    generator = weights.official("generator", size=size)
    keypoints = weights.official("kp_extractor", size=size)
    mapping = weights.official("mapping_full" if full else "mapping")
    assert isinstance(generator, Generator) and isinstance(keypoints, KeypointDetector)
    assert isinstance(mapping, MappingNet)
    return Networks(generator, keypoints, mapping)


def load_regressor() -> nn.Module:
    """The coefficient regressor; UserError when it is not in the store."""
    from sadtalker3d import weights

    return weights.official("face_3drecon")
