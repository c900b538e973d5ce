"""The 468 points of a face: MediaPipe's face mesh (the one without attention), run by OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

MODEL = Path(__file__).with_name("models") / "face_landmark.tflite"
POINTS = 468
EYE_CORNERS = (33, 263)  # the outer ones of the subject's right and left eye


@dataclass(frozen=True)
class MeshConfig:
    """The network's own numbers (MediaPipe, face_landmark_front_cpu.pbtxt), and how often it looks."""

    side_px: int = 192
    enlarge: float = 1.5  # the square that is shown, by the box's longer side
    looks: int = 2  # the second from where the first saw the face: the detector's box is only rough


class FaceMesh:
    """The face mesh network, loaded once. Not for several threads at a time."""

    def __init__(self, config: MeshConfig | None = None) -> None:
        import cv2

        self.config = config or MeshConfig()
        self._net = cv2.dnn.readNetFromTFLite(np.fromfile(MODEL, np.uint8))
        self._outputs = self._net.getUnconnectedOutLayersNames()

    def points(self, picture: np.ndarray, box: np.ndarray, eyes: np.ndarray) -> tuple[np.ndarray, float]:
        """The points of the face in a box x0, y0, x1, y1 of the (H, W, 3) uint8 picture.

        `eyes` (2, 2) are the subject's right and left eye, by which the square is turned. Returns (468, 3)
        float64 in pixels (z toward the back, about to the same scale) and the evidence that a face is there, as a
        logit: about 25 for a clear face, 6 for one upside down, below 0 for none.
        """
        for _ in range(self.config.looks):
            centre = (box[:2] + box[2:]) / 2
            side = float((box[2:] - box[:2]).max()) * self.config.enlarge
            across = eyes[1] - eyes[0]
            points, evidence = self._look(picture, centre, side, float(np.arctan2(across[1], across[0])))
            flat = points[:, :2]
            box = np.concatenate([flat.min(axis=0), flat.max(axis=0)])
            eyes = flat[list(EYE_CORNERS)]
        return points, evidence

    def _look(
        self, picture: np.ndarray, centre: np.ndarray, side: float, angle_rad: float
    ) -> tuple[np.ndarray, float]:
        """The points as seen in one square, `side` pixels wide and turned by `angle_rad`."""
        import cv2

        size = self.config.side_px
        scale = max(side, 1.0) / size
        cos, sin = np.cos(angle_rad) * scale, np.sin(angle_rad) * scale
        turn = np.array([[cos, -sin], [sin, cos]])
        # the middles of both squares fall together; a pixel's middle is a whole number
        origin = centre + turn @ np.full(2, 0.5 - size / 2)
        source, shrunk, corner = _shrunk(picture, centre, side * 1.5, scale)
        to_source = np.column_stack([turn / shrunk, (origin - corner + 0.5) / shrunk - 0.5])
        seen = cv2.warpAffine(
            source, to_source, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        self._net.setInput(np.ascontiguousarray(seen.transpose(2, 0, 1)[None], np.float32) / 255)
        raw = {out.size: out.ravel() for out in self._net.forward(self._outputs)}
        local = raw[3 * POINTS].reshape(POINTS, 3).astype(np.float64)
        points = local * scale
        points[:, :2] = (local[:, :2] - size / 2) @ turn.T + centre  # the network counts from the edge
        return points, float(raw[1][0])


def _shrunk(
    picture: np.ndarray, centre: np.ndarray, side: float, scale: float
) -> tuple[np.ndarray, int, np.ndarray]:
    """The part of the picture about a square, shrunk by a whole number so that sampling it skips no pixel.

    Returns it, the number, and the (2,) pixel of the picture at which it begins.
    """
    import cv2

    height, width = picture.shape[:2]
    shrink = max(int(scale), 1)
    if shrink == 1:
        return picture, 1, np.zeros(2)
    low = np.clip(np.floor(centre - side / 2), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(centre + side / 2), low + 1, [width, height]).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    size = [max(n // shrink, 1) for n in part.shape[:2]]
    part = part[: size[0] * shrink, : size[1] * shrink]
    return cv2.resize(part, (size[1], size[0]), interpolation=cv2.INTER_AREA), shrink, low.astype(float)
