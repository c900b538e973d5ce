"""Eyes behind dark glasses and mouths behind cloth: the detector draws both as if it saw them.

What a picture shows there is compared with the skin between the brows. Lightness is CIELAB's, 0..100.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sadtalker3d.face.mesh_points import LEFT_LID, LOWER_OUTER, RIGHT_LID, UPPER_OUTER

BROW_MIDDLE = (9, 8, 107, 336, 151)  # of the 468: skin that neither glasses nor a mask cover
AROUND_MOUTH = (165, 92, 186, 57, 43, 106, 182, 83, 18, 313, 406, 335, 273, 287, 410, 322, 391, 164)
EYE_CORNERS = (33, 263)


@dataclass(frozen=True)
class HiddenConfig:
    """Limits between some fifty pictures of uncovered faces, paintings among them, and faces painted over; the only
    real cover among them was one pair of dark glasses."""

    dark: float = (
        0.35  # the eye's brightest tenth by the skin: 0.5 to 1.4 of seen eyes, 0.2 behind dark glass
    )
    plain: float = 10.0  # lightness from its darkest to its brightest tenth: 16 to 76 of seen eyes, 3 behind
    like_around: float = (
        3.0  # colour distance of the lips from what is around them: few mouths are so alike ...
    )
    smooth: float = 6.0  # ... and those are smiles, which are less even than cloth
    patch: float = 0.03  # of the eyes' distance: half a side of the places that are compared


def hidden_notes(
    picture: np.ndarray, mesh: np.ndarray, name: str, config: HiddenConfig | None = None
) -> list[str]:
    """Sentences about eyes and a mouth that cannot be seen, of the (468, n) points in an (H, W, 3) uint8 picture."""
    config = config or HiddenConfig()
    look = _Look(picture, mesh, config.patch)
    notes = []
    skin = look.at(BROW_MIDDLE)[0]
    eyes = [look.inside(lid)[:, 0] for lid in (RIGHT_LID, LEFT_LID)]
    brightest = max(float(np.quantile(eye, 0.9)) for eye in eyes)
    if brightest < config.dark * skin and max(map(_range, eyes)) < config.plain:
        notes.append(f"{name}: the eyes are behind dark glasses, so blinks will not be seen")
    if _mouth_hidden(look, config):
        notes.append(f"{name}: the mouth seems covered; a picture that shows the lips is better")
    return notes


def mouth_hidden(picture: np.ndarray, mesh: np.ndarray, config: HiddenConfig | None = None) -> bool:
    """Whether the lips of the (468, n) points cannot be seen in an (H, W, 3) uint8 picture."""
    config = config or HiddenConfig()
    return _mouth_hidden(_Look(picture, mesh, config.patch), config)


def _mouth_hidden(look: _Look, config: HiddenConfig) -> bool:
    lips, around = look.inside((*UPPER_OUTER, *LOWER_OUTER)), look.at(AROUND_MOUTH)
    apart = float(np.linalg.norm(np.median(lips, axis=0) - around))
    return apart < config.like_around and _range(lips[:, 0]) < config.smooth


class _Look:
    """The picture's colours around a face."""

    def __init__(self, picture: np.ndarray, mesh: np.ndarray, patch: float) -> None:
        self._points = mesh[:, :2].astype(np.float64)
        across = np.linalg.norm(self._points[EYE_CORNERS[0]] - self._points[EYE_CORNERS[1]])
        self._reach = max(1, round(patch * float(across)))
        low, high = self._points.min(axis=0), self._points.max(axis=0)
        size = np.array(picture.shape[1::-1])
        self._corner = np.clip(np.floor(low).astype(int) - self._reach, 0, size - 1)
        x, y = np.clip(np.ceil(high).astype(int) + self._reach + 1, self._corner + 1, size)
        self._picture = _lab(picture[self._corner[1] : y, self._corner[0] : x])

    def at(self, points: tuple[int, ...]) -> np.ndarray:
        """(3,) median colour of small squares around points."""
        height, width = self._picture.shape[:2]
        steps = np.arange(-self._reach, self._reach + 1)
        x, y = (np.rint(self._points[list(points)]).astype(int) - self._corner).T
        rows = np.clip(y[:, None, None] + steps[:, None], 0, height - 1)
        columns = np.clip(x[:, None, None] + steps, 0, width - 1)
        return np.median(self._picture[rows, columns].reshape(-1, 3), axis=0)

    def inside(self, points: tuple[int, ...]) -> np.ndarray:
        """(n, 3) colours inside the convex hull of points, n at least 1."""
        import cv2

        mask = np.zeros(self._picture.shape[:2], np.uint8)
        hull = cv2.convexHull((self._points[list(points)] - self._corner).round().astype(np.int32))
        cv2.fillConvexPoly(mask, hull, (1,))
        found = self._picture[mask > 0]
        return found if len(found) else self.at(points)[None]


def _lab(picture: np.ndarray) -> np.ndarray:
    import cv2

    soft = cv2.GaussianBlur(picture, (0, 0), 1).astype(np.float32) / 255  # a camera's grain is no range
    return cv2.cvtColor(soft, cv2.COLOR_RGB2LAB)


def _range(lightness: np.ndarray) -> float:
    return float(np.quantile(lightness, 0.9) - np.quantile(lightness, 0.1))
