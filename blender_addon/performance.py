"""A track as numbers for a character: values of its shape keys, turns of its head, keys on the timeline; and back.

Numpy only. Frames are Blender's: they may lie between whole ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.rig.dialects import SCHEMA, parse_map
from sadtalker3d.rig.drive import drive
from sadtalker3d.rig.match import Shape, match
from sadtalker3d.rotation import from_matrices, to_matrices
from sadtalker3d.track import Track

from .sources import entry_of

FROM_TRACK = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""Track axes (y up, face along +z) to Blender's (z up, face along -y)."""

FACINGS = {
    "-Y": 0.0,
    "+X": np.pi / 2,
    "+Y": np.pi,
    "-X": -np.pi / 2,
}
"""Where a character looks -> how far it is turned about z from Blender's own -Y."""


@dataclass(frozen=True)
class Row:
    """One line of a character's map: shape key `key` takes `gain` times what `source` says (sources.py), plus
    `offset`."""

    key: str
    source: str
    gain: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Keys:
    """One curve: (k,) frames of the scene and the (k,) values there."""

    frames: np.ndarray
    values: np.ndarray


def frames_of(count: int, fps: float, scene_fps: float, start: float) -> np.ndarray:
    """The scene's frame of each of `count` track frames, the first at `start` -> (count,) float64."""
    return start + np.arange(count) * (scene_fps / fps)


def key_values(track: Track, rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """The (T,) float64 values of every shape key that the rows name.

    Speech columns that no row has are folded into ARKit's; visemes are solved.
    """
    rig = parse_map(
        {"schema": SCHEMA, "targets": {row.key: entry_of(row.source) for row in rows}, "automatic": False}
    )
    driven = drive(track, match([Shape(row.key) for row in rows], rig))
    return {row.key: row.gain * driven.weights[row.key].astype(np.float64) + row.offset for row in rows}


def columns_of(
    values: Mapping[str, np.ndarray], rows: Sequence[Row], names: Sequence[str], count: int
) -> np.ndarray:
    """The inverse of `key_values`: (count, len(names)) float32 columns from the (count,) values of shape keys.

    A key that follows one column gives it back; visemes give back what they look like. What nothing shows stays 0.
    """
    columns = np.zeros((count, len(names)), np.float32)
    direct: set[str] = set()
    visemes: list[tuple[np.ndarray, Mapping[str, float]]] = []
    for row in rows:
        entry = entry_of(row.source)
        if row.key not in values or not row.gain:
            continue
        shown = (values[row.key] - row.offset) / row.gain
        if "looks" in entry:
            visemes.append((shown, entry["looks"]))
        elif len(entry["from"]) == 1:
            ((column, share),) = entry["from"].items()
            if column not in direct and share:
                columns[:, names.index(column)] = shown / share
                direct.add(column)
    for shown, looks in visemes:
        for column, share in looks.items():
            if column not in direct:
                columns[:, names.index(column)] += share * shown
    return columns


def turns(track: Track, strength: float, facing: str) -> np.ndarray:
    """Rotations of the head in the character's own axes -> (T, 3, 3), p' = M p."""
    axes = _axes(facing)
    return axes @ to_matrices(track.rotation.astype(np.float64) * strength) @ axes.T


def shifts(track: Track, strength: float, facing: str) -> np.ndarray:
    """Displacements of the head in the character's own axes -> (T, 3) metres."""
    return strength * track.translation.astype(np.float64) @ _axes(facing).T


def translation_of(moved: np.ndarray, strength: float, facing: str) -> np.ndarray:
    """The inverse of `shifts` -> (T, 3) float32 metres."""
    return (moved @ _axes(facing) / strength).astype(np.float32)


def angles_of(matrices: np.ndarray, strength: float, facing: str) -> np.ndarray:
    """The inverse of `turns` -> (T, 3) float32 radians."""
    axes = _axes(facing)
    return (from_matrices(axes.T @ matrices @ axes) / strength).astype(np.float32)


def _axes(facing: str) -> np.ndarray:
    turn = FACINGS[facing]
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return about_z @ FROM_TRACK


def gaze_angles(track: Track, side: str, furthest_rad: float) -> np.ndarray:
    """Pitch (+ down) and yaw (+ to the subject's left) of one eye from its look shapes -> (T, 2) radians."""
    look = {
        way: track.column(f"eyeLook{way}{side}").astype(np.float64) for way in ("Up", "Down", "In", "Out")
    }
    outward = look["Out"] - look["In"]
    yaw = outward if side == "Left" else -outward
    return furthest_rad * np.stack([look["Down"] - look["Up"], yaw], axis=1)
