"""The sheet `exchange-two-phase`: a lease through its free period, the joining, the countdown, the quotes.

Amounts are yuan: 100,000 to start with, whole steps of 1,000, a deposit of 10,000; free bidding for 48 hours, then 5
minutes to confirm that one joins, then 5 minutes from each bid.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

EXCHANGE = {"oli": "exchange-2", "eve": "court-7"}


def lease(**own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    terms = {
        "currency": "CNY",
        "start_price": money("100,000"),
        "deposit": money("10,000"),
        "opens_at": instant("0:00"),
        "closes_at": instant("48:00"),
    }
    return under("exchange-two-phase", **{**terms, **own})


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, EXCHANGE) as stage:
        await stage.take_on("exchange-2", "exchange")
        await stage.take_on("court-7", "court")
        await stage.open_sale("oli")
        yield stage
        await stage.audit()


ADMISSION = """
    -1:00 ann  register               -> ok
    -1:00 bob  register               -> ok
    -1:00 cai  register               -> ok
    -1:00 dan  register               -> ok
    -1:00 eve  admit ann              -> not_yours
    -1:00 oli  admit ann              -> ok
    -1:00 oli  admit bob              -> ok
    -1:00 oli  admit cai              -> ok
    -1:00 oli  admit dan              -> ok
    -1:00 oli  admit dan rank=1       -> format_mismatch  # this sheet knows no priority purchasers
    -0:50 bank pays ann 10,000 p-1    -> ok  held.ann=10,000
    -0:50 bank pays bob 10,000 p-2    -> ok  held.bob=10,000
    -0:50 bank pays cai 9,999 p-3     -> wrong_amount
    -0:50 bank pays cai 10,000 p-3    -> ok  held.cai=10,000
    -0:50 oli  deposit dan 10,000 p-4 -> ok  held.dan=10,000
"""

# A secret reserve of 106,000, and a price ceiling of 110,000.
FREE_PERIOD = """
    0:00            all looks       -> phase=open stage=free ask=100,000 end=48:00 reserve=not_met
    1:00            ann bid 99,000  -> below_start
    1:00            ann bid 100,500 -> off_increment
    1:00            ann bid 111,000 -> above_ceiling
    1:00            ann bid 100,000 -> ok  price=100,000 ask=101,000 leader=ann bids=1 end=48:00
    2:00            bob bid 103,000 -> ok  price=103,000 ask=104,000 leader=bob bids=2
    3:00            ann join        -> ok  said=nothing
    3:00            ann join        -> already_done
    3:00            gus join        -> not_admitted
    47:59:59.999999 cai bid 104,000 -> ok  leader=cai bids=3 end=48:00 ext=0  # the free period is not extended
    ~48:00          bob bid 105,000 -> not_in_stage
"""

JOINING = """
    48:00           all looks       -> phase=open stage=joining end=48:05 ask=none said=stage_begun
    48:01           bob bid 105,000 -> not_in_stage
    48:02           bob join        -> ok
    48:04:59.999999 cai join        -> ok
    ~48:05          dan join        -> not_in_stage
"""

COUNTDOWN = """
    48:05           all looks                 -> stage=timed end=48:10 ask=105,000 leader=cai said=stage_begun
    48:06           dan bid 105,000           -> not_joined
    48:06           ann bid 105,000           -> ok  leader=ann bids=4 ask=106,000 end=48:11 ext=1
    48:07           bob bid 105,000           -> below_ask  end=48:11
    48:10:59.999999 bob bid 106,000           -> ok  leader=bob bids=5 end=48:15:59.999999 ext=2 reserve=met
    48:11           ann arrives               ->
    # The ceiling: from here on one quote each, unseen, for 5 minutes.
    48:12           cai bid 110,000 ref=cai-2 -> ok  price=110,000 ask=110,000 leader=cai bids=6 stage=quotes end=48:17
                                              -> ext=2 said=bid_placed,stage_begun
"""

QUOTES = """
    48:13           ann  bid 109,999.99 -> below_ask
    48:13           ann  max 120,000    -> proxy_not_allowed
    48:13           dan  bid 120,000    -> not_joined
    48:13           ann  bid 115,000.50 -> ok  price=110,000 leader=cai bids=6 said=nothing max.ann=115,000.50
    48:13           ann  bid 118,000    -> already_quoted
    48:14           bob  bid 115,000.50 -> ok  price=110,000 said=nothing  # as much as ann, and later
    48:14           oli  void_bid cai-2 -> not_in_stage
    48:14           oli  hammer         -> format_mismatch
    48:15           anna reads record   -> wrong_phase
    48:16:59.999999 cai  bid 112,000    -> ok  end=48:17 said=nothing
    ~48:17          bob  bid 130,000    -> too_late
    48:17           all  looks          -> phase=sold hammer=115,000.50 leader=ann bids=9 there=1/0
                                        -> said=bids_opened,lot_sold
"""

SETTLEMENT = """
    48:17 all looks  -> buyer=ann due=115,000.50 counted=0 premium=0
    49:17 all looks  -> applied.ann=10,000 released.bob=10,000 released.cai=10,000 released.dan=10,000
    49:17 all looks  -> counted=10,000 due=105,000.50
    50:00 oli settle -> ok  settlement=paid
