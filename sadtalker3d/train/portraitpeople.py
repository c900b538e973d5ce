"""People who do not exist, for the refinement of portraits: the embedded head in varied shapes, skins and lights.

All of a person follows from a seed. The pictures are the project's own (`render/preview.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

import bfm
from bfm.model import FaceModel
from sadtalker3d.face.headfit import HeadFit, Residual
from sadtalker3d.render.preview import Preview, portrait_camera
from sadtalker3d.render.shading import Lamp, Studio
from sadtalker3d.render.stage import Camera
from sadtalker3d.track import Track

PEOPLE_DRAWS = 31  # tells these draws from others of the same seed
SIDES_PX = (320, 384, 448, 512)  # of the pictures
DEGREE = float(np.pi / 180)


@dataclass(frozen=True)
class Grade:
    """What a camera makes of the light: sRGB values v to gain * v ** gamma * balance, then a little blur."""

    gain: float
    gamma: float
    balance: tuple[float, float, float]
    blur_px: float


@dataclass(frozen=True)
class Person:
    """Someone before a camera.

    texture : (1024, 1024, 4) uint8 for the embedded head
    expression : (64,) of the portrait
    rotation_rad : (3,) of the head in the portrait, relative to the camera
    backdrop : (S, S, 3) float32 0..255
    """

    identity: np.ndarray
    texture: np.ndarray
    studio: Studio
    expression: np.ndarray
    rotation_rad: np.ndarray
    camera: Camera
    backdrop: np.ndarray
    grade: Grade

    @property
    def side_px(self) -> int:
        return int(self.backdrop.shape[0])


def person(seed: int) -> Person:
    """The person of that number."""
    rng = np.random.default_rng((seed, PEOPLE_DRAWS))
    identity = (rng.normal(size=80) * rng.uniform(0.5, 1.0)).astype(np.float32)
    camera = portrait_camera(_head().neutral(identity))
    side = int(rng.choice(SIDES_PX))
    return Person(
        identity,
        _texture(rng),
        _studio(rng),
        _own_expression(rng),
        np.clip(rng.normal(0, (4, 7, 4)), -14, 14) * DEGREE,
        Camera(camera.target, camera.distance * rng.uniform(1.0, 1.15), camera.field_of_view_rad),
        _backdrop(rng, side),
        Grade(
            rng.uniform(0.85, 1.15), rng.uniform(0.8, 1.3), tuple(rng.uniform(0.92, 1.08, 3)), rng.uniform(0.0, 0.7)
        ),
    )  # fmt: skip


def pictures(who: Person, track: Track) -> Iterator[np.ndarray]:
    """Yield (S, S, 3) uint8 of the person; expressions are absolute, the track's pose is relative to the camera."""
    model = replace(_head(), texture=who.texture)
    with Preview(
        model, who.side_px, identity=who.identity, camera=who.camera, studio=who.studio, transparent=True
    ) as preview:
        for drawn in preview.render(track):
            alpha = drawn[..., 3:].astype(np.float32) / 255
            yield graded(drawn[..., :3] * alpha + (1 - alpha) * who.backdrop, who.grade)


def graded(picture: np.ndarray, grade: Grade) -> np.ndarray:
    """(H, W, 3) 0..255 as that camera shows it, uint8."""
    import cv2

    value: np.ndarray = (
        np.clip(picture / 255, 0, 1) ** grade.gamma * (grade.gain * np.array(grade.balance)) * 255
    )
    if grade.blur_px > 0.2:
        value = np.asarray(cv2.GaussianBlur(value, (0, 0), grade.blur_px))
    return np.clip(np.rint(value), 0, 255).astype(np.uint8)


def exact_fit(who: Person, portrait: np.ndarray) -> HeadFit:
    """The fit of the (S, S, 3) portrait that nobody has to guess."""
    from sadtalker3d.face.light import portrait_light

    size, camera = who.side_px, who.camera
    focal_px = size / 2 / np.tan(camera.field_of_view_rad / 2)
    fit = HeadFit(
        who.identity, who.expression, who.rotation_rad,
        -(np.array(camera.target) + np.array([0, 0, camera.distance])), float(focal_px),
        np.full(2, (size - 1) / 2), (size, size), np.zeros((9, 3), np.float32), np.zeros_like(_head().mean),
        Residual(0.0, 0.0, 0.0, 0.0),
    )  # fmt: skip
    return replace(fit, light=portrait_light(portrait, fit, _head()))


@cache
def _head() -> FaceModel:
    return bfm.load("open")


