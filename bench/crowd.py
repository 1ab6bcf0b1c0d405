"""The crowd of the demonstration: simulated bidders, spectators and a clerk, over real sockets.

It refuses to know more than the public protocol tells, and to look at a clock of its own: deadlines are the server's.
Invariants: an offer keeps its `ref` until it is answered, over any number of connections; every fault that a
spectator finds in a full feed is told; all of it ends with `stop`, or when the last lot of the sale has ended.
Amounts are integer minor units, instants microseconds. Contract: protocol.md.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from itertools import count
from random import Random
from secrets import token_hex
from typing import NamedTuple

import msgspec

from bench.client import JSON, MSGPACK
from bench.desk import Desk, DeskError
from bench.feed import FullFeed, Message
from bench.load import loopback
from bench.pursuit import AGAIN_UNCHANGED, ENDED, Offer, Pursuit, Seen, Style, worth
from bench.seat import Seat
from clock.instants import SECOND_US

log = logging.getLogger(__name__)

Sign = Callable[[str, str], str]
"""Makes a token for a role and a subject."""

BIDDERS = 48
SPECTATORS = 24
STYLES = (
    Style.STEPS,
    Style.CEILING,
    Style.SNIPER,
    Style.HESITANT,
    Style.STEPS,
    Style.SNIPER,
    Style.CEILING,
    Style.SLIP,
)
_FOLLOWED = 4  # lots that one spectator follows at a time
_AGAIN_S = (0.5, 2.0)  # before the same order is sent again
_ARRIVE_WITHIN_S = 3.0
_PAUSED_S = 8.0


class Tally:
    """What the crowd saw: answers to its offers, lines, messages and faults of full feeds, lots by their end."""

    def __init__(self) -> None:
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.connections = 0
        self.events = 0
        self.faults: list[str] = []
        self.ended: Counter[str] = Counter()


class Visit(NamedTuple):
    """What brings everybody here."""

    url: str
    sign: Sign
    sale: str
    seed: int
    tally: Tally


class Room:
    """What every guest knows of the sale: its lots as the sale's feed shows them."""

    def __init__(self, sale: str, changed: Callable[[Seen], None]) -> None:
        self.lots: dict[str, Seen] = {}
        self.complete = False
        self._sale = sale
        self._changed = changed

    def watch(self) -> Message:
        """The message that starts the feed."""
        return {"op": "watch", "sale": self._sale}

    def hear(self, message: Message) -> None:
        """Take a message of the sale's feed; any other is passed over."""
        match message["ev"]:
            case "sale":
                for lot in message["lots"]:
                    self._enter(lot)
                self.complete = not message["more"]
            case "lot_listed":
                self._enter(message)
            case "states":
                for state in message["states"]:
                    self._follow(state)
            case "state":
                self._follow(message)

    @property
    def is_over(self) -> bool:
        """Whether every lot has ended."""
        return self.complete and bool(self.lots) and all(seen.phase in ENDED for seen in self.lots.values())

    def has(self, phase: str) -> bool:
        """Whether any lot is in this phase."""
        return any(seen.phase == phase for seen in self.lots.values())

    def running_order(self) -> list[Seen]:
        """The lots that are still to end, by their ends; a paused one has none."""
        coming = [seen for seen in self.lots.values() if seen.closes_at is not None and seen.phase not in ENDED]
        return sorted(coming, key=lambda seen: seen.closes_at or 0)

    def _enter(self, snapshot: Message) -> None:
        seen = self.lots[snapshot["lot"]] = msgspec.convert(snapshot, Seen)
        self._changed(seen)

    def _follow(self, state: Message) -> None:
        seen = self.lots.get(state["lot"])
        if seen is not None:
            seen.hear(state)
            self._changed(seen)


class Attempt(NamedTuple):
    """An offer that is not answered yet."""

    lot: str
    offer: Offer

    def message(self, ref: str) -> Message:
        """The order as it is sent, every time the same."""
        return {"op": self.offer.op, "lot": self.lot, "amount": self.offer.amount, "ref": ref}


