"""Where a head of known shape is before a known camera, for many frames at once: Gauss-Newton, robust to bad points.

A pose is (6,): pitch, yaw, roll in radians and the translation in camera space in metres (see `face.headfit`).
"""

from __future__ import annotations

import numpy as np

from sadtalker3d.face.mesh_points import MeshPoints
from sadtalker3d.rotation import to_matrices

DEPTH = 0.3  # how much the detector's depth counts beside what is seen
HELD = np.array([1.0, 1.0, 0.0])  # how much an expected pitch and yaw count beside what is seen; roll is seen
LEVER_M = 0.03  # by which a turn moves points across the picture, about
LEAST_Z_M = 0.15  # nearer than this to the lens no head is


def first_poses(
    points: np.ndarray, mean: np.ndarray, weights: np.ndarray, focal_px: float, centre: np.ndarray
) -> np.ndarray:
    """(T, 6) of (T, 468, 2 or 3) points: upright before the camera, as large as the points are wide."""
    used = weights > 0.5
    seen = points[:, used, :2]
    across = np.linalg.norm(seen - seen.mean(axis=1, keepdims=True), axis=2).mean(axis=1)
    wide = np.linalg.norm((mean[used] - mean[used].mean(axis=0))[:, :2], axis=1).mean()
    z = focal_px * wide / np.maximum(across, 1e-3)
    eyes = points[:, 263, :2] - points[:, 33, :2]
    roll = -np.arctan2(eyes[:, 1], eyes[:, 0])
    zero = np.zeros(len(points))
    turn = to_matrices(np.stack([zero, zero, roll], axis=1))
    middle = (seen.mean(axis=1) - centre) * [1, -1] * (z / focal_px)[:, None]
    shift = np.concatenate([middle, -z[:, None]], axis=1) - turn @ mean[used].mean(axis=0)
    return np.concatenate([np.stack([zero, zero, roll], axis=1), shift], axis=1)


