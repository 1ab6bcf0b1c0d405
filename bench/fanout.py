"""`python -m bench fanout`: what a delivered frame costs the house, beside what it costs a bare loop of `send` in C.

One lot, many watchers on its `full` feed in a process of their own that only drains, and bids by one bidder at a steady
pace: one by one, then in bursts that one batch commits. The house's CPU (without its store, less what it spends idle)
by the frames delivered, and how much of it the same bids cost while nobody watches; then raw_send.c with the same frame
size, the same number of sockets, the same pace and the same drain, before and after, in the same run. Then the memory
of idle watchers, and the cost of the `live` feed, each in a fresh house. Refuses to know how the house fans out.
Invariants: a frame counts when the watcher has it; what was not delivered is said; events are counted once everyone
has been told how many watch, which is not among the frames. CPU in seconds, memory in bytes.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from bench.drain import ChildSilentError, Drain, Studio
from bench.fanout_report import Baseline, FanoutReport, Flight, FullFeed, report
from bench.live_cost import live_cost
from bench.one_lot import (
    GREETINGS,
    HEADCOUNT_S,
    SETTLE_S,
    Bidder,
    Meter,
    Spent,
    list_one_lot,
    watching,
)
from bench.pace import Options
from bench.server import House, house, raise_open_files

BURST_LEN = 10
_BURST_PACE = 2.0  # so many times the events a second of single ones: a busy second, yet no saturated one
_BURST_S = 5.0
_WARM_UP_S = 1.0
_BASELINE_S = 3.0
_LIVE_S = 4.0
_FILES_TO_SPARE = 200


def fanout(
    *,
    watchers: int = 1_000,
    rate: float = 50.0,
    seconds: float = 10.0,
    idle: int = 10_000,
    live: int = 3_000,
) -> FanoutReport:
    """Measure it all; without idle or live watchers not their part.

    Raises HouseNotReadyError, CompilerMissingError, ChildSilentError, LineError, DeskError.
    """
    options = Options(watchers=watchers, rate=rate, seconds=seconds)
    with tempfile.TemporaryDirectory(prefix="kd-bench-") as directory:
        studio = Studio(Path(directory))
        with house() as running:
            found = report(options, BURST_LEN, uvloop.run(full_feed(running, studio, options)))
        room = raise_open_files() - _FILES_TO_SPARE
        if live > 0:
            with house() as stormy:
                found.live = uvloop.run(live_cost(stormy, studio, min(live, room), min(seconds, _LIVE_S)))
        found.idle_watchers = max(min(idle, room), 0)
        if found.idle_watchers:
            with house() as fresh:
                found.idle_bytes_per_watcher = uvloop.run(_idle(fresh, studio, found.idle_watchers))
    return found


async def full_feed(running: House, studio: Studio, options: Options) -> FullFeed:
    """Measure the full feed of a fresh house. Raises ChildSilentError, LineError, DeskError."""
    rate, watchers = options.rate or 1.0, options.watchers
    lot, meter = await asyncio.to_thread(list_one_lot, running), Meter(running)
    await asyncio.sleep(SETTLE_S)
    idle = await meter.busy(asyncio.sleep(_BASELINE_S))
    bidder = await Bidder.seated(running, lot)
    await bidder.bid(rate, _WARM_UP_S)
    deciding = (await meter.busy(bidder.bid(rate, _BASELINE_S))).house - idle.house
    async with studio.watchers(running.address, watchers, watching(running.address, lot, "full")) as drain:
        await drain.reaches(GREETINGS * watchers)
        await asyncio.sleep(HEADCOUNT_S + SETTLE_S)
        size = await _frame_size(bidder, drain, options)
        before = await studio.raw(watchers, round(size), rate, options.seconds)
        single = Ride(bidder, meter, drain, watchers)
        flight = await single.flight(rate, options.seconds, 1)
        burst = await single.flight(rate * _BURST_PACE, min(options.seconds, _BURST_S), BURST_LEN)
    after = await studio.raw(watchers, round(size), rate, options.seconds)
    return FullFeed(size, Baseline(idle.house, deciding, idle.store), flight, burst, [before, after])


async def _frame_size(bidder: Bidder, drain: Drain, options: Options) -> float:
    """Bytes of a frame on average, from a warm-up that also admits the bidder."""
    rate = options.rate or 1.0
    await bidder.bid(rate, _WARM_UP_S)
    await asyncio.sleep(SETTLE_S)
    before = await drain.counts()
    bids = await bidder.bid(rate, _WARM_UP_S)
    after = await drain.reaches(before.frames + bids * options.watchers)
    if after.frames == before.frames:
        raise ChildSilentError("not one event reached the watchers")
    return (after.bytes - before.bytes) / (after.frames - before.frames)


class Ride:
    """Who bids, who is metered and who watches, for flight after flight."""

    def __init__(self, bidder: Bidder, meter: Meter, drain: Drain, watchers: int) -> None:
        self._bidder = bidder
        self._meter = meter
        self._drain = drain
        self._watchers = watchers

    async def flight(self, rate: float, seconds: float, together: int) -> Flight:
        """Let events fly, so many in one write, and wait until all have landed."""
        before, spent, started = await self._drain.counts(), self._meter.spent(), time.perf_counter()
        expected = self._watchers * await self._bidder.bid(rate, seconds, together)
        after = await self._drain.reaches(before.frames + expected)
        wall, now = time.perf_counter() - started, self._meter.spent()
        cpu = Spent(now.house - spent.house, now.store - spent.store)
        return Flight(wall, cpu, after.frames - before.frames, expected, after.cpu_s - before.cpu_s)


async def _idle(running: House, studio: Studio, count: int) -> float:
    lot = await asyncio.to_thread(list_one_lot, running)
    await asyncio.sleep(SETTLE_S)
    before = running.rss_bytes()
    async with studio.watchers(running.address, count, watching(running.address, lot, "full")) as drain:
        await drain.reaches(GREETINGS * count)
        await asyncio.sleep(SETTLE_S)
        return (running.rss_bytes() - before) / count
