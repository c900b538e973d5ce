"""Writing a track in the formats of other programs, and reading it back.

Each format is one file with `write(track, path, ...)` and `read(path, ...)`, and one line in `FORMATS`.
The package itself can be called: `sadtalker3d.export(take, "take.glb", face=face)`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs
from sadtalker3d.numbered import check_numbered
from sadtalker3d.track import Track


@dataclass(frozen=True)
class Format:
    """One file format."""

    module: str  # in this package
    endings: tuple[str, ...]
    options: tuple[str, ...] = ()  # that its writer takes
    reading: tuple[str, ...] = ()  # options that its reader takes
    space: str | None = None  # of the tracks it holds, where it holds those of one space only
    reads: bool = True  # it holds the weights, not only the points that they move

    @property
    def shows_face(self) -> bool:
        """It holds the head's mesh, not only the numbers that move it."""
        return "face" in self.options


HEAD = ("face", "identity")
WITHOUT_EFFECT = (*HEAD, "tell")  # options that may be given to every format, where they change nothing
FORMATS: dict[str, Format] = {
    "gltf": Format("gltf", (".glb",), (*HEAD, "profile", "quantized", "tell")),
    "livelink": Format(
        "livelink",
        (".csv",),
        ("angle_unit", "fold_speech"),
        reading=("angle_unit", "fill_missing", "neutral_first_frame"),
        space="open",
    ),
    "page": Format("page", (".html", ".htm"), (*HEAD, "tell"), reads=False),
    "track": Format("track_json", (".json", ".npz", ".mat")),
    "a2f": Format("a2f", (".a2f.json", ".a2f.csv"), ("fold_speech",), space="open"),
    "vrma": Format("vrma", (".vrma",), ("expressions", "tell"), space="open"),
    "usd": Format("usd", (".usda", ".usd"), HEAD),
    "obj": Format("obj", (".obj",), HEAD, reads=False),
    "ply": Format("ply", (".ply",), HEAD, reads=False),
    "mdd": Format("mdd", (".mdd",), HEAD, reads=False),
    "pc2": Format("pc2", (".pc2",), HEAD, reads=False),
}
"""Every format by its name; where two share an ending, the longer one, then the first here, is what it names."""

ELSEWHERE = {
    "alembic": (
        ".abc",
        "an Alembic file is made by Blender: export a .glb or .usda, open it there, and use File > Export > Alembic",
    ),
    "fbx": (
        ".fbx",
        "an FBX file is made by Blender: export a .glb, open it there, and use File > Export > FBX",
    ),
    "usdc": (
        ".usdc",
        "binary USD is made by USD's own tool: export a .usda, then `usdcat take.usda -o take.usdc`",
    ),
    "usdz": (
        ".usdz",
        "a .usdz is made by USD's own tool: export a .usda, then `usdzip take.usdz -a take.usda`",
    ),
}
"""Formats that are asked for and not written: name -> ending, and what to do instead."""
READ_ELSEWHERE = "is not read; open it in Blender and export a .glb from there"
READ_USD = "is binary USD; make it text first, with `usdcat FILE -o take.usda`"

SNIFFED_BYTES = 1 << 20  # read at once while looking for what tells an Audio2Face file from a track


def export(
    track: Track,
    path: str | Path,
    *,
    format: str | None = None,
    onto: str | Path | None = None,
    rig_map: str | Path | None = None,
    force: bool = False,
    **options: Any,
) -> Path:
    """Write a track in the format that the ending of `path` names.

    Parameters
    ----------
    track : what to write
    path : the file to make; `FORMATS` has the endings
    format : a key of `FORMATS`, where the ending does not say it
    onto : a character of your own (.glb, .gltf, .vrm) to put it onto, in place of a head; see `export.onto`
    rig_map : with `onto`, your own rig map
    force : overwrite `path` when it exists
    options : of the format, see its `write`; None stands for its own default. `face` (the morphable model that is
        shown; the embedded head unless given), `identity` ((80,) coefficients; the mean head unless given) and `tell`
        (called with a sentence on what the user should know, as what is lost) may be given to every format.

    Raises
    ------
    UserError : an unknown ending, an option of another format, an existing file, a track that does not fit the
        format, a full disk
    """
    path = Path(path)
    if onto is not None:
        check_outputs([path], force=force, inputs=[Path(onto)])
        import_module(f"{__name__}.onto").write(track, path, avatar=onto, rig_map=rig_map)
        return path
    chosen = format_of(path, format)
    given = {name: value for name, value in options.items() if value is not None}
    for name in WITHOUT_EFFECT:
        if name not in chosen.options:
            given.pop(name, None)
    require_options(given, path, chosen.options)
    check(path, format=format, force=force)
    return _module(chosen).write(track, path, **given)


