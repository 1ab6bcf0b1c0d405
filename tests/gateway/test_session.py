"""Who may say what over a wire, and what he is answered."""

from collections.abc import Collection

import msgpack
import pytest
from msgspec.structs import replace

from clock.instants import SECOND_US
from engine.commit import Standing
from gateway.auth import COOKIE
from gateway.frames import CODECS, MSGPACK, Codec
from lots.listing import Consignor
from lots.refusals import Code
from tests.gateway.front import NOW, SECRET, Message, Visitor, open_front, token
from tests.lots.saleroom import listing

BID = {"op": "bid", "lot": "A", "amount": 100, "ref": "r1"}


async def test_an_anonymous_visitor_is_a_watcher() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        assert visitor.knock() is None
        assert visitor.take() == [{"ev": "hello", "now": NOW, "bidder": None, "role": "watcher", "heartbeat_s": 5.0}]


async def test_a_bearer_token_makes_a_bidder() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Authorization", f"Bearer {token('bob')}"))
        (hello,) = visitor.take()
        assert (hello["bidder"], hello["role"]) == ("bob", "bidder")


async def test_an_operator_is_no_bidder() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Authorization", f"Bearer {token('otto', 'operator')}"))
        (hello,) = visitor.take()
        assert (hello["bidder"], hello["role"]) == (None, "operator")


async def test_a_bad_bearer_token_is_turned_away_at_the_door() -> None:
    async with open_front() as front:
        refusal = Visitor(front.gateway).knock(("Authorization", "Bearer nonsense"))
        assert refusal is not None
        assert refusal[0] == 401


async def test_a_cookie_without_an_origin_is_ignored() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Cookie", f"{COOKIE}={token()}"))
        assert visitor.take()[0]["role"] == "watcher"


@pytest.mark.parametrize("origin", ["http://house.example", "https://house.example", "https://pages.example"])
async def test_a_cookie_counts_on_our_own_pages(origin: str) -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Cookie", f"other=1; {COOKIE}={token()}"), ("Origin", origin))
        assert visitor.take()[0]["bidder"] == "alice"


async def test_an_expired_cookie_leaves_a_watcher() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Cookie", f"{COOKIE}={token(ttl_s=-1)}"), ("Origin", "http://house.example"))
        assert visitor.take()[0]["role"] == "watcher"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://house.example.evil", "ftp://house.example"]
)
async def test_a_foreign_page_is_refused(origin: str) -> None:
    async with open_front() as front:
        refusal = Visitor(front.gateway).knock(("Origin", origin))
        assert refusal is not None
        assert refusal[0] == 403


async def test_another_path_is_not_found() -> None:
    async with open_front() as front:
        refusal = Visitor(front.gateway).knock(path="/v1/other")
        assert refusal is not None
        assert refusal[0] == 404


async def test_too_many_connections_of_one_address_are_refused() -> None:
    async with open_front(connections_per_address_max=2) as front:
        first = front.visitor(peer="192.0.2.1")
        front.visitor(peer="192.0.2.1")
        refusal = Visitor(front.gateway, peer="192.0.2.1").knock()
        assert refusal is not None
        assert refusal[0] == 429
        front.visitor(peer="192.0.2.2")
        first.leave()
        front.visitor(peer="192.0.2.1")


async def test_loopback_may_connect_as_often_as_it_likes() -> None:
    async with open_front(connections_per_address_max=1) as front:
        for peer in ("127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"):
            front.visitor(peer=peer)


async def test_behind_a_proxy_here_the_address_it_names_counts() -> None:
    async with open_front(connections_per_address_max=1) as front:
        forwarded = ("X-Forwarded-For", "203.0.113.9, 192.0.2.1")
        front.visitor(forwarded)
        assert Visitor(front.gateway).knock(forwarded) is not None


@pytest.mark.parametrize("codec", CODECS)
async def test_a_bid_is_accepted(codec: Codec) -> None:
    async with open_front() as front:
        alice = front.bidder(codec=codec)
        alice.say(**BID)
        accepted = await alice.hear("accepted")
        paddle = accepted.pop("paddle")
        assert 100 <= paddle < 1_000
        told = {"ev": "accepted", "ref": "r1", "lot": "A", "seq": 4, "at": NOW, "price": 100, "leading": True}
        assert accepted == {**told, "repeat": False}


async def test_the_same_ref_again_is_the_same_acceptance() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say(**BID)
        first = await alice.hear("accepted")
        front.bidder("bob").say(**{**BID, "amount": 200})
        alice.say(**BID)
        again = await alice.hear("accepted")
        assert again == {**first, "repeat": True}


