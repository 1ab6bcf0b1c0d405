"""The documents describe what is really said and taken."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]  # it ships no type information
import msgspec
import orjson
import pytest
from starlette.routing import Route

from clock.instants import MILLISECOND_US, SECOND_US
from gateway import announcements, documents, messages
from gateway.directions import OrderBody
from lots.listing import Consignor
from lots.terms import Terms
from tests.gateway.front import NOW, Front, Message, bearer, open_front, token
from tests.gateway.test_directing import AGAIN, OTTO, bid, done, give
from tests.gateway.test_messages import ORDERS
from tests.gateway.test_payments import signed
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, listing

LISTING = listing(reserve=500, registration={"statements": ["Yes."]}, premium=[[0, 1_000]])
OPENAPI = orjson.loads(documents.openapi("1.2.3"))
ASYNCAPI = orjson.loads(documents.asyncapi("1.2.3"))
KINDS: dict[str, Any] = {documents._tag(kind): kind for kind in announcements.SERVER_MESSAGES}


def references(value: object) -> Iterator[str]:
    """Yield everything that a document refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def schema(document: Message, kind: str) -> Message:
    """Return one component so that everything it refers to can be found."""
    return {"$ref": f"#/components/schemas/{kind}", "components": document["components"]}


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI])
def test_every_reference_leads_somewhere(document: Message) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI])
def test_every_schema_is_one(document: Message) -> None:
    for component in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(component)


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI])
def test_patterns_are_javascript(document: Message) -> None:
    assert "\\Z" not in str(document)


def test_all_messages_of_the_contract_are_there() -> None:
    names = set(ASYNCAPI["channels"]["house"]["messages"])
    assert {f"op_{op}" for op in ("auth", "watch", "unwatch", "bid", "max_bid", "join", "time")} <= names
    evs = "hello lot sale state states heartbeat resumed you accepted refused status operations time error goodbye"
    assert {f"ev_{ev}" for ev in evs.split()} <= names


async def test_every_route_is_described_and_every_described_one_is_there() -> None:
    async with open_front() as front:
        routes = [route for route in front.gateway.app.routes if isinstance(route, Route)]
    served = {(path, method) for path, method in _calls(routes) if path.startswith("/v1/")}
    described = {(path, method.upper()) for path, calls in OPENAPI["paths"].items() for method in calls}
    assert served == described


def _calls(routes: list[Route]) -> Iterator[tuple[str, str]]:
    for route in routes:
        yield from ((route.path, method) for method in (route.methods or set()) - {"HEAD"})


def test_a_reserve_is_shown_only_where_it_is_public() -> None:
    hidden = LISTING.terms.public()
    public = msgspec.structs.replace(LISTING.terms, reserve_public=True).public()
    validator = jsonschema.Draft202012Validator(schema(OPENAPI, "PublicTerms"))
    assert (hidden.get("reserve"), public.get("reserve")) == (None, 500)
    for shown in (hidden, public):
        validator.validate(orjson.loads(orjson.dumps(shown)))
        assert set(shown) <= set(announcements.PublicTerms.__struct_encode_fields__)


def test_public_terms_are_all_terms() -> None:
    assert {*announcements.PublicTerms.__struct_encode_fields__} == {*Terms.__struct_encode_fields__}


@pytest.mark.parametrize(
    ("said", "valid"),
    [
        ({"op": "bid", "lot": "A", "amount": 1, "ref": "r"}, True),
        ({"op": "bid", "lot": "A", "amount": -1, "ref": "r"}, False),
        ({"op": "bid", "lot": "A", "amount": 1.5, "ref": "r"}, False),
        ({"op": "bid", "lot": "A", "amount": 1, "ref": "r r"}, False),
        ({"op": "bid", "lot": "A", "amount": 1, "ref": "r", "x": 1}, False),
        ({"op": "bid", "lot": "A", "amount": 2**53, "ref": "r"}, False),
    ],
)
def test_a_document_takes_what_the_decoder_takes(said: Message, *, valid: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema(ASYNCAPI, "Bid"))
    assert validator.is_valid(said) is valid
    assert isinstance(messages.read_json(msgspec.json.encode(said)), messages.Bid) is valid


