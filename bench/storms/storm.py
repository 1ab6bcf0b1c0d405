"""A storm with the shape of a real sale, held against a house on this machine and judged while it rages.

It seats people, lists lots that really end, carries out a plan made ahead (`plan`), and has everything judged
(`hearing`). Refuses to know how the house works: public protocol only. Invariants: only this machine is ever aimed at;
it stops by itself; it is open-loop: a bid goes out when it is due, whatever the house does, and its latency counts from
then; our own lateness is told beside it. A house that goes away and comes back is no reason to stop: everyone dials
again, and everything unanswered is asked again. What has not ended by then is withdrawn at the end.
Seconds since the start of the storm; of the wall, microseconds.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from msgspec.structs import replace

from bench.desk import Desk, DeskError, NotInTimeError, lot_listing, share_out
from bench.latency import US_PER_S, Timings
from bench.load import Address, few_at_a_time, loopback, until
from bench.pace import Options, no_collection
from bench.storms.faults import Faults
from bench.storms.hearing import hear_everything
from bench.storms.live_view import Watch, unwatched
from bench.storms.lookout import Lookout
from bench.storms.mishaps import Kind, Mishap
from bench.storms.people import ENDED, People, Sign
from bench.storms.plan import plan
from bench.storms.report import StormReport
from bench.storms.slips import Slip, Slips
from bench.storms.start_line import StartLine
from bench.surge import Progress, nothing_shown
from bench.watch_cpu import CpuMeter

_ANSWER_WAIT_S = 15.0
_SEAT_WAIT_S = 20.0
_END_SLACK_S = 5.0
_SPARE_S = 1.0
_TRIAL_LEN = 4
_DAY_US = 24 * 3_600 * 1_000_000

Due = TypeVar("Due")


async def storm(
    url: str, sign: Sign, options: Options, progress: Progress = nothing_shown, watch: Watch = unwatched
) -> StormReport:
    """Hold one storm against the house at `url`.

    Args:
        url: The house, on this machine.
        sign: Makes a token for a role and a sub.
        options: What is to be done; without a rate it is `plan.RATE_DEFAULT`.
        progress: Is told how far it is, and at which stage.
        watch: Gets a glance at everything twice a second.

    Raises:
        NotLoopbackError: `url` is not this machine.
        NotInTimeError: it took too long to list the lots.
        DeskError, LineError, OSError: the house refused to list, to connect, or is not there.
    """
    saleroom = Saleroom(loopback(url), url, sign, options)
    try:
        await saleroom.prepare(progress)
        await saleroom.rage(progress, watch)
        progress(options.seconds, options.seconds, "reading the logs")
        await saleroom.judge()
    finally:
        await saleroom.leave()
    return saleroom.report


class Saleroom:
    """The lots and the people of one storm, and what has happened to them."""

    def __init__(self, address: Address, url: str, sign: Sign, options: Options) -> None:
        self.plan = plan(options)
        run = f"{time.time_ns() // 1_000:x}"
        self.sale = f"storm-{run}"
        self.lots = [f"{self.sale}-{n}" for n in range(options.lots)]
        self.start_line = StartLine()
        self.faults = Faults()
        self.slips = Slips(self.faults)
        self.by_ref: list[Slip] = []
        self.people = People(address, sign, self.plan, options, self.lots, self.slips, self.start_line)
        self.lateness = Timings()
        self.late_lately = Timings()
        self.mishaps: Counter[str] = Counter()
        self.calls = 0
        self.report = StormReport(
            url=url, run=run, options=replace(options, rate=self.plan.rate, shape="sale"), planned=self.plan.kinds()
        )
        self._address = address
        self._sign = sign
        self._trial = [f"{self.sale}-trial-{n}" for n in range(min(_TRIAL_LEN, options.lots))]

    # -- before ------------------------------------------------------------------------------------------------------

    async def prepare(self, progress: Progress) -> None:
        """Seat everyone, list the lots, and see that every feed has begun. Raises NotInTimeError."""
        seconds = self.report.options.seconds
        progress(0, seconds, "seating bidders and watchers")
        lines = self.people.lines
        await few_at_a_time(lambda n: lines[n].arrive(), len(lines))
        progress(0, seconds, "listing lots")
        await self._list()
        progress(0, seconds, "taking up the feeds")
        for onlooker in self.people.onlookers:
            onlooker.watch()
        await until(lambda: all(onlooker.is_seated for onlooker in self.people.onlookers), _SEAT_WAIT_S)
        if (late_s := self.start_line.elapsed()) > 0:
            raise NotInTimeError(f"all was listed and watched {late_s:.1f} s after the first bid was due")

    def operator(self) -> Desk:
        """A desk that may list and withdraw."""
        return Desk(self._address, self._sign("operator", "storm-operator"))

    def reader(self) -> Desk:
        """A desk that may read, as anybody may."""
        return Desk(self._address)

    async def _list(self) -> None:
        """List a few lots to see how long it takes, then all of them, to start when that must be done."""
        await asyncio.to_thread(_list_sale, self.operator, self.sale)
        now_us = time.time_ns() // 1_000
        trial = [lot_listing(lot, self.sale, now_us, now_us + _DAY_US) for lot in self._trial]
        began = time.perf_counter()
        await share_out(trial, self.operator, Desk.list_lot)
        each_s = (time.perf_counter() - began) / len(trial)
        self.start_line.start_in(_SPARE_S + 3 * each_s * (len(self.lots) + len(self.people.onlookers)))
        self.by_ref = [Slip(offer, self.start_line.counter_at(offer.due_s)) for offer in self.plan.offers]
        await share_out(list(self._listings(now_us)), self.operator, Desk.list_lot)

    def _listings(self, opens_at: int) -> Iterator[dict[str, object]]:
        for name, lot in zip(self.lots, self.plan.lots, strict=True):
            listing = lot_listing(name, self.sale, opens_at, self.start_line.wall_us(lot.ends_s))
            listing["terms"]["soft_close"] = self.plan.ends.terms()
            yield listing

    # -- during ------------------------------------------------------------------------------------------------------

    async def rage(self, progress: Progress, watch: Watch) -> None:
        """Carry the plan out, then wait for the answers and for the ends."""
        meter = CpuMeter(self._address.port)
        lookout = Lookout(self, progress, watch)
        with no_collection():
            looking = asyncio.create_task(lookout.look())
            meter.start()
            await asyncio.gather(
                self._when_due([(call.due_s, call.ref) for call in self.plan.calls], self._call),
                self._when_due([(mishap.at_s, mishap) for mishap in self.plan.mishaps], self._befall),
            )
            busy = meter.stop()
            report, seconds = self.report, self.start_line.elapsed()
            report.seconds, report.accepted_per_s = round(seconds, 4), round(self.slips.accepted / seconds, 1)
            await until(lambda: not self.people.waiting(), _ANSWER_WAIT_S)
            await until(self._is_over, max(self.plan.over_s - self.start_line.elapsed(), 0.0) + _END_SLACK_S)
            looking.cancel()
        report.generator_busy, report.house_busy, report.store_busy = busy.own, busy.house, busy.store
        report.moments = lookout.moments

    async def _when_due(self, planned: Sequence[tuple[float, Due]], do: Callable[[Due], None]) -> None:
        """Do each thing when it is due; the timer is exact to a millisecond, and how late each was is kept."""
        for due_s, what in planned:
            if (wait_s := due_s - self.start_line.elapsed()) > 0:
                await asyncio.sleep(wait_s)
            late_s = self.start_line.elapsed() - due_s
            self.lateness.record(late_s)
            self.late_lately.record(late_s)
            do(what)

    def _call(self, ref: int) -> None:
        slip = self.by_ref[ref]
        self.calls += 1
        self.people.contenders[slip.offer.bidder].bid(str(ref), slip)

    def _befall(self, mishap: Mishap) -> None:
        happened = self.people.befall(mishap)
        self.mishaps[mishap.kind if happened else _MISSED] += 1

    def _is_over(self) -> bool:
        """Whether every lot has ended, or was given an end beyond the storm."""
        beyond = self.start_line.wall_us(self.plan.over_s) + US_PER_S
        seen = (self.people.seen(lot) for lot in self.lots)
        return all(state.get("phase") in ENDED or (state.get("closes_at") or 0) > beyond for state in seen)

    # -- after -------------------------------------------------------------------------------------------------------

    async def judge(self) -> None:
        """Have every answer and every feed held against the logs."""
        await hear_everything(self)

    async def leave(self) -> None:
        """Withdraw what has not ended, and close every line."""
        await asyncio.gather(*(line.leave() for line in self.people.lines))
        await share_out([*self._trial, *self.lots], self.operator, _withdraw)


def _list_sale(operator: Callable[[], Desk], sale: str) -> None:
    desk = operator()
    desk.list_sale(sale, "A storm")
    desk.close()


def _withdraw(desk: Desk, lot: str) -> None:
    with suppress(DeskError):  # it has ended, or was never listed: there is nothing to withdraw
        desk.order(lot, "withdraw", "the storm is over")


_MISSED = "missed, the line being away"
assert _MISSED not in set(Kind)  # noqa: S101  the kinds and this share a table