async def test_a_low_bid_is_refused_with_the_ask() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say(**{**BID, "amount": 99})
        refused = await alice.hear("refused")
        assert refused == {
            "ev": "refused",
            "ref": "r1",
            "lot": "A",
            "code": "below_start",
            "detail": "The start price is 100.",
            "ask": 100,
            "at": NOW,
            "now": NOW,
        }


async def test_without_an_identity_a_bid_is_refused() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(**BID)
        (refused,) = visitor.take()
        assert (refused["code"], refused["ref"], refused["at"]) == ("unauthenticated", "r1", None)


@pytest.mark.parametrize("role", ["operator", "admin", "auditor"])
async def test_only_bidders_bid(role: str) -> None:
    async with open_front() as front:
        visitor = front.visitor(("Authorization", f"Bearer {token('x', role)}"))
        visitor.say(**BID)
        assert visitor.take()[0]["code"] == "forbidden"


async def test_an_unknown_lot_is_refused_by_its_code() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say(**{**BID, "lot": "no such lot"})
        assert (await alice.hear("refused"))["code"] == "unknown_lot"


async def test_a_bidder_joins_a_timed_phase_and_others_do_not() -> None:
    async with open_front() as front:
        await front.list("T", format="two_phase", two_phase={"confirm_s": 60, "countdown_s": 60})
        joining = {"op": "join", "lot": "T", "ref": "j1"}
        for headers, code in (
            ([], "unauthenticated"),
            ([("Authorization", f"Bearer {token('otto', 'operator')}")], "forbidden"),
        ):
            visitor = front.visitor(*headers)
            visitor.say(**joining)
            (refused,) = visitor.take()
            assert (refused["ev"], refused["code"], refused["ref"]) == ("refused", code, "j1")
        alice = front.bidder()
        alice.say(**joining)
        assert (await alice.hear("accepted"))["ref"] == "j1"
        alice.say(**{**joining, "lot": "A", "ref": "j2"})
        assert (await alice.hear("refused"))["code"] == "format_mismatch"
        assert list(front.house.lots["T"].state.joined) == ["alice"]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"op":"join","lot":"A","amount":1,"ref":"r1"}',
        b'{"op":"join","ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":1.5,"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":100.0,"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":"100","ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":true,"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":-1,"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":9007199254740992,"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":1' + b"0" * 400 + b',"ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":1e400,"ref":"r1"}',
        b'{"op":"bid","lot":"A","ref":"r1"}',
        b'{"op":"bid","lot":"A","amount":100,"ref":"r1","admin":true}',
        b'{"op":"bid","lot":["A"],"amount":100,"ref":"r1"}',
        b'{"op":"max_bid","lot":"A","amount":null,"ref":"r1"}',
        b'{"op":"max_bid","lot":"A","amount":100,"ref":"r1","confirm":1}',
    ],
)
async def test_an_order_that_is_none_is_refused_as_malformed(payload: bytes) -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say_bytes(payload)
        (refused,) = alice.take()
        assert (refused["ev"], refused["code"], refused["ref"]) == ("refused", "malformed", "r1")
        assert front.house.lots["A"].state.bids == 0


@pytest.mark.parametrize(
    ("payload", "op"),
    [
        (b"", None),
        (b"\xff\xfe", None),
        (b"[]", None),
        (b'"bid"', None),
        (b"{}", None),
        (b'{"op":"sell"}', "sell"),
        (b'{"op":1}', None),
        (b'{"op":"bid","amount":100,"lot":"A"}', "bid"),
        (b'{"op":"bid","amount":100,"lot":"A","ref":7}', "bid"),
        (b'{"op":"bid","amount":NaN,"lot":"A","ref":"r1"}', None),
        (b'{"op":"bid","x":' + b"[" * 8_000 + b"]" * 8_000 + b"}", None),
        (b'{"op":"watch","lot":' + b'{"a":' * 3_000 + b"1" + b"}" * 3_000 + b"}", None),
        (b'{"op":"watch"}', "watch"),
        (b'{"op":"watch","lot":"A","sale":"S"}', "watch"),
        (b'{"op":"watch","sale":"S","feed":"live"}', "watch"),
        (b'{"op":"watch","lot":"A","feed":"operations"}', "watch"),
        (b'{"op":"watch","lot":"A","feed":"live","after":1}', "watch"),
        (b'{"op":"watch","lot":"A","head":"00000000000000000000000000000000"}', "watch"),
        (b'{"op":"watch","lot":"A","after":-1}', "watch"),
        (b'{"op":"watch","lot":"A","after":1,"head":"not hex"}', "watch"),
        (b'{"op":"time","sent":"now"}', "time"),
        (b'{"op":"time","sent":1e999}', "time"),
        (b'{"op":"auth","token":7}', "auth"),
        (b'{"op":"\\ud800"}', None),
    ],
)
async def test_any_other_bad_frame_is_an_error_and_the_connection_stays(payload: bytes, op: str | None) -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say_bytes(payload)
        (error,) = alice.take()
        assert (error["ev"], error["code"], error["op"]) == ("error", "malformed", op)
        alice.say(op="time", sent=1)
        assert alice.take()[0]["ev"] == "time"