@pytest.mark.parametrize("name", ORDERS)
def test_a_document_takes_the_orders_that_are_taken(name: str) -> None:
    (one,) = OPENAPI["paths"]["/v1/lots/{lot}/orders"]["post"]["requestBody"]["content"].values()
    validator = jsonschema.Draft202012Validator({**one["schema"], "components": OPENAPI["components"]})
    decoder: msgspec.json.Decoder[OrderBody] = msgspec.json.Decoder(OrderBody)
    for fields in ({}, {"seen": 3, "reason": "Why not."}, {"seen": -1}, {"x": 1}, {"ref": "a b"}):
        said = {"order": name, "ref": "r", **ORDERS[name], **fields}
        read: OrderBody | messages.Malformed = messages.read_body(decoder, msgspec.json.encode(said))
        assert validator.is_valid(said) is not isinstance(read, messages.Malformed), said


def check(message: Message) -> None:
    """Assert that a message is as described, and has no field that is not."""
    kind = KINDS[message["ev"]]
    jsonschema.validate(message, schema(ASYNCAPI, kind.__name__))
    assert set(message) <= {"ev", *kind.__struct_encode_fields__}, message
    for item in message.get("lots", []) if message["ev"] == "sale" else message.get("states", []):
        check(item)


async def bid_around(front: Front) -> list[Message]:
    """Let a lot have all that can happen to it, before watchers of all kinds; returns everything that was said."""
    watcher, alice, bob = front.visitor(), front.bidder(), front.bidder("bob")
    operator = front.visitor(("Authorization", f"Bearer {token('otto', 'operator')}"))
    for lot in ("A", "U"):
        watcher.say(op="watch", lot=lot)
        alice.say(op="watch", lot=lot)
    watcher.say(op="watch", sale="S")
    bob.say(op="watch", lot="A", feed="live")
    watcher.say(op="time", sent=1)
    watcher.say(op="nonsense")
    operator.say(op="watch", feed="operations")
    for number, (who, op, amount) in enumerate(((alice, "max_bid", 500), (bob, "bid", 300), (bob, "bid", 300))):
        who.say(op=op, lot="A", amount=amount, ref=f"r{number}")
        await alice.hear("accepted") if who is alice else None
    async with front.http() as http:
        for order, fields in (
            ("open", {}),
            ("notice", {"text": "Look."}),
            ("extend", {"seconds": 60}),
            ("pause", {"reason": "Wait."}),
            ("resume", {}),
            ("admit", {"bidder": "carol"}),
            ("withdraw", {"reason": "Gone."}),
        ):
            path = "/v1/lots/U/orders"
            given = {"order": order, "ref": f"o-{order}", **fields}
            assert (await http.post(path, headers=bearer("otto", "operator"), json=given)).status_code == 200
    front.gateway.fanout.status("away")
    front.gateway.operations.tick()
    front.gateway.reception.leaving(watcher.wire)
    heard = await watcher.hear("lot_withdrawn")
    return [heard, *watcher.take(), *alice.take(), *bob.take(), *operator.take()]


async def test_everything_that_is_said_is_as_described() -> None:
    async with open_front() as front:
        await front.list("U", opens_at=CLOSES_AT - 1)
        said: list[Message] = []
        record = type(front.visitor()).write

        def keep(self: Any, data: bytes) -> None:  # noqa: ANN401  a visitor
            before = len(self.said)
            record(self, data)
            said.extend(self.said[before:])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.gateway.front.Visitor.write", keep)
            await bid_around(front)
        kinds = {message["ev"] for message in said}
        for message in said:
            check(message)
        assert kinds >= {"lot", "sale", "accepted", "refused", "time", "error", "operations", "goodbye", "you"}
        assert "watchers" in kinds
        assert kinds >= {"bid_placed", "bidder_admitted", "lot_opened", "lot_extended", "lot_paused", "notice_posted"}
        assert "alice" not in str([message for message in said if message["ev"] != "hello"])


# Events ---------------------------------------------------------------------------------------------------------------


