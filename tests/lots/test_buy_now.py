"""Buying at once, as tables: a plain bid of at least `buy_now` takes the lot at that price.

Times and amounts: `saleroom`. The lot starts at 100, and can be bought for 300.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, soft
from tests.lots.tables import fact, played


def _buy_now(until: str = "first_bid", **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(buy_now=300, buy_now_until=until, **more)


FIRST, REACHED = _buy_now(), _buy_now("reached")

ROWS = [
    fact(
        "a bid below the price is a bid",
        """
        1  ann   bid 299   ->  299 ann  phase=open
        """,
        FIRST,
    ),
    fact(
        "exactly the price buys at once",
        """
        1  ann   bid 300   ->  300 ann  phase=sold hammer=300 bids=1 ask=- settlement=due seq=5
        1  bob   bid 400   ->  too_late  300 ann
        """,
        FIRST,
    ),
    fact(
        "who offers more pays the price all the same and needs no confirmation",
        "1  ann   bid 30000   ->  300 ann  phase=sold hammer=300",
        _buy_now(confirm_above=2),
    ),
    fact(
        "with the first bid the offer is gone",
        """
        1  ann   bid 100   ->  100 ann
        2  bob   bid 300   ->  300 bob  phase=open
        3  ann   bid 5000  ->  5000 ann  phase=open
        """,
        FIRST,
    ),
    fact(
        "or it lasts until the ask is beyond it",
        """
        1  ann   bid 280   ->  280 ann  ask=290
        2  bob   bid 299   ->  299 bob  ask=309
        3  cid   bid 310   ->  310 cid  phase=open
        """,
        REACHED,
    ),
    fact(
        "an ask of exactly the price still lets it be bought",
        """
        1  ann   bid 290   ->  290 ann  ask=300
        2  bob   bid 305   ->  300 bob  phase=sold hammer=300
        """,
        REACHED,
    ),
    fact(
        "a ceiling does not buy and may lead beyond it",
        """
        1  ann   max 900   ->  100 ann  phase=open
        2  bob   bid 250   ->  260 ann
        """,
        FIRST,
    ),
    fact(
        "a plain bid buys over the head of a ceiling",
        """
        1  ann   max 900   ->  100 ann
        2  bob   bid 300   ->  300 bob  phase=sold hammer=300
        """,
        REACHED,
    ),
    fact(
        "the leader may buy as anyone and does not bid against himself otherwise",
        """
        1  ann   bid 100   ->  100 ann
        2  ann   bid 299   ->  already_leading  phase=open
        3  ann   bid 300   ->  300 ann  phase=sold hammer=300 bids=2
        """,
        REACHED,
    ),
    fact(
        "he does not once the offer is gone",
        """
        1  ann   bid 100   ->  100 ann
        2  ann   bid 300   ->  already_leading  phase=open
        """,
        FIRST,
    ),
    fact(
        "multiples do not hold for it",
        "1  ann   bid 300   ->  300 ann  phase=sold",
        listing(buy_now=300, ladder=[[0, 70]], **{"raise": "multiple"}),
    ),
    fact(
        "buying in the window moves no end",
        "3599  ann   bid 300   ->  300 ann  phase=sold end=3600 ext=0",
        _buy_now(soft_close=soft(60, 60)),
    ),
    fact(
        "buying starts no countdown",
        "10  ann   bid 300   ->  300 ann  phase=sold end=3600",
        _buy_now(first_bid_closes_s=60),
    ),
    fact(
        "the price may be the start price",
        "10  ann   bid 100   ->  100 ann  phase=sold",
        listing(buy_now=100),
    ),
    fact(
        "who is not admitted does not buy",
        "10  ann   bid 300   ->  deposit_required  phase=open",
        _buy_now(deposit=50),
    ),
    fact(
        "neither before the opening nor at the end",
        """
        -1    ann   bid 300   ->  lot_not_open
        3600  ann   bid 300   ->  too_late
        """,
        FIRST,
    ),
    fact(
        "the room may buy as well",
        "10  clerk floor_bid 300   ->  done  300 @floor  phase=sold",
        FIRST,
    ),
    fact(
        "a retry of the bid that bought is answered",
        """
        1  ann   bid 500 ref=x  ->  done    300 ann
        2  ann   bid 500 ref=x  ->  repeat  300 ann
        3  ann   bid 300 ref=x  ->  ref_reused
        """,
        FIRST,
    ),
    fact(
        "a purchase is worth its price also when bids are counted anew",
        """
        1  ann   bid 100        ->  100 ann  seq=4
        2  bob   bid 500        ->  300 bob  phase=sold
        3  clerk reopen 9000    ->  done  300 bob  phase=open ask=310
        4  clerk void_bid 4     ->  done  300 bob  ask=310 bids=1
        """,
        REACHED,
    ),
    fact(
        "once a first bid was voided the lot can be bought again",
        """
        1  ann   bid 100        ->  100 ann
        2  clerk undo           ->  done  - -  bids=0
        3  bob   bid 300        ->  300 bob  phase=sold
        """,
        FIRST,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_buy_now(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_terms_refuse_a_price_below_the_start() -> None:
    with pytest.raises(ValueError, match="buy_now"):
        listing(start_price=301, buy_now=300)
