"""A saleroom for tests: lots, orders and instants, and tables of them.

It refuses to know sockets, stores and loops; a bell rings only when a test rings it, or punctually when a table says
so. A table's line is `instant who order -> expected outcome`. Instants and ends are seconds after the opening (decimals
down to the microsecond), amounts minor units. The lot opens at 0 and its scheduled end is 3600.

Who is `clock` (ring [connected lost], outage END), `clerk` (or `clerk:NAME`; orders by their contract names) or a
bidder (bid, max, register, join). Words with `=`: lot, ref, reason, seen, rank. What is expected: a code, `done`,
`repeat`, `pending` or `nothing`; then the price, the leader, and facts (`_FACTS`; the ledger's as `held.ann=500`).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, cast

import msgpack
import msgspec

from clock.instants import SECOND_US
from lots.decision import Outcome
from lots.decisions import decide
from lots.events import Event
from lots.fold import evolve
from lots.ledger import NOTHING, Account
from lots.listing import Listing
from lots.orders import (
    OPS,
    REOFFERS,
    Attendance,
    Bid,
    ExtendForOutage,
    Join,
    ListLot,
    MaxBid,
    Order,
    Register,
    Reoffer,
    Ring,
)
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot

OPENS_AT = 1_700_000_000 * SECOND_US
CLOSES_AT = OPENS_AT + 3_600 * SECOND_US
LISTED_AT = OPENS_AT - 3_600 * SECOND_US

EBAY = (
    *((1, 5), (100, 25), (500, 50), (2_500, 100), (10_000, 250), (25_000, 500)),
    *((50_000, 1_000), (100_000, 2_500), (250_000, 5_000), (500_000, 10_000)),
)
"""eBay's steps in cents (rules.md, section 3)."""
EBAY_LADDER = ((0, 5), *EBAY[1:])


