"""A lot told again from its log is the lot that `evolve` makes of the same events, however they come."""

from collections.abc import Iterable
from itertools import count
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from msgspec.structs import replace

from lots.events import BidPlaced, Event, Happening, LotExtended, LotListed, LotOpened
from lots.fold import Retelling, evolve
from lots.state import Kept, Lot
from tests.lots.pair import Player
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing
from tests.lots.scenarios import Script, many, scripts

PORTIONS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def evolved(events: Iterable[Event], lot: Lot | None = None) -> Lot | None:
    for event in events:
        lot = evolve(lot, event)
    return lot


def portions(events: list[Event], lengths: list[int]) -> Iterable[list[Event]]:
    """Divide events as pages of a store would."""
    start = 0
    for n in count():
        end = start + lengths[n % len(lengths)]
        if start >= len(events):
            return
        yield events[start:end]
        start = end


@many(400)
@given(scripts(), PORTIONS, st.booleans())
def test_a_lot_told_again_is_the_lot_as_it_came_about(script: Script, lengths: list[int], looks: bool) -> None:
    room = Player(script).play()
    for name, lot in room.lots.items():
        events = [event for event in room.events if event.lot == name]
        retelling = Retelling()
        told: list[Event] = []
        for some in portions(events, lengths):
            retelling.tell(some)
            told += some
            if looks:
                assert retelling.lot == evolved(told)
        assert retelling.lot == lot


@many(100)
@given(scripts(formats=("english",)), st.integers(0, 60))
def test_a_lot_is_told_on_from_any_point(script: Script, known: int) -> None:
    room = Player(script).play()
    for name, lot in room.lots.items():
        events = [event for event in room.events if event.lot == name]
        before = evolved(events[:known])
        retelling = Retelling(before)
        retelling.tell(events[known:])
        assert retelling.lot == lot
        assert before == evolved(events[:known])  # what was known is a value, and did not change


def bid(n: int) -> BidPlaced:
    return BidPlaced(
        lot="A",
        at=OPENS_AT + n,
        seq=2 + n,
        paddle=n % 7,
        kind="bid",
        offered=100 + n,
        price=100 + n,
        ask=101 + n,
        bids=n,
        leader=n % 5,
        reserve="none",
        bidder=f"bidder-{n % 7}",
        ref=str(n),
        amount=100 + n,
        ceiling=100 + n,
    )


BEGINNING: list[Event] = [
    LotListed(lot="A", at=1, seq=1, listing=listing(), reserve="none"),
    LotOpened(lot="A", at=OPENS_AT, seq=2, closes_at=CLOSES_AT, ask=100),
]


def test_a_long_run_of_bids_leaves_every_ref_in_the_order_of_acceptance() -> None:
    events = [*BEGINNING, *(bid(n) for n in range(1, 2_000))]
    retelling = Retelling()
    retelling.tell(events)
    lot = retelling.lot
    assert lot is not None
    assert lot == evolved(events)
    assert sorted(kept.n for kept in lot.refs.values()) == list(range(1_999))


def test_an_end_that_moves_with_every_bid_does_not_end_the_run() -> None:
    events = list(BEGINNING)
    for n in range(1, 50):
        moved = LotExtended(
            lot="A", at=OPENS_AT + 2 * n, seq=2 * n + 2, closes_at=CLOSES_AT + n, extensions=n, cause="bid"
        )
        events += [replace(bid(n), at=OPENS_AT + 2 * n, seq=2 * n + 1), moved]
    retelling = Retelling()
    retelling.tell(events)
    assert retelling._refs is not None
    assert retelling.lot == evolved(events)


def test_a_bid_before_the_listing_is_no_log() -> None:
    with pytest.raises(AssertionError, match="begins with BidPlaced"):
        Retelling().tell([bid(1)])


def test_nothing_told_is_no_lot() -> None:
    assert Retelling().lot is None


@many(200)
@given(scripts())
def test_what_is_told_within_a_run_neither_looks_at_the_refs_nor_adds_one(script: Script) -> None:
    """Take the refs away, and see that the event does all the same to the rest."""
    lots: dict[str, Lot] = {}
    none: Map[str, Kept] = Map()
    for event in Player(script).play().events:
        before = lots.get(event.lot)
        lots[event.lot] = evolve(before, event)
        if before is not None and Retelling.leaves_refs(event):
            assert lots[event.lot].refs is before.refs
            assert evolve(replace(before, refs=none), event) == replace(lots[event.lot], refs=none)


def test_only_events_that_there_are_may_come_within_a_run() -> None:
    assert set(get_args(Happening)) >= Retelling.WITHIN_RUN
