"""What can be read of a lot once it has ended: its settlement, its record, its refusals; and nothing of it before."""

from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from engine.chains import Auditor
from engine.errors import JournalAway
from engine.journal import NOTHING, Entry
from lots.listing import Consignor, Sale
from lots.refusals import Code
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front
from tests.gateway.test_directing import KIM, LEO, OTTO, bid, done, give, state
from tests.lots.saleroom import listing

ANNA = bearer("anna", "auditor")
ADA = bearer("ada", "admin")
PRIVATE = ("settlement", "record", "refusals")


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
async def http(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.http() as http:
        yield http


async def sold(front: Front, http: httpx.AsyncClient) -> None:
    """Sell lot D to bob, over alice, with deposits and a premium."""
    await front.list("D", deposit=50, premium=[[0, 1_000]])
    for sub in ("bob", "alice"):
        done(await give(http, "admit", f"o-{sub}", "D", bidder=sub))
    await bid(http, "alice", 100, "D")
    done(await http.post("/v1/lots/D/bids", headers=bearer("bob"), json={"max": 500, "ref": "b1"}))
    refused = await http.post("/v1/lots/D/bids", headers=bearer("alice"), json={"amount": 105, "ref": "b2"})
    is_problem(refused, 409, Code.BELOW_ASK)
    done(await give(http, "hammer", "o1", "D"))


# When and who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", PRIVATE)
async def test_nothing_of_it_is_readable_while_a_lot_is_open(front: Front, http: httpx.AsyncClient, what: str) -> None:
    path = f"/v1/lots/A/{what}"
    await front.list("U", opens_at=NOW + 1)
    is_problem(await http.get(f"/v1/lots/U/{what}", headers=ANNA), 409, Code.WRONG_PHASE)
    for headers in (ANNA, ADA):
        is_problem(await http.get(path, headers=headers), 409, Code.WRONG_PHASE)
    done(await give(http, "pause", "o1"))
    is_problem(await http.get(path, headers=ANNA), 409, Code.WRONG_PHASE)
    done(await give(http, "resume", "o2"))
    done(await give(http, "pass", "o3"))
    done(await give(http, "reopen", "o4", seconds=60))
    for headers in (ANNA, ADA):
        is_problem(await http.get(path, headers=headers), 409, Code.WRONG_PHASE)


@pytest.mark.parametrize("what", PRIVATE)
async def test_a_lot_of_which_it_was_read_is_not_reopened(http: httpx.AsyncClient, what: str) -> None:
    done(await give(http, "pass", "o1"))
    done(await http.get(f"/v1/lots/A/{what}", headers=ANNA))
    is_problem(await give(http, "reopen", "o2", seconds=60), 409, Code.WRONG_PHASE)
    record = done(await http.get("/v1/lots/A/record", headers=ANNA))["records"]
    opened = [entry["private"] for entry in record[1:] if entry["public"] is None]
    assert [(entry["ev"], entry["by"]) for entry in opened] == [("accounts_opened", "anna")]


@pytest.mark.parametrize("what", PRIVATE)
async def test_who_may_read_it(front: Front, http: httpx.AsyncClient, what: str) -> None:
    for org in "KL":
        await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="court"))
    await front.house.registers.list_sale(Sale(sale="SK", title="K", org="K"))
    await front.house.listings.list_lot(replace(listing("of-K"), sale="SK", org="K"))
    done(await give(http, "pass", "o1", "of-K", KIM))
    path = f"/v1/lots/of-K/{what}"
    is_problem(await http.get(path), 401, Code.UNAUTHENTICATED)
    is_problem(await http.get(path, headers=bearer()), 403, Code.FORBIDDEN)
    for headers in (ANNA, ADA):
        done(await http.get(path, headers=headers))
    is_problem(await http.get(f"/v1/lots/Z/{what}", headers=ANNA), 404, Code.UNKNOWN_LOT)
    is_problem(await http.get(f"{path}?color=red", headers=ANNA), 400, Code.MALFORMED)
    if what == "settlement":
        for headers in (KIM, OTTO):
            done(await http.get(path, headers=headers))
        is_problem(await http.get(path, headers=LEO), 403, Code.NOT_YOURS)
    else:
        for headers in (KIM, LEO, OTTO):
            is_problem(await http.get(path, headers=headers), 403, Code.FORBIDDEN)


# The settlement -------------------------------------------------------------------------------------------------------


async def test_a_settlement_is_the_account_with_the_buyer(front: Front, http: httpx.AsyncClient) -> None:
    await sold(front, http)
    account = done(await http.get("/v1/lots/D/settlement", headers=OTTO))
    deposits = account.pop("deposits")
    assert (account.pop("premium_shown"), account.pop("balance_due_shown")) == ("EUR 0.11", "EUR 1.21")
    assert {name: value for name, value in account.items() if not name.endswith("_shown")} == {
        "lot": "D", "phase": "sold", "settlement": "due", "currency": "EUR",
        "bidder": "bob", "paddle": state(front, "D").leader,
        "hammer_price": 110, "premium": 11, "deposit_held": 50, "deposit_applied": 0, "balance_due": 121,
        "refund_due": 0,
    }  # fmt: skip
    assert [(one["bidder"], one["held"]) for one in deposits] == [("alice", 50), ("bob", 50)]
    done(await give(http, "settle", "o2", "D"))
    paid = done(await http.get("/v1/lots/D/settlement", headers=ANNA))
    assert (paid["settlement"], paid["deposit_applied"], paid["balance_due"]) == ("paid", 50, 71)


