"""Every class, in the order in which Blender needs them, and what ends with the session."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import (
    apply,
    bridge,
    characters,
    dubbing,
    exporting,
    generate,
    likeness,
    new_head,
    panels,
    preferences,
    properties,
    takes,
)

CLASSES = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *characters.CLASSES,
    *takes.CLASSES,
    *generate.CLASSES,
    *dubbing.CLASSES,
    *apply.CLASSES,
    *new_head.CLASSES,
    *likeness.CLASSES,
    *exporting.CLASSES,
    *panels.CLASSES,
)


@persistent
def _another_file(*_: Any) -> None:
    bridge.cancel_all()


def register() -> None:
    for each in CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Scene.sadtalker3d = bpy.props.PointerProperty(type=properties.Settings)
    new_head.register_properties()
    bpy.app.handlers.load_pre.append(_another_file)


def unregister() -> None:
    bridge.cancel_all()
    bpy.app.handlers.load_pre.remove(_another_file)
    new_head.unregister_properties()
    del bpy.types.Scene.sadtalker3d
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
