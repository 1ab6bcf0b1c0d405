"""A script played by the rules and on paper, side by side, with what must hold after every order.

It refuses to know why the two should agree: the paper (`paper`) was written from the rules, not from the code.
Amounts are minor units, instants microseconds.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, structs

from clock.instants import SECOND_US
from lots.decision import Outcome
from lots.events import BidPlaced, Event
from lots.ledger import NOTHING
from lots.orders import Bid, Clerk, ExtendForOutage, Join, MaxBid, Order, Register, Reoffer, Ring, op_of
from lots.refusals import Refused
from lots.state import Accepted, Lot
from tests.lots.paper.desk import ACCOUNTS
from tests.lots.paper.lot import PaperLot
from tests.lots.paper.sale import OK, PaperSale, Said
from tests.lots.saleroom import OPENS_AT, Saleroom, listing
from tests.lots.scenarios import Reader, Script, Step

START = OPENS_AT - SECOND_US
FOREVER_US = 10**12
INSTANTS = {"at", "closes_at", "lowers_at", "resume_by"}
OF_NO_ACCOUNT = ("lot", "by", "ref", "seen", "attendance", "chance", "kind", "listing")
"""What an operator's order says that a retry need not repeat, or that the paper has otherwise."""


def opened_room(script: Script, at: int = START) -> Saleroom:
    """Return a room with the lots of a script."""
    return Saleroom(*(listing(lot, **terms) for lot, terms in script.terms.items()), at=at)


class Player:
    """Plays a script by the rules alone."""

    def __init__(self, script: Script, at: int = START) -> None:
        self.script = script
        self.room = opened_room(script, at)
        self.reader = Reader(script, self.room)
        self.at = at
        self.log: list[str] = []

    def play(self) -> Saleroom:
        """Play the whole script, and ring all bells there are after the last order."""
        for order in self.script.opening:
            self.do(Step(0, order))
        self.do(Step(SECOND_US, Ring(min(self.script.terms), self.reader.attendance()), punctual=True))
        for throw in self.script.bidding:
            self.do(self.reader.read(throw, self.at))
        if self.script.settling:
            self.do(Step(70 * SECOND_US, Ring(min(self.script.terms), self.reader.attendance()), punctual=True))
        for throw in self.script.settling:
            self.do(self.reader.read(throw, self.at, closed=True))
        self.at += FOREVER_US
        self.ring_until(self.at)
        return self.room

    def do(self, step: Step) -> None:
        self.at += step.wait_us
        if step.punctual:
            self.ring_until(self.at)
        self.reader.note(step.order, self.give(step.order, self.at))

    def give(self, order: Order, at: int) -> Outcome:
        before = len(self.room.events)
        outcome = self.room.give(order, at)
        happened = ", ".join(_words(event) for event in self.room.events[before:])
        self.log.append(f"{_words(order)} -> {_words(outcome)} [{happened}]")
        return outcome

    def story(self) -> str:
        """Return all that was played so far, for whoever wants to know how it came to this."""
        terms = (f"{lot}: {structs.asdict(self.room.lots[lot].terms)}" for lot in self.script.terms)
        return "\n".join([*terms, *self.log])

    def ring_until(self, at: int) -> None:
        """Ring every bell that is due by then in its time, or now if that is past."""
        while waiting := self.room.due(at):
            due, lot = waiting[0]
            self.give(Ring(lot, self.reader.attendance()), max(due, self.room.at))


