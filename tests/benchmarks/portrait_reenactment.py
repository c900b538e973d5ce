"""Self-reenactment: frame 0 of a clip, driven by the clip's own track, against the clip.

The portrait is fitted by the detector, as a user's is; the track is the clip's. `static` is frame 0 all the time,
`affine` frame 0 laid on each real frame's 68 landmarks. Masks and landmarks come from the detector on the real frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.face.fit import fit_portrait3d
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.face.landmarks import Face, Landmarks, largest_face
from sadtalker3d.face.mesh_points import LOWER_OUTER, MEETING, OVAL, UPPER_OUTER
from sadtalker3d.mouth import Mouth
from sadtalker3d.render.portrait import BEHIND_LIPS_M, PhotoPortrait
from sadtalker3d.render.warp.expression import speaking, together
from sadtalker3d.render.warp.raster import nearest_triangles
from sadtalker3d.track import Track
from tests.benchmarks.rendered_clip import Clip, head

LIPS = slice(48, 68)  # of iBUG's 68
WALL_M = 0.06  # how far from the head the wall is looked at
EYES = (33, 263)  # the outer corners


@dataclass(frozen=True)
class ClosureConfig:
    """When lips are closed."""

    track_mm: float = 1.0  # or this share of the clip's 90th percentile, see ../shared/reference/judging.md
    track_share: float = 0.15
    seen: float = 0.06  # of the mouth's width, as `face/fit.py` has it: the detector's own error
    opening_frames: int = 5  # a closure in speech has an open mouth this near


def reenacted(clip: Clip, fit: HeadFit | None = None) -> np.ndarray:
    """(T, H, W, 3) uint8; `fit` is the detector's unless given."""
    picture = clip.frames[0]
    if fit is None:
        fit = fit_portrait3d(picture, largest_face(picture, "frame 0")[0], head())
    return np.stack(list(PhotoPortrait(picture, fit, model=head()).frames(clip.track)))


def scores(clip: Clip, frames: np.ndarray) -> dict[str, float]:
    """What the issue asks for, of one clip."""
    finder = Landmarks()
    start = largest_face(clip.frames[0], "frame 0", finder)[0]
    real, ours = _followed(finder, clip.frames, start), _followed(finder, frames, start)
    still, count = clip.frames[0], len(frames)
    square = {name: np.zeros((2, 2)) for name in ("ours", "static", "affine")}  # face and mouth: sum, count
    for t in range(1, count):
        masks = face_and_mouth(real[t], still.shape)
        laid = affine(still, start.points, real[t].points)
        for name, picture in (("ours", frames[t]), ("static", still), ("affine", laid)):
            error = (picture.astype(np.float32) - clip.frames[t]) ** 2
            for k, mask in enumerate(masks):
                square[name][k] += error[mask].sum(), 3 * mask.sum()
    psnr = {name: 10 * np.log10(255**2 / (rows[:, 0] / rows[:, 1])) for name, rows in square.items()}
    eyes_px = np.array([np.linalg.norm(face.mesh[EYES[0], :2] - face.mesh[EYES[1], :2]) for face in real])
    lips = np.array([a.points[LIPS] - b.points[LIPS] for a, b in zip(ours, real, strict=True)])
    off = np.linalg.norm(lips, axis=2).mean(axis=1) / eyes_px
    kept = np.array([start.points[LIPS] - face.points[LIPS] for face in real])
    return {
        "face_db": psnr["ours"][0],
        "face_over_static_db": psnr["ours"][0] - psnr["static"][0],
        "face_over_affine_db": psnr["ours"][0] - psnr["affine"][0],
        "mouth_db": psnr["ours"][1],
        "mouth_over_static_db": psnr["ours"][1] - psnr["static"][1],
        "mouth_over_affine_db": psnr["ours"][1] - psnr["affine"][1],
        "wall_db": wall_db(clip, frames),
        "lip_error": float(off[1:].mean()),
        "lip_error_static": float((np.linalg.norm(kept, axis=2).mean(axis=1) / eyes_px)[1:].mean()),
        **_lip_scores(clip, [lip_gap(face) for face in ours], [lip_gap(face) for face in real]),
    }


