"""Head, eyes and jaw of a character as rotations of its nodes over time.

A track's angles are about the axes of the head at rest: the subject's left, up, and where the face looks. Those axes
are the character's: where its left and right eyes (or arms) are tells where it faces. A node with rest rotation q
below a parent with world rotation P that shall be turned by R in the world gets the rotation P^-1 R P q.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sadtalker3d.export.character import Character
from sadtalker3d.export.gltf_nodes import Nodes, from_matrix, inverse, multiply, to_matrix
from sadtalker3d.rig.bones import arm_side
from sadtalker3d.rotation import short_way, to_quaternions
from sadtalker3d.track import Track

EYE_COLUMNS = tuple(
    f"eyeLook{way}{side}" for way in ("Up", "Down", "In", "Out") for side in ("Left", "Right")
)


@dataclass(frozen=True)
class PoseConfig:
    """How angles and columns become turns of bones."""

    neck_share: float = 0.4  # of the head's turn; nods and shakes of people begin in the neck's upper joints
    # what a weight of 1 turns the embedded head's eyes, yaw and pitch, as `motion.gaze` counts it
    eye_deg: tuple[float, float] = (14.4, 10.2)
    jaw_deg: float = 23.9  # by which jawOpen = 1 turns the embedded head's lower teeth


DEFAULT = PoseConfig()


@dataclass(frozen=True)
class Turn:
    """A node's movement: quaternions (T, 4), x y z w, and where it moves too, translations (T, 3)."""

    node: int
    rotation: np.ndarray
    translation: np.ndarray | None = None


def facing(character: Character) -> np.ndarray:
    """(4,) quaternion from the track's axes (left x, up y, forward z) to the character's; none where nothing tells."""
    nodes, bones = character.nodes, character.bones
    pair = (bones.left_eye, bones.right_eye)
    if None in pair:
        arms = {arm_side(name): index for index, name in reversed(list(enumerate(nodes.names)))}
        pair = (arms.get("l"), arms.get("r"))
    if pair[0] is None or pair[1] is None:
        return np.array([0.0, 0, 0, 1])
    across = nodes.world_matrix(pair[0])[:3, 3] - nodes.world_matrix(pair[1])[:3, 3]
    across[1] = 0  # a tilted head still faces along the ground
    length = np.linalg.norm(across)
    if length < 1e-9:
        return np.array([0.0, 0, 0, 1])
    left = across / length
    return from_matrix(np.stack([left, [0, 1, 0], np.cross(left, [0, 1, 0])], axis=1))


def bone_turns(
    track: Track,
    columns: Mapping[str, np.ndarray],
    character: Character,
    config: PoseConfig = DEFAULT,
) -> list[Turn]:
    """The turns of head, neck, eyes and jaw.

    Eyes turn when no shape of the character looks anywhere, the jaw when neither shape nor viseme opens it.
    """
    nodes, bones = character.nodes, character.bones
    axes = facing(character)

    def world(angles: np.ndarray) -> np.ndarray:
        return multiply(multiply(axes, to_quaternions(angles)), inverse(axes))

    turns = _head_turns(world(track.rotation), nodes, bones.head, bones.neck, config)
    if not character.match.columns & set(EYE_COLUMNS):
        yaw_deg, pitch_deg = config.eye_deg
        for side, sign, node in (("Left", 1, bones.left_eye), ("Right", -1, bones.right_eye)):
            if node is not None:
                look = {way: columns[f"eyeLook{way}{side}"] for way in ("Up", "Down", "In", "Out")}
                pitch = np.radians(pitch_deg) * (look["Down"] - look["Up"])
                yaw = np.radians(yaw_deg) * sign * (look["Out"] - look["In"])
                turns.append(_turn(nodes, node, world(np.stack([pitch, yaw, np.zeros_like(yaw)], axis=1))))
    if bones.jaw is not None and not character.match.speaks:
        pitch = np.radians(config.jaw_deg) * np.maximum(columns["jawOpen"] - columns["mouthClose"], 0)
        still = np.zeros_like(pitch)
        turns.append(_turn(nodes, bones.jaw, world(np.stack([pitch, still, still], axis=1))))
    return turns


def free_turns(
    track: Track, nodes: Nodes, top: Sequence[int], low: np.ndarray, high: np.ndarray, axes: np.ndarray
) -> Iterator[Turn]:
    """The turns and shifts of a head that is not on a skeleton: its nodes go round a point between its ears.

    top : the nodes to move, none below another
    low, high : (3,) corners of the head in the world
    """
    height = high[1] - low[1]
    # of the embedded head: between the ears is .46 of its height up and .29 of its depth from the back
    pivot = np.array([(low[0] + high[0]) / 2, low[1] + 0.46 * height, low[2] + 0.29 * (high[2] - low[2])])
    shift_m = track.translation.astype(np.float64) * (height / HEAD_HEIGHT_M)
    shift = np.einsum("ij,tj->ti", to_matrix(axes), shift_m)
    turn = multiply(multiply(axes, to_quaternions(track.rotation)), inverse(axes))
    matrices = to_matrix(turn)
    for node in top:
        parent = nodes.parents[node]
        place = nodes.world_matrix(node)[:3, 3]
        moved = np.einsum("tij,j->ti", matrices, place - pivot) + pivot + shift
        above = np.linalg.pinv(nodes.world_matrix(parent))
        local = moved @ above[:3, :3].T + above[:3, 3]
        yield Turn(node, _turn(nodes, node, turn).rotation, local)


def shifted(track: Track, nodes: Nodes, turn: Turn, axes: np.ndarray) -> Turn:
    """The same turn with the track's translation, in metres, as glTF counts."""
    shift = np.einsum("ij,tj->ti", to_matrix(axes), track.translation.astype(np.float64))
    above = np.linalg.pinv(nodes.world_matrix(nodes.parents[turn.node])[:3, :3])
    return Turn(turn.node, turn.rotation, nodes.decomposed(turn.node)[0] + shift @ above.T)


HEAD_HEIGHT_M = 0.287  # of the embedded head, from the bust's edge to the crown


def _head_turns(
    turn: np.ndarray, nodes: Nodes, head: int | None, neck: int | None, config: PoseConfig
) -> list[Turn]:
    if head is None:
        return [] if neck is None else [_turn(nodes, neck, turn)]
    if neck is None or neck not in nodes.with_ancestors(head):
        return [_turn(nodes, head, turn)]
    part = _share(turn, config.neck_share)
    parent = nodes.world_rotation(nodes.parents[head])
    # what is left for the head, seen from its parent, which the neck has turned already
    rest = multiply(multiply(inverse(parent), multiply(inverse(part), turn)), parent)
    local = multiply(rest, nodes.local_rotation(head))
    return [_turn(nodes, neck, part), Turn(head, short_way(local))]


def _turn(nodes: Nodes, node: int, world: np.ndarray) -> Turn:
    parent = nodes.world_rotation(nodes.parents[node])
    local = multiply(multiply(multiply(inverse(parent), world), parent), nodes.local_rotation(node))
    return Turn(node, short_way(local))


def _share(turn: np.ndarray, share: float) -> np.ndarray:
    """(T, 4) rotations about the same axes by a share of the angle."""
    turn = np.where(turn[:, 3:] < 0, -turn, turn)
    half = np.arctan2(np.linalg.norm(turn[:, :3], axis=1), turn[:, 3])
    size = np.sin(half)
    scale = np.where(size > 1e-12, np.sin(share * half) / np.maximum(size, 1e-12), share)
    return np.concatenate([turn[:, :3] * scale[:, None], np.cos(share * half)[:, None]], axis=1)
