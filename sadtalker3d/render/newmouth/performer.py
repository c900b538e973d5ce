"""The person of a film as it is drawn upon: where the head is in each frame, what its face does, how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.film import Film
from sadtalker3d.clip.poses import misfits
from sadtalker3d.clip.steady import steady
from sadtalker3d.face.fit_problem import FREE, FitConfig
from sadtalker3d.face.landmark_offsets import landmark_offsets
from sadtalker3d.face.mesh_points import MEETING
from sadtalker3d.rotation import to_matrices

if TYPE_CHECKING:
    from bfm.model import FaceModel

BLOCK = 256  # frames averaged at once


@dataclass(frozen=True)
class PerformerConfig:
    """What is believed of what was seen."""

    pose_s: float = 0.2  # nods are as quick as that; the track's own smoothing would let the mouth swim
    slow_s: float = 1.0  # what is left of the points is a face's own over this time, the words' below
    samples: int = 200  # frames from which the person's own shape is taken
    yaw_rad: tuple[float, float] = (0.7, 0.9)  # from here on the old mouth is left alone: 40 and 52 degrees
    evidence: tuple[float, float] = (4.0, 12.0)  # below and above which the face is not and is well seen
    misfit_mm: tuple[float, float] = (2.0, 3.2)
    fade_s: float = 0.12  # before a face is lost


@dataclass(frozen=True)
class Performer:
    """K frames with a face, in the file's pixels.

    rows : (K,) of the film's rows
    numbers : (K,) of the frames in the file; times_s (K,)
    poses : (K, 6) as in `clip.poses`; expression (K, 64) as each frame shows it, not smoothed
    sure : (K,) 0..1 how far the frame may be drawn upon
    offsets_m : (V, 3) what makes the linear head the person; shape (468, 3), its neutral places with them
    slow_m : (bins, 468, 2) what is left of the points, second by second, and bin_s (bins,) when
    """

    film: Film
    focal_px: float
    centre_px: np.ndarray
    size_px: tuple[int, int]
    rows: np.ndarray
    numbers: np.ndarray
    times_s: np.ndarray
    poses: np.ndarray
    expression: np.ndarray
    sure: np.ndarray
    offsets_m: np.ndarray
    slow_m: np.ndarray
    bin_s: np.ndarray
    shape: np.ndarray

    @classmethod
    def of(cls, film: Film, model: FaceModel, config: PerformerConfig | None = None) -> Performer:
        """From a film that was looked at."""
        config = config or PerformerConfig()
        person = film.person
        solved = film.solved
        rows, weights, misfit_mm = solved.frames, solved.weights, solved.misfit_mm
        times_s = np.array(film.rows["time_s"][rows])
        fps = 1 / max(float(np.median(np.diff(times_s))), 1e-3) if len(times_s) > 1 else 25.0
        runs = _runs(film, rows)
        poses = steady(solved.poses, fps, config.pose_s, runs)
        expression = np.zeros((len(rows), 64), np.float32)
        expression[:, list(FREE)] = weights

        sure = (
            _between(film.rows["evidence"][rows], *config.evidence)
            * (1 - _between(misfit_mm, *config.misfit_mm))
            * (1 - _between(np.abs(poses[:, 1]), *config.yaw_rad))
        )
        sure = _fading(sure, fps, runs, len(film.rows), rows, config.fade_s)

        chosen = np.flatnonzero(sure > 0.5)
        chosen = chosen if len(chosen) else np.arange(len(rows))
        chosen = chosen[np.linspace(0, len(chosen) - 1, min(config.samples, len(chosen))).astype(int)]
        left = _left_m(film, rows[chosen], poses[chosen], weights[chosen], person.rest)
        turn = to_matrices(poses[chosen, :3])
        in_head = np.einsum("tpi,tij->tpj", np.pad(left, ((0, 0), (0, 0), (0, 1))), turn)
        offsets = landmark_offsets(
            model, person.places, person.identity.astype(np.float64), np.median(in_head, axis=0), 0.0
        )
        shape = person.rest + person.places.of(offsets.astype(np.float64))
        slow_m, bin_s = _slow(film, rows, poses, weights, shape, times_s, config.slow_s)
        size = (
            round(film.watch.size_px[0] / film.watch.scale),
            round(film.watch.size_px[1] / film.watch.scale),
        )
        centre = (person.centre + 0.5) / film.watch.scale - 0.5
        return cls(
            film, person.focal_px / film.watch.scale, centre, size, rows, np.array(film.rows["number"][rows]),
            times_s, poses, expression, sure, offsets, slow_m, bin_s, shape,
        )  # fmt: skip

    def left_m(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(468, 2) what is left of frame k's points, in metres at the face, x right and y up; and its slow part."""
        row, free = self.rows[k : k + 1], list(FREE)
        left = _left_m(self.film, row, self.poses[k : k + 1], self.expression[k : k + 1, free], self.shape)[0]
        points = self.film.rows["points"][row[0]]
        pairs = np.array(MEETING_ALL)
        gap = np.linalg.norm(points[13, :2] - points[14, :2])
        if gap < FitConfig().closed * np.linalg.norm(points[61, :2] - points[291, :2]):
            left[pairs] = left[pairs].mean(axis=1, keepdims=True)  # a gap of the detector's own
        at = np.searchsorted(self.bin_s, self.times_s[k])
        low, high = max(at - 1, 0), min(at, len(self.bin_s) - 1)
        span = self.bin_s[high] - self.bin_s[low]
        share = (self.times_s[k] - self.bin_s[low]) / span if span > 0 else 0.0
        return left, self.slow_m[low] + share * (self.slow_m[high] - self.slow_m[low])


