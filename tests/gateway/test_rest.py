"""The house over HTTP: what is shown, who may do what, and the form of every refusal."""

from collections.abc import AsyncIterator

import orjson
import pytest

from clock.instants import SECOND_US
from engine.errors import JournalAway
from gateway.auth import COOKIE
from lots.refusals import Code
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front, token
from tests.lots.saleroom import CLOSES_AT, OPENS_AT

BIDS = "/v1/lots/A/bids"
ORDERS = "/v1/lots/A/orders"
OTTO = bearer("otto", "operator")
LISTING: Message = {
    "lot": "N1",
    "sale": "S",
    "title": "A new lot",
    "terms": {
        "currency": "EUR",
        "start_price": 100,
        "ladder": [[0, 10]],
        "opens_at": OPENS_AT,
        "closes_at": CLOSES_AT,
        "reserve": 7_654_321,
    },
}


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


# Looking --------------------------------------------------------------------------------------------------------------


async def test_sales_are_shown_with_counts_by_phase(front: Front) -> None:
    async with front.http() as http:
        (sale,) = (await http.get("/v1/sales")).json()["sales"]
        assert (sale["sale"], sale["title"], sale["lots"]["open"]) == ("S", "A sale", 2)
        assert (await http.get("/v1/sales/S")).json() == sale
        is_problem(await http.get("/v1/sales/Z"), 404, "unknown_sale")


async def test_a_lot_is_shown_without_anything_private(front: Front) -> None:
    await front.list("R", reserve=54_321)
    async with front.http() as http:
        shown = (await http.get("/v1/lots/R")).json()
        assert (shown["lot"], shown["reserve"], shown["ask"], shown["you"]) == ("R", "not_met", 100, None)
        assert "54321" not in (await http.get("/v1/lots/R/events")).text
        is_problem(await http.get("/v1/lots/Z"), 404, Code.UNKNOWN_LOT)


async def test_lots_come_page_by_page_in_the_order_in_which_they_close(front: Front) -> None:
    for n in range(7):
        await front.list(f"L{n}", closes_at=CLOSES_AT + (7 - n) * SECOND_US)
    async with front.http() as http:
        seen: list[str] = []
        query: dict[str, str | int] = {"limit": 2}
        while True:
            page = (await http.get("/v1/lots", params=query)).json()
            seen += [lot["lot"] for lot in page["lots"]]
            if page["cursor"] is None:
                break
            query["cursor"] = page["cursor"]
        assert seen == ["A", "B", *(f"L{n}" for n in reversed(range(7)))]


async def test_a_full_last_page_has_no_cursor(front: Front) -> None:
    async with front.http() as http:
        page = (await http.get("/v1/lots", params={"limit": 2})).json()
        assert (len(page["lots"]), page["cursor"]) == (2, None)


async def test_lots_are_found_by_sale_phase_and_category(front: Front) -> None:
    await front.list("U", opens_at=CLOSES_AT - 1)
    async with front.http() as http:
        for query, found in (
            ({"phase": "upcoming"}, ["U"]),
            ({"sale": "S", "phase": "open"}, ["A", "B"]),
            ({"sale": "Z"}, []),
            ({"category": "jade"}, []),
            ({"category": ""}, ["A", "B", "U"]),
        ):
            assert [lot["lot"] for lot in (await http.get("/v1/lots", params=query)).json()["lots"]] == found


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=1.0", "limit=-1", "limit=%D9%A1", "limit=1&limit=2", "limit=",
        "phase=closed", "phase=OPEN", "color=red", "cursor=%21", "cursor=", "cursor=AAAA", "cursor=LjE",
        "cursor=%C3%A4",
    ],
)  # fmt: skip
async def test_a_bad_query_is_a_problem(front: Front, query: str) -> None:
    async with front.http() as http:
        is_problem(await http.get(f"/v1/lots?{query}"), 400, Code.MALFORMED)


@pytest.mark.parametrize("path", ["/v1/sales?x=1", "/v1/sales/S?x=1", "/v1/lots/A?x=1", "/v1/lots/A/events?after=x"])
async def test_no_parameter_is_silently_ignored(front: Front, path: str) -> None:
    async with front.http() as http:
        is_problem(await http.get(path), 400, Code.MALFORMED)


async def test_events_are_shown_from_where_one_was(front: Front) -> None:
    async with front.http() as http:
        await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"})
        events = (await http.get("/v1/lots/A/events")).json()["events"]
        assert [event["ev"] for event in events] == ["lot_listed", "lot_opened", "bidder_admitted", "bid_placed"]
        assert [event["seq"] for event in events] == [1, 2, 3, 4]
        assert events[-1]["head"] == (await http.get("/v1/lots/A")).json()["head"]
        assert (await http.get("/v1/lots/A/events?after=2&limit=1")).json()["events"] == [events[2]]
        assert (await http.get("/v1/lots/A/events?after=99")).json()["events"] == []
        assert "alice" not in str(events)


