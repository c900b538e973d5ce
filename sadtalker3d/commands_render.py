"""The command `render`: a track and a portrait to a photoreal video."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sadtalker3d.errors import TrackError, UserError
from sadtalker3d.files import check_outputs
from sadtalker3d.progress import Mode, Report, progress
from sadtalker3d.track import Track, find_audio, load

if TYPE_CHECKING:
    import numpy as np

    from sadtalker3d.render.choices import Device, Dtype, Preprocess, Renderer

MAX_ANGLE_DEG = 90.0  # further, the portrait shows nothing of the face


def render(
    take: str | Path,
    portrait: str | Path,
    out: str | Path,
    *,
    renderer: Renderer = "facevid2vid",
    size: int = 256,
    preprocess: Preprocess = "crop",
    still: bool = False,
    expression_scale: float = 1.0,
    yaw: str | None = None,
    pitch: str | None = None,
    roll: str | None = None,
    audio: str | Path | None = None,
    source: str | Path | None = None,
    weights: str | Path | None = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    force: bool = False,
    show: Mode = "none",
    tell: Callable[[str], object] | None = None,
) -> Path:
    """A `basel` track to an H.264 video of the portrait speaking, by the official networks or your own.

    See `sadtalker3d.render.facevid2vid.talking_portrait.TalkingPortrait` for the parameters.

    yaw, pitch, roll : degrees in place of the track's: one number, or several with commas to pass through
    audio : in place of the sound that the track names; without any the video is silent
    source : file with the portrait's coefficients, in place of those measured in the picture
    weights : folder of a renderer that was trained here; it has its own size and says which tracks it takes
    tell : called with each sentence about the portrait that the user should read, before the long work

    Raises
    ------
    UserError : a bad input, missing networks, or an output that exists already (unless `force`)
    """
    from sadtalker3d.audio import open_audio
    from sadtalker3d.render.facevid2vid.animate import HeadAngles
    from sadtalker3d.render.facevid2vid.load import chosen_device, chosen_renderer
    from sadtalker3d.render.facevid2vid.source import read_source
    from sadtalker3d.render.facevid2vid.talking_portrait import (
        TalkingPortrait,
        check_expression_scale,
        driving_motion,
    )
    from sadtalker3d.render.video import write_video

    if renderer != "facevid2vid":
        raise UserError(f"there is no renderer '{renderer}'; choose facevid2vid")
    track, out = load(take), Path(out)
    if out.suffix.lower() != ".mp4":
        raise UserError(f"{out}: the video is written as .mp4; choose such a name")
    networks = chosen_renderer(weights, size)
    try:
        driving_motion(track, networks.space)
    except TrackError as error:
        raise UserError(f"{take}: {error}") from None
    chosen_device(device)
    check_expression_scale(expression_scale)
    angles = HeadAngles(*(angle_list(text, f"--{name}") for name, text in
                          (("yaw", yaw), ("pitch", pitch), ("roll", roll))))  # fmt: skip
    sound = find_audio(track, take) if audio is None else Path(audio)
    inputs = [Path(p) for p in (take, portrait, sound, source) if p is not None]
    check_outputs([out], force=force, inputs=inputs)
    if sound is None and track.audio is not None:
        raise UserError(f"{take}: its sound {track.audio!r} is not there; name it with --audio")
    if sound is not None:
        open_audio(sound)
    coefficients = None if source is None else read_source(source, networks.space)
    talking = TalkingPortrait(
        portrait,
        size=size,
        preprocess=preprocess,
        source=coefficients,
        weights=weights,
        dtype=dtype,
        device=device,
    )
    for note in talking.notes:
        if tell is not None:
            tell(note)
    with progress("render", show) as report:
        frames = talking.frames(track, still=still, expression_scale=expression_scale, angles=angles)
        write_video(out, _counted(frames, track, report), track.fps, sound)
    return out


def angle_list(text: str | None, option: str) -> tuple[float, ...] | None:
    """ "-20,30,10" -> (-20.0, 30.0, 10.0); UserError when these are not degrees."""
    if text is None:
        return None
    try:
        angles = tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError:
        angles = ()
    if not angles or not all(math.isfinite(a) and abs(a) <= MAX_ANGLE_DEG for a in angles):
        raise UserError(
            f"{option} is {text!r}; give degrees from -{MAX_ANGLE_DEG:g} to {MAX_ANGLE_DEG:g}, one number or "
            "several with commas such as -20,30,10"
        )
    return angles


def _counted(frames: Iterator[np.ndarray], track: Track, report: Report) -> Iterator[np.ndarray]:
    for done, frame in enumerate(frames, start=1):
        yield frame
        report(done, len(track))
