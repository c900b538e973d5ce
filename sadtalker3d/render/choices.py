"""What a user chooses from when a track is rendered; apart, because the command line must not load networks."""

from __future__ import annotations

from typing import Literal

Renderer = Literal["facevid2vid"]

Preprocess = Literal["crop", "full", "resize", "extcrop", "extfull"]
"""crop: the video shows the face alone. full: the face is set back into the whole picture. resize: the whole
picture goes through the networks, for one that is a portrait already. ext: with more room around the face."""
