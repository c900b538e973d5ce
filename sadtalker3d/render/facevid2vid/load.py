"""The official networks that make a photoreal video, from the user's store of weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from sadtalker3d.errors import UserError
from sadtalker3d.render.choices import Device

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from sadtalker3d.render.facevid2vid.animate import Networks
    from sadtalker3d.render.facevid2vid.trained import TrainedFor

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


def chosen_renderer(weights: str | Path | None, size: int) -> TrainedFor:
    """What the networks take: the official ones, or those trained into the folder `weights`; UserError."""
    from sadtalker3d.render.facevid2vid.trained import TrainedFor, trained_for

    if weights is not None:
        return trained_for(weights)
    check_size(size)
    return TrainedFor(size, "basel")


def check_portrait(renderer: TrainedFor, source: np.ndarray | None) -> None:
    """UserError where the coefficients of a portrait cannot be measured, because no network knows the space."""
    if renderer.space != "basel" and source is None:
        raise UserError(
            f"this renderer was trained on '{renderer.space}' tracks, which nothing measures in a picture; give "
            "--source with a track whose first frame is the portrait's"
        )


def load_networks(size: int, *, full: bool, trained: str | Path | None = None) -> Networks:
    """Generator, keypoint detector and mapping network; with `full` the mapping that knows the crop.

    trained : folder of networks that were trained here; without it the official ones from the store

    Raises UserError when one is not there; it says how to get it.
    """
    if trained is not None:
        from sadtalker3d.render.facevid2vid.trained import load_trained

        if full:
            raise UserError("a renderer that was trained here knows no crop; use --preprocess crop or resize")
        return load_trained(trained)
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
