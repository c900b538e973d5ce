"""Where the detector's 468 points lie on the embedded head: `python -m sadtalker3d.train.meshpoints -o FILE.npz`.

Renders of several people are shown to the detector, and each point is cast onto the surface it was found on. On closed
lips nothing tells an upper from a lower point, so those around the mouth come from renders with an open one. Places on
the mean head are then averaged over the people and over both sides, and laid back on the surface.

As a head turns the points slide on it, so that yaw would come out a fifth too large and pitch a fifth too small. How
far they slide is measured on other renders of known pose, and the fit takes it off.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.face.headfit import pinhole
from sadtalker3d.face.mesh import POINTS
from sadtalker3d.face.mesh_points import LOWER_LIP, UPPER_LIP, MeshPoints, on_surface
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.render.stage import Camera


@dataclass(frozen=True)
class CastConfig:
    """Who is looked at, and how."""

    people: int = 12
    identity: float = 0.7  # standard deviations: the points of caricatures are not found as exactly
    jaw_open: float = 0.35  # enough for the detector to see the lips apart, not enough to distort them
    yaws_rad: tuple[float, ...] = (-0.26, 0.0, 0.26)  # 15 degrees: places hidden or flat from the front
    picture_px: int = 640
    mouth_m: float = 0.012  # beyond the lips' box: points as near as this come from the open mouth
    snap_px: float = 12.0  # how far beside the skin a point may be found, as on an eyeball beside its lid
    least_cosine: float = 0.15  # of the surface to the line of sight: flatter, a pixel is a centimetre
    turned_people: int = 16  # others, for the slide
    turned_poses: int = 8  # of each
    most_yaw_rad: float = 0.5
    most_pitch_rad: float = 0.25


def cast_points(face: FaceModel, config: CastConfig | None = None) -> MeshPoints:
    """What `face/mesh_points.npz` holds."""
    config = config or CastConfig()
    closed, opened = (list(_places(face, config, jaw)) for jaw in (0.0, config.jaw_open))
    rest, moved = (np.nanmedian(np.stack(places), axis=0) for places in (closed, opened))
    lips = [*UPPER_LIP, *LOWER_LIP]
    low, high = moved[lips].min(axis=0) - config.mouth_m, moved[lips].max(axis=0) + config.mouth_m
    mouth = ((rest > low) & (rest < high))[:, :2].all(axis=1)
    mouth[lips] = True
    middle = np.where(mouth[:, None], moved, rest)
    samples = np.where(mouth[:, None], np.stack(opened), np.stack(closed))
    spread = np.sqrt(np.nanmedian(((samples - middle) ** 2).sum(axis=2), axis=0))
    twin = _twins(middle)
    flip = np.array([-1.0, 1.0, 1.0])
    even = (middle + middle[twin] * flip) / 2
    corners, shares = on_surface(face, even, _lip_side())
    places = MeshPoints(
        corners.astype(np.int32), shares.astype(np.float32), (500 * (spread + spread[twin])).astype(np.float32),
        twin.astype(np.int32), np.zeros((3, POINTS, 2), np.float32),
    )  # fmt: skip
    return dataclasses.replace(places, slide_m=_slide(face, places, config))


def _slide(face: FaceModel, places: MeshPoints, config: CastConfig) -> np.ndarray:
    """(3, 468, 2) metres across an upright picture: always, and for a radian of yaw and of pitch."""
    from sadtalker3d.face.landmarks import Landmarks
    from sadtalker3d.render.preview import Preview, portrait_camera
    from sadtalker3d.track import Track

    finder = Landmarks()
    rng = np.random.default_rng(6)
    angles, misses = [], []
    jaw = face.expression_names.index("jawOpen")
    for _ in range(config.turned_people):
        identity = (config.identity * rng.standard_normal(80)).astype(np.float32)
        camera = portrait_camera(face.neutral(identity))
        count = config.turned_poses
        expression = np.zeros((count, 64), np.float32)
        expression[count // 2 :, jaw] = config.jaw_open * rng.random(count - count // 2)
        turns = rng.uniform(-1, 1, (count, 3)) * [config.most_pitch_rad, config.most_yaw_rad, 0.0]
        track = Track(expression, turns, np.zeros((count, 3)), space="open")
        with Preview(face, config.picture_px, identity=identity, camera=camera) as preview:
            for picture, turn, weights in zip(preview.render(track), turns, expression, strict=True):
                found = finder.find(picture.copy())
                if found:
                    posed = places.of(face.vertices(identity, weights)) @ to_matrices(turn[None])[0].T
                    pixels, depth = seen_by(camera, posed, config.picture_px)
                    focal_px = config.picture_px / 2 / np.tan(camera.field_of_view_rad / 2)
                    misses.append((found[0].mesh[:, :2] - pixels) * depth.mean() / focal_px * [1, -1])
                    angles.append([1.0, turn[1], turn[0]])
    # the middle of the misses is robust to single wrong points, but slopes are not: drop what lies far off
    miss = np.array(misses)
    miss = np.clip(miss, *np.quantile(miss, (0.02, 0.98), axis=0))
    slide = np.linalg.lstsq(np.array(angles), miss.reshape(len(miss), -1), rcond=None)[0].reshape(
        3, POINTS, 2
    )
    mirrored = slide[:, places.twin] * [-1.0, 1.0] * np.array([1.0, -1.0, 1.0])[:, None, None]
    return ((slide + mirrored) / 2).astype(np.float32)


def _places(face: FaceModel, config: CastConfig, jaw_open: float) -> Iterator[np.ndarray]:
    """(468, 3) places on the mean head of each render's points; not a number where the skin is missed."""
    from sadtalker3d.face.landmarks import Landmarks
    from sadtalker3d.render.preview import Preview, portrait_camera
    from sadtalker3d.track import Track

    finder = Landmarks()
    rng = np.random.default_rng(5)
    skin = face.faces[face.parts["skin"]]
    expression = np.zeros(64, np.float32)
    expression[face.expression_names.index("jawOpen")] = jaw_open
    turns = np.array([[0.0, yaw, 0.0] for yaw in config.yaws_rad])
    track = Track(np.tile(expression, (len(turns), 1)), turns, np.zeros((len(turns), 3)), space="open")
    for _ in range(config.people):
        identity = (config.identity * rng.standard_normal(80)).astype(np.float32)
        camera = portrait_camera(face.neutral(identity))
        shape = face.vertices(identity, expression)
        with Preview(face, config.picture_px, identity=identity, camera=camera) as preview:
            for picture, turn in zip(preview.render(track), to_matrices(turns), strict=True):
                found = finder.find(picture.copy())
                if not found:
                    continue
                posed = shape @ turn.T
                pixels, depth = seen_by(camera, posed, config.picture_px)
                toward = (face.normals(posed) * _to_camera(camera, posed)).sum(axis=1)
                corners, shares = _cast(found[0].mesh[:, :2], pixels, depth, toward, skin, config)
                yield (face.mean[corners] * shares[..., None]).sum(axis=1)


