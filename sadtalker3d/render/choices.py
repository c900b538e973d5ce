"""What a user chooses from when a track is rendered; apart, because the command line must not load networks."""

from __future__ import annotations

from typing import Literal

Renderer = Literal["facevid2vid"]

Preprocess = Literal["crop", "full", "resize", "extcrop", "extfull"]
"""crop: the video shows the face alone. full: the face is set back into the whole picture. resize: the whole
picture goes through the networks, for one that is a portrait already. ext: with more room around the face."""

Dtype = Literal["auto", "float32", "bfloat16"]
"""Of the networks' arithmetic; auto is float32 on a CPU, where it equals SadTalker's, and bfloat16 on a GPU."""

Device = Literal["auto", "cpu", "cuda"]
"""Where the networks run; auto is a GPU where there is one."""
