"""The keys of a take on a character, a stretch of the take at a time: an hour needs no more memory than a minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.export.character import Character
from sadtalker3d.export.head_box import free_head
from sadtalker3d.export.onto_bones import Turn, bone_turns, facing, free_turns, shifted
from sadtalker3d.rig.dialects import Dialect
from sadtalker3d.rig.drive import Driven, drive
from sadtalker3d.rig.visemes import VisemeLoss
from sadtalker3d.track import Track

BLOCK_FRAMES = 2048  # whose columns, and as many shapes of a character, are a megabyte


@dataclass(frozen=True)
class Channel:
    """What is animated: a node's "weights", "rotation" or "translation", by the keys of one output."""

    node: int
    path: str
    output: int


@dataclass(frozen=True)
class _Move:
    """A morph target that a shape moves; `shape` is the first of those that follow the same in the same way."""

    target: int
    shape: str
    share: float
    binary: bool


@dataclass(frozen=True)
class _Weights:
    """The weights of a mesh; targets nobody drives stay at `rest`."""

    rest: tuple[float, ...]
    moves: tuple[_Move, ...]

    def keys(self, driven: Mapping[str, np.ndarray], frames: int) -> np.ndarray:
        """(T, targets) float32."""
        values = np.tile(np.array(self.rest, np.float32), (frames, 1))
        values[:, [move.target for move in self.moves]] = 0
        for move in self.moves:
            weights = driven[move.shape]
            if move.binary:
                weights = (weights > 0.5).astype(np.float32)
            values[:, move.target] += weights if move.share == 1 else np.float32(move.share) * weights
        return values


class Keys:
    """What moves on a character, and its keys.

    channels : each node that is animated; meshes with the same targets share an output
    widths : how many numbers each output has a frame
    notes : what is to be known about the head
    """

    def __init__(
        self, track: Track, character: Character, document: dict[str, Any], own: Dialect | None
    ) -> None:
        self._track, self._character = track, character
        self._losses: list[tuple[int, VisemeLoss]] = []
        head = character.bones.head
        # a node, not a joint: it can move as well without tearing a neck
        self._shifts = head is not None and not any(
            head in skin.get("joints", []) for skin in document.get("skins", [])
        )
        self._free, self.notes = _free(track, character, document, own)
        self._weights, self.channels = _weights(character, document)
        first = _part(track, 0, 1)
        turns = self._turns(first, drive(first, character.match))
        self.widths = [len(weights.rest) for weights in self._weights]
        for turn in turns:
            for path, width in (("rotation", 4), ("translation", 3)):
                if path == "rotation" or turn.translation is not None:
                    self.channels.append(Channel(turn.node, path, len(self.widths)))
                    self.widths.append(width)
        self.turned = [turn.node for turn in turns]

    def blocks(self) -> Iterator[tuple[int, list[np.ndarray]]]:
        """The first frame of each stretch, and (frames, width) float32 keys of each output.

        Raises UserError where a key is not finite.
        """
        self._losses.clear()
        before: dict[int, np.ndarray] = {}  # the last rotation of each node
        for start in range(0, len(self._track), BLOCK_FRAMES):
            part = _part(self._track, start, start + BLOCK_FRAMES)
            driven = drive(part, self._character.match)
            if driven.loss is not None:
                self._losses.append((len(part), driven.loss))
            outputs = [weights.keys(driven.weights, len(part)) for weights in self._weights]
            for turn in self._turns(part, driven):
                rotation = turn.rotation
                if turn.node in before and before[turn.node] @ rotation[0] < 0:
                    rotation = -rotation  # the same, on its predecessor's side of the sphere
                before[turn.node] = rotation[-1]
                for values in (rotation, turn.translation):
                    if values is None:
                        continue
                    if not np.isfinite(values).all():
                        raise UserError(
                            f"its node {turn.node} has a size or place beyond all bounds: the file is damaged"
                        )
                    outputs.append(values.astype(np.float32))
            yield start, outputs

    @property
    def loss(self) -> VisemeLoss | None:
        """How far visemes alone stay behind the take, once all blocks were made."""
        return VisemeLoss.over(self._losses) if self._losses else None

    def _turns(self, part: Track, driven: Driven) -> list[Turn]:
        nodes, axes = self._character.nodes, facing(self._character)
        turns = bone_turns(part, driven.columns, self._character)
        if self._shifts:
            head = self._character.bones.head
            turns = [t if t.node != head else shifted(part, nodes, t, axes) for t in turns]
        if self._free is not None:
            taken = {turn.node for turn in turns}
            turns += [t for t in free_turns(part, nodes, *self._free, axes) if t.node not in taken]
        return turns


def _part(track: Track, start: int, end: int) -> Track:
    return track.replace(
        expression=track.expression[start:end],
        rotation=track.rotation[start:end],
        translation=track.translation[start:end],
    )


def _free(
    track: Track, character: Character, document: dict[str, Any], own: Dialect | None
) -> tuple[tuple[list[int], np.ndarray, np.ndarray] | None, list[str]]:
    """The head that turns as a whole, where there is no bone for it; and a note."""
    unwanted = own is not None and "head" in own.bones and own.bones["head"] is None
    boned = character.bones.head is not None or character.bones.neck is not None
    if boned or unwanted or not track.rotation.any():
        return None, []
    free = free_head(document, character)
    if free is None:
        return None, ["no head bone was found: the head does not turn; name it with --rig (bones.head)"]
    return free, ["no head bone was found: the whole head turns about a point between its ears"]


def _weights(character: Character, document: dict[str, Any]) -> tuple[list[_Weights], list[Channel]]:
    """The different keys of morph targets, and the nodes that have them."""
    follows = character.match.follows
    binds: dict[int, list[_Move]] = {mesh.index: [] for mesh in character.meshes}
    for shape in (*follows, *character.match.visemes):
        expression = character.expressions.get(shape) if character.by_expressions else None
        alike = next((name for name, entry in follows.items() if entry == follows.get(shape)), shape)
        for bind in character.binds(shape):
            binary = bool(expression and expression.binary)
            binds[bind.mesh].append(_Move(bind.target, alike, bind.share, binary))
    found: list[_Weights] = []
    channels = []
    for mesh in character.meshes:
        for node in mesh.nodes if binds[mesh.index] else ():
            resting = document["nodes"][node].get("weights") or document["meshes"][mesh.index].get("weights")
            rest = tuple(resting or [0.0] * len(mesh.targets))
            weights = _Weights(rest, tuple(binds[mesh.index]))
            if weights not in found:
                found.append(weights)
            channels.append(Channel(node, "weights", found.index(weights)))
    return found, channels
