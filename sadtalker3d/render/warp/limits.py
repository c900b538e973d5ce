"""How far the head may move: no further than one photo can show, reached softly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class LimitConfig:
    """The largest motions relative to the photo; beyond them hidden skin and hair would have to be invented."""

    yaw_rad: float = float(np.radians(15))
    pitch_rad: float = float(np.radians(10))
    roll_rad: float = float(np.radians(15))
    most_turned_rad: float = float(np.radians(30))  # from the camera, the photo's own turn included
    least_rad: float = float(np.radians(4))  # some motion is always left
    shift_m: float = 0.025
    room_m: float = (
        0.03  # with less between the head and the picture's border, that border would be dragged along
    )
    least_room: float = 0.4  # of the limits that a head at the border keeps
    free: float = 0.6  # this share of a limit is left as it is
    worth_saying_rad: float = float(np.radians(1))


def limited(
    rotation_rad: np.ndarray,
    translation_m: np.ndarray,
    own_rad: np.ndarray,
    config: LimitConfig | None = None,
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Head motion that one photo can show.

    Parameters
    ----------
    rotation_rad, translation_m : (T, 3) relative to the photo
    own_rad : (3,) pitch, yaw, roll of the head in the photo

    Returns
    -------
    (T, 3) rotations and translations, and a sentence that says what was limited, or None
    """
    config = config or LimitConfig()
    own_yaw = float(own_rad[1])
    away = np.clip(config.most_turned_rad - abs(own_yaw), config.least_rad, config.yaw_rad)
    # turned back to the camera, a head shows the side of the nose and the cheek that the photo hides
    back = np.clip(
        config.yaw_rad * (1.5 - abs(own_yaw) / config.most_turned_rad), config.least_rad, config.yaw_rad
    )
    right, left = (away, back) if own_yaw >= 0 else (back, away)
    limits = np.array([config.pitch_rad, 0.0, config.roll_rad])
    rotation = np.asarray(rotation_rad, np.float64)
    limit = np.broadcast_to(limits, rotation.shape).copy()
    limit[:, 1] = np.where(rotation[:, 1] > 0, right, left)
    turned = softly(rotation, limit, config.free)
    moved = softly(np.asarray(translation_m, np.float64), np.array(config.shift_m), config.free)
    lost = np.abs(rotation - turned).max(axis=0)
    if lost.max() < config.worth_saying_rad:
        return turned, moved, None
    axis = int(lost.argmax())
    name = ("nod", "turn", "tilt")[axis]
    asked, shown = (np.degrees(np.abs(rows[:, axis]).max()) for rows in (rotation, turned))
    return (
        turned,
        moved,
        (
            f"the head would {name} by {asked:.0f} degrees; one photo shows about {shown:.0f}, so it is softly limited"
        ),
    )


def within_picture(config: LimitConfig, room_m: float) -> LimitConfig:
    """The limits of a head whose outline is `room_m` from the picture's upper or side border."""
    share = float(np.clip(room_m / config.room_m, config.least_room, 1.0))
    return replace(
        config,
        yaw_rad=share * config.yaw_rad,
        pitch_rad=share * config.pitch_rad,
        roll_rad=share * config.roll_rad,
        shift_m=share * config.shift_m,
    )


def softly(values: np.ndarray, limit: np.ndarray, free: float) -> np.ndarray:
    """Values that approach +-limit: unchanged up to the free share of it, smooth beyond."""
    size = np.abs(values) / limit
    room = 1 - free
    beyond = free + room * np.tanh((size - free) / room)
    return np.where(size <= free, values, np.sign(values) * limit * beyond)
