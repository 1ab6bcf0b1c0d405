"""The sheet `maxsold`: an estate in one import, its lots ending one after the other, linked, and stopped by a debt.

Amounts are Canadian dollars. Steps: 1; from 10.01: 3; from 40.01: 5; from 100.01: 10. A bid in the last 2 minutes moves
the end to 2 minutes after it. The buyer pays 15 % on top.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage

HOUSE: dict[str, str | None] = {"otto": None}


def lot(name: str, **terms: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    return {"lot": name, "title": f"The {name}", "terms": terms}


def linked(group: str, **terms: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    return {"group": group, "soft_close": {"scope": "group"}, **terms}


ESTATE: dict[str, Any] = {
    "sale": {
        "sale": "estate",
        "title": "An estate",
        "opens_at": instant("0:00"),
        "closes_at": instant("24:00"),
        "stagger": {"every_s": 15, "batch": 1},
    },
    "sheet": "maxsold",
    "terms": {"currency": "CAD", "start_price": money("1")},
    "lots": [
        lot("clock"),
        lot("lamp"),
        lot("table", **linked("dining")),
        lot("chairs", **linked("dining")),
        lot("mirror"),
        lot("his", **linked("pair", closes_at=instant("24:30"))),
        lot("hers", **linked("pair", closes_at=instant("24:30"))),
    ],
}
"""Four a minute: the lots that name no end of their own end every 15 s from 24:00 on."""


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, HOUSE) as stage:
        yield stage
        await stage.audit()


STAGGERED = """
    0:00 all looks -> clock:end=24:00 lamp:end=24:00:15 table:end=24:00:30 chairs:end=24:00:45
    0:00 all looks -> mirror:end=24:01 his:end=24:30 hers:end=24:30 clock:phase=open clock:ask=1
"""

CLOCK = """
    0:01            ann  max 10           -> ok  price=1 ask=2 leader=ann bids=1
    0:02            bob  max 5            -> ok  price=6 ask=7 leader=ann bids=2  # 5 + 1
    0:03            bob  max 10           -> ok  price=10 ask=11 leader=ann bids=3  # a tie: the earlier leads
    0:04            bob  bid 11           -> ok  price=11 ask=14 leader=bob bids=4  # from 10.01 the step is 3
    23:58           cai  max 45           -> ok  price=14 ask=17 leader=cai bids=5 end=24:00 ext=0  # exactly 2 min left
    # 42 + 5, at most 45.
    23:58:00.000001 bob  max 42           -> ok  price=45 ask=50 leader=cai bids=6 end=24:00:00.000001 ext=1
    # His own raise moves no clock.
    23:58:30        cai  max 60           -> ok  price=45 bids=6 end=24:00:00.000001 ext=1 said=nothing
    23:59           ann  bid 49           -> below_ask  end=24:00:00.000001
    # 1 us before the end; 50 + 5.
    24:00           ann  bid 50           -> ok  price=55 ask=60 leader=cai bids=7 end=24:02 ext=2
    # One step above 60 is 65, at most 61.
    24:01:59.999999 bob  max 61 ref=bob-9 -> ok  price=61 ask=66 leader=bob bids=8 end=24:03:59.999999 ext=3
    # The leader's bid is voided after its extension: cai leads again at 55, and the end stays.
    24:02:30        otto void_bid bob-9   -> ok  price=55 ask=60 leader=cai bids=7 end=24:03:59.999999 ext=3
    24:03           otto extend 24:05     -> ok  end=24:05 ext=4
    ~24:05          bob  bid 60           -> too_late
    24:05           all  looks            -> phase=sold hammer=55 leader=cai settlement=due there=0/0 said=lot_sold
    # 15 % of 55.00 is 8.25.
    24:05           all  looks            -> buyer=cai premium=8.25 counted=0 due=63.25
    24:05           all  looks            -> lamp:phase=passed mirror:phase=passed mirror:hammer=none
    25:00           otto settle           -> ok  settlement=paid due=63.25
"""

RESULTS = """
    lot     phase   closes_at                    hammer_price_shown  bids  extensions  settlement
    clock   sold    2023-11-15T22:18:20.000000Z  CAD 55.00           7     4           paid
    lamp    passed  2023-11-15T22:13:35.000000Z  -                   0     0           -
    table   passed  2023-11-15T22:13:50.000000Z  -                   0     0           -
    chairs  passed  2023-11-15T22:14:05.000000Z  -                   0     0           -
    mirror  passed  2023-11-15T22:14:20.000000Z  -                   0     0           -
    his     passed  2023-11-15T22:43:20.000000Z  -                   0     0           -
    hers    passed  2023-11-15T22:43:20.000000Z  -                   0     0           -
"""
"""The instant 0:00 is 2023-11-14T22:13:20Z."""

ACCOUNTS = """
    lot     bidder  hammer_price_shown  premium_shown  deposit_applied_shown  balance_due_shown  refund_due_shown
    clock   cai     CAD 55.00           CAD 8.25       CAD 0.00               CAD 63.25          CAD 0.00
    lamp    -       -                   -              -                      -                  -
    table   -       -                   -              -                      -                  -
    chairs  -       -                   -              -                      -                  -
    mirror  -       -                   -              -                      -                  -
    his     -       -                   -              -                      -                  -
    hers    -       -                   -              -                      -                  -
