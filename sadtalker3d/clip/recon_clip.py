"""A video of a face -> a `Track` in the `basel` space, by the coefficient regressor of SadTalker's authors.

Each frame is cut and turned upright about its own landmarks, as Deep3DFaceRecon reads pictures, and not in the square
that SadTalker's --ref options fix in the first frame: a face that walks through the picture is read as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.clock import clock_of
from sadtalker3d.clip.coverage import coverage
from sadtalker3d.clip.follow import Choice, Seen
from sadtalker3d.clip.steady import EXPRESSION_S, POSE_S, steady
from sadtalker3d.clip.timeline import laid_on
from sadtalker3d.clip.watch import LONGEST_PX, Watch, WatchConfig
from sadtalker3d.errors import UserError
from sadtalker3d.face.align import Aligned, align
from sadtalker3d.face.coefficients import MOTION, PARTS, motion_coefficients, regress
from sadtalker3d.face.video import Frame, sound_start_s, timed_frames
from sadtalker3d.track import Track
from sadtalker3d.track_files import CROP, from_rows

if TYPE_CHECKING:
    from torch import nn

    from sadtalker3d.progress import Report

PERSON = ("identity", "texture", "lighting")  # parts that belong to the clip, not to a frame
AROUND = 1.0  # of the face's longer side, to each side of its middle: more than the regressor is shown


@dataclass(frozen=True)
class ReconConfig:
    """What becomes of the regressor's numbers.

    steady : its trembling is taken out, as of `fit_clip`; SadTalker takes its numbers as they are
    """

    steady: bool = True
    sure: float = 20.0  # evidence of a clear face (see `face.landmarks.FinderConfig`)
    watch: WatchConfig = field(default_factory=WatchConfig)


def recon_clip(
    path: str | Path,
    regressor: nn.Module,
    *,
    fps: float | None = None,
    face: Choice = 1,
    config: ReconConfig | None = None,
    progress: Report | None = None,
) -> tuple[Track, tuple[str, ...]]:
    """The `basel` track of a face in a video, and one sentence for each thing the user should know.

    Parameters
    ----------
    regressor : takes (1, 3, 224, 224) RGB in 0..1 and returns (1, 257), see `face.recon`
    fps, face : as `fit_clip` takes them

    Expression, rotation and translation are the regressor's, which sees the face moved into its middle. Where in the
    picture the head is, is in `meta["mat_crop"]` (T, 3), the last three of SadTalker's 73 columns: by how much the
    picture was enlarged, and the face's place x, y (y up) in its pixels. `meta["identity"]` (80,) is the mean of all
    frames, `meta["fit"]` has texture (80,), lighting (27,) and what `fit_clip` tells of the clip.
    Raises UserError as `fit_clip` does.
    """
    return _read(
        timed_frames(path, LONGEST_PX), Path(path), regressor, face, fps, True, config or ReconConfig(), progress
    )  # fmt: skip


def recon_photo(
    path: str | Path, regressor: nn.Module, *, face: Choice = 1, config: ReconConfig | None = None
) -> tuple[Track, tuple[str, ...]]:
    """A track of one frame from a photograph; see `recon_clip`."""
    from sadtalker3d.face.picture import read_picture

    still = Frame(read_picture(path), 0.0, 1, 1.0)
    return _read([still], Path(path), regressor, face, None, False, config or ReconConfig(), None)


def _read(
    frames: Iterable[Frame], path: Path, regressor: nn.Module, face: Choice, fps: float | None, film: bool,
    config: ReconConfig, progress: Report | None,
) -> tuple[Track, tuple[str, ...]]:  # fmt: skip
    from sadtalker3d.motion.basel import weights_hash

    watch = Watch(path, face, config.watch)
    rows, frames_s, cuts, found = bytearray(), list[float](), list[bool](), list[bool]()
    heights, person, weight = list[float](), np.zeros(sum(_width(name) for name in PERSON)), 0.0
    for seen in watch.through(frames, progress):
        frames_s.append(seen.frame.time_s)
        cuts.append(seen.cut)
        aligned = aligned_in(seen)
        found.append(aligned is not None)
        if aligned is None or seen.face is None:
            continue
        full = regress(regressor, aligned)
        sure = float(np.clip(seen.face.evidence / config.sure, 0, 1))
        row = np.append(motion_coefficients(full, aligned.trans_params), np.float32(sure))
        rows += row.tobytes()  # one growing piece: 0.3 kB a frame, less than the track has
        heights.append(float(seen.face.size_px))
        share = max(sure, 1e-3)
        weight += share
        person += share / weight * (np.concatenate([full[PARTS[name]] for name in PERSON]) - person)
    if not rows:
        raise UserError(f"{path}: what was found makes no face; give one of a person seen from the front")
    known = np.frombuffer(rows, np.float32).reshape(-1, MOTION + 1)
    read_s = np.array(frames_s)
    times_s = read_s[np.array(found)]
    clock = clock_of(read_s, np.array(cuts), fps, sound_start_s(path) if film else None)
    values = laid_on(times_s, known.astype(np.float64), clock.at_s, clock.cuts_s)
    motion, sure_at = values[:, :MOTION], values[:, MOTION]
    if config.steady:
        motion[:, :64] = steady(motion[:, :64], clock.fps, EXPRESSION_S, clock.shots)
        motion[:, 64:] = steady(motion[:, 64:], clock.fps, POSE_S, clock.shots)
    covered = coverage(sure_at, times_s, clock, watch.read)
    notes = watch.notes((*clock.notes, *covered.notes), known[:, 65], float(np.median(heights)))
    parts = dict(
        zip(PERSON, np.split(person, np.cumsum([_width(name) for name in PERSON])[:-1]), strict=True)
    )
    meta = {
        "generator": "sadtalker3d fit --method recon",
        "weights": {"face_3drecon": weights_hash(regressor)},
        "source": path.name,
        "identity": _rounded(parts["identity"]),
        CROP: np.round(motion[:, 70:], 3).tolist(),
        "fit": {
            "method": "recon",
            "texture": _rounded(parts["texture"]),
            "lighting": _rounded(parts["lighting"]),
            "size_px": [round(n / watch.scale) for n in watch.size_px],
            "shots": [round(float(clock.at_s[shot.start] - clock.at_s[0]), 3) for shot in clock.shots],
            **covered.meta,
        },
    }
    return from_rows(motion).replace(fps=clock.fps, meta=meta), notes


def aligned_in(seen: Seen) -> Aligned | None:
    """The face as the regressor wants to see it, cut out of its own surroundings; None where there is none.

    `trans_params` are those of the file's whole pictures, at their own size.
    """
    if seen.face is None:
        return None
    picture, scale = seen.frame.picture, seen.frame.scale
    height, width = picture.shape[:2]
    middle = (seen.face.box[:2] + seen.face.box[2:]) / 2
    reach = AROUND * seen.face.size_px
    x0, y0 = np.clip(np.floor(middle - reach).astype(int), 0, [width - 1, height - 1])
    x1, y1 = np.clip(np.ceil(middle + reach).astype(int), [x0 + 1, y0 + 1], [width, height])
    try:
        cut = align(np.ascontiguousarray(picture[y0:y1, x0:x1]), seen.face.points - [x0, y0])
    except UserError:  # landmarks that make no face
        return None
    enlarged, x, y_up = cut.trans_params[2:]
    whole = np.array([width, height, enlarged * scale**2, x + x0, y_up + height - y1]) / scale
    return Aligned(cut.picture, cut.points, whole.astype(np.float32))


def _width(name: str) -> int:
    part = PARTS[name]
    return part.stop - part.start


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in values]
