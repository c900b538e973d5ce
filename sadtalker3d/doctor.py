"""Checks the installation and says what to do about what is wrong."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from sadtalker3d.errors import UserError

BASE_PACKAGES = (
    "torch", "numpy", "opencv-python", "scipy", "trimesh", "librosa", "soundfile", "pygltflib",
    "pyrender", "av", "safetensors",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One thing looked at. `ok` is None for what is optional and not there."""

    name: str
    ok: bool | None
    detail: str


def examine() -> list[Check]:
    """Look at Python, the packages, the weights, the head, sound, video and OpenGL."""
    looks: dict[str, Callable[[], str]] = {
        "python": _python,
        "packages": _packages,
        "weights": _weights,
        "head": _head,
        "sound": _sound,
        "video": _video,
        "OpenGL": _opengl,
    }
    checks = [_look(name, look) for name, look in looks.items()]
    checks.append(_official())
    return [*checks, _optional("bpy", "Blender as a module: pip install -c constraints.txt '.[blender]'")]


def _look(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except UserError as error:
        return Check(name, False, str(error))
    except Exception as error:  # a broken library may raise anything; the doctor must not fall over it
        return Check(name, False, f"{type(error).__name__}: {error}")


def _optional(package: str, otherwise: str) -> Check:
    try:
        return Check(package, True, metadata.version(package))
    except metadata.PackageNotFoundError:
        return Check(package, None, otherwise)


def _python() -> str:
    return f"{platform.python_version()} on {platform.platform()}"


def _packages() -> str:
    from packaging.requirements import Requirement

    try:
        requirements = metadata.requires("sadtalker3d") or []
    except metadata.PackageNotFoundError:  # run from its source folder
        requirements = []
    wanted = {r.name: r.specifier for r in map(Requirement, requirements) if r.marker is None}
    found, wrong = [], []
    for package in BASE_PACKAGES:
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            wrong.append(f"{package} is missing")
            continue
        found.append(f"{package} {version}")
        if package in wanted and not wanted[package].contains(version, prereleases=True):
            wrong.append(f"{package} is {version}, wanted {wanted[package]}")
    if wrong:
        raise UserError("; ".join(wrong) + ": run `pip install -c constraints.txt .` again")
    return ", ".join(found)


def _weights() -> str:
    from sadtalker3d import weights

    return "; ".join(weights.verify_embedded())


def _official() -> Check:
    """Which of SadTalker's networks are there; none need be."""
    from sadtalker3d import weight_store

    paths = [weight_store.stored_path(network, size) for network, size in weight_store.places()]
    there = [path.stem for path in paths if path.exists()]
    if there:
        return Check("official", True, f"SadTalker's {', '.join(there)} in {weight_store.folder()}")
    return Check(
        "official", None, "SadTalker's networks: `sadtalker3d weights fetch`, or `weights import PATH`"
    )


def _head() -> str:
    import bfm

    face = bfm.load("open")
    return f"{len(face.mean)} vertices, {len(face.expression_names)} shapes"


def _sound() -> str:
    import av
    import soundfile

    return f"libsndfile {soundfile.__libsndfile_version__}, PyAV {av.__version__}"


def _video() -> str:
    import av

    for codec in ("libx264", "aac"):
        try:
            av.Codec(codec, "w")
        except Exception:
            raise UserError(
                f"this PyAV cannot write {codec}; run `pip install --force-reinstall av`"
            ) from None
    return "H.264 and AAC can be written"


def _opengl() -> str:
    from sadtalker3d.render.preview import check_gl

    return check_gl()
