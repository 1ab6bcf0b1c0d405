"""The sheet `judicial-sell-off`: a warehouse that nobody wanted twice, on offer for 60 days at its last price.

As practised after article 26 of Fa Shi [2016] 18: the first bid begins 24 hours, and from there on the last 5 minutes
are those of any auction. Amounts are yuan: 500,000 to start with, steps of 5,000, a deposit of 50,000 (10 %).
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

COURT = {"kim": "court-7", "lea": "court-7"}


def warehouse() -> dict[str, Any]:
    return under(
        "judicial-sell-off",
        currency="CNY",
        start_price=money("500,000"),
        deposit=money("50,000"),
        opens_at=instant("0:00"),
        closes_at=instant("60d0:00"),
    )


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, COURT) as stage:
        await stage.take_on("court-7", "court")
        await stage.open_sale("kim")
        for lot in ("shed", "barn"):
            assert await stage.offer("kim", lot, warehouse()) == "ok"
        yield stage
        await stage.audit()


ADMISSION = """
    -1:00   ann  register            -> ok
    -1:00   bob  register            -> ok
    -1:00   kim  admit ann           -> ok
    -1:00   kim  admit bob rank=1    -> ok
    -1:00   bank pays ann 50,000 p-1 -> ok  held.ann=50,000
    -1:00   bank pays bob 50,000 p-2 -> ok  held.bob=50,000
    0:00    all  looks               -> phase=open price=none ask=500,000 end=60d0:00
    30d0:00 ann  bid 499,999.99      -> below_start  end=60d0:00
    30d0:00 ann  bid 503,000         -> off_increment
"""

COUNTDOWN = """
    # The first bid comes 1 us before the period ends; it does not extend, it begins the 24 hours.
    59d23:59:59.999999 ann bid 500,000 ref=ann-1  -> ok  price=500,000 leader=ann end=60d23:59:59.999999 ext=0
                                                  -> said=bidder_admitted,bid_placed,countdown_started
    # It is voided by two operators: nobody leads, and the 24 hours go on.
    60d1:00            kim void_bid ann-1 ref=v-1 -> pending
    60d1:00            lea countersign kim v-1    -> ok  price=none ask=500,000 leader=none bids=0
                                                  -> end=60d23:59:59.999999
    60d2:00            ann bid 500,000            -> ok  price=500,000 leader=ann bids=1 end=60d23:59:59.999999 ext=0
                                                  -> said=bid_placed
    # 2 minutes are left at the pause: one whole window of 5 minutes is given back.
    60d23:57:59.999999 kim pause                  -> ok  phase=paused end=none ask=none
    60d23:58           bob bid 505,000            -> lot_paused
    60d23:59           kim resume                 -> ok  phase=open ask=505,000 end=61d0:04
    # Exactly 5 min left.
    60d23:59           bob bid 505,000            -> ok  leader=bob end=61d0:04 ext=0 said=bidder_admitted,bid_placed
    60d23:59:00.000001 ann bid 510,000            -> ok  leader=ann end=61d0:04:00.000001 ext=1
    # Priority purchaser, equal price.
    61d0:04            bob bid 510,000            -> ok  price=510,000 leader=bob bids=4 end=61d0:09 ext=2
    61d0:05            ann bid 510,000            -> below_ask  end=61d0:09
    ~61d0:09           ann bid 515,000            -> too_late
    61d0:09            all looks                  -> phase=sold hammer=510,000 leader=bob settlement=due there=0/0
"""

SETTLEMENT = """
    # He pays before the clock counts his deposit: settling does it, 510,000 - 50,000.
    61d0:30           kim settle -> ok  settlement=paid applied.bob=50,000 counted=50,000 due=460,000 held.ann=50,000
    61d1:08:59.999999 all looks  -> held.ann=50,000
    61d1:09           all looks  -> held.ann=0 released.ann=50,000 applied.bob=50,000
"""

PASSED = """
    -1:00    ann  register            -> ok
    -1:00    kim  admit ann           -> ok
    -1:00    bank pays ann 50,000 p-1 -> ok
    ~60d0:00 ann  bid 500,000         -> too_late  end=60d0:00  # the period is over
    60d0:00  all  looks               -> phase=passed price=none said=lot_passed
    60d1:00  all  looks               -> released.ann=50,000
"""


async def test_the_first_bid_of_a_sell_off_begins_a_day(stage: Stage) -> None:
    for table in (ADMISSION, COUNTDOWN, SETTLEMENT):
        await stage.play("shed", table)


async def test_a_sell_off_without_a_bid_ends_with_its_period(stage: Stage) -> None:
    await stage.play("barn", PASSED)
