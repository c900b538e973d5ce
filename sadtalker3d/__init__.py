"""One recording of speech in, facial animation out.

    talker = sadtalker3d.Talker()
    take = talker.animate("speech.wav", style=3, seed=7)      # Track
    sadtalker3d.save(take, "take.json"); take = sadtalker3d.load("take.json")
    sadtalker3d.export(take, "take.glb", face=talker.face)

Names are looked up when they are first used, so that `import sadtalker3d` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sadtalker3d.errors import UserError
    from sadtalker3d.export import export
    from sadtalker3d.motion.gains import Gains
    from sadtalker3d.talker import Talker
    from sadtalker3d.track import Track, load, save

_HOMES = {
    "Gains": "sadtalker3d.motion.gains",
    "Talker": "sadtalker3d.talker",
    "Track": "sadtalker3d.track",
    "UserError": "sadtalker3d.errors",
    "export": "sadtalker3d.export",
    "load": "sadtalker3d.track",
    "save": "sadtalker3d.track",
}

__all__ = ["Gains", "Talker", "Track", "UserError", "__version__", "export", "load", "save"]


def __getattr__(name: str) -> Any:
    if name == "weights":
        return import_module("sadtalker3d.weights")
    if name in _HOMES:
        found = import_module(_HOMES[name])
        # the package `sadtalker3d.export` is itself callable: the import system binds it to the same name
        return found if name == "export" else getattr(found, name)
    raise AttributeError(f"module 'sadtalker3d' has no attribute {name!r}")
