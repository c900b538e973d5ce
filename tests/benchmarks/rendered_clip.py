"""Clips whose truth is known: the embedded head speaks before a wall, with a body, drawn by the project's renderer.

They stand in for recorded people, whom nobody may ship. What they do not have: hair that stands off the head, skin that
folds, a camera's noise that changes from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

import bfm
from bfm.model import FaceModel
from sadtalker3d.face.headfit import HeadFit, Residual
from sadtalker3d.face.light import portrait_light
from sadtalker3d.motion.generate import generate
from sadtalker3d.render.preview import Preview, portrait_camera
from sadtalker3d.render.shading import Lamp, Studio
from sadtalker3d.render.stage import Camera
from sadtalker3d.render.warp.limits import LimitConfig
from sadtalker3d.rotation import from_matrices, to_matrices
from sadtalker3d.track import Track

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"
DEGREE = np.pi / 180
KEY, FILL, RIM = Studio().lamps


@dataclass(frozen=True)
class Look:
    """A person before a camera.

    seed : of the identity, 0 the mean head; of the wall and of the speech's head motion too
    gamma, tint : of the skin's picture: 2.5 is dark skin
    rotation_rad : of the head in frame 0, relative to the camera
    expression : weights by name that the whole clip has besides speech
    """

    name: str
    seed: int
    gamma: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rotation_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    expression: tuple[tuple[str, float], ...] = ()
    lamps: tuple[Lamp, ...] = (KEY, FILL, RIM)
    style: int = 12


LOOKS = (
    Look("mean", 0),
    Look("pale", 2, tint=(1.0, 0.95, 0.9), style=25, rotation_rad=(0.0, -6 * DEGREE, 0.0)),
    Look("dark", 3, gamma=2.2, tint=(0.95, 0.85, 0.8)),
    Look("turned", 4, gamma=1.5, rotation_rad=(0.0, 12 * DEGREE, 3 * DEGREE), style=5),
    Look("flat_light", 5, gamma=1.2, lamps=(replace(FILL, toward=(0.1, 0.3, 1.0), intensity=0.9), FILL, RIM)),
    Look("smile", 6, tint=(1.05, 1.0, 1.0), expression=(("mouthSmile", 0.35), ("cheekSquint", 0.2)), style=20),
    Look("side_light", 7, gamma=1.8, lamps=(replace(KEY, toward=(0.95, 0.2, 0.35)), FILL, RIM), style=30),
    Look("bowed", 8, tint=(0.95, 0.9, 0.85), rotation_rad=(7 * DEGREE, 5 * DEGREE, -5 * DEGREE)),
)  # fmt: skip

# nothing was ever tuned on these
HELD_OUT = (
    Look("turned_back", 51, gamma=1.3, rotation_rad=(0.0, -14 * DEGREE, -3 * DEGREE), style=7),
    Look("deep_bow", 52, tint=(0.95, 0.9, 0.9), rotation_rad=(9 * DEGREE, 4 * DEGREE, 3 * DEGREE), style=14),
    Look("broad_smile", 53, expression=(("mouthSmile", 0.4), ("cheekSquint", 0.25)), style=22),
    Look("darkest", 54, gamma=2.5, tint=(0.95, 0.85, 0.8)),
    Look("palest", 55, tint=(1.03, 0.98, 0.95), rotation_rad=(-5 * DEGREE, 6 * DEGREE, 0.0), style=25),
    Look("near_wide_lens", 56, gamma=1.5, style=9),
    Look("long_lens", 57, gamma=1.2, rotation_rad=(0.0, 8 * DEGREE, 0.0), style=31),
    Look("far", 58, gamma=1.7, rotation_rad=(3 * DEGREE, -5 * DEGREE, 2 * DEGREE), style=3),
    Look("frown", 59, 1.4, (1.0, 1.0, 1.0), (-8 * DEGREE, 0, 0), (("mouthFrown", 0.3), ("browDown", 0.3)), style=18),
    Look("beside", 60, gamma=1.9, rotation_rad=(4 * DEGREE, 10 * DEGREE, 5 * DEGREE), style=28),
)  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """frames : (T, H, W, 3) uint8, frame 0 the portrait
    track : relative to frame 0, as a `PhotoPortrait` takes it
    exact : the fit of frame 0 that nobody has to guess
    wall : (T, H, W) bool, where nothing is before the wall
    """

    frames: np.ndarray
    track: Track
    exact: HeadFit
    wall: np.ndarray


@cache
def head() -> FaceModel:
    """The embedded head."""
    return bfm.load("open")


def weights(*pairs: tuple[str, float]) -> np.ndarray:
    """(64,) by name; a name without a side sets both."""
    names, row = list(head().expression_names), np.zeros(64, np.float32)
    for name, value in pairs:
        for side in ("", "Left", "Right"):
            if name + side in names:
                row[names.index(name + side)] = value
    return row


def speaking_clip(look: Look, frames: int, size: int = 512) -> Clip:
    """The sample's speech from the head of `look`; its motion is the generator's, with the lips at rest in frame 0."""
    said = generate(SPEECH, style=look.style, seed=look.seed)
    speech = said.expression[:frames].copy()
    speech[0] = 0.0
    turn, shift = said.rotation[:frames] - said.rotation[0], said.translation[:frames] - said.translation[0]
    return clip(look, speech, *_within_limits(turn, shift), size)


def _within_limits(turn_rad: np.ndarray, shift_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lively motion made smaller: what a renderer leaves out on purpose is not its error."""
    limits = LimitConfig()
    most_rad = limits.free * np.array([limits.pitch_rad, limits.yaw_rad, limits.roll_rad])
    turn_gain = 1 / max(1.0, float((np.abs(turn_rad) / most_rad).max()))
    shift_gain = 1 / max(1.0, float((np.abs(shift_m) / (limits.free * limits.shift_m)).max()))
    return turn_gain * turn_rad, shift_gain * shift_m


