"""Self-reenactment of a recorded person: one frame of a clip, driven by what is fitted to its other frames. JSON.

`python -m tests.benchmarks.portrait_real_clip CLIP ... [--frames N] [--start K] [--source K] [--sheets DIR]`. Clips of
people are not shipped: name your own. The same detector drives and measures, so lips and gap are flattered; the
pictures' PSNR is not. What is not fitted: gaze and tongue.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from sadtalker3d.face.fit import eye_opening, fit_portrait3d
from sadtalker3d.face.fit_problem import FREE, FitConfig, HeadProblem
from sadtalker3d.face.headfit import HeadFit
from sadtalker3d.face.landmarks import Landmarks, largest_face
from sadtalker3d.face.mesh_points import mesh_points
from sadtalker3d.face.video import read_frames
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rotation import from_matrices
from sadtalker3d.track import Track
from tests.benchmarks.portrait_reenactment import scores
from tests.benchmarks.rendered_clip import Clip, head

TURNS = 3  # pose and expression in turns, from the frame before
# a known person's expression may be larger than a stranger's, and a gap between their lips is one
FOLLOWING = FitConfig(expression_mm=0.6, closed=0.0)
SHUT = 0.18  # height by width of eyes as the detector draws them when they are shut
BLINK = tuple(ARKIT_52.index(f"eyeBlink{side}") for side in ("Left", "Right"))


class FittedFrames:
    """The person of one frame followed through others: identity, offsets and lens stay, pose and expression move."""

    def __init__(self, fit: HeadFit, points: np.ndarray) -> None:
        model, places = head(), mesh_points()
        self._fit = fit
        self._problem = HeadProblem(points, fit.size_px, model, places, FOLLOWING)
        self._problem.mean = places.of((model.neutral(fit.identity) + fit.offsets_m).astype(np.float64))
        self._problem.columns = self._problem.columns.copy()
        self._problem.columns[:80] = 0.0  # the identity is in the mean
        self._shape = np.concatenate([np.zeros(80), fit.expression[list(FREE)]])
        self._pose = self._problem.pose(self._problem.first_pose(), self._shape)

    def of(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(468, 2) points -> (64,) weights, (3, 3) rotation and (3,) translation in camera space."""
        from scipy.optimize import least_squares

        problem, shape, pose = self._problem, self._shape, self._pose
        problem.points = points
        weights = np.sqrt(problem.weights)[:, None]
        for _ in range(TURNS):
            places = problem.mean + np.tensordot(shape, problem.columns, axes=1)

            def misfit(six: np.ndarray, places: np.ndarray = places) -> np.ndarray:
                return (weights * 1000 * problem.misfit_m(self._with_lens(six), places)).ravel()

            pose = self._with_lens(least_squares(misfit, np.delete(pose, 6), loss="soft_l1").x)
            shape = problem.shape(pose)
        self._shape, self._pose = shape, pose
        turn, shift, _ = problem.camera(pose)
        weights64 = np.zeros(64, np.float32)
        weights64[list(FREE)] = np.clip(shape[80:], 0, 1)
        return weights64, turn, shift

    def _with_lens(self, six: np.ndarray) -> np.ndarray:
        """A pose whose scale and distance agree with the source's focal length."""
        return np.append(six, np.log(self._fit.focal_px) - six[5])


def followed(frames: np.ndarray) -> tuple[Clip, np.ndarray]:
    """(T, H, W, 3) uint8, the first the source -> the clip with its fitted track, and our (T, H, W, 3) frames."""
    finder = Landmarks()
    face = largest_face(frames[0], "the source frame", finder)[0]
    fit = fit_portrait3d(frames[0], face, head())
    fitted = FittedFrames(fit, face.mesh[:, :2].astype(np.float64))
    rows, openings = [], []
    for t, frame in enumerate(frames):
        found = finder.follow(frame, face) or next(iter(finder.find(frame)), None)
        if found is None:
            raise ValueError(f"no face in frame {t}")
        face = found
        openings.append(eye_opening(face.mesh))
        rows.append(fitted.of(face.mesh[:, :2].astype(np.float64)))
    weights, turns, shifts = (np.array(column) for column in zip(*rows, strict=True))
    # the detector's own misplacement at the source frame is in all frames alike
    weights = np.clip(weights - weights[0] + fit.expression, 0, 1)
    # the detector's lids follow a blink half way, and so do the fitted ones
    opening = np.array(openings)
    closing = np.clip((opening[0] - opening) / max(opening[0] - SHUT, 0.02), 0, 1)
    weights[:, BLINK] = np.maximum(weights[:, BLINK], closing[:, None])
    relative = turns[0].T @ turns
    moved = (shifts - shifts[0]) @ turns[0]
    portrait = PhotoPortrait(frames[0], fit, model=head())
    ours = np.stack([
        portrait.draw(row, turn, shift)
        for row, turn, shift in zip(weights, from_matrices(relative), moved, strict=True)
    ])  # fmt: skip
    track = Track(weights, from_matrices(relative), moved, names=tuple(head().expression_names))
    no_wall = np.zeros(frames.shape[:3], bool)  # nobody knows what is behind a real head
    return Clip(frames, track, fit, no_wall), ours


def main() -> None:
    """Print the numbers of each clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--start", type=int, default=0, help="of the frames that are driven")
    parser.add_argument("--source", type=int, help="the frame that speaks; the first of them unless given")
    parser.add_argument("--sheets", type=Path, help="real frames above ours, at full size")
    arguments = parser.parse_args()
    source = arguments.start if arguments.source is None else arguments.source
    last = max(source, arguments.start + arguments.frames)
    found = {}
    for path in arguments.clips:
        every = [frame for frame, _ in islice(read_frames(path), last + 1)]
        driven = every[arguments.start : arguments.start + arguments.frames]
        clip, ours = followed(np.stack([every[source], *driven]))
        turned = np.degrees(np.abs(clip.track.rotation).max(axis=0))
        found[path.name] = {
            **{
                name: round(float(value), 4)
                for name, value in scores(clip, ours).items()
                if np.isfinite(value)
            },
            "frames": len(driven),
            "most_pitch_yaw_roll_deg": [round(float(value), 1) for value in turned],
        }
        print(f"{path.name}: {json.dumps(found[path.name])}", file=sys.stderr, flush=True)
        if arguments.sheets:
            _write_sheet(arguments.sheets / f"{path.stem}_{arguments.start}.png", clip, ours)
    print(json.dumps(found))


def _write_sheet(path: Path, clip: Clip, ours: np.ndarray, tiles: int = 7) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = np.linspace(0, len(ours) - 1, tiles).round().astype(int)
    rows = [np.hstack([row[t] for t in chosen]) for row in (clip.frames, ours)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
