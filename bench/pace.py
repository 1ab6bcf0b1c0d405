"""How bids leave: with a fixed number in flight, or at a steady rate whatever comes back.

Refuses to know what an answer says. Invariants: in a closed loop no more than `flight` bids are ever unanswered; in an
open loop bid n is due at start + n / rate, and its due time, not the time it left, is what its latency counts from. A
thread that does nothing but sleep says when a bid is due; the lateness is kept and told. Seconds of
`time.perf_counter`.
"""

import asyncio
import gc
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal

import msgspec

from bench.latency import Timings
from bench.load import Line
from bench.volley import Volley

FLIGHT_LEN = 4_096
_BEAT_LEAST_S = 0.000_2
"""At the highest rates several bids leave in a beat, so that the pacing takes no core of its own."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a surge is to do. `rate` is bids per second; None is full throttle.

    `shape`: `flood` sends bids that are all good, as evenly as it can; `sale` is a storm as real sales have it.
    """

    lots: int = 1
    bidders: int = 64
    watchers: int = 0
    feed: Literal["full", "live", "both"] = "both"
    rate: float | None = None
    seconds: float = 10.0
    seed: int = 1
    flight: int = FLIGHT_LEN
    shape: Literal["flood", "sale"] = "flood"


class FullThrottle:
    """Closed loop: a fixed number of bids in flight; every answer lets the next window go."""

    def __init__(self, volley: Volley, bidders: Sequence[Line], options: Options, sent_at: "array[float]") -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lateness = Timings()
        self.seconds = 0.0
        self._volley = volley
        self._bidders = bidders
        self._room = self._flight = options.flight
        self._sent_at = sent_at
        self._started = 0.0
        self._ends = 0.0
        self._planned = options.seconds

    def start(self) -> None:
        """Send the first windows."""
        self._started = time.perf_counter()
        self._ends = self._started + self._planned
        self.answered(0)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def answered(self, count: int) -> None:
        """Answers came: fill the flight up again."""
        self._room += count
        now = time.perf_counter()
        if now >= self._ends:
            self._finish(now)
            return
        volley = self._volley
        while self._room >= volley.window_len and not (volley.is_handed_over and self._room < self._flight):
            line = self._bidders[volley.bidder(volley.taken)]
            self._sent_at.append(now)
            line.write_now(volley.take())
            self._room -= volley.window_len

    def _finish(self, now: float) -> None:
        if not self.over.done():
            self.seconds = now - self._started
            self.over.set_result(None)


class Paced:
    """Open loop: bid n leaves at start + n / rate, whatever the house does meanwhile."""

    def __init__(self, volley: Volley, bidders: Sequence[Line], options: Options, sent_at: "array[float]") -> None:
        assert options.rate is not None  # noqa: S101  the caller chose this class for its rate
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lateness = Timings()
        self.seconds = options.seconds
        self._volley = volley
        self._bidders = bidders
        self._interval = 1.0 / options.rate
        self._bids = round(options.rate * options.seconds)
        self._intended = sent_at
        self._sent = 0
        self._started = 0.0
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Start the clock."""
        self._started = time.perf_counter()
        threading.Thread(target=self._beat, name="pace", daemon=True).start()

    def _beat(self) -> None:
        """Wake the loop whenever a bid is due: its own timers know whole milliseconds, and spin below one."""
        with suppress(RuntimeError):  # the loop was closed before the run was over
            while self._sent < self._bids:
                time.sleep(max(self._due() - time.perf_counter(), _BEAT_LEAST_S))
                self._loop.call_soon_threadsafe(self._send_due)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def answered(self, count: int) -> None:
        """An open loop does not care."""

    def _send_due(self) -> None:
        now = time.perf_counter()
        volley = self._volley
        while self._sent < self._bids and (due := self._due()) <= now:
            line = self._bidders[volley.bidder(volley.taken)]
            self._intended.append(due)
            line.write_now(volley.take())
            self._sent += 1
            self.lateness.record(now - due)
        if self._sent >= self._bids and not self.over.done():
            self.seconds = time.perf_counter() - self._started
            self.over.set_result(None)

    def _due(self) -> float:
        return self._started + self._sent * self._interval


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector of the generator out of the house's latencies."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
