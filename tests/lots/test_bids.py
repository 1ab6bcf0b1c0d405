"""Plain bids and ceilings, as tables (rules.md, section 3; protocol.md, "Terms of a lot").

Times and amounts: `saleroom`.
"""

import pytest

from lots.listing import Listing
from lots.orders import Bid, MaxBid
from lots.refusals import Refused
from lots.state import Accepted
from tests.lots.saleroom import EBAY_LADDER, Saleroom, instant, listing, play

BANDS = [[0, 10], [200, 50]]
EBAY_LOT = listing(start_price=99, ladder=EBAY_LADDER)
MULTIPLE = listing(start_price=110, ladder=BANDS, **{"raise": "multiple"})


def _table(fact: str, table: str, lot: Listing | None = None) -> object:
    return pytest.param(table, lot or listing(), id=fact.replace(" ", "_"))


PLAIN = [
    _table(
        "a plain bid must reach the ask and stands at its amount",
        """
        1   ann  bid  99   ->  below_start  - -   paddles=0
        2   ann  bid  100  ->  100 ann  ask=110 bids=1
        3   bob  bid  109  ->  below_ask  100 ann  paddles=1
        4   bob  bid  110  ->  110 bob  ask=120 bids=2
        5   ann  bid  500  ->  500 ann  ask=510 bids=3
        """,
    ),
    _table("a lot may start at nothing", "1  ann  bid 0  ->  0 ann  ask=10", listing(start_price=0)),
    _table(
        "of two equal bids the second is below the ask",
        """
        1   ann  bid 100   ->  100 ann
        1   bob  bid 100   ->  below_ask
        """,
    ),
    _table(
        "a leader does not bid against himself by a plain bid",
        """
        1   ann  bid 100   ->  100 ann
        2   ann  bid 200   ->  already_leading  100 ann
        3   ann  bid 90    ->  already_leading
        4   ann  max 200   ->  100 ann  ceiling=200 bids=1
        """,
    ),
    _table(
        "a leader may where the terms let him and must reach the ask",
        """
        1   ann  max 300   ->  100 ann
        2   ann  bid 109   ->  below_ask
        3   ann  bid 150   ->  150 ann  ceiling=300 bids=2
        4   ann  bid 400   ->  400 ann  ceiling=400 bids=3
        """,
        listing(self_raise=True),
    ),
    _table(
        "bids come before the opening and after the end in vain",
        """
        -0.000001    ann  bid 100  ->  lot_not_open
        0            ann  bid 100  ->  100 ann
        3599.999999  bob  bid 110  ->  110 bob  end=3600 ext=0
        3600         cid  bid 120  ->  too_late  110 bob
        9000         cid  bid 120  ->  too_late
        """,
    ),
    _table(
        "a lot without ceilings takes plain bids alone",
        """
        1   ann  max 500   ->  proxy_not_allowed
        2   ann  bid 100   ->  100 ann
        3   ann  max 500   ->  proxy_not_allowed
        """,
        listing(proxy=False),
    ),
    _table(
        "the largest amount there is can be bid",
        """
        1   ann  max 9007199254740991  ->  100 ann  ceiling=9007199254740991
        2   bob  bid 9007199254740991  ->  9007199254740991 ann
        """,
    ),
]

