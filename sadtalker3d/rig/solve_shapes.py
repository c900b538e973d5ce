"""Which of a character's shapes together do what a track's column does: by name, or by how they move its face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.rig.arkit import ARKIT_52, OPEN_64
from sadtalker3d.rig.correspond import correspond
from sadtalker3d.rig.names import plain
from sadtalker3d.rig.solve import Residual, SolveConfig, solve

if TYPE_CHECKING:
    from bfm.model import FaceModel

Shares = dict[str, dict[str, float]]

UNSEEN = (
    "eyeLook",
    "tongue",
    "teeth",
)  # skin does not show them; a lid that follows the gaze would pass for a blink
SOLVED = tuple(name for name in OPEN_64 if not name.startswith(UNSEEN))
LEAST_SHARE = 0.03  # of a shape in a column: less is not seen
LEAST_CLOSED = 0.5  # of mouthClose's motion at the lips may be left for it to count as there
MOST_SHARE = 3.0  # a shape may be a third as strong as the column it stands for
CONFIG = SolveConfig(
    ridge=1e-6
)  # lower than for Basel's columns: a brow's shape has a thousandth of a jaw's energy
LEAST_NAMED = 20  # of ARKit's 52: fewer are names that sound like them by chance


@dataclass(frozen=True, eq=False)
class SolvedShapes:
    """What each shape of the character follows: shape -> column -> share.

    residual : how far the solved shapes stay from the columns, each at full weight; None where names decided
    unused : the character's shapes that follow nothing
    """

    targets: Shares
    unused: tuple[str, ...]
    residual: Residual | None = None


def by_name(shapes: Iterable[str]) -> SolvedShapes | None:
    """The shapes that have ARKit's names, in whatever spelling of the side; None where too few have.

    Two halves of a column that has no sides follow it both, as ICT-FaceKit's browInnerUp_L and _R do.
    """
    columns = {plain(name): name for name in ARKIT_52}
    targets, unused = Shares(), []
    for shape in shapes:
        spelled = plain(shape)
        column = columns.get(spelled) or (columns.get(spelled[:-1]) if spelled.endswith(("l", "r")) else None)
        if column is None:
            unused.append(shape)
        else:
            targets[shape] = {column: 1.0}
    known = {column for shares in targets.values() for column in shares}
    return SolvedShapes(targets, tuple(unused)) if "jawOpen" in known and len(known) >= LEAST_NAMED else None


def by_motion(character: FaceModel, head: FaceModel, config: SolveConfig | None = None) -> SolvedShapes:
    """Shares from 0 to `MOST_SHARE` of the character's shapes that move its face as the embedded head's columns do.

    Bounded least squares over the points of both faces that correspond (`correspond`), one column at a time. Gaze,
    tongue and teeth follow nothing. Lengths of the residual are in the head's millimetres.

    Raises UserError when the two faces do not fit on each other.
    """
    matched = correspond(character, head)
    shapes = MOST_SHARE * matched.on_source(character.expression_basis)
    columns = matched.on_target(head.expression_basis[[head.expression_names.index(name) for name in SOLVED]])
    weights, residual = solve(
        shapes,
        columns,
        np.eye(len(SOLVED)),
        weights=matched.weights,
        lips=matched.lips,
        config=config or CONFIG,
    )
    # what only resembles mouthClose would be taken for it, while lips can be closed by the jaw instead
    closing = SOLVED.index("mouthClose")
    left = np.tensordot(weights[closing], shapes, 1) - columns[closing]
    if (
        np.square(left[matched.lips]).sum()
        > LEAST_CLOSED**2 * np.square(columns[closing][matched.lips]).sum()
    ):
        weights[closing] = 0
    targets = {
        shape: {
            column: round(float(share), 3)
            for column, share in zip(SOLVED, MOST_SHARE * weights[:, number], strict=True)
            if share >= LEAST_SHARE
        }
        for number, shape in enumerate(character.expression_names)
    }
    used = {shape: shares for shape, shares in targets.items() if shares}
    return SolvedShapes(used, tuple(shape for shape in targets if shape not in used), residual)


def rig_map(solved: SolvedShapes, name: str, about: str) -> Mapping[str, object]:
    """The same as a rig map, which `export --onto --rig` reads."""
    targets: dict[str, object] = {
        shape: next(iter(shares)) if list(shares.values()) == [1.0] else {"from": shares, "limits": [0, 1]}
        for shape, shares in solved.targets.items()
    }
    return {"schema": "sadtalker3d.rig/1", "name": name, "about": about, "targets": targets}
