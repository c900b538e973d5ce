"""What a shape key follows, as one line of text that an animator can read and change.

jawOpen                              a column
mouthSmileLeft + 0.5 mouthDimpleLeft their sum; `mean` or `max` in front: that instead
looks 0.5 jawOpen + 0.4 tongueDown   a viseme: how much of it is needed is solved
"""

from __future__ import annotations

import re
from typing import Any

from sadtalker3d.errors import UserError
from sadtalker3d.rig.dialects import COMBINATIONS, Follow, Looks
from sadtalker3d.track import DEFAULT_NAMES

LOOKS = "looks"
_TERM = re.compile(r"(?:(-?\d*\.?\d+)\s*)?([A-Za-z]\w*)")


def text_of(entry: Follow | Looks) -> str:
    """The text of a rig map's entry, without its gain and offset."""
    terms = " + ".join(name if share == 1 else f"{share:g} {name}" for name, share in entry.shares.items())
    if isinstance(entry, Looks):
        return f"{LOOKS} {terms}".strip()
    return terms if entry.combine == "sum" or len(entry.shares) == 1 else f"{entry.combine} {terms}"


def entry_of(text: str) -> dict[str, Any]:
    """The rig map's entry of a text, as in its JSON; UserError names what cannot be read."""
    first, _, rest = text.strip().partition(" ")
    kind = first if first in (LOOKS, *COMBINATIONS) else ""
    shares: dict[str, float] = {}
    for term in (rest if kind else text).split("+"):
        if kind == LOOKS and not term.strip():
            continue  # the rest face
        found = _TERM.fullmatch(term.strip())
        if found is None or found[2] not in DEFAULT_NAMES["open"]:
            raise UserError(
                f"'{term.strip()}' in the map is no column of a track, such as jawOpen or 0.5 jawOpen"
            )
        shares[found[2]] = float(found[1]) if found[1] else 1.0
    if kind == LOOKS:
        return {"looks": shares}
    return {"from": shares, "combine": kind or "sum"}
