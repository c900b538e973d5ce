"""A live face on one core: what a frame costs, and which sample first changes it.

Each frame's sound comes as one piece, as a microphone gives it; all of the frame's work counts.
`busy_ms` is the core's time, `wall_ms` the clock's, which other programs on the machine make longer.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

from sadtalker3d.motion.live import LiveFace, LiveNetworks  # noqa: E402

SPEECH = Path(__file__).parents[2] / "samples" / "speech.wav"
PIECE = 640  # samples: a frame
SECONDS = 120


def main() -> None:
    """Print the numbers as JSON."""
    start = time.perf_counter()
    networks, trained = _networks()
    load_s = time.perf_counter() - start
    start = time.perf_counter()
    face = LiveFace(networks=networks)
    ready_s = time.perf_counter() - start
    wave, _ = soundfile.read(SPEECH, dtype="float32")
    wave = np.resize(wave, SECONDS * 16000)
    wall_ms, busy_ms = [], []
    for at in range(0, len(wave), PIECE):
        wall, busy = time.perf_counter(), time.thread_time()
        frames = len(face.hear(wave[at : at + PIECE]))
        if frames:
            wall_ms.append(1000 * (time.perf_counter() - wall) / frames)
            busy_ms.append(1000 * (time.thread_time() - busy) / frames)
    print(
        json.dumps(
            {
                "trained_weights": trained,
                "load_s": round(load_s, 2),
                "ready_s": round(ready_s, 2),
                "frames": len(wall_ms),
                "busy_ms": _summary(busy_ms),
                "wall_ms": _summary(wall_ms),
                "load_average": round(os.getloadavg()[0], 2),
                "look_ahead_ms": _look_ahead_ms(networks, wave[16000:]),
            }
        )
    )


def _networks() -> tuple[LiveNetworks, bool]:
    """The embedded ones, or where a version has none, networks of the same size."""
    from sadtalker3d.errors import UserError

    try:
        return LiveNetworks.embedded(), True
    except UserError:
        from sadtalker3d import weights
        from sadtalker3d.motion.audio_encoder import speed_up
        from sadtalker3d.motion.head import speed_up_head
        from tests.motion.live_networks import seeded_mouth

        return LiveNetworks(seeded_mouth(), speed_up_head(speed_up(weights.embedded("posevae")))), False  # type: ignore[arg-type]


def _summary(values: list[float]) -> dict[str, float]:
    mean, p95, p99 = np.mean(values), *np.percentile(values, (95, 99))
    share = np.mean(np.array(values) > 5)
    return {
        "mean": round(float(mean), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2),
        "max": round(max(values), 2), "share_over_5": round(float(share), 4),
    }  # fmt: skip


def _look_ahead_ms(networks: LiveNetworks, wave: np.ndarray) -> dict[str, float]:
    """From the middle of a frame to the last sample that changes it, and to the one with which it comes."""
    heard, given = [], []
    for frame in range(20, 25):
        middle = frame * PIECE + PIECE // 2
        face, came, frames = LiveFace(networks=networks, still=True), 0, 0
        while frames <= frame:
            frames += len(face.hear(wave[came : came + 1]))
            came += 1
        made = _frame(networks, wave, frame)
        last = next(
            n
            for n in range(came + 160, middle, -8)
            if (_frame(networks, _other(wave, n), frame) != made).any()
        )
        heard.append(1000 * (last - middle) / 16000)
        given.append(1000 * (came - middle) / 16000)
    return {"last_that_matters": round(max(heard), 1), "given_out_at": round(max(given), 1)}


def _frame(networks: LiveNetworks, wave: np.ndarray, frame: int) -> np.ndarray:
    face = LiveFace(networks=networks, still=True)
    return face.hear(wave[: (frame + 4) * PIECE]).expression[frame]


def _other(wave: np.ndarray, first: int) -> np.ndarray:
    """The same sound up to sample `first`, from there on noise."""
    changed = wave[: 30 * PIECE].copy()
    changed[first:] = 0.5 * np.random.default_rng(0).standard_normal(len(changed) - first)
    return changed


if __name__ == "__main__":
    main()
