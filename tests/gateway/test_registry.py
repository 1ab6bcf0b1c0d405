"""Consignors and rates over HTTP: who may write in the registry, and what a consignor's operators may direct."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from engine.errors import JournalAway
from lots.listing import Consignor, Sale
from lots.refusals import Code
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing

ADA = bearer("ada", "admin")
OTTO = bearer("otto", "operator")
KIM = bearer("kim", "operator", org="K")
COURT: Message = {"consignor": "K", "name": "District court", "kind": "court"}
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
    },
}
RATES: Message = {"base": "EUR", "rates": {"USD": "1.0832", "JPY": "163.1"}}


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
async def shared() -> AsyncIterator[Front]:
    """A house with the consignors K and L, a sale and a lot of each, and its own sale S with A and B."""
    async with open_front() as front:
        for org in "KL":
            await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="court"))
            await front.house.registers.list_sale(Sale(sale=f"S{org}", title=org, org=org))
            await front.house.listings.list_lot(replace(listing(f"of-{org}", group=f"G{org}"), sale=f"S{org}", org=org))
        yield front


# Consignors -----------------------------------------------------------------------------------------------------------


async def test_a_consignor_is_taken_on_once(front: Front) -> None:
    async with front.http() as http:
        first = await http.post("/v1/consignors", headers=ADA, json=COURT)
        assert (first.status_code, first.json()) == (201, COURT)
        assert (await http.get(first.headers["location"])).json() == COURT
        again = await http.post("/v1/consignors", headers=ADA, json=COURT)
        assert (again.status_code, again.json()) == (200, COURT)
        other = await http.post("/v1/consignors", headers=ADA, json={**COURT, "kind": "bank"})
        is_problem(other, 409, Code.CONFLICT)
        assert (await http.get("/v1/consignors")).json() == {"consignors": [COURT]}


async def test_there_is_nobody_before_anyone_is_taken_on(front: Front) -> None:
    async with front.http() as http:
        assert (await http.get("/v1/consignors")).json() == {"consignors": []}
        is_problem(await http.get("/v1/consignors/K"), 404, "unknown_consignor")
        for path in ("/v1/consignors", "/v1/consignors/K", "/v1/rates"):
            is_problem(await http.get(f"{path}?x=1"), 400, Code.MALFORMED)


@pytest.mark.parametrize(
    "change",
    [{"kind": "club"}, {"consignor": "a court"}, {"consignor": ""}, {"name": "x" * 301}, {"color": "red"}],
)
async def test_a_consignor_is_read_strictly(front: Front, change: Message) -> None:
    async with front.http() as http:
        is_problem(await http.post("/v1/consignors", headers=ADA, json={**COURT, **change}), 400, Code.MALFORMED)
        assert front.house.registers.consignors == {}


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/consignors"), ("PUT", "/v1/rates")])
async def test_only_an_admin_writes_in_the_registry(shared: Front, method: str, path: str) -> None:
    async with shared.http() as http:
        is_problem(await http.request(method, path, json={}), 401, Code.UNAUTHENTICATED)
        for headers in (bearer(), bearer("a", "auditor"), OTTO, KIM):
            is_problem(await http.request(method, path, headers=headers, json={}), 403, Code.FORBIDDEN)
        is_problem(await http.request(method, path, headers=ADA, json={}), 400, Code.MALFORMED)
        assert set(shared.house.registers.consignors) == {"K", "L"}


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/v1/consignors", COURT), ("PUT", "/v1/rates", RATES)])
async def test_what_cannot_be_stored_is_not_written(
    front: Front, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Message
) -> None:
    async def away(_records: object) -> None:
        raise JournalAway("gone")

    monkeypatch.setattr(front.house._journal, "enter_in_catalogue", away)
    async with front.http() as http:
        is_problem(await http.request(method, path, headers=ADA, json=body), 503, Code.UNAVAILABLE)
    assert (front.house.registers.consignors, front.house.registers.rates) == ({}, None)


# What a consignor's operators may direct ------------------------------------------------------------------------------


async def ask(front: Front, path: str, headers: dict[str, str], body: Any) -> httpx.Response:  # noqa: ANN401  JSON
    async with front.http() as http:
        return await http.post(path, headers=headers, json=body)


@pytest.mark.parametrize(
    ("headers", "sale", "status"),
    [
        (KIM, {"sale": "N", "org": "K"}, 201),
        (KIM, {"sale": "N", "org": "L"}, 403),
        (KIM, {"sale": "N"}, 403),
        (KIM, {"sale": "S", "org": "K"}, 403),
        (KIM, {"sale": "SL", "org": "K"}, 403),
        (OTTO, {"sale": "N", "org": "K"}, 201),
        (ADA, {"sale": "N", "org": "L"}, 201),
        (OTTO, {"sale": "N", "org": "never-taken-on"}, 400),
    ],
)
async def test_who_may_list_which_sale(shared: Front, headers: dict[str, str], sale: Message, status: int) -> None:
    response = await ask(shared, "/v1/sales", headers, {"title": "A new sale", **sale})
    assert response.status_code == status, response.text
    assert response.json().get("code") == _CODES[status]
    assert ("N" in shared.house.sales) == (status == 201)


async def test_a_staggered_sale_is_shown_as_it_was_listed(shared: Front) -> None:
    sale = {"sale": "N", "title": "One by one", "org": "K", "stagger": {"every_s": 15.0, "batch": 2}}
    listed = await ask(shared, "/v1/sales", KIM, sale)
    assert (listed.status_code, {name: listed.json()[name] for name in sale}) == (201, sale)
    assert (await ask(shared, "/v1/sales", KIM, sale)).status_code == 200


_CODES = {201: None, 400: Code.MALFORMED, 403: Code.NOT_YOURS, 409: Code.CONFLICT}


@pytest.mark.parametrize(
    ("headers", "change", "status"),
    [
        (KIM, {"sale": "SK", "org": "K"}, 201),
        (KIM, {"sale": "SK", "org": "K", "group": "GK"}, 201),
        (KIM, {"sale": "SK", "org": "K", "group": "new"}, 201),
        (KIM, {"sale": "SK", "org": "K", "before": "of-K"}, 409),
        (KIM, {"sale": "SK", "org": "L"}, 403),
        (KIM, {"sale": "SK"}, 403),
        (KIM, {"sale": "SL", "org": "K"}, 403),
        (KIM, {"sale": "S", "org": "K"}, 403),
        (KIM, {"sale": "never-listed", "org": "K"}, 403),
        (KIM, {"sale": "SK", "org": "K", "group": "GL"}, 403),
        (KIM, {"sale": "SK", "org": "K", "before": "of-L"}, 403),
        (KIM, {"sale": "SK", "org": "K", "before": "A"}, 403),
        (OTTO, {"sale": "SL", "org": "K"}, 201),
        (OTTO, {"sale": "SK", "org": "never-taken-on"}, 400),
    ],
)
async def test_who_may_list_which_lot(shared: Front, headers: dict[str, str], change: Message, status: int) -> None:
    change = dict(change)
    terms = {**LISTING["terms"], "group": change.pop("group", None)}
    response = await ask(shared, "/v1/lots", headers, {**LISTING, **change, "terms": terms})
    assert response.status_code == status, response.text
    assert response.json().get("code") == _CODES[status]
    assert ("N1" in shared.house.lots) == (status == 201)


@pytest.mark.parametrize(
    ("headers", "lot", "status"),
    [
        (KIM, "of-K", 200),
        (KIM, "of-L", 403),
        (KIM, "A", 403),
        (KIM, "Z", 404),
        (OTTO, "of-K", 200),
        (ADA, "of-L", 200),
        (bearer("x", "operator", org="never-taken-on"), "of-K", 403),
        (bearer("kim", "bidder", org="K"), "of-K", 403),
        (bearer("kim", "auditor", org="K"), "of-K", 403),
    ],
)
async def test_who_may_order_what(shared: Front, headers: dict[str, str], lot: str, status: int) -> None:
    seq = shared.house.lots[lot].state.seq if lot in shared.house.lots else 0
    order = {"order": "notice", "ref": "n1", "text": "Hello."}
    response = await ask(shared, f"/v1/lots/{lot}/orders", headers, order)
    assert response.status_code == status, response.text
    if lot in shared.house.lots:
        assert shared.house.lots[lot].state.seq == seq + (status == 200)


# Rates ----------------------------------------------------------------------------------------------------------------


async def test_rates_count_from_when_they_are_posted(front: Front) -> None:
    async with front.http() as http:
        assert (await http.get("/v1/rates")).json() == {"base": None, "rates": {}, "at": None}
        assert (await http.put("/v1/rates", headers=ADA, json=RATES)).json() == {**RATES, "at": NOW}
        front.clock.advance(1)
        again = await http.put("/v1/rates", headers=ADA, json=RATES)
        assert (again.status_code, again.json()) == (200, {**RATES, "at": NOW})
        others = {"base": "USD", "rates": {}}
        assert (await http.put("/v1/rates", headers=ADA, json=others)).json() == {**others, "at": NOW + 1}
        assert (await http.get("/v1/rates")).json() == {**others, "at": NOW + 1}


@pytest.mark.parametrize(
    "change",
    [
        {"base": "euro"},
        {"base": "JPY"},
        {"rates": {"USD": 1.0832}},
        {"rates": {"USD": "-1"}},
        {"rates": {"USD": "0.000"}},
        {"rates": {"USD": "1e3"}},
        {"rates": {"USD": "1."}},
        {"rates": {"USD": ".5"}},
        {"rates": {"USD": "NaN"}},
        {"rates": {"USD": "1" * 13}},
        {"rates": {"USD": "٣"}},
        {"rates": {"usd": "1"}},
        {"color": "red"},
    ],
)
async def test_rates_are_read_strictly(front: Front, change: Message) -> None:
    async with front.http() as http:
        is_problem(await http.put("/v1/rates", headers=ADA, json={**RATES, **change}), 400, Code.MALFORMED)
        assert front.house.registers.rates is None