class Bidder:
    """One bidder: his seat, and a pursuit for each lot that he wants."""

    def __init__(self, visit: Visit, number: int) -> None:
        self.name = f"bidder-{number:02}"
        self._seed = visit.seed
        self._style = STYLES[number % len(STYLES)]
        self._chance = Random(f"{visit.seed}/{self.name}")
        self._tally = visit.tally
        self._room = Room(visit.sale, self._consider)
        self._pursuits: dict[str, Pursuit] = {}
        self._plans: dict[str, asyncio.TimerHandle] = {}
        self._attempts: dict[str, Attempt] = {}
        visit_id = token_hex(6)  # never from the seed: a ref of an earlier visit stands for the offer made under it
        self._refs = (f"{visit_id}-{n}" for n in count(1))
        form = (JSON, MSGPACK)[number % 2]
        self.seat = Seat(visit.url, lambda: visit.sign("bidder", self.name), form, self.hear)

    def hear(self, message: Message) -> None:
        """Take whatever the house says."""
        match message["ev"]:
            case "hello":
                self._greeted()
            case "accepted" | "refused":
                self._answered(message)
            case "you":
                self._told_his_standing(message)
            case _:
                self._room.hear(message)

    def drop_plans(self) -> None:
        """Act no more."""
        for plan in self._plans.values():
            plan.cancel()
        self._plans.clear()

    def _greeted(self) -> None:
        """A new connection: watch again, and ask again for every answer that is due, under the same refs."""
        self._tally.connections += 1
        self.seat.send(self._room.watch())
        for ref, attempt in self._attempts.items():
            self.seat.send(attempt.message(ref))

    def _told_his_standing(self, you: Message) -> None:
        """Know a paddle from before: a bidder who comes back need not ask whether he leads."""
        pursuit = self._pursuits.get(you["lot"])
        if pursuit is not None:
            pursuit.paddle = you["paddle"]

    def _consider(self, seen: Seen) -> None:
        pursuit = self._pursuits.get(seen.lot)
        if pursuit is None:
            value = worth(self._seed, seen.lot, self.name, seen.terms.start_price)
            pursuit = self._pursuits[seen.lot] = Pursuit(self._style, value, self._chance)
        if seen.lot not in self._plans:
            self._plan(pursuit, seen)

    def _plan(self, pursuit: Pursuit, seen: Seen) -> None:
        now = self.seat.server_now()
        at = pursuit.when(seen, now)
        if at is not None:
            self._plans[seen.lot] = _later((at - now) / SECOND_US, self._act, seen.lot)

    def _act(self, lot: str) -> None:
        del self._plans[lot]
        pursuit, seen = self._pursuits[lot], self._room.lots[lot]
        offer = pursuit.offer(seen, self.seat.server_now())
        if offer is None:
            self._plan(pursuit, seen)
            return
        pursuit.waiting = True
        ref = next(self._refs)
        attempt = self._attempts[ref] = Attempt(lot, offer)
        self.seat.send(attempt.message(ref))

    def _answered(self, answer: Message) -> None:
        attempt = self._attempts.get(answer["ref"])
        if attempt is None:
            return  # the answer to a repeat, which was answered before
        if answer["ev"] == "refused" and answer["code"] in AGAIN_UNCHANGED:
            _later(self._chance.uniform(*_AGAIN_S), self._again, answer["ref"])
            return
        del self._attempts[answer["ref"]]
        pursuit = self._pursuits[attempt.lot]
        if answer["ev"] == "accepted":
            self._tally.accepted += 1
            pursuit.accepted(answer["paddle"])
        else:
            self._tally.refused[answer["code"]] += 1
            pursuit.refused(answer["code"])
        self._consider(self._room.lots[attempt.lot])

    def _again(self, ref: str) -> None:
        if ref in self._attempts:
            self.seat.send(self._attempts[ref].message(ref))


class Spectator:
    """Somebody without a token, who follows the next lots to close on their full feeds and counts what is missing."""

    def __init__(self, visit: Visit, number: int) -> None:
        self._chance = Random(f"{visit.seed}/spectator-{number}")
        self._tally = visit.tally
        self._room = Room(visit.sale, lambda _: None)
        self._feeds: dict[str, FullFeed] = {}
        self._from = self._chance.randrange(3)  # not everybody looks at the same lots
        self.seat = Seat(visit.url, None, (JSON, MSGPACK)[number % 2], self.hear)

    def hear(self, message: Message) -> None:
        """Take whatever the house says."""
        if message["ev"] == "hello":
            self._greeted()
        elif (feed := self._feeds.get(message.get("lot", ""))) is not None and message["ev"] not in {"state", "you"}:
            self._follow(feed, message)
        else:
            self._room.hear(message)
            self._choose()

    def _greeted(self) -> None:
        self._tally.connections += 1
        self.seat.send(self._room.watch())
        for feed in self._feeds.values():
            self.seat.send(feed.watch())

    def _follow(self, feed: FullFeed, message: Message) -> None:
        known = len(feed.faults)
        feed.hear(message)
        self._tally.events += 1
        self._tally.faults += feed.faults[known:]

    def _choose(self) -> None:
        """Leave lots that have ended, and take up the next."""
        for lot in [lot for lot in self._feeds if self._room.lots[lot].phase in ENDED]:
            del self._feeds[lot]
            self.seat.send({"op": "unwatch", "lot": lot})
        for seen in self._next_to_close():
            if len(self._feeds) >= _FOLLOWED:
                return
            feed = self._feeds[seen.lot] = FullFeed(seen.lot, from_start=False)
            self.seat.send(feed.watch())

    def _next_to_close(self) -> Iterator[Seen]:
        coming = self._room.running_order()[self._from :]
        return (seen for seen in coming if seen.lot not in self._feeds)


