"""Faces in a picture and their 68 landmarks in iBUG's order.

MediaPipe's detector and face mesh (Apache-2.0, `models/`) run through OpenCV, so that nothing needs to be installed
for them. Upstream's FAN gives 68 points; here they are taken from the 468 of the mesh by `IBUG_68`. Only the eyes,
the nose's tip and the corners of the mouth decide how a face is cropped and aligned. See `docs/landmarks.md` for
how exact they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.detector import Detector, overlap
from sadtalker3d.face.mesh import FaceMesh

# Which point of the mesh each landmark is. Chosen so that each lands on the embedded head's own landmark, measured
# on renders, and looked at on a photograph. The subject's right is on the left of the picture.
IBUG_68 = np.array([
    234, 93, 132, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 361, 323, 454,  # 0-16 jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # 17-26 brows
    168, 197, 5, 4, 98, 97, 2, 326, 327,  # 27-35 nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # 36-47 eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # 48-59 outer lips
    78, 81, 13, 311, 308, 402, 14, 178,  # 60-67 inner lips
])  # fmt: skip
JAW = 17  # landmarks before the brows


@dataclass(frozen=True)
class FinderConfig:
    """When something is a face, and when a face is good enough for a portrait.

    Evidence is the mesh's logit, measured on 60 renders and two photographs in all four positions.
    """

    least_evidence: float = 5.0  # wheels and windows reach 3, faces of 20 px 9, heads turned by 60 degrees 8
    followed_evidence: float = 0.0  # of a face seen a frame ago: one that bows by 45 degrees stays above
    unclear_evidence: float = 10.0  # heads turned by more than about 60 degrees are below: said, not refused
    clear_evidence: float = 20.0  # upright faces of 40 px reach it, no face seen upside down does
    same_face: float = 0.3  # meshes whose boxes overlap more (intersection over union) are one face
    turned_levels: int = 2  # a picture that lies on its side is searched whole and by halves
    least_face_px: float = 32.0  # of the box's longer side; at 20 px the eyes and mouth are off by a pixel
    blurred_px: float = 96.0  # below, the enlarged face is visibly blurred: said, not refused


@dataclass(frozen=True)
class Face:
    """One face, in the picture's pixels (x to the right, y down, the first pixel's middle is 0, 0).

    points : (68, 2) float32, iBUG's order
    mesh : (468, 3) float32, MediaPipe's order; z to about the same scale, smaller is nearer
    box : (4,) float32 x0, y0, x1, y1 about the mesh: forehead to chin
    evidence : that it is a face, a logit: 0 may be one, 20 is a clear one seen from the front
    """

    points: np.ndarray
    mesh: np.ndarray
    box: np.ndarray
    evidence: float

    @property
    def score(self) -> float:
        """The evidence as a certainty 0..1."""
        return float(1 / (1 + np.exp(-self.evidence)))

    @property
    def size_px(self) -> float:
        """The longer side of the box."""
        return float((self.box[2:] - self.box[:2]).max())

    @property
    def quarter_turns(self) -> int:
        """How often np.rot90 has to turn the picture until the face is more upright than not: 0, 1, 2 or 3."""
        across = self.points[42:48].mean(axis=0) - self.points[36:42].mean(axis=0)
        return round(float(np.arctan2(across[1], across[0])) / (np.pi / 2)) % 4


class Landmarks:
    """Finds faces; the two networks are loaded once. Not for several threads at a time."""

    def __init__(self, config: FinderConfig | None = None) -> None:
        self.config = config or FinderConfig()
        self._detector, self._mesh = Detector(), FaceMesh()

    def find(self, picture: np.ndarray) -> list[Face]:
        """The faces of an (H, W, 3) uint8 RGB picture, the largest first.

        Smaller faces are searched only where there are no larger ones, so those far smaller than the largest may be
        missing. A picture without a clear face is also looked at from its other sides.
        """
        found = self._meshes(picture)
        if _strongest(found) < self.config.clear_evidence:
            for turns in (1, 2, 3):
                turned = self._meshes(
                    np.ascontiguousarray(np.rot90(picture, turns)), self.config.turned_levels
                )
                if _strongest(turned) > _strongest(found):
                    found = [
                        (_turned_back(mesh, turns, picture.shape), evidence) for mesh, evidence in turned
                    ]
        return sorted((_face(*one) for one in found), key=lambda face: -face.size_px)

    def every(self, picture: np.ndarray) -> list[Face]:
        """`find`, with faces far smaller than the largest; an HD picture takes about a second."""
        return sorted(
            (_face(*one) for one in self._meshes(picture, stop=False)), key=lambda face: -face.size_px
        ) or (self.find(picture))

    def follow(self, picture: np.ndarray, face: Face) -> Face | None:
        """The same face in the next frame of a video, searched where it was; None when it is not there."""
        eyes = face.points[[36, 45]].astype(np.float64)
        mesh, evidence = self._mesh.points(picture, face.box.astype(np.float64), eyes)
        return _face(mesh, evidence) if evidence >= self.config.followed_evidence else None

    def near(self, picture: np.ndarray, levels: int = 2) -> list[Face]:
        """`find` for a face that was upright and large a moment ago: a picture without any costs a tenth."""
        return sorted((_face(*one) for one in self._meshes(picture, levels)), key=lambda face: -face.size_px)

    def mesh_in(self, picture: np.ndarray, box: np.ndarray, eyes: np.ndarray) -> tuple[np.ndarray, float]:
        """The (468, 3) points in a box that is known to hold a face, and the evidence, see `FaceMesh.points`."""
        return self._mesh.points(picture, box, eyes)

    def _meshes(
        self, picture: np.ndarray, levels: int | None = None, stop: bool = True
    ) -> list[tuple[np.ndarray, float]]:
        """(468, 3) meshes and the evidence for them, from the first level that has any; all unless `stop`."""
        kept: list[tuple[np.ndarray, float]] = []
        for level, found in enumerate(self._detector.levels(picture)):
            if level == levels:
                break
            for box, eyes in ((one.box, one.keys[:2]) for one in found):
                mesh, evidence = self._mesh.points(picture, box, eyes)
                known = any(overlap(_box(mesh), _box(other)) > self.config.same_face for other, _ in kept)
                if evidence >= self.config.least_evidence and not known:
                    kept.append((mesh, evidence))
            if kept and stop:
                break
        return kept


def largest_face(
    picture: np.ndarray, name: str, landmarks: Landmarks | None = None
) -> tuple[Face, list[str]]:
    """The largest face of an (H, W, 3) uint8 RGB picture, and what the user should know about it.

    `name` is the picture's name for the messages. Raises UserError: no face, one too small, or one of which the
    eyes, the nose or the mouth lie outside the picture.
    """
    landmarks = landmarks or Landmarks()
    config = landmarks.config
    faces = landmarks.find(picture)
    if not faces:
        raise UserError(
            f"{name}: no face found in it; give a picture in which the face is seen from the front, "
            f"unobstructed and at least {config.least_face_px:.0f} pixels tall, or name five points on a drawing or "
            f"statue with --points (talk, render)"
        )
    face, notes = faces[0], []
    if face.size_px < config.least_face_px:
        raise UserError(
            f"{name}: the face is only {face.size_px:.0f} pixels tall; give a larger picture, "
            f"at least {config.least_face_px:.0f} pixels from forehead to chin"
        )
    height, width = picture.shape[:2]
    last = np.array([width - 1, height - 1])
    features = face.points[JAW:]
    if (features < 0).any() or (features > last).any():
        raise UserError(
            f"{name}: the face is cut off by the edge of the picture; give one that shows the whole face"
        )
    if len(faces) > 1:
        notes.append(f"{name}: {len(faces)} faces found, the largest is used")
    if (face.box[:2] < 0).any() or (face.box[2:] > last).any():
        notes.append(
            f"{name}: the face touches the edge of the picture; with some room around it the result is better"
        )
    if face.evidence < config.unclear_evidence:
        notes.append(
            f"{name}: the face is seen from the side, covered or unclear, so the result may be wrong; "
            f"a picture from the front is better"
        )
    if face.size_px < config.blurred_px:
        notes.append(
            f"{name}: the face is only {face.size_px:.0f} pixels tall and will look blurred; "
            f"a larger picture is better"
        )
    return face, notes


def _box(mesh: np.ndarray) -> np.ndarray:
    return np.concatenate([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])


def _strongest(found: list[tuple[np.ndarray, float]]) -> float:
    return max((evidence for _, evidence in found), default=-np.inf)


def _face(mesh: np.ndarray, evidence: float) -> Face:
    points = mesh[IBUG_68, :2].astype(np.float32)
    return Face(points, mesh.astype(np.float32), _box(mesh).astype(np.float32), evidence)


def _turned_back(mesh: np.ndarray, turns: int, shape: tuple[int, ...]) -> np.ndarray:
    """Points of np.rot90(picture, turns) -> of the picture, whose shape is given."""
    height, width = shape[:2]
    x, y = mesh[:, 0], mesh[:, 1]
    if turns == 1:
        x, y = width - 1 - y, x
    elif turns == 2:
        x, y = width - 1 - x, height - 1 - y
    else:
        x, y = y, height - 1 - x
    return np.stack([x, y, mesh[:, 2]], axis=1)
