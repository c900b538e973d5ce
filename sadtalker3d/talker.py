"""`Talker`: set the portrait once, animate and render many times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
    from sadtalker3d.render.speaking_photo import SpeakingPhoto


class Talker:
    """One speaker: the networks and the head are loaded once, when they are first needed.

    Parameters
    ----------
    portrait : a picture of the person, or a video, whose first frame is taken
    points : a file with five clicked points, where the face is not found; see `sadtalker3d.face.hint`
    face : the morphable model that shows the tracks; unless given, the embedded head, with the person's shape and
        colours where there is a portrait

    Raises
    ------
    UserError : the portrait is missing or not a picture
    """

    def __init__(
        self,
        portrait: str | Path | None = None,
        *,
        points: str | Path | None = None,
        face: FaceModel | None = None,
    ) -> None:
        self.points = points
        self.portrait = None if portrait is None else _checked_picture(Path(portrait))
        self._talking: tuple[tuple[object, ...], TalkingPortrait] | None = None
        self._photo: tuple[int | None, SpeakingPhoto] | None = None
        if face is not None:
            self.face = face

    @cached_property
    def face(self) -> FaceModel:
        """The morphable model that shows the tracks; UserError where the portrait has no face."""
        import bfm

        return bfm.load("open") if self.portrait is None else self._any_photo().head

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
        renderer: Renderer | Literal["head"] = "auto",
        size: int | None = None,
        preprocess: Preprocess = "crop",
        still: bool = False,
        expression_scale: float = 1.0,
        angles: HeadAngles | None = None,
        dtype: Dtype = "auto",
        device: Device = "auto",
    ) -> Iterator[np.ndarray]:
        """Yield the track as (H, W, 3) uint8 pictures, one at a time.

        renderer : "photo", the portrait's own pixels, moved, from an `open` track; "facevid2vid", the portrait through
            the official networks, from a `basel` track; "auto", what the track takes; "head", the 3D head alone,
            which is also what is shown without a portrait
        size : photo: the long side in pixels, the picture's own unless given; facevid2vid: 256 or 512; head: width and
            height, 512 unless given
        still, expression_scale : see `SpeakingPhoto.frames`
        preprocess, angles, dtype, device : of facevid2vid, see `TalkingPortrait`

        The portrait is read once for all tracks. Raises UserError: no portrait, no face in it, no networks, or a track
        of the other space.
        """
        if renderer == "head" or (renderer == "auto" and self.portrait is None):
            from sadtalker3d.render.preview import Preview

            with Preview(self.face, size=size or 512) as preview:
                yield from preview.render(track)
            return
        chosen = {"basel": "facevid2vid", "open": "photo"}[track.space] if renderer == "auto" else renderer
        if chosen == "photo":
            photo = self.speaking_photo(longest_px=size)
            yield from photo.frames(track, still=still, expression_scale=expression_scale)
        elif chosen == "facevid2vid":
            talking = self.talking_portrait(
                size=size or 256, preprocess=preprocess, dtype=dtype, device=device
            )
            for frame in talking.frames(track, still=still, expression_scale=expression_scale, angles=angles):
                yield frame.copy()
        else:
            raise UserError(f"there is no renderer '{chosen}'; choose auto, photo, facevid2vid or head")

    def speaking_photo(self, *, longest_px: int | None = None) -> SpeakingPhoto:
        """The portrait ready to speak without any checkpoint; the last one made is kept."""
        from sadtalker3d.render.speaking_photo import SpeakingPhoto

        if self._photo is None or self._photo[0] != longest_px:
            portrait = self._required_portrait()
            self._photo = (longest_px, SpeakingPhoto(portrait, points=self.points, longest_px=longest_px))
        return self._photo[1]

    def _any_photo(self) -> SpeakingPhoto:
        return self.speaking_photo() if self._photo is None else self._photo[1]

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

        portrait = self._required_portrait()
        asked = (size, preprocess, dtype, device)
        if self._talking is None or self._talking[0] != asked:
            self._talking = None  # the old one goes before the new one needs its memory
            made = TalkingPortrait(
                portrait, size=size, preprocess=preprocess, points=self.points, dtype=dtype, device=device
            )
            self._talking = (asked, made)
        return self._talking[1]

    def _required_portrait(self) -> Path:
        if self.portrait is None:
            raise UserError("a photoreal video needs a portrait; make the talker with Talker(portrait=...)")
        return self.portrait


def _checked_picture(path: Path) -> Path:
    from sadtalker3d.face.picture import read_picture

    read_picture(path)
    return path
