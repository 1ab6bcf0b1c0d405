"""`knockdown storm replay`: a sale from files, bid again over real sockets, and held against the rules.

It lists the lots with all times scaled, sends every offer as its bidder (one identity and one line each), follows the
full feeds, and at the end compares feeds, log, answers and results (`comparison`). Refuses to know how the house
works: public protocol only, and the rules in virtual time. Invariants: only this machine is ever aimed at, so that its
clock is the house's; offers of one lot go one by one, each after the answer to the one before; it stops by itself.
Instants are microseconds since the epoch, spans seconds unless named otherwise. Source: protocol.md, "Command line".
"""

import asyncio
import gc
import http.client
import math
import resource
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import msgspec

from bench.attendance import Crowd, Gallery, Sign, now_us
from bench.client import TurnedAwayError
from bench.comparison import Receipt, Record
from bench.desk import Desk, DeskError, share_out
from bench.feed import Message
from bench.load import Address, loopback
from bench.timetable import Chain, Timetable, chains, origin
from bench.verdict import Course, Options, Report, judge
from clock.instants import SECOND_US
from lots.listing import Listing
from lots.orders import Bid
from lots.simulation import Dated

__all__ = ["NothingToReplayError", "Options", "Progress", "Report", "nothing_shown", "replay"]

Progress = Callable[[float, float, str], None]
"""Called with how much is done, of how much, and a word on the present stage."""


_ATTEMPTS = 5
_ROOM_S, _ROOM_PER_LOT_S, _ROOM_PER_OFFER_S = 0.5, 0.004, 0.004
_PATIENCE_S = 30.0


class NothingToReplayError(ValueError):
    """The files or options leave nothing that could be replayed."""


def nothing_shown(done: float, total: float, stage: str) -> None:
    """The progress of someone who does not look."""


async def replay(
    url: str,
    sign: Sign,
    listings: Sequence[Listing],
    offers: Sequence[Dated],
    options: Options,
    progress: Progress = nothing_shown,
) -> Report:
    """Replay a sale on the house at `url`.

    Args:
        url: Where the house listens: this machine.
        sign: Signs the tokens of the operator and the bidders.
        listings: The lots as the files have them.
        offers: The offers in file order; each names one of the lots.
        options: Speed, lead and watchers.
        progress: Told how far it is.

    Raises:
        NotLoopbackError: `url` is not this machine.
        NothingToReplayError: there are no lots, or the speed is not positive.
        DeskError, OSError: the house refused to list, or is not there.
    """
    address = loopback(url)
    if not listings:
        raise NothingToReplayError("there are no lots to replay")
    if not (options.speed > 0 and math.isfinite(options.speed)):
        raise NothingToReplayError(f"the speed must be a positive number, not {options.speed:g}")
    _raise_file_limit()
    restaging = Restaging(address, sign, listings, offers, Report(url=url, run="", options=options), progress)
    try:
        await restaging.begin()
        await restaging.bid()
        await restaging.await_ends()
        await restaging.check()
    finally:
        await restaging.leave()
    return restaging.report


