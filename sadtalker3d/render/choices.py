"""What a user chooses from when a track is rendered; apart, because the command line must not load networks."""

from __future__ import annotations

from typing import Literal

from sadtalker3d.errors import UserError

MAX_EXPRESSION_SCALE = 10.0  # far beyond any face; upstream's own slider ends at 3

Renderer = Literal["auto", "photo", "facevid2vid"]

Preprocess = Literal["crop", "full", "resize", "extcrop", "extfull"]
"""crop: the video shows the face alone. full: the face is set back into the whole picture. resize: the whole
picture goes through the networks, for one that is a portrait already. ext: with more room around the face."""

Dtype = Literal["auto", "float32", "bfloat16"]
"""Of the networks' arithmetic; auto is float32 on a CPU, where it equals SadTalker's, and bfloat16 on a GPU."""

Device = Literal["auto", "cpu", "cuda"]
"""Where the networks run; auto is a GPU where there is one."""


def check_expression_scale(scale: float) -> None:
    """UserError where the scale is no strength of an expression."""
    if not 0 <= scale <= MAX_EXPRESSION_SCALE:
        raise UserError(
            f"the expression scale is {scale:g}; give a number from 0 to {MAX_EXPRESSION_SCALE:g}, 1 is the "
            "track as it is"
        )
