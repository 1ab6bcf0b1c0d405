"""Virtual time: an event loop whose time jumps to the next timer whenever nothing else is left to do.

It refuses to know what runs in it: `asyncio.sleep`, `call_later` and time limits work as ever, only that nobody waits.
Invariants: nothing sleeps on the wall clock; a run is a function of what was put into the loop; a loop in which nothing
can ever happen again says so instead of hanging. Loop time is seconds from 0, the clocks tell microseconds.
"""

import asyncio
import inspect
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

from clock.instants import SECOND_US

P = ParamSpec("P")

BEGIN = 1_700_000_000 * SECOND_US
"""The instant at which every virtual loop begins, in microseconds since the epoch."""


class _NoWaiting(selectors.SelectSelector):
    """Lets the loop's time pass instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing is left to happen in this loop")
        self.passed_s += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self._waits = _NoWaiting()
        super().__init__(self._waits)

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._waits.passed_s

    def stop_the_process(self, seconds: float) -> None:
        """Let time pass while nothing runs, as a stopped process would see it."""
        self._waits.passed_s += seconds


class LoopClock:
    """The clock of a virtual loop; like every clock here it never runs back.

    Attributes:
        error_us: How wrong it goes.
        stands_at: Where it stands still; None: it goes.
    """

    def __init__(self) -> None:
        self.error_us = 0
        self.stands_at: int | None = None
        self._latest = 0

    def now(self) -> int:
        """The instant in microseconds since the epoch."""
        if self.stands_at is not None:
            return self.stands_at
        true = BEGIN + round(asyncio.get_running_loop().time() * SECOND_US)
        self._latest = max(self._latest, true + self.error_us)
        return self._latest


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test that is a coroutine in a virtual loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    # Or pytest-asyncio would look through the wrapper and see a coroutine function.
    assert not inspect.iscoroutinefunction(run)
    return run


def virtual_loop() -> VirtualLoop:
    """The running loop, which must be a virtual one."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def stop_the_process(seconds: float) -> None:
    """Let time pass while nothing runs."""
    virtual_loop().stop_the_process(seconds)


async def a_moment() -> None:
    """Let everything happen that does not wait for a timer."""
    await asyncio.sleep(0.001)