MEETING_ALL = ((191, 95), (80, 88), *MEETING, (310, 318), (415, 324))


def _left_m(
    film: Film, rows: np.ndarray, poses: np.ndarray, weights: np.ndarray, rest: np.ndarray
) -> np.ndarray:
    person = film.person
    shapes = rest + np.tensordot(weights, person.columns, axes=1)
    points = np.asarray(film.rows["points"][rows][..., :2], np.float64)
    left, scale = misfits(poses, points, shapes, person.places, person.focal_px, person.centre)
    return left * [1, -1] / scale[:, None, None]


def _slow(
    film: Film, rows: np.ndarray, poses: np.ndarray, weights: np.ndarray, shape: np.ndarray, times_s: np.ndarray,
    slow_s: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Means over `slow_s` of what is left, and the middles of these times."""
    bins = np.floor((times_s - times_s[0]) / slow_s).astype(int)
    means, middles = [], []
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        for part in np.array_split(inside, max(len(inside) // BLOCK, 1)):
            means.append(_left_m(film, rows[part], poses[part], weights[part], shape).mean(axis=0))
            middles.append(times_s[part].mean())
    slow = np.array(means)
    pairs = np.array(MEETING_ALL)
    slow[:, pairs] = slow[:, pairs].mean(axis=2, keepdims=True)  # the person's lips meet at rest
    return slow, np.array(middles)


def _runs(film: Film, rows: np.ndarray) -> list[slice]:
    """Parts of the rows with a face in which none is lost and no cut is."""
    begins = np.flatnonzero((np.diff(rows) > 1) | film.rows["cut"][rows[1:]]) + 1
    edges = [0, *begins.tolist(), len(rows)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _between(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((np.asarray(values, np.float64) - low) / (high - low), 0, 1)


def _fading(
    sure: np.ndarray, fps: float, runs: list[slice], total: int, rows: np.ndarray, fade_s: float
) -> np.ndarray:
    """`sure` so that it has fallen to 0 where the face is lost; a cut needs no fade."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    reach = max(round(fade_s * fps), 1)
    made = sure.copy()
    for run in runs:
        inside = sure[run]
        lost_before = run.start > 0 and rows[run.start] - rows[run.start - 1] > 1
        lost_after = run.stop < len(rows) and rows[run.stop] - rows[run.stop - 1] > 1
        lost_before |= run.start == 0 and rows[0] > 0
        lost_after |= run.stop == len(rows) and rows[-1] < total - 1
        ends = [np.full(2 * reach, 0.0 if lost else edge) for lost, edge in (
            (lost_before, inside[0]), (lost_after, inside[-1]))]  # fmt: skip
        padded = np.concatenate([ends[0], inside, ends[1]])
        least = minimum_filter1d(padded, 2 * reach + 3)
        made[run] = uniform_filter1d(least, 2 * reach + 1)[2 * reach : 2 * reach + len(inside)]
    return made
