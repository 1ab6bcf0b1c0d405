"""The sheet `saleroom`: the clerk opens, takes bids from the room, warns, and lets the hammer fall, or passes.

Amounts are pounds. Steps: below 1,000: 50; from 50,000: 5,000. The buyer pays 26 % up to 800,000, and 20 % of what is
above.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

HOUSE: dict[str, str | None] = {"vic": None}


def work(start: str, **own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    return under("saleroom", currency="GBP", start_price=money(start), opens_at=instant("0:00"), **own)


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, HOUSE) as stage:
        await stage.open_sale("vic")
        yield stage
        await stage.audit()


# A vase from 500 with a hidden reserve of 800.
VASE = """
    0:01 all looks                   -> phase=upcoming ask=none end=none said=nothing  # no clock opens it
    0:01 ann bid 500                 -> lot_not_open
    0:01 vic hammer                  -> wrong_phase
    0:02 vic open                    -> ok  phase=open ask=500 end=none reserve=not_met said=lot_opened
    0:02 vic extend 1:00             -> wrong_phase  # there is no end to move
    0:02 vic hammer                  -> no_bids
    0:02 vic undo                    -> no_bids
    0:02 vic step 20                 -> wrong_phase
    0:02 ann arrives                 ->
    0:02 ann max 700                 -> ok  price=500 ask=550 leader=ann bids=1 max.ann=700
    0:03 vic floor_bid 550 7 ref=f-1 -> ok  price=600 ask=650 leader=ann bids=2  # her ceiling answers
    0:03 vic floor_bid 650 7         -> ok  price=700 ask=750 leader=ann bids=3
    0:04 bob bid 7,500.01            -> above_limit  # more than 10 times the 750 asked
    0:04 bob bid 750                 -> ok  price=750 ask=800 leader=bob bids=4 reserve=not_met max.ann=none
    0:05 vic fair_warning            -> ok  warned=yes said=fair_warning_given
    0:05 vic fair_warning            -> already_done
    0:05 vic floor_bid 800 7         -> ok  price=800 ask=850 leader=floor bids=5 reserve=met warned=no
    # No hand was up.
    0:06 vic undo                    -> ok  price=750 ask=800 leader=bob bids=4 reserve=not_met said=bid_voided
    0:06 vic step 20                 -> ok  ask=770 said=step_set
    0:06 vic floor_bid 760 7         -> below_ask
    0:07 ann bid 770 ref=ann-2       -> ok  price=770 ask=820 leader=ann bids=5  # the ladder again: 50
    0:08 vic void_bid f-1            -> ok  price=770 ask=820 leader=ann bids=4  # an underbidder's
    0:08 vic hammer                  -> reserve_not_met
    0:09 vic pause                   -> ok  phase=paused ask=none
    0:09 bob bid 820                 -> lot_paused
    0:09 vic resume                  -> ok  phase=open ask=820 end=none
"""

CONSENTED = """
    0:10 vic pass    -> ok  phase=passed provisional=yes hammer=none leader=ann there=1/0 said=lot_passed
    0:10 vic settle  -> wrong_phase
    0:30 vic consent -> ok  phase=sold hammer=770 leader=ann provisional=no settlement=due said=lot_sold
    0:30 vic consent -> wrong_phase
    0:30 all looks   -> buyer=ann premium=200.20 due=970.20  # 26 % of 770
    0:40 vic settle  -> ok  settlement=paid
    0:40 vic reopen  -> wrong_phase
"""

LAPSED = """
    0:01           vic open    -> ok
    0:02           ann bid 500 -> ok  reserve=not_met
    0:10           vic pass    -> ok  provisional=yes
    # An hour later the seller has not consented.
    1:09:59.999999 all looks   -> provisional=yes
    ~1:10          vic consent -> wrong_phase
    1:10           all looks   -> phase=passed provisional=no said=consent_lapsed
    1:10           vic consent -> wrong_phase
"""


async def test_a_vase_is_sold_on_the_sellers_consent(stage: Stage) -> None:
    assert await stage.offer("vic", "vase", work("500", reserve=money("800"), provisional_s=3_600)) == "ok"
    await stage.play("vase", VASE)
    await stage.play("vase", CONSENTED)


async def test_without_consent_the_best_bidder_is_free(stage: Stage) -> None:
    assert await stage.offer("vic", "vase", work("500", reserve=money("800"), provisional_s=3_600)) == "ok"
    await stage.play("vase", LAPSED)


PICTURE = """
    0:01 vic open                              -> ok  ask=500,000
    0:02 ann bid 500,000                       -> ok  price=500,000 ask=505,000 leader=ann
    0:03 bob bid 900,000                       -> ok  price=900,000 ask=905,000 leader=bob bids=2
    # A slip of the finger, confirmed all the same, and taken back by the clerk.
    0:04 ann bid 9,050,000.01                  -> above_limit
    0:04 ann bid 9,050,000.01 confirm ref=slip -> ok  price=9,050,000.01 leader=ann bids=3
    0:05 vic void_bid slip                     -> ok  price=900,000 ask=905,000 leader=bob bids=2
    0:05 vic void_bid slip                     -> already_done
    0:06 vic bar ann                           -> ok  said=nothing
    0:06 ann bid 905,000                       -> barred
    0:07 vic fair_warning                      -> ok  warned=yes
    0:08 vic hammer                            -> ok  phase=sold hammer=900,000 leader=bob settlement=due said=lot_sold
    # A hand was overlooked: reopened, price and leader stand.
    0:09 vic reopen                            -> ok  phase=open price=900,000 ask=905,000 leader=bob hammer=none
                                               -> settlement=none warned=no end=none
    0:09 vic floor_bid 905,000 12              -> ok  price=905,000 leader=floor bids=3
    0:09 bob bid 910,000                       -> ok  price=910,000 leader=bob bids=4
    0:10 vic undo                              -> ok  price=905,000 leader=floor bids=3
    0:10 vic undo                              -> ok  price=900,000 leader=bob bids=2
    0:11 vic hammer                            -> ok  phase=sold hammer=900,000 leader=bob
    # 26 % of 800,000 and 20 % of 100,000: 208,000 + 20,000.
    0:11 all looks                             -> buyer=bob premium=228,000 due=1,128,000 counted=0
    0:20 vic settle                            -> ok  settlement=paid
    0:21 vic withdraw lot=frame                -> ok  phase=withdrawn
    0:21 vic open lot=frame                    -> wrong_phase
"""


async def test_a_picture_is_sold_reopened_and_sold_again(stage: Stage) -> None:
    assert await stage.offer("vic", "picture", work("500,000")) == "ok"
    assert await stage.offer("vic", "frame", work("100")) == "ok"
    await stage.play("picture", PICTURE)
