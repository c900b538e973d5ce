"""The manners of head motion, by number. Knows nothing of the network, so that asking needs no torch."""

from __future__ import annotations

from sadtalker3d.errors import UserError

STYLES = 46  # speakers of upstream's training set; in the embedded weights ordered from calm to lively


def check_style(style: int) -> int:
    """The style, or UserError when there is none of that number (upstream's slider allows 46 and crashes)."""
    if isinstance(style, bool) or not isinstance(style, int) or not 0 <= style < STYLES:
        raise UserError(f"head style {style} does not exist; choose a whole number from 0 to {STYLES - 1}")
    return style
