"""Left for right."""

from __future__ import annotations

import numpy as np

from sadtalker3d.rig.arkit import OPEN_64
from sadtalker3d.track import Track

_SIGNS = (np.array([1, -1, -1], np.float32), np.array([-1, 1, 1], np.float32))  # pitch yaw roll; x y z


def _other_side(name: str) -> str:
    """Eyes look In to the nose and Out, so that theirs change eyes and not directions."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    return name[:-5] + "Left" if name.endswith("Right") else name


def mirror(track: Track) -> Track:
    """The performance as a mirror shows it: left and right shapes change places, the head turns the other way.

    Raises
    ------
    UserError : a track of another space than `open`, whose columns have no sides
    """
    track.require_space("open", "mirroring")
    order = [track.index(_other_side(name)) if name in OPEN_64 else i for i, name in enumerate(track.names)]
    return track.replace(
        expression=track.expression[:, order],
        rotation=track.rotation * _SIGNS[0],
        translation=track.translation * _SIGNS[1],
    )
