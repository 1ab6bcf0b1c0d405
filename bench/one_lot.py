"""A house with one open lot, one bidder who bids at a steady pace, and a meter on the house: the ground of fan-out.

Refuses to know who watches, and what a frame costs. Invariants: every bid is good, so every bid is an event; bids that
belong together leave in one write, so that one batch commits them; the house and its store are metered apart. CPU in
seconds, shares of one core.
"""

import time
from array import array
from collections.abc import Awaitable
from typing import NamedTuple

import orjson
import psutil

from bench.desk import Desk, lot_listing
from bench.drain import Script
from bench.load import Address, Bounds, Line, dial, frame, upgrade_request
from bench.pace import Options, Paced
from bench.server import House
from bench.volley import Volley
from bench.watch_cpu import cpu_s, store_of

GREETINGS = 3
"""What a watcher hears before the first event: a hello, a snapshot, and how many watch."""
HEADCOUNT_S = 2.0
"""protocol.md: how many watch is told at most so often; those messages are not among the frames."""
SETTLE_S = 0.3
_US = 1_000_000
_DAY_US = 24 * 3600 * _US


def list_one_lot(running: House) -> str:
    """List a lot that stays open; its id."""
    desk, now_us = Desk(running.address, running.sign("operator", "fanout-operator")), time.time_ns() // 1000
    desk.list_sale("fanout", "A fan-out")
    desk.list_lot(lot_listing("fanout-1", "fanout", now_us, now_us + _DAY_US))
    desk.close()
    return "fanout-1"


def watching(address: Address, lot: str, feed: str) -> Script:
    """What every watcher says: the upgrade, and the watch."""
    return Script(upgrade_request(address, None), frame(orjson.dumps({"op": "watch", "lot": lot, "feed": feed})))


def unheard(_line: Line, _data: bytes, _messages: list[Bounds]) -> None:
    """The bidder does not listen."""


class Bidder:
    """One bidder who bids at a steady pace; every bid is an event."""

    def __init__(self, lot: str, line: Line) -> None:
        self._line = line
        self._volley = Volley([lot], 1, seed=1, window_len=1, turn=1)

    @classmethod
    async def seated(cls, running: House, lot: str) -> "Bidder":
        """A bidder with a line of his own. Raises LineError."""
        return cls(lot, await dial(running.address, running.sign("bidder", "fanout-bidder"), unheard))

    async def bid(self, rate: float, seconds: float, together: int = 1) -> int:
        """Bid `rate` times a second for a while, so many bids in one write; how many bids."""
        before = self._volley.taken
        self._volley.window_len = together  # no window is made ahead here, so the next one may be longer
        pace = Paced(self._volley, [self._line], Options(rate=rate / together, seconds=seconds), array("d"))
        pace.start()
        await pace.over
        return self._volley.taken - before


class Spent(NamedTuple):
    """CPU of the house and of its store: seconds, or cores when over a second."""

    house: float
    store: float


class Meter:
    """The CPU of a running house and its store."""

    def __init__(self, running: House) -> None:
        self._running = running
        self._store = store_of(psutil.Process(running.pid))

    def spent(self) -> Spent:
        """CPU seconds so far."""
        return Spent(self._running.cpu_s(), cpu_s(self._store) or 0.0)

    async def busy(self, work: Awaitable[object]) -> Spent:
        """How many cores are busy while something is done."""
        started, before = time.perf_counter(), self.spent()
        await work
        wall, after = time.perf_counter() - started, self.spent()
        return Spent((after.house - before.house) / wall, (after.store - before.store) / wall)
