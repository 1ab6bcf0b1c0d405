"""What clients may say, and what of a bad frame can still be read."""

import msgspec
import pytest

from gateway import messages
from gateway.directions import OrderBody
from gateway.messages import (
    Bid,
    Join,
    Malformed,
    MaxBid,
    Time,
    Unwatch,
    Watch,
    read_body,
    read_json,
    read_msgpack,
)
from lots import orders


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
        ({"op": "join", "lot": "A", "ref": "r"}, Join(lot="A", ref="r")),
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
    assert said.is_order is bool(ref)


@pytest.mark.parametrize("op", ["bid", "max_bid", "join"])
def test_an_order_that_is_none_can_still_be_answered(op: str) -> None:
    said = read_json(msgspec.json.encode({"op": op, "lot": "A", "ref": "r", "x": 1}))
    assert isinstance(said, Malformed)
    assert (said.op, said.ref, said.lot, said.is_order) == (op, "r", "A", True)


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
        b'{"ref":"r"}',
        b'{"ref":"r","accepts":[]}',
        b'{"ref":"r","accepts":["I am of age.","I have seen the lot."]}',
    ],
)
def test_a_registration_repeats_the_statements(body: bytes) -> None:
    assert isinstance(read_body(msgspec.json.Decoder(messages.RegistrationBody), body), messages.RegistrationBody)


@pytest.mark.parametrize(
    "body",
    [
        b'{"accepts":[]}',
        b'{"ref":"r","accepts":"all"}',
        b'{"ref":"r","accepts":[""]}',
        b'{"ref":"r","accepts":[1]}',
        b'{"ref":"r","accepts":[],"bidder":"bob"}',
        b'{"ref":"r","accepts":["' + b"x" * 1_001 + b'"]}',
        b'{"ref":"r","accepts":[' + b",".join([b'"x"'] * 33) + b"]}",
    ],
)
def test_a_registration_is_bounded_and_names_nobody(body: bytes) -> None:
    assert isinstance(read_body(msgspec.json.Decoder(messages.RegistrationBody), body), Malformed)


# Operators' orders ----------------------------------------------------------------------------------------------------

ORDER: msgspec.json.Decoder[OrderBody] = msgspec.json.Decoder(OrderBody)
ORDERS: dict[str, dict[str, object]] = {
    "open": {},
    "pause": {},
    "suspend": {"reason": "A fault."},
    "resume": {},
    "extend": {"seconds": 60.5},
    "fair_warning": {},
    "hammer": {},
    "pass": {},
    "withdraw": {},
    "reopen": {"seconds": 60},
    "notice": {"text": "Look."},
    "void_bid": {"seq": 4},
    "undo": {},
    "floor_bid": {"amount": 100, "hand": "7"},
    "step": {"step": 5},
    "admit": {"bidder": "carol", "rank": 1},
    "decline": {"bidder": "carol"},
    "bar": {"bidder": "carol"},
    "deposit": {"bidder": "carol", "amount": 5, "payment": "p-1"},
    "release": {"bidder": "carol"},
    "consent": {},
    "settle": {},
    "default": {},
    "allocate": {"costs": 1, "shortfall": 0},
    "reoffer": {"successor": "A2", "opens_at": 1, "closes_at": 2, "reserve": None},
    "reauction": {"successor": "A2", "opens_at": 1, "closes_at": 2, "start_price": 80, "deposit": 8},
    "sell_off": {"successor": "A2", "opens_at": 1, "closes_at": 2, "first_bid_closes_s": 60},
    "countersign": {"of_by": "olga", "of_ref": "r"},
}
"""Every order, with fields that it takes."""


def given(name: str, **fields: object) -> OrderBody | Malformed:
    said = {"order": name, "ref": "r", **ORDERS[name], **fields}
    return read_body(ORDER, msgspec.json.encode(said))


def order(name: str, fields: bytes = b"") -> OrderBody | Malformed:
    return read_body(ORDER, b'{"order":"' + name.encode() + b'","ref":"r"' + fields + b"}")


def test_every_order_of_the_house_can_be_given() -> None:
    assert {*orders.OPS, *orders.REOFFERS} == set(ORDERS)
    for name in ORDERS:
        said = given(name, seen=3)
        assert not isinstance(said, Malformed), said
        assert (said.__struct_config__.tag, said.seen) == (name, 3)


def test_the_fields_of_an_order_are_those_of_the_house() -> None:
    added = {"lot", "by", "chance", "attendance", "currency"}
    for name, kind in orders.OPS.items():
        if name != "reoffer":
            said = given(name)
            assert {*said.__struct_fields__} - {"seconds"} == {*kind.__struct_fields__} - added, name


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("extend", b""),
        ("extend", b',"seconds":60,"closes_at":1'),
        ("extend", b',"seconds":0'),
        ("extend", b',"seconds":1e12'),
        ("reopen", b',"seconds":60,"closes_at":1'),
        ("suspend", b""),
        ("suspend", b',"reason":""'),
        ("pause", b',"reason":"' + b"x" * 1_001 + b'"'),
        ("pause", b',"seen":-1'),
        ("pause", b',"seen":"3"'),
        ("pause", b',"bidder":"carol"'),
        ("notice", b',"text":""'),
        ("void_bid", b""),
        ("void_bid", b',"seq":0'),
        ("void_bid", b',"seq":4.0'),
        ("floor_bid", b""),
        ("floor_bid", b',"amount":-1'),
        ("floor_bid", b',"amount":1,"hand":"a b"'),
        ("step", b',"step":0'),
        ("admit", b""),
        ("admit", b',"bidder":"carol","rank":0'),
        ("admit", b',"bidder":"@floor"'),
        ("deposit", b',"bidder":"carol","amount":5'),
        ("deposit", b',"bidder":"carol","amount":5,"payment":""'),
        ("deposit", b',"bidder":"carol","amount":5.5,"payment":"p-1"'),
        ("allocate", b',"costs":1'),
        ("allocate", b',"costs":-1,"shortfall":0'),
        ("reauction", b',"opens_at":1,"closes_at":2,"start_price":80'),
        ("reauction", b',"successor":"A 2","opens_at":1,"closes_at":2,"start_price":80'),
        ("sell_off", b',"successor":"A2","opens_at":1,"closes_at":2'),
        ("sell_off", b',"successor":"A2","opens_at":1,"closes_at":2,"first_bid_closes_s":0'),
        ("reoffer", b',"successor":"A2","opens_at":1,"closes_at":2,"first_bid_closes_s":60'),
        ("countersign", b',"of_by":"olga"'),
        ("nonsense", b""),
    ],
)
def test_an_operators_order_is_whole(name: str, fields: bytes) -> None:
    assert isinstance(order(name, fields), Malformed)


def test_an_order_has_a_ref() -> None:
    said: OrderBody | Malformed = read_body(ORDER, b'{"order":"open"}')
    assert isinstance(said, Malformed)