async def test_without_a_store_the_record_is_unavailable(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_arguments: object) -> None:
        raise JournalAway("nobody there")

    monkeypatch.setattr(front.house, "events", away)
    async with front.http() as http:
        assert is_problem(await http.get("/v1/lots/A/events"), 503, Code.UNAVAILABLE)
        assert (await http.get("/v1/lots/A/events")).headers["retry-after"] == "1"


# Bidding --------------------------------------------------------------------------------------------------------------


async def test_a_bid_is_accepted_and_a_retry_is_the_same(front: Front) -> None:
    async with front.http() as http:
        first = await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"})
        assert first.status_code == 200
        told = first.json()
        assert 100 <= told.pop("paddle") <= 999
        fields = {"ref": "r1", "lot": "A", "seq": 4, "at": NOW, "price": 100, "leading": True}
        assert told == {**fields, "repeat": False}
        again = (await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"})).json()
        assert again == {**first.json(), "repeat": True}


async def test_a_ref_counts_over_both_ways_in(front: Front) -> None:
    alice = front.bidder()
    alice.say(op="max_bid", lot="A", amount=500, ref="r1")
    await alice.hear("accepted")
    async with front.http() as http:
        again = await http.post(BIDS, headers=bearer(), json={"max": 500, "ref": "r1"})
        assert (again.status_code, again.json()["repeat"]) == (200, True)
        other = await http.post(BIDS, headers=bearer(), json={"amount": 500, "ref": "r1"})
        is_problem(other, 409, Code.REF_REUSED)


async def test_a_refusal_by_rule_has_the_fields_of_refused(front: Front) -> None:
    async with front.http() as http:
        problem = is_problem(
            await http.post(BIDS, headers=bearer(), json={"amount": 99, "ref": "r1"}), 409, Code.BELOW_START
        )
        assert {name: problem[name] for name in ("ref", "lot", "ask", "at", "now")} == {
            "ref": "r1",
            "lot": "A",
            "ask": 100,
            "at": NOW,
            "now": NOW,
        }


async def test_a_bid_above_the_limit_needs_to_be_confirmed(front: Front) -> None:
    await front.list("C", confirm_above=10)
    async with front.http() as http:
        body: Message = {"amount": 5_000, "ref": "r1"}
        is_problem(await http.post("/v1/lots/C/bids", headers=bearer(), json=body), 409, Code.ABOVE_LIMIT)
        sure = await http.post("/v1/lots/C/bids", headers=bearer(), json={**body, "confirm": True})
        assert sure.status_code == 200


async def test_who_may_bid(front: Front) -> None:
    body = {"amount": 100, "ref": "r1"}
    async with front.http() as http:
        unknown = await http.post(BIDS, json=body)
        is_problem(unknown, 401, Code.UNAUTHENTICATED)
        assert unknown.headers["www-authenticate"].startswith("Bearer")
        is_problem(await http.post(BIDS, headers=OTTO, json=body), 403, Code.FORBIDDEN)
        is_problem(await http.post(BIDS, headers=bearer(ttl_s=0), json=body), 401, Code.UNAUTHENTICATED)
        bad = {"Authorization": "Bearer x"}
        is_problem(await http.post(BIDS, headers=bad, json=body), 401, Code.UNAUTHENTICATED)
        assert front.house.lots["A"].state.bids == 0


async def test_a_cookie_bids_only_from_our_own_pages(front: Front) -> None:
    session = {"Cookie": f"{COOKIE}={token()}"}
    body = {"amount": 100, "ref": "r1"}
    async with front.http() as http:
        is_problem(await http.post(BIDS, headers=session, json=body), 401, Code.UNAUTHENTICATED)
        foreign = {**session, "Origin": "https://evil.example"}
        is_problem(await http.post(BIDS, headers=foreign, json=body), 401, Code.UNAUTHENTICATED)
        own = {**session, "Origin": "http://house.example"}
        assert (await http.post(BIDS, headers=own, json=body)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"amount":100}', b'{"ref":"r1"}', b'{"amount":100.0,"ref":"r1"}',
        b'{"amount":-1,"ref":"r1"}',
        b'{"amount":9007199254740992,"ref":"r1"}', b'{"amount":100,"max":100,"ref":"r1"}', b'{"amount":NaN,"ref":"r1"}',
        b'{"amount":100,"ref":"r 1"}', b'{"amount":100,"ref":"r1","note":1}', b"\xff", b"[" * 20_000,
    ],
)  # fmt: skip
async def test_a_bid_that_is_none_is_malformed(front: Front, body: bytes) -> None:
    async with front.http() as http:
        is_problem(await http.post(BIDS, headers=bearer(), content=body), 400, Code.MALFORMED)


