"""The neural renderer: milliseconds of every stage, frames a second, memory; against upstream's order of work.

`python -m tests.benchmarks.facevid2vid [--frames N] [--memory]`. The weights are seeded: the work is the official
networks'. "upstream" is what it does for a frame: the plain modules, the portrait encoded again each time; ratios are
within this run. `--memory` adds the peak of 50 and of 1,500 frames (narrow networks, minutes) and of 5 and 25 frames
of the official size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sadtalker3d import weights
from sadtalker3d.render.facevid2vid.animate import AnimatedPortrait, Networks
from sadtalker3d.render.facevid2vid.cpu import CpuGenerator
from sadtalker3d.render.facevid2vid.dense_motion import DenseMotionConfig
from sadtalker3d.render.facevid2vid.folded import FoldedGenerator
from sadtalker3d.render.facevid2vid.generator import Generator, GeneratorConfig
from sadtalker3d.render.facevid2vid.keypoints import KeypointConfig, KeypointDetector
from sadtalker3d.render.facevid2vid.mapping import MappingNet
from sadtalker3d.render.facevid2vid.spade import SpadeConfig
from tests.seeded import CONFORMANCE, load_seeded


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3, help="frames timed for each way")
    parser.add_argument("--memory", action="store_true", help="measure peak memory as well")
    parser.add_argument("--peak-of", nargs=2, help=argparse.SUPPRESS)  # this program runs itself with it
    arguments = parser.parse_args()
    if arguments.peak_of:
        which, frames = arguments.peak_of
        print(json.dumps(_peak_mb(which, int(frames))))
        return
    with torch.inference_mode():
        result = _speed(arguments.frames)
    if arguments.memory:
        result["peak_mb"] = {
            which: {str(n): _in_a_process("--peak-of", which, str(n)) for n in lengths}
            for which, lengths in (("narrow", (50, 1500)), ("official", (5, 25)))
        }
    print(json.dumps(result, indent=2))


def _speed(frames: int) -> dict[str, Any]:
    data = np.load(CONFORMANCE / "generator_256.npz")
    generator = load_seeded(weights.build("generator"), "generator")
    keypoints = load_seeded(weights.build("kp_extractor"), "kp_extractor")
    mapping = load_seeded(weights.build("mapping"), "mapping")
    assert isinstance(generator, Generator)
    portrait = torch.from_numpy(data["image_256"]).permute(2, 0, 1)[None].float() / 255
    driving, source = (torch.from_numpy(data[key]) for key in ("kp_driving", "kp_source"))
    window = torch.from_numpy(data["drv_sem"])
    once = {
        "encode_portrait": _ms(lambda: generator.encode(portrait), frames),
        "keypoints": _ms(lambda: keypoints(portrait), frames),
    }
    upstream = _ms(lambda: (mapping(window), generator(portrait, driving, source)), frames)
    plain = generator(portrait, driving, source)
    result: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 2),
        "once_ms": once,
        "mapping_ms": _ms(lambda: mapping(window), frames),
        "upstream": {"frame_ms": upstream, "frames_per_s": round(1000 / upstream, 3)},
    }
    for name, dtype in (("cpu_float32", torch.float32), ("cpu_bfloat16", torch.bfloat16)):
        quick = CpuGenerator(generator, 256, dtype=dtype)
        encoded = quick.encode(portrait, source)
        result[name] = _way(lambda q=quick, e=encoded: q.frame(e, driving), plain, upstream, frames)
        result[name]["motion_ms"] = _ms(
            lambda q=quick, e=encoded: q.motion(e.compressed, driving[0], source[0]), frames
        )
        result[name]["decoder_ms"] = _ms(quick.decoder, frames)
    devices = [("folded_cpu_bfloat16", "cpu")] + [
        ("folded_cuda_bfloat16", "cuda")
    ] * torch.cuda.is_available()
    for name, device in devices:
        folded = FoldedGenerator(generator, device, torch.bfloat16)
        placed = folded.encode(portrait, source)
        result[name] = _way(lambda f=folded, p=placed: f.frame(p, driving), plain, upstream, frames)
    return result


def _way(
    frame: Callable[[], torch.Tensor], plain: torch.Tensor, upstream_ms: float, frames: int
) -> dict[str, Any]:
    error = frame() - plain
    took = _ms(frame, frames)
    return {
        "frame_ms": took,
        "frames_per_s": round(1000 / took, 3),
        "times_upstream": round(upstream_ms / took, 2),
        "largest_error": float(error.abs().max()),
        "psnr_db": round(float(-10 * error.square().mean().log10()), 1),
    }


def _ms(work: Callable[[], object], times: int) -> float:
    """Median milliseconds of `work`, after one call that is not counted."""
    work()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return round(1000 * statistics.median(took), 1)


def _in_a_process(*arguments: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.facevid2vid", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _peak_mb(which: str, frames: int) -> float:
    """Peak memory of a process that renders so many frames and writes them as a video."""
    import tempfile
    from pathlib import Path

    from sadtalker3d.render.video import write_video

    networks, size = (_narrow(), 64) if which == "narrow" else (_official(), 256)
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    portrait = AnimatedPortrait(networks, picture, rng.normal(0, 0.1, 73))
    motion = rng.normal(0, 0.1, (frames, 70)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        write_video(Path(folder) / "frames.mp4", portrait.frames(motion), 25)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _official() -> Networks:
    parts = ("generator", "kp_extractor", "mapping")
    return Networks(*(load_seeded(weights.build(name), name) for name in parts))  # type: ignore[arg-type]


def _narrow() -> Networks:
    """The same program with few channels, quick enough for a minute of video."""
    motion = DenseMotionConfig(channels=4, down=(8, 16), up=(8, 4))
    config = GeneratorConfig(
        first=8, down=(8, 16), resblocks=1, motion=motion,
        spade=SpadeConfig(features=16, width=16, middle_blocks=1, up=(8, 8), shared=8),
    )  # fmt: skip
    keypoints = replace(KeypointConfig(), down=(8, 8), up=(8, 8))
    torch.manual_seed(0)
    return Networks(Generator(config).eval(), KeypointDetector(keypoints).eval(), MappingNet().eval())


if __name__ == "__main__":
    main()
