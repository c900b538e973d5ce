"""Measures that need a network for faces: landmark distance and identity (CSIM).

The networks are not part of this project. Each measure is there when its package, which brings free weights,
is installed: MediaPipe's face mesh, dlib's face descriptor (`face_recognition_models`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np

LANDMARK_SOURCE = "MediaPipe face mesh; mean distance over eye distance, frame by frame"
LIP_LANDMARK_SOURCE = "the same, 40 points of the lips, after moving both faces to the same eyes"
CSIM_SOURCE = "cosine of dlib's 128 numbers, every 5th frame; not ArcFace, so not comparable with papers"
NO_LANDMARKS = (
    "no face landmark network is part of sadtalker3d; pip install mediapipe==0.10.21 to have it measured"
)
NO_IDENTITY = (
    "no face identity network is part of sadtalker3d; "
    "pip install dlib-bin face_recognition_models to have it measured"
)
IDENTITY_EVERY = 5  # frames; identity changes slowly, and the network takes a tenth of a second
_EYES = (33, 133, 263, 362)  # corners of both eyes in the mesh
_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip

Finder = Callable[[np.ndarray], np.ndarray | None]


def landmark_finder() -> Finder | None:
    """(H, W, 3) uint8 -> (468, 2) pixels, None where there is no face; None where MediaPipe is missing."""
    if importlib.util.find_spec("mediapipe") is None:
        return None
    try:
        from mediapipe.python.solutions.face_mesh import FaceMesh
    except ImportError:  # newer releases come without weights
        return None
    mesh = FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=False)

    def find(picture: np.ndarray) -> np.ndarray | None:
        faces = mesh.process(np.ascontiguousarray(picture)).multi_face_landmarks
        if not faces:
            return None
        points = np.array([(p.x, p.y) for p in faces[0].landmark])
        return points * [picture.shape[1], picture.shape[0]]

    return find


def identity_finder() -> Finder | None:
    """(H, W, 3) uint8 -> (128,) descriptor, None where there is no face; None where dlib is missing."""
    found = [importlib.util.find_spec(name) for name in ("dlib", "face_recognition_models")]
    if found[0] is None or found[1] is None or not found[1].submodule_search_locations:
        return None
    models = Path(next(iter(found[1].submodule_search_locations))) / "models"
    import dlib

    detector = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))

    def find(picture: np.ndarray) -> np.ndarray | None:
        picture = np.ascontiguousarray(picture)
        boxes = detector(picture, 0)
        if not boxes:
            return None
        largest = max(boxes, key=lambda box: box.area())
        return np.array(network.compute_face_descriptor(picture, points(picture, largest)))

    return find


def landmark_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of two meshes (468, 2) in eye distances of `b`."""
    return float(np.linalg.norm(a - b, axis=1).mean() / _eye_distance(b))


def lip_landmark_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The same of the lips alone, after `a` is moved, turned and scaled so that its eyes are those of `b`."""
    a, b = (points[:, 0] + 1j * points[:, 1] for points in (a, b))
    eyes_a, eyes_b = a[list(_EYES)], b[list(_EYES)]
    centred = eyes_a - eyes_a.mean()
    turn = (np.conj(centred) @ (eyes_b - eyes_b.mean())) / (np.abs(centred) ** 2).sum()
    moved = (a - eyes_a.mean()) * turn + eyes_b.mean()
    lips = list(_LIPS)
    return float(np.abs(moved[lips] - b[lips]).mean() / abs(eyes_b[:2].mean() - eyes_b[2:].mean()))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine similarity of two descriptors."""
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _eye_distance(points: np.ndarray) -> float:
    eyes = points[list(_EYES)]
    return float(np.linalg.norm(eyes[:2].mean(axis=0) - eyes[2:].mean(axis=0)))
