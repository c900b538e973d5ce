"""`write_frames`: pictures and sound to what the output's name asks for, a video or numbered pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import UserError
from sadtalker3d.files import check_outputs
from sadtalker3d.render.containers import CONTAINERS, SEE_THROUGH, container_of
from sadtalker3d.render.sequence import check_sequence, pattern_of, write_sequence

if TYPE_CHECKING:
    import numpy as np


def write_frames(
    path: str | Path, frames: Iterable[np.ndarray], fps: float, audio: str | Path | None = None
) -> int:
    """Write frames as `path` asks for, see `check_frames_output`; returns how many there were.

    Frame 0 is at the sound's time 0. Frames and sound are streamed, so memory does not grow with the length.
    What fails or is interrupted leaves nothing behind; what is there already is replaced.

    Parameters
    ----------
    frames : (H, W, 3) uint8 sRGB pictures of one size, or (H, W, 4) with straight alpha
    audio : any sound or video file; numbered pictures have no sound

    Raises
    ------
    UserError : see `write_video` and `write_sequence`
    """
    from sadtalker3d.render.video import write_video

    pattern = pattern_of(path)
    return write_video(path, frames, fps, audio) if pattern is None else write_sequence(pattern, frames)


def check_frames_output(
    path: str | Path, *, see_through: bool = False, force: bool = False, inputs: Sequence[Path] = ()
) -> None:
    """UserError when frames cannot be or must not be written there; asked before long work begins.

    path : .mp4, .mkv, .webm or .mov; a folder, or a name such as take_%05d.png, for numbered pictures
    see_through : the frames have an alpha channel, which not every kind holds
    force : what is there already may be replaced, but never one of `inputs`
    """
    path = Path(path)
    pattern = pattern_of(path)
    if pattern is not None:
        return check_sequence(pattern, force=force, inputs=inputs)
    container = container_of(path)
    if container is None:
        raise UserError(
            f"{path}: is written as {', '.join(CONTAINERS)}, a folder of PNG pictures or name_%05d.png; "
            "choose such a name"
        )
    if see_through and container.see_through is None:
        raise UserError(f"{path}: {path.suffix} holds no transparency; choose {SEE_THROUGH}")
    check_outputs([path], force=force, inputs=inputs)