async def ring(front: Front, lot: str) -> None:
    """Let the bell of a lot ring now, and wait until what it leads to is stored."""
    front.house._ring(lot)
    async with front.http() as http:
        done(await give(http, "notice", f"rung-{lot}-{front.clock.now()}", lot, text="The bell has rung."))


async def hold_sales_of_all_kinds(front: Front, http: httpx.AsyncClient) -> list[str]:
    """Let every event happen, all within a second: a longer jump of the clock would be an outage."""
    soon = NOW + 500 * MILLISECOND_US
    await front.list("P")
    await front.list("R", reserve=500, provisional_s=0.2)
    await front.list("S1", format="sealed", sealed={}, ladder=[], closes_at=soon)
    await front.list("D1", format="dutch", dutch={"step": 10, "every_s": 0.1}, ladder=[], opens_at=NOW)
    await front.list("T", format="two_phase", two_phase={"countdown_s": 60}, closes_at=soon)
    await front.list("F", first_bid_closes_s=60)
    for lot in ("A", "B", "R", "S1", "T", "F"):
        await bid(http, "alice", 200, lot)
    last = await bid(http, "bob", 300)
    for lot, order, fields in (
        ("A", "fair_warning", {}), ("A", "step", {"step": 5}), ("A", "void_bid", {"seq": last["seq"]}),
        ("A", "floor_bid", {"amount": 400}), ("A", "extend", {"seconds": 60}), ("A", "suspend", {"reason": "Why."}),
        ("A", "resume", {}), ("A", "hammer", {}), ("A", "settle", {}),
        ("B", "hammer", {}), ("B", "default", {}), ("B", "reoffer", {**AGAIN, "successor": "B2"}),
        ("P", "pass", {}), ("P", "reopen", {"seconds": 60}), ("P", "pause", {}), ("P", "withdraw", {}),
        ("R", "pass", {}),
    ):  # fmt: skip
        done(await give(http, order, f"{lot}-{order}", lot, **fields))
    front.clock.set(soon)
    for lot in ("R", "S1", "D1", "T"):
        await ring(front, lot)
    return list(front.house.lots)


async def test_every_event_is_as_described() -> None:
    told: set[str] = set()
    async with open_front() as front, front.http() as http:
        for lot in await hold_sales_of_all_kinds(front, http):
            page = (await http.get(f"/v1/lots/{lot}/events")).json()
            jsonschema.validate(page, schema(OPENAPI, "EventsPage"))
            for event in page["events"]:
                check(event)
                told.add(event["ev"])
            check((await http.get(f"/v1/lots/{lot}")).json())
    assert told == {documents._tag(kind) for kind in announcements.EVENTS}


# Answers over HTTP ----------------------------------------------------------------------------------------------------


def described(path: str, method: str, answer: httpx.Response) -> None:
    """Assert that an answer is as described for its call and status, and has no field at its top that is not."""
    call = OPENAPI["paths"][path][method]
    response = call["responses"][str(answer.status_code)]
    content = response["content"][answer.headers["content-type"].partition(";")[0]]
    if content["schema"] == {"type": "string"}:
        return
    jsonschema.validate(answer.json(), {**content["schema"], "components": OPENAPI["components"]})
    _, _, name = content["schema"]["$ref"].rpartition("/")
    assert set(answer.json()) <= set(OPENAPI["components"]["schemas"][name]["properties"]), answer.text


REGISTERING: Message = {"ref": "r1", "accepts": ["Yes."]}
SALE: Message = {"sale": "N", "title": "A new sale"}
TERMS: Message = {
    "currency": "EUR",
    "start_price": 100,
    "ladder": [[0, 10]],
    "opens_at": OPENS_AT,
    "closes_at": CLOSES_AT,
}
ALICE, ANNA, ADA = bearer(), bearer("anna", "auditor"), bearer("ada", "admin")


