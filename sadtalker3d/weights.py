"""Every weight file in one table, and the networks they belong to. Nothing is unpickled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
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
    WeightFile(
        name="refinement",
        file="refinement.safetensors",
        network="refinement",
        licence="Apache-2.0",
        source="sadtalker3d train portrait",
        description="a speaking photo's mouth, and what is around it -> its repair (--refine)",
        sha256="9232f31f078dcfd8c812decf02b58cb51b64af1b614744ac6939e652e40519bd",
    ),
)


@dataclass(frozen=True)
class OfficialFile:
    """One file that SadTalker's authors published; it does not ship with this project.

    Attributes
    ----------
    name : what `weights fetch` calls it
    file : its name there
    networks : what is in it, by the names in `OFFICIAL_NETWORKS`
    size : the picture size its generator was trained for, in pixels; None where it holds no generator
    source : its address
    length : in bytes
    sha256 : of the file
    """

    name: str
    file: str
    networks: tuple[str, ...]
    size: int | None
    source: str
    length: int
    sha256: str


OFFICIAL_NETWORKS = (
    "audio2exp", "audio2pose", "kp_extractor", "generator", "mapping", "mapping_full", "face_3drecon",
)  # fmt: skip
"""Their names in SadTalker's checkpoints."""

SIZED_NETWORKS = ("kp_extractor", "generator")
"""The networks that differ between the files for pictures of 256 and of 512 pixels; same keys and shapes."""

OFFICIAL_LICENCE = (
    "SadTalker's repository is Apache-2.0 and publishes these files with it; face_3drecon is "
    "Deep3DFaceRecon's (code MIT), trained with the Basel face model; of the face-vid2vid networks "
    "SadTalker's README says only that they come from a third party's reimplementation"
)

# The addresses are those of upstream's scripts/download_models.sh. Lengths and hashes were measured by
# others, not by us, on what these addresses gave them: public manifests on GitHub, found by searching for
# the hash, independent of each other and in agreement (256 and both mappings three or more, facevid2vid two,
# 512 and the other old files one). A file of the same keys, shapes and types has the 256 file's length to
# the byte, see tests/test_weight_import.py.
_RELEASE = "https://github.com/OpenTalker/SadTalker/releases/download/v0.0.2-rc/"
_OLD_RELEASE = "https://github.com/Winfredy/SadTalker/releases/download/v0.0.2/"
_PACKED = ("audio2exp", "audio2pose", "kp_extractor", "generator", "face_3drecon")

# fmt: off
OFFICIAL_FILES: tuple[OfficialFile, ...] = (
    OfficialFile("sadtalker_256", "SadTalker_V0.0.2_256.safetensors", _PACKED, 256,
                 _RELEASE + "SadTalker_V0.0.2_256.safetensors", 725_066_984,
                 "c211f5d6de003516bf1bbda9f47049a4c9c99133b1ab565c6961e5af16477bff"),
    OfficialFile("sadtalker_512", "SadTalker_V0.0.2_512.safetensors", _PACKED, 512,
                 _RELEASE + "SadTalker_V0.0.2_512.safetensors", 725_066_984,
                 "0e063f7ff5258240bdb0f7690783a7b1374e6a4a81ce8fa33456f4cd49694340"),
    OfficialFile("mapping", "mapping_00229-model.pth.tar", ("mapping",), None,
                 _RELEASE + "mapping_00229-model.pth.tar", 155_521_183,
                 "62a1e06006cc963220f6477438518ed86e9788226c62ae382ddc42fbcefb83f1"),
    OfficialFile("mapping_full", "mapping_00109-model.pth.tar", ("mapping_full",), None,
                 _RELEASE + "mapping_00109-model.pth.tar", 155_779_231,
                 "84a8642468a3fcfdd9ab6be955267043116c2bec2284686a5262f1eaf017f64c"),
    OfficialFile("old_audio2exp", "auido2exp_00300-model.pth", ("audio2exp",), None,
                 _OLD_RELEASE + "auido2exp_00300-model.pth", 34_278_319,
                 "b7608f0e6b477e50e03ca569ac5b04a841b9217f89d502862fc78fda4e46dec4"),
    OfficialFile("old_audio2pose", "auido2pose_00140-model.pth", ("audio2pose",), None,
                 _OLD_RELEASE + "auido2pose_00140-model.pth", 95_916_155,
                 "4fba6701852dc57efbed25b1e4276e4ff752941860d69fc4429f08a02326ebce"),
    OfficialFile("old_facevid2vid", "facevid2vid_00189-model.pth.tar", ("kp_extractor", "generator"), 256,
                 _OLD_RELEASE + "facevid2vid_00189-model.pth.tar", 2_112_619_148,
                 "fbad01d46f0510276dc4521322dde6824a873a4222cd0740c85762e7067ea71d"),
    OfficialFile("old_face_3drecon", "epoch_20.pth", ("face_3drecon",), None,
                 _OLD_RELEASE + "epoch_20.pth", 288_860_037,
                 "6d17a6b23457b521801baae583cb6a58f7238fe6721fc3d65d76407460e9149b"),
)
# fmt: on

_NETWORKS = {
    "audio2exp": ("sadtalker3d.motion.expnet", "ExpNet"),
    "audio2pose": ("sadtalker3d.motion.posevae", "PoseVAE"),
    "temporal_audio2exp": ("sadtalker3d.motion.temporal_expnet", "TemporalExpNet"),
    "live_audio2exp": ("sadtalker3d.motion.temporal_expnet", "LiveExpNet"),
    "refinement": ("sadtalker3d.render.refinenet", "EmbeddedRefinement"),
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


@cache
def expected_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """State-dict key -> shape of a network, by its name in SadTalker's checkpoints; takes no memory."""
    import torch

    with torch.device("meta"):
        state = build(network).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def official(name: str, size: int = 256) -> nn.Module:
    """A network of SadTalker's official files, loaded strictly, float32, in eval mode, memory-mapped.

    name : one of `OFFICIAL_NETWORKS`
    size : 256 or 512, of the picture in pixels; matters for `SIZED_NETWORKS` only

    Raises UserError when it was not imported yet, or its file is damaged.
    """
    from sadtalker3d.weight_store import load

    return load(name, size)


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
