"""Two layers whose sum is the photo: the person, cut out softly, before a plate of the wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.compiled import compiled
from sadtalker3d.render.warp.cloth import Cloth
from sadtalker3d.render.warp.motion import smooth_step
from sadtalker3d.render.warp.person import Person
from sadtalker3d.render.warp.plate import plate

U = np.uintp
NOWHERE = np.float32(-9999)  # a place left of and above the photo: its corner, which is never the person's


@dataclass(frozen=True)
class LayersConfig:
    """What belongs to the moving layer."""

    share: tuple[float, float] = (
        0.0,
        0.03,
    )  # what takes so little part in the head's motion stays in the plate
    seen: float = 0.004  # of the matte
    crumb_m: float = 0.003  # half the width of what is too thin to be a neck


@dataclass(frozen=True)
class Layers:
    """photo : (H, W, 3) uint8, what moves without what hides it
    cut : (H, W, 4) uint8, its colours times alpha, and alpha
    plate : (H, W, 3) uint8, what is behind
    cloth : (H, W, 4) uint8 what stays in front of the neck, as `cut` is; None where nothing is known of it
    before : (H, W) uint8, 255 where what the photo shows comes before the cloth
    """

    photo: np.ndarray
    cut: np.ndarray
    plate: np.ndarray
    cloth: np.ndarray | None = None
    before: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        picture: np.ndarray,
        person: Person | None,
        cloth: Cloth | None,
        share: np.ndarray,
        per_metre: float,
        config: LayersConfig | None = None,
    ) -> Layers:
        """Without a `person` all that takes a `share` (H, W) in the head's motion is cut out, wall included."""
        config = config or LayersConfig()
        if person is None:
            full = np.full((*picture.shape[:2], 1), 255, np.uint8)
            full[0, 0] = 0
            return cls(
                picture, np.concatenate([np.where(full, picture, 0), full], axis=2).astype(np.uint8), picture
            )
        alpha = np.maximum(person.alpha, person.doubt)
        # without clothes that are known to stay, body and wall beside the neck give way together
        alpha = np.maximum(alpha, person.low) if cloth is None else alpha * (1 - person.low)
        alpha *= smooth_step(share, *config.share)
        alpha[0, 0] = 0
        front = None
        if cloth is not None:
            front, under = split(picture, cloth.under, np.where(cloth.alpha > config.seen, cloth.alpha, 0))
            changed = (under != picture).any(axis=2)
            alpha = np.where(changed, alpha, alpha * (1 - cloth.alpha))
            alpha = np.where(crumbs(alpha, cloth.alpha, config.crumb_m * per_metre), 0, alpha)
        alpha = np.where(alpha > config.seen, alpha, 0)
        # where only doubt makes the wall move, it is the wall that is behind
        hole = (alpha > 0) & (person.alpha > config.seen)
        behind = plate(picture, hole, per_metre)
        if front is not None:
            picture = under
        cut, filled = split(picture, behind, alpha)
        return cls(picture, cut, filled, front, None if cloth is None else cloth.before)


def crumbs(alpha: np.ndarray, cloth: np.ndarray, size_px: float) -> np.ndarray:
    """(H, W) bool, bits of `alpha` beside the cloth that are no part of the neck: a rim that two mattes share."""
    import cv2

    reach = max(round(size_px), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    solid = cv2.morphologyEx((alpha > 0.7).astype(np.uint8), cv2.MORPH_OPEN, disc)
    near = cv2.dilate((cloth > 0).astype(np.uint8), disc, iterations=2)
    return np.asarray((near > 0) & (cv2.dilate(solid, disc) == 0))


def split(picture: np.ndarray, behind: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is in front in the (H, W, 3) uint8 picture, (H, W, 4), and what is behind it, adapted.

    Laid over it again it gives the picture exactly. `alpha` (H, W) is raised where less of it could not.
    """
    known = alpha > 0
    alpha = np.where(known, np.maximum(alpha, least_alpha(picture, behind)), 0)
    rounded = np.rint(255 * alpha).astype(np.uint8)
    through = 255 - rounded.astype(np.int32)[..., None]
    most = np.where(through > 0, 255 * picture.astype(np.int32) // np.maximum(through, 1), 255)
    behind = np.where(known[..., None], np.minimum(behind, most), picture).astype(np.uint8)
    colours = picture - (through * behind + 127) // 255
    return np.concatenate([colours.astype(np.uint8), rounded[..., None]], axis=2), behind


def least_alpha(picture: np.ndarray, wall: np.ndarray) -> np.ndarray:
    """(H, W) float32 the smallest share of something in front that makes the wall into the picture."""
    seen, behind = picture.astype(np.float32), wall.astype(np.float32)
    darker = 1 - seen / np.maximum(behind, 1)
    brighter = (seen - behind) / np.maximum(255 - behind, 1)
    return np.clip(np.maximum(darker, brighter).max(axis=2), 0, 1)


@compiled
def lay_over(cut, plate, frame):  # type: ignore[no-untyped-def]
    """(h, w, 3) uint8 `frame`, written: (h, w, 4) `cut` over (h, w, 3) `plate`."""
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            through = np.int32(255) - np.int32(cut[U(y), U(x), U(3)])
            for c in range(3):
                value = np.int32(cut[U(y), U(x), U(c)])
                if through > 0:
                    value += (through * np.int32(plate[U(y), U(x), U(c)]) + np.int32(127)) // np.int32(255)
                frame[U(y), U(x), U(c)] = np.uint8(min(value, np.int32(255)))


@compiled
def lay_cloth(cloth, before, source, frame):  # type: ignore[no-untyped-def]
    """Lay (h, w, 4) `cloth` over the (h, w, 3) frame, changed, where its `source` (h, w, 2) is not `before` it."""
    height, width = before.shape
    free = np.zeros(frame.shape[:2], np.int32)
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            if cloth[U(y), U(x), U(3)] > 0:
                u = min(max(int(source[U(y), U(x), 0] + np.float32(0.5)), 0), width - 1)
                v = min(max(int(source[U(y), U(x), 1] + np.float32(0.5)), 0), height - 1)
                free[U(y), U(x)] = np.int32(255) - np.int32(before[U(v), U(u)])
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            alpha = np.int32(cloth[U(y), U(x), U(3)])
            if alpha == 0:
                continue
            total, count = np.int32(0), np.int32(0)  # over cloth alone, so that nothing changes at rest
            for j in range(max(y - 1, 0), min(y + 2, frame.shape[0])):
                for i in range(max(x - 1, 0), min(x + 2, frame.shape[1])):
                    if cloth[U(j), U(i), U(3)] > 0:
                        total += free[U(j), U(i)]
                        count += 1
            shown = total // count
            if shown == 0:
                continue
            for c in range(3):
                old = np.int32(frame[U(y), U(x), U(c)])
                value = np.int32(cloth[U(y), U(x), U(c)]) + ((255 - alpha) * old + 127) // np.int32(255)
                frame[U(y), U(x), U(c)] = np.uint8(min(old + ((value - old) * shown) // np.int32(255), 255))
