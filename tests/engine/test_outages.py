"""Outages as arithmetic: which lots were hit, and to when their ends move."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from clock.instants import SECOND_US
from engine.outages import Outage, Silence, hit, new_ends
from lots.orders import ListLot, Pause, Withdraw
from lots.phases import Phase
from lots.state import Lot
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, Saleroom, listing, soft

MINUTE_US = 60 * SECOND_US


def ending(*seconds: float, window_s: float | None = None) -> list[Lot]:
    """Open lots that end so many seconds after CLOSES_AT."""
    room = Saleroom()
    for number, later in enumerate(seconds):
        terms = {} if window_s is None else {"soft_close": soft(window_s, 10)}
        one = listing(f"L{number}", closes_at=CLOSES_AT + round(later * SECOND_US), **terms)
        room.give(ListLot(one), OPENS_AT)
    return list(room.lots.values())


def distances(ends: dict[str, int], back_at: int) -> list[float]:
    return [(end - back_at) / SECOND_US for end in ends.values()]


@pytest.mark.parametrize(
    ("since", "back_at", "expected"),
    [(-1, 1, True), (-1, 0, True), (-1, -0.5, False), (0, 1, False), (-0.000001, 0, True), (1, 2, False)],
)
def test_a_lot_is_hit_when_its_end_lies_in_the_outage(since: float, back_at: float, expected: bool) -> None:
    (lot,) = ending(0)
    outage = Outage(CLOSES_AT + round(since * SECOND_US), CLOSES_AT + round(back_at * SECOND_US))
    assert hit(lot, outage) is expected


def test_an_upcoming_lot_is_hit_and_one_without_an_end_is_not() -> None:
    room = Saleroom(listing())
    always = Outage(-1, 2 * CLOSES_AT)
    assert room.lots["A"].phase is Phase.UPCOMING
    assert hit(room.lots["A"], always)
    room.ring_until(OPENS_AT)
    room.give(Pause(lot="A", by="clerk", ref="1"), OPENS_AT)
    assert not hit(room.lots["A"], always)
    room.give(Withdraw(lot="A", by="clerk", ref="2"), OPENS_AT)
    assert not hit(room.lots["A"], always)
    assert not hit(replace(ending(0)[0], phase=Phase.SOLD), always)


@pytest.mark.parametrize(("window_s", "expected"), [(None, 60), (10, 60), (60, 60), (300, 300)])
def test_the_new_end_is_a_window_away_and_a_minute_at_least(window_s: float | None, expected: float) -> None:
    back_at = CLOSES_AT + MINUTE_US
    assert distances(new_ends(ending(0, window_s=window_s), back_at, MINUTE_US), back_at) == [expected]


def test_distances_from_the_first_are_kept() -> None:
    back_at = CLOSES_AT + 2 * MINUTE_US
    lots = [*ending(30, 15, 15.5, 45)]
    assert distances(new_ends(lots, back_at, MINUTE_US), back_at) == [75, 60, 60.5, 90]


def test_no_end_moves_back() -> None:
    lots = ending(*(n / 7 for n in range(50)), window_s=3)
    back_at = max(lot.ending.closes_at for lot in lots)
    ends = new_ends(lots, back_at, MINUTE_US)
    assert all(ends[lot.lot] > lot.ending.closes_at for lot in lots)


def test_nothing_hit_is_nothing_moved() -> None:
    assert new_ends([], 5, MINUTE_US) == {}


def heard(silence: Silence, instants: Iterable[int]) -> list[Outage | None]:
    return [silence.heard(now) for now in instants]


def test_a_silence_longer_than_allowed_is_an_outage() -> None:
    assert heard(Silence(0, 10), [5, 15, 25, 36, 40]) == [None, None, None, Outage(25, 36), None]