async def test_the_settlement_of_a_lot_that_was_not_sold_names_nobody(http: httpx.AsyncClient) -> None:
    done(await give(http, "withdraw", "o1"))
    account = done(await http.get("/v1/lots/A/settlement", headers=OTTO))
    assert (account["phase"], account["settlement"], account["bidder"], account["hammer_price"]) == (
        "withdrawn", None, None, None,
    )  # fmt: skip


# The record -----------------------------------------------------------------------------------------------------------


async def test_the_record_is_the_whole_log_with_both_its_parts(front: Front, http: httpx.AsyncClient) -> None:
    await sold(front, http)
    page = done(await http.get("/v1/lots/D/record", headers=ANNA))
    assert page["cursor"] is None
    marker, *entries = page["records"]
    assert marker == {"id": "1-0", "epoch": 1, "n": 0, "kind": "marker"}
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [(entry["public"] or entry["private"])["ev"] for entry in entries] == [
        "lot_listed", "lot_opened",
        "application_checked", "deposit_moved", "paddle_assigned",
        "application_checked", "deposit_moved", "paddle_assigned",
        "bidder_admitted", "bid_placed", "bidder_admitted", "bid_placed", "lot_sold", "accounts_opened",
    ]  # fmt: skip
    won = entries[-3]
    assert (won["private"]["bidder"], won["private"]["ceiling"], won["public"]["price"]) == ("bob", 500, 110)
    assert len(bytes.fromhex(won["private"]["salt"])) == 16
    assert entries[-1]["head"] == (await http.get("/v1/lots/D")).json()["head"]


async def test_the_chains_of_a_record_are_those_of_the_log(front: Front, http: httpx.AsyncClient) -> None:
    await sold(front, http)
    page = done(await http.get("/v1/lots/D/record", headers=ANNA))
    auditor = Auditor()
    for record, shown in zip(await front.house.record("D", NOTHING, 1_000), page["records"], strict=True):
        assert auditor.follow(record) is None
        assert (str(auditor.top), record.epoch, record.n) == (shown["id"], shown["epoch"], shown["n"])
        if isinstance(record, Entry):
            assert (shown["head"], shown["chain"]) == (auditor.head.hex(), auditor.chain.hex())


async def test_a_record_comes_page_by_page(front: Front, http: httpx.AsyncClient) -> None:
    await sold(front, http)
    whole = done(await http.get("/v1/lots/D/record", headers=ANNA))["records"]
    for limit in (1, 2, len(whole)):
        read: list[Message] = []
        query: dict[str, str | int] = {"limit": limit}
        while True:
            page = done(await http.get("/v1/lots/D/record", headers=ANNA, params=query))
            read += page["records"]
            if page["cursor"] is None:
                break
            query["after"] = page["cursor"]
        assert read == whole


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after=", "after=5", "after=a-b", "after=-1", "after=1-1&after=1-1", "x=1"]
)
async def test_a_bad_query_of_a_record_is_malformed(http: httpx.AsyncClient, query: str) -> None:
    done(await give(http, "pass", "o1"))
    is_problem(await http.get(f"/v1/lots/A/record?{query}", headers=ANNA), 400, Code.MALFORMED)


# The refusals ---------------------------------------------------------------------------------------------------------


async def test_refusals_by_rule_are_kept_for_the_auditor(front: Front, http: httpx.AsyncClient) -> None:
    await sold(front, http)
    late = await http.post("/v1/lots/D/bids", headers=bearer("alice"), json={"amount": 900, "ref": "b3"})
    is_problem(late, 409, Code.TOO_LATE)
    await bid(http, "carol", 100, "B")  # the notes are written with the next entry, whosever it is
    kept = done(await http.get("/v1/lots/D/refusals", headers=ANNA))
    assert (kept["lot"], kept["kept"]) == ("D", 2)
    first, second = kept["refusals"]
    assert {name: first[name] for name in ("bidder", "amount", "code", "at", "ask")} == {
        "bidder": "alice", "amount": 105, "code": "below_ask", "at": NOW, "ask": 120,
    }  # fmt: skip
    assert second["code"] == "too_late"
    one = done(await http.get("/v1/lots/D/refusals?after=1&limit=1", headers=ADA))
    assert (one["kept"], one["refusals"]) == (2, [second])
    assert done(await http.get("/v1/lots/D/refusals?after=2", headers=ANNA))["refusals"] == []


async def test_without_a_store_nothing_can_be_read(
    front: Front, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(await give(http, "pass", "o1"))

    async def away(*_arguments: object) -> None:
        raise JournalAway("nobody there")

    for what in ("record", "refusals"):
        monkeypatch.setattr(front.house, what, away)
        is_problem(await http.get(f"/v1/lots/A/{what}", headers=ANNA), 503, Code.UNAVAILABLE)
