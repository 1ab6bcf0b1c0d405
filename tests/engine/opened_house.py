"""A house at work in tests: over any journal, with bidders who give orders and a witness who notes all that leaves it.

It refuses to know how a test passes the time; in virtual time (`virtual_time`) a whole sale takes milliseconds.
Invariants: the witness sees every watcher's numbers gap-free or stops the test. Ends are seconds after BEGIN.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from clock.instants import SECOND_US, Clock
from engine.actor import Answer, Reply
from engine.commit import Commit, PublicEvent
from engine.house import House
from engine.journal import Journal, Record
from engine.limits import EngineLimits
from engine.pen import Reader
from lots.events import Event
from lots.listing import Listing
from lots.orders import Bid, MaxBid, Order
from lots.refusals import Refused
from lots.state import Accepted, Lot
from tests.engine.virtual_time import BEGIN
from tests.lots.saleroom import listing


def after(seconds: float) -> int:
    """The instant so many seconds after the beginning, in microseconds."""
    return BEGIN + round(seconds * SECOND_US)


def offered(lot: str = "A", opens: float = 0, closes: float = 3600, **terms: Any) -> Listing:  # noqa: ANN401  as a client sends them
    """A lot that opens and closes so many seconds after the beginning."""
    return listing(lot, opens_at=after(opens), closes_at=after(closes), **terms)


class Witness:
    """Notes every answer and every event, in the order in which they leave the house."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int]] = []
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.events: defaultdict[str, list[PublicEvent]] = defaultdict(list)
        self.touched: defaultdict[str, set[str]] = defaultdict(set)
        self.statuses: list[str] = []
        self._anything = asyncio.Event()

    def reply(self, name: str) -> Reply:
        """Something that takes the answer to the order of this name."""

        def answered(answer: Answer) -> None:
            self.heard.append(("answer", name, getattr(answer, "seq", 0)))
            self.answers[name].append(answer)
            self._anything.set()

        return answered

    def publish(self, commit: Commit) -> None:
        """Take a commit as the fan-out does: nothing may be missing, nothing come twice."""
        lot, events = commit.state.lot, self.events[commit.state.lot]
        for said in commit.said:
            assert not events or said.seq == events[-1].seq + 1, f"lot {lot}: {said.seq} follows {events[-1].seq}"
            self.heard.append(("event", lot, said.seq))
            events.append(said)
        assert not events or (commit.state.seq, commit.head) == (events[-1].seq, events[-1].head)
        self.touched[lot] |= commit.touched
        self._anything.set()

    def status(self, status: str) -> None:
        """Take what watchers are told of the store."""
        self.statuses.append(status)

    async def answer(self, name: str) -> Answer:
        """Wait for the answer to an order."""
        while name not in self.answers:
            self._anything.clear()
            await self._anything.wait()
        (answer,) = self.answers[name]
        return answer

    async def names(self, lot: str, event: str) -> dict[str, Any]:
        """Wait for an event of a lot, and return its public part."""
        while True:
            for said in self.events[lot]:
                if said.public["ev"] == event:
                    return said.public
            self._anything.clear()
            await self._anything.wait()

    def said(self, lot: str = "A") -> list[str]:
        """The names of the lot's public events so far."""
        return [str(event.public["ev"]) for event in self.events[lot]]


@dataclass
class OpenedHouse:
    """A house at work, and whoever deals with it."""

    house: House
    witness: Witness
    running: "asyncio.Task[None]"
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def submit(self, order: Order, name: str | None = None) -> str:
        """Give an order; return the name under which the witness keeps its answer."""
        name = name or f"{getattr(order, 'ref', type(order).__name__)}"
        self.house.submit(order, self.witness.reply(name))
        return name

    def bid(self, amount: int, bidder: str = "ann", lot: str = "A", ref: str | None = None) -> str:
        """Bid, as `ref` (a new one by default); return the ref."""
        ref = ref or f"r{next(iter(self._numbers))}"
        return self.submit(Bid(lot, bidder, ref, amount, chance=sum(bidder.encode())))

    def max_bid(self, amount: int, bidder: str = "ann", lot: str = "A", ref: str | None = None) -> str:
        """Give a ceiling."""
        ref = ref or f"r{next(iter(self._numbers))}"
        return self.submit(MaxBid(lot, bidder, ref, amount, chance=sum(bidder.encode())))

    async def accepted(self, name: str) -> Accepted:
        """Wait for an answer that must be yes."""
        answer = await self.witness.answer(name)
        assert isinstance(answer, Accepted), answer
        return answer

    async def refused(self, name: str) -> str:
        """Wait for an answer that must be no; return its code."""
        answer = await self.witness.answer(name)
        assert isinstance(answer, Refused), answer
        return answer.code

    def answer(self, name: str) -> str | None:
        """Whether an order was answered by now, and how: `accepted`, `repeat`, or a code; None: not yet."""
        answers = self.witness.answers.get(name, [])
        assert len(answers) <= 1, f"{name} was answered {len(answers)} times"
        if not answers:
            return None
        (answer,) = answers
        if isinstance(answer, Refused):
            return answer.code
        return "repeat" if answer.repeat else "accepted"

    def lot(self, lot: str = "A") -> Lot:
        """How a lot stands."""
        return self.house.lots[lot].state

    async def list(self, *listings: Listing) -> None:
        """List lots; all must be accepted."""
        for one in listings:
            answer = await self.house.listings.list_lot(one)
            assert isinstance(answer, Accepted), answer

    async def end(self) -> None:
        """Vanish, as a crash would: nothing is stored, nothing answered any more."""
        self.running.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self.running


async def open_house(
    journal: Journal, clock: Clock, limits: EngineLimits | None = None, events_kept: int = 512
) -> OpenedHouse:
    """Open a house on a journal and let it work."""
    witness = Witness()
    house = House(journal, clock, limits, events_kept=events_kept)
    house.publish, house.status = witness.publish, witness.status
    await house.start()
    return OpenedHouse(house, witness, asyncio.create_task(house.run()))


@asynccontextmanager
async def opened(
    journal: Journal, clock: Clock, *listings: Listing, limits: EngineLimits | None = None
) -> AsyncIterator[OpenedHouse]:
    """A house at work with these lots; it vanishes at the end."""
    house = await open_house(journal, clock, limits)
    try:
        await house.list(*listings)
        yield house
    finally:
        await house.end()


async def events_of(journal: Journal, lot: str = "A", group: str | None = None) -> list[Event]:
    """All events in a lot's log, public and private, read by a fresh reader that checks both chains."""
    reader = Reader(lot)
    read = (reader.read(record) for record in await journal.read(lot, group or lot))
    return [event for event, _ in filter(None, read)]


def numbers(records: Iterable[Record]) -> list[tuple[int, int]]:
    """The ids of records."""
    return [(record.epoch, record.n) for record in records]