class Clerk:
    """The operator of the sale: posts a notice, withdraws a lot, and pauses another for a while."""

    def __init__(self, visit: Visit) -> None:
        self.over = asyncio.Event()
        self._chance = Random(f"{visit.seed}/clerk")
        self._tally = visit.tally
        self._desk = Desk(loopback(visit.url), visit.sign("operator", "clerk"))
        self._room = Room(visit.sale, lambda _: None)
        self._seated = asyncio.Event()
        self.seat = Seat(visit.url, lambda: visit.sign("operator", "clerk"), JSON, self.hear)

    def hear(self, message: Message) -> None:
        """Take whatever the house says."""
        if message["ev"] == "hello":
            self._tally.connections += 1
            self.seat.send(self._room.watch())
            return
        self._room.hear(message)
        if self._room.complete:
            self._seated.set()
        if self._room.is_over:
            self._tally.ended.update(seen.phase for seen in self._room.lots.values())
            self.over.set()

    async def work(self) -> None:
        """Give the orders of the day, one after the other."""
        await self._seated.wait()
        await self._order(self._about(0.1), "notice", "The measurements in the catalogue were checked and stand.")
        if not self._room.has("withdrawn"):  # one is enough, however often the demonstration is started again
            await self._order(self._about(0.5), "withdraw", "The debtor has paid.")
        await asyncio.sleep(self._chance.uniform(10, 15))
        paused = self._about(0.06)
        await self._order(paused, "pause", "A question about the papers.")
        await asyncio.sleep(_PAUSED_S)
        await self._order(paused, "resume", "The question is answered.")

    def hang_up(self) -> None:
        """Close the line to the desk."""
        self._desk.close()

    def _about(self, part: float) -> str | None:
        """A lot that has not ended, about so far down the running order."""
        lots = self._room.running_order()
        return lots[int(part * len(lots))].lot if lots else None

    async def _order(self, lot: str | None, order: str, text: str) -> None:
        """Give an order; one that the house refuses (the lot has just ended) or cannot hear is let go."""
        if lot is None:
            return
        ref = f"{order}-{token_hex(6)}"
        body = {"order": order, "ref": ref, "text" if order == "notice" else "reason": text}
        with suppress(DeskError, OSError, HTTPException):
            await asyncio.to_thread(self._desk.call, "POST", f"/v1/lots/{lot}/orders", body)


async def run_crowd(url: str, sign: Sign, sale_id: str, seed: int, stop: asyncio.Event) -> Tally:
    """Send the crowd to a sale until `stop` is set or the sale is over.

    Args:
        url: Where the house listens, on this machine: `http://127.0.0.1:8000`.
        sign: Makes a token for a role and a subject.
        sale_id: The sale they come for.
        seed: Decides who wants what, at what price, and who acts when.
        stop: Set it to send them home.

    Returns:
        What they saw. Its `faults` are what the house owes an explanation for: gaps in full feeds, guests turned away.
    """
    visit = Visit(url, sign, sale_id, seed, Tally())
    clerk = Clerk(visit)
    bidders = [Bidder(visit, number) for number in range(BIDDERS)]
    spectators = [Spectator(visit, number) for number in range(SPECTATORS)]
    seats = [clerk.seat, *(bidder.seat for bidder in bidders), *(spectator.seat for spectator in spectators)]
    comings = [asyncio.create_task(_arrive(seat, seed, number)) for number, seat in enumerate(seats)]
    orders = asyncio.create_task(clerk.work())
    try:
        await _first(stop, clerk.over)
    finally:
        for bidder in bidders:
            bidder.drop_plans()
        await _cancelled(orders, *comings)
        await asyncio.gather(*(seat.leave() for seat in seats))
        clerk.hang_up()
        visit.tally.faults += [seat.fault for seat in seats if seat.fault is not None]
        _report(visit.tally)
    return visit.tally


def _report(tally: Tally) -> None:
    refused = ", ".join(f"{count} {code}" for code, count in tally.refused.most_common())
    log.info("The crowd leaves: %d offers accepted; refused: %s.", tally.accepted, refused or "none")
    for fault in tally.faults:
        log.warning("The crowd found a fault: %s", fault)


async def _arrive(seat: Seat, seed: int, number: int) -> None:
    await asyncio.sleep(Random(f"{seed}/arrival-{number}").uniform(0, _ARRIVE_WITHIN_S))
    seat.arrive()


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _later(delay_s: float, act: Callable[[str], None], what: str) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(max(0.0, delay_s), act, what)
