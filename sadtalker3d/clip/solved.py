"""Pose and expression of a known person in every frame with a face, solved in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.clip.person import Person, frames_of

BLOCK = 64  # frames solved at once, of 0.3 MB each


@dataclass(frozen=True)
class Solved:
    """Of the K frames in which a face was seen; nothing is smoothed.

    frames : (K,) rows of the spool. poses (K, 6) as in `clip.poses`, weights (K, n) of `FREE`, misfit_mm (K,)
    """

    frames: np.ndarray
    poses: np.ndarray
    weights: np.ndarray
    misfit_mm: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, person: Person) -> Solved:
        """Of the rows of `spool.ROW`."""
        seen = np.flatnonzero(rows["seen"])
        found = [frames_of(rows["points"][block], person) for block in blocks(seen)]
        return cls(seen, *(np.concatenate(parts) for parts in zip(*found, strict=True)))


def blocks(frames: np.ndarray) -> list[np.ndarray]:
    """(K,) frames in pieces of which each is looked at as a whole."""
    return [frames[first : first + BLOCK] for first in range(0, len(frames), BLOCK)]
