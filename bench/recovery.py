"""How long a house takes to come back: `knockdown serve` on a data directory with a past, until it can be bid in.

(a) One lot with a log of a million events: events a second of the house's own recovery, beside what a bare reader gets
by XRANGE from the same stream, and how long Redis takes to load its file. (b) A house of ten thousand open lots, killed
and started again: from the start of the process to the first bid that is accepted.
Refuses to know how a log is read. Invariants: every lot stands after the restart as it stood before; the store that is
read is the very one that was written. Seconds; rates per second.
"""

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, cast

import hiredis
import msgspec
import orjson
import uvloop

from bench.desk import Desk
from bench.evidence.goals import bound
from bench.load import Address, Bounds, Line, LineError, dial, frame
from bench.machine import Machine, machine
from bench.page import Page
from bench.restart import Restart, Start
from bench.server import House, directory_on_disk, raise_open_files
from bench.stock import HOT_LOT, Standing, hot_lot, many_lots
from bench.surge import Progress, nothing_shown
from engine.redis_journal import log_key

_PAGE_RECORDS = 1_000
_RETRY_S = 0.003
_AMOUNT = 100_000
_LOTS_PER_PAGE = 200
_WAIT_S = 300.0
_READ_BYTES = 1 << 16


class RecoveryReport(msgspec.Struct, kw_only=True):
    """What recovery costs. `failures` are sentences; a goal that is not reached is none."""

    machine: Machine
    events: int
    lots: int
    ready: Start
    bare_events_per_s: float
    first_bid: Start
    refused_before: int
    failures: list[str]

    @property
    def events_per_s(self) -> float:
        """Events of the long log per second of the house's own recovery."""
        return self.events / self.ready.recovery_s

    def figures(self) -> dict[str, float]:
        """The figures that goals are set for."""
        return {
            "recovery.events_per_s": round(self.events_per_s),
            "recovery.first_bid_s": round(self.first_bid.whole_s, 3),
            "recovery.ready_s": round(self.ready.whole_s, 3),
        }

    def lines(self) -> list[str]:
        """The report for a terminal."""
        rate_goal, first_bid_goal_s = bound("recovery.events_per_s"), bound("recovery.first_bid_s")
        reader = f"{self.bare_events_per_s:,.0f} a second by bare XRANGE"
        return [
            f"a log of {self.events:,} events: {self.events_per_s:,.0f} a second (goal {rate_goal:,.0f})",
            f"  {reader}; ratio {self.events_per_s / self.bare_events_per_s:.2f}",
            f"  ready after {self.ready.line()}",
            f"{self.lots:,} open lots, killed: first bid accepted after {self.first_bid.line()}",
            f"  (goal {first_bid_goal_s:g} s; {self.refused_before} refused as unavailable before)",
            *(f"FAILED: {failure}" for failure in self.failures),
        ]

    def show(self, page: Page) -> None:
        """Write the report into a page."""
        page.heading("Recovery")
        page.text(*self.lines())
        starts = {f"{self.events:,} events, until ready": self.ready, f"{self.lots:,} lots, first bid": self.first_bid}
        page.table(
            ("start", "whole, s", "process", "Redis", "recovery", "doors"),
            [(name, s.whole_s, s.process_s, s.redis_s, s.recovery_s, s.doors_s) for name, s in starts.items()],
        )


def recovery(*, events: int = 1_000_000, lots: int = 10_000, progress: Progress = nothing_shown) -> RecoveryReport:
    """Measure both. Raises HouseNotReadyError, NotStockedError, DeskError, LineError."""
    raise_open_files()
    with directory_on_disk() as data_dir:
        long_log = _read_back(data_dir, events, progress)
    with directory_on_disk() as data_dir:
        killed = _bid_in_again(data_dir, lots, progress)
    return RecoveryReport(
        machine=machine(),
        events=long_log.events,
        lots=lots,
        ready=long_log.ready,
        bare_events_per_s=long_log.bare_events_per_s,
        first_bid=killed.first_bid,
        refused_before=killed.refused_before,
        failures=[*long_log.failures, *killed.failures],
    )


class _LongLog(NamedTuple):
    """What came of reading a long log back."""

    events: int
    ready: Start
    bare_events_per_s: float
    failures: list[str]


class _Killed(NamedTuple):
    """What came of a house that was killed."""

    first_bid: Start
    refused_before: int
    failures: list[str]


