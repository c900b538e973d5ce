"""The project's floor modules inside Blender: tracks, editing, names and the embedded head, numpy only.

They travel as one pure-Python wheel. Blender 4.2 and later install it with the extension; before that it is
unpacked once into Blender's own data folder.
"""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path

import bpy

WHEELS = Path(__file__).with_name("wheels")


def prepare() -> None:
    """Make `import sadtalker3d` and `import bfm` find the floor."""
    if _importable():
        return
    wheels = sorted(WHEELS.glob("sadtalker3d-*.whl"))
    if not wheels:
        raise ImportError(
            f"{WHEELS} holds no wheel: install the zip that `sadtalker3d addon -o sadtalker3d.zip` makes"
        )
    folder = _unpacked(wheels[-1])
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def _importable() -> bool:
    try:
        importlib.import_module("sadtalker3d.track")
    except ImportError:
        sys.modules.pop("sadtalker3d", None)
        return False
    return True


def _unpacked(wheel: Path) -> Path:
    data = Path(bpy.utils.user_resource("DATAFILES", path="sadtalker3d", create=True))
    folder = data / f"{wheel.stem}-{wheel.stat().st_mtime_ns}"
    if not folder.is_dir():
        unfinished = folder.with_suffix(".part")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unfinished)
        unfinished.rename(folder)
    return folder
