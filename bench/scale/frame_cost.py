"""What a delivered frame costs the house, from a handful of watchers of one lot to as many as there are open files.

One house; for each number a lot of its own, watched on `full` by a drain, and bids at a pace that keeps the core from
being full; then the raw loop of `send` with the same frame, number and pace. Refuses to know how the house fans out.
Invariants: what the house spends idle is taken off; what it spends on bids that nobody watches is told beside it and
stays in. CPU in microseconds per frame or per event.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.desk import Desk, lot_listing
from bench.drain import Drain, Studio
from bench.load import Line, dial
from bench.one_lot import Bidder, unheard, watching
from bench.scale.curve import Curve, Scope, within_seats
from bench.scale.fit import certainty, figure, line, steps_between
from bench.server import House, house, raise_open_files

FULL = (10, 100, 1_000, 5_000, 20_000)
SHORT = (100, 1_000)
FRAMES_PER_S = 40_000
"""About a third of a core."""
RATE_MAX = 200.0
_GREETED_S = 2.4
"""Until everyone has been told how many watch: protocol.md, at most every two seconds."""
_WARM_UP_S = 0.5
_US = 1_000_000
_DAY_US = 24 * 3600 * _US


class Spent(NamedTuple):
    """What a stretch of events cost."""

    cpu_s: float
    wall_s: float
    events: int
    frames: int
    bytes: int

    def over(self, idle: float) -> float:
        """CPU seconds beyond what an idle house spends, a share of a core."""
        return self.cpu_s - idle * self.wall_s


def rate_for(watchers: int) -> float:
    """Events a second for so many watchers: fewer for more, so that the core is never full."""
    return max(min(RATE_MAX, FRAMES_PER_S / watchers), 1.0)


def frame_cost(scope: Scope) -> Curve:
    """Draw the curve."""
    curve = blank()
    wanted = within_seats(curve, FULL if scope.full else SHORT, raise_open_files())
    with curve.trying(*wanted), tempfile.TemporaryDirectory(prefix="kd-bench-") as directory:
        studio = Studio(Path(directory))
        with house() as running:
            uvloop.run(_draw(curve, scope, Stage(running, studio, scope), wanted))
    return curve


def blank() -> Curve:
    """The curve without points."""
    return Curve(
        name="frame_cost",
        title="What a delivered frame costs the house",
        across="watchers",
        up="CPU per frame, us",
        columns={
            "ratio": "times the raw loop",
            "fanning_ratio": "of it fan-out alone",
            "house_us": "house us a frame",
            "raw_us": "raw loop us a frame",
            "event_ms": "house ms an event",
            "events_per_s": "events/s",
            "house_busy": "house busy",
            "delivered": "share delivered",
        },
        drawn=("house_us", "raw_us"),
    )


class Stage:
    """The house, the programs that watch it, and one bidder."""

    def __init__(self, running: House, studio: Studio, scope: Scope) -> None:
        self._running = running
        self._studio = studio
        self._desk = Desk(running.address, running.sign("operator", "scale-operator"))
        self._desk.list_sale("scale", "A fan-out")
        self._line: Line | None = None
        self._seconds = 4.0 if scope.full else 1.2
        self._rounds = 2 if scope.full else 1
        self.idle = 0.0

    async def dial(self) -> None:
        """Seat the bidder, and see what the house spends on nothing."""
        self._line = await dial(self._running.address, self._running.sign("bidder", "scale-bidder"), unheard)
        started, before = time.perf_counter(), self._running.cpu_s()
        await asyncio.sleep(self._seconds / 2)
        self.idle = (self._running.cpu_s() - before) / (time.perf_counter() - started)

    async def bidder(self, lot: str) -> Bidder:
        """The bidder, admitted to a new lot."""
        now_us = time.time_ns() // 1000
        await asyncio.to_thread(self._desk.list_lot, lot_listing(lot, "scale", now_us, now_us + _DAY_US))
        assert self._line is not None  # noqa: S101  dialled first
        bidder = Bidder(lot, self._line)
        await bidder.bid(RATE_MAX, _WARM_UP_S)
        return bidder

    async def unwatched(self) -> float:
        """CPU seconds of an event that nobody watches."""
        bidder = await self.bidder("scale-0")
        spent = await self._events(bidder, None, 0)
        return spent.over(self.idle) / spent.events

    async def watched(self, count: int) -> tuple[Spent, float]:
        """What events before so many watchers cost, and the raw loop's CPU microseconds per frame."""
        lot = f"scale-{count}"
        bidder = await self.bidder(lot)
        script = watching(self._running.address, lot, "full")
        spent, raw_us = Spent(0.0, 0.0, 0, 0, 0), 0.0
        async with self._studio.watchers(self._running.address, count, script) as drain:
            await asyncio.sleep(_GREETED_S)
            for _ in range(self._rounds):
                spent = _both(spent, await self._events(bidder, drain, count))
                raw_us += await self._raw(count, round(spent.bytes / max(spent.frames, 1)))
        return spent, raw_us / self._rounds

    async def _events(self, bidder: Bidder, drain: Drain | None, count: int) -> Spent:
        rate = rate_for(max(count, 1))
        before = await drain.counts() if drain else None
        started, spent = time.perf_counter(), self._running.cpu_s()
        events = await bidder.bid(rate, self._seconds)
        after = await drain.reaches(before.frames + events * count) if drain and before else None
        wall_s, cpu_s = time.perf_counter() - started, self._running.cpu_s() - spent
        if after is None or before is None:
            return Spent(cpu_s, wall_s, events, 0, 0)
        return Spent(cpu_s, wall_s, events, after.frames - before.frames, after.bytes - before.bytes)

    async def _raw(self, count: int, size: int) -> float:
        return (await self._studio.raw(count, size, rate_for(count), self._seconds)).us_per_frame


