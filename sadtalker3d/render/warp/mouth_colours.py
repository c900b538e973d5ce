"""Colours inside the mouth where the photo shows none: the model's teeth, gums, tongue and cavity in the photo's light.

How bright the light is, is told by the cheeks. Enamel is the same in every face; flesh gets the share of it that the
skin gets, so that it is darker in dark faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bfm.lighting import harmonics
from sadtalker3d.render.warp.colours import albedo
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.sight import Sight

if TYPE_CHECKING:
    from bfm.model import FaceModel

GAMMA = 2.2


@dataclass(frozen=True)
class MouthConfig:
    """The inside of the mouth, relative to the face's own brightness."""

    teeth_to_skin: float = 1.36  # in sRGB, against the cheeks; highlights come on top
    teeth_most: float = 222.0
    teeth_least: float = 150.0  # in a face of very dark skin teeth are brighter than the cheeks allow
    tint: float = 0.28  # of the skin's tint is the light's own
    ivory: tuple[float, float, float] = (1.03, 1.0, 0.95)
    flesh: float = 1.0  # of the skin's share in the light: the mouth's walls throw on less of it
    flesh_tint: float = 0.2  # flesh has a colour of its own, whatever the skin's
    flesh_most: float = 1.3  # a face in full light still has a dim mouth
    lower_teeth: float = 0.86  # in sRGB: they lie further back in the lips' shadow
    shade: tuple[float, float] = (0.55, 1.25)  # of the estimated light on teeth, against the face's middle
    gloss: float = 0.20  # linear, of a white light: what wet enamel mirrors
    gloss_power: float = 40.0  # a softbox seen in a tooth


def mouth_colours(
    motion: HeadMotion,
    model: FaceModel,
    sight: Sight,
    inside: np.ndarray,
    tone: np.ndarray,
    teeth_rgb: np.ndarray | None = None,
    config: MouthConfig | None = None,
) -> np.ndarray:
    """(n, 3) float32 0..255 of the vertices `inside` the mouth, without the mouth's own shadow.

    `tone` (3,) is the cheeks' colour; `teeth_rgb` (3,) the photo's own teeth, where it shows some.
    """
    config = config or MouthConfig()
    painted = _linear(albedo(model))
    normals = model.normals(motion.rest) @ motion.turn.T
    teeth, front = front_teeth(motion, model)
    wanted = teeth_tone(tone, config) if teeth_rgb is None else teeth_rgb
    # most of a tooth's vertices are at its dark back and root: its colour is that of the brightest twentieth
    enamel = np.percentile(painted[front], 95, axis=0)
    cheeks = _cheeks(model, sight)
    skin = np.median(painted[cheeks], axis=0) if cheeks.any() else np.full(3, 0.3)
    lit = float((_linear(tone) @ LUMINANCE) / (skin @ LUMINANCE))
    hue = _linear(tone) / skin / max(lit, 1e-6)
    flesh = min(config.flesh * lit, config.flesh_most) * hue**config.flesh_tint
    colour = painted * flesh
    shade = _shade(motion, sight, normals, config)
    colour[teeth] = painted[teeth] * _linear(wanted) / enamel * shade[teeth, None]
    lower = teeth[_moved_by_jaw(model, teeth)]
    colour[lower] *= config.lower_teeth**GAMMA
    gloss = config.gloss * float(np.clip(_linear(wanted) @ LUMINANCE, 0, 1))
    colour[teeth] += gloss * _mirrored(motion, normals[teeth], config.gloss_power)[:, None]
    return (255 * np.clip(colour[inside], 0, 1) ** (1 / GAMMA)).astype(np.float32)


LUMINANCE = np.array([0.21, 0.72, 0.07])


def teeth_tone(tone: np.ndarray, config: MouthConfig | None = None) -> np.ndarray:
    """(3,) the colour of teeth in a face whose cheeks are `tone` (3,)."""
    config = config or MouthConfig()
    bright = float(np.clip(tone.mean() * config.teeth_to_skin, config.teeth_least, config.teeth_most))
    return bright * np.array(config.ivory) * (tone / max(float(tone.mean()), 1.0)) ** config.tint


def cheek_tone(model: FaceModel, sight: Sight, skin: np.ndarray) -> np.ndarray:
    """(3,) the median of the cheeks' (V, 3) skin colours."""
    cheeks = _cheeks(model, sight) & (skin.max(axis=1) > 0)
    return np.median(skin[cheeks], axis=0) if cheeks.any() else np.full(3, 150.0)


def front_teeth(motion: HeadMotion, model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """The teeth's vertices, and those of them that lips may show first."""
    teeth = np.unique(model.faces[model.parts["teeth"]])
    return teeth, teeth[depth_behind_lips(motion, model, teeth) < 0.012]


def depth_behind_lips(motion: HeadMotion, model: FaceModel, rows: np.ndarray) -> np.ndarray:
    """(n,) metres that vertices lie behind the lips, which run back towards the corners of the mouth."""
    line = motion.rest[model.points["inner_lip_upper"]]
    line = line[np.argsort(line[:, 0])]
    return np.interp(motion.rest[rows, 0], line[:, 0], line[:, 2]) - motion.rest[rows, 2]


def _mirrored(motion: HeadMotion, normals: np.ndarray, power: float) -> np.ndarray:
    """(n,) 0..1 how much of the strongest light's highlight (n, 3) normals of camera space send to the camera."""
    light = np.asarray(motion.fit.light, np.float64).mean(axis=1)
    toward = np.array([-light[3], -light[1], light[2]])
    if not toward.any():
        toward = np.array([0.0, 0.4, 1.0])
    toward[2] = max(
        toward[2], 0.3 * float(np.linalg.norm(toward))
    )  # lights behind the head are not seen in teeth
    half = toward / np.linalg.norm(toward) + [0, 0, 1]
    return np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** power


def _shade(motion: HeadMotion, sight: Sight, normals: np.ndarray, config: MouthConfig) -> np.ndarray:
    light = harmonics(normals) @ np.asarray(motion.fit.light, np.float32)
    shade = np.maximum(light.mean(axis=1), 1e-3)
    return np.clip(shade / np.median(shade[sight.seen & (sight.facing > 0.5)]), *config.shade)


def _cheeks(model: FaceModel, sight: Sight) -> np.ndarray:
    return sight.seen & (sight.facing > 0.6) & (np.abs(model.mean[:, 1]) < 0.03)


def _moved_by_jaw(model: FaceModel, rows: np.ndarray) -> np.ndarray:
    jaw = model.expression_basis[model.expression_names.index("jawOpen")][rows]
    return np.abs(jaw).max(axis=1) > 1e-4


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(rgb, 0, 255) / 255) ** GAMMA