class Pair(Player):
    """Plays on paper as well, and compares after every order."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.paper = PaperSale(script.terms)
        for name, lot in self.room.lots.items():
            assert lot.phase == self.paper.lots[name].phase

    def give(self, order: Order, at: int) -> Outcome:
        before = len(self.room.events)
        stale = isinstance(order, Clerk) and order.seen not in (None, self.room.lots[order.lot].seq)
        outcome = super().give(order, at)
        events = self.room.events[before:]
        said = self._on_paper(order, at, stale=stale)
        assert _told(outcome) == said, order
        assert not (events and (isinstance(outcome, Refused) or (said and said.repeat))), order
        self._number(events)
        for name, lot in self.room.lots.items():
            shown, written = _shown(lot), _written(self.paper.lots[name])
            assert not {key: (shown[key], written[key]) for key in shown if shown[key] != written[key]}, (name, order)
        return outcome

    def ring_until(self, at: int) -> None:
        """See that no bell was forgotten: on paper nothing is due once all have rung."""
        super().ring_until(at)
        assert not [name for name, paper in self.paper.lots.items() if paper.is_due(at)]

    def _on_paper(self, order: Order, at: int, *, stale: bool) -> Said | None:
        paper = self.paper
        match order:
            case Bid() | MaxBid():
                kind = "bid" if isinstance(order, Bid) else "max_bid"
                return paper.offer(order.lot, kind, order.bidder, order.ref, order.amount, at, confirm=order.confirm)
            case Register():
                return paper.register(order.lot, order.bidder, order.ref, order.accepts)
            case Join():
                return paper.join(order.lot, order.bidder, order.ref, at)
            case Ring():
                paper.ring(order.lot, at, order.attendance)
            case ExtendForOutage():
                paper.outage(order.lot, order.closes_at)
            case Clerk():
                return paper.clerk(order.lot, op_of(order), order.by, order.ref, _fields(order), at, stale=stale)
        return None

    def _number(self, events: list[Event]) -> None:
        """Write the seq of each new public bid beside it; there is one for each."""
        for event in events:
            if isinstance(event, BidPlaced):
                entry = next(entry for entry in self.paper.lots[event.lot].entries if entry.public and not entry.seq)
                entry.seq = event.seq
        for lot in self.paper.lots.values():
            assert not [entry for entry in lot.entries if entry.public and not entry.seq]


def _words(what: Order | Outcome | Event) -> str:
    """Return an order, an answer or an event in one line, without what says nothing."""
    if what is None:
        return "-"
    said = {name: value for name, value in structs.asdict(what).items() if value not in (None, "", UNSET)}
    if "listing" in said:
        said["listing"] = structs.asdict(said["listing"])["lot"]
    for name in INSTANTS & said.keys():
        said[name] = (said[name] - OPENS_AT) / SECOND_US
    return type(what).__name__ + "".join(f" {name}={value}" for name, value in said.items())


def _fields(order: Clerk) -> dict[str, Any]:
    fields = {name: value for name, value in structs.asdict(order).items() if name not in OF_NO_ACCOUNT}
    if isinstance(order, Reoffer):
        fields |= {"successor": order.listing.lot, "terms": structs.asdict(order.listing.terms)}
    return fields


def _told(outcome: Outcome) -> Said | None:
    if outcome is None:
        return None
    if isinstance(outcome, Refused):
        return Said(outcome.code)
    assert isinstance(outcome, Accepted)
    return Said(OK, outcome.price, outcome.leading, outcome.repeat, outcome.pending)


def _shown(lot: Lot) -> dict[str, Any]:
    """Return how the real lot stands."""
    return {
        "phase": lot.phase,
        "price": lot.price,
        "ask": lot.ask,
        "leader": lot.leader_bidder,
        "ceiling": lot.ceiling if lot.phase in ("open", "paused") else None,
        "bids": lot.bids,
        "reserve": lot.reserve,
        "stage": lot.stage,
        "end": None if lot.phase in ("paused", "withdrawn") else lot.closes_at,
        "hard_end": None if lot.phase in ("paused", "withdrawn") else lot.hard_end_at,
        "moves": lot.extensions,
        "lowers_at": lot.lowers_at,
        "hammer": lot.hammer_price,
        "settlement": lot.settlement,
        "provisional": lot.provisional,
        "successor": lot.successor,
        "resume_by": lot.resume_by,
        "notice": lot.notice,
        "warned": lot.warned,
        "barred": set(lot.barred),
        "joined": set(lot.joined),
        "paddles": set(lot.paddles),
        "ledger": dict(_accounts(lot)),
    }


def _accounts(lot: Lot) -> Iterator[tuple[str, dict[str, int]]]:
    for bidder, deposit in lot.ledger.items():
        if deposit != NOTHING:
            yield bidder, {account: getattr(deposit, account) for account in ACCOUNTS}


def _written(paper: PaperLot) -> dict[str, Any]:
    """Return how the lot stands on paper."""
    standing = paper.standing()
    no_end = paper.phase in ("paused", "withdrawn")
    return {
        "phase": paper.phase,
        "price": standing.price,
        "ask": paper.ask(),
        "leader": standing.leader,
        "ceiling": standing.ceiling if paper.phase in ("open", "paused") else None,
        "bids": paper.bids(),
        "reserve": paper.reserve(),
        "stage": paper.stage,
        "end": None if no_end else paper.end,
        "hard_end": None if no_end else paper.hard_end,
        "moves": paper.moves,
        "lowers_at": paper.falls_at,
        "hammer": paper.hammer,
        "settlement": paper.settlement,
        "provisional": paper.consent_until is not None,
        "successor": paper.successor,
        "resume_by": paper.suspended_until,
        "notice": paper.notice,
        "warned": paper.warned,
        "barred": paper.desk.barred,
        "joined": paper.joined,
        "paddles": paper.desk.paddles,
        "ledger": paper.desk.purses,
    }
