"""`knockdown storm surge`: as many bids as the house takes, or a steady rate of them, and a check of every acceptance.

It lists its own lots, dials bidders and watchers, lets the bids fly, then reads the record back: every accepted bid
must be in it, every full feed must be gap-free and end where the record ends. Refuses to know how the house works:
public protocol only. Invariants: only this machine is ever aimed at; it stops by itself; with a rate it is open-loop,
and a bid's latency counts from the instant it was meant to be sent, so that a stall of the house (or of this generator)
is not hidden by sending less; without one it is closed-loop with a fixed number of bids in flight. Its lots are
withdrawn at the end.
Times in seconds of `time.perf_counter`, amounts in minor units.
"""

import asyncio
import time
from array import array
from collections.abc import Callable

from bench.desk import Desk, lot_listing, share_out
from bench.gallery import Gallery
from bench.load import Address, Bounds, Line, dial, few_at_a_time, loopback, until
from bench.pace import FullThrottle, Options, Paced, no_collection
from bench.receipts import Receipts
from bench.tally import Report
from bench.volley import Volley, turn_len
from bench.watch_cpu import CpuMeter

__all__ = ["Options", "Progress", "Report", "Sign", "nothing_shown", "surge"]

Sign = Callable[[str, str], str]
Progress = Callable[[float, float, str], None]
"""Called with how much is done, of how much, and a word on the present stage."""

WINDOW_LEN = 64
AHEAD_PER_S = 70_000
"""Bids made ahead per second of a run at full throttle: more than one core has been seen to accept."""
_AHEAD_MAX = 3_000_000
_ANSWER_WAIT_S = 15.0
_DAY_US = 24 * 3600 * 1_000_000


def nothing_shown(done: float, total: float, stage: str) -> None:
    """The progress of someone who does not look."""


async def surge(url: str, sign: Sign, options: Options, progress: Progress = nothing_shown) -> Report:
    """Run one surge against the house at `url`.

    Raises:
        NotLoopbackError: `url` is not this machine.
        DeskError, LineError, OSError: the house refused to list, to connect, or is not there.
    """
    address = loopback(url)
    floor = Floor(address, sign, options, Report(url=url, run=f"{time.time_ns() // 1000:x}", options=options), progress)
    try:
        await floor.prepare()
        await floor.bid()
        await floor.check()
    finally:
        await floor.leave()
    return floor.report


