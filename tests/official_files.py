"""Files laid out as SadTalker's authors published theirs, with seeded values: what imports are tested on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d import weights
from tests.seeded import load_seeded

if TYPE_CHECKING:
    from torch import Tensor

PACKED = ("kp_extractor", "generator", "audio2exp", "audio2pose", "face_3drecon")
"""The networks of SadTalker_V0.0.2_256.safetensors, which are their prefixes as well."""


@cache
def seeded_state(name: str) -> dict[str, Tensor]:
    return dict(load_seeded(weights.build(name), name).state_dict())


def new_file(path: Path, *names: str) -> Path:
    """One flat safetensors file, each network under its name."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({f"{name}.{key}": value for name in names for key, value in seeded_state(name).items()}, path)
    return path


def old_file(path: Path, content: object, *, stream: bool = False) -> Path:
    """What `torch.save` makes of any content; `stream` as torch before 1.6 did."""
    import torch

    torch.save(content, path, _use_new_zipfile_serialization=not stream)
    return path
