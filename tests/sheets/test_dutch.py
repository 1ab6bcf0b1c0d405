"""The sheet `dutch`: flowers whose price falls by 10.00 every minute, brought in as a file.

Amounts are euros: from 100 down to a floor of 30, a deposit of 5, an end after 9 minutes.
"""

from collections.abc import AsyncIterator

import pytest

from clock.instants import format_instant
from tests.sheets.conftest import Journals
from tests.sheets.rows import instant
from tests.sheets.stage import Stage, open_stage

HOUSE: dict[str, str | None] = {"vic": None}
TERMS = '{"dutch": {"floor": 3000}}'


def flowers(*lots: str) -> str:
    """The file of the lots."""
    opens_at, closes_at = format_instant(instant("0:00")), format_instant(instant("0:09"))
    rows = [f"{lot},A {lot},EUR,10000,{opens_at},{closes_at},500" for lot in lots]
    return "\n".join(["lot,title,currency,start_price,opens_at,closes_at,deposit", *rows])


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, HOUSE) as stage:
        lots = flowers("tulip", "rose", "lily")
        sale = {"sale": "market", "title": "The market", "sheet": "dutch", "terms": TERMS}
        assert await stage.bring_file("vic", lots, **sale) == "ok"
        yield stage
        await stage.audit()


TULIP = """
    -0:30          vic  admit ann      -> ok  held.ann=5  # the operator's word stands for the deposit
    -0:30          bank pays bob 5 p-1 -> ok  held.bob=5  # and the payment alone admits, where nobody registers
    -0:30          ann  bid 100        -> lot_not_open
    0:00           all  looks          -> phase=open ask=100 falls=0:01 end=0:09 price=none
    0:00           cai  bid 100        -> deposit_required
    0:00:59.999999 ann  bid 99         -> below_ask  ask=100  # 1 us before the fall
    0:01           all  looks          -> ask=90 falls=0:02 said=price_lowered
    0:01:30        ann  max 90         -> proxy_not_allowed
    0:01:59.999999 ann  bid 80         -> below_ask  ask=90  # 1 us before the fall
    # At the fall's instant, though the bell is late: the instant alone lowers the price.
    ~0:02          ann  bid 80         -> ok  price=80 hammer=80 leader=ann phase=sold falls=none ask=none
                                       -> said=price_lowered,bidder_admitted,bid_placed,lot_sold
    0:02           bob  bid 80         -> too_late
    0:02           vic  undo           -> format_mismatch
    0:02           vic  reopen 0:30    -> format_mismatch
    0:02           all  looks          -> settlement=due due=80 counted=0
    1:01:59.999999 all  looks          -> held.ann=5 held.bob=5
    1:02           all  looks          -> applied.ann=5 released.bob=5 counted=5 due=75
    1:03           vic  settle         -> ok  settlement=paid due=75
"""


async def test_a_tulip_is_sold_at_the_instant_of_a_fall(stage: Stage) -> None:
    await stage.play("tulip", TULIP)


ROSE = """
    -0:30   vic admit ann                        -> ok
    -0:30   vic admit bob                        -> ok
    0:02    all looks                            -> ask=80 falls=0:03
    # Paused with 15 s to the next fall and 6:15 to the end: both are given back.
    0:02:45 vic pause                            -> ok  phase=paused ask=none falls=none end=none
    0:05    bob bid 80                           -> lot_paused
    0:10    vic resume                           -> ok  phase=open ask=80 falls=0:10:15 end=0:16:15
    0:10:15 all looks                            -> ask=70 falls=0:11:15
    # Whoever offers more than is asked pays what is asked.
    0:10:30 bob bid 95                           -> ok  price=70 hammer=70 leader=bob settlement=due
    # He does not pay: what is held is forfeited, 2 to the costs, 3 to the shortfall of 10, nothing to debts.
    0:30    vic default                          -> ok  settlement=defaulted held.bob=0 forfeited.bob=5
                                                 -> said=winner_defaulted
    0:30    vic allocate 2 10                    -> ok  forfeited.bob=0 costs.bob=2 shortfall.bob=3 debts.bob=0
    0:30    vic reauction rose-2 79.99 2:00 2:09 -> drop_too_large
    0:30    vic reauction rose-2 80 2:00 2:09    -> ok  successor=rose-2
    1:00    vic admit bob lot=rose-2             -> ok
    1:10:30 all looks                            -> released.ann=5
    2:00    bob bid 80 lot=rose-2                -> barred
    2:00    all looks                            -> rose-2:ask=80 rose-2:falls=2:01
    # He was let in before it was seen who he is: the deposit that the operator vouched for goes back.
    2:00    vic decline bob lot=rose-2           -> ok  rose-2:released.bob=5
    2:09    all looks                            -> rose-2:phase=passed
"""


async def test_a_rose_is_paused_bought_not_paid_for_and_offered_again(stage: Stage) -> None:
    await stage.play("rose", ROSE)


LILY = """
    -0:30          vic admit ann -> ok
    0:02           all looks     -> ask=80 falls=0:03
    # The bell is late by more than a step: no price is skipped, and the next fall is a minute from then.
    ~~0:04:30      ann bid 60    -> below_ask
    0:04:30        all looks     -> ask=70 falls=0:05:30 said=price_lowered
    0:05:30        all looks     -> ask=60 falls=0:06:30
    0:06:30        all looks     -> ask=50 falls=0:07:30
    0:07:30        all looks     -> ask=40 falls=0:08:30
    0:08:30        all looks     -> ask=30 falls=none  # the floor
    0:08:59.999999 ann bid 29.99 -> below_ask  ask=30 phase=open
    ~0:09          ann bid 30    -> too_late
    0:09           all looks     -> phase=passed price=none hammer=none there=0/0 said=lot_passed
    1:09           all looks     -> held.ann=0 released.ann=5
"""


async def test_a_lily_falls_to_its_floor_and_passes(stage: Stage) -> None:
    await stage.play("lily", LILY)
