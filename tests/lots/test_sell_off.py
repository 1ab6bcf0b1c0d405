"""Closing after the first bid, as tables (rules.md, section 1: sell-off). Times and amounts: `saleroom`.

A fixed period to 3600, in which the first bid starts a countdown of a day; then the soft close of five minutes.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing, soft
from tests.lots.tables import fact, played


def _sell_off(first_bid_closes_s: float = 86_400, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    return listing(first_bid_closes_s=first_bid_closes_s, **{"soft_close": soft(300, 300), **more})


DAY = _sell_off()

ROWS = [
    fact(
        "without a bid it passes when the period ends",
        "3600  clock ring  ->  nothing  phase=passed",
        DAY,
    ),
    fact(
        "the first bid sets the end to its time and a day",
        """
        1000        ann   bid 100  ->  100 ann  end=87400 ext=0 due=87400 seq=5
        1001        bob   bid 110  ->  110 bob  end=87400 ext=0
        87399.999999 ann  bid 120  ->  120 ann  end=87699.999999 ext=1
        87699.999999 bob  bid 130  ->  too_late  120 ann  phase=sold hammer=120
        """,
        DAY,
    ),
    fact(
        "in the last microsecond of the period it does so too and at its end no bid is taken",
        """
        3599.999999  ann   bid 100  ->  100 ann  end=89999.999999 ext=0
        """,
        DAY,
    ),
    fact(
        "at the end of the period no bid starts anything",
        """
        3600  ann   bid 100  ->  too_late  - -  phase=passed
        """,
        DAY,
    ),
    fact(
        "the end may come earlier than it was",
        """
        10    ann   bid 100  ->  100 ann  end=70
        70    bob   bid 110  ->  too_late  phase=sold
        """,
        _sell_off(60, soft_close=None),
    ),
    fact(
        "the first bid does not extend what it has set",
        """
        10    ann   bid 100  ->  100 ann  end=70 ext=0
        11    bob   bid 110  ->  110 bob  end=311 ext=1
        """,
        _sell_off(60),
    ),
    fact(
        "a window after the countdown begins is exact",
        """
        10          ann   bid 100  ->  100 ann  end=86410
        86110       bob   bid 110  ->  110 bob  end=86410 ext=0
        86110.000001 ann  bid 120  ->  120 ann  end=86410.000001 ext=1
        """,
        DAY,
    ),
    fact(
        "a refused offer starts nothing",
        """
        10    ann   bid 99   ->  below_start  end=3600
        11    ann   bid 101  ->  101 ann  end=86411
        """,
        DAY,
    ),
    fact(
        "a ceiling is a bid as well",
        """
        10    ann   max 500  ->  100 ann  end=86410
        11    ann   max 600  ->  100 ann  end=86410
        """,
        DAY,
    ),
    fact(
        "so is one from the room",
        "10    clerk floor_bid 100  ->  done  100 @floor  end=86410",
        DAY,
    ),
    fact(
        "once voided the countdown goes on and the next bid starts no other",
        """
        10    ann   bid 100  ->  100 ann  end=86410
        20    clerk undo     ->  done  - -  end=86410 bids=0
        30    bob   bid 100  ->  100 bob  end=86410 bids=1
        """,
        DAY,
    ),
    fact(
        "a pause before the first bid keeps the period and one after it the countdown",
        """
        1000   clerk pause    ->  done  end=-
        2000   clerk resume   ->  done  end=4600
        2010   ann   bid 100  ->  100 ann  end=88410
        3010   clerk pause    ->  done
        5010   clerk resume   ->  done  end=90410
        5011   bob   bid 110  ->  110 bob  end=90410
        """,
        DAY,
    ),
    fact(
        "the hard end counts from the scheduled end and may cut the extensions of a countdown short",
        """
        10    ann   bid 100  ->  100 ann  end=3610 hard=3700
        3500  bob   bid 110  ->  110 bob  end=3700
        """,
        _sell_off(3_600, soft_close=soft(300, 300, hard_end_s=100)),
    ),
]


@pytest.mark.parametrize(("rows", "lots"), ROWS)
def test_sell_off(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


def test_everyone_hears_that_the_countdown_has_started() -> None:
    room = played("10 ann bid 100 -> 100 ann", _sell_off(60))
    started = room.public()[-1]
    assert started == {
        "ev": "countdown_started",
        "lot": "A",
        "seq": 5,
        "at": DAY.terms.opens_at + 10_000_000,
        "closes_at": DAY.terms.opens_at + 70_000_000,
    }
