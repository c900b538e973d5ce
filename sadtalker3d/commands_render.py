"""The command `render`: a track and a portrait to a photoreal video."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sadtalker3d.errors import UserError, naming
from sadtalker3d.progress import Mode, counted, progress
from sadtalker3d.render.choices import Device, Dtype, Preprocess, Renderer, check_expression_scale
from sadtalker3d.track import Track, find_audio, load

if TYPE_CHECKING:
    import numpy as np

    from sadtalker3d.render.refine import Refinement

MAX_ANGLE_DEG = 90.0  # further, the portrait shows nothing of the face
SMALLEST_PX, LARGEST_PX = 64, 4096  # of a photo's video
Tell = Callable[[str], object]


@dataclass(frozen=True)
class NetworkOptions:
    """What only the facevid2vid renderer takes; None is its usual way."""

    preprocess: Preprocess | None = None
    yaw: str | None = None
    pitch: str | None = None
    roll: str | None = None
    source: str | Path | None = None
    weights: str | Path | None = None
    dtype: Dtype | None = None
    device: Device | None = None


def render(
    take: str | Path,
    portrait: str | Path,
    out: str | Path,
    *,
    renderer: Renderer = "auto",
    size: int | None = None,
    still: bool = False,
    expression_scale: float = 1.0,
    audio: str | Path | None = None,
    fps: float | None = None,
    points: str | Path | None = None,
    refine: bool = False,
    refine_weights: str | Path | None = None,
    force: bool = False,
    show: Mode = "none",
    tell: Tell | None = None,
    **network: Any,
) -> Path:
    """A track to a video, or numbered pictures, of the portrait speaking.

    renderer : "photo" moves the photo's own pixels by the embedded head, for `open` tracks; "facevid2vid" are
        SadTalker's networks, for `basel` tracks; "auto" is what the track takes
    size : photo: the video's long side in pixels, the picture's own unless given; facevid2vid: 256 or 512
    still : the head stays as it is in the portrait
    expression_scale : factor of the expression, 0 to 10
    audio : in place of the sound that the track names; without any the video is silent
    fps : frames per second, in place of the track's
    points : a file with five clicked points, where the face is not found; see `sadtalker3d.face.hint`
    refine : photo: mouth and lids are repaired by a small network
    refine_weights : the network's, from `train portrait`; implies `refine`
    tell : called with each sentence about the portrait that the user should read
    network : see `NetworkOptions`; the angles are degrees in place of the track's: one number, or several with
        commas to pass through; `source` is a file with the portrait's coefficients, `weights` the folder of a
        renderer that was trained here

    Raises
    ------
    UserError : a bad input, missing networks, or an output that exists already (unless `force`)
    """
    from sadtalker3d.audio import open_audio
    from sadtalker3d.edit import resample
    from sadtalker3d.render.refine import chosen_refinement
    from sadtalker3d.render.write_frames import check_frames_output, write_frames

    if renderer not in get_args(Renderer):
        raise UserError(f"there is no renderer '{renderer}'; choose {', '.join(get_args(Renderer))}")
    check_expression_scale(expression_scale)
    options = NetworkOptions(**network)
    track, out = load(take), Path(out)
    if renderer == "auto":
        renderer = "facevid2vid" if track.space == "basel" or options.weights is not None else "photo"
    if fps is not None and renderer == "facevid2vid":
        raise UserError(
            "--fps is for photos: the official networks know 25 frames a second alone; leave it out"
        )
    refiner = chosen_refinement(refine, refine_weights)
    if refiner is not None and renderer != "photo":
        raise UserError("--refine is for speaking photos; leave it out")
    prepare = _photo if renderer == "photo" else _networks
    make = prepare(take, track, size, options)
    sound = find_audio(track, take) if audio is None else Path(audio)
    read = (take, portrait, sound, points, options.source, refine_weights)
    inputs = [Path(p) for p in read if p is not None]
    check_frames_output(out, force=force, inputs=inputs)
    if sound is None and track.audio is not None:
        raise UserError(f"{take}: its sound {track.audio!r} is not there; name it with --audio")
    if sound is not None:
        open_audio(sound)
    if fps is not None:
        track = resample(track, fps)
    frames = make(Sitter(portrait, points, refiner), track, still, expression_scale, tell or _unheard)
    with progress("render", show) as report:
        write_frames(out, counted(frames, len(track), report), track.fps, sound)
    return out


@dataclass(frozen=True)
class Sitter:
    """Whose portrait it is: the picture, where the face is if the user says so, and who repairs it."""

    portrait: str | Path
    points: str | Path | None
    refiner: Refinement | None = None


Make = Callable[[Sitter, Track, bool, float, Tell], "Iterator[np.ndarray]"]


def _photo(take: str | Path, track: Track, size: int | None, options: NetworkOptions) -> Make:
    """Checks what can be checked before the portrait is read; the rest is done by the function it returns."""
    for name, value in vars(options).items():
        if value is not None:
            raise UserError(
                f"--{name} is for the official networks; leave it out, or add --renderer facevid2vid"
            )
    if size is not None and not SMALLEST_PX <= size <= LARGEST_PX:
        raise UserError(
            f"the size is {size}; a video's long side is from {SMALLEST_PX} to {LARGEST_PX} pixels"
        )
    with naming(take):
        track.require_space("open", "a speaking photo")

    def make(
        sitter: Sitter, track: Track, still: bool, expression_scale: float, tell: Tell
    ) -> Iterator[np.ndarray]:
        from sadtalker3d.render.speaking_photo import SpeakingPhoto

        photo = SpeakingPhoto(sitter.portrait, points=sitter.points, longest_px=size)
        for note in photo.notes:
            tell(note)
        return photo.frames(
            track, still=still, expression_scale=expression_scale, tell=tell, refiner=sitter.refiner
        )

    return make


def _networks(take: str | Path, track: Track, size: int | None, options: NetworkOptions) -> Make:
    """The same for the official networks."""
    from sadtalker3d.render.facevid2vid.animate import HeadAngles
    from sadtalker3d.render.facevid2vid.load import USUAL_SIZE, chosen_device, chosen_renderer
    from sadtalker3d.render.facevid2vid.source import read_source

    networks = chosen_renderer(options.weights, size or USUAL_SIZE)
    with naming(take):
        track.require_space(networks.space, "the facevid2vid renderer")
    device = options.device or "auto"
    chosen_device(device)
    angles = HeadAngles(
        *(angle_list(getattr(options, name), f"--{name}") for name in ("yaw", "pitch", "roll"))
    )

    def make(
        sitter: Sitter, track: Track, still: bool, expression_scale: float, tell: Tell
    ) -> Iterator[np.ndarray]:
        from sadtalker3d.render.facevid2vid.talking_portrait import TalkingPortrait

        coefficients = None if options.source is None else read_source(options.source, networks.space)
        talking = TalkingPortrait(
            sitter.portrait,
            points=sitter.points,
            size=size or USUAL_SIZE,
            preprocess=options.preprocess or "crop",
            source=coefficients,
            weights=options.weights,
            dtype=options.dtype or "auto",
            device=device,
        )
        for note in talking.notes:
            tell(note)
        return talking.frames(track, still=still, expression_scale=expression_scale, angles=angles)

    return make


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


def _unheard(note: str) -> None:
    del note
