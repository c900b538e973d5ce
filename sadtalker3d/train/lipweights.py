"""TemporalExpNet's weights: what of them is set rather than learned, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.train.teacher import DRIVEN

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.motion.temporal_expnet import TemporalExpNet


def pass_reference_through(net: TemporalExpNet) -> None:
    """Set the part of `mapping` that does not listen: exact, so it needs no training.

    Columns that speech does not drive (eyes, brows, cheeks ...) are the reference's own; the mouth is all the
    audio's. How the eyelids follow the blink ratio is left to the landmark loss to teach.
    """
    import torch

    lids = [OPEN_64.index("eyeBlinkLeft"), OPEN_64.index("eyeBlinkRight")]
    kept = [column for column in range(64) if column not in DRIVEN]
    with torch.no_grad():
        weight, bias, heard = net.mapping.weight, net.mapping.bias, net.config.channels
        follows = weight[lids, -1].clone()
        weight[:, heard:] = 0
        weight[kept, :heard] = 0
        bias[kept] = 0
        for column in kept:
            weight[column, heard + column] = 0.0 if column in lids else 1.0
        weight[lids, -1] = follows


def move_both_sides_alike(net: TemporalExpNet) -> None:
    """Give left and right shapes of the mouth the mean of both sides' weights.

    The teacher's mouth is even. Left free, the sides share its movements between them at will, one above 1
    and the other below 0, where a blend shape cannot follow.
    """
    import torch

    pairs = [(c, OPEN_64.index(f"{OPEN_64[c][:-4]}Right")) for c in DRIVEN if OPEN_64[c].endswith("Left")]
    with torch.no_grad():
        for values in (net.mapping.weight, net.mapping.bias):
            for left, right in pairs:
                values[[left, right]] = (values[left] + values[right]) / 2


def write_weights(net: nn.Module, path: Path) -> None:
    """fp16 safetensors ; counters of batches stay integers."""
    import torch
    from safetensors.torch import save_file

    state = {
        name: (value.half() if value.dtype == torch.float32 else value).contiguous()
        for name, value in net.state_dict().items()
    }
    with replacing(path) as partial:
        save_file(state, str(partial))


def read_weights(net: nn.Module, path: Path) -> None:
    """Load what `write_weights` wrote; UserError when the file is missing or another network's."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not weights of ExpNet to begin from ({reason})") from None