async def test_a_bid_on_an_unknown_lot_is_not_found(front: Front) -> None:
    async with front.http() as http:
        body = {"amount": 100, "ref": "r1"}
        is_problem(await http.post("/v1/lots/Z/bids", headers=bearer(), json=body), 404, Code.UNKNOWN_LOT)


async def test_the_rate_of_an_account_holds_over_both_ways_in() -> None:
    async with open_front(bids_burst=2) as front, front.http() as http:
        alice = front.bidder()
        alice.say(op="bid", lot="A", amount=100, ref="r1")
        await alice.hear("accepted")
        await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"})
        limited = await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"})
        is_problem(limited, 429, Code.RATE_LIMITED)
        assert limited.headers["retry-after"] == "1"


async def test_a_body_is_bounded() -> None:
    async with open_front(body_bytes_max=1_000) as front, front.http() as http:
        is_problem(await http.post(BIDS, headers=bearer(), content=b" " * 1_001), 413, Code.MALFORMED)


# Directing ------------------------------------------------------------------------------------------------------------


async def test_a_lot_is_listed_once(front: Front) -> None:
    async with front.http() as http:
        first = await http.post("/v1/lots", headers=OTTO, json=LISTING)
        assert (first.status_code, first.headers["location"]) == (201, "/v1/lots/N1")
        assert (first.json()["lot"], first.json()["phase"]) == ("N1", "open")
        assert "7654321" not in first.text
        assert (await http.post("/v1/lots", headers=OTTO, json=LISTING)).status_code == 200
        other = {**LISTING, "title": "Another lot"}
        is_problem(await http.post("/v1/lots", headers=OTTO, json=other), 409, Code.CONFLICT)


async def test_a_sale_is_listed_once(front: Front) -> None:
    sale = {"sale": "T", "title": "Another sale"}
    async with front.http() as http:
        first = await http.post("/v1/sales", headers=OTTO, json=sale)
        assert (first.status_code, first.headers["location"]) == (201, "/v1/sales/T")
        assert (await http.post("/v1/sales", headers=OTTO, json=sale)).status_code == 200
        is_problem(await http.post("/v1/sales", headers=OTTO, json={**sale, "title": "No"}), 409, Code.CONFLICT)
        assert len((await http.get("/v1/sales")).json()["sales"]) == 2


async def test_a_sale_may_name_its_time_zone(front: Front) -> None:
    sale = {"sale": "T", "title": "Another sale", "zone": "Asia/Shanghai"}
    async with front.http() as http:
        assert (await http.post("/v1/sales", headers=OTTO, json=sale)).json()["zone"] == "Asia/Shanghai"
        assert (await http.post("/v1/sales", headers=OTTO, json=sale)).status_code == 200
        assert (await http.get("/v1/sales/T")).json()["zone"] == "Asia/Shanghai"
        assert (await http.get("/v1/sales/S")).json()["zone"] == ""
        other = {**sale, "zone": "Europe/Berlin"}
        is_problem(await http.post("/v1/sales", headers=OTTO, json=other), 409, Code.CONFLICT)


@pytest.mark.parametrize(
    ("zone", "detail"),
    [
        (
            "Asia/Nowhere",
            "There is no time zone 'Asia/Nowhere'; names are written as in Asia/Shanghai or Europe/Berlin.",
        ),
        ("asia/shanghai", "There is no time zone 'asia/shanghai'; perhaps you mean Asia/Shanghai."),
        ("Beijing time", None),
        ("../../etc/passwd", None),
        (8, None),
        (None, None),
    ],
)
async def test_a_time_zone_that_there_is_not_is_refused(front: Front, zone: object, detail: str | None) -> None:
    async with front.http() as http:
        response = await http.post("/v1/sales", headers=OTTO, json={"sale": "T", "title": "T", "zone": zone})
        if detail is None:
            assert (response.status_code, response.json()["code"]) == (400, Code.MALFORMED)
            assert "zone" in response.json()["detail"]
        else:
            assert response.json()["detail"] == detail
            assert (response.status_code, response.json()["code"]) == (400, Code.MALFORMED)
    assert set(front.house.sales) == {"S"}


@pytest.mark.parametrize(
    "change",
    [
        {"lot": "no id"},
        {"lot": ""},
        {"lot": 7},
        {"title": "x" * 301},
        {"color": "red"},
        {"images": ["x"] * 13},
        {"terms": None},
    ],
)
async def test_a_listing_is_read_strictly(front: Front, change: Message) -> None:
    async with front.http() as http:
        response = await http.post("/v1/lots", headers=OTTO, json={**LISTING, **change})
        is_problem(response, 400, Code.MALFORMED)