CEILINGS = [
    _table(
        "the first ceiling opens at the start price",
        "1  ann  max 5000  ->  99 ann  ask=104 ceiling=5000 bids=1",
        EBAY_LOT,
    ),
    _table(
        "a ceiling above the leaders takes the lead one step above the beaten ceiling",
        """
        1   ann  max 1000  ->  99 ann
        2   bob  max 4000  ->  1050 bob  ask=1100 ceiling=4000
        """,
        EBAY_LOT,
    ),
    _table(
        "the step is that of the beaten ceilings band not of the price or the new one",
        """
        1   ann  max 2490  ->  99 ann
        2   bob  max 9000  ->  2540 bob  ask=2640    # 2490 + 50; from 2500 on the step is 100
        """,
        EBAY_LOT,
    ),
    _table(
        "it takes the lead at its own amount where that is less than the step above",
        """
        1   ann  max 500   ->  99 ann
        2   bob  max 510   ->  510 bob  ask=560 ceiling=510
        """,
        EBAY_LOT,
    ),
    _table(
        "it takes the lead at no less than the ask",
        """
        1   ann  bid 100   ->  100 ann  ask=125
        2   bob  max 124   ->  below_ask
        3   bob  max 125   ->  125 bob
        """,
        EBAY_LOT,
    ),
    _table(
        "a ceiling below the leaders drives the price to one step above itself",
        """
        1   ann  max 5000  ->  99 ann
        2   bob  max 1000  ->  1050 ann  ask=1100 ceiling=5000 bids=2
        3   cid  bid 1100  ->  1150 ann  bids=3
        """,
        EBAY_LOT,
    ),
    _table(
        "but never past the leaders ceiling",
        """
        1   ann  max 5000  ->  99 ann
        2   bob  max 4950  ->  5000 ann  ask=5100
        """,
        EBAY_LOT,
    ),
    _table(
        "of equal ceilings the earlier leads and the price is that ceiling",
        """
        1   ann  max 500   ->  99 ann
        2   bob  max 500   ->  500 ann  bids=2
        3   cid  max 500   ->  below_ask
        """,
        EBAY_LOT,
    ),
    _table(
        "a plain bid equal to the leaders ceiling does not lead either",
        """
        1   ann  max 500   ->  99 ann
        2   bob  bid 500   ->  500 ann
        """,
        EBAY_LOT,
    ),
    _table(
        "a plain bid above the leaders ceiling stands at its own amount",
        """
        1   ann  max 500   ->  99 ann
        2   bob  bid 2000  ->  2000 bob  ask=2050 ceiling=2000
        """,
        EBAY_LOT,
    ),
    _table(
        "a leader who raises his ceiling moves nothing and he can only raise it",
        """
        1   ann  max 500   ->  99 ann  seq=4
        2   ann  max 500   ->  below_ceiling
        3   ann  max 400   ->  below_ceiling
        4   ann  max 501   ->  99 ann  ask=104 bids=1 seq=4 ceiling=501
        5   bob  max 500   ->  501 ann
        """,
        EBAY_LOT,
    ),
    _table(
        "a leader by a plain bid may add a ceiling to it",
        """
        1   ann  bid 200   ->  200 ann
        2   ann  max 200   ->  below_ceiling
        3   ann  max 900   ->  200 ann  bids=1
        4   bob  max 800   ->  850 ann
        """,
        EBAY_LOT,
    ),
    _table(
        "a beaten bidder may come back above his old ceiling or below it",
        """
        1   ann  max 500   ->  99 ann
        2   bob  max 900   ->  550 bob
        3   ann  max 600   ->  650 bob
        4   ann  max 2000  ->  950 ann
        """,
        EBAY_LOT,
    ),
]

RESERVES = [
    _table(
        "a ceiling below the reserve opens at the start price",
        "1  ann  max 999  ->  100 ann  reserve=not_met",
        listing(reserve=1000),
    ),
    _table(
        "a ceiling at the reserve lifts the price straight to it",
        "1  ann  max 1000  ->  1000 ann  reserve=met ask=1010",
        listing(reserve=1000),
    ),
    _table(
        "a ceiling above it lifts the price no further",
        """
        1   ann  max 300   ->  100 ann  reserve=not_met
        2   bob  max 5000  ->  1000 bob  reserve=met
        3   cid  max 2000  ->  2010 bob
        """,
        listing(reserve=1000),
    ),
    _table(
        "a plain bid at the reserve meets it",
        """
        1   ann  bid 999   ->  999 ann  reserve=not_met
        2   bob  bid 1009  ->  1009 bob  reserve=met
        """,
        listing(reserve=1009),
    ),
    _table(
        "a beaten ceiling at the reserve meets it too",
        """
        1   ann  max 900   ->  100 ann  reserve=not_met
        2   bob  max 1200  ->  1000 bob  reserve=met      # 910 by the ladder, 1000 by the reserve
        """,
        listing(reserve=1000),
    ),
    _table(
        "a leader whose raised ceiling covers the reserve lifts the price to it",
        """
        1   ann  max 500   ->  100 ann  reserve=not_met bids=1
        2   ann  max 1500  ->  1000 ann  reserve=met ceiling=1500
        3   ann  max 2000  ->  1000 ann  ceiling=2000
        """,
        listing(reserve=1000),
    ),
    _table(
        "a reserve at or below the start price is met by the first bid",
        """
        1   clerk admit ann  ->  done  reserve=not_met
        1   ann  bid 100     ->  100 ann  reserve=met
        """,
        listing(reserve=50),
    ),
]

