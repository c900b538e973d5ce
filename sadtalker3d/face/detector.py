"""Where faces are: MediaPipe's short-range BlazeFace, run by OpenCV over the picture and, for small faces, its tiles.

The network sees 128 x 128 pixels and finds faces from about a tenth of that. A picture is therefore looked at
whole first, then in tiles of half, a quarter and an eighth of its long side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MODEL = Path(__file__).with_name("models") / "face_detection_short_range.tflite"


@dataclass(frozen=True)
class DetectorConfig:
    """The network's own numbers (MediaPipe, face_detection_short_range.pbtxt), and how tiles are laid."""

    side_px: int = 128
    grids: tuple[tuple[int, int], ...] = ((16, 2), (8, 6))  # cells a side, anchors a cell
    least_score: float = 0.5
    same_face: float = 0.3  # boxes whose intersection over union is more than this are one face
    tile_step: float = 0.5  # of a tile: a face of up to half a tile lies whole in one of them
    least_tile_px: int = 64  # enlarging more than twice shows the network nothing new
    levels: int = 4  # the last one has about 225 tiles, 0.6 s


@dataclass(frozen=True)
class Found:
    """One face as the detector sees it, in the picture's pixels.

    box : (4,) x0, y0, x1, y1, from the brows to the chin
    keys : (6, 2) the subject's right eye, left eye, nose tip, mouth, right ear, left ear
    score : 0..1
    """

    box: np.ndarray
    keys: np.ndarray
    score: float


class Detector:
    """BlazeFace, loaded once. Not for several threads at a time."""

    def __init__(self, config: DetectorConfig | None = None) -> None:
        import cv2

        self.config = config or DetectorConfig()
        # as bytes, because OpenCV cannot open every file name on Windows
        self._net = cv2.dnn.readNetFromTFLite(np.fromfile(MODEL, np.uint8))
        self._outputs = self._net.getUnconnectedOutLayersNames()
        self._anchors = _anchors(self.config)

    def levels(self, picture: np.ndarray) -> Iterator[list[Found]]:
        """Yield what is found in the whole (H, W, 3) uint8 picture, then in ever smaller tiles."""
        height, width = picture.shape[:2]
        side = max(height, width)
        yield _apart(self._in_tile(picture, 0, 0, side), self.config.same_face)
        for _ in range(1, self.config.levels):
            side = (side + 1) // 2
            if side < self.config.least_tile_px:
                return
            step = max(int(side * self.config.tile_step), 1)
            found = [
                face
                for top in _starts(height, side, step)
                for left in _starts(width, side, step)
                for face in self._in_tile(picture, left, top, side)
            ]
            yield _apart(found, self.config.same_face)

    def _in_tile(self, picture: np.ndarray, left: int, top: int, side: int) -> list[Found]:
        """Faces in the square at (left, top); what lies outside the picture is black, as in MediaPipe."""
        import cv2

        size, tile = self.config.side_px, picture[top : top + side, left : left + side]
        scale = size / side
        # the tile in the middle of the square, as MediaPipe has it
        pad_x, pad_y = (side - tile.shape[1]) / 2, (side - tile.shape[0]) / 2
        width, height = (max(round(n * scale), 1) for n in (tile.shape[1], tile.shape[0]))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(tile, (width, height), interpolation=method)
        square = np.zeros((size, size, 3), np.float32)
        x, y = (size - width) // 2, (size - height) // 2
        square[y : y + height, x : x + width] = small / 127.5 - 1
        self._net.setInput(np.ascontiguousarray(square.transpose(2, 0, 1)[None]))
        raw = {out.shape[-1]: out[0] for out in self._net.forward(self._outputs)}
        scores = 1 / (1 + np.exp(-np.clip(raw[1][:, 0], -80, 80)))  # further, float32 overflows
        kept = scores >= self.config.least_score
        scores, values, anchors = scores[kept], raw[16][kept], self._anchors[kept]
        # x, y, width, height, then six points; all in pixels of the square, relative to the anchor
        places = values.reshape(-1, 8, 2).astype(np.float64) / size
        places[:, [0, 2, 3, 4, 5, 6, 7]] += anchors[:, None]
        places *= side
        shift = np.array([left - pad_x, top - pad_y]) - 0.5  # from edges to pixels' middles
        boxes = np.concatenate([places[:, 0] - places[:, 1] / 2, places[:, 0] + places[:, 1] / 2], axis=1)
        found = [
            Found(box + np.tile(shift, 2), keys + shift, float(score))
            for box, keys, score in zip(boxes, places[:, 2:], scores, strict=True)
        ]
        return _apart(found, self.config.same_face)


def _anchors(config: DetectorConfig) -> np.ndarray:
    """(896, 2) x, y of the anchors in 0..1, row by row."""
    rows = []
    for cells, count in config.grids:
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(rows)


def _starts(length: int, side: int, step: int) -> list[int]:
    """Where tiles begin so that they cover the length."""
    return list(range(0, max(length - side, 0) + step, step)) if length > side else [0]


def _apart(found: list[Found], same_face: float) -> list[Found]:
    """One of each face: boxes that overlap are averaged by their scores (MediaPipe's weighted suppression)."""
    left = sorted(found, key=lambda face: -face.score)
    result = []
    while left:
        first = left[0]
        overlaps = np.array([overlap(first.box, face.box) > same_face for face in left])
        overlaps[0] = True  # an empty box does not overlap itself
        group = [face for face, same in zip(left, overlaps, strict=True) if same]
        weights = np.array([face.score for face in group])
        box = np.average([face.box for face in group], axis=0, weights=weights)
        keys = np.average([face.keys for face in group], axis=0, weights=weights)
        result.append(Found(box, keys, first.score))
        left = [face for face, same in zip(left, overlaps, strict=True) if not same]
    return result


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1; 0 where both are empty."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = float(np.prod(np.maximum(high - low, 0)))
    total = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both
    return both / total if total > 0 else 0.0