def settle(
    poses: np.ndarray, points: np.ndarray, shapes: np.ndarray, places: MeshPoints, weights: np.ndarray,
    focal_px: float, centre: np.ndarray, soft_m: float, turns: int, depth_weights: np.ndarray,
    expected_rad: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Better poses (T, 6), and the misfit (T, 468) in metres at the face's distance.

    points : (T, 468, 3) pixels, with the detector's own guess of depth, which steadies the pitch
    shapes : (T, 468, 3) or (468, 3) places in head space
    soft_m : beyond it a misfit counts linearly
    expected_rad : (T, 3) rotation near which the poses are held, see `face.glance`
    """
    deep = DEPTH * depth_weights
    held = np.append(HELD * LEVER_M**2 * weights.sum(), np.zeros(3))
    for _ in range(turns):
        rows, jacobian = _rows(poses, points[..., :2], shapes, places, focal_px, centre)
        share = weights / np.sqrt(1 + (rows**2).sum(axis=2) / soft_m**2)
        weighted = (jacobian * share[..., None, None]).reshape(len(poses), -1, 6).transpose(0, 2, 1)
        normal = weighted @ jacobian.reshape(len(poses), -1, 6)
        moment = (weighted @ rows.reshape(len(poses), -1, 1))[..., 0]
        if points.shape[-1] == 3:
            behind, by_pose = _depths(poses, points[..., 2], shapes, focal_px, deep)
            share = deep / np.sqrt(1 + behind**2 / soft_m**2)
            weighted = (by_pose * share[..., None]).transpose(0, 2, 1)
            normal += weighted @ by_pose
            moment += (weighted @ behind[..., None])[..., 0]
        if expected_rad is not None:
            normal += np.diag(held)
            moment[:, :3] += held[:3] * (expected_rad - poses[:, :3])
        damping = np.eye(6) * (1e-4 * np.einsum("tii->ti", normal))[:, None, :]
        step = np.linalg.solve(normal + damping, moment[..., None])[..., 0]
        step[:, :3] = np.clip(step[:, :3], -0.4, 0.4)
        poses = poses + step
        poses[:, 5] = np.minimum(poses[:, 5], -LEAST_Z_M)
    rows, _ = _rows(poses, points[..., :2], shapes, places, focal_px, centre)
    return poses, np.linalg.norm(rows, axis=2)


def _rows(
    poses: np.ndarray, points: np.ndarray, shapes: np.ndarray, places: MeshPoints, focal_px: float,
    centre: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """From the head's places to the points, (T, 468, 2) metres at the face's distance, and d place / d pose."""
    turn = to_matrices(poses[:, :3])
    turned = shapes @ turn.transpose(0, 2, 1)
    placed = turned + poses[:, None, 3:]
    depth = np.maximum(-placed[..., 2], LEAST_Z_M)
    distance = depth.mean(axis=1)[:, None, None]
    seen = placed[..., :2] / depth[..., None]  # slopes, y up
    slide, by_yaw, by_pitch = _slides(poses, places)
    wanted = (points - centre) * [1, -1] / focal_px
    rows = (wanted - seen) * distance - slide

    moves = np.empty((*placed.shape[:2], 6, 3))
    moves[:, :, :3] = np.cross(_axes(poses)[:, None], turned[:, :, None])
    moves[:, :, 3:] = np.eye(3)
    # d (x / depth) = (dx + slope dz) / depth
    scale = (distance / depth[..., None])[..., None]
    jacobian = (moves[..., :2] + seen[:, :, None] * moves[..., 2:]) * scale  # (T, 468, 6, 2)
    jacobian[:, :, 0] += by_pitch
    jacobian[:, :, 1] += by_yaw
    return rows, np.ascontiguousarray(jacobian.transpose(0, 1, 3, 2))


def _axes(poses: np.ndarray) -> np.ndarray:
    """(T, 3, 3) what pitch, yaw and roll turn about, in camera space."""
    roll, yaw = poses[:, 2], poses[:, 1]
    zero, one = np.zeros_like(roll), np.ones_like(roll)
    pitch_axis = np.stack([np.cos(roll) * np.cos(yaw), np.sin(roll) * np.cos(yaw), -np.sin(yaw)], axis=1)
    yaw_axis = np.stack([-np.sin(roll), np.cos(roll), zero], axis=1)
    return np.stack([pitch_axis, yaw_axis, np.stack([zero, zero, one], axis=1)], axis=1)


def _depths(
    poses: np.ndarray, depths: np.ndarray, shapes: np.ndarray, focal_px: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far in metres the points (T, 468) lie before the head's places, both about their own middles; d / d pose."""
    turned = shapes @ to_matrices(poses[:, :3]).transpose(0, 2, 1)
    share = weights / weights.sum()
    metres = -depths * (-poses[:, 5] / focal_px)[:, None]
    behind = (metres - (metres @ share)[:, None]) - (turned[..., 2] - (turned[..., 2] @ share)[:, None])
    turns = np.cross(_axes(poses)[:, None], turned[:, :, None])[..., 2]  # (T, 468, 3)
    turns = turns - np.einsum("tpi,p->ti", turns, share)[:, None]
    turns[:, :, 1] = 0  # the yaw is better known without: the detector flattens faces that turn away
    return behind, np.concatenate([turns, np.zeros_like(turns)], axis=2)


def _slides(poses: np.ndarray, places: MeshPoints) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`MeshPoints.slide` of (T, 6) poses: (T, 468, 2), and what a radian of yaw and of pitch adds to it."""
    cos, sin = np.cos(poses[:, 2]), np.sin(poses[:, 2])
    turn = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)[
        :, None
    ]  # (T, 1, 2, 2)
    always, by_yaw, by_pitch = (places.slide_m[k] @ turn for k in range(3))
    always, by_yaw, by_pitch = (np.broadcast_to(a.reshape(len(poses), -1, 2), (len(poses), 468, 2)) for a in (
        always, by_yaw, by_pitch))  # fmt: skip
    total = always + poses[:, 1, None, None] * by_yaw + poses[:, 0, None, None] * by_pitch
    return total, by_yaw, by_pitch


def slides(poses: np.ndarray, places: MeshPoints) -> np.ndarray:
    """(T, 468, 2) metres from the head's places to where the detector puts the points."""
    return _slides(poses, places)[0]


def misfits(
    poses: np.ndarray,
    points: np.ndarray,
    shapes: np.ndarray,
    places: MeshPoints,
    focal_px: float,
    centre: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(T, 468, 2) pixels from the head's places to the (T, 468, 2) points, and (T,) pixels a metre at the face."""
    placed = shapes @ to_matrices(poses[:, :3]).transpose(0, 2, 1) + poses[:, None, 3:]
    depth = np.maximum(-placed[..., 2], LEAST_Z_M)
    scale = focal_px / depth.mean(axis=1)
    seen = centre + focal_px * placed[..., :2] / depth[..., None] * [1, -1]
    return points - seen - slides(poses, places) * [1, -1] * scale[:, None, None], scale