"""

LINKED = """
    0:00             all looks            -> table:end=24:00:30 chairs:end=24:00:45
    # 89.5 s are left to the table: it moves by 30.5 s, and the chairs along with it.
    23:59:00.5       ann bid 5 lot=table  -> ok  table:end=24:01:00.5 table:ext=1 chairs:end=24:01:15.5 chairs:ext=1
                                          -> chairs:said=lot_extended
    # 75.5 s are left to the chairs: they move by 44.5 s, and so does the table.
    24:00            bob bid 7 lot=chairs -> ok  chairs:end=24:02 chairs:ext=2 table:end=24:01:45 table:ext=2
                                          -> table:said=lot_extended
    24:01:45         all looks            -> table:phase=sold table:hammer=5 chairs:phase=open
    # The table has ended: a bid on the chairs moves the chairs alone.
    24:01:50         ann bid 8 lot=chairs -> ok  chairs:end=24:03:50 chairs:ext=3 table:phase=sold table:said=nothing
    # And 15 %: 0.75, 1.20.
    24:03:50         all looks            -> chairs:phase=sold chairs:hammer=8 table:due=5.75 chairs:due=9.20

    # Two lots that end at once, and a bid 1 us before that: both move, and end at once again.
    24:29:59.999999  cai bid 3 lot=his    -> ok  his:end=24:31:59.999999 hers:end=24:31:59.999999 hers:ext=1
    ~24:31:59.999999 dan bid 3 lot=hers   -> too_late  his:phase=open hers:phase=open
    24:31:59.999999  all looks            -> his:phase=sold his:hammer=3 hers:phase=passed hers:said=lot_passed
"""


async def test_an_estate_ends_lot_by_lot(stage: Stage) -> None:
    assert await stage.bring("otto", ESTATE) == "ok"
    await stage.play("clock", STAGGERED)
    await stage.play("clock", CLOCK)
    await stage.exports("all", "estate", "results", RESULTS)
    await stage.exports("otto", "estate", "settlement", ACCOUNTS)
    (total,) = (await stage.get("otto", "/v1/sales/estate/settlement"))["totals"]
    assert (total["lots"], total["sold"]) == (7, 1)
    assert (total["premium"], total["balance_due"]) == (money("8.25"), money("63.25"))


async def test_one_lot_of_a_group_extends_all(stage: Stage) -> None:
    assert await stage.bring("otto", ESTATE) == "ok"
    await stage.play("table", LINKED)


async def test_an_estate_with_one_bad_row_is_not_listed_at_all(stage: Stage) -> None:
    bad = {**ESTATE, "lots": [*ESTATE["lots"], lot("vase", ladder=[[5, 100]])]}
    assert await stage.bring("otto", bad) == "malformed"
    assert stage.front.house.lots == {}


# The debt -----------------------------------------------------------------------------------------------------------

DEBT = {"debt": money("100")}
"""The estate sells until 100.00 are covered."""


def debtor(name: str, group: str, end: str) -> dict[str, Any]:
    return lot(name, group=group, closes_at=instant(end), **DEBT)


DEBTOR: dict[str, Any] = {
    **ESTATE,
    "lots": [
        *(debtor("ring", "first", "25:00"), debtor("pin", "first", "25:00")),
        *(debtor("cup", "first", "25:00:00.000001"), debtor("fork", "first", "26:00")),
        debtor("spoon", "first", "26:00"),
        *(debtor("bed", "second", "25:10"), debtor("desk", "second", "25:10"), debtor("rug", "second", "25:20")),
    ],
}

COVERED = """
    20:00 ann  bid 120 lot=ring -> ok
    20:00 bob  bid 50 lot=pin   -> ok
    20:00 cai  bid 20 lot=cup   -> ok
    20:00 cai  bid 10 lot=fork  -> ok
    20:00 otto pause lot=spoon  -> ok
    20:00 ann  bid 60 lot=bed   -> ok
    20:00 bob  bid 40 lot=desk  -> ok
    20:00 cai  bid 30 lot=rug   -> ok
    # Two lots end at once, and the first of them covers the debt: the other has ended too, and is sold as it stands.
    # What ends 1 us later, later, or is paused, is withdrawn.
    25:00 all  looks            -> ring:phase=sold ring:hammer=120 pin:phase=sold pin:hammer=50
    25:00 all  looks            -> cup:phase=withdrawn cup:end=none fork:phase=withdrawn spoon:phase=withdrawn
    25:00 bob  bid 30 lot=cup   -> lot_withdrawn
    25:05 all  looks            -> bed:phase=open desk:phase=open rug:phase=open  # another group, another debt
    # 60 do not cover it, 60 + 40 do: exactly 100.
    25:10 all  looks            -> bed:phase=sold desk:phase=sold rug:phase=withdrawn
    # 15 % on top: 120 + 18, 50 + 7.50, 60 + 9, 40 + 6.
    25:10 all  looks            -> ring:due=138 pin:due=57.50 bed:due=69 desk:due=46
"""


async def test_once_the_debt_is_covered_the_rest_is_withdrawn(stage: Stage) -> None:
    assert await stage.bring("otto", DEBTOR) == "ok"
    await stage.play("ring", COVERED)
    for lot_id in ("cup", "fork", "spoon", "rug"):
        last = (await stage.get("all", f"/v1/lots/{lot_id}/events"))["events"][-1]
        assert (last["ev"], last["reason"]) == ("lot_withdrawn", "debt_covered")
