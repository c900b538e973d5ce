"""What the networks make of the sound, frame by frame: on all cores, in flat memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from sadtalker3d.audio import Sound, mel_blocks, window_blocks
from sadtalker3d.motion.silence import GROUPS, group_levels
from sadtalker3d.progress import Report

if TYPE_CHECKING:
    from torch import Tensor

    from sadtalker3d.motion.posevae import PoseVAE

BATCH = 32  # frames; their activations still fit the processor's caches
TOGETHER = 256  # frames that the mouth hears at once: eight times its reach, so that little is heard twice
CODE_EVERY = 4  # the head hears every fourth window: they are five frames long, and a head is slow
COEFFICIENTS = 64
POSE = 6
MOST_KEPT = 16_000_000  # bytes of mel: ten minutes
MOST_WORKERS = 8  # each holds the activations of a batch, 40 MB

Item = TypeVar("Item")
Result = TypeVar("Result")


class KeptMel:
    """The mel spectrogram of a sound in blocks, as often as it is asked for.

    That of a short sound is kept; of a long one it is made anew each time, so that memory stays flat.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._kept: list[np.ndarray] | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, size = [], 0
        for block in mel_blocks(self._sound.blocks()):
            yield block
            size += block.nbytes
            kept.append(block)
            if size > MOST_KEPT:
                kept.clear()
        if size <= MOST_KEPT:
            self._kept = kept


class Hearing(Protocol):
    """A network that turns the windows of consecutive frames into expressions: ExpNet or TemporalExpNet."""

    reach: tuple[int, int]  # frames before and after a frame that its answer depends on

    def said(self, windows: Tensor) -> Tensor:
        """(T, 1, 80, 16) -> (T, 64) expression from a face at rest with open lids."""
        ...


def loudness(mel: Iterable[np.ndarray], progress: Report | None = None) -> np.ndarray:
    """Levels (T, 8) in dB, see `silence.group_levels`; needs no network, so it can go on while they load."""
    levels = bytearray()
    for windows in window_blocks(mel, BATCH * CODE_EVERY):
        levels += group_levels(windows).tobytes()
        if progress:
            progress(0, None)
    return np.frombuffer(levels, np.float32).reshape(-1, GROUPS)


def hear(
    mel: Iterable[np.ndarray], posevae: PoseVAE, total: int, progress: Report | None = None
) -> np.ndarray:
    """What the head hears of the `total` frames of sound: codes for PoseVAE's decoder (total, 6)."""

    def heard(windows: np.ndarray) -> tuple[int, bytes]:
        return len(windows), _speech_code(posevae, windows[::CODE_EVERY]).tobytes()

    # bytes in one growing piece: small arrays between the networks' large ones would tear the memory
    # to shreds, which costs a gigabyte in half an hour
    codes, frames = bytearray(), 0
    for count, code in in_order(heard, window_blocks(mel, BATCH * CODE_EVERY)):
        frames += count
        codes += code
        if progress:
            progress(frames, total)
    return _every_frame(np.frombuffer(codes, np.float32).reshape(-1, POSE), frames)


def answer(
    mel: Iterable[np.ndarray], expnet: Hearing, total: int, progress: Report | None = None
) -> np.ndarray:
    """The network's expression (T, 64) for the `total` frames of sound, from a face at rest with open lids."""
    import torch

    def expression(part: tuple[np.ndarray, slice]) -> bytes:
        windows, wanted = part
        with torch.inference_mode():
            return expnet.said(torch.from_numpy(windows))[wanted].numpy().tobytes()

    answers = bytearray()
    blocks = window_blocks(mel, BATCH)
    for block in in_order(expression, _with_neighbours(blocks, expnet.reach, TOGETHER)):
        answers += block
        if progress:
            progress(len(answers) // (4 * COEFFICIENTS), total)
    return np.frombuffer(answers, np.float32).reshape(-1, COEFFICIENTS)


def _with_neighbours(
    blocks: Iterable[np.ndarray], reach: tuple[int, int], together: int
) -> Iterator[tuple[np.ndarray, slice]]:
    """Frames in pieces of `together`, each with the `reach` frames before and after it that the network sees.

    Yields the piece with its neighbours, (n, ...), and where in it the frames lie that are asked for.
    """
    before, after = reach
    held, done = [], 0  # frames from `done` - `before` on; those before `done` are answered
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < min(done, before) + together + after:
            continue
        frames, start = np.concatenate(held), min(done, before)
        yield frames[: start + together + after], slice(start, start + together)
        done += together
        rest = frames[start + together - min(done, before) :]
        held, count = [rest], len(rest)
    if count > min(done, before):
        yield np.concatenate(held), slice(min(done, before), count)


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


def in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
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
