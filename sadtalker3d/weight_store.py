"""Where the official networks lie once imported: one safetensors file a network, in one folder of the user's."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d import weights
from sadtalker3d.errors import UserError
from sadtalker3d.files import replacing

if TYPE_CHECKING:
    from torch import Tensor, nn

FOLDER_VARIABLE = "SADTALKER3D_WEIGHTS"
SIZES = (256, 512)
METADATA_KEY = "sadtalker3d"


@dataclass(frozen=True)
class Stored:
    """One network of the store.

    Attributes
    ----------
    network, size : which; size is None where there is but one
    path : its file
    source, source_sha256 : the file it was imported from
    tensors_sha256 : of its values, see `tensors_hash`
    """

    network: str
    size: int | None
    path: Path
    source: str
    source_sha256: str
    tensors_sha256: str


def folder() -> Path:
    """The environment's SADTALKER3D_WEIGHTS, or the platform's folder for a user's data."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "sadtalker3d" / "weights"


def places() -> list[tuple[str, int | None]]:
    """Every network and size that the store can hold."""
    sized = weights.SIZED_NETWORKS
    return [(n, s) for n in weights.OFFICIAL_NETWORKS for s in (SIZES if n in sized else (None,))]


def stored_path(network: str, size: int | None) -> Path:
    """The file of a network, whether it is there or not: generator_256.safetensors, mapping.safetensors."""
    ending = f"_{size}" if network in weights.SIZED_NETWORKS else ""
    return folder() / f"{network}{ending}.safetensors"


def stored(network: str, size: int | None) -> Stored | None:
    """What the store holds of a network, from the file's header alone; None when it is not there.

    Raises UserError when the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = stored_path(network, size)
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[METADATA_KEY])
        return Stored(network, size, path, about["source"], about["source_sha256"], about["tensors_sha256"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: is damaged ({error}); {_again(network)}") from None


@contextmanager
def storing(source: str, source_sha256: str) -> Iterator[_Write]:
    """Write several networks of one file: a function to call for each; all of them appear at the end, or none.

    Raises UserError when the folder cannot be written.
    """
    with ExitStack() as files:
        yield _Write(files, source, source_sha256)


@dataclass(frozen=True)
class _Write:
    files: ExitStack
    source: str
    source_sha256: str

    def __call__(self, network: str, size: int | None, state: dict[str, Tensor]) -> Path:
        """Put one network into the store. The same tensors and source give the same bytes."""
        from safetensors.torch import save_file

        path = stored_path(network, size)
        about = {
            "source": self.source,
            "source_sha256": self.source_sha256,
            "tensors_sha256": tensors_hash(state),
        }
        # one entry: safetensors writes several in an order that changes from call to call
        metadata = {METADATA_KEY: json.dumps(about)}
        save_file(state, self.files.enter_context(replacing(path)), metadata=metadata)
        return path


def load(network: str, size: int | None) -> nn.Module:
    """A network of the store on mapped memory, strict, float32, in eval mode; see `weights.official`."""
    import torch

    if network not in weights.OFFICIAL_NETWORKS:
        known = ", ".join(weights.OFFICIAL_NETWORKS)
        raise UserError(f"there is no official network '{network}'; the known ones are {known}")
    if network in weights.SIZED_NETWORKS and size not in SIZES:
        raise UserError(f"there is no official {network} for {size} pixels; choose 256 or 512")
    state = _tensors(network, size)
    with torch.device("meta"):  # no memory for values that are replaced at once
        built = weights.build(network)
    try:
        built.load_state_dict(state, strict=True, assign=True)
    except RuntimeError:
        raise UserError(
            f"{stored_path(network, size)}: its keys are not this version's; {_again(network)}"
        ) from None
    return built.requires_grad_(False).eval()


def check(network: str, size: int | None) -> Stored:
    """Load a stored network and compare its values with the hash that was recorded when it was imported.

    Raises UserError when the file is missing, does not load strictly, or its values differ or are not finite.
    """
    load(network, size)
    found = stored(network, size)
    assert found is not None
    state = _tensors(network, size)
    require_finite(state, str(found.path))
    if tensors_hash(state) != found.tensors_sha256:
        raise UserError(f"{found.path}: its values are not those that were imported; {_again(network)}")
    return found


def require_finite(state: dict[str, Tensor], where: str) -> None:
    """UserError that names the first key with a value that is no number."""
    for key, value in state.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise UserError(f"{where}: {key} holds values that are not finite; download or copy it again")


def tensors_hash(state: dict[str, Tensor]) -> str:
    """sha256 over the keys in order, each followed by its values' bytes."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().numpy().data)
    return digest.hexdigest()


def _tensors(network: str, size: int | None) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = stored_path(network, size)
    if not path.exists():
        raise UserError(
            f"SadTalker's {network} is not in {path.parent}; run `sadtalker3d weights fetch`, or "
            "`sadtalker3d weights import FILE` if you have its file"
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: is damaged ({error}); {_again(network)}") from None


def _again(network: str) -> str:
    return f"import {network} again with `sadtalker3d weights import FILE --force`"