MULTIPLES = [
    _table(
        "offers stand above the start price by whole steps",
        """
        1   ann  bid 115   ->  off_increment
        2   ann  bid 109   ->  below_start
        3   ann  bid 130   ->  130 ann  ask=140
        4   bob  bid 145   ->  off_increment
        5   bob  max 165   ->  off_increment
        6   bob  max 180   ->  140 bob
        7   bob  max 185   ->  off_increment
        8   bob  max 190   ->  140 bob  ceiling=190
        """,
        MULTIPLE,
    ),
    _table(
        "the ask can always be bid also where the ladder changes its step",
        """
        1   ann  bid 200   ->  200 ann  ask=260        # 250 by the ladder; 110 + 3 x 50
        2   bob  bid 250   ->  below_ask
        3   bob  bid 270   ->  off_increment
        4   bob  bid 260   ->  260 bob  ask=310
        """,
        MULTIPLE,
    ),
    _table(
        "a ceiling takes the lead at the ask where that is more than a step above the beaten one",
        """
        1   ann  max 200   ->  110 ann
        2   bob  max 200   ->  200 ann  ask=260
        3   cid  max 310   ->  260 cid  ask=310
        """,
        MULTIPLE,
    ),
    _table(
        "the first bid steps by the band of the start price",
        """
        1   ann  bid 310   ->  off_increment
        2   ann  bid 350   ->  350 ann  ask=400
        """,
        listing(start_price=300, ladder=BANDS, **{"raise": "multiple"}),
    ),
    _table(
        "the ask can be bid after a lift to a reserve off the steps",
        """
        1   ann  max 190   ->  155 ann  reserve=met ask=170
        2   bob  bid 170   ->  180 ann
        """,
        listing(start_price=110, ladder=BANDS, reserve=155, **{"raise": "multiple"}),
    ),
]

SLIPS = [
    _table(
        "an offer far above the ask needs a confirmation",
        """
        1   ann  bid 1001          ->  above_limit  - -
        2   ann  bid 1000          ->  1000 ann  ask=1010
        3   bob  max 10101         ->  above_limit
        4   bob  max 10101 confirm ->  1010 bob
        5   bob  max 50000         ->  above_limit  ceiling=10101
        6   bob  max 50000 confirm ->  1010 bob  ceiling=50000
        """,
        listing(confirm_above=10),
    ),
    _table(
        "the limit may be no whole number",
        """
        1   ann  bid 151   ->  above_limit
        2   ann  bid 150   ->  150 ann
        """,
        listing(confirm_above=1.5),
    ),
    _table(
        "a bid that is too low is told so first",
        "1  ann  bid 5  ->  below_start",
        listing(confirm_above=1),
    ),
]

ADMISSION = [
    _table(
        "without a deposit the first accepted bid brings the paddle",
        """
        1   ann  bid 5     ->  below_start  paddles=0
        2   ann  bid 100   ->  100 ann  paddles=1 seq=4
        3   bob  bid 110   ->  110 bob  paddles=2 seq=6
        4   ann  bid 120   ->  120 ann  paddles=2 seq=7
        """,
    ),
    _table(
        "a deposit keeps out who is not admitted",
        """
        1   ann  bid 100       ->  deposit_required
        2   clerk admit ann    ->  done  paddles=1
        3   ann  bid 100       ->  100 ann  paddles=1
        4   bob  max 200       ->  deposit_required
        5   clerk admit ann    ->  done  paddles=1
        """,
        listing(deposit=5000),
    ),
    _table(
        "a bidder may be admitted before the lot opens",
        """
        -9  clerk admit ann    ->  done  paddles=1
        1   ann  bid 100       ->  100 ann  paddles=1
        """,
    ),
    _table(
        "who is barred does not bid and leaves no public trace",
        """
        1   ann  bid 100       ->  100 ann  seq=4
        2   clerk bar bob      ->  done  seq=4
        3   bob  bid 110       ->  barred
        4   bob  max 900       ->  barred
        5   clerk bar ann      ->  done  100 ann  seq=4
        6   ann  max 900       ->  barred
        """,
    ),
    _table(
        "being barred comes before the deposit and the deposit before the amount",
        """
        1   clerk bar ann      ->  done
        2   ann  bid 1         ->  barred
        3   bob  bid 1         ->  deposit_required
        """,
        listing(deposit=1),
    ),
]