@pytest.mark.parametrize(
    "change",
    [
        {"start_price": 1.5},
        {"start_price": -1},
        {"ladder": []},
        {"ladder": [[1, 10]]},
        {"ladder": [[0, 0]]},
        {"closes_at": OPENS_AT},
        {"closes_at": NOW, "opens_at": 0},
        {"currency": "euro"},
        {"group": "N1"},
        {"format": "dutch"},
        {"soft_close": {"window_s": -1, "extension_s": 1}},
        {"color": "red"},
    ],
)
async def test_terms_are_read_strictly(front: Front, change: Message) -> None:
    listing = {**LISTING, "terms": {**LISTING["terms"], **change}}
    async with front.http() as http:
        is_problem(await http.post("/v1/lots", headers=OTTO, json=listing), 400, Code.MALFORMED)
        is_problem(await http.get("/v1/lots/N1"), 404, Code.UNKNOWN_LOT)


@pytest.mark.parametrize("path", ["/v1/sales", "/v1/lots", ORDERS])
async def test_only_operators_direct(front: Front, path: str) -> None:
    async with front.http() as http:
        is_problem(await http.post(path, json={}), 401, Code.UNAUTHENTICATED)
        for headers in (bearer(), bearer("a", "auditor"), bearer("b", "bidder", org="consignor-7")):
            is_problem(await http.post(path, headers=headers, json={}), 403, Code.FORBIDDEN)
        stranger = bearer("otto", "operator", org="consignor-7")
        is_problem(await http.post(path, headers=stranger, json={}), 403, Code.NOT_YOURS)
        is_problem(await http.post(path, headers=bearer("ada", "admin"), json={}), 400, Code.MALFORMED)


# The house ------------------------------------------------------------------------------------------------------------


async def test_the_house_says_how_it_is(front: Front) -> None:
    async with front.http() as http:
        health = (await http.get("/healthz")).json()
        assert (health["status"], health["version"]) == ("ok", "1.2.3")
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "troubles": []})
        await front.house.stop()
        closed = await http.get("/readyz")
        assert (closed.status_code, closed.json()["ready"]) == (503, False)
        is_problem(await http.post(BIDS, headers=bearer(), json={"amount": 100, "ref": "r1"}), 503, Code.UNAVAILABLE)


async def test_figures_are_for_this_machine_and_for_admins(front: Front) -> None:
    async with front.http() as http:
        page = await http.get("/metrics")
        assert page.status_code == 200
        assert 'knockdown_lots{phase="open"} 2.0' in page.text
        assert "knockdown_append_seconds_count" in page.text
        is_problem(await http.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}), 403, Code.FORBIDDEN)
    async with front.http("192.0.2.1") as http:
        is_problem(await http.get("/metrics"), 403, Code.FORBIDDEN)
        is_problem(await http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}), 403, Code.FORBIDDEN)
        is_problem(await http.get("/metrics", headers=OTTO), 403, Code.FORBIDDEN)
        assert (await http.get("/metrics", headers=bearer("ada", "admin"))).status_code == 200


async def test_what_does_not_exist_is_a_problem_too(front: Front) -> None:
    async with front.http() as http:
        is_problem(await http.get("/v2"), 404, "not_found")
        wrong = await http.delete("/v1/lots/A")
        is_problem(wrong, 405, "method_not_allowed")
        assert wrong.headers["allow"] == "GET, HEAD"
        assert (await http.delete("/v1/lots")).headers["allow"] == "GET, HEAD, POST"
        assert (await http.post("/v1/rates")).headers["allow"] == "GET, HEAD, PUT"


async def test_a_fault_of_ours_is_a_problem_and_tells_nothing(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(front.house, "troubles", broken)
    async with front.http() as http:
        response = await http.get("/readyz")
        is_problem(response, 500, "internal")
        assert "secret" not in response.text


async def test_pages_that_are_named_may_read_and_others_may_not(front: Front) -> None:
    async with front.http() as http:
        named = await http.get("/v1/sales", headers={"Origin": "https://pages.example"})
        assert named.headers["access-control-allow-origin"] == "https://pages.example"
        foreign = await http.get("/v1/sales", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers


async def test_documents_are_served(front: Front) -> None:
    async with front.http() as http:
        assert orjson.loads((await http.get("/openapi.json")).content)["openapi"] == "3.1.0"
        assert orjson.loads((await http.get("/asyncapi.json")).content)["asyncapi"] == "3.0.0"