def _own_expression(rng: np.random.Generator) -> np.ndarray:
    """(64,) of the portrait: at rest, smiling with lips closed, or showing teeth."""
    kind = rng.random()
    wanted = {"browInnerUp": 0.3, "cheekSquint": 0.3, "eyeWide": 0.2, "eyeSquint": 0.3}
    own = {name: most * rng.random() for name, most in wanted.items() if rng.random() < 0.4}
    if kind > 0.45:
        own["mouthSmile"] = rng.uniform(0.1, 0.5)
    if kind > 0.75:
        own["jawOpen"] = rng.uniform(0.02, 0.12)
        own["mouthUpperUp"] = rng.uniform(0.0, 0.3)
    return by_name(own)


def by_name(weights: dict[str, float]) -> np.ndarray:
    """(64,) float32 weights; a name without a side sets both."""
    names = list(_head().expression_names)
    row = np.zeros(len(names), np.float32)
    for name, value in weights.items():
        for side in ("", "Left", "Right"):
            if name + side in names:
                row[names.index(name + side)] = value
    return row


def _studio(rng: np.random.Generator) -> Studio:
    def colour(warmth: float) -> tuple[float, float, float]:
        return (1.0 + 0.12 * warmth, 1.0, 1.0 - 0.15 * warmth)

    key = rng.uniform((-1.0, -0.15, 0.35), (1.0, 0.9, 1.0))
    fill = rng.uniform((-1.0, -0.3, 0.4), (1.0, 0.5, 1.0))
    rim = rng.uniform((-0.9, 0.1, -0.9), (0.9, 0.7, -0.3))
    level = rng.uniform(0.7, 1.5)
    return Studio(
        lamps=(
            Lamp(tuple(key), colour(rng.uniform(-1, 1)), rng.uniform(0.5, 1.0) * level),
            Lamp(tuple(fill), colour(rng.uniform(-1, 1)), rng.uniform(0.1, 0.6) * level),
            Lamp(tuple(rim), colour(rng.uniform(-1, 1)), rng.uniform(0.0, 0.7) * level),
        ),
        sky=tuple(rng.uniform(0.1, 0.3) * level * np.array(colour(rng.uniform(-1, 0.5)))),
        ground=tuple(rng.uniform(0.05, 0.2) * level * np.array(colour(rng.uniform(-0.5, 1)))),
    )


def _backdrop(rng: np.random.Generator, side: int) -> np.ndarray:
    import cv2

    patches = (rng.uniform(20, 235, (4, 4, 1)) + rng.uniform(-25, 25, (4, 4, 3))).astype(np.float32)
    return cv2.resize(patches, (side, side), interpolation=cv2.INTER_CUBIC)


def _texture(rng: np.random.Generator) -> np.ndarray:
    """(1024, 1024, 4) uint8: skin from pale to dark, lips, beards, lids, irises, teeth and lashes of many kinds."""
    texture, masks = _head().texture, _masks()
    colour = texture[..., :3].astype(np.float32) / 255
    dark = rng.uniform(0.75, 2.6)
    tint = rng.uniform(0.9, 1.05, 3) * (1.0, 0.98, 0.96)
    skin = colour**dark
    grey = skin.mean(axis=2, keepdims=True)
    skin = (grey + (skin - grey) * rng.uniform(0.35, 1.0)) * tint
    skin *= 1 + _mottle(rng, 1024, 6)[..., None] * rng.uniform(0.0, 0.08)
    skin *= 1 + _mottle(rng, 1024, 300)[..., None] * rng.uniform(0.0, 0.05)
    if rng.random() < 0.25:  # freckles
        spots = _mottle(rng, 1024, 200)
        skin *= 1 - np.clip(spots - 1.6, 0, 1)[..., None] * np.array([0.2, 0.35, 0.45]) * rng.random()
    lips = masks["lips"][..., None]
    lip_colour = rng.uniform((0.85, 0.7, 0.7), (1.15, 1.2, 1.2))
    if rng.random() < 0.2:  # lipstick
        lip_colour = rng.uniform((0.8, 0.25, 0.3), (1.1, 0.6, 0.7))
    skin = skin * (1 + lips * (lip_colour - 1))
    lid_tint = rng.uniform((0.55, 0.5, 0.5), (1.05, 1.05, 1.05)) if rng.random() < 0.25 else np.ones(3)
    skin *= 1 + masks["lids"][..., None] * (lid_tint - 1)
    if rng.random() < 0.25:  # from stubble to a beard
        hair = np.clip(0.6 + 0.5 * _mottle(rng, 1024, int(rng.choice((150, 300)))), 0, 1)
        beard = masks["beard"] * hair * rng.uniform(0.15, 0.8)
        skin += beard[..., None] * (rng.uniform(0.02, 0.3) * np.array([1.0, 0.8, 0.65]) - skin)
    colour = np.where(masks["skin"][..., None], skin, colour)
    iris = masks["iris"][..., None]
    wanted = np.array([(1.0, 1.0, 1.0), (0.55, 0.9, 1.5), (0.7, 1.1, 0.9), (0.45, 0.42, 0.45)])[
        rng.integers(4)
    ]
    colour *= 1 + iris * (wanted * rng.uniform(0.8, 1.4) - 1)
    white = rng.uniform(0.8, 1.08) * np.array([1.0, rng.uniform(0.95, 1.0), rng.uniform(0.86, 1.0)])
    colour *= 1 + masks["teeth"][..., None] * (white - 1)
    flesh = rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3)
    colour *= 1 + masks["flesh"][..., None] * (flesh - 1)
    alpha = texture[..., 3].astype(np.float32)
    alpha = np.where(masks["lashes"], alpha * rng.uniform(0.35, 1.0), alpha)
    return np.dstack([np.clip(colour * 255, 0, 255), alpha]).round().astype(np.uint8)