def seen_by(camera: Camera, points: np.ndarray, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (V, 2) and distances (V,) of (V, 3) points in a square picture of the preview's camera."""
    focal = size_px / 2 / np.tan(camera.field_of_view_rad / 2)
    local = points - camera.pose[:3, 3]
    return pinhole(local, focal, np.full(2, size_px / 2 - 0.5)), -local[:, 2]


def _to_camera(camera: Camera, points: np.ndarray) -> np.ndarray:
    line = camera.pose[:3, 3] - points
    return line / np.linalg.norm(line, axis=1, keepdims=True)


def _cast(
    found: np.ndarray,
    pixels: np.ndarray,
    depth: np.ndarray,
    toward: np.ndarray,
    skin: np.ndarray,
    config: CastConfig,
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest triangle below each (468, 2) point: corners (468, 3), shares (468, 3), nan where it is missed.

    A point beside the skin takes the visible vertex that is nearest in the picture.
    """
    from scipy.spatial import cKDTree

    corners, shares = np.zeros((POINTS, 3), np.int64), np.full((POINTS, 3), np.nan)
    a, b, c = (pixels[skin[:, k]] for k in range(3))
    area = _cross(b - a, c - a)
    facing = np.abs(area) > 1e-9
    seen = np.unique(skin[toward[skin].min(axis=1) > config.least_cosine])
    tree = cKDTree(pixels[seen])
    for i, point in enumerate(found.astype(np.float64)):
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.stack(
                [_cross(c - b, point - b), _cross(a - c, point - c), _cross(b - a, point - a)], axis=1
            )
            parts = parts / area[:, None]
        inside = np.flatnonzero(facing & (parts >= 0).all(axis=1))
        near = inside[np.argmin((parts[inside] * depth[skin[inside]]).sum(axis=1))] if len(inside) else -1
        if near >= 0 and area[near] < 0 and toward[skin[near]].mean() > config.least_cosine:
            corners[i], shares[i] = skin[near], parts[near]
            continue
        distance, index = tree.query(point)
        if distance < config.snap_px:
            corners[i], shares[i] = seen[index], [1.0, 0.0, 0.0]
    return corners, shares


def _twins(places: np.ndarray) -> np.ndarray:
    """(468,) the point of the other side that mirrors each."""
    from scipy.optimize import linear_sum_assignment

    distance = np.linalg.norm(places[:, None] - places[None] * [-1.0, 1.0, 1.0], axis=2)
    twin = linear_sum_assignment(distance + distance.T)[1]
    return np.where(twin[twin] == np.arange(POINTS), twin, distance.argmin(axis=1))


def _lip_side() -> np.ndarray:
    """(468,) +1 for points of the upper lip, -1 of the lower, 0 elsewhere."""
    side = np.zeros(POINTS, np.int8)
    side[list(UPPER_LIP)], side[list(LOWER_LIP)] = 1, -1
    return side


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def main() -> None:
    """Write the file."""
    import bfm

    parser = argparse.ArgumentParser(description="where the detector's 468 points lie on the embedded head")
    parser.add_argument("-o", "--output", type=Path, required=True)
    output = parser.parse_args().output
    np.savez_compressed(output, **vars(cast_points(bfm.load("open"))))


if __name__ == "__main__":
    main()