def clip(look: Look, speech: np.ndarray, turn_rad: np.ndarray, shift_m: np.ndarray, size: int = 512) -> Clip:
    """(T, 64) weights, and (T, 3) turns and shifts that are 0 in frame 0."""
    own, start = weights(*look.expression), np.array(look.rotation_rad)
    expression = own + (1 - own) * speech
    rotation = start + turn_rad
    identity = identity_of(look)
    camera = _camera(identity)
    drawn = _drawn(look, identity, camera, Track(expression, rotation, shift_m), size)
    pictures, wall = (np.stack(rows) for rows in zip(*drawn, strict=True))
    first = to_matrices(start[None])[0]
    relative = Track(
        speech,
        from_matrices(first.T @ to_matrices(rotation)),
        shift_m @ first,
        names=tuple(head().expression_names),
    )
    focal_px = size / 2 / np.tan(camera.field_of_view_rad / 2)
    exact = HeadFit(
        identity, own, start, -(np.array(camera.target) + np.array([0, 0, camera.distance])), float(focal_px),
        np.full(2, (size - 1) / 2), (size, size), np.zeros((9, 3), np.float32), np.zeros_like(head().mean),
        Residual(0.0, 0.0, 0.0, 0.0),
    )  # fmt: skip
    exact = replace(exact, light=portrait_light(pictures[0], exact, head()))
    return Clip(pictures, relative, exact, wall)


def identity_of(look: Look) -> np.ndarray:
    rng = np.random.default_rng(look.seed)
    return (rng.normal(size=80) * 0.8 * (look.seed > 0)).astype(np.float32)


def _camera(identity: np.ndarray) -> Camera:
    camera = portrait_camera(head().neutral(identity))
    return Camera(camera.target, camera.distance * 1.35, camera.field_of_view_rad)  # room for the shoulders


def _drawn(look: Look, identity: np.ndarray, camera: Camera, track: Track, size: int):  # type: ignore[no-untyped-def]
    """Yield the head between a wall and a collar, and where the wall is bare.

    Its alpha is what a white backdrop adds to a black one.
    """
    texture = head().texture.copy()
    skin = 255 * (texture[..., :3] / 255.0) ** look.gamma * np.array(look.tint)
    texture[..., :3] = np.clip(skin, 0, 255)
    model = replace(head(), texture=texture)
    black, white = (
        Studio(lamps=look.lamps, backdrop_middle=(v,) * 3, backdrop_edge=(v,) * 3) for v in (0.0, 60.0)
    )
    wall, (collar, cloth) = _wall(size, look.seed), _collar(size, identity, camera, look.seed)
    with (
        Preview(model, size, identity=identity, camera=camera, studio=black) as dark,
        Preview(model, size, identity=identity, camera=camera, studio=white) as bright,
    ):
        for on_black, on_white in zip(dark.render(track), bright.render(track), strict=True):
            through = (on_white.astype(np.float32) - on_black) / 255
            picture = on_black + through * wall
            shown = np.clip(picture * (1 - collar) + cloth * collar, 0, 255).round().astype(np.uint8)
            yield shown, ((through.min(axis=2) > 0.97) & (collar[..., 0] == 0))


def _wall(size: int, seed: int) -> np.ndarray:
    """(size, size, 3) soft patches of light, lines that must not bend, grain."""
    import cv2

    rng = np.random.default_rng(seed)
    wall = cv2.resize(
        rng.uniform(60, 200, (5, 5, 3)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(6):
        x = rng.uniform(0, size)
        colour = tuple(float(v) for v in rng.uniform(30, 230, 3))
        cv2.line(
            wall, (int(x), 0), (int(x + 40 * rng.normal()), size), colour, max(2, size // 120), cv2.LINE_AA
        )
    return wall + rng.normal(0, 4, wall.shape)


def _collar(size: int, identity: np.ndarray, camera: Camera, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(size, size, 1) how much cloth is before the neck's foot, and its (size, size, 3) colours."""
    import cv2

    foot_m = head().neutral(identity)[:, 1].min() + 0.055
    per_m = size / 2 / np.tan(camera.field_of_view_rad / 2) / camera.distance
    y, middle = size / 2 - (foot_m - camera.target[1]) * per_m, size / 2
    mask = np.zeros((size, size), np.float32)
    cv2.ellipse(
        mask, (int(middle), int(y + 0.13 * per_m)), (int(0.23 * per_m), int(0.10 * per_m)), 0, 0, 360, 1, -1
    )
    cv2.ellipse(
        mask, (int(middle), int(y + 0.06 * per_m)), (int(0.085 * per_m), int(0.07 * per_m)), 0, 0, 360, 1, -1
    )
    cv2.rectangle(
        mask, (int(middle - 0.23 * per_m), int(y + 0.13 * per_m)), (int(middle + 0.23 * per_m), size), 1, -1
    )
    rng = np.random.default_rng(seed + 100)
    ribs = 14 * np.sin(np.arange(size) / size * 220)[None, :, None]
    cloth = rng.uniform(40, 150, 3) + ribs + rng.normal(0, 3, (size, size, 3))
    return cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None], cloth
