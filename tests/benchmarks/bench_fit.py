"""The fit of the head to a picture: seconds, misfit, and on drawn people whose truth is known what it gets wrong. JSON.

`python -m tests.benchmarks.bench_fit [--looks N]`. Times are of one process: `first` has every import and the first
call of each network and compiled loop in it. Identity is compared over the inner face after the best shift, turn and
scale, because a picture does not show a head's size.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

SAMPLES = Path(__file__).parents[2] / "samples"
OPENINGS = {"neutral": (), "open": (("jawOpen", 0.35),), "shut_eyes": (("eyeBlink", 1.0),)}


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=5)
    arguments = parser.parse_args()
    start = time.perf_counter()
    sample, warm_s = _sample(start)
    rows = _drawn(arguments.looks)
    names = [name for name in rows[0] if name not in ("look", "expression")]
    mean = {name: round(float(np.mean([row[name] for row in rows])), 3) for name in names}
    worst = {name: round(float(np.max([abs(row[name]) for row in rows])), 3) for name in names}
    print(
        json.dumps(
            {"seconds": warm_s, "sample": sample, "drawn": {"mean": mean, "worst": worst, "rows": rows}}
        )
    )


def _sample(start: float) -> tuple[dict[str, float], dict[str, float]]:
    from sadtalker3d.face.fit import fit_portrait3d
    from sadtalker3d.face.portrait import read_portrait

    portrait = read_portrait(SAMPLES / "portrait.jpg")
    fit = fit_portrait3d(portrait.picture, portrait.face)
    first_s = time.perf_counter() - start
    warm = []
    for _ in range(3):
        start = time.perf_counter()
        fit = fit_portrait3d(portrait.picture, portrait.face)
        warm.append(time.perf_counter() - start)
    pixels_per_mm = fit.focal_px / -fit.translation_m[2] / 1000
    residual = fit.residual
    sample = {
        "mean_mm": residual.mean_mm, "mean_px": residual.mean_mm * pixels_per_mm, "worst_mm": residual.worst_mm,
        "after_mm": residual.after_mm, "correction_mm": residual.correction_mm, "face_px": portrait.face.size_px,
    }  # fmt: skip
    sample = {name: round(float(value), 3) for name, value in sample.items()}
    return sample, {"first_read_and_fit": round(first_s, 3), "warm_fit": round(min(warm), 3)}


def _drawn(count: int) -> list[dict]:
    from sadtalker3d.face.fit import eye_opening, fit_portrait3d
    from sadtalker3d.face.headfit import at_rest
    from sadtalker3d.face.landmarks import Landmarks, largest_face
    from sadtalker3d.face.mesh_points import OVAL, mesh_points
    from sadtalker3d.rig.arkit import ARKIT_52
    from sadtalker3d.rotation import from_matrices, to_matrices
    from tests.benchmarks.rendered_clip import LOOKS, clip, head, weights

    finder, model = Landmarks(), head()
    inner = np.setdiff1d(np.arange(468), OVAL)
    jaw, blinks = ARKIT_52.index("jawOpen"), [ARKIT_52.index(f"eyeBlink{s}") for s in ("Left", "Right")]
    rows = []
    for look in LOOKS[:count]:
        for expression, pairs in OPENINGS.items():
            one = clip(replace(look, expression=(*look.expression, *pairs)), np.zeros((1, 64), np.float32),
                       np.zeros((1, 3)), np.zeros((1, 3)))  # fmt: skip
            face = largest_face(one.frames[0], look.name, finder)[0]
            fit, truth = fit_portrait3d(one.frames[0], face, model), one.exact
            turns = to_matrices(np.stack([truth.rotation_rad, fit.rotation_rad]))
            apart = np.degrees(from_matrices((turns[0].T @ turns[1])[None])[0])
            own, found, mean = (
                mesh_points().of(shape.astype(np.float64))[inner]
                for shape in (model.neutral(truth.identity), at_rest(fit, model), model.mean)
            )
            rows.append({
                "look": look.name, "expression": expression, "mean_mm": fit.residual.mean_mm,
                "mean_px": fit.residual.mean_mm * fit.focal_px / -fit.translation_m[2] / 1000,
                "rotation_deg": float(np.linalg.norm(apart)), "pitch_deg": apart[0], "yaw_deg": apart[1],
                "roll_deg": apart[2], "jaw_open": fit.expression[jaw] - truth.expression[jaw],
                "blink": fit.expression[blinks].mean() - weights(*pairs)[blinks].mean(),
                "eyes_height_by_width": eye_opening(face.mesh), "identity_mm": shape_error_mm(found, own),
                "identity_of_mean_head_mm": shape_error_mm(mean, own),
                "focal_ratio": fit.focal_px / truth.focal_px,
            })  # fmt: skip
    return [
        {name: value if isinstance(value, str) else round(float(value), 3) for name, value in row.items()}
        for row in rows
    ]


def shape_error_mm(shape: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of (n, 3) metres after the best similarity (Umeyama 1991)."""
    a, b = shape - shape.mean(axis=0), truth - truth.mean(axis=0)
    u, sizes, v = np.linalg.svd(b.T @ a)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    turn = (u * flip) @ v
    scale = (sizes * flip).sum() / (a**2).sum()
    return float(1000 * np.linalg.norm(scale * a @ turn.T - b, axis=1).mean())


if __name__ == "__main__":
    main()
