"""Operators' orders over HTTP: who may give them, what becomes of each, and what they do not tell."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from clock.instants import SECOND_US
from lots.listing import Consignor, Sale
from lots.phases import Phase
from lots.refusals import Code
from lots.state import Lot
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front
from tests.lots.saleroom import CLOSES_AT, listing

OTTO = bearer("otto", "operator")
OLGA = bearer("olga", "operator")
KIM = bearer("kim", "operator", org="K")
LEO = bearer("leo", "operator", org="L")
HALF_AN_HOUR_US = 1_800 * SECOND_US


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
async def http(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.http() as http:
        yield http


async def give(
    http: httpx.AsyncClient,
    order: str,
    ref: str,
    lot: str = "A",
    headers: dict[str, str] = OTTO,
    **fields: Any,  # noqa: ANN401  fields of an order
) -> httpx.Response:
    return await http.post(f"/v1/lots/{lot}/orders", headers=headers, json={"order": order, "ref": ref, **fields})


def done(response: httpx.Response) -> Message:
    assert response.status_code == 200, response.text
    told: Message = response.json()
    return told


async def bid(http: httpx.AsyncClient, sub: str, amount: int, lot: str = "A", **fields: Any) -> Message:  # noqa: ANN401  fields of a bid
    body = {"amount": amount, "ref": f"{sub}-{amount}", **fields}
    return done(await http.post(f"/v1/lots/{lot}/bids", headers=bearer(sub), json=body))


def state(front: Front, lot: str = "A") -> Lot:
    return front.house.lots[lot].state


# The course of a lot --------------------------------------------------------------------------------------------------


async def test_an_operator_directs_a_lot_through_its_life(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("U", opens_at=CLOSES_AT - 1)
    for order, fields, phase in (
        ("open", {}, Phase.OPEN),
        ("notice", {"text": "The frame is a copy."}, Phase.OPEN),
        ("pause", {"reason": "A fault."}, Phase.PAUSED),
        ("resume", {}, Phase.OPEN),
        ("fair_warning", {}, Phase.OPEN),
        ("suspend", {"reason": "An objection."}, Phase.PAUSED),
        ("resume", {}, Phase.OPEN),
        ("pass", {}, Phase.PASSED),
        ("reopen", {"seconds": 60}, Phase.OPEN),
        ("admit", {"bidder": "carol"}, Phase.OPEN),
        ("bar", {"bidder": "mallory"}, Phase.OPEN),
        ("withdraw", {"reason": "By order of the court."}, Phase.WITHDRAWN),
    ):
        seq = state(front, "U").seq
        given = done(await give(http, order, f"o-{order}-{seq}", "U", **fields))
        assert (state(front, "U").phase, given["pending"]) == (phase, False), order
    assert (await http.get("/v1/lots/U")).json()["notice"] == "The frame is a copy."
    assert list(state(front, "U").paddles) == ["carol"]


async def test_a_lot_is_sold_by_orders(http: httpx.AsyncClient) -> None:
    await bid(http, "alice", 200)
    for order, fields, fact in (
        ("step", {"step": 7}, {"ask": 207}),
        ("floor_bid", {"amount": 300, "hand": "7"}, {"price": 300, "bids": 2}),
        ("undo", {"reason": "No hand was up."}, {"price": 200, "bids": 1}),
        ("hammer", {}, {"phase": "sold", "hammer_price": 200, "settlement": "due"}),
        ("default", {"reason": "No payment came."}, {"settlement": "defaulted"}),
    ):
        done(await give(http, order, f"o-{order}", **fields))
        shown = (await http.get("/v1/lots/A")).json()
        assert {name: shown[name] for name in fact} == fact


async def test_a_bid_is_voided_by_its_number(front: Front, http: httpx.AsyncClient) -> None:
    seq = (await bid(http, "alice", 200))["seq"]
    await bid(http, "bob", 300)
    done(await give(http, "void_bid", "o1", seq=seq, reason="A slip of the finger."))
    is_problem(await give(http, "void_bid", "o2", seq=seq), 409, Code.ALREADY_DONE)
    is_problem(await give(http, "void_bid", "o3", seq=99), 409, Code.UNKNOWN_BID)
    assert (state(front).price, state(front).bids) == (300, 1)


async def test_the_sellers_consent_sells_what_passed_below_its_reserve(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("R", reserve=500, provisional_s=600)
    await bid(http, "alice", 200, "R")
    done(await give(http, "pass", "o1", "R"))
    assert (await http.get("/v1/lots/R")).json()["provisional"] is True
    done(await give(http, "consent", "o2", "R"))
    assert state(front, "R").hammer_price == 200


async def test_the_close_is_stored_with_who_was_there(front: Front, http: httpx.AsyncClient) -> None:
    alice = front.bidder()
    await bid(http, "alice", 200)
    await bid(http, "bob", 300)
    done(await give(http, "hammer", "o1"))
    (sold,) = [one for one in (await http.get("/v1/lots/A/events")).json()["events"] if one["ev"] == "lot_sold"]
    assert (sold["connected"], sold["lost"]) == (1, 0)
    alice.leave()


@pytest.mark.parametrize(
    ("order", "fields", "code"),
    [
        ("resume", {}, Code.WRONG_PHASE),
        ("open", {}, Code.WRONG_PHASE),
        ("reopen", {"seconds": 60}, Code.WRONG_PHASE),
        ("hammer", {}, Code.NO_BIDS),
        ("undo", {}, Code.NO_BIDS),
        ("void_bid", {"seq": 1}, Code.UNKNOWN_BID),
        ("step", {"step": 5}, Code.WRONG_PHASE),
        ("consent", {}, Code.WRONG_PHASE),
        ("settle", {}, Code.WRONG_PHASE),
        ("default", {}, Code.WRONG_PHASE),
        ("allocate", {"costs": 1, "shortfall": 1}, Code.WRONG_PHASE),
        ("admit", {"bidder": "carol", "rank": 1}, Code.FORMAT_MISMATCH),
        ("decline", {"bidder": "carol"}, Code.NOT_REGISTERED),
        ("deposit", {"bidder": "carol", "amount": 5, "payment": "p"}, Code.WRONG_AMOUNT),
        ("floor_bid", {"amount": 99}, Code.BELOW_START),
        ("countersign", {"of_by": "olga", "of_ref": "x"}, Code.UNKNOWN_PROPOSAL),
        ("pause", {"seen": 1}, Code.STALE),
        ("reoffer", {"successor": "A2", "opens_at": NOW, "closes_at": CLOSES_AT}, Code.WRONG_PHASE),
    ],
)
async def test_a_wrong_order_is_refused_by_its_own_code_and_leaves_no_trace(
    front: Front, http: httpx.AsyncClient, order: str, fields: Message, code: Code
) -> None:
    before = front.house.lots["A"]
    problem = is_problem(await give(http, order, "o1", **fields), 409, code)
    assert (problem["ref"], problem["lot"]) == ("o1", "A")
    assert front.house.lots["A"] == before
    assert list(front.house.lots) == ["A", "B"]


async def test_a_direction_that_is_none_is_malformed(front: Front, http: httpx.AsyncClient) -> None:
    for body in (b"", b"[]", b"{}", b'{"order":"sell","ref":"r"}', b'{"order":"open"}', b'{"order":1,"ref":"r"}'):
        is_problem(await http.post("/v1/lots/A/orders", headers=OTTO, content=body), 400, Code.MALFORMED)
    is_problem(await give(http, "suspend", "o1"), 400, Code.MALFORMED)
    assert state(front).seq == 2


async def test_an_order_on_an_unknown_lot_is_not_found(http: httpx.AsyncClient) -> None:
    is_problem(await give(http, "open", "o1", "Z"), 404, Code.UNKNOWN_LOT)


async def test_an_order_that_was_seen_by_its_number_is_taken(front: Front, http: httpx.AsyncClient) -> None:
    done(await give(http, "pause", "o1", seen=state(front).seq))


# Ends -----------------------------------------------------------------------------------------------------------------


async def test_an_end_moves_to_an_instant_or_by_seconds(front: Front, http: httpx.AsyncClient) -> None:
    done(await give(http, "extend", "o1", closes_at=CLOSES_AT + 5))
    assert state(front).closes_at == CLOSES_AT + 5
    done(await give(http, "extend", "o2", seconds=1.5))
    assert state(front).closes_at == CLOSES_AT + 5 + 1_500_000


async def test_an_extension_by_seconds_that_is_sent_twice_counts_once(front: Front, http: httpx.AsyncClient) -> None:
    first, again = [done(await give(http, "extend", "o1", seconds=60)) for _ in range(2)]
    assert (first["repeat"], again["repeat"]) == (False, True)
    assert state(front).closes_at == CLOSES_AT + 60 * SECOND_US


async def test_a_lot_reopens_for_seconds_from_now_and_a_retry_means_the_same(
    front: Front, http: httpx.AsyncClient
) -> None:
    done(await give(http, "pass", "o1"))
    front.clock.advance(SECOND_US)
    done(await give(http, "reopen", "o2", seconds=60))
    assert state(front).closes_at == NOW + 61 * SECOND_US
    front.clock.advance(SECOND_US)
    assert done(await give(http, "reopen", "o2", seconds=60))["repeat"] is True
    assert state(front).closes_at == NOW + 61 * SECOND_US


async def test_an_end_never_moves_nearer(http: httpx.AsyncClient) -> None:
    is_problem(await give(http, "extend", "o1", closes_at=CLOSES_AT - 1), 400, Code.MALFORMED)


async def test_a_saleroom_lot_takes_no_end(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("R", format="saleroom", closes_at=None)
    is_problem(await give(http, "extend", "o0", "R", seconds=60), 409, Code.WRONG_PHASE)
    for order, phase in (("open", Phase.OPEN), ("pass", Phase.PASSED), ("reopen", Phase.OPEN)):
        done(await give(http, order, f"o-{order}", "R"))
        assert state(front, "R").phase == phase
    assert state(front, "R").closes_at is None


# Who directs ----------------------------------------------------------------------------------------------------------


async def test_a_consignors_operators_direct_its_lots_and_no_others(front: Front, http: httpx.AsyncClient) -> None:
    for org in "KL":
        await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="court"))
    await front.house.registers.list_sale(Sale(sale="SK", title="K", org="K"))
    await front.house.listings.list_lot(replace(listing("of-K"), sale="SK", org="K"))
    path = "/v1/lots/{}/orders"
    for lot, headers in (("A", KIM), ("of-K", LEO), ("of-K", bearer("x", "operator", org="never-taken-on"))):
        is_problem(await give(http, "pause", "o1", lot, headers), 403, Code.NOT_YOURS)
        is_problem(await http.get(path.format(lot), headers=headers), 403, Code.NOT_YOURS)
    for headers in (bearer(), bearer("a", "auditor")):
        is_problem(await give(http, "pause", "o1", "of-K", headers), 403, Code.FORBIDDEN)
        is_problem(await http.get(path.format("of-K"), headers=headers), 403, Code.FORBIDDEN)
    is_problem(await give(http, "pause", "o1", "of-K", {}), 401, Code.UNAUTHENTICATED)
    is_problem(await http.get(path.format("of-K")), 401, Code.UNAUTHENTICATED)
    assert state(front, "of-K").seq == 2
    for order, headers in (("pause", KIM), ("resume", OTTO), ("pause", bearer("ada", "admin"))):
        done(await give(http, order, f"o2-{order}", "of-K", headers))


async def test_whoever_admits_does_not_learn_the_paddle(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("D", deposit=50)
    public = (await http.get("/v1/lots/D/events")).content
    told = done(await give(http, "admit", "o1", "D", bidder="alice"))
    paddle = state(front, "D").paddles["alice"]
    assert (told["paddle"], told["price"], told["seq"]) == (None, None, state(front, "D").seq)
    assert (await http.get("/v1/lots/D/events")).content == public
    assert (await bid(http, "alice", 100, "D"))["paddle"] == paddle


# Two operators --------------------------------------------------------------------------------------------------------


async def test_a_grave_order_waits_for_a_second_operator(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("R", four_eyes=["withdraw", "extend"])
    told = done(await give(http, "withdraw", "o1", "R", reason="A court order."))
    assert (told["pending"], state(front, "R").phase, state(front, "R").seq) == (True, Phase.OPEN, 2)
    waiting = (await http.get("/v1/lots/R/orders", headers=OLGA)).json()
    one = {"of_by": "otto", "of_ref": "o1", "order": "withdraw", "reason": "A court order.", "fields": {}}
    assert waiting == {"lot": "R", "proposals": [one]}
    hand: Message = {"of_by": "otto", "of_ref": "o1"}
    is_problem(await give(http, "countersign", "o2", "R", **hand), 409, Code.NEEDS_ANOTHER)
    carried = done(await give(http, "countersign", "c1", "R", OLGA, **hand))
    assert (carried["pending"], state(front, "R").phase) == (False, Phase.WITHDRAWN)
    assert (await http.get("/v1/lots/R/orders", headers=OLGA)).json()["proposals"] == []
    is_problem(await give(http, "countersign", "c2", "R", OLGA, **hand), 409, Code.UNKNOWN_PROPOSAL)


async def test_an_extension_that_waits_keeps_the_end_it_meant(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("R", four_eyes=["extend"])
    for repeat in (False, True):
        told = done(await give(http, "extend", "o1", "R", seconds=60))
        assert (told["pending"], told["repeat"]) == (True, repeat)
    (waiting,) = (await http.get("/v1/lots/R/orders", headers=OTTO)).json()["proposals"]
    assert waiting["fields"] == {"closes_at": CLOSES_AT + 60 * SECOND_US}
    done(await give(http, "countersign", "c1", "R", OLGA, of_by="otto", of_ref="o1"))
    assert state(front, "R").closes_at == CLOSES_AT + 60 * SECOND_US


# Offering again -------------------------------------------------------------------------------------------------------

AGAIN: Message = {"successor": "A2", "opens_at": NOW + HALF_AN_HOUR_US, "closes_at": CLOSES_AT + HALF_AN_HOUR_US}


async def test_a_reauction_is_the_lot_again_for_less(front: Front, http: httpx.AsyncClient) -> None:
    await front.list("R", deposit=10, reserve=500)
    done(await give(http, "pass", "o1", "R"))
    again = {**AGAIN, "start_price": 80, "deposit": 8, "reserve": None}
    told = done(await give(http, "reauction", "o2", "R", **again))
    assert told["seq"] == state(front, "R").seq
    shown = (await http.get("/v1/lots/A2")).json()
    assert (shown["before"], shown["title"], shown["phase"], shown["reserve"]) == ("R", "Lot R", "upcoming", "none")
    assert {name: shown["terms"][name] for name in ("start_price", "deposit", "opens_at", "closes_at")} == {
        "start_price": 80,
        "deposit": 8,
        "opens_at": AGAIN["opens_at"],
        "closes_at": AGAIN["closes_at"],
    }
    assert (await http.get("/v1/lots/R")).json()["successor"] == "A2"
    assert done(await give(http, "reauction", "o2", "R", **again))["repeat"] is True
    third = {**again, "successor": "A3"}
    is_problem(await give(http, "reauction", "o3", "R", **third), 409, Code.ALREADY_DONE)
    is_problem(await http.get("/v1/lots/A3"), 404, Code.UNKNOWN_LOT)


async def test_a_reauction_that_is_too_cheap_lists_nothing(front: Front, http: httpx.AsyncClient) -> None:
    done(await give(http, "pass", "o1"))
    is_problem(await give(http, "reauction", "o2", **AGAIN, start_price=79), 409, Code.DROP_TOO_LARGE)
    is_problem(await http.get("/v1/lots/A2"), 404, Code.UNKNOWN_LOT)
    assert state(front).successor is None


async def test_a_first_auctions_share_of_the_appraisal_does_not_bind_the_next(
    front: Front, http: httpx.AsyncClient
) -> None:
    bounds = {"start_percent_of_appraisal_min": 70, "reoffer_drop_percent_max": 20, "reoffer_within_s": 2_592_000}
    await front.list("R", appraisal=140, bounds=bounds)
    done(await give(http, "pass", "o1", "R"))
    done(await give(http, "reauction", "o2", "R", **AGAIN, start_price=80))
    kept = state(front, "A2").terms.bounds
    assert kept is not None
    assert (kept.start_percent_of_appraisal_min, kept.reoffer_drop_percent_max) == (None, 20)


async def test_in_a_sell_off_the_first_bid_sets_the_end(front: Front, http: httpx.AsyncClient) -> None:
    done(await give(http, "pass", "o1"))
    done(await give(http, "sell_off", "o2", **AGAIN, first_bid_closes_s=60))
    front.clock.set(AGAIN["opens_at"])
    await bid(http, "alice", 100, "A2")
    assert state(front, "A2").closes_at == AGAIN["opens_at"] + 60 * SECOND_US


async def test_an_id_that_is_taken_is_refused_before_the_lot_says_it_is_offered_again(
    front: Front, http: httpx.AsyncClient
) -> None:
    await front.list("C", group="G")
    done(await give(http, "pass", "o1"))
    for successor, status, code in (
        ("B", 409, Code.CONFLICT),
        ("G", 409, Code.CONFLICT),
        ("A", 400, Code.MALFORMED),
    ):
        again = {**AGAIN, "successor": successor}
        is_problem(await give(http, "reoffer", f"o-{successor}", **again), status, code)
    is_problem(await give(http, "reoffer", "o2", **{**AGAIN, "closes_at": NOW, "opens_at": 0}), 400, Code.MALFORMED)
    is_problem(await give(http, "reoffer", "o3", **{**AGAIN, "closes_at": None}), 400, Code.MALFORMED)
    assert state(front).successor is None


async def test_a_crash_before_the_other_lot_was_listed_heals_by_a_retry(
    front: Front, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(await give(http, "pass", "o1"))

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("the house ends here")

    with monkeypatch.context() as patch:
        patch.setattr(front.house.listings, "list_lot", crash)
        is_problem(await give(http, "reoffer", "o2", **AGAIN), 500, "internal")
    assert (state(front).successor, "A2" in front.house.lots) == ("A2", False)
    assert done(await give(http, "reoffer", "o2", **AGAIN))["repeat"] is True
    assert state(front, "A2").listing.before == "A"


async def test_a_defaulter_may_not_bid_when_the_lot_is_offered_again(front: Front, http: httpx.AsyncClient) -> None:
    await bid(http, "alice", 200)
    for order, fields in (("hammer", {}), ("default", {"reason": "No payment."}), ("reoffer", AGAIN)):
        done(await give(http, order, f"o-{order}", **fields))
    front.clock.set(AGAIN["opens_at"])
    body = {"amount": 100, "ref": "r1"}
    is_problem(await http.post("/v1/lots/A2/bids", headers=bearer("alice"), json=body), 409, Code.BARRED)
    await bid(http, "bob", 100, "A2")


async def test_a_lot_that_was_listed_as_the_next_one_bars_the_defaulter_too(http: httpx.AsyncClient) -> None:
    await bid(http, "alice", 200)
    for order in ("hammer", "default"):
        done(await give(http, order, f"o-{order}"))
    offered = {"lot": "A2", "sale": "S", "title": "Again", "before": "A"}
    terms = {"currency": "EUR", "start_price": 100, "ladder": [[0, 10]], "opens_at": 0, "closes_at": CLOSES_AT}
    listed = await http.post("/v1/lots", headers=OTTO, json={**offered, "terms": terms})
    assert listed.status_code == 201
    body = {"amount": 100, "ref": "r1"}
    is_problem(await http.post("/v1/lots/A2/bids", headers=bearer("alice"), json=body), 409, Code.BARRED)


async def test_a_reauction_under_four_eyes_lists_the_other_lot_with_the_second_hand(
    front: Front, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await front.list("R", four_eyes=["reauction"])
    done(await give(http, "pass", "o1", "R"))
    told = done(await give(http, "reauction", "o2", "R", **AGAIN, start_price=90))
    assert (told["pending"], state(front, "R").successor, "A2" in front.house.lots) == (True, None, False)
    hand: Message = {"of_by": "otto", "of_ref": "o2"}

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("the house ends here")

    with monkeypatch.context() as patch:
        patch.setattr(front.house.listings, "list_lot", crash)
        is_problem(await give(http, "countersign", "c1", "R", OLGA, **hand), 500, "internal")
    assert (state(front, "R").successor, "A2" in front.house.lots) == ("A2", False)
    done(await give(http, "reauction", "o2", "R", **AGAIN, start_price=90))
    assert state(front, "A2").terms.start_price == 90
