"""The refinement (`--refine-weights FILE`): mouth and lids with and without it on people whom it never saw. JSON.

`python -m tests.benchmarks.portrait_refinement FILE [--looks N] [--frames N] [--sheets DIR]`. The people are those of
`rendered_clip.py`, fitted by the detector as a user's photo is, saying the sample's speech and blinking. Each crop is
cut out around the true head's mouth and eyes in the true frame and in the made ones.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from sadtalker3d.evaluate.pictures import psnr_db, ssim
from sadtalker3d.face.fit import fit_portrait3d
from sadtalker3d.face.landmarks import largest_face
from sadtalker3d.motion.generate import generate
from sadtalker3d.render.portrait import PhotoPortrait
from sadtalker3d.render.refine import Refinement, load_refinement
from sadtalker3d.render.warp.motion import HeadMotion
from sadtalker3d.render.warp.refine_crops import REGIONS, Places, cut_out
from tests.benchmarks.rendered_clip import LOOKS, SPEECH, Look, clip, head, weights

FIRST, APART = 12, 7  # of the sample's frames
Measured = dict[str, list[tuple[float, float, float]]]  # squared error, SSIM, edges


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--looks", type=int, default=len(LOOKS))
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--sheets", type=Path, help="write sheets: the truth, without, with")
    arguments = parser.parse_args()
    refinement = load_refinement(arguments.weights)
    found: dict[str, dict[str, Measured]] = {}
    for look in LOOKS[: arguments.looks]:
        found[look.name] = measured(look, arguments.frames, refinement, arguments.sheets)
    print(json.dumps({name: told(rows) for name, rows in found.items()} | {"all": told(_joined(found)),
                      "extra_ms": extra_ms(refinement)}))  # fmt: skip


def measured(look: Look, frames: int, refinement: Refinement, sheets: Path | None) -> dict[str, Measured]:
    """By network and then "without" and "with", as "mouth without"."""
    said = generate(SPEECH, style=look.style, seed=look.seed)
    chosen = FIRST + APART * np.arange(frames)
    speech = np.concatenate([np.zeros((1, 64), np.float32), said.expression[chosen % len(said)]])
    for t in range(1, len(speech)):
        speech[t] = np.maximum(speech[t], weights(("eyeBlink", (0.0, 0.5, 1.0, 0.8)[t % 4])))
    turn = said.rotation[np.r_[0, chosen % len(said)]] * 0.5
    turn -= turn[0]
    true = clip(look, speech, np.clip(turn, -0.1, 0.1), np.zeros_like(turn))
    portrait = true.frames[0]
    fit = fit_portrait3d(portrait, largest_face(portrait, look.name)[0], head())
    moving = PhotoPortrait(portrait, fit, model=head())
    made = [list(moving.frames(true.track, refiner=refiner)) for refiner in (None, refinement)]
    places = Places(HeadMotion(true.exact, head()), head())
    found: dict[str, Measured] = {}
    rows = []
    for t in range(1, len(speech)):
        row = []
        for region in REGIONS:
            matrix = places.matrix(region, true.track.rotation[t], true.track.translation[t])
            crops = [cut_out(one[t], matrix, region.side_px) for one in (true.frames, *made)]
            row.append(crops)
            for name, crop in zip(("without", "with"), crops[1:], strict=True):
                kept = found.setdefault(region.network, {}).setdefault(name, [])
                kept.append(_compared(crop, crops[0]))
        rows.append(row)
    if sheets is not None:
        _write_sheet(sheets / f"{look.name}.png", rows)
    return found


def told(found: dict[str, Measured]) -> dict[str, dict[str, dict[str, float]]]:
    """Means over crops, PSNR of the mean squared error."""
    return {
        network: {
            name: {
                "psnr_db": round(psnr_db(float(np.mean([r[0] for r in rows]))), 2),
                "ssim": round(float(np.mean([r[1] for r in rows])), 4),
                "edges": round(float(np.mean([r[2] for r in rows])), 3),
            }
            for name, rows in measures.items()
        }
        for network, measures in found.items()
    }


def extra_ms(refinement: Refinement, frames: int = 30) -> dict[str, float]:
    """What the repair adds to a frame on this machine, processor time of one thread."""
    import torch

    torch.set_num_threads(1)
    true = clip(LOOKS[0], np.zeros((1, 64), np.float32), np.zeros((1, 3)), np.zeros((1, 3)))
    moving = PhotoPortrait(true.frames[0], true.exact, model=head())
    taken = {}
    for name, row in (
        ("speaking", (("jawOpen", 0.2),)), ("speaking and blinking", (("jawOpen", 0.2), ("eyeBlink", 0.8))),
    ):  # fmt: skip
        times = []
        for refiner in (None, refinement):
            moving.draw(weights(*row), np.zeros(3), np.zeros(3), refiner=refiner)
            began = time.process_time()
            for _ in range(frames):
                moving.draw(weights(*row), np.zeros(3), np.zeros(3), refiner=refiner)
            times.append(1000 * (time.process_time() - began) / frames)
        taken[name] = round(times[1] - times[0], 1)
    return taken


def _compared(made: np.ndarray, real: np.ndarray) -> tuple[float, float, float]:
    """Of the middle of a crop, where mouth or eye are."""
    side = len(real)
    middle = np.s_[side // 6 : -(side // 6), side // 12 : -(side // 12)]
    error = made[middle].astype(np.float64) - real[middle]
    edges = np.mean([np.abs(np.diff(error, axis=axis)).mean() for axis in (0, 1)])
    return float((error**2).mean()), ssim(made[middle], real[middle]), float(edges)


def _joined(found: dict[str, dict[str, Measured]]) -> dict[str, Measured]:
    joined: dict[str, Measured] = {}
    for by_network in found.values():
        for network, measures in by_network.items():
            for name, rows in measures.items():
                joined.setdefault(network, {}).setdefault(name, []).extend(rows)
    return joined


def _write_sheet(path: Path, rows: list[list[list[np.ndarray]]], scale: int = 2) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    columns = []
    for row in rows:
        mouth, eye = row[0], row[1]
        tall = [
            cv2.resize(crop, (96 * scale, 96 * scale), interpolation=cv2.INTER_CUBIC)
            for crop in (*mouth, *eye)
        ]
        columns.append(np.vstack(tall))
    cv2.imwrite(str(path), np.hstack(columns)[..., ::-1])


if __name__ == "__main__":
    main()
