"""Speech -> `Track` in the `open` space: mouth and face, blinks and head, from one recording."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.audio import FPS, open_audio
from sadtalker3d.errors import UserError
from sadtalker3d.motion.asymmetry import uneven
from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.level import FOR_HEAD, FOR_LIPS, Louder, gain_db
from sadtalker3d.motion.lips import reaching, sealed
from sadtalker3d.motion.listen import POSE, KeptMel, answer, hear, loudness, one_thread_each, use_one_thread
from sadtalker3d.motion.prosody import hear_prosody
from sadtalker3d.motion.silence import speech_gate
from sadtalker3d.motion.start import start_torch
from sadtalker3d.motion.styles import check_style
from sadtalker3d.motion.upperface import upper_face
from sadtalker3d.progress import Report
from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from sadtalker3d.motion.listen import Hearing
    from sadtalker3d.motion.posevae import PoseVAE

HEARING = 0.2  # share of the work that the head's hearing takes


@dataclass(frozen=True, eq=False)
class Networks:
    """What generation needs, loaded once; `weights` goes into the track's meta."""

    expnet: Hearing
    posevae: PoseVAE
    weights: dict[str, str] = field(default_factory=dict)

    @classmethod
    @cache
    def embedded(cls) -> Networks:
        """The embedded weights, loaded once; UserError when they are missing or damaged."""
        start_torch()
        from sadtalker3d import weights
        from sadtalker3d.motion.audio_encoder import speed_up
        from sadtalker3d.motion.head import speed_up_head

        with one_thread_each():
            return cls(
                cast("Hearing", weights.embedded("expnet")),
                speed_up_head(cast("PoseVAE", speed_up(weights.embedded("posevae")))),
                {name: weights.weight_file(name).sha256 for name in ("expnet", "posevae")},
            )


def generate(
    speech: str | Path,
    *,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    gains: Gains | None = None,
    progress: Report | None = None,
    networks: Networks | None = None,
) -> Track:
    """Turn a recording into a track, 25 frames a second; same input, seed and weights give the same track.

    Parameters
    ----------
    speech : any sound or video file with at least one video frame (40 ms) of sound
    style : manner of head motion: 0 the average speaker, 1 (calm) to 45 (lively)
    seed : 0 or more; decides blinks, gaze, brows and which of the possible head motions
    still : hold the head still; the eyes still blink and look about
    gains : strength of each part, see `Gains`
    progress : called with frames done and, where the file says so, their number
    networks : the embedded ones unless given

    Raises
    ------
    UserError : bad sound (see `open_audio`), an unknown style, a seed below 0
    """
    check_style(style)
    check_seed(seed)
    gains = gains or Gains()
    sound = open_audio(speech)
    mel = KeptMel(sound)
    # the networks are loaded while the sound is looked through
    with ThreadPoolExecutor(1) as beside:
        loading = None if networks else beside.submit(Networks.embedded)
        levels = loudness(mel, progress)
        networks = networks or cast("Future[Networks]", loading).result()
    from sadtalker3d.motion.head import head_motion

    frames, gate = len(levels), speech_gate(levels)
    mel_for_lips, mel_for_head = (
        Louder(mel, gain_db(levels, FOR_LIPS)),
        Louder(mel, gain_db(levels, FOR_HEAD)),
    )
    moves = not still and gains.head > 0
    # streams of their own, so that what is switched off for one does not change the other
    streams = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5))
    for_head, for_blinks, for_brows, for_gaze, for_sides = streams
    with one_thread_each(), ThreadPoolExecutor(1, initializer=use_one_thread) as beside:
        # block follows block, which leaves a core idle: ExpNet works meanwhile
        head = None
        if moves:
            code = hear(mel_for_head, networks.posevae, frames, _part(progress, 0, HEARING))
            progress = _part(progress, HEARING, 1)
            head = beside.submit(
                head_motion, networks.posevae, code, frames, style=style, rng=for_head, spoken=gate > 0
            )
        # no names for what lies between: of a long recording each is many megabytes
        expression = answer(mel_for_lips, networks.expnet, frames, progress)
        expression = sealed(reaching(np.clip(expression, 0, 1)))
        pose = gains.head * head.result() if head else np.zeros((frames, POSE), np.float32)
    expression = uneven(gate[:, None] * expression, for_sides, gains.asymmetry)
    upper = upper_face(hear_prosody(levels), expression, pose[:, :3], gains, for_blinks, for_brows, for_gaze)
    return Track(
        performed(expression, upper, gains),
        pose[:, :3],
        pose[:, 3:],
        fps=FPS,
        meta={
            "generator": f"sadtalker3d {__version__}",
            "weights": networks.weights,
            "source": sound.path.name,
            "style": style,
            "seed": seed,
            "still": still,
            "gains": asdict(gains),
        },
    )


def check_seed(seed: int) -> int:
    """The seed, or UserError when it cannot be used."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed {seed} cannot be used; choose a whole number from 0 up")
    return seed


def _part(progress: Report | None, first: float, last: float) -> Report | None:
    """A report for the part of the work from `first` to `last`, shares of the whole."""
    if progress is None:
        return None
    whole = progress

    def report(done: int, total: int | None = None) -> None:
        whole(done if total is None else round(first * total + (last - first) * done), total)

    return report


def performed(expression: np.ndarray, upper: np.ndarray, gains: Gains) -> np.ndarray:
    """What the network says and what the upper face does besides, with gains: (T, 64) in 0..1."""
    result = np.clip(expression, 0, 1)
    result *= np.array([gains.of(name) for name in OPEN_64], np.float32)
    result += upper
    return np.clip(result, 0, 1, out=result).astype(np.float32, copy=False)
