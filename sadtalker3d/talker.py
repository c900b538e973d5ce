"""`Talker`: set the portrait once, animate and render many times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.progress import Report
from sadtalker3d.track import Track

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel
    from sadtalker3d.motion.gains import Gains
    from sadtalker3d.motion.live import LiveFace


class Talker:
    """One speaker: the networks and the head are loaded once, when they are first needed.

    Parameters
    ----------
    portrait : a picture of the person. It is checked, and the embedded head speaks in its place.
    face : the morphable model that shows the tracks; the embedded head unless given

    Raises
    ------
    UserError : the portrait is missing or not a picture
    """

    def __init__(self, portrait: str | Path | None = None, *, face: FaceModel | None = None) -> None:
        self.portrait = None if portrait is None else _checked_picture(Path(portrait))
        if face is not None:
            self.face = face

    @cached_property
    def face(self) -> FaceModel:
        """The morphable model that shows the tracks."""
        import bfm

        return bfm.load("open")

    def animate(
        self,
        speech: str | Path,
        *,
        style: int = 0,
        seed: int = 0,
        still: bool = False,
        gains: Gains | None = None,
        progress: Report | None = None,
    ) -> Track:
        """Turn speech into a track in the `open` space, 25 frames a second.

        See `sadtalker3d.motion.generate.generate` for the parameters.
        """
        from sadtalker3d.motion.generate import generate

        return generate(speech, style=style, seed=seed, still=still, gains=gains, progress=progress)

    def animate_live(
        self,
        speech: str | Path,
        *,
        style: int = 0,
        seed: int = 0,
        still: bool = False,
        gains: Gains | None = None,
        progress: Report | None = None,
    ) -> Track:
        """The track that `live` would have given while the recording was spoken."""
        from sadtalker3d.motion.live import generate_live

        return generate_live(speech, style=style, seed=seed, still=still, gains=gains, progress=progress)

    def live(
        self,
        rate_hz: int = 16000,
        *,
        style: int = 0,
        seed: int = 0,
        still: bool = False,
        gains: Gains | None = None,
    ) -> LiveFace:
        """A face for sound that is still being spoken: frames come 80 ms of sound after their middle.

            face = talker.live(48000, seed=7)
            for samples in microphone:          # (n,) float32 in -1..1 or int16, any n
                frames = face.hear(samples)     # none, one or more
                for row, turn in zip(frames.expression, frames.rotation): ...
            frames = face.finish()              # the rest

        See `sadtalker3d.motion.live.LiveFace` for the parameters; UserError for those that cannot be used.
        """
        from sadtalker3d.motion.live import LiveFace

        return LiveFace(rate_hz, style=style, seed=seed, still=still, gains=gains)

    def render(self, track: Track, *, size: int = 512) -> Iterator[np.ndarray]:
        """Yield the head speaking, one (size, size, 3) uint8 frame at a time."""
        from sadtalker3d.render.preview import Preview

        with Preview(self.face, size=size) as preview:
            yield from preview.render(track)


def _checked_picture(path: Path) -> Path:
    from sadtalker3d.face.picture import read_picture

    read_picture(path)
    return path
