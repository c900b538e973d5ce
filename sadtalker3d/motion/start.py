"""Torch, sooner: most of the time from speech to track goes into importing it where the speech is short."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path


def start_torch() -> None:
    """Import torch so that other threads can work meanwhile. Does nothing when it is there already."""
    if "torch" in sys.modules:
        return
    _load_library()
    collects = gc.isenabled()
    gc.disable()  # a million objects are made that all stay; to look for garbage takes a sixth of the import
    try:
        import torch  # noqa: F401
    finally:
        gc.freeze()  # nor is it looked for among them later, each time for a tenth of a second
        if collects:
            gc.enable()


def _load_library() -> None:
    """Load torch's largest library, which `import` does too, but then no other thread can run Python."""
    spec = find_spec("torch")
    for folder in (spec and spec.submodule_search_locations) or ():
        # other systems name it otherwise or look for its dependencies elsewhere: `import` does it there
        with suppress(OSError):
            ctypes.CDLL(str(Path(folder) / "lib" / "libtorch_cpu.so"))
