"""Films of the embedded head whose track is known: one speaks, one moves eyes, jaw and head as far as people do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sadtalker3d.motion.generate import generate
from sadtalker3d.render.preview import Preview, portrait_camera
from sadtalker3d.render.video import write_video
from sadtalker3d.track import Track
from tests.benchmarks.rendered_clip import SPEECH, Look, head, identity_of, weights

WIDE = 16 / 9
# lens in degrees and the picture's height by that of head and neck; others see 20 degrees and 1
WIDE_ANGLES = {
    "near_wide_lens": (45.0, 1.0),
    "long_lens": (12.0, 1.0),
    "far": (20.0, 1.8),
    "beside": (28.0, 1.2),
}


def speaking(look: Look, frames: int, first: int = 30) -> Track:
    """The sample's speech, the head half as lively again as the generator makes it."""
    said, part = generate(SPEECH, style=look.style, seed=look.seed), slice(first, first + frames)
    own = weights(*look.expression)
    expression = own + (1 - own) * said.expression[part]
    return Track(
        expression,
        1.5 * said.rotation[part] + np.array(look.rotation_rad),
        said.translation[part],
        names=said.names,
    )


def film(
    path: Path, look: Look, track: Track, height_px: int = 360, view: tuple[float, float] | None = None
) -> Path:
    """The head before a wall of one colour, 16:9."""
    identity, texture = identity_of(look), head().texture.copy()
    skin = 255 * (texture[..., :3] / 255.0) ** look.gamma * np.array(look.tint)
    texture[..., :3] = np.clip(skin, 0, 255)
    camera = portrait_camera(head().neutral(identity))
    if view is not None:
        from sadtalker3d.render.stage import Camera  # after OpenGL was prepared

        lens, room = np.radians(view[0]), view[1]
        away = camera.distance * np.tan(camera.field_of_view_rad / 2) / np.tan(lens / 2) * room
        camera = Camera(camera.target, away, lens)
    side = round(height_px * (WIDE - 1) / 2)
    with Preview(replace(head(), texture=texture), height_px, identity=identity, camera=camera) as preview:
        pictures = (
            np.pad(picture, ((0, 0), (side, side), (0, 0)), mode="edge") for picture in preview.render(track)
        )
        write_video(path, pictures, track.fps, SPEECH)
    return path
