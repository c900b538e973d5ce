"""A portrait's coefficients from a file, where they are not to be measured in the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadtalker3d.render.facevid2vid.windows import FULL_MOTION, MOTION


def read_source(path: str | Path, space: str = "basel") -> np.ndarray:
    """(70,) or (73,) float32: what a track of the space says it was made for, else its first frame.

    Of SadTalker's .mat it is the first row. 73 are the expression, the pose and the three numbers of the crop,
    which `full` needs. Raises UserError when the file is no track of that space.
    """
    from sadtalker3d.track import load
    from sadtalker3d.track_files import read_rows, to_rows

    first = read_rows(Path(path))[0] if space == "basel" else to_rows(load(path), space)[0]
    named = load(path).meta.get("source")
    try:
        numbers = np.asarray(named, np.float32)
    except (TypeError, ValueError):  # the name of a file
        return first
    known = numbers.shape in ((MOTION,), (FULL_MOTION,)) and np.isfinite(numbers).all()
    return numbers if known else first
