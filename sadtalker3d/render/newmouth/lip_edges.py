"""Where the lips end in a frame: the detector takes teeth for lips, the pixels do not.

From the body of each lip a line is followed into the mouth until its colour is no longer the lip's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.newmouth.skin_colours import features
from sadtalker3d.render.warp.colours import sampled

if TYPE_CHECKING:
    from bfm.model import FaceModel


@dataclass(frozen=True)
class EdgeConfig:
    """Lengths on the head."""

    body_m: tuple[float, float] = (0.0020, 0.0045)  # outwards from the upper lip's edge: surely lip
    low_body_m: tuple[float, float] = (0.0050, 0.0072)  # of the lower one, which is thicker
    most_m: float = 0.0050  # how far inside of where the points put it the edge is looked for
    farthest_m: float = 0.0045  # the points are not further off; what looks so is something else
    enough: float = 0.5  # of an open mouth's width must show an edge
    steps: int = 31
    other: float = 0.13  # of `skin_colours.features`: what differs by so much from the lip's body is no lip
    gap_m: float = 0.0018  # lips nearer than this meet: there is no edge to be seen
    reach_m: float = 0.0040  # over which the lip follows its edge ...
    more: float = 1.2  # ... and so many times how far the edge was off
    inside_m: float = 0.0008  # lips roll in at their edge: so much of what is seen last is shaded


@dataclass(frozen=True)
class LipEdges:
    """The edges of both lips among the vertices of a lower face.

    lines : for the upper and the lower lip (m,) vertices along its edge, from one corner to the other; outer (m,) those
        on the lip's body beside them
    nearest : (n,) which of a line's vertices each vertex goes with, and how far from it it lies, away_m (n,), infinite
        for what does not go with it; for either lip
    """

    lines: tuple[np.ndarray, np.ndarray]
    outer: tuple[np.ndarray, np.ndarray]
    nearest: tuple[np.ndarray, np.ndarray]
    away_m: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls, model: FaceModel, ids: np.ndarray, skin: np.ndarray, config: EdgeConfig | None = None
    ) -> LipEdges:
        """Of the vertices `ids` (n,) of a head, skin (n,) bool."""
        config = config or EdgeConfig()
        place = np.full(len(model.mean), -1)
        place[ids] = np.arange(len(ids))
        points = model.mean[ids]
        drop = -model.expression_basis[model.expression_names.index("jawOpen")][ids, 1]
        line_drop = [drop[place[model.points[f"inner_lip_{lip}"]]].mean() for lip in ("upper", "lower")]
        low = drop > sum(line_drop) / 2
        lines, outer, nearest, away_m = [], [], [], []
        for lip, mine, way in (
            ("upper", ~low, np.mean(config.body_m)),
            ("lower", low, -np.mean(config.low_body_m)),
        ):
            line = place[model.points[f"inner_lip_{lip}"]]
            line = line[np.argsort(points[line, 0])]
            apart = points[:, None] - points[line][None]
            away = np.linalg.norm(apart, axis=2)
            near = away.argmin(axis=1)
            lines.append(line)
            nearest.append(near)
            away_m.append(np.where(skin & mine, away.min(axis=1), np.inf).astype(np.float32))
            body = np.flatnonzero(skin & mine & (away.min(axis=1) < 0.012))
            # straight out from each of the line's vertices, to the middle of what is surely lip
            wanted = points[line] + [0, way, 0]
            outer.append(body[np.linalg.norm(points[body][None] - wanted[:, None], axis=2).argmin(axis=1)])
        return cls(tuple(lines), tuple(outer), tuple(nearest), tuple(away_m))  # type: ignore[arg-type]

    def laid(
        self, picture: np.ndarray, was: np.ndarray, px_per_m: float, lip_rgb: np.ndarray, skin_rgb: np.ndarray,
        config: EdgeConfig | None = None,
    ) -> np.ndarray:  # fmt: skip
        """(n, 2) pixels that the vertices `was` (n, 2) of a frame are to move so that the lips end where they do.

        lip_rgb, skin_rgb : (3,) 0..255 the lips' and the skin's colour in it
        """
        config = config or EdgeConfig()
        moves = np.zeros_like(was)
        apart = np.linalg.norm(was[self.lines[0]] - was[self.lines[1]], axis=1) / px_per_m
        if apart.max() < config.gap_m:
            return moves
        bodies = (config.body_m, config.low_body_m)
        for line, outer, near, away_m, body_m in zip(
            self.lines, self.outer, self.nearest, self.away_m, bodies, strict=True
        ):
            reach = np.linspace(body_m[1], -config.most_m, config.steps)
            out = was[outer] - was[line]
            out = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
            at = was[line][:, None] + reach[:, None] * px_per_m * out[:, None]  # (m, steps, 2)
            seen = features(sampled(picture, at.reshape(-1, 2).astype(np.float32))).reshape(*at.shape[:2], 4)
            body = np.median(seen[:, reach > body_m[0]], axis=1)
            body = 0.5 * body + 0.5 * np.median(body, axis=0)  # one column's shine is not the lip's colour
            other = np.linalg.norm(seen - body[:, None], axis=2) > config.other
            other[:, reach > body_m[0]] = False
            # what is taken for the lip's body must be no skin, or the red's other border is found
            to_lip, to_skin = (np.linalg.norm(body - features(rgb), axis=1) for rgb in (lip_rgb, skin_rgb))
            two = other & np.concatenate([other[:, 1:], other[:, -1:]], axis=1)
            found = two.any(axis=1) & (apart > config.gap_m) & (to_lip < to_skin)
            if found.sum() < config.enough * (apart > config.gap_m).sum():
                continue
            edge_m = np.where(
                found, np.minimum(reach[two.argmax(axis=1)] + config.inside_m, config.farthest_m), 0.0
            )
            edge_m = _calm(edge_m)
            # a lip whose edge is far off is off as a whole
            share = np.exp(-((away_m / (config.reach_m + config.more * np.abs(edge_m[near]))) ** 2))
            moves += share[:, None] * (edge_m[:, None] * px_per_m * out)[near]
        return moves.astype(np.float32)


def _calm(values: np.ndarray) -> np.ndarray:
    """(m,) without single outliers, smooth along the lip, 0 at the corners; better too far out than on a tooth."""
    outer = np.lib.stride_tricks.sliding_window_view(np.pad(values, 1), 3).max(axis=1)
    calm = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(outer, 2), 5), axis=1)
    return np.convolve(np.pad(calm, 1), [0.25, 0.5, 0.25], mode="valid")
