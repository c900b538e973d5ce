"""What the networks make of the sound, frame by frame: on all cores, in flat memory, silence left out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sadtalker3d.audio import Sound, mel_blocks, window_blocks
from sadtalker3d.mel import BANDS, WINDOW_COLUMNS
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


def loudness(sound: Sound, progress: Report | None = None) -> np.ndarray:
    """Levels (T, 8) in dB, see `silence.group_levels`; needs no network, so it can go on while they load."""
    levels = bytearray()
    for windows in window_blocks(mel_blocks(sound.blocks()), BATCH * CODE_EVERY):
        levels += group_levels(windows).tobytes()
        if progress:
            progress(0, None)
    return np.frombuffer(levels, np.float32).reshape(-1, GROUPS)


def hear(sound: Sound, posevae: PoseVAE, total: int, progress: Report | None = None) -> np.ndarray:
    """What the head hears of the `total` frames of sound: codes for PoseVAE's decoder (total, 6)."""

    def heard(windows: np.ndarray) -> tuple[int, bytes]:
        return len(windows), _speech_code(posevae, windows[::CODE_EVERY]).tobytes()

    # bytes in one growing piece: small arrays between the networks' large ones would tear the memory
    # to shreds, which costs a gigabyte in half an hour
    codes, frames = bytearray(), 0
    for count, code in _in_order(heard, window_blocks(mel_blocks(sound.blocks()), BATCH * CODE_EVERY)):
        frames += count
        codes += code
        if progress:
            progress(frames, total)
    return _every_frame(np.frombuffer(codes, np.float32).reshape(-1, POSE), frames)


def answer(sound: Sound, expnet: ExpNet, spoken: np.ndarray, progress: Report | None = None) -> np.ndarray:
    """ExpNet's expression (T, 64) where `spoken` (T,) is true, zeros elsewhere."""
    answers = bytearray()
    total = int(spoken.sum())
    for expression in _in_order(lambda windows: _expression(expnet, windows), _chosen(sound, spoken)):
        answers += expression.tobytes()
        if progress:
            progress(len(spoken) * len(answers) // (4 * COEFFICIENTS) // total, len(spoken))
    result = np.zeros((len(spoken), COEFFICIENTS), np.float32)
    result[spoken] = np.frombuffer(answers, np.float32).reshape(-1, COEFFICIENTS)
    if progress:
        progress(len(spoken), len(spoken))
    return result


def _chosen(sound: Sound, spoken: np.ndarray) -> Iterator[np.ndarray]:
    """Windows of the chosen frames in full batches: every new size of batch costs preparations."""
    held = np.zeros((0, 1, BANDS, WINDOW_COLUMNS), np.float32)
    first = 0
    for windows in window_blocks(mel_blocks(sound.blocks()), BATCH):
        held = np.concatenate([held, windows[spoken[first : first + len(windows)]]])
        first += len(windows)
        if len(held) >= BATCH:
            yield held[:BATCH]
            held = held[BATCH:]
    if len(held):
        yield held


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


def use_one_thread() -> None:
    """`one_thread_each` for the calling thread: torch sets the number thread by thread."""
    import torch

    torch.set_num_threads(1)


def _in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map` on all cores that reads only a little ahead, so that memory stays flat."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, MOST_WORKERS)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, initializer=use_one_thread) as pool:
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
    times = np.arange(len(code)) * CODE_EVERY
    columns = [np.interp(np.arange(frames), times, column) for column in code.T]
    return np.stack(columns, axis=1).astype(np.float32)
