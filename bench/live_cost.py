"""What the `live` feed costs under a storm: CPU per delivered state, beyond the bids, at a low and at a high bid rate.

The same bids are made twice, first while nobody watches, then before a crowd on `live`; what the house spends more is
the feed's, and is divided by the states delivered. Refuses to know how states are conflated. Invariants: a ratio of 1
means that the feed costs the same whatever the bid rate; a crowd that heard nothing is an error, not a ratio. CPU
without the store's, which never sees a watcher.
"""

import asyncio
import time
from typing import NamedTuple

import msgspec

from bench.drain import ChildSilentError, Studio
from bench.one_lot import GREETINGS, HEADCOUNT_S, SETTLE_S, Bidder, Meter, list_one_lot, watching
from bench.server import House

QUIET_RATE = 100.0
STORM_RATE = 2_000.0
_WARM_UP_S = 1.0
_US = 1_000_000


class LiveCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivered state costs at two bid rates."""

    watchers: int
    rates: list[float]
    states: list[int]
    us_per_state: list[float]
    ratio: float

    def lines(self) -> list[str]:
        """The figures for a terminal."""
        costs = ", ".join(
            f"{cost:.2f} us at {rate:,.0f} bids a second ({states:,} states)"
            for rate, states, cost in zip(self.rates, self.states, self.us_per_state, strict=True)
        )
        return [
            f"live feed, {self.watchers:,} watchers, per delivered state beyond the bids: {costs}",
            f"ratio: {self.ratio:.2f} (1: it costs the same whatever the bid rate)",
        ]


class Storm(NamedTuple):
    """What one stretch of bids before the crowd took; shares of one core."""

    wall_s: float
    alone: float
    watched: float
    states: int

    @property
    def us_per_state(self) -> float:
        """CPU per delivered state beyond the bids. Raises ChildSilentError when none came."""
        if self.states == 0:
            raise ChildSilentError("not one state reached the watchers on live")
        return (self.watched - self.alone) * self.wall_s * _US / self.states


def compared(watchers: int, rates: list[float], storms: list[Storm]) -> LiveCost:
    """The figures of a quiet and a stormy stretch. Raises ChildSilentError."""
    quiet, storm = (stretch.us_per_state for stretch in storms)
    return LiveCost(
        watchers=watchers,
        rates=rates,
        states=[stretch.states for stretch in storms],
        us_per_state=[round(quiet, 3), round(storm, 3)],
        ratio=round(storm / quiet, 3),
    )


async def live_cost(running: House, studio: Studio, watchers: int, seconds: float) -> LiveCost:
    """Measure it in a fresh house. Raises ChildSilentError, LineError, DeskError."""
    lot = await asyncio.to_thread(list_one_lot, running)
    bidder, meter = await Bidder.seated(running, lot), Meter(running)
    rates = [QUIET_RATE, STORM_RATE]
    await bidder.bid(STORM_RATE, _WARM_UP_S)
    alone = [(await meter.busy(_bids(bidder, rate, seconds))).house for rate in rates]
    async with studio.watchers(running.address, watchers, watching(running.address, lot, "live")) as drain:
        await drain.reaches(GREETINGS * watchers)
        await asyncio.sleep(HEADCOUNT_S + SETTLE_S)
        storms = []
        for rate, cost in zip(rates, alone, strict=True):
            before, started = await drain.counts(), time.perf_counter()
            watched = (await meter.busy(_bids(bidder, rate, seconds))).house
            wall, after = time.perf_counter() - started, await drain.counts()
            storms.append(Storm(wall, cost, watched, after.frames - before.frames))
    return compared(watchers, rates, storms)


async def _bids(bidder: Bidder, rate: float, seconds: float) -> None:
    """Bid, and wait until the last state is told, so that the next stretch begins in silence."""
    await bidder.bid(rate, seconds)
    await asyncio.sleep(SETTLE_S)
