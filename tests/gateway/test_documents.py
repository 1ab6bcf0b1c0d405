"""The documents describe what is really said and taken."""

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no type information
import msgspec
import orjson
import pytest

from clock.instants import SECOND_US
from gateway import announcements, documents, messages
from tests.gateway.front import Front, Message, bearer, open_front, token
from tests.lots.saleroom import CLOSES_AT, OPENS_AT

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
    assert {f"op_{op}" for op in ("auth", "watch", "unwatch", "bid", "max_bid", "time")} <= names
    evs = "hello lot sale state states heartbeat resumed you accepted refused status operations time error goodbye"
    assert {f"ev_{ev}" for ev in evs.split()} <= names


def test_all_routes_are_there() -> None:
    assert set(OPENAPI["paths"]) == {
        "/v1/sales",
        "/v1/sales/{sale}",
        "/v1/lots",
        "/v1/lots/{lot}",
        "/v1/lots/{lot}/events",
        "/v1/lots/{lot}/bids",
        "/v1/lots/{lot}/orders",
    }


def test_a_hidden_reserve_is_in_no_answer() -> None:
    assert "reserve" in OPENAPI["components"]["schemas"]["Terms"]["properties"]
    assert "reserve" not in OPENAPI["components"]["schemas"]["PublicTerms"]["properties"]


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
        assert kinds >= {"bid_placed", "bidder_admitted", "lot_opened", "lot_extended", "lot_paused", "notice_posted"}
        assert "alice" not in str([message for message in said if message["ev"] != "hello"])


async def test_http_answers_are_as_described() -> None:
    async with open_front() as front, front.http() as http:
        await front.list("R", reserve=500, group="G", soft_close={"window_s": 60, "extension_s": 60, "scope": "group"})
        body = {"amount": 100, "ref": "r1"}
        receipt = await http.post("/v1/lots/R/bids", headers=bearer(), json=body)
        for answer, kind in (
            (receipt, "Receipt"),
            (await http.get("/v1/sales"), "Sales"),
            (await http.get("/v1/sales/S"), "ListedSale"),
            (await http.get("/v1/lots"), "LotsPage"),
            (await http.get("/v1/lots/R"), "Snapshot"),
            (await http.get("/v1/lots/R/events"), "EventsPage"),
            (await http.get("/v1/lots/Z"), "Problem"),
            (await http.post("/v1/lots/R/bids", headers=bearer("bob"), json=body), "Problem"),
        ):
            jsonschema.validate(answer.json(), schema(OPENAPI, kind))


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