def _read_back(data_dir: Path, events: int, progress: Progress) -> _LongLog:
    before = uvloop.run(hot_lot(data_dir, events, progress))
    progress(0, 1, "the house reads its log")
    with Restart(data_dir) as again:
        ready = again.await_ready()
        bare = bare_reader(data_dir / "redis.sock", log_key(HOT_LOT, HOT_LOT))
        failures = differences(before, _standings(again.house, list(before)))
    return _LongLog(before[HOT_LOT].seq, ready, bare, failures)  # every event of such a log is public


def _bid_in_again(data_dir: Path, lots: int, progress: Progress) -> _Killed:
    before = uvloop.run(many_lots(data_dir, lots, progress))
    progress(0, 1, "the house is killed and started again")
    with Restart(data_dir) as first:
        first.await_ready()
        first.kill()
    with Restart(data_dir) as again:
        bidder = FirstBid(again.house.address, again.house.sign("bidder", "first-bidder"), "lot-0")
        uvloop.run(bidder.get_through())
        first_bid = again.start(time.time())
        after = _standings(again.house, list(before))
    failures = differences(before, after, but=bidder.lot)
    failures += [] if after[bidder.lot].seq > before[bidder.lot].seq else ["the first bid left no trace"]
    return _Killed(first_bid, bidder.refused, failures)


def differences(before: dict[str, Standing], after: dict[str, Standing], *, but: str | None = None) -> list[str]:
    """Which lots do not stand as they stood, a sentence; `but` one that was bid on meanwhile."""
    changed = [lot for lot, standing in before.items() if lot != but and after.get(lot) != standing]
    if not changed:
        return []
    first = changed[0]
    return [f"{len(changed):,} lots changed in the restart: {first} was {before[first]}, is {after.get(first)}"]


def bare_reader(store: Path, key: str) -> float:
    """How many entries a second XRANGE gives to a reader who does nothing with them, in pages as the house reads."""
    reader, start, entries = hiredis.Reader(), "-", 0
    began = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(store))
        while True:
            words = ("XRANGE", key, start, "+", "COUNT", str(_PAGE_RECORDS))
            line.sendall(hiredis.pack_command(cast("tuple[str]", words)))  # its stub means words of any number
            while (rows := reader.gets()) is False:
                reader.feed(line.recv(_READ_BYTES))
            entries += len(rows)
            if len(rows) < _PAGE_RECORDS:
                return entries / (time.perf_counter() - began)
            start = f"({rows[-1][0].decode()}"


class FirstBid:
    """A bidder at a door that is still closed: he knocks every few milliseconds until his bid is accepted."""

    def __init__(self, address: Address, token: str, lot: str) -> None:
        self.lot = lot
        self.refused = 0
        self.code = "unavailable"
        self._address = address
        self._token = token
        self._heard = asyncio.Event()
        self._accepted = False

    async def get_through(self) -> None:
        """Return once the bid is accepted. Raises LineError when it never is."""
        async with asyncio.timeout(_WAIT_S):
            while not self._accepted:
                if self.code != "unavailable":
                    raise LineError(f"the first bid was refused: {self.code}")
                with suppress(OSError):
                    line = await dial(self._address, self._token, self._hear)
                    await self._bid(line)
                    line.close()
                await asyncio.sleep(_RETRY_S)

    async def _bid(self, line: Line) -> None:
        """Bid on this line until it is accepted, or the line ends."""
        bid = frame(orjson.dumps({"op": "bid", "lot": self.lot, "amount": _AMOUNT, "ref": "first", "confirm": True}))
        line.ended.add_done_callback(lambda _: self._heard.set())
        while not (self._accepted or line.ended.done() or self.code != "unavailable"):
            self._heard.clear()
            line.write(bid)
            await self._heard.wait()

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        for where in messages:
            message = orjson.loads(data[where])
            if message["ev"] == "accepted":
                self._accepted = True
            elif message["ev"] == "refused":
                self.refused += 1
                self.code = message["code"]
            else:
                continue
            self._heard.set()


def _standings(house: House, lots: list[str]) -> dict[str, Standing]:
    """How lots stand by the house's own word, in pages of its catalogue."""
    desk = Desk(house.address)
    found: dict[str, Standing] = {}
    cursor = ""
    while len(found) < len(lots):
        page = desk.call("GET", f"/v1/lots?limit={_LOTS_PER_PAGE}{cursor}")
        found |= {one["lot"]: Standing(one["seq"], one["head"], one["price"]) for one in page["lots"]}
        if not page.get("cursor"):
            break
        cursor = f"&cursor={page['cursor']}"
    desk.close()
    return found