@pytest.mark.parametrize(
    "value",
    [msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 1), 100.0, b"100", float("nan"), 2**64 - 1, -(2**63)],
)
async def test_no_type_of_msgpack_passes_for_an_amount(value: object) -> None:
    async with open_front() as front:
        alice = front.bidder(codec=MSGPACK)
        alice.say(op="bid", lot="A", amount=value, ref="r1")
        (refused,) = alice.take()
        assert (refused["code"], refused["ref"]) == ("malformed", "r1")


@pytest.mark.parametrize(
    "payload",
    [b"\xc1", b"\xdf\xff\xff\xff\xff", b"\x82\xa2op\xa3bid\xa3ref\xa1\xff", b"\x81" * 9_000, b"\x81\x01\x02"],
)
async def test_broken_msgpack_is_an_error(payload: bytes) -> None:
    async with open_front() as front:
        alice = front.bidder(codec=MSGPACK)
        alice.say_bytes(payload)
        assert alice.take()[0]["code"] == "malformed"


async def test_of_a_field_given_twice_the_last_counts() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say_bytes(b'{"op":"bid","lot":"A","amount":1,"amount":150,"ref":"r1"}')
        assert (await alice.hear("accepted"))["price"] == 150


@pytest.mark.parametrize(("codec", "sent"), [(CODECS[0], 1.5), (CODECS[0], 2**62), (CODECS[1], -7), (CODECS[1], 0.25)])
async def test_time_comes_back_with_what_was_sent(codec: Codec, sent: float) -> None:
    async with open_front() as front:
        visitor = front.visitor(codec=codec)
        visitor.say(op="time", sent=sent)
        assert visitor.take() == [{"ev": "time", "sent": sent, "now": NOW}]


async def test_auth_on_an_open_connection_greets_again() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(op="auth", token=token("carol"))
        assert visitor.take("hello")[0]["bidder"] == "carol"
        visitor.say(**BID)
        assert (await visitor.hear("accepted"))["leading"] is True


@pytest.mark.parametrize("bad", ["x", "a.b.c", token(ttl_s=-1), token()[:-2] + "AA"])
async def test_a_bad_token_ends_the_connection(bad: str) -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(op="auth", token=bad)
        (error,) = visitor.take()
        assert (error["ev"], error["code"], error["op"]) == ("error", "unauthenticated", "auth")
        assert visitor.closed == 4401


async def test_an_expired_identity_cannot_bid_even_before_anyone_looks() -> None:
    async with open_front() as front:
        visitor = front.visitor(("Authorization", f"Bearer {token(ttl_s=10)}"))
        front.clock.advance(10 * SECOND_US)
        visitor.say(**BID)
        (refused,) = visitor.take()
        assert refused["code"] == "unauthenticated"
        assert front.house.lots["A"].state.bids == 0


async def test_a_silent_connection_loses_its_identity_too() -> None:
    async with open_front() as front:
        visitor = front.visitor(("Authorization", f"Bearer {token('otto', 'operator', ttl_s=10)}"))
        visitor.say(op="watch", feed="operations")
        front.clock.advance(9 * SECOND_US)
        front.gateway.operations.tick()
        assert [message["ev"] for message in visitor.take()] == ["operations"]
        front.clock.advance(SECOND_US)
        front.gateway.operations.tick()
        assert [message["ev"] for message in visitor.take()] == ["error", "hello"]
        front.gateway.operations.tick()
        assert visitor.take() == []


