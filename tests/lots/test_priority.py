"""Priority purchasers, as tables (rules.md, section 1: articles 19 and 21). Times and amounts: `saleroom`.

Ann, bob and the others are admitted without a rank, pia with rank 1, ray and rod with rank 2. The lot starts at 100,
the step is 10.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, soft
from tests.lots.tables import fact, played

ADMISSIONS = """
    0  clerk admit ann         ->  done  paddles=1 held.ann=50
    0  clerk admit bob         ->  done
    0  clerk admit pia rank=1  ->  done
    0  clerk admit ray rank=2  ->  done
    0  clerk admit rod rank=2  ->  done  paddles=5
"""


def _ranked(**more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(priority=True, deposit=50, **more)


LOT = _ranked()

PLAIN = [
    fact(
        "who has a rank needs no more than the price of who has none",
        """
        1  ann   bid 200   ->  200 ann  ask=210
        2  pia   bid 199   ->  below_ask  200 ann
        3  pia   bid 200   ->  200 pia  ask=210 bids=2
        4  bob   bid 200   ->  below_ask
        5  bob   bid 210   ->  210 bob
        6  pia   bid 210   ->  210 pia
        3600 clock ring    ->  nothing  phase=sold hammer=210
        """,
        LOT,
    ),
    fact(
        "whoever goes higher leads whatever the rank",
        """
        1  pia   bid 200   ->  200 pia
        2  ann   bid 210   ->  210 ann
        3600 clock ring    ->  nothing  hammer=210 leader=ann
        """,
        LOT,
    ),
    fact(
        "a higher rank goes before a lower and not the other way round",
        """
        1  ray   bid 200   ->  200 ray
        2  pia   bid 200   ->  200 pia
        3  ray   bid 200   ->  below_ask  200 pia
        4  ray   bid 210   ->  210 ray
        """,
        LOT,
    ),
    fact(
        "within a rank the earlier leads",
        """
        1  ray   bid 200   ->  200 ray
        2  rod   bid 200   ->  below_ask  200 ray
        3  rod   bid 210   ->  210 rod
        """,
        LOT,
    ),
    fact(
        "a price of the same amount cannot be bid twice by one who leads",
        """
        1  pia   bid 200   ->  200 pia
        2  pia   bid 200   ->  already_leading
        """,
        LOT,
    ),
    fact(
        "the first bid starts at the start price for all",
        """
        1  pia   bid 99    ->  below_start
        2  pia   bid 100   ->  100 pia
        """,
        LOT,
    ),
    fact(
        "more than the price and less than the ask is enough as well",
        """
        1  ann   bid 200   ->  200 ann
        2  pia   bid 205   ->  205 pia  ask=215
        """,
        LOT,
    ),
    fact(
        "also where raises are whole multiples",
        """
        1  ann   bid 200   ->  200 ann
        2  pia   bid 205   ->  off_increment
        3  pia   bid 200   ->  200 pia
        """,
        _ranked(**{"raise": "multiple"}),
    ),
    fact(
        "the slip of a finger goes by the ask",
        """
        1  ann   bid 200           ->  200 ann  ask=210
        2  pia   bid 421           ->  above_limit
        3  pia   bid 420           ->  420 pia
        """,
        _ranked(confirm_above=2),
    ),
]

CEILINGS = [
    fact(
        "at an equal ceiling the rank leads and the price is that ceiling",
        """
        1  ann   max 300   ->  100 ann
        2  pia   max 300   ->  300 pia  ceiling=300
        """,
        LOT,
    ),
    fact(
        "a plain bid at the leaders hidden ceiling leads there",
        """
        1  ann   max 300   ->  100 ann
        2  pia   bid 300   ->  300 pia
        """,
        LOT,
    ),
    fact(
        "a ranked ceiling above the leaders takes the lead at no more than that",
        """
        1  ann   max 300   ->  100 ann
        2  pia   max 500   ->  300 pia  ceiling=500 ask=310
        """,
        LOT,
    ),
    fact(
        "below the leaders ceiling it drives the price by a step as anyones",
        """
        1  ann   max 300   ->  100 ann
        2  pia   bid 250   ->  260 ann
        3  pia   bid 260   ->  270 ann
        """,
        LOT,
    ),
    fact(
        "a leader with a rank answers at the same amount",
        """
        1  pia   max 300   ->  100 pia
        2  ann   bid 250   ->  250 pia  ask=260 bids=2
        3  ray   bid 250   ->  below_ask
        4  ann   bid 300   ->  300 pia  bids=3
        5  ann   bid 310   ->  310 ann
        """,
        LOT,
    ),
    fact(
        "a leader of lower rank answers a higher one by a step",
        """
        1  ray   max 300   ->  100 ray
        2  pia   bid 250   ->  260 ray
        3  pia   bid 300   ->  300 pia
        """,
        LOT,
    ),
    fact(
        "a ceiling of the same rank is beaten by a step",
        """
        1  ray   max 300   ->  100 ray
        2  rod   max 300   ->  300 ray
        3  rod   max 400   ->  310 rod
        """,
        LOT,
    ),
]

ENDS = [
    fact(
        "taking the lead at the same price moves the end where the leader counts",
        """
        1     ann   bid 200   ->  200 ann
        3590  pia   bid 200   ->  200 pia  end=3650 ext=1
        """,
        _ranked(soft_close=soft(60, 60, trigger="leader")),
    ),
    fact(
        "and where price or leader count",
        """
        1     ann   bid 200   ->  200 ann
        3540  pia   bid 200   ->  200 pia  end=3600 ext=0
        3550  ann   bid 210   ->  210 ann  end=3610
        3600  pia   bid 210   ->  210 pia  end=3660 ext=2
        """,
        _ranked(soft_close=soft(60, 60)),
    ),
]

ORDERS = [
    fact(
        "a rank belongs to a lot with priority purchasers",
        "1  clerk admit zoe rank=1  ->  format_mismatch  paddles=5",
        listing(deposit=50),
    ),
    fact(
        "once admitted his rank stays what it was and whether he has bid is not told",
        """
        1  ann   bid 200           ->  200 ann
        2  bob   bid 200           ->  below_ask
        3  clerk admit bob rank=3  ->  already_done
        4  bob   bid 200           ->  below_ask
        5  clerk admit bob         ->  done
        7  clerk admit bob rank=2  ->  already_done
        8  bob   bid 210           ->  210 bob
        """,
        LOT,
    ),
    fact(
        "when a bid is voided the ranks count anew",
        """
        1  ann   bid 200           ->  200 ann  seq=4
        2  pia   bid 200           ->  200 pia  seq=6
        3  bob   bid 210           ->  210 bob  seq=8
        4  clerk void_bid 8        ->  done  200 pia  ask=210 bids=2
        5  clerk void_bid 6        ->  done  200 ann  ask=210 bids=1
        """,
        LOT,
    ),
    fact(
        "an answer at the same amount counts anew as well",
        """
        1  pia   max 300           ->  100 pia
        2  ann   bid 250           ->  250 pia  seq=6
        3  bob   bid 260           ->  260 pia  seq=8
        4  clerk void_bid 8        ->  done  250 pia  ask=260 bids=2
        """,
        LOT,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*PLAIN, *CEILINGS, *ENDS, *ORDERS])
def test_priority(rows: str, lots: tuple[Listing, ...]) -> None:
    admissions = ADMISSIONS if lots[0].terms.priority else ADMISSIONS.replace(" rank=1", "").replace(" rank=2", "")
    played(admissions + rows, *lots)


def test_priority_needs_an_admission() -> None:
    with pytest.raises(ValueError, match="priority"):
        listing(priority=True)
