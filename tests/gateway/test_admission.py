"""Registrations and joining over HTTP: what a bidder does and sees, what operators see, and what they do not."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from lots.formats import Stage
from lots.listing import Consignor, Sale
from lots.refusals import Code
from tests.gateway.front import Front, Message, bearer, is_problem, open_front
from tests.gateway.test_directing import KIM, LEO, OTTO, done, give, state
from tests.lots.saleroom import listing

STATEMENTS = ["I am of age.", "I have seen the lot."]
TERMS: Message = {"registration": {"statements": STATEMENTS}, "deposit": 50, "priority": True}
NOTHING_PAID = dict.fromkeys(("received", "held", "released", "applied", "forfeited", "costs", "shortfall", "debts"), 0)
FRESH: Message = {
    "registered": False,
    "approved": False,
    "rank": None,
    "barred": False,
    "deposit": NOTHING_PAID,
}


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        await front.list("R", **TERMS)
        yield front


@pytest.fixture
async def http(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.http() as http:
        yield http


async def register(http: httpx.AsyncClient, sub: str, ref: str = "r1", **fields: Any) -> httpx.Response:  # noqa: ANN401  fields of a body
    body = {"ref": ref, "accepts": STATEMENTS, **fields}
    return await http.post("/v1/lots/R/registrations", headers=bearer(sub), json=body)


async def own(http: httpx.AsyncClient, sub: str) -> Message:
    return done(await http.get("/v1/lots/R/registration", headers=bearer(sub)))


async def shown(http: httpx.AsyncClient, **query: str | int) -> Message:
    return done(await http.get("/v1/lots/R/registrations", headers=OTTO, params=query))


# Registering ----------------------------------------------------------------------------------------------------------


async def test_a_bidder_comes_to_his_paddle_step_by_step(front: Front, http: httpx.AsyncClient) -> None:
    assert await own(http, "alice") == {
        "lot": "R", "bidder": "alice", **FRESH, "paddle": None, "admitted": False, "joined": False,
    }  # fmt: skip
    told = done(await register(http, "alice"))
    assert (told["seq"], told["paddle"], told["leading"], told["repeat"]) == (2, None, False, False)
    assert (await own(http, "alice"))["registered"] is True
    done(await give(http, "admit", "o1", "R", bidder="alice", rank=2))
    mine = await own(http, "alice")
    assert (mine["approved"], mine["rank"], mine["paddle"], mine["admitted"]) == (True, 2, None, False)
    done(await give(http, "deposit", "o2", "R", bidder="alice", amount=50, payment="p-1"))
    mine = await own(http, "alice")
    assert (mine["admitted"], mine["deposit"]) == (True, {**NOTHING_PAID, "received": 50, "held": 50})
    assert mine["paddle"] == state(front, "R").paddles["alice"]


async def test_a_registration_that_is_sent_twice_counts_once(http: httpx.AsyncClient) -> None:
    first, again = [done(await register(http, "alice")) for _ in range(2)]
    assert again == {**first, "repeat": True}
    is_problem(await register(http, "alice", "r2"), 409, Code.ALREADY_DONE)


@pytest.mark.parametrize("accepts", [[], STATEMENTS[:1], STATEMENTS[::-1], [*STATEMENTS, "And more."], ["Yes."] * 2])
async def test_all_statements_are_accepted_word_by_word(
    front: Front, http: httpx.AsyncClient, accepts: list[str]
) -> None:
    is_problem(await register(http, "alice", accepts=accepts), 400, Code.MALFORMED)
    assert len(state(front, "R").applications) == 0


async def test_who_may_register_and_where(http: httpx.AsyncClient) -> None:
    body = {"ref": "r1", "accepts": STATEMENTS}
    for method, path in (("POST", "registrations"), ("POST", "join"), ("GET", "registration")):
        for headers, status, code in (({}, 401, Code.UNAUTHENTICATED), (OTTO, 403, Code.FORBIDDEN)):
            told = await http.request(method, f"/v1/lots/R/{path}", headers=headers, json=body)
            is_problem(told, status, code)
        unknown = await http.request(method, f"/v1/lots/Z/{path}", headers=bearer(), json={"ref": "r1"})
        is_problem(unknown, 404, Code.UNKNOWN_LOT)
    plain = await http.post("/v1/lots/A/registrations", headers=bearer(), json=body)
    is_problem(plain, 409, Code.FORMAT_MISMATCH)
    done(await give(http, "bar", "o1", "R", bidder="mallory"))
    is_problem(await register(http, "mallory"), 409, Code.BARRED)
    done(await give(http, "withdraw", "o2", "R"))
    is_problem(await register(http, "bob"), 409, Code.LOT_WITHDRAWN)


async def test_registrations_share_the_rate_of_their_account() -> None:
    async with open_front(bids_burst=1) as front, front.http() as http:
        await front.list("R", **TERMS)
        done(await register(http, "alice"))
        is_problem(await register(http, "alice"), 429, Code.RATE_LIMITED)


async def test_a_bid_needs_each_step(http: httpx.AsyncClient) -> None:
    async def bid() -> httpx.Response:
        return await http.post("/v1/lots/R/bids", headers=bearer(), json={"amount": 100, "ref": "b1"})

    is_problem(await bid(), 409, Code.NOT_ADMITTED)
    done(await register(http, "alice"))
    is_problem(await bid(), 409, Code.NOT_ADMITTED)
    done(await give(http, "admit", "o1", "R", bidder="alice"))
    is_problem(await bid(), 409, Code.DEPOSIT_REQUIRED)
    done(await give(http, "deposit", "o2", "R", bidder="alice", amount=50, payment="p-1"))
    done(await bid())


# What operators see ---------------------------------------------------------------------------------------------------


async def test_operators_see_who_asks_and_no_paddle(front: Front, http: httpx.AsyncClient) -> None:
    for sub in ("zoe", "alice", "bob"):
        done(await register(http, sub))
    done(await give(http, "admit", "o1", "R", bidder="zoe", rank=1))
    done(await give(http, "deposit", "o2", "R", bidder="zoe", amount=50, payment="p-1"))
    done(await give(http, "bar", "o3", "R", bidder="mallory"))
    page = await shown(http)
    assert page["cursor"] is None
    held = {**NOTHING_PAID, "received": 50, "held": 50}
    assert page["registrations"] == [
        {"bidder": "alice", **FRESH, "registered": True},
        {"bidder": "bob", **FRESH, "registered": True},
        {"bidder": "mallory", **FRESH, "barred": True},
        {"bidder": "zoe", **FRESH, "registered": True, "approved": True, "rank": 1, "deposit": held},
    ]
    assert str(state(front, "R").paddles["zoe"]) not in str(page)


async def test_what_operators_see_is_the_same_whoever_bids(front: Front, http: httpx.AsyncClient) -> None:
    pages = []
    for sub in ("alice", "bob"):
        done(await register(http, sub))
        done(await give(http, "admit", f"o-{sub}", "R", bidder=sub))
        done(await give(http, "deposit", f"d-{sub}", "R", bidder=sub, amount=50, payment=f"p-{sub}"))
    for sub, amount in (("alice", 100), ("bob", 200)):
        pages.append((await http.get("/v1/lots/R/registrations", headers=OTTO)).content)
        body = {"amount": amount, "ref": "b1"}
        done(await http.post("/v1/lots/R/bids", headers=bearer(sub), json=body))
    assert pages[0] == pages[1] == (await http.get("/v1/lots/R/registrations", headers=OTTO)).content
    await front.list("F")
    done(await http.post("/v1/lots/F/bids", headers=bearer(), json={"amount": 100, "ref": "b1"}))
    assert (await http.get("/v1/lots/F/registrations", headers=OTTO)).json() == {"registrations": [], "cursor": None}


async def test_registrations_come_page_by_page(http: httpx.AsyncClient) -> None:
    names = [f"b{n}" for n in range(5)]
    for name in reversed(names):
        done(await register(http, name))
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = await shown(http, **query)
        seen += [one["bidder"] for one in page["registrations"]]
        if page["cursor"] is None:
            break
        query["after"] = page["cursor"]
    assert seen == names
    for bad in ("limit=0", "limit=1001", "limit=x", "after=a&after=b", "rank=1"):
        is_problem(await http.get(f"/v1/lots/R/registrations?{bad}", headers=OTTO), 400, Code.MALFORMED)


async def test_registrations_are_shown_to_those_who_run_the_lot(front: Front, http: httpx.AsyncClient) -> None:
    for org in "KL":
        await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="court"))
    await front.house.registers.list_sale(Sale(sale="SK", title="K", org="K"))
    await front.house.listings.list_lot(replace(listing("of-K", **TERMS), sale="SK", org="K"))
    path = "/v1/lots/of-K/registrations"
    is_problem(await http.get(path), 401, Code.UNAUTHENTICATED)
    for headers in (bearer(), bearer("a", "auditor")):
        is_problem(await http.get(path, headers=headers), 403, Code.FORBIDDEN)
    is_problem(await http.get(path, headers=LEO), 403, Code.NOT_YOURS)
    for headers in (KIM, OTTO):
        done(await http.get(path, headers=headers))
    is_problem(await http.get("/v1/lots/Z/registrations", headers=OTTO), 404, Code.UNKNOWN_LOT)


# Joining --------------------------------------------------------------------------------------------------------------

TWO_PHASE: Message = {"format": "two_phase", "two_phase": {"confirm_s": 60, "countdown_s": 60}}


async def test_a_bidder_joins_over_either_way(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("T", **TWO_PHASE)
    assert state(front, "T").stage is Stage.FREE
    alice = front.bidder()
    for repeat in (False, True):
        alice.say(op="join", lot="T", ref="j1")
        told = await alice.hear("accepted")
        assert (told["ref"], told["lot"], told["seq"], told["repeat"]) == ("j1", "T", 2, repeat)
        assert "pending" not in told
    again = done(await http.post("/v1/lots/T/join", headers=bearer(), json={"ref": "j1"}))
    assert again["repeat"] is True
    is_problem(await http.post("/v1/lots/T/join", headers=bearer(), json={"ref": "j2"}), 409, Code.ALREADY_DONE)
    done(await http.post("/v1/lots/T/join", headers=bearer("bob"), json={"ref": "j1"}))
    assert done(await http.get("/v1/lots/T/registration", headers=bearer("bob")))["joined"] is True
    assert state(front, "T").seq == 2


async def test_where_there_is_nothing_to_join_it_is_refused(http: httpx.AsyncClient) -> None:
    is_problem(await http.post("/v1/lots/A/join", headers=bearer(), json={"ref": "j1"}), 409, Code.FORMAT_MISMATCH)
    is_problem(await http.post("/v1/lots/A/join", headers=bearer(), json={}), 400, Code.MALFORMED)