async def test_after_its_end_an_identity_is_told_nothing_of_its_own() -> None:
    async with open_front() as front:
        visitor = front.visitor(("Authorization", f"Bearer {token(ttl_s=10)}"))
        visitor.say(op="watch", lot="A")
        front.bidder().say(**{**BID, "op": "max_bid", "amount": 500})
        assert (await visitor.hear("you"))["max"] == 500
        front.clock.advance(11 * SECOND_US)
        front.gateway.operations.tick()
        visitor.take()
        front.bidder().say(**{**BID, "op": "max_bid", "amount": 900, "ref": "r2"})
        bob = front.bidder("bob")
        bob.say(**{**BID, "amount": 300})
        await bob.hear("accepted")
        assert "bid_placed" in (await visitor.hear("bid_placed"))["ev"]
        assert visitor.take("you") == []


async def test_watching_needs_no_identity() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(op="watch", lot="A")
        snapshot, watchers = visitor.take()
        assert (snapshot["ev"], snapshot["lot"], snapshot["you"]) == ("lot", "A", None)
        assert watchers == {"ev": "watchers", "now": NOW, "lot": "A", "watchers": 1}


async def test_a_bidder_sees_how_he_stands() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say(op="watch", lot="A", feed="live")
        assert alice.take()[0]["you"]["admitted"] is False


@pytest.mark.parametrize(
    ("wish", "code"),
    [({"lot": "Z"}, "unknown_lot"), ({"sale": "Z"}, "unknown_sale"), ({"feed": "operations"}, "unauthenticated")],
)
async def test_what_cannot_be_watched_is_an_error(wish: dict[str, str], code: str) -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(op="watch", **wish)
        (error,) = visitor.take()
        assert (error["ev"], error["code"], error["op"]) == ("error", code, "watch")


@pytest.mark.parametrize(
    ("role", "org", "code"),
    [
        ("bidder", None, "forbidden"),
        ("bidder", "K", "forbidden"),
        ("auditor", None, "forbidden"),
        ("operator", "never-taken-on", "not_yours"),
    ],
)
async def test_operations_are_for_operators(role: str, org: str | None, code: str) -> None:
    async with open_front() as front:
        await front.house.registers.take_on(Consignor(consignor="K", name="A court", kind="court"))
        visitor = front.visitor(("Authorization", f"Bearer {token('x', role, org=org)}"))
        visitor.say(op="watch", feed="operations")
        assert visitor.take()[0]["code"] == code


async def test_an_operator_of_a_consignor_sees_its_lots_and_nothing_of_the_house() -> None:
    async with open_front() as front:
        for org in ("K", "L"):
            await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="bank"))
            await front.house.listings.list_lot(replace(listing(f"of-{org}"), org=org))
        otto = front.visitor(("Authorization", f"Bearer {token('otto', 'operator')}"))
        court = front.visitor(("Authorization", f"Bearer {token('kim', 'operator', org='K')}"))
        for operator in (otto, court):
            operator.say(op="watch", feed="operations")
        front.clock.advance(SECOND_US)
        front.gateway.operations.tick()
        (whole,), (own,) = otto.take(), court.take()
        assert [line["lot"] for line in whole["lots"]] == ["A", "B", "of-K", "of-L"]
        assert whole["totals"]["lots"]["open"] == 4
        assert own == {
            "ev": "operations",
            "now": whole["now"],
            "lots": [line for line in whole["lots"] if line["lot"] == "of-K"],
            "totals": None,
            "engine": None,
        }


async def test_who_signs_in_for_another_consignor_sees_no_more_of_the_first() -> None:
    async with open_front() as front:
        for org in ("K", "L"):
            await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="bank"))
        await front.house.listings.list_lot(replace(listing("of-K"), org="K"))
        kim = front.visitor(("Authorization", f"Bearer {token('kim', 'operator', org='K')}"))
        kim.say(op="watch", feed="operations")
        for org, expected in (("K", [["of-K"]]), ("L", [[]]), ("never-taken-on", [])):
            kim.say(op="auth", token=token("kim", "operator", org=org))
            kim.take()
            front.gateway.operations.tick()
            assert [[line["lot"] for line in message["lots"]] for message in kim.take("operations")] == expected


