"""`Refinement`: a learned repair of mouth and lids in a speaking photo's frames, optional."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.render.warp.refine_crops import REGIONS, Crop, guides

if TYPE_CHECKING:
    from sadtalker3d.render.refinenet import RefineNet

LARGEST_BYTES = 10_000_000  # no weights of this network are larger
NETWORKS = tuple(dict.fromkeys(region.network for region in REGIONS))


class Refinement:
    """What to add to the crops that `PhotoPortrait` shows it.

    networks : by the name that their regions give, see `warp/refine_crops.py`; without its network a region is left
        as it is
    """

    def __init__(self, networks: dict[str, RefineNet]) -> None:
        import torch

        self.networks = {
            name: network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for name, network in networks.items()
        }

    def __call__(self, crop: Crop) -> np.ndarray | None:
        """(S, S, 3) float32 to add to the crop's colours 0..255 where its mask lets it; None for nothing."""
        import torch

        from sadtalker3d.render.refinenet import admitted, features

        network = self.networks.get(crop.region.network)
        if network is None:
            return None
        rows = [
            torch.from_numpy(np.ascontiguousarray(a))[None] for a in (crop.picture, crop.photo, guides(crop))
        ]
        with torch.inference_mode():
            change = admitted(crop.region.network, network(features(*rows)), rows[0])[0]
        return (change.permute(1, 2, 0).numpy() * np.float32(255)).astype(np.float32)


def chosen_refinement(refine: bool, weights: str | Path | None) -> Refinement | None:
    """What `--refine` and `--refine-weights` ask for; None for nothing.

    Raises UserError when the weights cannot be read.
    """
    if weights is not None:
        return load_refinement(weights)
    if not refine:
        return None
    from sadtalker3d.render.refinenet import EmbeddedRefinement
    from sadtalker3d.weights import embedded

    network = embedded("refinement")
    assert isinstance(network, EmbeddedRefinement)
    return Refinement({"mouth": network.mouth})


def load_refinement(path: str | Path) -> Refinement:
    """Read what `save_refinement` wrote.

    Raises
    ------
    UserError : the file is missing, too large, damaged, or holds something else
    """
    from safetensors import safe_open

    from sadtalker3d.render.refinenet import RefineNet

    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError:
        raise UserError(f"{path}: is not there; `sadtalker3d train portrait` makes it") from None
    if size > LARGEST_BYTES:
        raise UserError(f"{path}: is too large for a refinement; give the file that `train portrait` wrote")
    networks = {}
    try:
        with safe_open(path, "pt") as file:
            keys = list(file.keys())
            for name in NETWORKS:
                own = [key for key in keys if key.startswith(f"{name}.")]
                if not own:
                    continue
                networks[name] = RefineNet()
                state = {key.removeprefix(f"{name}."): file.get_tensor(key).float() for key in own}
                networks[name].load_state_dict(state)
                networks[name].eval()
        if not networks or any(key.split(".")[0] not in networks for key in keys):
            raise UserError("holds something else")
    except Exception as error:  # a damaged file may raise anything
        raise UserError(
            f"{path}: is no refinement ({str(error).splitlines()[0]}); give the file that `train portrait` wrote"
        ) from None
    return Refinement(networks)


def save_refinement(path: str | Path, networks: dict[str, RefineNet], notes: dict[str, str]) -> None:
    """Write networks by name, float16 safetensors, with notes as metadata."""
    from safetensors.torch import save_file

    state = {
        f"{name}.{key}": value.detach().cpu().half().contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    with replacing(path) as partial:
        save_file(state, partial, metadata=notes)
