"""Weights of a renderer trained here: one file a network, each with its config, and reading them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.render.facevid2vid.animate import Networks
from sadtalker3d.render.facevid2vid.generator import Generator, GeneratorConfig
from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator, HeadEstimatorConfig
from sadtalker3d.render.facevid2vid.keypoints import KeypointConfig, KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingConfig, MappingNet
from sadtalker3d.render.facevid2vid.sizes import config_from_text, config_text

# by their names in SadTalker's checkpoints; the keys inside are the checkpoint's without the prefix
KINDS: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "generator": (Generator, GeneratorConfig),
    "kp_extractor": (KeypointDetector, KeypointConfig),
    "he_estimator": (HeadEstimator, HeadEstimatorConfig),
    "mapping": (MappingNet, MappingConfig),
}
MADE_BY = {"mapping": "sadtalker3d train mapping"}  # the others by `train facevid2vid`


def save_trained(
    folder: str | Path, networks: Mapping[str, nn.Module], notes: Mapping[str, str] | None = None
) -> None:
    """Write networks to `folder`/NAME.safetensors, float32, with their config and `notes` as metadata."""
    from safetensors.torch import save_file

    for name, network in networks.items():
        state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
        with replacing(Path(folder) / f"{name}.safetensors") as partial:
            save_file(state, partial, metadata={"config": config_text(network.config), **(notes or {})})


def load_network(folder: str | Path, name: str) -> tuple[nn.Module, dict[str, str]]:
    """A network of the folder in eval mode, and its file's metadata; UserError when it is not there or damaged."""
    from safetensors import safe_open

    path = Path(folder) / f"{name}.safetensors"
    kind, config = KINDS[name]
    if not path.is_file():
        made_by = MADE_BY.get(name, "sadtalker3d train facevid2vid")
        raise UserError(f"{path}: is not there; `{made_by}` makes it")
    try:
        with safe_open(path, "pt") as file:
            notes = dict(file.metadata() or {})
            if "config" not in notes:
                raise UserError("it does not say how large its network is")
            network = kind(config_from_text(config, notes["config"]))
            network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except Exception as error:  # a damaged file may raise anything
        raise UserError(
            f"{path}: is no trained {name} ({str(error).splitlines()[0]}); train it again"
        ) from None
    return network.eval(), notes


@dataclass(frozen=True)
class Frozen:
    """What MappingNet learns to drive, in eval mode."""

    generator: Generator
    keypoints: KeypointDetector
    head: HeadEstimator
    size_px: int
    width: float  # share of the official channels


def load_frozen(folder: str | Path) -> Frozen:
    """The networks of a folder that `train facevid2vid` wrote; UserError when it did not, or they are damaged."""
    generator, notes = load_network(folder, "generator")
    keypoints, head = (load_network(folder, name)[0] for name in ("kp_extractor", "he_estimator"))
    assert isinstance(generator, Generator) and isinstance(keypoints, KeypointDetector)
    assert isinstance(head, HeadEstimator)
    try:
        return Frozen(generator, keypoints, head, int(notes["size_px"]), float(notes["width"]))
    except (KeyError, ValueError):
        raise UserError(
            f"{Path(folder) / 'generator.safetensors'}: does not say what it was trained for; train it again"
        ) from None


@dataclass(frozen=True)
class TrainedFor:
    """What a trained renderer takes."""

    size_px: int  # width and height of the portrait
    space: str  # of the tracks that drive it


def trained_for(folder: str | Path) -> TrainedFor:
    """Portrait size and track space of a folder that `load_trained` reads."""
    _, notes = load_network(folder, "mapping")
    try:
        return TrainedFor(int(notes["size_px"]), notes["space"])
    except (KeyError, ValueError):
        raise UserError(
            f"{Path(folder) / 'mapping.safetensors'}: does not say what it was trained for; train it again"
        ) from None


def load_trained(folder: str | Path) -> Networks:
    """The renderer of a folder that `train facevid2vid` and `train mapping` wrote."""
    generator, keypoints, mapping = (
        load_network(folder, n)[0] for n in ("generator", "kp_extractor", "mapping")
    )
    assert isinstance(generator, Generator) and isinstance(keypoints, KeypointDetector)
    assert isinstance(mapping, MappingNet)
    return Networks(generator, keypoints, mapping)