async def test_what_many_operators_see_is_encoded_once_for_each_consignor(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_front() as front:
        sent: list[tuple[int, list[str]]] = []
        await front.house.registers.take_on(Consignor(consignor="K", name="K", kind="customs"))
        await front.house.listings.list_lot(replace(listing("of-K"), org="K"))
        for org in (None, "K", None, "K", "K"):
            front.visitor(("Authorization", f"Bearer {token('x', 'operator', org=org)}")).say(
                op="watch", feed="operations"
            )

        def broadcast(wires: Collection[object], message: Message) -> None:
            sent.append((len(wires), [line["lot"] for line in message["lots"]]))

        monkeypatch.setattr(front.gateway.fanout, "broadcast", broadcast)
        front.gateway.operations.tick()
        assert sent == [(2, ["A", "B", "of-K"]), (3, ["of-K"])]


async def test_operations_count_bidders_and_name_nobody() -> None:
    async with open_front() as front:
        alice, bob = front.bidder(), front.bidder("bob")
        for bidder in (alice, bob):
            bidder.say(op="watch", lot="A")
        alice.say(**BID)
        await alice.hear("accepted")
        operator = front.visitor(("Authorization", f"Bearer {token('otto', 'admin')}"))
        operator.say(op="watch", feed="operations")
        front.clock.advance(SECOND_US)
        front.gateway.operations.tick()
        operations = await operator.hear("operations")
        assert [line["lot"] for line in operations["lots"]] == ["A", "B"]
        assert operations["lots"][0]["watchers"] == 2
        assert operations["lots"][0]["bidders"] == 1
        assert operations["totals"]["connections"] == 3
        assert "alice" not in str(operations)


async def test_watches_of_one_connection_are_limited() -> None:
    async with open_front(watches_per_connection_max=1) as front:
        visitor = front.visitor()
        for lot in ("A", "B"):
            visitor.say(op="watch", lot=lot)
        assert [message.get("code") for message in visitor.take()] == [None, None, "too_many_watches"]
        visitor.say(op="unwatch", lot="A")
        visitor.say(op="watch", lot="B")
        assert visitor.take()[0]["ev"] == "lot"


async def test_ten_thousand_watches_hold_no_more_than_the_limit() -> None:
    async with open_front(bids_per_second=0) as front:
        front.house.lots.update({f"L{n}": Standing(front.house.lots["A"].state, b"") for n in range(10_000)})
        visitor = front.visitor()
        for n in range(10_000):
            visitor.say(op="watch", lot=f"L{n}", feed="live")
        assert len(visitor.watches) == front.gateway.limits.watches_per_connection_max


async def test_leaving_a_feed_needs_no_answer() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        visitor.say(op="watch", sale="S")
        await visitor.hear("sale")
        for wish in ({"lot": "A"}, {"sale": "S"}, {"feed": "operations"}):
            visitor.say(op="unwatch", **wish)
        assert visitor.take() == []
        assert visitor.watches == []


async def test_too_many_messages_end_the_connection() -> None:
    async with open_front(messages_per_second=10, messages_burst=5) as front:
        visitor = front.visitor()
        for _ in range(5):
            visitor.say(op="time", sent=1)
        assert visitor.closed is None
        front.clock.advance(SECOND_US // 10)
        visitor.say(op="time", sent=1)
        visitor.say(op="time", sent=1)
        assert visitor.closed == 4429


async def test_without_a_rate_for_bids_messages_have_none_either() -> None:
    async with open_front(bids_per_second=0, messages_burst=1) as front:
        visitor = front.visitor()
        for _ in range(100):
            visitor.say(op="time", sent=1)
        assert len(visitor.take("time")) == 100


async def test_one_account_has_one_rate_over_all_its_connections() -> None:
    async with open_front(bids_burst=2) as front:
        for n in range(2):
            front.bidder().say(**{**BID, "ref": f"r{n}"})
        third = front.bidder()
        third.say(**{**BID, "ref": "r3"})
        assert third.take()[0]["code"] == Code.RATE_LIMITED
        bob = front.bidder("bob")
        bob.say(**BID)
        assert bob.take("refused") == []


async def test_an_answer_to_somebody_who_has_left_is_let_go() -> None:
    async with open_front() as front:
        alice = front.bidder()
        alice.say(**BID)
        alice.leave()
        bob = front.bidder("bob")
        bob.say(**{**BID, "amount": 200})
        await bob.hear("accepted")
        assert alice.take() == []


async def test_when_the_house_closes_all_are_told_when_to_come_back() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        front.gateway.reception.leaving(visitor.wire)
        (goodbye,) = visitor.take()
        least, most = goodbye["retry_ms"]
        assert goodbye["ev"] == "goodbye"
        assert 0 < least < most
        refusal = Visitor(front.gateway).knock()
        assert refusal is not None
        assert refusal[0] == 503


async def test_who_has_left_is_counted_no_more() -> None:
    async with open_front() as front:
        visitor = front.bidder()
        visitor.say(op="watch", lot="A")
        visitor.leave()
        assert front.gateway.reception.connections == 0
        assert front.gateway.fanout.watchers("A") == 0
        assert SECRET not in str(visitor.take())
