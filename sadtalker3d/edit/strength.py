"""Gain and offset: stronger, weaker, shifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sadtalker3d.edit.regions import HEAD, checked_amounts, columns_of
from sadtalker3d.errors import UserError
from sadtalker3d.keys import POSE
from sadtalker3d.track import Track


def gain(track: Track, amounts: Mapping[str, float]) -> Track:
    """Multiply columns: `gain(take, {"mouth": 1.2, "browInnerUp": 0.5, "head": 0.7})`.

    A column named more than once, by itself or by regions, is multiplied by each amount.

    Raises
    ------
    UserError : an unknown name or an amount that is not finite
    """
    factors = np.ones(len(track.names), np.float32)
    head = np.float32(1)
    for key, amount in checked_amounts(amounts):
        if key == HEAD:
            head *= np.float32(amount)
        else:
            factors[columns_of(track, key)] *= np.float32(amount)
    return track.replace(
        expression=track.expression * factors,
        rotation=track.rotation * head,
        translation=track.translation * head,
    )


def offset(
    track: Track,
    amounts: Mapping[str, float] | None = None,
    *,
    rotation_rad: Iterable[float] = (0, 0, 0),
    translation: Iterable[float] = (0, 0, 0),
) -> Track:
    """Add the same to every frame: `offset(take, {"mouthSmileLeft": 0.1}, rotation_rad=(0, 0.2, 0))`.

    Parameters
    ----------
    amounts : what to add to columns, by region or name
    rotation_rad, translation : what to add to the pose: pitch, yaw, roll in radians; x, y, z in the
        model's units

    Raises
    ------
    UserError : an unknown name or an amount that is not finite
    """
    turn, shift = list(rotation_rad), list(translation)
    checked_amounts(dict(zip(POSE, (*turn, *shift), strict=True)))
    added = np.zeros(len(track.names), np.float32)
    for key, amount in checked_amounts(amounts or {}):
        if key == HEAD:
            raise UserError("the head is moved with rotation_rad and translation")
        added[columns_of(track, key)] += np.float32(amount)
    return track.replace(
        expression=track.expression + added,
        rotation=track.rotation + np.array(turn, np.float32),
        translation=track.translation + np.array(shift, np.float32),
    )