@pytest.mark.parametrize(
    ("status", "method", "path", "where", "headers", "body"),
    [
        (200, "get", "/v1/sales", "", {}, None),
        (200, "get", "/v1/sales/{sale}", "S", {}, None),
        (404, "get", "/v1/sales/{sale}", "Z", {}, None),
        (201, "post", "/v1/sales", "", OTTO, SALE),
        (400, "post", "/v1/sales", "", OTTO, {}),
        (200, "get", "/v1/lots", "", {}, None),
        (200, "get", "/v1/lots?indicative=USD", "", {}, None),
        (400, "get", "/v1/lots?limit=0", "", {}, None),
        (200, "get", "/v1/lots/{lot}", "A", {}, None),
        (200, "get", "/v1/lots/{lot}?indicative=USD", "A", {}, None),
        (201, "post", "/v1/lots", "", OTTO, {"lot": "N1", "sale": "S", "title": "New", "terms": TERMS}),
        (409, "post", "/v1/lots", "", OTTO, {"lot": "A", "sale": "S", "title": "Other", "terms": TERMS}),
        (200, "get", "/v1/lots/{lot}/events", "A", {}, None),
        (200, "post", "/v1/lots/{lot}/bids", "A", ALICE, {"ref": "b", "amount": 500}),
        (409, "post", "/v1/lots/{lot}/bids", "A", ALICE, {"ref": "b", "amount": 1}),
        (401, "post", "/v1/lots/{lot}/bids", "A", {}, {"ref": "b", "amount": 1}),
        (200, "post", "/v1/lots/{lot}/registrations", "G", ALICE, REGISTERING),
        (200, "get", "/v1/lots/{lot}/registrations", "G", OTTO, None),
        (200, "get", "/v1/lots/{lot}/registration", "G", ALICE, None),
        (200, "post", "/v1/lots/{lot}/join", "T", ALICE, {"ref": "j"}),
        (200, "post", "/v1/lots/{lot}/orders", "A", OTTO, {"order": "pause", "ref": "o"}),
        (409, "post", "/v1/lots/{lot}/orders", "A", OTTO, {"order": "resume", "ref": "o"}),
        (403, "post", "/v1/lots/{lot}/orders", "A", ALICE, {"order": "pause", "ref": "o"}),
        (200, "get", "/v1/lots/{lot}/orders", "G", OTTO, None),
        (200, "get", "/v1/lots/{lot}/settlement", "D", OTTO, None),
        (200, "get", "/v1/lots/{lot}/settlement", "W", OTTO, None),
        (409, "get", "/v1/lots/{lot}/settlement", "A", OTTO, None),
        (200, "get", "/v1/lots/{lot}/record", "D", ANNA, None),
        (200, "get", "/v1/lots/{lot}/record?limit=2", "D", ANNA, None),
        (409, "get", "/v1/lots/{lot}/record", "A", ANNA, None),
        (200, "get", "/v1/lots/{lot}/refusals", "D", ANNA, None),
        (200, "get", "/v1/consignors", "", {}, None),
        (200, "get", "/v1/consignors/{consignor}", "K", {}, None),
        (404, "get", "/v1/consignors/{consignor}", "Z", {}, None),
        (201, "post", "/v1/consignors", "", ADA, {"consignor": "L", "name": "L", "kind": "bank"}),
        (200, "get", "/v1/rates", "", {}, None),
        (200, "put", "/v1/rates", "", ADA, {"base": "EUR", "rates": {"USD": "1.08"}}),
        (401, "post", "/v1/payments", "", {}, {}),
        (201, "post", "/v1/imports", "", OTTO, {"sale": SALE, "lots": [{"lot": "N1", "title": "New", "terms": TERMS}]}),
        (400, "post", "/v1/imports", "", OTTO, {"sale": SALE, "lots": [{"lot": "N 1"}]}),
        (200, "get", "/v1/sheets", "", {}, None),
        (200, "get", "/v1/sheets/{sheet}", "plain", {}, None),
        (404, "get", "/v1/sheets/{sheet}", "Z", {}, None),
        (200, "get", "/v1/sales/{sale}/results", "S", {}, None),
        (200, "get", "/v1/sales/{sale}/results?format=csv", "S", {}, None),
        (200, "get", "/v1/sales/{sale}/settlement", "S", OTTO, None),
        (200, "get", "/v1/sales/{sale}/settlement?format=csv", "S", ANNA, None),
        (403, "get", "/v1/sales/{sale}/settlement", "S", ALICE, None),
    ],
)  # fmt: skip
async def test_http_answers_are_as_described(
    status: int, method: str, path: str, where: str, headers: dict[str, str], body: Message | None
) -> None:
    async with open_front(sheets={"plain": {"proxy": False}}) as front, front.http() as http:
        await furnish(front, http)
        address = path.format(lot=where, sale=where, consignor=where, sheet=where)
        if body is not None:
            takes = OPENAPI["paths"][path]["post" if method == "post" else "put"]["requestBody"]["content"]
            takes_it = jsonschema.Draft202012Validator(
                {**takes["application/json"]["schema"], "components": OPENAPI["components"]}
            ).is_valid(body)
            assert takes_it or status in (400, 401)
        answer = await http.request(method, address, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        described(path.partition("?")[0], method, answer)


async def test_what_a_payment_and_a_file_are_answered_is_as_described() -> None:
    async with open_front() as front, front.http() as http:
        await furnish(front, http)
        paid = {"payment": "p-1", "lot": "G", "bidder": "bob", "amount": 50, "currency": "EUR"}
        body = orjson.dumps(paid)
        described("/v1/payments", "post", await http.post("/v1/payments", content=body, headers=signed(body)))
        columns = "lot,title,currency,start_price,opens_at,closes_at"
        lots = f"{columns}\nN1,New,EUR,100,2023-11-14T22:13:20Z,2023-11-15T22:13:20Z\n"
        as_csv = {**OTTO, "Content-Type": "text/csv"}
        query = {"sale": "N", "title": "New", "terms": '{"ladder": [[0, 10]]}'}
        imported = await http.post("/v1/imports", params=query, content=lots, headers=as_csv)
        assert imported.status_code == 201, imported.text
        described("/v1/imports", "post", imported)
        parameters = OPENAPI["paths"]["/v1/imports"]["post"]["parameters"]
        assert set(query) <= {parameter["name"] for parameter in parameters}


async def furnish(front: Front, http: httpx.AsyncClient) -> None:
    """Fill a house: a lot that takes registrations, a two-phase lot, one that is sold with deposits, one withdrawn."""
    await front.house.registers.take_on(Consignor(consignor="K", name="K", kind="court"))
    done(await http.put("/v1/rates", headers=ADA, json={"base": "EUR", "rates": {"USD": "1.0832"}}))
    await front.list("G", registration={"statements": ["Yes."]}, deposit=50, four_eyes=["withdraw"], priority=True)
    await front.list("T", format="two_phase", two_phase={"confirm_s": 60, "countdown_s": 60})
    await front.list("D", deposit=50, premium=[[0, 1_000]])
    await front.list("W")
    done(await http.post("/v1/lots/G/registrations", headers=bearer("bob"), json=REGISTERING))
    for lot, order, fields in (
        ("G", "admit", {"bidder": "bob", "rank": 1}),
        ("G", "withdraw", {"reason": "Why."}),
        ("D", "admit", {"bidder": "alice"}),
        ("W", "withdraw", {}),
    ):
        done(await give(http, order, f"{lot}-{order}", lot, **fields))
    await bid(http, "alice", 100, "D")
    await http.post("/v1/lots/D/bids", headers=ALICE, json={"ref": "low", "amount": 1})
    done(await give(http, "hammer", "D-hammer", "D"))


def test_the_example_of_the_contract_is_a_listing() -> None:
    terms = {
        "format": "english", "currency": "CAD", "start_price": 100,
        "ladder": [[0, 100], [1001, 300], [4001, 500], [10001, 1000]],
        "raise": "at_least", "proxy": True, "self_raise": False, "reserve": None, "deposit": 0,
        "confirm_above": None, "group": None, "opens_at": OPENS_AT, "closes_at": OPENS_AT + SECOND_US,
        "soft_close": {"window_s": 120, "extension_s": 120, "mode": "from_bid", "trigger": "price_or_leader",
                       "scope": "lot", "max_extensions": None, "hard_end_s": None},
    }  # fmt: skip
    listing = {"lot": "A", "sale": "S", "title": "A lot", "terms": terms}
    jsonschema.validate(listing, schema(OPENAPI, "Listing"))