def _raise_file_limit() -> None:
    """Every bidder has a line of his own, which may be more than a process is given at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Restaging:
    """A sale staged once more: its lots in the house, its bidders, its watchers."""

    def __init__(
        self,
        address: Address,
        sign: Sign,
        listings: Sequence[Listing],
        offers: Sequence[Dated],
        report: Report,
        progress: Progress,
    ) -> None:
        self.report = report
        self._address = address
        self._sign = sign
        self._listings = listings
        self._offers = offers
        self._progress = progress
        self._origin_us = origin(listings, report.options.lead_us)
        self._chains = chains((listing.lot for listing in listings), offers, self._origin_us)
        self._crowd = Crowd(address, sign)
        self._gallery = Gallery(address, [], 0)
        self._timetable = Timetable(self._origin_us, 0, report.options.speed)
        self._house: dict[str, Listing] = {}
        self._receipts: list[Receipt] = []
        self._given_up: set[str] = set()
        self._began = time.monotonic()

    # -- before ------------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """List the lots and submit what goes out at once; with more room again when there was too little of it."""
        report = self.report
        report.lots, report.offers = len(self._listings), len(self._offers)
        report.early = sum(len(chain.early) for chain in self._chains.values())
        await self._crowd.seat(dated.order.bidder for chain in self._chains.values() for dated in chain.early)
        for attempt in range(_ATTEMPTS):
            report.attempts = attempt + 1
            await self._stage(self._room_s() * 2**attempt)
            if now_us() <= self._timetable.start_us:
                return
            if attempt + 1 < _ATTEMPTS:
                await self._strike()
        report.notes.append("the house was too slow to answer all early offers before the first timed one was due")

    def _room_s(self) -> float:
        """How long listing and early offers may take; each lot's answers come one by one."""
        watched = self.report.lots * (1 + self.report.options.watchers)
        return _ROOM_S + watched * _ROOM_PER_LOT_S + self.report.early * _ROOM_PER_OFFER_S

    async def _stage(self, room_s: float) -> None:
        report = self.report
        report.run = f"r{_base36(now_us() // 1_000)}"
        self._receipts = []
        self._given_up.clear()
        listed_at = now_us()
        self._timetable = self._timetable._replace(start_us=listed_at + round(room_s * SECOND_US))
        self._house = {
            listing.lot: self._timetable.listing(listing, report.run, listed_at) for listing in self._listings
        }
        self._show("listing lots")
        await self._list()
        await self._gallery.leave()
        self._gallery = Gallery(
            self._address, [listing.lot for listing in self._house.values()], report.options.watchers
        )
        await self._gallery.fill()
        self._crowd.expect(dated.order.bidder for dated in self._offers)
        await self._each_chain(self._submit_early)

    async def _list(self) -> None:
        await asyncio.to_thread(self._list_sale)
        lots = [msgspec.to_builtins(listing) for listing in self._house.values()]
        await share_out(lots, self._operator, Desk.list_lot)

    def _list_sale(self) -> None:
        desk = self._operator()
        desk.list_sale(self.report.run, f"A replay at speed {self.report.options.speed:g}")
        desk.close()

    def _operator(self) -> Desk:
        return Desk(self._address, self._sign("operator", "replay-operator"))

    async def _strike(self) -> None:
        """Take the lots of an attempt out of the house."""
        await share_out([listing.lot for listing in self._house.values()], self._operator, _withdraw)

    # -- bidding -----------------------------------------------------------------------------------------------------

    async def bid(self) -> None:
        """Submit what waits for its time."""
        gc.collect()
        gc.freeze()  # a full collection in mid-sale would make offers late
        ushering = asyncio.create_task(self._crowd.usher(self._first_due()))
        try:
            await self._each_chain(self._submit_timed)
        finally:
            ushering.cancel()
            await asyncio.wait([ushering])
            gc.unfreeze()

    def _first_due(self) -> dict[str, int]:
        """When each bidder's first timed offer is due."""
        due: dict[str, int] = {}
        for chain in self._chains.values():
            for dated in chain.timed:
                at, bidder = self._timetable.to_house(dated.at), dated.order.bidder
                due[bidder] = min(at, due.get(bidder, at))
        return due

    async def _each_chain(self, submit: Callable[[str, Chain], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as lots:
            for lot, chain in self._chains.items():
                lots.create_task(_awaited(submit(lot, chain)))

    async def _submit_early(self, lot: str, chain: Chain) -> None:
        for number, dated in enumerate(chain.early):
            if not await self._submit(Receipt(dated=dated, lot=self._house[lot].lot)):
                self._give_up(lot, chain.early[number + 1 :])
                return

    async def _submit_timed(self, lot: str, chain: Chain) -> None:
        if lot in self._given_up:
            self._give_up(lot, chain.timed)
            return
        for number, dated in enumerate(chain.timed):
            due_at = self._timetable.to_house(dated.at)
            await asyncio.sleep((due_at - now_us()) / SECOND_US)
            if not await self._submit(Receipt(dated=dated, lot=self._house[lot].lot, due_at=due_at)):
                self._give_up(lot, chain.timed[number + 1 :])
                return

    def _give_up(self, lot: str, rest: Sequence[Dated]) -> None:
        """Enter the offers of a lot that cannot follow, because the one before them was never answered."""
        self._given_up.add(lot)
        for dated in rest:
            self._enter(Receipt(dated=dated, lot=self._house[lot].lot, fault="the one before it was not answered"))

    async def _submit(self, receipt: Receipt) -> bool:
        """Submit one offer; return whether it was answered."""
        order = receipt.dated.order
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                receipt.answer = await self._crowd.bidder(order.bidder).offer(_message(receipt))
        except TimeoutError:
            receipt.fault = f"none came within {_PATIENCE_S:.0f} s"
        except TurnedAwayError as error:
            receipt.fault = str(error)
        receipt.waited_s = time.perf_counter() - began
        self._enter(receipt)
        return receipt.answer is not None

    def _enter(self, receipt: Receipt) -> None:
        self._receipts.append(receipt)
        self._crowd.done(receipt.dated.order.bidder)
        self._show("early offers" if receipt.due_at is None else "bidding")

    async def await_ends(self) -> None:
        """Wait until every lot has ended, or none of them can be expected to any more."""
        await self._gallery.await_ends(lambda: self._show("closing"))

    def _show(self, stage: str) -> None:
        done = len(self._receipts) + len(self._gallery.ended)
        self._progress(done, len(self._offers) + len(self._listings), stage)

    # -- after -------------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Compare everything with everything."""
        self._show("reading the record")
        records: dict[str, Record] = {}
        try:
            await self._gallery.settle()
            lots = [listing.lot for listing in self._house.values()]
            await share_out(lots, lambda: Desk(self._address), partial(_read_record, records))
        except (OSError, DeskError, http.client.HTTPException) as error:
            self.report.failures.append(f"the record could not be read: {error}")
        self._show("comparing")
        await asyncio.to_thread(judge, self._course(records), self.report)
        report = self.report
        report.failures += self._gallery.troubles()
        report.watchers = self._gallery.figures()
        report.resent, report.lines_lost = self._crowd.resent(), self._crowd.dropped()
        report.seconds = time.monotonic() - self._began

    def _course(self, records: Mapping[str, Record]) -> Course:
        return Course(
            listings=self._listings,
            offers=self._offers,
            chains=self._chains,
            timetable=self._timetable,
            house=self._house,
            receipts=self._receipts,
            records=records,
            differences=self._gallery.differences,
            hindered=self._crowd.hindered(),
        )

    async def leave(self) -> None:
        """Close every line."""
        await self._gallery.leave()
        await self._crowd.leave()


async def _awaited(submission: Awaitable[None]) -> None:
    await submission


def _message(receipt: Receipt) -> Message:
    order = receipt.dated.order
    op = "bid" if isinstance(order, Bid) else "max_bid"
    return {"op": op, "lot": receipt.lot, "amount": order.amount, "ref": order.ref, "confirm": True}


def _withdraw(desk: Desk, lot: str) -> None:
    desk.order(lot, "withdraw", "the replay starts over with more time")


def _read_record(records: dict[str, Record], desk: Desk, lot: str) -> None:
    records[lot] = Record(list(desk.events(lot)), desk.snapshot(lot))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
