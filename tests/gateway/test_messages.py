"""What clients may say, and what of a bad frame can still be read."""

import msgspec
import pytest

from gateway import messages
from gateway.messages import (
    Bid,
    Malformed,
    MaxBid,
    Time,
    Unwatch,
    Watch,
    order_named,
    read_body,
    read_json,
    read_msgpack,
)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"op": "bid", "lot": "A", "amount": 0, "ref": "r"}, Bid(lot="A", amount=0, ref="r")),
        ({"op": "bid", "lot": "A", "amount": 2**53 - 1, "ref": "r"}, Bid(lot="A", amount=2**53 - 1, ref="r")),
        (
            {"op": "max_bid", "lot": "A", "amount": 5, "ref": "a.b-c_D", "confirm": True},
            MaxBid(lot="A", amount=5, ref="a.b-c_D", confirm=True),
        ),
        ({"op": "watch", "lot": "A"}, Watch(lot="A")),
        ({"op": "watch", "lot": "A", "feed": "full", "after": 0}, Watch(lot="A", feed="full", after=0)),
        ({"op": "watch", "lot": "A", "after": 3, "head": "0f" * 16}, Watch(lot="A", after=3, head="0f" * 16)),
        ({"op": "watch", "lot": "A", "after": None, "head": None}, Watch(lot="A")),
        ({"op": "watch", "sale": "S"}, Watch(sale="S")),
        ({"op": "watch", "feed": "operations"}, Watch(feed="operations")),
        ({"op": "unwatch", "lot": "A", "feed": "live"}, Unwatch(lot="A", feed="live")),
        ({"op": "time", "sent": 1.25}, Time(sent=1.25)),
        ({"op": "time", "sent": -3}, Time(sent=-3)),
    ],
)
def test_both_formats_say_the_same(said: dict[str, object], message: messages.Message) -> None:
    assert read_json(msgspec.json.encode(said)) == message
    assert read_msgpack(msgspec.msgpack.encode(said)) == message


@pytest.mark.parametrize("ref", ["", "a b", "a\n", "ä", "a" * 65, "a/b", "a\x00"])
def test_a_ref_is_an_id(ref: str) -> None:
    said = read_json(msgspec.json.encode({"op": "bid", "lot": "A", "amount": 1, "ref": ref}))
    assert isinstance(said, Malformed)
    assert said.is_offer is bool(ref)


def test_a_huge_ref_is_not_repeated() -> None:
    said = read_json(msgspec.json.encode({"op": "bid", "lot": "A", "amount": 1, "ref": "a" * 9_000}))
    assert isinstance(said, Malformed)
    assert said.ref is None


def test_a_message_cannot_be_changed_once_it_is_read() -> None:
    bid = read_json(b'{"op":"bid","lot":"A","amount":1,"ref":"r"}')
    with pytest.raises(AttributeError):
        bid.amount = 2  # type: ignore[union-attr, misc]


@pytest.mark.parametrize(
    "body",
    [
        b'{"ref":"r"}',
        b'{"ref":"r","amount":1,"max":2}',
        b'{"ref":"r","amount":null,"max":null}',
        b'{"ref":"r","amount":1,"lot":"A"}',
        b'{"amount":1}',
        b"null",
    ],
)
def test_a_bid_over_http_is_one_of_the_two(body: bytes) -> None:
    assert isinstance(read_body(msgspec.json.Decoder(messages.BidBody), body), Malformed)


@pytest.mark.parametrize(
    "body",
    [
        b'{"order":"extend","ref":"r"}',
        b'{"order":"extend","ref":"r","seconds":60,"closes_at":1}',
        b'{"order":"extend","ref":"r","seconds":0}',
        b'{"order":"extend","ref":"r","seconds":1e12}',
        b'{"order":"admit","ref":"r"}',
        b'{"order":"notice","ref":"r","text":""}',
        b'{"order":"open"}',
        b'{"order":"hammer","ref":"r"}',
    ],
)
def test_an_operators_order_is_whole(body: bytes) -> None:
    decoder: msgspec.json.Decoder[messages.OrderBody] = msgspec.json.Decoder(messages.OrderBody)
    said = read_body(decoder, body)
    assert isinstance(said, Malformed)


@pytest.mark.parametrize(("body", "name"), [(b'{"order":"hammer"}', "hammer"), (b'{"order":1}', None), (b"[", None)])
def test_the_name_of_an_unknown_order_is_read(body: bytes, name: str | None) -> None:
    assert order_named(body) == name
