"""Every weight file in one table, and the networks they belong to. Nothing is unpickled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

EMBEDDED_FOLDER = Path(__file__).parent / "weights_data"


@dataclass(frozen=True)
class WeightFile:
    """One file of weights.

    Attributes
    ----------
    name : what the program calls it
    file : its name in `weights_data`
    network : the network it fits, by its name in SadTalker's checkpoints; see `build`
    licence, source, description : for the user
    sha256 : of the file; a different file is refused
    """

    name: str
    file: str
    network: str
    licence: str
    source: str
    description: str
    sha256: str


WEIGHT_FILES: tuple[WeightFile, ...] = (
    WeightFile(
        name="expnet",
        file="expnet.safetensors",
        network="temporal_audio2exp",
        licence="Apache-2.0",
        source="sadtalker3d train expnet",
        description="speech -> 64 expression columns of the embedded head",
        sha256="315f7e4770c06e0c188010e04e9c5fc4022c979d0ca8a582c8baf8e2817c18b5",
    ),
    WeightFile(
        name="expnet_live",
        file="expnet_live.safetensors",
        network="live_audio2exp",
        licence="Apache-2.0",
        source="sadtalker3d train expnet --live",
        description="the same for speech that is still being spoken, 80 ms ahead at most",
        sha256="6e19adf274ec937fd0bc193994659b0fe8953cfe3f94272583b4646ae7315f82",
    ),
    WeightFile(
        name="posevae",
        file="posevae.safetensors",
        network="audio2pose",
        licence="Apache-2.0",
        source="sadtalker3d train posevae",
        description="speech and style -> head rotation and translation; the parts that inference needs",
        sha256="4a57353dc4cf940f078f1b18f675cd253f74aa2cee32c4200983881d7b5bbd36",
    ),
)

_NETWORKS = {
    "audio2exp": ("sadtalker3d.motion.expnet", "ExpNet"),
    "audio2pose": ("sadtalker3d.motion.posevae", "PoseVAE"),
    "temporal_audio2exp": ("sadtalker3d.motion.temporal_expnet", "TemporalExpNet"),
    "live_audio2exp": ("sadtalker3d.motion.temporal_expnet", "LiveExpNet"),
    "kp_extractor": ("sadtalker3d.render.facevid2vid.keypoints", "KeypointDetector"),
    "generator": ("sadtalker3d.render.facevid2vid.generator", "Generator"),
    "mapping": ("sadtalker3d.render.facevid2vid.mapping", "MappingNet"),
    "mapping_full": ("sadtalker3d.render.facevid2vid.mapping", "full_mapping"),
    "face_3drecon": ("sadtalker3d.face.recon", "CoefficientRegressor"),
}


def build(name: str) -> nn.Module:
    """A freshly initialised network, by its name in SadTalker's checkpoints.

    Its state-dict keys and shapes are the checkpoint's, so `load_state_dict(..., strict=True)` takes it.
    Raises UserError for a name that is not known.
    """
    if name not in _NETWORKS:
        raise UserError(f"there is no network '{name}'; the known ones are {', '.join(_NETWORKS)}")
    module, network = _NETWORKS[name]
    return getattr(import_module(module), network)()


def embedded(name: str) -> nn.Module:
    """The network of an embedded weight file ("expnet" or "posevae"), loaded, float32, in eval mode.

    Raises UserError when the file is missing, damaged, or not the one the table names.
    """
    from safetensors.torch import load

    row = weight_file(name)
    state: dict[str, Tensor] = load(_checked_bytes(row))
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    network = build(row.network)
    if name == "posevae":
        from sadtalker3d.motion.posevae import PoseVAE, load_inference

        assert isinstance(network, PoseVAE)
        return load_inference(network, state)
    network.load_state_dict(state, strict=True, assign=True)  # no second copy
    return network.eval()


def weight_file(name: str) -> WeightFile:
    """The table's row of that name; UserError when there is none."""
    for row in WEIGHT_FILES:
        if row.name == name:
            return row
    raise UserError(
        f"there are no weights '{name}'; the known ones are {', '.join(r.name for r in WEIGHT_FILES)}"
    )


def verify_embedded() -> list[str]:
    """One line for each embedded file, after checking its hash; UserError when one is missing or wrong."""
    return [
        f"{row.name} {len(_checked_bytes(row)) / 1e6:.1f} MB ({row.licence}) {row.sha256[:12]}"
        for row in WEIGHT_FILES
    ]


def _checked_bytes(row: WeightFile) -> bytes:
    path = EMBEDDED_FOLDER / row.file
    try:
        data = path.read_bytes()
    except OSError:
        raise UserError(f"{path}: the embedded weights are missing; install sadtalker3d again") from None
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise UserError(
            f"{path}: not the weights of this version (sha256 differs); install sadtalker3d again"
        )
    return data