def _mottle(rng: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """(side, side) float32 smooth noise of deviation 1."""
    import cv2

    noise = rng.normal(size=(cells, cells)).astype(np.float32)
    return cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)


@cache
def _masks() -> dict[str, np.ndarray]:
    """(1024, 1024) of the texture: `skin` and `lashes` bool, the others float32 0..1 and soft."""
    import cv2
    from scipy.spatial import cKDTree

    model = _head()
    side = model.texture.shape[0]
    of_part = {name: _painted(model, name) for name in model.parts}
    skin_ids = np.unique(model.faces[model.parts["skin"]])
    rows, columns = np.nonzero(of_part["skin"])
    # a texel is as far from a line as the skin's vertex next to it
    _, nearest = cKDTree(model.uv[skin_ids] * side).query(np.column_stack([columns, rows]), workers=1)
    vertices = skin_ids[nearest]

    def distance(points: tuple[str, ...]) -> np.ndarray:
        lines = np.concatenate([model.points[name] for name in points])
        return cKDTree(model.mean[lines]).query(model.mean[skin_ids])[0][nearest]

    def soft(values: np.ndarray) -> np.ndarray:
        mask = np.zeros((side, side), np.float32)
        mask[rows, columns] = values
        return cv2.GaussianBlur(mask, (0, 0), 2.0)

    lip_m = distance(("inner_lip_upper", "inner_lip_lower"))
    lid_m = distance(("eyelid_upper_left", "eyelid_upper_right"))
    texel = model.texture[rows, columns, :3].astype(np.float32)
    redder = np.clip((texel[:, 0] - texel[:, 1] - 52) / 12, 0, 1)
    lips = soft(redder * (lip_m < 0.014))
    place = model.mean[vertices]
    mouth = model.mean[model.points["inner_lip_upper"]].mean(axis=0)
    below_nose = np.clip((mouth[1] + 0.014 - place[:, 1]) / 0.006, 0, 1)
    jaw = np.clip((place[:, 2] - 0.045) / 0.03, 0, 1) * np.clip((place[:, 1] - mouth[1] + 0.06) / 0.02, 0, 1)
    bare = np.clip((lip_m - 0.007) / 0.004, 0, 1)
    eye = of_part["eyes"]
    shade = model.texture[..., :3].astype(np.float32)
    brown = (shade[..., 0] - shade[..., 2] > 12) & (shade[..., 0] - shade[..., 1] > 6) & (shade[..., 0] < 150)
    flesh = np.maximum.reduce([of_part[name].astype(np.float32) for name in ("mouth", "gums", "tongue")])
    return {
        "skin": of_part["skin"],
        "lashes": of_part["lashes"],
        "lips": lips,
        "lids": soft(np.clip((0.012 - lid_m) / 0.005, 0, 1)),
        "beard": soft(below_nose * jaw * bare),
        "iris": cv2.GaussianBlur((eye & brown).astype(np.float32), (0, 0), 1.0),
        "teeth": of_part["teeth"].astype(np.float32),
        "flesh": flesh,
    }


def _painted(model: FaceModel, part: str) -> np.ndarray:
    """(side, side) bool, the texels that a part uses, and a little more."""
    import cv2

    side = model.texture.shape[0]
    triangles = model.uv[model.faces[model.parts[part]]] * side
    mask = np.zeros((side, side), np.uint8)
    for triangle in np.rint(triangles).astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, (1,))
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8))) > 0