def wall_db(clip: Clip, frames: np.ndarray) -> float:
    """PSNR of the wall near the head: lines that bend, halos, and what the head uncovers; NaN without a wall."""
    import cv2

    reach = round(WALL_M * clip.exact.focal_px / -clip.exact.translation_m[2])
    square, count = 0.0, 0
    for frame, real, wall in zip(frames[1:], clip.frames[1:], clip.wall[1:], strict=True):
        near = cv2.dilate((~wall).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
        error = (frame.astype(np.float32) - real)[wall & near]
        square, count = square + float((error**2).sum()), count + error.size
    if not count:
        return float("nan")
    return 10 * float(np.log10(255**2 / max(square / count, 1e-9)))


def drawn_gap_correlation(clip: Clip) -> float:
    """Correlation of the track's lip gap with the height of what is drawn between the lips, in their middle third.

    No detector is asked: on the real frames it reaches .9 only, and the same on moved and enlarged crops.
    """
    portrait = PhotoPortrait(
        clip.frames[0],
        fit_portrait3d(clip.frames[0], largest_face(clip.frames[0], "frame 0")[0], head()),
        model=head(),
    )
    track = Mouth.of(head()).measure(clip.track.expression).gap_mm
    return float(np.corrcoef(drawn_gaps(portrait, clip.track)[1:], track[1:])[0, 1])


def drawn_gaps(portrait: PhotoPortrait, track: Track, samples: int = 3) -> np.ndarray:
    """(T,) pixels between the lips in their middle third, counted among the triangles drawn."""
    motion, surface = portrait._motion, portrait._surface
    speaks = speaking(track.expression, track.names, track.fps)
    expression = together(motion.fit.expression, track.expression, speaks, track.names)
    inside = np.append(np.isin(surface.faces, surface.inner).all(axis=1), False)
    upper, still, found = head().points["inner_lip_upper"], np.zeros(3), []
    for row, seal in zip(expression, speaks, strict=True):
        moved = motion.rest + motion.displacement(row) + np.float32(seal) * portrait._seal
        now = motion.see(np.concatenate([moved[surface.ids], surface.patch]), portrait._share, still, still)
        now.near[surface.inner] -= BEHIND_LIPS_M
        low, high = now.xy[surface.inner].min(axis=0) - 2, now.xy[surface.inner].max(axis=0) + 2
        left, top = np.floor(low).astype(int)
        width, height = samples * np.ceil(high - low).astype(int)
        ids = np.full((height, width), -1, np.int32)
        depth = np.full(ids.shape, -np.inf, np.float32)
        nearest_triangles(now.xy, now.near, surface.faces, 0, int(left), int(top), samples, ids, depth)
        across = motion.see(moved[upper], np.ones(len(upper), np.float32), still, still).xy[:, 0]
        middle, sixth = (across.min() + across.max()) / 2, np.ptp(across) / 6
        first, last = ((middle + way * sixth - left) * samples for way in (-1, 1))
        found.append(inside[ids[:, int(first) : int(last)]].sum(axis=0).mean() / samples)
    return np.array(found)


def lip_gap(face: Face) -> float:
    """The mean distance between lips that meet, as a part of the mouth's width."""
    upper, lower = np.array(MEETING).T
    apart = np.linalg.norm(face.mesh[upper, :2] - face.mesh[lower, :2], axis=1).mean()
    return float(apart / np.linalg.norm(face.mesh[61, :2] - face.mesh[291, :2]))


def face_and_mouth(face: Face, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool: inside the face's outline, and the lips with what is close around them."""
    import cv2

    masks = []
    for rows, grow in ((OVAL, 0.0), ((*UPPER_OUTER, *LOWER_OUTER), 0.06)):
        mask = np.zeros(shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(face.mesh[list(rows), :2].round().astype(np.int32)), 1)
        reach = round(grow * float(np.linalg.norm(face.mesh[EYES[0], :2] - face.mesh[EYES[1], :2])))
        masks.append(cv2.dilate(mask, np.ones((2 * reach + 1,) * 2, np.uint8)) > 0)
    return masks[0], masks[1]


def affine(picture: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The picture moved so that (68, 2) points lie on the target's as well as they can."""
    import cv2

    matrix = np.linalg.lstsq(np.c_[source, np.ones(len(source))], target, rcond=None)[0].T
    size = picture.shape[1::-1]
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _followed(finder: Landmarks, frames: np.ndarray, start: Face) -> list[Face]:
    faces, face = [], start
    for t, frame in enumerate(frames):
        found = finder.follow(frame, face)
        if found is None:
            raise ValueError(f"the detector loses the face in frame {t}")
        face = found
        faces.append(face)
    return faces


def _lip_scores(clip: Clip, ours: list[float], real: list[float]) -> dict[str, float]:
    config = ClosureConfig()
    track = Mouth.of(head()).measure(clip.track.expression).gap_mm
    shut = track < max(config.track_mm, config.track_share * float(np.percentile(track, 90)))
    reach = config.opening_frames
    near = np.lib.stride_tricks.sliding_window_view(np.pad(~shut, reach), 2 * reach + 1)
    closures = shut & near[:, :reach].any(axis=1) & near[:, reach + 1 :].any(axis=1)
    seen, truth = np.array(ours), np.array(real)
    return {
        "gap_correlation_drawn": drawn_gap_correlation(clip),
        "gap_correlation": float(np.corrcoef(seen[1:], track[1:])[0, 1]),
        "gap_correlation_real": float(np.corrcoef(truth[1:], track[1:])[0, 1]),
        "gap_correlation_to_real": float(np.corrcoef(seen[1:], truth[1:])[0, 1]),
        "closure_frames": int(closures.sum()),
        "closed_share": float((seen[closures] < config.seen).mean()) if closures.any() else np.nan,
        "closed_share_real": float((truth[closures] < config.seen).mean()) if closures.any() else np.nan,
    }
