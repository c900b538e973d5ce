"""`LiveFace`: animation for sound that is still being spoken, a frame as soon as 80 ms more are heard."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from sadtalker3d import __version__
from sadtalker3d.audio import open_audio
from sadtalker3d.errors import UserError
from sadtalker3d.mel import FPS, SAMPLE_RATE
from sadtalker3d.motion.gains import Gains
from sadtalker3d.motion.generate import check_seed, performed
from sadtalker3d.motion.lids import lid_motion, with_blinks
from sadtalker3d.motion.lips import reaching, sealed
from sadtalker3d.motion.listen import one_thread_each
from sadtalker3d.motion.live_brows import LiveBrows
from sadtalker3d.motion.live_eyes import LiveBlinks, LiveGaze
from sadtalker3d.motion.live_gate import LiveGate
from sadtalker3d.motion.live_lips import live_steadied
from sadtalker3d.motion.live_loudness import LiveLoudness
from sadtalker3d.motion.live_mel import LiveMel
from sadtalker3d.motion.silence import group_levels
from sadtalker3d.motion.start import start_torch
from sadtalker3d.motion.styles import check_style
from sadtalker3d.progress import Report
from sadtalker3d.resample import Resampler
from sadtalker3d.track import Track

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE
    from sadtalker3d.motion.temporal_expnet import TemporalExpNet

LOOK_AHEAD_S = 0.08  # of sound, from the middle of a frame on
NEXT_COLUMNS = slice(10, 13)  # of the window: the 40 ms behind the frame, as far as they are heard
AT_ONCE_S = 0.1  # longer pieces are taken in parts of this length: memory does not grow with the piece


@dataclass(frozen=True, eq=False)
class LiveFrames:
    """Frames that follow each other, as in a `Track`; there may be none.

    Attributes
    ----------
    first : number of the first of them; frame i is shown from i / 25 s of the sound on
    expression, rotation, translation : (n, 64), (n, 3), (n, 3) float32
    """

    first: int
    expression: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray

    def __len__(self) -> int:
        return len(self.expression)


@dataclass(frozen=True, eq=False)
class LiveNetworks:
    """What a live face needs, loaded once; shared by all faces."""

    expnet: TemporalExpNet
    posevae: PoseVAE
    weights: dict[str, str] = field(default_factory=dict)

    @classmethod
    @cache
    def embedded(cls) -> LiveNetworks:
        """The embedded weights; UserError when they are missing or damaged."""
        start_torch()
        from sadtalker3d import weights
        from sadtalker3d.motion.audio_encoder import speed_up
        from sadtalker3d.motion.head import speed_up_head

        return cls(
            cast("TemporalExpNet", weights.embedded("expnet_live")),
            speed_up_head(cast("PoseVAE", speed_up(weights.embedded("posevae")))),
            {name: weights.weight_file(name).sha256 for name in ("expnet_live", "posevae")},
        )


class LiveFace:
    """One speaker, heard while speaking.

    The same sound, seed, style and weights give the same frames, however the sound is cut into pieces.

    Parameters
    ----------
    rate_hz : of the sound, 8000 to 192000; other than 16000 costs 2 ms more of look-ahead in frame 0 alone
    style : manner of head motion: 0 the average speaker, 1 (calm) to 45 (lively)
    seed : 0 or more; decides blinks, gaze, brows and which of the possible head motions
    still : hold the head still; the eyes still blink and look about
    gains : strength of mouth, upper face, head, blinks and gaze
    networks : the embedded ones unless given

    Raises
    ------
    UserError : a rate, style or seed that cannot be used
    """

    def __init__(
        self,
        rate_hz: int = SAMPLE_RATE,
        *,
        style: int = 0,
        seed: int = 0,
        still: bool = False,
        gains: Gains | None = None,
        networks: LiveNetworks | None = None,
    ) -> None:
        check_style(style)
        check_seed(seed)
        self.gains = gains or Gains()
        self.style, self.seed, self.still = style, seed, still
        self._resampler = Resampler(rate_hz)
        self.networks = networks or LiveNetworks.embedded()
        from sadtalker3d.motion.live_head import LiveHead
        from sadtalker3d.motion.live_network import LiveMouth

        # streams of their own, so that what is switched off for one does not change the other
        streams = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
        for_head, for_blinks, for_brows, for_gaze = streams
        self._mel, self._gate, self._loudness = LiveMel(), LiveGate(), LiveLoudness()
        moves = not still and self.gains.head > 0
        with one_thread_each():
            self._mouth = LiveMouth(self.networks.expnet)
            self._head = LiveHead(self.networks.posevae, style, for_head) if moves else None
            _warm_up(self.networks, style)
        self._brows, self._blinks, self._gaze = (
            LiveBrows(for_brows),
            LiveBlinks(for_blinks),
            LiveGaze(for_gaze),
        )
        self._lips = np.zeros(64, np.float32)
        self._heard = 0  # samples at `rate_hz`
        self._finished = False

    def hear(self, samples: np.ndarray) -> LiveFrames:
        """Take the sound that has come, and give the frames that are ready.

        samples : (n,) one channel at the face's rate, floats in -1..1 or int16; n may be 0
        Raises UserError for other arrays, what is not a finite number, or when the face has finished.
        """
        if self._finished:
            raise UserError("this face has finished; make a new one for more sound")
        wave = self._checked(samples)
        first, frames = self._mel.frame, []
        step = max(1, round(AT_ONCE_S * self._resampler.rate_hz))
        with one_thread_each():
            for start in range(0, len(wave), step):
                self._mel.hear(self._resampler.hear(wave[start : start + step]))
                while self._mel.ready():
                    frames.append(self._next())
        return _together(first, frames)

    def finish(self) -> LiveFrames:
        """No more sound follows: the frames that waited for it. A second call gives none."""
        first, frames = self._mel.frame, []
        if not self._finished:
            self._finished = True
            self._mel.hear(self._resampler.finish())
            self._mel.finish()
            with one_thread_each():
                while self._mel.ready():
                    frames.append(self._next())
        return _together(first, frames)

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        given = np.asarray(samples)
        if given.ndim != 1:
            raise UserError(f"live sound has shape {given.shape}; give one channel, (samples,)")
        if given.dtype == np.int16:
            wave = given / 32768.0
        elif given.dtype.kind == "f":
            wave = given.astype(np.float64)
        else:
            raise UserError(f"live sound is of type {given.dtype}; give floats in -1..1 or int16")
        bad = ~np.isfinite(wave)
        if bad.any():
            second = (self._heard + int(np.argmax(bad))) / self._resampler.rate_hz
            raise UserError(f"live sound: a sample at {second:.2f} s is not a finite number")
        self._heard += len(wave)
        return wave

    def _next(self) -> np.ndarray:
        """One frame: expression, rotation and translation, (70,)."""
        window = self._mel.window()  # (80, 13)
        levels = group_levels(window[None, None])[0]  # (8,) dB
        gate = self._gate.next(levels, group_levels(window[None, None], NEXT_COLUMNS)[0])
        pose = np.zeros(6, np.float32)
        if self._head:
            loudness = self._loudness.next(window)
            # the head hears whole windows: that of the frame before is complete by now
            pose = self.gains.head * self._head.next(self._mel.window_of(self._mel.frame - 2), loudness)
        self._lips = live_steadied(np.clip(self._mouth.say(window), 0, 1), self._lips)
        expression = gate * sealed(reaching(self._lips[None]))  # (1, 64)
        level_db = float(10 * np.log10((10 ** (levels / 10)).mean()))
        face = performed(expression, self._upper(level_db, gate, pose[:3]), self.gains)[0]
        return np.concatenate([face, pose]).astype(np.float32)

    def _upper(self, level_db: float, gate: float, rotation: np.ndarray) -> np.ndarray:
        """What `upper_face` is for files, without the cheeks: (1, 64)."""
        gains = self.gains
        gaze = np.clip(gains.gaze * self._gaze.next(rotation), 0, 1)[None]
        brows = gains.brows * self._brows.next(level_db, gate)[None]
        lids = gains.lids * lid_motion(brows, np.zeros_like(brows), gaze)
        columns = np.clip(gaze + gains.upper_face * (brows + lids), 0, 1)
        return with_blinks(columns, np.minimum(gains.blink * np.array([self._blinks.next()]), 1))


def generate_live(
    speech: str | Path,
    *,
    style: int = 0,
    seed: int = 0,
    still: bool = False,
    gains: Gains | None = None,
    progress: Report | None = None,
    networks: LiveNetworks | None = None,
) -> Track:
    """A recording as it would have been animated while it was spoken; parameters as in `generate`."""
    sound = open_audio(speech)
    face = LiveFace(style=style, seed=seed, still=still, gains=gains, networks=networks)
    total = None if sound.duration_s is None else int(sound.duration_s * FPS)
    parts = []
    for block in sound.blocks():
        parts.append(face.hear(block))
        if progress:
            progress(parts[-1].first + len(parts[-1]), total)
    parts.append(face.finish())
    expression, rotation, translation = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("expression", "rotation", "translation")
    )
    return Track(
        expression,
        rotation,
        translation,
        fps=FPS,
        meta={
            "generator": f"sadtalker3d {__version__}",
            "weights": face.networks.weights,
            "source": sound.path.name,
            "style": style,
            "seed": seed,
            "still": still,
            "gains": asdict(face.gains),
            "live": True,
        },
    )


def _together(first: int, frames: list[np.ndarray]) -> LiveFrames:
    rows = np.stack(frames) if frames else np.zeros((0, 70), np.float32)
    return LiveFrames(first, rows[:, :64], rows[:, 64:67], rows[:, 67:])


def _warm_up(networks: LiveNetworks, style: int) -> None:
    """Libraries prepare themselves when they are first used, which would make the first frames late."""
    from sadtalker3d.motion.live_head import LiveHead
    from sadtalker3d.motion.live_network import LiveMouth

    mouth, head = LiveMouth(networks.expnet), LiveHead(networks.posevae, style, np.random.default_rng(0))
    for _ in range(30):  # past the head's first window
        mouth.say(np.zeros((80, 13), np.float32))
        head.next(np.zeros((80, 16), np.float32), 1.0)