REFS = [
    _table(
        "an accepted ref has one effect and a retry gets the same answer",
        """
        1   ann  bid 100 ref=x          ->  done  100 ann
        2   bob  bid 110                ->  110 bob
        3   ann  bid 100 ref=x          ->  repeat  110 bob  bids=2
        3   ann  bid 100 ref=x confirm  ->  repeat
        4   ann  bid 120 ref=x          ->  ref_reused
        5   ann  max 100 ref=x          ->  ref_reused
        6   bob  bid 100 ref=x          ->  already_leading
        7   cid  bid 120 ref=x          ->  done  120 cid
        8   clerk bar ann               ->  done
        9   ann  bid 100 ref=x          ->  repeat
        9999  ann  bid 100 ref=x        ->  repeat
        9999  ann  bid 130 ref=x        ->  ref_reused
        """,
    ),
    _table(
        "a refused ref is forgotten and decided afresh",
        """
        1   ann  bid 50 ref=x      ->  below_start
        2   ann  bid 100 ref=x     ->  done  100 ann
        3   bob  bid 105 ref=y     ->  below_ask
        4   bob  max 300 ref=y     ->  done  110 bob
        """,
    ),
    _table(
        "a private order keeps its ref as well",
        """
        1   ann  max 200 ref=x     ->  done
        2   ann  max 300 ref=y     ->  done  ceiling=300
        3   ann  max 300 ref=y     ->  repeat  ceiling=300
        4   ann  max 200 ref=x     ->  repeat  ceiling=300
        5   ann  max 400 ref=y     ->  ref_reused
        """,
    ),
]


@pytest.mark.parametrize("punctual", [True, False], ids=["punctual_bell", "no_bell"])
@pytest.mark.parametrize(("table", "lot"), PLAIN + CEILINGS + RESERVES + MULTIPLES + SLIPS + [*ADMISSION, *REFS])
def test_rule(table: str, lot: Listing, *, punctual: bool) -> None:
    play(table, lot, punctual=punctual)


def test_an_answer_tells_what_the_bid_did() -> None:
    room = Saleroom(listing(), at=instant("0"))
    first = room.give(MaxBid("A", "ann", "r1", 500, chance=7), instant("1"))
    assert first == Accepted("r1", "A", 4, instant("1"), paddle=107, price=100, leading=True)
    beaten = room.give(Bid("A", "bob", "r1", 200, chance=7), instant("2"))
    assert beaten == Accepted("r1", "A", 6, instant("2"), paddle=108, price=210, leading=False)
    private = room.give(MaxBid("A", "ann", "r2", 900), instant("3"))
    assert private == Accepted("r2", "A", 6, instant("3"), paddle=107, price=210, leading=True)
    again = room.give(MaxBid("A", "ann", "r1", 500), instant("4"))
    assert again == Accepted("r1", "A", 4, instant("1"), paddle=107, price=100, leading=True, repeat=True)


def test_a_refusal_tells_the_ask_and_the_stamp() -> None:
    room = play("1 ann bid 100 -> 100 ann")
    refused = room.give(Bid("A", "bob", "r", 105), instant("2"))
    assert isinstance(refused, Refused)
    assert (refused.ask, refused.at) == (110, instant("2"))
    assert refused.detail.endswith(".")


def test_an_unknown_lot_is_a_refusal() -> None:
    outcome = Saleroom(at=0).give(Bid("nowhere", "ann", "r", 100), 5)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.ask, outcome.at) == ("unknown_lot", None, 5)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("1 ann bid 100 -> 100 ann", [("bid", 100)]),
        ("1 ann max 500 -> 100 ann", [("max_bid", None)]),
        ("1 ann max 500 -> 100 ann \n 2 bob max 300 -> 310 ann", [("max_bid", None), ("max_bid", 300)]),
        ("1 ann max 500 -> 100 ann \n 2 bob bid 300 -> 310 ann", [("max_bid", None), ("bid", 300)]),
        ("1 ann max 500 -> 100 ann \n 2 bob max 600 -> 510 bob", [("max_bid", None), ("max_bid", None)]),
        ("1 ann max 500 -> 100 ann \n 2 bob max 500 -> 500 ann", [("max_bid", None), ("max_bid", 500)]),
    ],
)
def test_offered_shows_plain_bids_and_beaten_ceilings_alone(table: str, expected: list[object]) -> None:
    placed = [part for part in play(table).public() if part["ev"] == "bid_placed"]
    assert [(part["kind"], part["offered"]) for part in placed] == expected
