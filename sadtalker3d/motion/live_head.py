"""Head motion for sound that is still being spoken.

PoseVAE plans 32 frames at a time from what was heard last, and the plan is played faster where the voice is
loud and slower where it pauses. Planning alone, however often, moves the head half a second after the voice;
played like this it moves with it, and speed and voice correlate as in measured people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from sadtalker3d.motion.audio_encoder import FastAudioEncoder
from sadtalker3d.motion.head import HOP, OVERLAP, as_heads_follow
from sadtalker3d.motion.posevae import LATENT, POSE, WINDOW
from sadtalker3d.motion.styles import check_style, style_measures

if TYPE_CHECKING:
    from sadtalker3d.motion.posevae import PoseVAE


@dataclass(frozen=True)
class LiveHeadConfig:
    """How the plan is played, in planned frames a frame.

    Chosen on 26 measured recordings (8162 frames), three seeds: speed and voice correlate with r = .25 to .32, the
    head 0 to 40 ms behind; people .26, or .37 where they lead by 0.2 s, which nobody can who does not know what
    comes. Speech over pauses 1.7 to 2.0 (people 1.4), median speed 13 to 14 degrees/s (people 12).
    """

    in_pauses: float = 0.45
    at_loud: float = 1.3
    fastest: float = 1.7  # `begin` planned frames are then enough for the ten steps of planning
    following: float = 0.6  # share of the way to the loudness of the moment, each frame
    begin: int = (
        17  # planned frames before the next window at which its planning begins: ten steps at full speed
    )
    encoder_steps: int = 3  # in which a window of sound is heard, one a frame


DEFAULT = LiveHeadConfig()


class LiveHead:
    """One pose a frame; what a window costs is spread over several frames.

    Raises UserError for a style that does not exist.
    """

    def __init__(
        self, net: PoseVAE, style: int, rng: np.random.Generator, config: LiveHeadConfig = DEFAULT
    ) -> None:
        self.config = config
        self._net, self._rng = net, rng
        self._style = torch.tensor([check_style(style)])
        self._own = style_measures(style)
        encoder = net.audio_encoder.audio_encoder
        self._encoder = encoder if isinstance(encoder, FastAudioEncoder) else FastAudioEncoder(encoder)
        self._fade = _fade_in()
        # the head is at rest until the first window, and sets off gently; the plan begins at frame `_first`
        self._first, self._window_start = 0, config.begin + 1
        self._plan = np.zeros((self._window_start + 1 + OVERLAP, POSE), np.float32)
        self._place = 1.0  # in the plan, of the frame that comes next
        self._rate = (config.in_pauses + config.at_loud) / 2
        self._work: Iterator[np.ndarray | None] | None = None

    def next(self, window: np.ndarray, loudness: float) -> np.ndarray:
        """Rotation and translation of the next frame, (6,).

        window : mel (80, 16) heard last; loudness : 0 pause to 1 loud, see `live_loudness`
        """
        whole = int(self._place)
        pose = _between(self._plan[whole - 1 - self._first : whole + 3 - self._first], self._place - whole)
        self._plan_ahead(window)
        wanted = self.config.in_pauses + (self.config.at_loud - self.config.in_pauses) * loudness
        wanted = min(wanted * self._own.tempo, self.config.fastest)
        self._rate += self.config.following * (wanted - self._rate)
        self._place += self._rate
        while int(self._place) + 2 > self._window_start:  # needed next
            self._plan_ahead(window)
        return pose * np.array(self._own.gain, np.float32)

    def _plan_ahead(self, window: np.ndarray) -> None:
        """One step of the work on the next window, if it is time for it."""
        if self._work is None:
            if self._place < self._window_start - self.config.begin:
                return
            self._work = self._planned(window)
        with torch.inference_mode():
            motion = next(self._work)
        if motion is not None:
            self._join(motion)
            self._work = None

    def _planned(self, window: np.ndarray) -> Iterator[np.ndarray | None]:
        """Motion (32, 6) from the window's start on, step by step: None until it is done."""
        dtype = self._encoder.dtype
        heard = torch.from_numpy(np.array(window)[None, None]).to(dtype, memory_format=torch.channels_last)
        units = list(self._encoder.units)
        each = -(-len(units) // self.config.encoder_steps)
        for index, unit in enumerate(units, 1):
            heard = unit(heard)
            if index % each == 0 or index == len(units):
                yield None
        decoder = self._net.netG.decoder
        code = decoder.linear_audio(heard.flatten(1).float()).numpy()  # (1, 6)
        z = torch.from_numpy(self._rng.standard_normal((1, LATENT), dtype=np.float32))
        reference = torch.from_numpy(self._plan[None, self._window_start - self._first])
        speech = torch.from_numpy(as_heads_follow(code, WINDOW))[None]  # nothing else is known of what comes
        for stage in decoder.stages(z, self._style, reference, speech):
            motion = stage
            if motion.ndim > 3:  # what lies between has channels; the motion is (1, 32, 6)
                yield None
        yield motion[0].numpy()

    def _join(self, motion: np.ndarray) -> None:
        """Fade the window's motion in over the end of the plan."""
        start = self._window_start - self._first
        new = self._plan[start] + motion  # (32, 6)
        old = self._plan[start + 1 : start + 1 + OVERLAP]
        new[:OVERLAP] = old + self._fade * (new[:OVERLAP] - old)
        played = int(self._place) - 1 - self._first
        self._plan = np.concatenate([self._plan[played : start + 1], new])
        self._first += played
        self._window_start += HOP


def _fade_in() -> np.ndarray:
    """(OVERLAP, 1), level at both ends."""
    share = np.arange(1, OVERLAP + 1, dtype=np.float32)[:, None] / (OVERLAP + 1)
    return share * share * (3 - 2 * share)


def _between(poses: np.ndarray, share: float) -> np.ndarray:
    """Catmull-Rom's cubic between the second and the third of four poses, (4, 6) -> (6,)."""
    a, b, c, d = poses
    slope, bend, twist = (c - a) / 2, a - 2.5 * b + 2 * c - d / 2, (3 * (b - c) + d - a) / 2
    return (b + share * (slope + share * (bend + share * twist))).astype(np.float32)
