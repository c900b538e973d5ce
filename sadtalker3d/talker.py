"""`Talker`: set the portrait once, animate and render many times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.progress import Report
from sadtalker3d.track import Track

if TYPE_CHECKING:
    import numpy as np

    from bfm.model import FaceModel
    from sadtalker3d.motion.gains import Gains
    from sadtalker3d.motion.live import LiveFace
    from sadtalker3d.render.choices import Device, Dtype, Preprocess, Renderer
    from sadtalker3d.render.facevid2vid.animate import HeadAngles
    from sadtalker3d.render.facevid2vid.talking_portrait import TalkingPortrait


class Talker:
    """One speaker: the networks and the head are loaded once, when they are first needed.

    Parameters
    ----------
    portrait : a picture of the person. It is checked; it speaks where the renderer is "facevid2vid", elsewhere the
        embedded head does in its place.
    face : the morphable model that shows the tracks; the embedded head unless given

    Raises
    ------
    UserError : the portrait is missing or not a picture
    """

    def __init__(self, portrait: str | Path | None = None, *, face: FaceModel | None = None) -> None:
        self.portrait = None if portrait is None else _checked_picture(Path(portrait))
        self._talking: tuple[tuple[object, ...], TalkingPortrait] | None = None
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

    def render(
        self,
        track: Track,
        *,
        renderer: Renderer | None = None,
        size: int | None = None,
        preprocess: Preprocess = "crop",
        still: bool = False,
        expression_scale: float = 1.0,
        angles: HeadAngles | None = None,
        dtype: Dtype = "auto",
        device: Device = "auto",
    ) -> Iterator[np.ndarray]:
        """Yield the track as (H, W, 3) uint8 pictures, one at a time.

        Without a renderer the head speaks, `size` pixels wide and high (512), and what follows is not used.

        renderer : "facevid2vid", the portrait through the official networks, from a `basel` track
        size : of the square that these make, 256 or 512
        preprocess : see `sadtalker3d.render.choices.Preprocess`
        still, expression_scale, angles : see `TalkingPortrait.frames`
        dtype, device : see `sadtalker3d.render.choices`

        The portrait is read once for all tracks of one size and preprocess. Raises UserError: no portrait, no
        networks, or a track of the other space.
        """
        if renderer is None:
            from sadtalker3d.render.preview import Preview

            with Preview(self.face, size=size or 512) as preview:
                yield from preview.render(track)
            return
        if renderer != "facevid2vid":
            raise UserError(f"there is no renderer '{renderer}'; choose facevid2vid")
        talking = self.talking_portrait(size=size or 256, preprocess=preprocess, dtype=dtype, device=device)
        for frame in talking.frames(track, still=still, expression_scale=expression_scale, angles=angles):
            yield frame.copy()

    def talking_portrait(
        self,
        *,
        size: int = 256,
        preprocess: Preprocess = "crop",
        dtype: Dtype = "auto",
        device: Device = "auto",
    ) -> TalkingPortrait:
        """The portrait for the official networks; the last one made is kept."""
        from sadtalker3d.render.facevid2vid.talking_portrait import TalkingPortrait

        if self.portrait is None:
            raise UserError("a photoreal video needs a portrait; make the talker with Talker(portrait=...)")
        asked = (size, preprocess, dtype, device)
        if self._talking is None or self._talking[0] != asked:
            self._talking = None  # the old one goes before the new one needs its memory
            made = TalkingPortrait(
                self.portrait, size=size, preprocess=preprocess, dtype=dtype, device=device
            )
            self._talking = (asked, made)
        return self._talking[1]


def _checked_picture(path: Path) -> Path:
    from sadtalker3d.face.picture import read_picture

    read_picture(path)
    return path
