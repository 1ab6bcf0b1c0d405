"""The sheet `ebay`: ceilings, ties, a hidden reserve and a hard close, after the rule in rules.md, section 3.

Amounts are US dollars. Steps: from 5: 0.50, from 25: 1, from 100: 2.50.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

HOUSE: dict[str, str | None] = {"otto": None}


def item(start: str = "10", **own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    times = {"opens_at": instant("0:00"), "closes_at": instant("7d0:00")}
    return under("ebay", currency="USD", start_price=money(start), **times, **own)


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, HOUSE) as stage:
        await stage.open_sale("otto")
        yield stage
        await stage.audit()


# A watch from 10.00, with a hidden reserve of 60.00.
CEILINGS = """
    -0:01 ann max 30           -> lot_not_open
    0:00  all looks            -> phase=open price=none ask=10 reserve=not_met end=7d0:00
    0:01  ann arrives          ->
    0:01  ann max 9.99         -> below_start
    # The first opens at the start.
    0:01  ann max 30           -> ok  price=10 ask=10.50 leader=ann bids=1 max.ann=30 said=bidder_admitted,bid_placed
    0:02  bob max 20           -> ok  price=20.50 ask=21 leader=ann bids=2  # 20 beaten: one step of 0.50 above it
    0:03  cai max 30           -> ok  price=30 ask=31 leader=ann bids=3  # a tie: the earlier leads at that ceiling
    0:04  cai max 30.50        -> below_ask
    0:04  bob bid 31           -> ok  price=31 ask=32 leader=bob bids=4  # a plain bid is what it says
    0:05  ann max 50 ref=ann-2 -> ok  price=32 ask=33 leader=ann bids=5 max.ann=50  # one step above the 31
    # Raising his own ceiling moves nothing.
    0:06  ann max 55           -> ok  price=32 bids=5 leader=ann max.ann=55 said=nothing
    0:06  ann max 55           -> below_ceiling
    0:06  ann bid 40           -> already_leading
    0:07  bob max 55 ref=bob-3 -> ok  price=55 ask=56 leader=ann bids=6 reserve=not_met  # a tie again
    # 56, lifted to the reserve.
    0:08  bob max 80 ref=bob-4 -> ok  price=60 ask=61 leader=bob bids=7 reserve=met max.ann=none
"""

VOIDS = """
    # The leader's: what stands is 30, 20, 30, 31, 50 raised to 55, 55; ann leads at the tie of 55.
    1:00 otto void_bid bob-4 -> ok  price=55 ask=56 leader=ann bids=6 reserve=not_met end=7d0:00 max.ann=55
    # An underbidder's, the tie: 31 beats 20 and 30, ann's 50 stands at 32, and nothing has tried her 55.
    1:01 otto void_bid bob-3 -> ok  price=32 ask=33 leader=ann bids=5 reserve=not_met max.ann=55
    # With the leader's ceiling goes the raise that amended it: bob's plain 31 leads.
    1:02 otto undo           -> ok  price=31 ask=32 leader=bob bids=4 max.ann=none
    1:03 ann  max 55         -> ok  price=32 ask=33 leader=ann bids=5 max.ann=55
"""

HARD_CLOSE = """
    6d23:58           otto notice The_strap_is_new. -> ok  said=notice_posted
    6d23:59:59.999999 dan  max 70                   -> ok  price=60 ask=61 leader=dan bids=6 reserve=met end=7d0:00
                                                    -> ext=0  # 56, lifted to 60
    ~7d0:00           ann  max 100                  -> too_late  leader=dan
    7d0:00            all  looks                    -> phase=sold hammer=60 leader=dan settlement=due there=1/0
                                                    -> said=lot_sold
    7d0:00            all  looks                    -> buyer=dan premium=0 counted=0 due=60 refund=0
    8d0:00            otto settle                   -> ok  settlement=paid due=60
"""


async def test_a_watch_is_sold_by_ceilings(stage: Stage) -> None:
    assert await stage.offer("otto", "watch", item(reserve=money("60"))) == "ok"
    for table in (CEILINGS, VOIDS, HARD_CLOSE):
        await stage.play("watch", table)


OTHERS = """
    # A clock with a reserve of 100 that is never met.
    0:01      ann  max 40 lot=clock   -> ok  price=10 reserve=not_met
    # A camera from 50 that can be had at once for 120, until the first bid.
    0:02      ann  bid 125 lot=camera -> ok  price=120 hammer=120 phase=sold leader=ann settlement=due
                                      -> said=bidder_admitted,bid_placed,lot_sold
    0:02      bob  bid 130 lot=camera -> too_late
    # A lens on the same terms: after the first bid 120 is a bid like any other.
    0:03      ann  max 60 lot=lens    -> ok  price=50
    0:04      bob  bid 120 lot=lens   -> ok  price=120 ask=122.50 leader=bob phase=open
    # Paused for an hour, it ends an hour later; the close stays hard.
    1:00      otto pause lot=lens     -> ok  end=none ask=none
    2:00      otto resume lot=lens    -> ok  end=7d1:00 ask=122.50
    7d0:00    all  looks              -> clock:phase=passed clock:price=10 clock:hammer=none lens:phase=open
    # With less than a minute left, a resumed hard close gets a minute.
    7d0:59:30 otto pause lot=lens     -> ok
    7d0:59:40 otto resume lot=lens    -> ok  end=7d1:00:40
    7d1:00:40 all  looks              -> lens:phase=sold lens:hammer=120 lens:due=120
"""


async def test_a_reserve_is_not_met_and_a_camera_bought_at_once(stage: Stage) -> None:
    now = {"buy_now": money("120"), "buy_now_until": "first_bid"}
    for lot, terms in (
        ("clock", item(reserve=money("100"))),
        ("camera", item("50", **now)),
        ("lens", item("50", **now)),
    ):
        assert await stage.offer("otto", lot, terms) == "ok"
    await stage.play("clock", OTHERS)
