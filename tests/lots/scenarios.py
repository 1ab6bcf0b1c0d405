"""Random sales for hypothesis: terms, and steps of orders with the time that passes before each.

Times are whole seconds or a microsecond beside them, amounts small numbers around a few ladders, so that ties,
boundaries and retries are common. Everything private bears a name that can be searched for.
"""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from clock.instants import SECOND_US
from lots.orders import (
    Admit,
    Bar,
    Bid,
    ClerkOrder,
    Extend,
    ExtendForOutage,
    MaxBid,
    Notice,
    Offer,
    Open,
    Order,
    Pause,
    Resume,
    Ring,
    Withdraw,
)
from tests.lots.saleroom import OPENS_AT

LENGTH_S = 60
BIDDERS = ("secret-ann", "secret-bob", "secret-cid")
REFS = tuple(f"secret-ref-{number}" for number in range(40))
LADDERS = ([[0, 10]], [[0, 5], [50, 20], [120, 30]], [[0, 1], [10, 7]])

OFFERS: list[type[Offer]] = [Bid, MaxBid]
CLERKS: list[type[ClerkOrder]] = [Open, Pause, Resume, Resume, Extend, Withdraw, Notice, Admit, Admit, Bar]
"""Drawn as often as they stand here."""


class Step(NamedTuple):
    """An order, and the microseconds that pass before it."""

    wait_us: int
    order: Order


class Script(NamedTuple):
    """Terms by lot, and what is ordered."""

    terms: dict[str, dict[str, Any]]
    steps: list[Step]


SPANS_S = st.sampled_from([0, 1, 5, 10, 0.5])
SOFT = st.none() | st.fixed_dictionaries(
    {
        "window_s": SPANS_S,
        "extension_s": SPANS_S,
        "mode": st.sampled_from(["from_bid", "add_to_end"]),
        "trigger": st.sampled_from(["price_or_leader", "leader", "any"]),
        "scope": st.sampled_from(["lot", "group"]),
        "max_extensions": st.none() | st.integers(0, 3),
        "hard_end_s": st.none() | st.sampled_from([0, 3, 20]),
    }
)
WAITS = st.one_of(
    st.sampled_from([0, 0, 1, SECOND_US - 1, SECOND_US]),
    st.integers(0, 12).map(lambda seconds: seconds * SECOND_US),
)
AMOUNTS = st.integers(0, 260) | st.integers(0, 26).map(lambda tens: tens * 10)


def terms() -> st.SearchStrategy[dict[str, Any]]:
    """Terms of a lot that runs for a minute, as a client sends them, nothing left out."""
    return st.fixed_dictionaries(
        {
            "currency": st.just("EUR"),
            "start_price": st.sampled_from([0, 10, 45]),
            "ladder": st.sampled_from(LADDERS),
            "raise": st.sampled_from(["at_least", "at_least", "multiple"]),
            "proxy": st.sampled_from([True, True, True, False]),
            "self_raise": st.booleans(),
            "reserve": st.none() | st.sampled_from([30, 101, 150]),
            "deposit": st.sampled_from([0, 0, 0, 500]),
            "confirm_above": st.none() | st.sampled_from([1, 1.5, 4]),
            "group": st.just("linked"),
            "opens_at": st.sampled_from([0, 0, 0, 20]).map(lambda late: OPENS_AT + late * SECOND_US),
            "closes_at": st.sampled_from([0, 0, 5]).map(lambda late: OPENS_AT + (LENGTH_S + late) * SECOND_US),
            "soft_close": SOFT,
        }
    )


@st.composite
def offers(draw: st.DrawFn, lot: str) -> Offer:
    """A plain bid or a ceiling, sometimes under a ref that was used."""
    kind = draw(st.sampled_from(OFFERS))
    return kind(
        lot,
        draw(st.sampled_from(BIDDERS)),
        draw(st.sampled_from(REFS)),
        draw(AMOUNTS),
        confirm=draw(st.sampled_from([True, True, False])),
        chance=draw(st.integers(0, 2**32)),
    )


@st.composite
def clerk_orders(draw: st.DrawFn, lot: str) -> ClerkOrder:
    """An order of the house; its ref is made unique by whoever plays it."""
    kind = draw(st.sampled_from(CLERKS))
    extra: dict[str, Any] = {}
    if kind is Extend:
        extra["closes_at"] = OPENS_AT + draw(st.integers(50, 90)) * SECOND_US
    elif kind is Notice:
        extra["text"] = draw(st.sampled_from(["hello", "last lot"]))
    elif kind in (Admit, Bar):
        extra["bidder"] = draw(st.sampled_from(BIDDERS))
        extra["reason"] = "secret-reason"
    return kind(lot=lot, by="secret-clerk", ref="", **extra)


@st.composite
def orders(draw: st.DrawFn, lots: tuple[str, ...]) -> Order:
    """Mostly offers; now and then the house, a ring at any time, or an outage."""
    lot = draw(st.sampled_from(lots))
    what = draw(st.integers(0, 15))
    if what == 0:
        return draw(clerk_orders(lot))
    if what == 1:
        return ExtendForOutage(lot, OPENS_AT + draw(st.integers(50, 90)) * SECOND_US)
    if what <= 3:
        return Ring(lot)
    return draw(offers(lot))


@st.composite
def scripts(draw: st.DrawFn, most_steps: int = 30) -> Script:
    """A group of one to three lots and what happens to it, the deposit paid by some beforehand."""
    lots = ("A", "B", "C")[: draw(st.integers(1, 3))]
    steps = draw(st.lists(st.builds(Step, WAITS, orders(lots)), max_size=most_steps))
    return Script({lot: draw(terms()) for lot in lots}, steps)