def listing(lot: str = "A", **terms: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    """Return a lot under these terms; what is not named is as plain as can be."""
    plain = {"currency": "EUR", "start_price": 100, "ladder": [[0, 10]], "opens_at": OPENS_AT, "closes_at": CLOSES_AT}
    offered = {"lot": lot, "sale": "S", "title": f"Lot {lot}", "terms": {**plain, **terms}}
    value = msgspec.convert(offered, Listing)
    value.check()
    return value


def soft(window_s: float, extension_s: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    """Return soft-close terms as a client sends them."""
    return {"window_s": window_s, "extension_s": extension_s, **more}


def pack(part: dict[str, Any]) -> bytes:
    """Pack a part as the journal does."""
    packed: bytes = msgpack.packb(part)
    return packed


def instant(seconds: str) -> int:
    """Return the instant so many seconds after the opening."""
    return OPENS_AT + int(Decimal(seconds) * SECOND_US)


class Saleroom:
    """The lots of one closing group, and all that has happened to them."""

    def __init__(self, *listings: Listing, at: int = LISTED_AT) -> None:
        self.lots: dict[str, Lot] = {}
        self.events: list[Event] = []
        self.at = at
        for one in listings:
            self.give(ListLot(one), at)

    def give(self, order: Order, at: int) -> Outcome:
        """Have one order decided, no earlier than the one before it, and let its events happen."""
        self.at = max(self.at, at)
        decision = decide(self.lots, order, self.at)
        for event in decision.events:
            self.lots[event.lot] = evolve(self.lots.get(event.lot), event)
        self.events.extend(decision.events)
        return decision.outcome

    def due(self, at: int) -> list[tuple[int, str]]:
        """Return the deadlines up to `at`, earliest first."""
        deadlines = ((lot.deadline, lot.lot) for lot in self.lots.values())
        return sorted((due, lot) for due, lot in deadlines if due is not None and due <= at)

    def ring_until(self, at: int) -> None:
        """Ring each bell up to `at` in its time."""
        while waiting := self.due(at):
            due, lot = waiting[0]
            self.give(Ring(lot), due)

    def public(self, lot: str = "A") -> list[dict[str, Any]]:
        """Return the public parts of one lot's events."""
        return [part for event in self.events if event.lot == lot and (part := event.parts()[0])]


def play(table: str, *listings: Listing, punctual: bool = True) -> Saleroom:
    """Play a table row by row; `punctual` bells ring before the orders of the same instant."""
    room = Saleroom(*(listings or (listing(),)))
    for number, line in enumerate(_lines(table)):
        left, _, right = line.partition("->")
        when, who, verb, *words = left.split()
        at = instant(when)
        if punctual:
            room.ring_until(at)
        before = len(room.events)
        order = _order(str(number), who, verb, words)
        outcome = room.give(order, at)
        _compare(line, room, order.lot, outcome, right.split(), silent=len(room.events) == before)
    return room


def _lines(table: str) -> Iterator[str]:
    for line in table.splitlines():
        row = line.partition("#")[0].strip()
        if row:
            yield row


def _order(number: str, who: str, verb: str, words: list[str]) -> Order:
    named = dict(word.split("=") for word in words if "=" in word)
    lot, ref = named.get("lot", "A"), named.get("ref", number)
    bare = [word for word in words if "=" not in word]
    who, _, name = who.partition(":")
    if who == "clock":
        return _of_the_clock(verb, lot, bare)
    if who == "clerk":
        return _clerk_order(verb, bare, {**named, "lot": lot, "ref": ref, "by": name or "clerk"})
    chance = sum(who.encode())
    match verb:
        case "bid":
            return Bid(lot, who, ref, int(bare[0]), confirm="confirm" in bare, chance=chance)
        case "max":
            return MaxBid(lot, who, ref, int(bare[0]), confirm="confirm" in bare, chance=chance)
        case "register":
            return Register(lot=lot, bidder=who, ref=ref, accepts=tuple(bare), chance=chance)
        case "join":
            return Join(lot=lot, bidder=who, ref=ref)
    raise AssertionError(f"a bidder does not {verb!r}")


def _of_the_clock(verb: str, lot: str, words: list[str]) -> Order:
    if verb == "outage":
        return ExtendForOutage(lot, instant(words[0]))
    return Ring(lot, Attendance(*map(int, words)) if words else None)


_EXTRA: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "extend": lambda words: {"closes_at": instant(words[0])},
    "reopen": lambda words: {"closes_at": instant(words[0]) if words else None},
    "hammer": lambda words: {"attendance": Attendance(*map(int, words)) if words else None},
    "pass": lambda words: {"attendance": Attendance(*map(int, words)) if words else None},
    "void_bid": lambda words: {"seq": int(words[0])},
    "floor_bid": lambda words: {"amount": int(words[0]), "hand": "".join(words[1:]), "chance": 1},
    "step": lambda words: {"step": int(words[0])},
    "notice": lambda words: {"text": words[0]},
    "admit": lambda words: {"bidder": words[0], "chance": sum(words[0].encode())},
    "decline": lambda words: {"bidder": words[0]},
    "bar": lambda words: {"bidder": words[0]},
    "release": lambda words: {"bidder": words[0]},
    "deposit": lambda words: {
        "bidder": words[0],
        "amount": int(words[1]),
        "payment": words[2],
        "currency": "".join(words[3:]) or None,
        "chance": sum(words[0].encode()),
    },
    "allocate": lambda words: {"costs": int(words[0]), "shortfall": int(words[1])},
    "countersign": lambda words: {"of_by": words[0], "of_ref": words[1]},
}


def _clerk_order(verb: str, words: list[str], named: dict[str, str]) -> Order:
    """Return an operator's order; one that offers again as `SUCCESSOR START OPENS CLOSES [FIRST_BID_CLOSES_S]`."""
    common: dict[str, Any] = {key: named[key] for key in ("lot", "by", "ref", "reason") if key in named}
    common |= {key: int(named[key]) for key in ("seen", "rank") if key in named}
    if verb in REOFFERS:
        first_bid = {"first_bid_closes_s": float(words[4])} if len(words) > 4 else {}
        start, opens_at, closes_at = int(words[1]), instant(words[2]), instant(words[3])
        offered = listing(words[0], start_price=start, opens_at=opens_at, closes_at=closes_at, **first_bid)
        return Reoffer(kind=verb, listing=offered, **common)
    extra = _EXTRA[verb](words) if verb in _EXTRA else {}
    return cast("Order", OPS[verb](**common, **extra))


def _compare(line: str, room: Saleroom, lot: str, outcome: Outcome, expected: list[str], *, silent: bool) -> None:
    first = expected[0]
    if first in list(Code):
        assert isinstance(outcome, Refused), f"{line}: {outcome}"
        assert (outcome.code, silent) == (first, True), f"{line}: {outcome}"
        expected = expected[1:]
    elif first == "nothing":
        assert silent, f"{line}: {room.events[-1]}"
        expected = expected[1:]
    else:
        assert not isinstance(outcome, Refused), f"{line}: {outcome}"
        if first in {"done", "repeat", "pending"}:
            assert isinstance(outcome, Accepted), f"{line}: {outcome}"
            assert outcome.repeat == (first == "repeat"), f"{line}: {outcome}"
            assert outcome.pending or first != "pending", f"{line}: {outcome}"
            expected = expected[1:]
    wanted = _wanted(room, lot, expected)
    actual = {(of, key): _fact(room.lots[of], key) for of, key in wanted}
    assert actual == wanted, line


def _wanted(room: Saleroom, lot: str, expected: list[str]) -> dict[tuple[str, str], str]:
    """Read `price leader key=value B.key=value B.held.ann=value`; a dash stands for None."""
    wanted = dict(zip(((lot, "price"), (lot, "leader")), (word for word in expected if "=" not in word), strict=False))
    for word in expected:
        if "=" in word:
            key, _, value = word.partition("=")
            of, _, name = key.partition(".")
            wanted[(of, name) if of in room.lots else (lot, key)] = value
    return wanted


def _fact(lot: Lot, key: str) -> str:
    account, _, bidder = key.partition(".")
    if account in list(Account):
        return str(getattr(lot.ledger.get(bidder, NOTHING), account))
    return _FACTS[key](lot)


def _seconds(at: int | None) -> str:
    if at is None:
        return "-"
    span = Decimal(at - OPENS_AT) / SECOND_US
    return f"{span.normalize():f}"


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


_FACTS: dict[str, Callable[[Lot], str]] = {
    "price": lambda lot: _or_dash(lot.price),
    "leader": lambda lot: _or_dash(lot.leader_bidder),
    "ask": lambda lot: _or_dash(lot.ask),
    "bids": lambda lot: str(lot.bids),
    "end": lambda lot: _seconds(lot.closes_at),
    "hard": lambda lot: _seconds(lot.hard_end_at),
    "ext": lambda lot: str(lot.extensions),
    "reserve": lambda lot: lot.reserve,
    "phase": lambda lot: lot.phase,
    "hammer": lambda lot: _or_dash(lot.hammer_price),
    "ceiling": lambda lot: str(lot.ceiling),
    "notice": lambda lot: _or_dash(lot.notice),
    "seq": lambda lot: str(lot.seq),
    "paddles": lambda lot: str(len(lot.paddles)),
    "stage": lambda lot: _or_dash(lot.stage),
    "lowers": lambda lot: _seconds(lot.lowers_at),
    "settlement": lambda lot: _or_dash(lot.settlement),
    "provisional": lambda lot: str(lot.provisional).lower(),
    "warned": lambda lot: str(lot.warned).lower(),
    "successor": lambda lot: _or_dash(lot.successor),
    "resume_by": lambda lot: _seconds(lot.resume_by),
    "due": lambda lot: _seconds(lot.deadline),
}
