"""A portrait's file -> the picture, upright, and the face in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sadtalker3d.face.landmarks import Face, Landmarks, largest_face
from sadtalker3d.face.picture import read_picture

TURNED = ("", "a quarter to the left", "upside down", "a quarter to the right")  # by turns of np.rot90


@dataclass(frozen=True)
class Portrait:
    """A picture that can be made to speak.

    picture : (H, W, 3) uint8 RGB
    face : its largest face
    notes : sentences the user should read
    """

    picture: np.ndarray
    face: Face
    notes: list[str]


def read_portrait(
    path: str | Path, landmarks: Landmarks | None = None, *, hint: str | Path | None = None
) -> Portrait:
    """Read a picture or a video's first frame and find its face.

    hint : a file with five clicked points, see `face.hint`, where the face is then taken to be

    A picture that lies on its side is turned, because neither the crop nor the networks can use a head that does.
    Raises UserError: see `read_picture`, `largest_face` and `hinted_face`.
    """
    landmarks = landmarks or Landmarks()
    if hint is not None:
        from sadtalker3d.face.hint import hinted_face, read_hint

        five, picture = read_hint(hint), read_picture(path)
        return Portrait(picture, *hinted_face(picture, five, str(path), landmarks))
    picture = read_picture(path)
    face, notes = largest_face(picture, str(path), landmarks)
    turns = face.quarter_turns
    if turns:
        picture = np.ascontiguousarray(np.rot90(picture, turns))
        face, notes = largest_face(picture, str(path), landmarks)
        notes.append(f"{path}: the face was not upright; the picture is turned {TURNED[turns]}")
    return Portrait(picture, face, notes)
