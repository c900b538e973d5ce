"""Whose face a film shows: identity and lens, once for the whole clip, from a few frames spread over time and pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sadtalker3d.clip.poses import first_poses, settle
from sadtalker3d.clip.shapes import Normals, bounded, normals, shared
from sadtalker3d.face.fit_problem import FREE, FitConfig, HeadProblem
from sadtalker3d.face.glance import reader
from sadtalker3d.face.mesh_points import MeshPoints, mesh_points
from sadtalker3d.rig.arkit import ARKIT_52

if TYPE_CHECKING:
    from bfm.model import FaceModel

OWN = 80  # identity coefficients
BELIEVED = 0.75  # of the distance read at a glance: people are filmed from about a metre, the glance knows all lenses
FIRM_M = 0.004
JAW = FREE.index(ARKIT_52.index("jawOpen"))
JAW_MM = 3.0  # of misfit at every point, that a full jaw's difference from the glance is worth


@dataclass(frozen=True)
class PersonConfig:
    """How many frames, and how often pose and shape take turns."""

    samples: int = 15
    turns: int = 6
    frame_turns: int = 3
    steps: int = 2  # of Gauss-Newton in a turn; the first one takes twice as many
    clear_evidence: float = 10.0


@dataclass(frozen=True)
class Person:
    """What stays the same through the clip.

    identity : (80,); focal_px : of the pinhole; centre (2,) px
    rest : (468, 3) the person's points in head space, neutral; columns (n, 468, 3): what `FREE` adds
    penalty : (n, n) of the expression's prior; firm (468,) how little a point moves with the face
    misfit_mm : of the frames it was made from
    """

    identity: np.ndarray
    focal_px: float
    centre: np.ndarray
    rest: np.ndarray
    columns: np.ndarray
    penalty: np.ndarray
    weights: np.ndarray
    places: MeshPoints
    firm: np.ndarray
    misfit_mm: float


def sampled(rows: np.ndarray, config: PersonConfig) -> np.ndarray:
    """Which of the frames with a face are looked at: apart in time, in pose and in how far the mouth is open."""
    seen = np.flatnonzero(rows["seen"])
    clear = seen[rows["evidence"][seen] >= config.clear_evidence]
    chosen_from = clear if len(clear) else seen
    if len(chosen_from) > 600:
        chosen_from = chosen_from[np.linspace(0, len(chosen_from) - 1, 600).astype(int)]
    points = rows["points"][chosen_from, :, :2].astype(np.float64)
    across = np.linalg.norm(points[:, 263] - points[:, 33], axis=1)[:, None]
    middle = (points[:, 263] + points[:, 33]) / 2
    nose, lips = (points[:, 1] - middle) / across, (points[:, 14] - points[:, 13]) / across
    lids = ((points[:, 145] - points[:, 159]) + (points[:, 374] - points[:, 386])) / across
    place = np.arange(len(chosen_from))[:, None] / max(len(chosen_from), 2)
    features = np.concatenate([0.5 * place, nose, 2 * lips[:, 1:], 2 * np.minimum(lids[:, 1:], 0.2)], axis=1)
    # begin with the one nearest to the middle of all, then always the one farthest from those there are
    picked = [int(np.linalg.norm(features - np.median(features, axis=0), axis=1).argmin())]
    away = np.full(len(features), np.inf)
    while len(picked) < min(config.samples, len(features)):
        away = np.minimum(away, np.linalg.norm(features - features[picked[-1]], axis=1))
        picked.append(int(away.argmax()))
    return chosen_from[np.sort(picked)]


def person_of(
    points: np.ndarray, size_px: tuple[int, int], model: FaceModel, config: PersonConfig | None = None,
    fit: FitConfig | None = None,
) -> Person:  # fmt: skip
    """The person of (K, 468, 3) points in pictures of (width, height) pixels."""
    config, fit = config or PersonConfig(), fit or FitConfig()
    points = np.asarray(points, np.float64)
    places = mesh_points()
    problem = HeadProblem(points[0, :, :2], size_px, model, places, fit)
    mean, columns, weights, centre = problem.mean, problem.columns, problem.weights, problem.centre
    penalty = problem.penalty.T @ problem.penalty
    firm = _firm(weights, columns[OWN:])
    shapes = np.broadcast_to(mean, (len(points), *mean.shape))
    identity, expression = np.zeros(OWN), np.zeros((len(points), len(FREE)))
    glance = reader().read(points)
    seen_at = np.median(np.log(glance.distance_m))
    distance_m = float(np.exp(BELIEVED * seen_at + (1 - BELIEVED) * np.log(fit.distance_m)))
    focal = _focal_at(distance_m, points, mean, weights)
    poses = first_poses(points, mean, weights, focal, centre)
    poses[:, :3] = expected = glance.toward(points, focal, centre)
    penalty[OWN + JAW, OWN + JAW] = held = (JAW_MM / 1000) ** 2 * weights.sum()
    soft = fit.soft_mm / 1000
    for turn in range(config.turns):
        steps = config.steps * (1 + (turn == 0))
        poses, misfit = settle(
            poses, points, shapes, places, weights, focal, centre, soft, steps, firm, expected
        )
        found = normals(poses, points, mean, columns, places, weights, focal, centre, fit)
        found.moment[:, OWN + JAW] += held * glance.jaw_open
        start = np.concatenate([identity, expression.ravel()])
        identity, expression = shared(found, OWN, penalty, start, problem.low, problem.high)
        rest = mean + np.tensordot(identity, columns[:OWN], axes=1)
        shapes = rest + np.tensordot(expression, columns[OWN:], axes=1)
    return Person(
        identity.astype(np.float32), focal, centre, rest, columns[OWN:], penalty[OWN:, OWN:], weights, places,
        firm, 1000 * float(np.average(misfit, axis=1, weights=weights).mean()),
    )  # fmt: skip


def frames_of(
    points: np.ndarray, person: Person, config: PersonConfig | None = None, fit: FitConfig | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses (T, 6), expression (T, n) and misfit (T,) in mm of a known person's (T, 468, 3) points."""
    config, fit = config or PersonConfig(), fit or FitConfig()
    points = np.asarray(points, np.float64)
    known = (person.places, person.weights, person.focal_px, person.centre)
    poses = first_poses(points, person.rest, person.weights, person.focal_px, person.centre)
    glance = reader().read(points)
    poses[:, :3] = expected = glance.toward(points, person.focal_px, person.centre)
    expression = np.zeros((len(points), len(FREE)))
    expression[:, JAW] = glance.jaw_open
    low, high = np.zeros(len(FREE)), np.ones(len(FREE))
    shapes = np.broadcast_to(person.rest, (len(points), *person.rest.shape))
    for turn in range(config.frame_turns):
        steps = config.steps * (1 + (turn == 0))
        poses, misfit = settle(
            poses, points, shapes, *known, fit.soft_mm / 1000, steps, person.firm, expected
        )
        found = normals(
            poses, points, person.rest, person.columns, person.places, person.weights, person.focal_px,
            person.centre, fit,
        )  # fmt: skip
        found = Normals(found.matrix + person.penalty, found.moment)
        found.moment[:, JAW] += person.penalty[JAW, JAW] * glance.jaw_open
        if turn == 0:
            expression = np.linalg.solve(found.matrix, found.moment[..., None])[..., 0]
        expression = bounded(found, expression, low, high)
        shapes = person.rest + np.tensordot(expression, person.columns, axes=1)
    poses, misfit = settle(
        poses, points, shapes, *known, fit.soft_mm / 1000, config.steps, person.firm, expected
    )
    return poses, expression, 1000 * np.average(misfit, axis=1, weights=person.weights)


def _firm(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(468,) the weights without what lids, lips or the jaw move by more than a few millimetres."""
    moved = np.linalg.norm(columns, axis=2).max(axis=0)
    return weights / (1 + (moved / FIRM_M) ** 4)


def _focal_at(distance_m: float, points: np.ndarray, mean: np.ndarray, weights: np.ndarray) -> float:
    """The focal length with which heads of this size are so far away."""
    used = weights > 0.5
    seen = points[:, used, :2]
    across = np.linalg.norm(seen - seen.mean(axis=1, keepdims=True), axis=2).mean()
    wide = np.linalg.norm((mean[used] - mean[used].mean(axis=0))[:, :2], axis=1).mean()
    return float(across / wide * distance_m)
