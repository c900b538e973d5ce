"""When two names of a shape mean the same: capitals, separators, sides and prefixes of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

EXACT, ALIKE, INSIDE = 0, 1, 2
"""How sure a match is: the very name, the same but for its form, or the end of a longer name."""
SHORTEST_INSIDE = 4  # letters: "aa" or "E" at the end of a longer name mean nothing
_COPY = re.compile(r"\.\d{3}$")  # Blender's suffix of a second object
_NAMESPACE = re.compile(r"[.:|/]+")  # Maya's and FBX's
_SEPARATOR = re.compile(r"[\s._:|/-]+")


def plain(name: str) -> str:
    """A name without what programs do to it: `Mouth_Smile_L`, `mouthSmileLeft` -> `mouthsmilel`."""
    letters = "".join(c for c in _COPY.sub("", name).casefold() if c.isalnum())
    for long, short in (("left", "l"), ("right", "r")):
        if letters.endswith(long) and letters != long:
            return letters[: -len(long)] + short
    return letters


def forms(name: str) -> Iterator[tuple[int, str]]:
    """The forms under which a name may be known, the surest first: (EXACT, ALIKE or INSIDE, form)."""
    yield EXACT, name
    yield ALIKE, plain(name)
    whole = _COPY.sub("", name)
    for match in _NAMESPACE.finditer(whole):
        yield INSIDE, plain(whole[match.end() :])
    for match in _SEPARATOR.finditer(whole):
        end = plain(whole[match.end() :])
        if len(end) >= SHORTEST_INSIDE:
            yield INSIDE, end
