"""`TalkingPortrait`: a picture of a person, read and encoded once, and the videos that tracks make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.render.choices import Device, Dtype, Preprocess
from sadtalker3d.render.facevid2vid import load
from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait, HeadAngles
from sadtalker3d.render.facevid2vid.fit import FittedPortrait, fit_portrait
from sadtalker3d.render.pasteback import Pasteback
from sadtalker3d.track import Track
from sadtalker3d.track_files import to_rows

MAX_EXPRESSION_SCALE = 10.0  # far beyond any face; upstream's own slider ends at 3


class TalkingPortrait:
    """One portrait for the official networks. Reading it takes seconds, and it serves any number of tracks.

    Parameters
    ----------
    path : a picture with a face, or a video, whose first frame is taken
    size : 256 or 512, of the square that the networks see
    preprocess : see `sadtalker3d.render.choices.Preprocess`
    source : (70,) or (73,) coefficients of the portrait; measured in the picture unless given
    weights : folder of a renderer trained here, in place of the official networks; it has its own size
    dtype, device : see `sadtalker3d.render.choices`

    Attributes
    ----------
    notes : sentences for the user about the picture
    source : (70,) or (73,) float32, the portrait's coefficients
    box : x0, y0, x1, y1, what of the picture the networks see

    Raises
    ------
    UserError : no face in the picture, another size, or networks that are not in the store
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size: int = 256,
        preprocess: Preprocess = "crop",
        source: np.ndarray | None = None,
        weights: str | Path | None = None,
        dtype: Dtype = "auto",
        device: Device = "auto",
    ) -> None:
        renderer = load.chosen_renderer(weights, size)
        size, self._space = renderer.size_px, renderer.space
        load.check_portrait(renderer, source)
        device_name = load.chosen_device(device)
        self._portrait = fit_portrait(path, size=size, preprocess=preprocess, source=source)
        self.notes, self.source = self._portrait.notes, self._portrait.source
        self.box = self._portrait.box
        networks = load.load_networks(size, full=self._portrait.full, trained=weights)
        self._animated = AnimatedPortrait(
            networks, self._portrait.face, self._portrait.source, dtype=dtype, device=device_name
        )
        self._at_rest: np.ndarray | None = None

    def frames(
        self,
        track: Track,
        *,
        still: bool = False,
        expression_scale: float = 1.0,
        angles: HeadAngles | None = None,
    ) -> Iterator[np.ndarray]:
        """Yield a (H, W, 3) uint8 frame for every one of the track: the cropped face, or the whole picture.

        It may be the same array each time; copy what is to be kept.

        Parameters
        ----------
        still : the head stays as it is in the portrait
        expression_scale : factor of the expression, 0 to 10
        angles : of the head, in degrees, in place of the track's

        Raises
        ------
        UserError : a track of the `open` space
        """
        motion = driving_motion(track, self._space)
        check_expression_scale(expression_scale)
        finish = self._finish()
        frames = self._animated.frames(motion, still=still, expression_scale=expression_scale, angles=angles)
        return (finish(frame) for frame in frames)

    def _finish(self) -> Callable[[np.ndarray], np.ndarray]:
        """What is done with every square frame."""
        portrait = self._portrait
        if not portrait.full:
            return lambda frame: unsqueezed(frame, portrait)
        if self._at_rest is None:
            self._at_rest = next(self._animated.frames(portrait.source[None]))
        return Pasteback(portrait.picture, portrait.box, self._at_rest).onto


def check_expression_scale(scale: float) -> None:
    """UserError where the scale is no strength of an expression."""
    if not 0 <= scale <= MAX_EXPRESSION_SCALE:
        raise UserError(
            f"the expression scale is {scale:g}; give a number from 0 to {MAX_EXPRESSION_SCALE:g}, 1 is the "
            "track as it is"
        )


def driving_motion(track: Track, space: str = "basel") -> np.ndarray:
    """(T, 70) of a track of the space: expression, rotation, translation, as in SadTalker's .mat.

    Raises UserError for a track of another space.
    """
    track.require_space(space, "the facevid2vid renderer")
    return to_rows(track, space)


def unsqueezed(frame: np.ndarray, portrait: FittedPortrait) -> np.ndarray:
    """The square frame with the proportions of what was squeezed into it: (int(S h / w), S, 3)."""
    import cv2

    x0, y0, x1, y1 = portrait.box
    size = frame.shape[1]
    height = max(int(size * (y1 - y0) / (x1 - x0)), 1)
    return cv2.resize(frame, (size, height), interpolation=cv2.INTER_LINEAR)