def _both(one: Spent, other: Spent) -> Spent:
    return Spent(
        one.cpu_s + other.cpu_s,
        one.wall_s + other.wall_s,
        one.events + other.events,
        one.frames + other.frames,
        one.bytes + other.bytes,
    )


async def _draw(curve: Curve, scope: Scope, stage: Stage, wanted: list[int]) -> None:
    await stage.dial()
    alone_s = await stage.unwatched()
    for count in wanted:
        scope.note(f"{count:,} watchers")
        with curve.trying(count):
            spent, raw_us = await stage.watched(count)
            add(curve, count, spent, stage.idle, alone_s, raw_us)
    say(curve, alone_s)


def add(curve: Curve, count: int, spent: Spent, idle: float, alone_s: float, raw_us: float) -> None:
    """Add the point; without a single frame there is none."""
    if not spent.frames:
        curve.miss(count, "not one event reached the watchers")
        return
    over_s = spent.over(idle)
    house_us = over_s / spent.frames * _US
    curve.add(
        count,
        ratio=house_us / raw_us,
        fanning_ratio=(over_s - alone_s * spent.events) / spent.frames * _US / raw_us,
        house_us=house_us,
        raw_us=raw_us,
        event_ms=over_s / spent.events * 1_000,
        events_per_s=spent.events / spent.wall_s,
        house_busy=spent.cpu_s / spent.wall_s,
        delivered=spent.frames / (spent.events * count),
    )


def say(curve: Curve, alone_s: float) -> None:
    """Put the law into words."""
    curve.words.append(f"An event that nobody watches costs {figure(alone_s * 1_000)} ms of CPU.")
    law = line([0.0, *curve.places()], [alone_s * 1_000, *curve.heights("event_ms")])
    if law is None:
        return
    curve.words.append(
        f"Each further 1,000 watchers cost {figure(law.slope * 1_000)} ms of CPU per event, {certainty(law)}."
    )
    # Drawn from what an event costs by itself: the law's own start is lost in the noise of the largest numbers.
    places = steps_between(curve.places()[0], curve.places()[-1])
    curve.law = [(at, (alone_s * _US + law.slope * 1_000 * at) / at) for at in places]
    last = curve.points[-1]
    curve.words.append(
        f"Before {last.at:,} watchers a frame costs {figure(last.figures['ratio'])} times the raw loop of send()."
    )
