"""The timetable moves a sale from its files into the house, smaller but in proportion."""

import pytest

from bench.timetable import ID_LEN_MAX, Chain, Timetable, chains, lot_id, origin
from clock.soft_close import Mode
from lots.listing import Listing
from lots.orders import Bid
from lots.simulation import Dated
from lots.terms import SoftCloseTerms, Terms

S = 1_000_000
ORIGIN, START = 1_000_000 * S, 5_000_000 * S
TABLE = Timetable(ORIGIN, START, 60)


def listing(
    lot: str = "a", *, opens_s: int = -900_000, closes_s: int = 600, window_s: float = 120, group: str | None = None
) -> Listing:
    """A lot of the files, its times in seconds from the origin."""
    soft = SoftCloseTerms(window_s=window_s, extension_s=90, hard_end_s=3600, mode=Mode.ADD_TO_END, max_extensions=2)
    terms = Terms(
        currency="CAD",
        start_price=100,
        ladder=((0, 100),),
        opens_at=ORIGIN + opens_s * S,
        closes_at=ORIGIN + closes_s * S,
        soft_close=soft,
        group=group,
    )
    return Listing(lot=lot, sale="files", title="A lot", terms=terms)


def dated(lot: str, at_s: int) -> Dated:
    return Dated(ORIGIN + at_s * S, Bid(lot, "bidder", "1", 100))


@pytest.mark.parametrize("speed", [0.5, 1, 60, 6000])
def test_an_instant_comes_back_from_the_house_within_its_rounding(speed: float) -> None:
    table = Timetable(ORIGIN, START, speed)
    for at in (ORIGIN, ORIGIN + 12_345_678_901, ORIGIN - 1):
        assert abs(table.to_file(table.to_house(at)) - at) <= speed


def test_the_origin_falls_on_the_start() -> None:
    assert TABLE.to_house(ORIGIN) == START
    assert TABLE.to_house(ORIGIN + 60 * S) == START + S


def test_spans_shrink_with_the_speed() -> None:
    terms = TABLE.listing(listing(), "r1", START).terms
    soft = terms.soft_close
    assert soft is not None
    assert (soft.window_s, soft.extension_s, soft.hard_end_s) == (2.0, 1.5, 60.0)
    assert (soft.mode, soft.max_extensions) == (Mode.ADD_TO_END, 2)
    assert terms.closes_at == START + 10 * S


@pytest.mark.parametrize(
    ("opens_s", "opens_at"),
    [
        (-900_000, START - 15_000 * S),  # long ago even when scaled
        (-60, START - 5 * S),  # a second before the start when scaled: but early offers are on their way before that
        (0, START),
        (300, START + 5 * S),
    ],
)
def test_lots_that_are_open_at_the_origin_open_as_they_are_listed(opens_s: int, opens_at: int) -> None:
    assert TABLE.listing(listing(opens_s=opens_s), "r1", START - 5 * S).terms.opens_at == opens_at


def test_lots_and_groups_get_new_ids_that_never_meet() -> None:
    one = TABLE.listing(listing("a", group="g"), "r1", START)
    other = TABLE.listing(listing("g"), "r1", START)
    assert (one.lot, one.sale) == ("r1-a", "r1")
    assert one.terms.group not in {None, "g", other.lot}
    one.check()


def test_long_ids_stay_within_the_bound_and_apart() -> None:
    ids = {lot_id("x" * 63 + tail, "r1") for tail in "ab"}
    assert len(ids) == 2
    assert max(map(len, ids)) <= ID_LEN_MAX


def test_the_origin_lies_the_lead_before_the_first_close() -> None:
    assert origin([listing(closes_s=900), listing(closes_s=700)], 600 * S) == ORIGIN + 100 * S


def test_no_window_has_begun_at_the_origin() -> None:
    assert origin([listing(closes_s=1000, window_s=900)], 600 * S) == ORIGIN + 100 * S


def test_offers_before_the_origin_are_early() -> None:
    first, second, third = dated("a", -1), dated("a", 0), dated("b", 5)
    found = chains(["a", "b", "c"], [third, first, second], ORIGIN)
    assert found == {"a": Chain((first,), (second,)), "b": Chain((), (third,)), "c": Chain((), ())}


def test_an_offer_dated_back_keeps_its_place() -> None:
    rows = [dated("a", 1), dated("a", -5)]
    assert chains(["a"], rows, ORIGIN) == {"a": Chain((), tuple(rows))}
