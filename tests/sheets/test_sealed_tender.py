"""The sheet `sealed-tender`: one private bid each, nothing to see before the close, then all of it.

Amounts are euros: 1,000 at least, a deposit of 100. The sheet's price is the first; the second is a term.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

PORT = {"kim": "port-1", "lea": "port-1"}


def tender(**own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    terms = {
        "currency": "EUR",
        "start_price": money("1,000"),
        "opens_at": instant("0:00"),
        "closes_at": instant("24:00"),
    }
    return under("sealed-tender", **{**terms, **own})


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, PORT) as stage:
        await stage.take_on("port-1", "customs")
        await stage.open_sale("kim")
        yield stage
        await stage.audit()


ADMISSION = """
    -1:00 ann  register            -> ok
    -1:00 bob  register            -> ok
    -1:00 cai  register            -> ok
    -1:00 dan  register            -> ok
    -1:00 kim  admit ann           -> ok
    -1:00 kim  admit bob           -> ok
    -1:00 kim  admit cai           -> ok
    -1:00 kim  admit dan           -> ok
    -1:00 bank pays ann 100 p-1    -> ok  held.ann=100
    -1:00 bank pays bob 100 p-2    -> ok
    -1:00 bank pays cai 100 p-3    -> ok
    -1:00 lea  deposit dan 100 p-4 -> ok  held.dan=100
"""

SEALED = """
    0:00            all  looks               -> phase=open price=none ask=1,000 leader=none bids=0 end=24:00
    1:00            ann  arrives             ->
    1:00            gus  bid 1,500           -> not_admitted
    1:00            ann  bid 999.99          -> below_start
    1:00            ann  max 1,500           -> proxy_not_allowed
    1:00            ann  bid 1,500 ref=ann-1 -> ok  price=none ask=1,000 leader=none bids=0 said=nothing max.ann=1,500
    1:00            ann  bid 1,500 ref=ann-1 -> repeat
    2:00            bob  bid 2,000           -> ok  price=none bids=0 said=nothing
    2:30            dan  bid 2,500           -> ok  price=none bids=0 said=nothing
    3:00            ann  bid 1,800           -> ok  said=nothing max.ann=1,800
    3:30            dan  bid 1,100           -> ok  said=nothing  # his latest counts, though it is less
    4:00            cai  bid 2,000           -> ok  said=nothing  # as much as bob, and later
    5:00            kim  hammer              -> format_mismatch
    5:00            kim  pass                -> format_mismatch
    5:00            kim  undo                -> format_mismatch
    5:00            kim  floor_bid 3,000     -> format_mismatch
    5:00            anna reads record        -> wrong_phase
    5:00            anna reads settlement    -> wrong_phase
    5:00            anna reads refusals      -> wrong_phase
    6:00            kim  pause               -> ok  end=none
    6:30            ann  bid 3,000           -> lot_paused
    7:00            kim  resume              -> ok  end=25:00 ask=1,000  # 18 h were left
    # A sealed bid extends nothing.
    24:59:59.999999 ann  bid 1,900           -> ok  end=25:00 ext=0 said=nothing max.ann=1,900
    ~25:00          ann  bid 3,000           -> too_late  phase=open price=none leader=none bids=0
    25:00           all  looks               -> phase=sold hammer=2,000 leader=bob bids=4 settlement=due there=1/0
                                             -> said=bids_opened,lot_sold
"""

DEFAULTED = """
    26:00 all looks                              -> applied.bob=100 released.ann=100 released.cai=100 released.dan=100
                                                 -> due=1,900
    30:00 kim default ref=d-1                    -> pending  settlement=due
    30:00 kim countersign kim d-1                -> needs_another
    30:00 lea countersign kim d-1                -> ok  settlement=defaulted applied.bob=0 forfeited.bob=100
    # The costs take all.
    31:00 kim allocate 150 50                    -> ok  costs.bob=100 shortfall.bob=0 debts.bob=0 forfeited.bob=0
    31:00 kim reoffer tender-2 1,000 48:00 72:00 -> ok  successor=tender-2
    40:00 bob register lot=tender-2              -> barred
    40:00 kim withdraw lot=tender-2 ref=w-1      -> pending
    40:00 lea countersign kim w-1 lot=tender-2   -> ok  tender-2:phase=withdrawn
"""


async def test_a_tender_is_opened_at_its_close(stage: Stage) -> None:
    assert await stage.offer("kim", "tender", tender(deposit=money("100"))) == "ok"
    for table in (ADMISSION, SEALED, DEFAULTED):
        await stage.play("tender", table)
    (opened,) = [event for event in (await stage.get("all", "/v1/lots/tender/events"))["events"] if "offers" in event]
    assert [amount for _, amount in opened["offers"]] == [money(one) for one in ("2,000", "2,000", "1,900", "1,100")]


OPEN: dict[str, Any] = {"registration": None, "four_eyes": []}
"""Open to all."""
SECOND_PRICE: dict[str, dict[str, Any]] = {
    "two": OPEN,
    "one": OPEN,
    "reserved": {**OPEN, "reserve": money("1,700")},
    "unmet": {**OPEN, "reserve": money("2,500")},
    "tied": OPEN,
    "none": OPEN,
    "ranked": {"priority": True},
}

OPENED_AT_THE_SECOND_PRICE = """
    0:00  all looks                       -> phase=open ask=1,000
    1:00  ann bid 2,000 lot=two           -> ok  said=nothing
    1:00  bob bid 1,800 lot=two           -> ok
    1:00  ann bid 2,000 lot=one           -> ok
    1:00  ann bid 2,000 lot=reserved      -> ok
    1:00  ann bid 2,000 lot=unmet         -> ok  unmet:reserve=not_met
    1:00  ann bid 2,000 lot=tied          -> ok
    1:00  bob bid 2,000 lot=tied          -> ok
    1:00  ann register lot=ranked         -> ok
    1:00  bob register lot=ranked         -> ok
    1:00  kim admit ann lot=ranked        -> ok
    1:00  kim admit bob rank=1 lot=ranked -> ok
    1:00  ann bid 2,000 lot=ranked        -> ok
    2:00  bob bid 2,000 lot=ranked        -> ok
    24:00 all looks                       -> two:leader=ann two:hammer=1,800  # the second best
    24:00 all looks                       -> one:leader=ann one:hammer=1,000  # alone: the start price
    # Or the reserve.
    24:00 all looks                       -> reserved:leader=ann reserved:hammer=1,700 reserved:reserve=met
    24:00 all looks                       -> unmet:phase=passed unmet:price=2,000 unmet:hammer=none
                                          -> unmet:reserve=not_met
    24:00 all looks                       -> tied:leader=ann tied:hammer=2,000  # the earlier
    # The priority purchaser, though later.
    24:00 all looks                       -> ranked:leader=bob ranked:hammer=2,000
    24:00 all looks                       -> none:phase=passed none:price=none two:due=1,800
    25:00 lea settle lot=two              -> ok  two:settlement=paid
"""


async def test_the_second_price(stage: Stage) -> None:
    for lot, own in SECOND_PRICE.items():
        assert await stage.offer("kim", lot, tender(sealed={"pricing": "second"}, **own)) == "ok"
    await stage.play("two", OPENED_AT_THE_SECOND_PRICE)
