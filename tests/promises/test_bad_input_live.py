"""Whatever comes in gets its code, and the witness on the other lines notices nothing."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jwt
import pytest
import pytest_asyncio
from websockets.frames import Opcode

from tests.gateway.doors import masked
from tests.promises.live import CALM, Live, bid, open_house, packed, said
from tests.promises.premises import Premises, directory_on_disk

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEYOND = 2**53
TEXT, BINARY = Opcode.TEXT, Opcode.BINARY


@pytest.fixture(scope="module")
def premises() -> Iterator[Premises]:
    """A house with the limits that every house has by default."""
    with directory_on_disk() as directory:
        house = Premises(directory, rate="20")
        yield house
        house.clear_away()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(premises: Premises) -> AsyncIterator[Live]:
    async with open_house(premises) as live:
        yield live


@pytest_asyncio.fixture(loop_scope="module")
async def live(house: Live) -> AsyncIterator[Live]:
    """The house; after the test, the witness is asked."""
    yield house
    await house.see_out()
    await house.is_undisturbed()


def text(payload: str | bytes) -> bytes:
    return masked(TEXT, payload.encode() if isinstance(payload, str) else payload)


MALFORMED_OFFERS = [
    bid(amount="100"),
    bid(amount=100.0),
    bid(amount=1.5),
    bid(amount=True),
    bid(amount=None),
    bid(amount=...),
    bid(amount=[100]),
    bid(amount=-1),
    bid(amount=-(2**63)),
    bid(amount=BEYOND),
    bid(amount=2**63),
    bid(op="max_bid", amount=-1),
    bid(op="max_bid", amount=BEYOND),
    bid(lot=...),
    bid(lot=7),
    bid(lot=""),
    bid(lot="x" * 65),
    bid(lot=None),
    bid(ref="a b"),
    bid(ref="x" * 65),
    bid(ref="ünïcode"),
    bid(confirm=1),
    bid(confirm="yes"),
    bid(price=100),
    bid(bidder="witness"),
    bid(at=1),
]


async def test_a_malformed_offer_is_refused_under_its_ref(live: Live) -> None:
    caller = await live.come_in("bidder")
    for offer in MALFORMED_OFFERS:
        caller.say(said(offer))
        answer = await caller.hears("refused")
        assert (answer["code"], answer["ref"], answer["at"]) == ("malformed", offer["ref"], None), offer


async def test_a_malformed_offer_in_messagepack_is_refused_under_its_ref(live: Live) -> None:
    caller = await live.come_in("bidder", "Sec-WebSocket-Protocol: knockdown.v1.msgpack")
    for offer in [*MALFORMED_OFFERS, bid(amount=b"100"), bid(lot=b"busy"), bid(amount=2**64 - 1)]:
        caller.say(packed(offer))
        answer = await caller.hears("refused")
        assert (answer["code"], answer["ref"]) == ("malformed", offer["ref"]), offer


async def test_an_odd_number_is_malformed(live: Live) -> None:
    caller = await live.come_in("bidder")
    for amount in ("1e2", "1E400", "-0.0", "NaN", "Infinity", "1" * 400, "0x64", "01", "1_000", "+5"):
        caller.say(text(f'{{"op":"bid","lot":"busy","ref":"r","amount":{amount}}}'))
        assert (await caller.heard())["code"] == "malformed", amount


NO_MESSAGES: list[str | bytes] = [
    "",
    " ",
    "{",
    "}",
    "[]",
    "null",
    "true",
    "42",
    '"bid"',
    "{}",
    '{"op":null}',
    '{"op":7}',
    '{"op":"BID"}',
    '{"op":"drop table"}',
    '{"op":"bid"}',
    '{"op":["bid"]}',
    '{"op":"bid","lot":"busy","amount":100}',
    '{"op":"bid","lot":"busy","ref":5,"amount":100}',
    '{"op":"bid","lot":"busy","ref":"","amount":100}',
    '{"op":"bid","lot":"busy","ref":null,"amount":100}',
    '{"op":"auth"}',
    '{"op":"auth","token":5}',
    '{"op":"time"}',
    '{"op":"time","sent":"now"}',
    '{"op":"watch"}',
    '{"op":"watch","lot":"busy","sale":"storm"}',
    '{"op":"watch","lot":"busy","feed":"fast"}',
    '{"op":"watch","lot":"busy","feed":"live","after":1}',
    '{"op":"watch","lot":"busy","after":-1}',
    '{"op":"watch","lot":"busy","after":1.5}',
    '{"op":"watch","lot":"busy","head":"00000000000000000000000000000000"}',
    '{"op":"watch","lot":"busy","after":1,"head":"zz"}',
    '{"op":"watch","lot":["busy"]}',
    '{"op":"unwatch"}',
    '{"op":"watch","lot":"busy"}{"op":"watch","lot":"busy"}',
    '{"op":"time","sent":1,}',
    "{'op':'time','sent':1}",
    '{"op":"time","sent":1} //',
    '{"op":"time","sent":"\\ud800"}',
    "\x00",
    "\ufeff{}",
    "[" * 8_000,
    '{"a":' * 2_000,
    '{"op":"bid","x":' + "[" * 4_000 + "]" * 4_000 + "}",
    b'{"op":"time","sent":"' + b"x" * 16_000 + b'"}',
]


async def test_what_is_no_message_is_answered_by_an_error_and_the_line_holds(live: Live) -> None:
    caller = await live.come_in("bidder")
    for payload in NO_MESSAGES:
        caller.say(text(payload))
        answer = await caller.heard()
        assert (answer["ev"], answer["code"]) == ("error", "malformed"), payload[:60]
    caller.say(said({"op": "time", "sent": 1}))
    assert (await caller.heard())["ev"] == "time"


async def test_broken_messagepack_is_malformed(live: Live) -> None:
    endless = [kind + b"\xff\xff\xff\xff" for kind in (b"\xdd", b"\xdf", b"\xc6", b"\xdb", b"\xc9")]
    caller = await live.come_in("bidder", "Sec-WebSocket-Protocol: knockdown.v1.msgpack")
    for payload in (b"", b"\xc0", b"\xc1", b"\xff", b"\x93", b"\xc7", b"\x91" * 16_000, *endless):
        caller.say(masked(BINARY, payload))
        answer = await caller.heard()
        assert (answer["ev"], answer["code"]) == ("error", "malformed"), payload[:8]


REFUSED = [
    (bid(lot="nowhere"), "unknown_lot"),
    (bid(lot="../../etc/passwd"), "unknown_lot"),
    (bid(lot="calm\x00"), "unknown_lot"),
    (bid(lot="{0}:log:calm"), "unknown_lot"),
    (bid(amount=99), "below_start"),
    (bid(amount=0), "below_start"),
    (bid(amount=1_001), "above_limit"),
    (bid(amount=BEYOND - 1), "above_limit"),
    (bid(op="max_bid", amount=BEYOND - 1), "above_limit"),
    (bid(lot="plain", amount=150), "off_increment"),
    (bid(lot="plain", op="max_bid"), "proxy_not_allowed"),
    (bid(lot="guarded"), "deposit_required"),
    (bid(lot="later"), "lot_not_open"),
]


async def test_an_offer_against_the_rules_gets_the_code_of_the_rule(live: Live) -> None:
    caller = await live.come_in("bidder", sub="breaker")
    for offer, code in REFUSED:
        caller.say(said(offer))
        answer = await caller.hears("refused")
        assert answer["code"] == code, answer


async def test_the_largest_amount_is_a_bid_like_any_other(live: Live) -> None:
    caller = await live.come_in("bidder", sub="magnate")
    caller.say(said({"op": "watch", "lot": "huge"}))
    caller.say(said(bid(lot="huge", amount=BEYOND - 1, ref="all")))
    assert (await caller.hears("accepted"))["price"] == BEYOND - 1
    caller.say(said(bid(lot="huge", amount=BEYOND - 1, ref="more")))
    assert (await caller.hears("refused"))["code"] == "below_ask"
    status, shown = await live.call("GET", "/v1/lots/huge")
    assert (status, shown["price"]) == (200, BEYOND - 1)


FORBIDDEN: list[tuple[str, dict[str, Any], str]] = [
    ("", bid(), "unauthenticated"),
    ("operator", bid(), "forbidden"),
    ("auditor", bid(), "forbidden"),
    ("", {"op": "watch", "feed": "operations"}, "unauthenticated"),
    ("bidder", {"op": "watch", "feed": "operations"}, "forbidden"),
    ("", {"op": "watch", "lot": "nowhere"}, "unknown_lot"),
    ("", {"op": "watch", "lot": "nowhere", "feed": "live"}, "unknown_lot"),
    ("", {"op": "watch", "sale": "nothing"}, "unknown_sale"),
]


async def test_who_may_not_is_told_so(live: Live) -> None:
    for role, message, code in FORBIDDEN:
        caller = await live.come_in(role)
        caller.say(said(message))
        assert (await caller.heard())["code"] == code, (role, message)


async def test_a_watcher_who_is_ahead_of_the_log_is_started_anew(live: Live) -> None:
    caller = await live.come_in()
    for after, head in ((BEYOND - 1, None), (1, "f" * 32)):
        caller.say(said({"op": "watch", "lot": "busy", "after": after} | ({"head": head} if head else {})))
        assert (await caller.hears("lot"))["reset"] is True


def tokens(premises: Premises) -> list[str]:
    claims = {"sub": "x", "role": "bidder", "exp": int(time.time()) + 60}
    other = premises.sign("bidder", "x", secret="another-secret-that-is-long-enough")
    head, _, signature = other.split(".")
    good = premises.sign("bidder", "x")
    return [
        "x",
        "a.b.c",
        other,
        good[:-4] + "AAAA",
        f"{head}.{good.split('.')[1]}.{signature}",
        jwt.encode(claims, None, algorithm="none"),
        premises.sign("bidder", "x", ttl_s=-1),
        premises.sign("emperor", "x"),
        premises.sign("bidder", "not an id"),
        "x" * 8_000,
    ]


async def test_a_bad_token_ends_the_line_with_4401(live: Live) -> None:
    for token in tokens(live.premises):
        caller = await live.come_in()
        caller.say(said({"op": "auth", "token": token}))
        answer = await caller.hears("error")
        assert answer["code"] == "unauthenticated"
        assert token not in answer["detail"]
        assert await caller.close_code() == 4401


async def test_a_bad_token_at_the_door_is_turned_away_with_401(live: Live) -> None:
    for token in tokens(live.premises):
        _, head = await live.knock(f"Authorization: Bearer {token}")
        assert head.startswith(b"HTTP/1.1 401 "), head


TURNED_AWAY: list[tuple[int, list[str], str]] = [
    (403, ["Origin: https://evil.example"], "/v1/ws"),
    (403, ["Origin: null"], "/v1/ws"),
    (403, ["Origin: http://127.0.0.1:1"], "/v1/ws"),
    (400, ["Origin: http://127.0.0.1", "Origin: https://evil.example"], "/v1/ws"),
    (404, [], "/v1/wss"),
    (400, ["Sec-WebSocket-Protocol: graphql-ws"], "/v1/ws"),
    (401, ["Authorization: Basic eDp5"], "/v1/ws"),
]


async def test_a_handshake_that_may_not_be_is_refused(live: Live) -> None:
    for status, lines, path in TURNED_AWAY:
        _, head = await live.knock(*lines, path=path)
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), (lines, path, head)


async def test_the_houses_own_page_may_connect(live: Live) -> None:
    await live.come_in("", f"Origin: http://127.0.0.1:{live.premises.address.port}")


@pytest.mark.parametrize(
    ("code", "frames", "subprotocol"),
    [
        (1002, b"\x81\x02{}", "json"),
        (1002, masked(TEXT, b"{}", rsv1=True), "json"),
        (1002, b"\x83\x80\x00\x00\x00\x00", "json"),
        (1002, b"\x09\x80" + bytes(4), "json"),
        (1002, b"\x89\xfe\x00\x7e" + bytes(4 + 126), "json"),
        (1002, masked(Opcode.CONT, b"x"), "json"),
        (1002, masked(TEXT, b"x", fin=False) + masked(TEXT, b"x"), "json"),
        (1003, masked(BINARY, b"{}"), "json"),
        (1003, masked(TEXT, b"{}"), "msgpack"),
        (1007, masked(TEXT, b'{"op":"\xff"}'), "json"),
        (1007, masked(TEXT, b"\xed\xa0\x80"), "json"),
        (1009, masked(TEXT, b" " * (16 * 1024 + 1)), "json"),
        (1009, masked(BINARY, bytes(16 * 1024 + 1)), "msgpack"),
        (1009, masked(TEXT, bytes(9_000), fin=False) + masked(Opcode.CONT, bytes(9_000)), "json"),
        (1009, b"\x81\xff" + struct.pack(">Q", 2**62) + bytes(4), "json"),
    ],
    ids=lambda value: "frames" if isinstance(value, bytes) else None,  # a mask is another each time
)
async def test_a_frame_against_the_protocol_ends_its_own_line(
    live: Live, code: int, frames: bytes, subprotocol: str
) -> None:
    caller = await live.come_in("bidder", f"Sec-WebSocket-Protocol: knockdown.v1.{subprotocol}")
    caller.say(frames)
    assert await caller.close_code() == code


async def test_a_flood_of_messages_ends_its_own_line_with_4429(live: Live) -> None:
    caller = await live.come_in()
    caller.say(said({"op": "time", "sent": 1}) * 3_000)
    assert await caller.close_code() == 4429


async def test_a_flood_of_bids_is_rate_limited(live: Live) -> None:
    caller = await live.come_in("bidder", sub="flooder")
    caller.say(b"".join(said(bid(lot="plain", amount=100, ref=f"f-{n}")) for n in range(200)))
    codes = [(await caller.hears("refused"))["code"] for _ in range(150)]
    assert codes.count("rate_limited") > 100


async def test_a_flood_of_bids_over_many_lines_is_one_accounts_flood(live: Live) -> None:
    callers = [await live.come_in("bidder", sub="octopus") for _ in range(10)]
    for number, caller in enumerate(callers):
        caller.say(b"".join(said(bid(lot="plain", amount=1, ref=f"o-{number}-{n}")) for n in range(20)))
    codes = [(await caller.hears("refused"))["code"] for caller in callers for _ in range(20)]
    assert codes.count("rate_limited") > 120


async def test_a_flood_of_pings_is_borne_or_ended(live: Live) -> None:
    caller = await live.come_in()
    caller.say(masked(Opcode.PING, b"x") * 15_000)
    assert await caller.close_code() == 1008


async def test_a_reader_who_does_not_read_is_dropped(live: Live) -> None:
    """He asks for far more than a line holds, and reads nothing of it."""
    before = await _figure(live, "knockdown_slow_readers_dropped_total")
    caller = await live.come_in()
    sock: socket.socket = caller.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    caller.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the one way to be a bad client
    caller.say(said({"op": "watch", "lot": "wordy"}) * 900)
    async with asyncio.timeout(15):
        while await _figure(live, "knockdown_slow_readers_dropped_total") == before:
            await live.is_undisturbed()


async def _figure(live: Live, name: str) -> float:
    _, body = await live.call("GET", "/metrics")
    lines = body["text"].decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))


HTTP = [
    (400, "malformed", "POST", "/v1/lots/busy/bids", b"{", "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b"", "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b"\xff\xfe", "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b'{"amount":-1,"ref":"h"}', "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b'{"amount":9007199254740992,"ref":"h"}', "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b'{"amount":"100","ref":"h"}', "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b'{"amount":1,"max":1,"ref":"h"}', "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids", b'{"amount":1}', "bidder"),
    (400, "malformed", "POST", "/v1/lots/busy/bids?x=1", b'{"amount":1,"ref":"h"}', "bidder"),
    (404, "unknown_lot", "POST", "/v1/lots/nowhere/bids", b'{"amount":100,"ref":"h"}', "bidder"),
    (409, "below_start", "POST", "/v1/lots/busy/bids", b'{"amount":1,"ref":"h"}', "bidder"),
    (401, "unauthenticated", "POST", "/v1/lots/busy/bids", b'{"amount":100,"ref":"h"}', ""),
    (403, "forbidden", "POST", "/v1/lots/busy/bids", b'{"amount":100,"ref":"h"}', "operator"),
    (403, "forbidden", "POST", "/v1/lots", b"{}", "bidder"),
    (401, "unauthenticated", "POST", "/v1/sales", b"{}", ""),
    (400, "malformed", "POST", "/v1/lots", b"{}", "operator"),
    (400, "malformed", "POST", "/v1/lots/busy/orders", b'{"order":"burn","ref":"o"}', "operator"),
    (404, "unknown_lot", "POST", "/v1/lots/nowhere/orders", b'{"order":"pause","ref":"o"}', "operator"),
    (413, "malformed", "POST", "/v1/lots", b" " * (256 * 1024 + 1), "operator"),
    (404, "unknown_lot", "GET", "/v1/lots/nowhere", b"", ""),
    (404, "unknown_lot", "GET", "/v1/lots/nowhere/events", b"", ""),
    (404, "unknown_sale", "GET", "/v1/sales/nothing", b"", ""),
    (404, "not_found", "GET", "/v2", b"", ""),
    (405, "method_not_allowed", "DELETE", "/v1/lots/busy", b"", ""),
    (400, "malformed", "GET", "/v1/lots?limit=0", b"", ""),
    (400, "malformed", "GET", "/v1/lots?cursor=x", b"", ""),
    (400, "malformed", "GET", "/v1/lots?phase=gone", b"", ""),
    (400, "malformed", "GET", "/v1/lots/busy/events?after=-1", b"", ""),
    (400, "malformed", "GET", "/v1/lots/busy/events?limit=99999999999999999999", b"", ""),
]


async def test_a_bad_request_over_http_is_a_problem_with_its_code(live: Live) -> None:
    for status, code, method, path, body, role in HTTP:
        headers = {"Authorization": f"Bearer {live.premises.sign(role, 'caller')}"} if role else {}
        got, problem = await live.call(method, path, body, **headers)
        assert (got, problem.get("code")) == (status, code), (method, path, body[:60], problem)


NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    b"\x00" * 2_000,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /v1/lots HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    b"POST /v1/lots HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"*1\r\n$8\r\nFLUSHALL\r\n",
]


async def test_what_is_no_http_is_turned_away(live: Live) -> None:
    for data in NO_HTTP:
        caller = await live.raw()
        caller.say(data)
        answer = await caller.end()
        assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ")), (data[:20], answer)


async def test_half_requests_and_cut_lines_hold_nobody_up(live: Live) -> None:
    for start in (
        b"GET /v1/lo",
        b"GET /v1/ws HTTP/1.1\r\nUpgrade: websocket\r\nX: ",
        b"POST /v1/lots HTTP/1.1\r\nContent-Le",
    ):
        (await live.raw()).say(start)
    for number in range(50):
        caller = await live.come_in("bidder", sub=f"cut-{number}")
        caller.say(said({"op": "watch", "lot": CALM}) + said(bid(lot="plain"))[: number % 30])
        caller.writer.transport.abort()
    await live.is_undisturbed()


async def test_nothing_of_all_that_was_a_fault_of_the_house(live: Live) -> None:
    assert "Traceback" not in live.premises.said
    assert " ERROR " not in live.premises.said
    assert (await live.call("GET", "/readyz"))[0] == 200
