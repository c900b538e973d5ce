"""Writing a track in the formats of other programs, and reading it back.

Each format is one file with `write(track, path, ...)` and `read(path, ...)`, and one line in `FORMATS`.
The package itself can be called: `sadtalker3d.export(take, "take.glb", face=face)`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sadtalker3d.errors import UserError
from sadtalker3d.files import refuse_existing
from sadtalker3d.track import Track

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel


@dataclass(frozen=True)
class Format:
    """One file format: its module in this package, its file endings, and the options its writer takes."""

    module: str
    endings: tuple[str, ...]
    options: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {
    "gltf": Format("gltf", (".glb",), ("face", "identity")),
    "livelink": Format("livelink", (".csv",), ("angle_unit", "fold_speech")),
    "track": Format("track_json", (".json", ".npz", ".mat")),
}
"""Every format by its name; where two share an ending, the first is the one the ending chooses."""


def export(
    track: Track,
    path: str | Path,
    *,
    face: FaceModel | None = None,
    identity: np.ndarray | None = None,
    format: str | None = None,
    angle_unit: str = "rad",
    fold_speech: bool = True,
    onto: str | Path | None = None,
    rig_map: str | Path | None = None,
    force: bool = False,
) -> Path:
    """Write a track in the format that the ending of `path` names.

    Parameters
    ----------
    track : what to write
    path : the file to make: .glb, .csv (Live Link Face), .json, .npz or .mat
    face : the morphable model shown in a GLB; the embedded head unless given
    identity : (80,) identity coefficients of the head in a GLB; the mean head unless given
    format : a key of `FORMATS`, where the ending does not say it
    angle_unit : "rad" or "deg", of the head angles in a Live Link CSV
    fold_speech : add the 12 speech columns to the nearest ARKit weights in a Live Link CSV
    onto : a character of your own (.glb, .gltf, .vrm) to put it onto, in place of a head; see `export.onto`
    rig_map : with `onto`, your own rig map
    force : overwrite `path` when it exists

    Raises
    ------
    UserError : an unknown ending, an existing file, a track that does not fit the format, a full disk
    """
    path = Path(path)
    if onto is not None:
        refuse_existing([path], force)
        import_module(f"{__name__}.onto").write(track, path, avatar=onto, rig_map=rig_map)
        return path
    chosen = _format(path, format)
    refuse_existing([path], force)
    given: dict[str, Any] = {
        "face": face, "identity": identity, "angle_unit": angle_unit, "fold_speech": fold_speech,
    }  # fmt: skip
    options = {name: given[name] for name in chosen.options}
    return _module(chosen).write(track, path, **options)


def read(path: str | Path, *, format: str | None = None, **options: Any) -> Track:
    """Read a track back from any of the formats; see the format's own `read` for its options.

    Raises
    ------
    UserError : an unknown ending, or a file that is not what its ending says
    """
    path = Path(path)
    return _module(_format(path, format)).read(path, **options)


def _format(path: Path, name: str | None) -> Format:
    if name is not None:
        if name not in FORMATS:
            raise UserError(f"unknown format '{name}'; choose one of {', '.join(FORMATS)}")
        return FORMATS[name]
    ending = path.suffix.lower()
    for known in FORMATS.values():
        if ending in known.endings:
            return known
    endings = ", ".join(ending for known in FORMATS.values() for ending in known.endings)
    raise UserError(f"{path}: unknown ending '{ending}'; choose one of {endings}")


def _module(chosen: Format) -> Any:
    return import_module(f"{__name__}.{chosen.module}")


class _CallablePackage(ModuleType):
    """Lets `sadtalker3d.export` be the function as well as the package of the same name."""

    def __call__(self, *arguments: Any, **options: Any) -> Path:
        return export(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
