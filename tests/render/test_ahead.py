import threading
import time

import pytest

from sadtalker3d.render.ahead import AHEAD, Ahead


def test_work_is_done_in_order_and_by_the_end() -> None:
    done: list[int] = []

    def slowly(number: int) -> None:
        time.sleep(0.001)
        done.append(number)

    with Ahead() as encoder:
        for number in range(20):
            encoder.do(slowly, number)
            assert number - len(done) <= AHEAD + 1
    assert done == list(range(20))


def test_what_fails_comes_out() -> None:
    def fail() -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"), Ahead() as encoder:
        encoder.do(fail)


def test_nothing_more_is_done_when_the_caller_fails() -> None:
    done: list[int] = []
    go = threading.Event()

    def wait() -> None:
        go.wait(5)

    with pytest.raises(KeyError), Ahead() as encoder:
        encoder.do(wait)
        encoder.do(done.append, 1)
        threading.Timer(0.05, go.set).start()
        raise KeyError
    assert not done
