"""Work on strips of a map, shared out among threads that each keep their own scratch memory.

One thread a core, each with single-threaded matrix products: the pools of torch and of numba would wait for
each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class Strips:
    """A pool of threads.

    threads : as many as torch uses, unless given
    dtype : of the matrix products
    """

    def __init__(self, threads: int | None = None, dtype: torch.dtype = torch.float32) -> None:
        self.threads, self.dtype = threads or torch.get_num_threads(), dtype
        self._pool = ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,))
        self._own = threading.local()

    def each(self, work: Callable[[int], object], starts: Iterable[int]) -> list:
        """What `work` returns for every start, in their order."""
        return list(self._pool.map(torch.inference_mode()(work), starts))

    def scratch(self, name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Uninitialised memory of this thread, the same for every call with the name; grows as needed."""
        size = 1
        for length in shape:
            size *= length
        kept: dict[str, Tensor] = self._own.__dict__
        if name not in kept or kept[name].numel() < size:
            kept[name] = torch.empty(size, dtype=dtype)
        return kept[name][:size].view(shape)
