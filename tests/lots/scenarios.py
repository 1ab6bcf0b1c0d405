"""Random sales for hypothesis: terms of every format, and throws of dice that a `Reader` turns into orders.

A throw is a number. Read digit by digit it says what happens next: how long to wait, to which lot, which order, in
which words. What an order can be about (the ask, the seq of a bid, the ref of a proposal) is looked up when its turn
comes, in what is public by then and in what was read out before; so bids are near the ask, operators mostly do what
fits the phase, and the same throws make the same orders wherever the same is public. The less a number, the plainer
the sale: 0 is a bid at the ask, at once.

Times are whole seconds or a microsecond beside them, amounts small numbers around a few ladders, so that ties,
boundaries and retries are common. Everything private bears a name that can be searched for.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from hypothesis import Phase, settings
from hypothesis import strategies as st

from clock.instants import SECOND_US
from lots.decision import Outcome
from lots.events import BidPlaced
from lots.listing import Listing
from lots.orders import (
    OPS,
    REOFFERS,
    Admit,
    Attendance,
    Bid,
    Clerk,
    ConfirmDeposit,
    Countersign,
    ExtendForOutage,
    Join,
    MaxBid,
    Open,
    Order,
    Register,
    Reoffer,
    Ring,
    op_of,
)
from lots.state import Accepted, Lot
from lots.terms import GRAVE
from tests.lots.saleroom import OPENS_AT, Saleroom, listing

T = TypeVar("T")

LENGTH_S = 60
BIDDERS = ("secret-ann", "secret-bob", "secret-cid")
CLERKS = ("secret-kim", "secret-lea")
LADDERS = ([[0, 10]], [[0, 5], [50, 20], [120, 30]], [[0, 1], [10, 7]])
STATEMENTS = ["I am of age.", "I have seen the lot."]
DEPOSIT = 50
FORMATS = ("english", "english", "english", "saleroom", "two_phase", "two_phase", "sealed", "dutch")
LONG_US = 1_000 * SECOND_US
THROW_MAX = 2**24 - 1
"""Up to here hypothesis draws all numbers alike."""


class Dice:
    """Throws, read digit by digit; once they are used up, every pick is the first."""

    def __init__(self, throws: Sequence[int]) -> None:
        self.left = sum(throw << (24 * n) for n, throw in enumerate(throws))

    def pick(self, options: Sequence[T]) -> T:
        self.left, place = divmod(self.left, len(options))
        return options[place]

    def chance(self) -> int:
        """Return a number to draw a paddle by."""
        return self.pick(range(0, 900, 7))


class Step(NamedTuple):
    """An order, and the microseconds that pass before it.

    `punctual`: the bells that are due by then ring first, each in its time.
    """

    wait_us: int
    order: Order
    punctual: bool = False


Throw = tuple[int, int, int]


class Script(NamedTuple):
    """Terms by lot, what is ordered before the bidding, throws until the close and after it, and who is there."""

    terms: dict[str, dict[str, Any]]
    opening: list[Order]
    bidding: list[Throw]
    settling: list[Throw]
    attendances: tuple[Attendance | None, ...] = (None,)


# Terms ----------------------------------------------------------------------------------------------------------------


def _soft_close(dice: Dice) -> dict[str, Any] | None:
    if dice.pick((True, False, False)):
        return None
    return {
        "window_s": dice.pick((5, 10, 1, 0, 0.5)),
        "extension_s": dice.pick((5, 10, 1, 0, 0.5)),
        "mode": dice.pick(("from_bid", "add_to_end")),
        "trigger": dice.pick(("price_or_leader", "leader", "any")),
        "scope": dice.pick(("lot", "group")),
        "max_extensions": dice.pick((None, None, 0, 1, 3)),
        "hard_end_s": dice.pick((None, None, 0, 3, 20)),
    }


def _two_phase(dice: Dice) -> dict[str, Any]:
    return {
        "confirm_s": dice.pick((None, 1, 10)),
        "countdown_s": dice.pick((10, 1, 30)),
        "ceiling": dice.pick((None, 60, 125, 200)),
        "quote_s": dice.pick((5, 20)),
    }


def _bounds(dice: Dice) -> dict[str, Any] | None:
    if dice.pick((True, True, False)):
        return None
    return {
        "start_percent_of_appraisal_min": None,
        "deposit_percent_min": None,
        "deposit_percent_max": None,
        "open_s_min": dice.pick((None, 10)),
        "reoffer_drop_percent_max": dice.pick((None, 0, 50)),
        "reoffer_within_s": dice.pick((None, 100, 10_000)),
    }


def _registration(dice: Dice) -> dict[str, Any] | None:
    check = dice.pick((None, None, True, False))
    return None if check is None else {"statements": STATEMENTS, "check": check}


def terms(dice: Dice, formats: tuple[str, ...] = FORMATS) -> dict[str, Any]:
    """Return terms of a lot that runs for a minute, as a client sends them, nothing left out."""
    kind = dice.pick(formats)
    said: dict[str, Any] = {
        "format": kind,
        "currency": "EUR",
        "start_price": dice.pick((10, 45, 0) if kind != "dutch" else (45, 32)),
        "ladder": dice.pick(LADDERS),
        "raise": dice.pick(("at_least", "at_least", "multiple")),
        "proxy": dice.pick((True, True, True, False)),
        "self_raise": dice.pick((False, True)),
        "reserve": dice.pick((None, None, None, 30, 101, 150)),
        "deposit": dice.pick((0, 0, DEPOSIT)),
        "confirm_above": dice.pick((None, None, None, 1, 1.5, 4)),
        "group": "linked",
        "opens_at": OPENS_AT + dice.pick((0, 0, 0, 20)) * SECOND_US,
        "closes_at": OPENS_AT + (LENGTH_S + dice.pick((0, 0, 5))) * SECOND_US,
        "soft_close": None,
        "dutch": None,
        "sealed": None,
        "two_phase": None,
        "first_bid_closes_s": None,
        "buy_now": None,
        "buy_now_until": dice.pick(("first_bid", "reached")),
        "reserve_public": dice.pick((False, True)),
        "provisional_s": dice.pick((None, 5, 150)),
        "priority": False,
        "registration": _registration(dice),
        "release_after_s": dice.pick((0, 5, 100)),
        "premium": [],
        "four_eyes": dice.pick(((), (), ("hammer", "void_bid", "admit", "default"), tuple(sorted(GRAVE)))),
        "suspend_lost_percent": dice.pick((None, None, 50, 0)),
        "appraisal": None,
        "bounds": _bounds(dice),
    }
    said |= _own_terms(dice, kind)
    if kind == "dutch" or said["reserve"] is None:
        said["reserve"] = said["provisional_s"] = None
    elif said["buy_now"] is not None:
        said["buy_now"] = 200
    if said["deposit"] or said["registration"]:
        said["priority"] = dice.pick((True, False))
    return said


def _own_terms(dice: Dice, kind: str) -> dict[str, Any]:
    """Return what belongs to one format alone."""
    match kind:
        case "english":
            return {
                "soft_close": _soft_close(dice),
                "first_bid_closes_s": dice.pick((None, None, None, 1, 20, 80)),
                "buy_now": dice.pick((None, None, 60, 120, 200)),
            }
        case "saleroom":
            return {"closes_at": None}
        case "two_phase":
            return {"two_phase": _two_phase(dice)}
        case "sealed":
            return {"sealed": {"pricing": dice.pick(("first", "second"))}}
    falls = {"step": dice.pick((3, 10)), "every_s": dice.pick((5, 0.5, 20)), "floor": dice.pick((0, 5))}
    return {"dutch": falls, "ladder": []}


# Scripts --------------------------------------------------------------------------------------------------------------


MOSTLY = (True, True, True, True, False)


def _opening(dice: Dice, lot: str, offered: dict[str, Any]) -> Iterator[Order]:
    """Let most bidders do what is asked before the bidding: register, be admitted, pay; some leave something out."""
    for bidder, rank in zip(BIDDERS, (1, 2, None), strict=True):
        rank = rank if offered["priority"] and dice.pick((True, False)) else None  # noqa: PLW2901  who waives it has none
        said: dict[str, Any] = {"lot": lot, "by": CLERKS[0]}
        if offered["registration"] and dice.pick(MOSTLY):
            yield Register(lot=lot, bidder=bidder, ref="secret-first", accepts=tuple(STATEMENTS), chance=dice.chance())
        if (offered["registration"] or rank) and dice.pick(MOSTLY):
            yield from _by_two(offered, Admit(**said, ref=f"admit-{bidder}", bidder=bidder, rank=rank))
        if offered["deposit"] and dice.pick(MOSTLY):
            paid: dict[str, Any] = {"amount": DEPOSIT, "payment": f"pay-1-{bidder}", "chance": dice.chance()}
            yield from _by_two(offered, ConfirmDeposit(**said, ref=f"deposit-{bidder}", bidder=bidder, **paid))
    if offered["format"] == "saleroom" and dice.pick(MOSTLY):
        yield Open(**said, ref="secret-opening")


def _by_two(offered: dict[str, Any], order: Admit | ConfirmDeposit) -> Iterator[Order]:
    """Give an order, and have it countersigned where the terms ask for that."""
    yield order
    if op_of(order) in offered["four_eyes"]:
        yield Countersign(lot=order.lot, by=CLERKS[1], ref=f"2-{order.ref}", of_by=order.by, of_ref=order.ref)


def many(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try so many sales, other ones each time; of one that fails find a short one, and leave it at that."""
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    return settings(max_examples=examples, deadline=None, derandomize=False, print_blob=True, phases=phases)