class Floor:
    """The saleroom of one surge: its lots, its bidders, its watchers."""

    def __init__(self, address: Address, sign: Sign, options: Options, report: Report, progress: Progress) -> None:
        self.report = report
        self.lots = [f"surge-{report.run}-{n}" for n in range(options.lots)]
        self._address = address
        self._sign = sign
        self._options = options
        self._progress = progress
        self._bidders: list[Line] = []
        self._flight: FullThrottle | Paced | None = None
        self._gallery = Gallery(address, options, self.lots)
        paced = options.rate is not None
        window = 1 if paced else WINDOW_LEN
        turn = 1 if paced else turn_len(options.bidders, options.flight, window)
        self._volley = Volley(self.lots, options.bidders, seed=options.seed, window_len=window, turn=turn)
        self._sent_at = array("d")
        self._receipts = Receipts(lambda ref: self._sent_at[ref // window])

    async def prepare(self) -> None:
        """List the lots, seat everyone, make the bids."""
        self._progress(0, self._options.seconds, "listing lots")
        await self._list()
        self._progress(0, self._options.seconds, "seating bidders and watchers")
        await self._seat()
        await self._gallery.fill()
        self._progress(0, self._options.seconds, "making bids")
        self._volley.make(self._windows_ahead())

    async def bid(self) -> None:
        """Let the bids fly; the figures of the flight go into the report."""
        options = self._options
        flight: FullThrottle | Paced
        if options.rate is None:
            flight = FullThrottle(self._volley, self._bidders, options, self._sent_at)
        else:
            flight = Paced(self._volley, self._bidders, options, self._sent_at)
        self._flight = flight
        meter = CpuMeter(self._address.port)
        with no_collection():
            meter.start()
            accepted = await self._fly(flight)
            self._busy(meter)
            await self._await_answers()
        self._figures(flight, accepted)

    async def check(self) -> None:
        """Hold every acceptance and every feed against the record."""
        self._progress(self._options.seconds, self._options.seconds, "reading the record")
        await share_out(self.lots, lambda: Desk(self._address), self._check_lot)
        report = self.report
        if report.missing:
            report.failures.append(f"{report.missing} accepted bids are not in the record")
        if report.acknowledged_twice:
            report.failures.append(
                f"{report.acknowledged_twice} bids were acknowledged under a number already given out"
            )
        await self._gallery.settle()
        self._gallery.tell(report)

    async def leave(self) -> None:
        """Withdraw the lots and close every line."""
        self._gallery.close()
        for line in self._bidders:
            line.close()
        await share_out(self.lots, self._operator, _withdraw)

    # -- before ------------------------------------------------------------------------------------------------------

    def _operator(self) -> Desk:
        return Desk(self._address, self._sign("operator", "surge-operator"))

    async def _list(self) -> None:
        sale = f"surge-{self.report.run}"
        await asyncio.to_thread(self._list_sale, sale)
        now_us = time.time_ns() // 1000
        await share_out(
            [lot_listing(lot, sale, now_us, now_us + _DAY_US) for lot in self.lots], self._operator, Desk.list_lot
        )

    def _list_sale(self, sale: str) -> None:
        desk = self._operator()
        desk.list_sale(sale, "A storm surge")
        desk.close()

    async def _seat(self) -> None:
        self._bidders = await few_at_a_time(self._seat_one, self._options.bidders)

    async def _seat_one(self, number: int) -> Line:
        token = self._sign("bidder", f"surge-{self.report.run}-b{number}")
        return await dial(self._address, token, self._hear, number=number)

    def _windows_ahead(self) -> int:
        options = self._options
        if options.rate is not None:
            return min(round(options.rate * options.seconds), _AHEAD_MAX)
        return min(round(AHEAD_PER_S * options.seconds), _AHEAD_MAX) // WINDOW_LEN

    # -- during ------------------------------------------------------------------------------------------------------

    def _hear(self, _line: Line, data: bytes, messages: list[Bounds]) -> None:
        answers = self._receipts.take(time.perf_counter(), data, messages)
        if answers and self._flight is not None:
            self._flight.answered(answers)

    async def _fly(self, flight: "FullThrottle | Paced") -> int:
        """Fly until the time is up; how many were accepted by then."""
        flight.start()
        while not flight.over.done():
            await asyncio.wait([flight.over], timeout=0.25)
            self._progress(flight.elapsed(), self._options.seconds, f"{self._receipts.accepted:,} accepted")
        return self._receipts.accepted

    async def _await_answers(self) -> None:
        await until(lambda: self._receipts.answered >= self._volley.taken, _ANSWER_WAIT_S)

    def _busy(self, meter: CpuMeter) -> None:
        busy = meter.stop()
        self.report.generator_busy, self.report.house_busy, self.report.store_busy = busy.own, busy.house, busy.store

    def _figures(self, flight: "FullThrottle | Paced", accepted: int) -> None:
        report, receipts = self.report, self._receipts
        receipts.settle()
        report.seconds = round(flight.seconds, 4)
        report.sent = self._volley.taken
        report.accepted = receipts.accepted
        report.accepted_per_s = round(accepted / flight.seconds, 1)
        report.refused = dict(receipts.refused)
        report.unanswered = report.sent - receipts.answered
        report.acknowledged_twice = receipts.doubles
        report.made_late = self._volley.made_late
        report.latency, report.curve = receipts.latencies.latency(), receipts.latencies.curve()
        report.lateness = flight.lateness.latency() if flight.lateness else None
        report.bytes_out = sum(line.bytes_out for line in self._bidders)
        report.bytes_in = sum(line.bytes_in for line in self._bidders) + self._gallery.bytes_in
        report.bytes_per_s = round((report.bytes_in + report.bytes_out) / flight.seconds, 1)
        if report.unanswered:
            report.failures.append(f"{report.unanswered} bids were never answered")

    # -- after -------------------------------------------------------------------------------------------------------

    def _check_lot(self, desk: Desk, lot: str) -> None:
        booked = dict(self._receipts.booked.get(lot, {}))
        head, seq = "", 0
        for event in desk.events(lot):
            seq, head = event["seq"], event["head"]
            if event["ev"] == "bid_placed":
                self.report.recorded += 1
                if seq in booked and booked[seq] == event["paddle"]:
                    del booked[seq]
        self.report.missing += len(booked)
        self._gallery.record[lot] = (seq, head)


def _withdraw(desk: Desk, lot: str) -> None:
    desk.order(lot, "withdraw", "the surge is over")
