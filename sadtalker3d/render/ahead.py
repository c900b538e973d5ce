"""Encoding in a thread of its own while the next pictures are drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

AHEAD = 4  # pictures that may wait for the encoder, of 0.8 MB each at 512 x 512


class Ahead:
    """One thread does what it is given, in that order; whoever gives waits when too much waits.

    An exception of the work comes out of a later `do`, or at the end of the block.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def do(self, work: Callable[..., None], *given: Any) -> None:
        """Have it done soon."""
        self._waiting.append(self._thread.submit(work, *given))
        if len(self._waiting) > AHEAD:
            self._waiting.popleft().result()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while self._waiting and error is None:
                self._waiting.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)