def read(path: str | Path, *, format: str | None = None, **options: Any) -> Track:
    """Read a track back from any of the formats; see the format's own `read` for its options.

    Raises
    ------
    UserError : an unknown ending, a file that is not what its ending says, or an option of another format
    """
    path = Path(path)
    chosen = format_of(path, format, reading=True)
    if not chosen.reads and not hasattr(_module(chosen), "read"):
        raise UserError(
            f"{path}: holds the head's points, not the weights that move them; a take is read from "
            f"{', '.join(ending for known in FORMATS.values() if known.reads for ending in known.endings)}"
        )
    given = {name: value for name, value in options.items() if value is not None}
    require_options(given, path, chosen.reading)
    return _module(chosen).read(path, **given)


def check(
    path: str | Path, *, format: str | None = None, force: bool = False, inputs: Sequence[Path] = ()
) -> None:
    """UserError when an export cannot or must not be written there; asked before long work begins."""
    path = Path(path)
    module = _module(format_of(path, format))
    pattern = module.pattern(path) if hasattr(module, "pattern") else None
    outputs = list(module.beside(path)) if hasattr(module, "beside") else []
    if pattern is not None:
        check_numbered(pattern, force=force, inputs=inputs, what="meshes")
    else:
        outputs = [path, *outputs]
    check_outputs(outputs, force=force, inputs=inputs)


def beside(path: str | Path, format: str | None = None) -> list[Path]:
    """What an export writes besides the file that is named."""
    path = Path(path)
    module = _module(format_of(path, format))
    return list(module.beside(path)) if hasattr(module, "beside") else []


def format_of(path: Path, name: str | None = None, *, reading: bool = False) -> Format:
    """The format that a name or else a file's ending (when reading, what is in it too) stands for; UserError."""
    written, low = [ending for known in FORMATS.values() for ending in known.endings], path.name.lower()
    for other, (ending, advice) in ELSEWHERE.items():
        if name == other or (name is None and low.endswith(ending)):
            if reading:
                advice = READ_USD if other.startswith("usd") else READ_ELSEWHERE
            raise UserError(f"{path}: {advice}")
    if name is not None:
        if name not in FORMATS:
            raise UserError(f"unknown format '{name}'; choose one of {', '.join(FORMATS)}")
        return FORMATS[name]
    ending = max((ending for ending in written if low.endswith(ending)), key=len, default="")
    if not ending:
        raise UserError(f"{path}: unknown ending '{path.suffix}'; choose one of {', '.join(written)}")
    found = next(known for known in FORMATS.values() if ending in known.endings)
    if reading and ending in (".json", ".csv") and _holds_audio2face(path):
        return FORMATS["a2f"]
    return found


def require_options(given: dict[str, Any], path: Path, known: Sequence[str]) -> None:
    """UserError when an option belongs to another format, TypeError when to none."""
    for name in given:
        having = [f for f in FORMATS.values() if name in f.options + f.reading]
        if not having:
            raise TypeError(f"no format has the option '{name}'")
        if name not in known:
            endings = ", ".join(ending for f in having for ending in f.endings)
            raise UserError(f"{path}: --{name.replace('_', '-')} goes with {endings}; leave it out")


def _holds_audio2face(path: Path) -> bool:
    """A .json or .csv is Audio2Face's by the words that only it has; whatever is wrong with it is said later."""
    try:
        with open(path, "rb") as file:
            start = file.read(4096)
            if path.suffix.lower() == ".csv":
                return b"blendshapes." in start.split(b"\n", 1)[0].lower()
            if b'"schema"' in start:
                return False
            while start:
                more = file.read(SNIFFED_BYTES)
                if b'"weightMat"' in start + more[:16]:
                    return True
                start = more
    except OSError:
        pass
    return False


def _module(chosen: Format) -> Any:
    return import_module(f"{__name__}.{chosen.module}")


class _CallablePackage(ModuleType):
    """Lets `sadtalker3d.export` be the function as well as the package of the same name."""

    def __call__(self, *arguments: Any, **options: Any) -> Path:
        return export(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
