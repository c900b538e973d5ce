"""Actions, slots, F-curves and NLA strips, the same in every Blender from 3.4 to 5.x.

What this extension makes carries its mark, so that applying again and removing touch nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
import numpy as np

from .performance import Keys

MARK = "sadtalker3d"  # custom property of our actions: the name of the character
REST = "sadtalker3d_rest"  # custom property: what the animated properties held before, by ID and path
INTERPOLATIONS = {"CONSTANT": 0, "LINEAR": 1, "BEZIER": 2}  # Blender's own numbers of the enumeration
AUTO_CLAMPED = 4
SLOTTED = bpy.app.version >= (4, 4, 0)


class Bake:
    """The actions of one application of a take to a character: one with a slot for each ID from Blender 4.4 on,
    one for each ID before."""

    def __init__(self, name: str, character: str) -> None:
        self._name, self._character = name, character
        self._actions: dict[str, Any] = {}
        self._rest: dict[str, dict[str, Any]] = {}
        self._shared: Any = None

    def curves(self, owner: Any) -> Any:
        """The empty F-curves for an ID (an object or a mesh's shape keys)."""
        if SLOTTED:
            if self._shared is None:
                self._shared = self._new(self._name)
            slot = self._shared.slots.new(id_type=_id_type(owner), name=owner.name)
            self._actions[_id_key(owner)] = (self._shared, slot)
            if not self._shared.layers:
                self._shared.layers.new("Layer").strips.new(type="KEYFRAME")
            return self._shared.layers[0].strips[0].channelbag(slot, ensure=True).fcurves
        action = self._new(f"{self._name} {owner.name}")
        action.id_root = _id_type(owner)
        self._actions[_id_key(owner)] = (action, None)
        return action.fcurves

    def _new(self, name: str) -> Any:
        action = bpy.data.actions.new(name)
        action[MARK] = self._character
        action.use_fake_user = False
        return action

    def remember(self, owner: Any, path: str, value: Any) -> None:
        """Note what an animated property held, for `remove`."""
        self._rest.setdefault(_id_key(owner), {})[path] = value

    def assign(self, owner: Any, *, strip: bool, blend: str, start: float) -> str:
        """Let the action drive its ID: as its action where it has none and no strip is asked for, else as an NLA
        strip over what is there. Returns "action" or "strip"."""
        action, slot = self._actions[_id_key(owner)]
        rest = json.loads(action.get(REST, "{}"))
        rest[_id_key(owner)] = self._rest.get(_id_key(owner), {})
        action[REST] = json.dumps(rest)
        data = owner.animation_data or owner.animation_data_create()
        if not strip and blend == "REPLACE" and data.action is None and not data.nla_tracks:
            data.action = action
            if slot is not None:
                data.action_slot = slot
            return "action"
        track = data.nla_tracks.new()
        track.name = self._name
        placed = track.strips.new(self._name, int(np.floor(start)), action)
        if slot is not None:
            placed.action_slot = slot
        first = action.frame_range[0]
        placed.frame_start, placed.action_frame_start = first, first
        placed.blend_type = blend
        placed.extrapolation = "NOTHING"
        return "strip"


def fill(curves: Any, path: str, index: int, keys: Keys, interpolation: str) -> None:
    """One F-curve with all its keys at once."""
    curve = curves.new(data_path=path, index=index)
    count = len(keys.frames)
    points = curve.keyframe_points
    points.add(count)
    points.foreach_set("co", np.column_stack([keys.frames, keys.values]).astype(np.float32).ravel())
    points.foreach_set("interpolation", np.full(count, INTERPOLATIONS[interpolation], np.int32))
    if interpolation == "BEZIER":
        for side in ("handle_left_type", "handle_right_type"):
            points.foreach_set(side, np.full(count, AUTO_CLAMPED, np.int32))
    curve.update()


def remove(owners: Iterable[Any], character: str) -> int:
    """Take a character's animation off its IDs, put back what they held before; how many actions went."""
    ours: set[Any] = set()
    for owner in owners:
        data = owner.animation_data
        if data is None:
            continue
        if _is_ours(data.action, character):
            ours.add(data.action)
            _restore(owner, data.action)
            data.action = None
        for track in list(data.nla_tracks):
            mine = [strip for strip in track.strips if _is_ours(strip.action, character)]
            for strip in mine:
                ours.add(strip.action)
                _restore(owner, strip.action)
                track.strips.remove(strip)
            if mine and not track.strips:
                data.nla_tracks.remove(track)
    gone = 0
    for action in ours:
        if action.users == 0:
            bpy.data.actions.remove(action)
            gone += 1
    return gone


def rest_of(owner: Any, path: str, character: str) -> Any:
    """What an animated property held before the take was applied, or None when that is not known."""
    for action in _actions_on(owner):
        if _is_ours(action, character):
            return json.loads(action.get(REST, "{}")).get(_id_key(owner), {}).get(path)
    return None


def applied(owners: Iterable[Any], character: str) -> bool:
    """Whether any of the IDs carries this character's animation."""
    return any(_is_ours(action, character) for owner in owners for action in _actions_on(owner))


def curve_of(owner: Any, path: str, index: int = 0) -> Any:
    """The F-curve that drives a property alone, or None when there is none, or strips or drivers mix in."""
    data = owner.animation_data
    if data is None or data.action is None or any(not track.mute for track in data.nla_tracks):
        return None
    return _curves_of(data.action, getattr(data, "action_slot", None)).find(path, index=index)


def stands_still(owner: Any) -> bool:
    """Whether nothing animates an ID."""
    data = owner.animation_data
    return data is None or (data.action is None and not data.nla_tracks and not data.drivers)


def is_driven(owner: Any, path: str) -> bool:
    """Whether a driver owns a property."""
    data = owner.animation_data
    return data is not None and any(curve.data_path == path for curve in data.drivers)


def _curves_of(action: Any, slot: Any) -> Any:
    if not SLOTTED:
        return action.fcurves
    bag = action.layers[0].strips[0].channelbag(slot) if action.layers and slot else None
    return bag.fcurves if bag else _NoCurves()


class _NoCurves:
    def find(self, path: str, index: int = 0) -> None:
        del path, index


def _actions_on(owner: Any) -> Iterator[Any]:
    data = owner.animation_data
    if data is not None:
        yield data.action
        for track in data.nla_tracks:
            for strip in track.strips:
                yield strip.action


def _is_ours(action: Any, character: str) -> bool:
    return action is not None and action.get(MARK) == character


def _restore(owner: Any, action: Any) -> None:
    rest = json.loads(action.get(REST, "{}")).get(_id_key(owner), {})
    for path, value in rest.items():
        try:
            holder, _, name = path.rpartition(".")
            target = owner.path_resolve(holder) if holder else owner
            setattr(target, name, value)
        except (ValueError, AttributeError, TypeError):
            continue  # the key or bone has been renamed or deleted since


def _id_key(owner: Any) -> str:
    return f"{_id_type(owner)}/{owner.name}"


def _id_type(owner: Any) -> str:
    return "KEY" if isinstance(owner, bpy.types.Key) else "OBJECT"  # `ID.id_type` is not there in 3.4
