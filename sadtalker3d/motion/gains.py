"""How strong each part of a performance is."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sadtalker3d.errors import UserError


@dataclass(frozen=True)
class Gains:
    """Strength of the parts of the motion: 1 as generated, 0 none.

    `upper_face` is the master of brows, cheeks and lids, besides what each of them has; blinks and gaze are not
    its business.
    """

    mouth: float = 1.0  # lips, jaw, tongue
    upper_face: float = 1.0
    head: float = 1.0
    blink: float = 1.0
    gaze: float = 1.0
    brows: float = 1.0
    cheeks: float = 1.0
    lids: float = 1.0  # what they do besides blinking
    asymmetry: float = 1.0  # how unevenly the mouth's sides move

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
                raise UserError(f"gain '{name}' is {value}; it must be a number from 0 (none) to 10")

    def of(self, name: str) -> float:
        """What the column of this name is multiplied with."""
        part = next((part for begin, part in _PARTS.items() if name.startswith(begin)), "mouth")
        return getattr(self, part) * (self.upper_face if part in ("brows", "cheeks", "lids") else 1.0)


# what the columns' names begin with; all others are the mouth's
_PARTS = {
    "brow": "brows",
    "cheekSquint": "cheeks",
    "noseSneer": "cheeks",
    "eyeLook": "gaze",
    "eye": "lids",
}
