"""Face coefficients of videos: a track beside each, of the same name and length."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.rotation import to_matrices
from sadtalker3d.track import Track, load
from sadtalker3d.train.videoframes import COEFFICIENT_ENDINGS, VideoFrames


def load_coefficients(folder: str | Path, videos: list[VideoFrames]) -> tuple[list[np.ndarray], str]:
    """(T, 70) float32 for every video, and the space they are all in.

    folder : has a .mat, .npz or .json of each video's name: from the coefficient regressor, or the track that
        the video was rendered from

    Raises UserError when one is missing, of another length than its video, or of another space than the rest.
    """
    tracks = [_track_of(video, Path(folder)) for video in videos]
    spaces = sorted({track.space for track in tracks})
    if len(spaces) > 1:
        raise UserError(f"{folder}: has tracks of the spaces {' and '.join(spaces)}; all must be of one")
    return [rows_of(track) for track in tracks], spaces[0]


def rows_of(track: Track) -> np.ndarray:
    """A track as MappingNet sees it: expression 64, rotation 3, translation 3."""
    return np.concatenate([track.expression, track.rotation, track.translation], axis=1)


def _track_of(video: VideoFrames, folder: Path) -> Track:
    found = [path for ending in COEFFICIENT_ENDINGS if (path := folder / f"{video.name}{ending}").is_file()]
    if not found:
        raise UserError(
            f"{folder / video.name}: has no coefficients ({', '.join(COEFFICIENT_ENDINGS)}); fit the video first"
        )
    track = load(found[0])
    if len(track) != len(video):
        raise UserError(
            f"{found[0]}: has {len(track)} frames, but its video has {len(video)}; fit the video again"
        )
    return track


def head_angles_deg(rotation_rad: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll in degrees, (T, 3), that turn the renderer's keypoints as a track's head turns.

    rotation_rad : (T, 3) as in `Track.rotation`: p' = Rz Ry Rx p with y up and z toward the camera

    The keypoints' y runs down and their z away from the camera, and they are turned by Rx Ry Rz
    (`head_pose.rotation_matrix`), so the matrix is carried over and taken apart again.
    """
    flip = np.diag([1.0, -1.0, -1.0])
    turn = flip @ to_matrices(rotation_rad) @ flip
    yaw = np.arcsin(np.clip(turn[:, 0, 2], -1, 1))
    pitch = np.arctan2(-turn[:, 1, 2], turn[:, 2, 2])
    roll = np.arctan2(-turn[:, 0, 1], turn[:, 0, 0])
    return np.degrees(np.stack([yaw, pitch, roll], axis=1)).astype(np.float32)
