"""One pass over the sound: what the networks hear in it, frame by frame, on all cores in flat memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sadtalker3d.audio import FPS, Sound, mel_blocks, window_blocks
from sadtalker3d.motion.silence import GROUPS, group_levels
from sadtalker3d.progress import Report

if TYPE_CHECKING:
    from sadtalker3d.motion.expnet import ExpNet
    from sadtalker3d.motion.posevae import PoseVAE

BATCH = 32  # frames; their activations still fit the processor's caches
CODE_EVERY = 4  # the head hears every fourth window: they are five frames long, and a head is slow
COEFFICIENTS = 64
POSE = 6
MOST_WORKERS = 8  # each holds the activations of a batch, 40 MB

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Heard:
    """All that generation keeps of the sound.

    Attributes
    ----------
    expression : (T, 64) float32, what ExpNet answers
    levels : (T, 8) float32 dB, see `silence.group_levels`
    code : (T, 6) float32, what PoseVAE's decoder hears; no rows when the head holds still
    """

    expression: np.ndarray
    levels: np.ndarray
    code: np.ndarray


def listen(sound: Sound, expnet: ExpNet, posevae: PoseVAE | None, progress: Report | None = None) -> Heard:
    """Run the networks over the sound; `posevae` is None when the head holds still."""
    total = None if sound.duration_s is None else int(sound.duration_s * FPS)
    # bytes in one growing piece: small arrays between the networks' large ones would tear the memory
    # to shreds, which costs a gigabyte in half an hour
    expression, levels, code = bytearray(), bytearray(), bytearray()
    done = 0

    def heard(windows: np.ndarray) -> tuple[bytes, bytes, bytes]:
        coded = b"" if posevae is None else _speech_code(posevae, windows[::CODE_EVERY]).tobytes()
        return _expression(expnet, windows).tobytes(), group_levels(windows).tobytes(), coded

    for answer in _in_order(heard, window_blocks(mel_blocks(sound.blocks()), BATCH)):
        expression += answer[0]
        levels += answer[1]
        code += answer[2]
        done = len(levels) // (4 * GROUPS)
        if progress:
            progress(done, max(done, total) if total else None)
    if progress:
        progress(done, done)
    return Heard(
        np.frombuffer(expression, np.float32).reshape(-1, COEFFICIENTS),
        np.frombuffer(levels, np.float32).reshape(-1, GROUPS),
        _every_frame(np.frombuffer(code, np.float32).reshape(-1, POSE), done),
    )


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep torch from splitting single operations over the cores while whole batches are spread over them.

    Its threads wait for each other within every layer, which is slower, and where other programs use
    the cores too it is slower twentyfold.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map` on all cores that reads only a little ahead, so that memory stays flat."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, MOST_WORKERS)
    waiting: deque[Future[Result]] = deque()
    # the number of threads an operation may use is set thread by thread
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _expression(expnet: ExpNet, windows: np.ndarray) -> np.ndarray:
    """(N, 1, 80, 16) -> (N, 64), from a face at rest with open lids."""
    import torch

    with torch.inference_mode():
        rest, lids = torch.zeros(len(windows), COEFFICIENTS), torch.zeros(len(windows), 1)
        return expnet(torch.from_numpy(np.ascontiguousarray(windows)), rest, lids).numpy()


def _speech_code(posevae: PoseVAE, windows: np.ndarray) -> np.ndarray:
    """(N, 1, 80, 16) -> (N, 6)"""
    import torch

    with torch.inference_mode():
        return posevae.speech_code(torch.from_numpy(np.ascontiguousarray(windows))).numpy()


def _every_frame(code: np.ndarray, frames: int) -> np.ndarray:
    """Every fourth frame's code (n, 6) -> (T, 6), linear between."""
    if not len(code):
        return code
    times = np.arange(len(code)) * CODE_EVERY
    columns = [np.interp(np.arange(frames), times, column) for column in code.T]
    return np.stack(columns, axis=1).astype(np.float32)