THROWS = st.tuples(*[st.integers(0, THROW_MAX)] * 3)
LONG = st.tuples(*[st.integers(0, THROW_MAX)] * 5)


@st.composite
def scripts(draw: st.DrawFn, most: int = 40, formats: tuple[str, ...] = FORMATS) -> Script:
    """A group of one to three lots and what happens to it."""
    lots = ("A", "B", "C")[: draw(st.sampled_from([1, 1, 1, 2, 3]))]
    debt = draw(st.sampled_from([None, None, 30, 120]))
    offered: dict[str, dict[str, Any]] = {}
    opening: list[Order] = []
    for lot in lots:
        offered[lot] = {**terms(Dice(draw(LONG)), formats), "debt": debt}
        opening += _opening(Dice(draw(LONG)), lot, offered[lot])
    least = draw(st.sampled_from([most // 2, 0]))
    bidding = draw(st.lists(THROWS, min_size=least, max_size=most))
    settling = draw(st.lists(THROWS, min_size=least // 3, max_size=most // 2))
    dice = Dice(draw(THROWS))
    there = tuple(
        dice.pick((None, Attendance(2, 0), Attendance(1, 1), Attendance(0, 0), Attendance(0, 1))) for _ in range(4)
    )
    return Script(offered, opening, bidding, settling, there)


# Reading throws -------------------------------------------------------------------------------------------------------

WAITS_S = (0, 0, 0, 0, 1, 0.000001, 0.999999, 3, 5, 10, 2, 12)
LATER_S = (0, 0, 1, 5, 4.999999, 5, 99, 100, 1_000)

IN_PHASE: dict[str, tuple[str, ...]] = {
    "upcoming": ("bid", "open", "open", "open", "register", "admit", "deposit", "notice", "any", "join"),
    "open": (
        *("bid",) * 16,
        *("max_bid",) * 16,
        *("join", "join", "ring", "ring", "outage", "register", "admit", "decline", "bar", "deposit", "release"),
        *("void_bid", "void_bid", "void_bid", "undo", "floor_bid", "floor_bid", "step", "fair_warning", "notice"),
        *("extend", "pause", "suspend", "hammer", "pass", "countersign", "countersign", "again", "any"),
    ),
    "paused": ("resume",) * 6 + ("bid", "void_bid", "undo", "withdraw", "admit", "deposit", "join", "any"),
}
AFTERWARDS = (
    *("settle", "default", "default", "default", "allocate", "allocate", "consent", "consent", "reopen", "reopen"),
    *("reoffer", "reauction", "sell_off", "release", "deposit", "countersign", "countersign", "bid", "ring", "again"),
    *("admit", "decline", "bar", "void_bid", "any"),
)
OF_A_BIDDER = ("admit", "decline", "bar", "deposit", "release")
UNHEARD = (*OF_A_BIDDER, "allocate")
"""Orders that nobody but operators and the bidder himself may hear of."""
NUMBERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "step": {"step": (25, 10, 1, 50)},
    "notice": {"text": ("hello", "last lot")},
    "allocate": {"costs": (30, 10, 0, 60), "shortfall": (15, 0, 60)},
}
"""What else an order may say, whatever has happened before."""
JOINS = ("join",) * 8
"""More of them where there is something to join."""
ANY = tuple(sorted((*OPS, "bid", "max_bid", "join", "register", "reauction", "sell_off", "outage", "ring")))


class Reader:
    """Reads a script out to a room: each throw becomes the order that it means by then."""

    def __init__(self, script: Script, room: Saleroom) -> None:
        self.script = script
        self.room = room
        self.bells = 0
        self.given: list[Order] = []
        self.outcomes: list[Outcome] = []

    def note(self, order: Order, outcome: Outcome) -> None:
        """Keep what was given, and what came of it."""
        self.given.append(order)
        self.outcomes.append(outcome)

    def attendance(self) -> Attendance | None:
        """Who is there at the next bell."""
        self.bells += 1
        return self.script.attendances[self.bells % len(self.script.attendances)]

    def read(self, throw: Throw, at: int, *, closed: bool = False) -> Step:
        """Return the step that a throw means now; `closed`: once the scheduled end is past."""
        dice = Dice(throw)
        wait_us = int(dice.pick(LATER_S if closed else WAITS_S) * SECOND_US)
        punctual = dice.pick((True, True, False))
        lot = self.room.lots[dice.pick(sorted(self.script.terms))]
        kinds = IN_PHASE.get(lot.phase, AFTERWARDS)
        kind = dice.pick(kinds if lot.terms.two_phase is None else kinds + JOINS)
        if kind == "again" and self.given:
            return Step(wait_us, self.given[-1 - dice.pick(range(min(len(self.given), 5)))], punctual)
        if kind in ("any", "again"):
            kind = dice.pick(ANY)
        return Step(wait_us, self._order(dice, kind, lot, at + wait_us), punctual)

    def _order(self, dice: Dice, kind: str, lot: Lot, at: int) -> Order:
        bidder, ref = dice.pick(BIDDERS), self._ref(dice)
        match kind:
            case "bid" | "max_bid":
                offer: Callable[..., Bid | MaxBid] = Bid if kind == "bid" else MaxBid
                amount, confirm = _amount(dice, lot), dice.pick((True, True, False))
                return offer(lot.lot, bidder, ref, amount, confirm=confirm, chance=dice.chance())
            case "register":
                accepts = tuple(dice.pick((STATEMENTS, STATEMENTS, STATEMENTS[:1])))
                return Register(lot=lot.lot, bidder=bidder, ref=ref, accepts=accepts, chance=dice.chance())
            case "join":
                return Join(lot=lot.lot, bidder=bidder, ref=ref)
            case "ring":
                return Ring(lot.lot, self.attendance())
            case "outage":
                return ExtendForOutage(lot.lot, _end(dice, lot, at))
        return self._of_a_clerk(dice, kind, lot, at, bidder)

    def _ref(self, dice: Dice) -> str:
        """Return a fresh ref; seldom one that may have been used."""
        return dice.pick((*(f"secret-ref-{len(self.given)}",) * 7, "secret-ref"))

    def _of_a_clerk(self, dice: Dice, kind: str, lot: Lot, at: int, bidder: str) -> Order:
        said: dict[str, Any] = {
            "lot": lot.lot,
            "by": dice.pick(CLERKS),
            "ref": f"secret-order-{len(self.given)}",
            "seen": dice.pick((*(None,) * 14, lot.seq, lot.seq - 1)),
            "reason": dice.pick(("as the court asked", "")) if kind not in UNHEARD else "secret-why",
        }
        if kind in REOFFERS:
            return Reoffer(**said, kind=kind, listing=_offered_again(dice, lot))
        return cast("Order", OPS[kind](**said, **self._fields(dice, kind, lot, at, bidder)))

    def _fields(self, dice: Dice, kind: str, lot: Lot, at: int, bidder: str) -> dict[str, Any]:
        """Return what an order says beyond what all say."""
        if kind in OF_A_BIDDER:
            return {"bidder": bidder, **_of_a_bidder(dice, kind, bidder)}
        match kind:
            case "hammer" | "pass":
                return {"attendance": self.attendance()}
            case "extend" | "reopen":
                no_end = kind == "reopen" and lot.terms.closes_at is None and dice.pick(MOSTLY)
                return {"closes_at": None if no_end else _end(dice, lot, at)}
            case "void_bid":
                return {"seq": self._placed(dice, lot)}
            case "floor_bid":
                hand = dice.pick(("", "", "left"))
                return {"amount": _amount(dice, lot), "hand": hand, "chance": dice.chance()}
        proposed = self._proposed(dice, lot) if kind == "countersign" else {}
        return proposed | {name: dice.pick(values) for name, values in NUMBERS.get(kind, {}).items()}

    def _placed(self, dice: Dice, lot: Lot) -> int:
        """Return the seq of a late bid; seldom another number."""
        placed = [event.seq for event in self.room.events if isinstance(event, BidPlaced) and event.lot == lot.lot]
        wild = dice.pick((False,) * 7 + (True,))
        return dice.pick(range(1, 12)) if wild or not placed else placed[-1 - dice.pick(range(min(len(placed), 5)))]

    def _proposed(self, dice: Dice, lot: Lot) -> dict[str, Any]:
        """Return who wanted a late order that waits for a second operator; seldom one that nobody wanted."""
        wanted = [
            order
            for order, outcome in zip(self.given, self.outcomes, strict=True)
            if isinstance(order, Clerk) and order.lot == lot.lot and isinstance(outcome, Accepted) and outcome.pending
        ]
        there = {"attendance": self.attendance(), "chance": dice.chance()}
        if not wanted or dice.pick((False,) * 7 + (True,)):
            return {"of_by": CLERKS[0], "of_ref": "nothing", **there}
        order = wanted[-1 - dice.pick(range(min(len(wanted), 3)))]
        return {"of_by": order.by, "of_ref": order.ref, **there}


def _of_a_bidder(dice: Dice, kind: str, bidder: str) -> dict[str, Any]:
    match kind:
        case "admit":
            return {"rank": dice.pick((None, None, 1, 2)), "chance": dice.chance()}
        case "deposit":
            return {
                "amount": dice.pick((DEPOSIT,) * 5 + (DEPOSIT - 1,)),
                "payment": dice.pick((f"pay-2-{bidder}", f"pay-3-{bidder}", f"pay-1-{bidder}")),
                "currency": dice.pick((None, None, None, "EUR", "USD")),
                "chance": dice.chance(),
            }
    return {}


def _amount(dice: Dice, lot: Lot) -> int:
    """Return an amount at the ask or not far from it, or at another number that counts in the terms."""
    ask = lot.ask if lot.ask is not None else lot.terms.start_price
    price = ask if lot.price is None else lot.price
    near = (ask, ask + 20, ask + 60, price, ask + 10, ask + 100, ask + 1, ask - 1, price + 40)
    return max(0, dice.pick((*near * 2, 60, 120, 125, 200, 101, 150, dice.pick(range(260)))))


def _end(dice: Dice, lot: Lot, at: int) -> int:
    """Return an end around the one there is, or around now."""
    base = dice.pick((lot.closes_at or at, at))
    return base + int(dice.pick((5, 30, 90, 0, 1, 0.000001, -1)) * SECOND_US)


def _offered_again(dice: Dice, lot: Lot) -> Listing:
    """Return the lot once more, seldom at a price or under terms that will not do."""
    start = lot.terms.start_price * dice.pick((100, 100, 80, 79, 50)) // 100
    opens_at = OPENS_AT + dice.pick((200, 2_000, 20_000)) * SECOND_US
    first_bid = {"first_bid_closes_s": dice.pick((20, 20, None))}
    dates = {"opens_at": opens_at, "closes_at": opens_at + LONG_US}
    return listing(dice.pick(("S1", "S2")), start_price=start, **dates, **first_bid)
