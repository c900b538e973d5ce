"""What must not move, or must move smoothly: the photo, hair and wall while the mouth speaks, a slow turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sadtalker3d.face.fit import fit_portrait3d
from sadtalker3d.face.headfit import HeadFit, project, vertices
from sadtalker3d.face.landmarks import largest_face
from sadtalker3d.motion.generate import generate
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.track import Track
from tests.benchmarks.portrait_reenactment import face_and_mouth
from tests.benchmarks.rendered_clip import LOOKS, SPEECH, clip, head

EXPRESSION_M = 0.03  # beyond the head's outline nothing may feel the mouth
TURN_FRAMES = 40
DEGREES = 10.0


def still_frame_db(picture: np.ndarray) -> float:
    """PSNR inside the face between a photo and its frame in its own pose and expression; 99 where they are the same."""
    face, portrait, _ = _prepared(picture)
    frame = next(portrait.frames(_track(np.zeros((1, 64)))))
    inside, _ = face_and_mouth(face, picture.shape)
    error = float(((frame.astype(float) - picture)[inside] ** 2).mean())
    return min(99.0, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def mouth_alone(picture: np.ndarray, frames: int = 40) -> dict[str, float]:
    """The largest change from frame to frame, of 255, in hair and wall while only jaw and mouth speak."""
    face, portrait, fit = _prepared(picture)
    said = generate(SPEECH, still=True).expression[:frames].copy()
    names = list(head().expression_names)
    said[:, [k for k, name in enumerate(names[:52]) if not name.startswith(("jaw", "mouth"))]] = 0
    hair, wall = _hair(face, fit), _wall(fit)
    most = {"hair": 0.0, "wall": 0.0}
    last = None
    for frame in portrait.frames(_track(said)):
        now = frame.astype(np.int16)
        if last is not None:
            change = np.abs(now - last).max(axis=2)
            most = {"hair": max(most["hair"], float(change[hair].max(initial=0))),
                    "wall": max(most["wall"], float(change[wall].max(initial=0)))}  # fmt: skip
        last = now
    return most


def slow_turn_of_photo(picture: np.ndarray) -> dict[str, float]:
    """Flicker of a real photo, whose true turn is unknown: see `_flicker`."""
    face, portrait, fit = _prepared(picture)
    turns = _turns()
    frames = np.stack(list(portrait.frames(replace(_track(np.zeros((TURN_FRAMES, 64))), rotation=turns))))
    return _flicker(frames, {"head": _head(fit), "hair": _hair(face, fit), "wall": _wall(fit)})


def slow_turn_of_render() -> dict[str, dict[str, float]]:
    """The same of a rendered head, and of the renderer's own frames of that turn."""
    truth = clip(LOOKS[0], np.zeros((TURN_FRAMES, 64), np.float32), _turns(), np.zeros((TURN_FRAMES, 3)))
    face, portrait, fit = _prepared(truth.frames[0])
    ours = np.stack(list(portrait.frames(truth.track)))
    masks = {"head": _head(fit), "hair": _hair(face, fit), "wall": _wall(fit)}
    return {"ours": _flicker(ours, masks), "render": _flicker(truth.frames, masks)}


def _flicker(frames: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, float]:
    """How far frames are from the mean of their neighbours: the mean over all, and the worst frame over the median one.

    A smooth turn changes pixels evenly, so what is left is flicker, grain that moves, and what jumps.
    """
    off = np.abs(frames[1:-1] - (frames[:-2].astype(np.float32) + frames[2:]) / 2).mean(axis=3)
    found = {}
    for name, mask in masks.items():
        each = off[:, mask].mean(axis=1)
        found[f"{name}_mean"] = round(float(each.mean()), 3)
        found[f"{name}_worst_over_median"] = round(float(each.max() / max(np.median(each), 1e-6)), 2)
        found[f"{name}_jumps"] = int((off[:, mask] > 40).sum())  # pixels that stand out from both neighbours
    return found


def _turns() -> np.ndarray:
    turns = np.zeros((TURN_FRAMES, 3))
    turns[:, 1] = np.radians(np.linspace(0, DEGREES, TURN_FRAMES))
    return turns


def _prepared(picture: np.ndarray):  # type: ignore[no-untyped-def]
    face = largest_face(picture, "the picture")[0]
    fit = fit_portrait3d(picture, face, head())
    return face, PhotoPortrait(picture, fit, model=head()), fit


def _track(expression: np.ndarray) -> Track:
    zeros = np.zeros((len(expression), 3))
    return Track(expression, zeros, zeros, names=tuple(head().expression_names))


def _head(fit: HeadFit) -> np.ndarray:
    """(H, W) bool: the fitted head, neck included."""
    import cv2

    seen = project(vertices(fit, head()), fit).round().astype(np.int32)
    mask = np.zeros(fit.size_px[::-1], np.uint8)
    cv2.fillPoly(mask, [*seen[head().faces[head().parts["skin"]]]], 1)
    return mask > 0


def _hair(face, fit: HeadFit) -> np.ndarray:  # type: ignore[no-untyped-def]
    """The head above the brows' tops, outside the face's outline."""
    inside, _ = face_and_mouth(face, fit.size_px[::-1])
    above = np.arange(fit.size_px[1])[:, None] < face.points[17:27, 1].min()
    return _head(fit) & above & ~inside


def _wall(fit: HeadFit) -> np.ndarray:
    import cv2

    reach = round(EXPRESSION_M * fit.focal_px / -fit.translation_m[2])
    return cv2.dilate(_head(fit).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) == 0
