"""How a GLB stores its numbers: as they are, in 32-bit floats, or as small integers for half the size.

Source of the integer kinds: Khronos extension KHR_mesh_quantization; glTF 2.0, 3.11 (animation outputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

EXTENSION = "KHR_mesh_quantization"
_CHUNK_ROWS = 1 << 14  # keys turned into integers at once: an hour of them costs no floats on the way


@dataclass(frozen=True)
class Exact:
    """32-bit floats; no extension, and a track comes back as it was."""

    def properties(self) -> dict[str, Any]:
        """What the glTF document must say."""
        return {}

    def node(self) -> dict[str, Any]:
        """What the head's node must say."""
        return {}

    def positions(self, values: np.ndarray) -> np.ndarray:
        """Positions or their shifts (..., 3) in metres."""
        return values.astype(np.float32, copy=False)

    def normals(self, values: np.ndarray) -> np.ndarray:
        """Unit normals or their changes (..., 3)."""
        return values.astype(np.float32, copy=False)

    def fractions(self, values: np.ndarray) -> np.ndarray:
        """Texture coordinates or colours (..., k), most of them 0..1."""
        return values.astype(np.float32, copy=False)

    def weights(self, values: np.ndarray) -> np.ndarray:
        """Weights of shapes (T, k)."""
        return values.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Quantized(Exact):
    """Integers: positions and shifts of 16 bits, normals of 8, texture coordinates and weights of 16.

    extent_m : what the largest integer stands for; the head's node is scaled by it
    """

    extent_m: float

    @classmethod
    def around(cls, positions: np.ndarray, shifts: np.ndarray) -> Quantized:
        """The finest steps that hold all `positions` (V, 3) and `shifts` (n, V, 3), in metres."""
        # as the node's scale is stored
        return cls(float(np.float32(max(np.abs(positions).max(), np.abs(shifts).max(), 1e-6))))

    def properties(self) -> dict[str, Any]:
        return {"extensionsUsed": [EXTENSION], "extensionsRequired": [EXTENSION]}

    def node(self) -> dict[str, Any]:
        return {"scale": [self.extent_m] * 3}

    def positions(self, values: np.ndarray) -> np.ndarray:
        return _signed(values / np.float32(self.extent_m), np.int16)

    def normals(self, values: np.ndarray) -> np.ndarray:
        # the change of a normal that turns by more than 60 degrees may be cut: a difference of shading only
        return _signed(values, np.int8)

    def fractions(self, values: np.ndarray) -> np.ndarray:
        return _unsigned(values) if _within(values, 0, 1) else values.astype(np.float32)

    def weights(self, values: np.ndarray) -> np.ndarray:
        """0..1 in steps of 1/65535, -1..1 of 1/32767; floats when a weight lies beyond."""
        if not _within(values, -1, 1):
            return super().weights(values)
        plain = _within(values, 0, 1)
        stored = np.empty(values.shape, np.uint16 if plain else np.int16)
        for first in range(0, len(values), _CHUNK_ROWS):
            part = values[first : first + _CHUNK_ROWS]
            stored[first : first + _CHUNK_ROWS] = _unsigned(part) if plain else _signed(part, np.int16)
        return stored


def _within(values: np.ndarray, low: float, high: float) -> bool:
    return bool(values.min() >= low and values.max() <= high)


def _signed(values: np.ndarray, kind: type[np.signedinteger]) -> np.ndarray:
    largest = np.iinfo(kind).max
    return np.rint(np.clip(values, -1, 1) * np.float32(largest)).astype(kind)


def _unsigned(values: np.ndarray) -> np.ndarray:
    return np.rint(values.astype(np.float64) * 65535).astype(np.uint16)