"""


async def test_a_lease_goes_to_the_best_quote(stage: Stage) -> None:
    terms = lease(reserve=money("106,000"), two_phase={"ceiling": money("110,000")})
    assert await stage.offer("oli", "lease", terms) == "ok"
    for table in (ADMISSION, FREE_PERIOD, JOINING, COUNTDOWN, QUOTES, SETTLEMENT):
        await stage.play("lease", table)
    (opened,) = [event for event in (await stage.get("all", "/v1/lots/lease/events"))["events"] if "offers" in event]
    assert [amount for _, amount in opened["offers"]] == [money("115,000.50"), money("115,000.50"), money("112,000")]


UNQUOTED = """
    1:00  ann bid 100,000 -> ok
    1:00  ann join        -> ok
    1:00  bob join        -> ok
    48:05 all looks       -> stage=timed end=48:10
    48:09 bob bid 110,000 -> ok  stage=quotes end=48:14
    48:10 ann bid 110,000 -> ok  said=nothing  # as much as the leader has bid: he was earlier
    48:14 all looks       -> phase=sold hammer=110,000 leader=bob bids=3
"""


async def test_an_equal_quote_does_not_take_the_lot_from_its_leader(stage: Stage) -> None:
    assert await stage.offer("oli", "lease", lease(two_phase={"ceiling": money("110,000")})) == "ok"
    await stage.play("lease", ADMISSION)
    await stage.play("lease", UNQUOTED)


# The field: a timed phase with everything that an operator can do in it ---------------------------------------------

FIELD = """
    1:00            ann bid 100,000 ref=ann-1 -> ok
    1:00            ann join                  -> ok
    1:00            bob join                  -> ok
    1:00            cai join                  -> ok
    48:05           all looks                 -> stage=timed end=48:10
    48:06           bob bid 101,000           -> ok  leader=bob end=48:11 ext=1
    48:07           cai bid 102,000 ref=cai-1 -> ok  leader=cai bids=3 end=48:12 ext=2
    # The leader's, after an extension.
    48:08           oli void_bid cai-1        -> ok  price=101,000 ask=102,000 leader=bob bids=2 end=48:12 ext=2
    # An underbidder's.
    48:09           oli void_bid ann-1        -> ok  price=101,000 ask=102,000 leader=bob bids=1 end=48:12 ext=2
    48:10           oli pause                 -> ok  phase=paused end=none
    48:30           oli resume                -> ok  phase=open ask=102,000 end=48:35  # 2 min were left: one countdown
    48:31           oli undo                  -> ok  price=none ask=100,000 leader=none bids=0 end=48:35
    48:31           oli undo                  -> no_bids
    48:32           cai bid 100,000           -> ok  leader=cai bids=1 end=48:37 ext=3
    48:36:59.999999 ann bid 101,000           -> ok  leader=ann end=48:41:59.999999 ext=4
    48:40           oli extend 49:00          -> ok  end=49:00 ext=5 said=lot_extended
    # 10 min left: a bid never brings the end nearer.
    48:50           bob bid 102,000           -> ok  leader=bob end=49:00 ext=5
    48:58           cai bid 103,000           -> ok  leader=cai end=49:03 ext=6
    49:03           all looks                 -> phase=sold hammer=103,000 leader=cai
    49:10           oli reopen 50:00          -> ok  phase=open stage=timed price=103,000 ask=104,000 leader=cai
                                              -> hammer=none settlement=none end=50:00
    49:20           oli pass                  -> ok  phase=passed hammer=none said=lot_passed
    50:19:59.999999 all looks                 -> held.ann=10,000 held.bob=10,000 held.cai=10,000 held.dan=10,000
    50:20           all looks                 -> released.ann=10,000 released.bob=10,000 released.cai=10,000
                                              -> released.dan=10,000
"""


async def test_an_operator_works_in_the_timed_phase(stage: Stage) -> None:
    assert await stage.offer("oli", "field", lease()) == "ok"
    await stage.play("field", ADMISSION)
    await stage.play("field", FIELD)


# Plots for which nobody joins ---------------------------------------------------------------------------------------

NOBODY_JOINS = """
    -1:00 ann  register lot=plot-1            -> ok
    -1:00 oli  admit ann lot=plot-1           -> ok
    -1:00 bank pays ann 10,000 p-1 lot=plot-1 -> ok
    -1:00 ann  register lot=plot-2            -> ok
    -1:00 oli  admit ann lot=plot-2           -> ok
    -1:00 bank pays ann 10,000 p-2 lot=plot-2 -> ok
    1:00  ann  bid 100,000 lot=plot-1         -> ok  leader=ann
    1:00  ann  bid 149,000 lot=plot-2         -> ok  leader=ann reserve=not_met
    48:00 all  looks                          -> plot-1:stage=joining plot-2:stage=joining plot-3:stage=joining
    48:05 all  looks                          -> plot-1:phase=sold plot-1:hammer=100,000 plot-1:leader=ann
    48:05 all  looks                          -> plot-2:phase=passed plot-2:price=149,000 plot-3:phase=passed
                                              -> plot-3:price=none
    49:05 all  looks                          -> plot-1:applied.ann=10,000 plot-1:due=90,000 plot-2:released.ann=10,000
"""


async def test_without_anyone_joining_the_free_period_decides(stage: Stage) -> None:
    for lot, own in (("plot-1", {}), ("plot-2", {"reserve": money("150,000")}), ("plot-3", {})):
        assert await stage.offer("oli", lot, lease(**own)) == "ok"
    await stage.play("plot-1", NOBODY_JOINS)
