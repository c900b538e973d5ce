"""`Preview`: a track as pictures of the head speaking, without a screen, and as a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.render.gl import check_gl, load_pyrender
from sadtalker3d.render.morph import Morph
from sadtalker3d.render.occlusion import light_reaching
from sadtalker3d.render.shading import Studio
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel
    from sadtalker3d.progress import Report
    from sadtalker3d.render.stage import Camera
    from sadtalker3d.track import Track

__all__ = ["Preview", "check_gl", "render_still", "write_preview"]

# The neck goes more and more with the head from one height to the other above its edge (in heights of the
# head), because one that swings like a bell looks wrong at once.
NECK_FOLLOWS = (0.01, 0.21)


class Preview:
    """A face before the camera. Use it in a `with` block, which frees the OpenGL context.

    Parameters
    ----------
    size : width and height of the pictures in pixels
    identity : (80,) coefficients, or None for the mean face
    camera, studio : None for the head and neck as in a portrait
    transparent : no backdrop; the pictures have a fourth channel, straight alpha

    Raises
    ------
    UserError : there is no OpenGL; the message says what to install
    """

    def __init__(
        self,
        face: FaceModel,
        size: int = 512,
        *,
        identity: np.ndarray | None = None,
        camera: Camera | None = None,
        studio: Studio | None = None,
        transparent: bool = False,
    ) -> None:
        self._face, self._identity = face, identity
        neutral = face.neutral(identity)
        studio = studio or Studio()
        follows = np.ones(len(neutral))
        if face.space == "open":  # Basel's is a mask without a neck
            above = height_above_neck_edge(face, neutral) / np.ptp(neutral[:, 1])
            follows = _smooth_step(above, *NECK_FOLLOWS)
        toward = [lamp.toward for lamp in studio.lamps]
        with ThreadPoolExecutor(1) as beside:  # each takes half a second
            seen = beside.submit(light_reaching, face, neutral, toward)
            load_pyrender()
            from sadtalker3d.render.stage import Stage

            share = np.concatenate([follows[:, None], seen.result()], axis=1)
        self._stage = Stage(face, share, camera or portrait_camera(neutral), size, studio, transparent)

    def render(self, track: Track, indices: Iterable[int] | None = None) -> Iterator[np.ndarray]:
        """Yield frames as (size, size, 3) uint8, or 4 when transparent, all or those of the given numbers.

        Raises
        ------
        UserError : the track is of another space than the face
        """
        track.require_space(self._face.space, "the preview of this head")
        chosen = slice(None) if indices is None else np.fromiter(indices, np.int64)
        expression = track.expression[chosen]
        poses = head_poses(track.rotation[chosen], track.translation[chosen])
        morph = Morph(self._face, self._identity, (expression != 0).any(axis=0))
        for (vertices, normals), pose in zip(morph.frames(expression), poses, strict=True):
            yield self._stage.draw(vertices, normals, pose)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._stage.close()

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def portrait_camera(vertices: np.ndarray) -> Camera:
    """A camera for (V, 3) vertices at rest: some room above the head, the neck's edge at the bottom."""
    from sadtalker3d.render.stage import Camera

    low, high = vertices.min(axis=0), vertices.max(axis=0)
    tall = float(high[1] - low[1])
    bottom, top = low[1] + 0.03 * tall, high[1] + 0.09 * tall
    target = (float(low[0] + high[0]) / 2, float(bottom + top) / 2, float(high[2]) * 0.5)
    return Camera(target, float((top - bottom) / 2 / np.tan(Camera.field_of_view_rad / 2)))


def height_above_neck_edge(face: FaceModel, vertices: np.ndarray) -> np.ndarray:
    """(V,) heights above the plane through the neck's open edge; above the lowest vertex without one."""
    corners = face.weld[face.faces[face.parts["skin"]]]
    sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
    edges, used = np.unique(sides, axis=0, return_counts=True)
    rim = vertices[np.unique(edges[used == 1])]
    rim = rim[rim[:, 1] < vertices[:, 1].min() + 0.2 * np.ptp(vertices[:, 1])]
    if len(rim) < 3:
        return vertices[:, 1] - vertices[:, 1].min()
    level = np.linalg.lstsq(np.c_[rim[:, [0, 2]], np.ones(len(rim))], rim[:, 1], rcond=None)[0]
    return vertices[:, 1] - np.c_[vertices[:, [0, 2]], np.ones(len(vertices))] @ level


def _smooth_step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return share * share * (3 - 2 * share)


def head_poses(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """(T, 4, 4) from radians (T, 3), p' = Rz Ry Rx p, and offsets (T, 3)."""
    poses = np.zeros((len(rotation), 4, 4))
    poses[:, :3, :3] = to_matrices(rotation)
    poses[:, :3, 3] = translation
    poses[:, 3, 3] = 1.0
    return poses


def render_still(
    face: FaceModel,
    expression: np.ndarray | None = None,
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    identity: np.ndarray | None = None,
    size: int = 512,
    camera: Camera | None = None,
) -> np.ndarray:
    """One (size, size, 3) uint8 picture of a face with (64,) weights, turned by radians (x, y, z)."""
    from sadtalker3d.track import Track

    weights = np.zeros(64) if expression is None else np.asarray(expression)
    track = Track(weights[None], np.array([rotation]), np.zeros((1, 3)), space=face.space)
    with Preview(face, size, identity=identity, camera=camera) as preview:
        return next(preview.render(track))


def write_preview(
    track: Track,
    path: str | Path,
    face: FaceModel,
    audio_path: str | Path | None = None,
    *,
    progress: Report | None = None,
    size: int = 512,
    identity: np.ndarray | None = None,
    transparent: bool = False,
) -> Path:
    """Write the head speaking as `write_frames` does: a video with its sound, or numbered pictures.

    Memory does not grow with the length.

    Raises
    ------
    UserError : no OpenGL, a track of another space, an unreadable sound, or a place that cannot be written
    """
    from sadtalker3d.render.write_frames import write_frames

    track.require_space(face.space, "the preview of this head")
    with Preview(face, size, identity=identity, transparent=transparent) as preview:
        write_frames(path, _counted(preview.render(track), len(track), progress), track.fps, audio_path)
    return Path(path)


def _counted(frames: Iterator[np.ndarray], total: int, progress: Report | None) -> Iterator[np.ndarray]:
    for done, frame in enumerate(frames, start=1):
        yield frame
        if progress is not None:
            progress(done, total)
