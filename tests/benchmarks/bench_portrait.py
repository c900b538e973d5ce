"""The speaking photo: speed, the still frame, self-reenactment, steadiness, likeness. JSON.

`python -m tests.benchmarks.bench_portrait [--frames N] [--looks N] [--quick] [--sheets DIR]`. The clips are
the project's own renders, see `rendered_clip.py`; `mean` and `worst` are over the looks. Ten minutes on two
cores; `--quick` leaves out the 1,000 frames and half of the looks.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sadtalker3d.errors import UserError
from sadtalker3d.face.picture import read_picture
from tests.benchmarks import portrait_steadiness as steadiness
from tests.benchmarks.portrait_identity import Identity, distances
from tests.benchmarks.portrait_reenactment import reenacted, scores
from tests.benchmarks.portrait_speed import SAMPLES, speed
from tests.benchmarks.rendered_clip import LOOKS, Clip, speaking_clip

SMALLER_IS_BETTER = ("lip_error",)


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100, help="of each clip")
    parser.add_argument("--looks", type=int, default=len(LOOKS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--sheets", type=Path, help="write contact sheets of the clips here: real, ours, static"
    )
    parser.add_argument("--parts", nargs="*", default=("speed", "clips", "steady", "identity"))
    arguments = parser.parse_args()
    looks = LOOKS[: arguments.looks // 2 if arguments.quick else arguments.looks]
    photo = read_picture(SAMPLES / "portrait.jpg")
    result: dict[str, Any] = {}
    if "speed" in arguments.parts:
        runs = {"512_1_core": (1, 512, 100), "512_2_cores": (2, 512, 100), "1080_1_core": (1, 1080, 60),
                "1080_2_cores": (2, 1080, 60)}  # fmt: skip
        if not arguments.quick:
            runs["512_1000_frames"] = (2, 512, 1000)
        result["speed"] = {name: _tell(name, speed(*run)) for name, run in runs.items()}
    portraits = {"sample": photo}
    if {"clips", "identity"} & set(arguments.parts):
        by_look = {}
        for look in looks:
            clip = speaking_clip(look, arguments.frames if "clips" in arguments.parts else 1)
            portraits[look.name] = clip.frames[0]
            if "clips" in arguments.parts:
                frames = reenacted(clip)
                by_look[look.name] = _tell(look.name, scores(clip, frames))
                if arguments.sheets:
                    _write_sheet(arguments.sheets / f"{look.name}.png", clip, frames)
        if by_look:
            result["reenactment"] = {**_over_looks(by_look), "looks": by_look}
    if "steady" in arguments.parts:
        result["still_frame_db"] = {name: steadiness.still_frame_db(one) for name, one in portraits.items()}
        result["mouth_alone"] = {name: steadiness.mouth_alone(one) for name, one in portraits.items()}
        result["slow_turn"] = {
            "sample": steadiness.slow_turn_of_photo(photo), "rendered": steadiness.slow_turn_of_render(),
        }  # fmt: skip
    if "identity" in arguments.parts:
        try:
            identity = Identity()
            result["identity_distance"] = {name: distances(one, identity) for name, one in portraits.items()}
        except UserError as error:
            result["identity_distance"] = {"skipped": str(error)}
    print(json.dumps(_rounded(result)))


def _over_looks(by_look: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {"mean": {}, "worst": {}}
    for name in next(iter(by_look.values())):
        values = [row[name] for row in by_look.values()]
        found["mean"][name] = float(np.nanmean(values))
        found["worst"][name] = float(np.nanmax(values) if name in SMALLER_IS_BETTER else np.nanmin(values))
    return found


def _write_sheet(path: Path, clip: Clip, frames: np.ndarray, tiles: int = 6) -> None:
    """Real frames above, ours below, at full size."""
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = np.linspace(1, len(frames) - 1, tiles).round().astype(int)
    rows = [np.hstack([row[t] for t in chosen]) for row in (clip.frames, frames)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def _tell(name: str, found: dict[str, Any]) -> dict[str, Any]:
    print(f"{name}: {json.dumps(_rounded(found))}", file=sys.stderr, flush=True)
    return found


def _rounded(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _rounded(value) for name, value in found.items()}
    return (
        round(found, 4)
        if isinstance(found, float) and np.isfinite(found)
        else None
        if isinstance(found, float)
        else found
    )


if __name__ == "__main__":
    main()
