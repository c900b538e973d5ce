"""A track's values as the weights of a character's shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.rig.arkit import ARKIT_52, SPEECH_12
from sadtalker3d.rig.dialects import Follow
from sadtalker3d.rig.fold import to_arkit
from sadtalker3d.rig.match import Match
from sadtalker3d.rig.visemes import VisemeLoss
from sadtalker3d.track import Track


@dataclass(frozen=True)
class Driven:
    """Weights (T,) float32 of each shape by name, the columns they came from, and what visemes lose.

    columns : (T,) float32 by name, the speech columns that the character lacks folded into ARKit's
    """

    weights: dict[str, np.ndarray]
    columns: dict[str, np.ndarray]
    loss: VisemeLoss | None = None


def drive(track: Track, match: Match) -> Driven:
    """The weights of every shape that was matched.

    A shape that follows one column has the column's very values.
    Raises UserError for a track that is not `open`.
    """
    columns = columns_for(track, match.columns)
    weights = {name: _followed(entry, columns) for name, entry in match.follows.items()}
    loss = None
    if match.visemes:
        from sadtalker3d.rig.visemes import solve_visemes

        solved, loss = solve_visemes(track, match.visemes, match.columns)
        weights |= solved
    return Driven(weights, columns, loss)


def columns_for(track: Track, wanted: set[str]) -> dict[str, np.ndarray]:
    """ARKit's 52 columns and those speech columns that are wanted; the others' likeness is folded into the 52.

    Lips that close by `mouthClose` on a character without it close by the jaw: else a jaw would hang open.
    """
    own = [name for name in SPEECH_12 if name in wanted]
    expression = track.expression.copy()
    for name in own:
        expression[:, track.index(name)] = 0
    folded = to_arkit(track.replace(expression=expression))
    columns = {name: folded[:, i] for i, name in enumerate(ARKIT_52)}
    columns |= {name: track.column(name) for name in own}
    if "jawOpen" in wanted and "mouthClose" not in wanted:
        jaw, close = columns["jawOpen"], columns["mouthClose"]
        columns["jawOpen"] = np.where(close > 0, np.maximum(jaw - close, np.minimum(jaw, 0)), jaw)
    return columns


def _followed(entry: Follow, columns: dict[str, np.ndarray]) -> np.ndarray:
    parts = [
        columns[name] if share == 1 else np.float32(share) * columns[name]
        for name, share in entry.shares.items()
    ]
    if not parts:
        value = np.zeros(len(next(iter(columns.values()))), np.float32)
    elif len(parts) == 1:
        value = parts[0]
    else:
        stacked = np.stack(parts)
        value = {"sum": stacked.sum, "max": stacked.max, "mean": stacked.mean}[entry.combine](axis=0)
    if entry.gain != 1 or entry.offset:
        value = np.float32(entry.gain) * value + np.float32(entry.offset)
    if entry.limits is not None:
        value = np.clip(value, *entry.limits)
    return value.astype(np.float32, copy=False)
