"""A portrait's coefficients from a file, where they are not to be measured in the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.render.facevid2vid.windows import FULL_MOTION, MOTION


def read_source(path: str | Path) -> np.ndarray:
    """(70,) or (73,) float32 from SadTalker's .mat (its first row), or from a track that names its portrait's.

    73 are the expression, the pose and the three numbers of the crop, which `full` needs.
    Raises UserError when the file holds no such numbers.
    """
    from sadtalker3d.track import load
    from sadtalker3d.track_files import mat_rows

    path = Path(path)
    if path.suffix.lower() == ".mat":
        load(path)  # every check of a track
        return np.asarray(mat_rows(path)[0], np.float32)
    source = load(path).meta.get("source")
    try:
        numbers = np.asarray(source, np.float32)
    except (TypeError, ValueError):
        numbers = np.empty(0, np.float32)
    if numbers.shape not in ((MOTION,), (FULL_MOTION,)) or not np.isfinite(numbers).all():
        raise UserError(
            f"{path}: does not hold a portrait's coefficients; give SadTalker's .mat of the portrait, or a "
            "track made by `sadtalker3d animate --space basel`"
        )
    return numbers
