"""Payment notices: which signatures count, checked against the library of the standard, and what they bring about."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from clock.instants import SECOND_US
from gateway.payments import flaw, read_key, sign
from lots.refusals import Code
from tests.gateway.front import NOW, PAYMENT_SECRET, Front, Message, bearer, is_problem, open_front

KEY = read_key(PAYMENT_SECRET)
BODY = b'{"payment": "p1"}'
AT_S = NOW // SECOND_US
Headers = dict[str, str]


def signed(body: bytes, *, name: str = "msg_1", at_s: int = AT_S, secret: str = PAYMENT_SECRET) -> Headers:
    """Return the headers of a notice, signed by the library of the standard."""
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at_s, UTC), body.decode())
    return {"webhook-id": name, "webhook-timestamp": str(at_s), "webhook-signature": signature}


def named(headers: Headers) -> Callable[[str], Sequence[str]]:
    """Return how headers are asked for."""
    return lambda name: [headers[name]] if name in headers else []


def found(headers: Headers, body: bytes = BODY, now: int = NOW) -> str | None:
    return flaw(KEY, named(headers), body, now)


# Signatures -----------------------------------------------------------------------------------------------------------


def test_what_the_library_signs_is_taken() -> None:
    assert found(signed(BODY)) is None


def test_what_is_signed_here_the_library_takes() -> None:
    stamp = str(int(datetime.now(UTC).timestamp()))
    signature = f"v1,{sign(KEY, 'msg_1', stamp, BODY).decode()}"
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    assert Webhook(PAYMENT_SECRET).verify(BODY, headers) == {"payment": "p1"}
    with pytest.raises(WebhookVerificationError):
        Webhook(PAYMENT_SECRET).verify(BODY + b" ", headers)


@given(
    key=st.binary(min_size=24, max_size=64),
    name=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
    at_s=st.integers(0, 99_999_999_999),
    text=st.text(max_size=200),
)
def test_both_sign_alike_whatever_is_signed(key: bytes, name: str, at_s: int, text: str) -> None:
    secret = f"whsec_{base64.b64encode(key).decode()}"
    headers = signed(text.encode(), name=name, at_s=at_s, secret=secret)
    assert read_key(secret) == key
    assert flaw(key, named(headers), text.encode(), at_s * SECOND_US) is None
    assert flaw(key, named(headers), text.encode() + b"!", at_s * SECOND_US) == "bad_signature"
    assert flaw(key + b"!", named(headers), text.encode(), at_s * SECOND_US) == "bad_signature"


def test_a_well_known_vector() -> None:
    key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    assert flaw(key, named(headers), body, 1_614_265_330 * SECOND_US) is None


GOOD = signed(BODY)["webhook-signature"]
OTHER = signed(BODY, secret="whsec_" + "A" * 44)["webhook-signature"]


@pytest.mark.parametrize(
    ("signature", "flaw_of_it"),
    [
        (GOOD, None),
        (f"{OTHER} {GOOD}", None),
        (f"{GOOD} {OTHER}", None),
        (f"v1a,{GOOD[3:]} v2,x {GOOD}", None),
        (OTHER, "bad_signature"),
        ("", "bad_signature"),
        (" ", "bad_signature"),
        ("v1", "bad_signature"),
        ("v1,", "bad_signature"),
        (GOOD[3:], "bad_signature"),
        (f"v1a,{GOOD[3:]}", "bad_signature"),
        (f"v2,{GOOD[3:]}", "bad_signature"),
        (f"V1,{GOOD[3:]}", "bad_signature"),
        (GOOD[:-1], "bad_signature"),
        (GOOD[:-2] + "é=", "bad_signature"),
        (f"{GOOD},{GOOD}", "bad_signature"),
    ],
)
def test_one_of_several_signatures_must_be_ours(signature: str, flaw_of_it: str | None) -> None:
    assert found({**signed(BODY), "webhook-signature": signature}) == flaw_of_it


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(AT_S + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": f" {AT_S}"},
        {"webhook-timestamp": f"{AT_S}.0"},
        {"webhook-timestamp": "now"},
    ],
)
def test_what_was_signed_cannot_be_changed(change: Headers) -> None:
    assert found({**signed(BODY), **change}) == "bad_signature"
    assert found(signed(BODY), BODY + b" ") == "bad_signature"


@pytest.mark.parametrize("stamp", ["", "now", f"{AT_S}.0", f"-{AT_S}", f"+{AT_S}", "1e9", "٣", "9" * 12, f" {AT_S}"])
def test_a_time_stamp_is_whole_seconds_even_where_it_was_signed(stamp: str) -> None:
    signature = f"v1,{sign(KEY, 'm', stamp, BODY).decode()}"
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}
    assert found(headers) == "bad_signature"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_there_once(name: str) -> None:
    headers = signed(BODY)
    assert found({key: value for key, value in headers.items() if key != name}) == "bad_signature"

    def twice(asked: str) -> list[str]:
        return [headers[asked]] * (2 if asked == name else 1)

    assert flaw(KEY, twice, BODY, NOW) == "bad_signature"


@pytest.mark.parametrize(
    ("later_us", "flaw_of_it"),
    [
        (-300 * SECOND_US - 1, "too_old"),
        (-300 * SECOND_US, None),
        (0, None),
        (300 * SECOND_US, None),
        (300 * SECOND_US + 1, "too_old"),
        (86_400 * SECOND_US, "too_old"),
    ],
)
def test_a_notice_counts_five_minutes_before_and_after_its_stamp(later_us: int, flaw_of_it: str | None) -> None:
    assert found(signed(BODY), now=AT_S * SECOND_US + later_us) == flaw_of_it


def test_an_old_notice_that_was_never_signed_is_told_no_more_than_that() -> None:
    assert found({**signed(BODY), "webhook-signature": OTHER}, now=NOW + 86_400 * SECOND_US) == "bad_signature"


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "begin with"),
        ("A" * 44, "begin with"),
        ("whsec_", "24 bytes"),
        ("whsec_" + "A" * 28, "24 bytes"),
        ("whsec_" + "A" * 43 + "!", "base64"),
        ("whsec_" + "é" * 44, "base64"),
        ("whsec_" + "A" * 45, "base64"),
    ],
)
def test_a_secret_that_is_none_is_told_without_being_repeated(secret: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as told:
        read_key(secret)
    assert len(secret) < 10 or secret.removeprefix("whsec_") not in str(told.value)


def test_a_secret_may_come_without_its_padding() -> None:
    assert read_key("whsec_" + base64.b64encode(b"k" * 25).decode().rstrip("=")) == b"k" * 25


# Notices --------------------------------------------------------------------------------------------------------------

PAYMENT: Message = {"payment": "pay-1", "lot": "D", "bidder": "alice", "amount": 500, "currency": "EUR"}


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """A house with lot D, which takes a deposit of 500."""
    async with open_front() as front:
        await front.list("D", deposit=500)
        yield front


async def notify(front: Front, notice: Any, **more: Any) -> httpx.Response:  # noqa: ANN401  anything a provider may send
    """Send a notice, signed as the library does it; returns the answer."""
    body = notice if isinstance(notice, bytes) else orjson.dumps(notice)
    headers = {**signed(body, at_s=front.clock.now() // SECOND_US), **more}
    async with front.http() as http:
        return await http.post("/v1/payments", content=body, headers=headers)


def held(front: Front, lot: str = "D", bidder: str = "alice") -> int:
    return front.house.lots[lot].state.held(bidder)


async def test_a_deposit_that_came_in_is_held_and_admits(front: Front) -> None:
    alice = front.bidder()
    alice.say(op="bid", lot="D", amount=100, ref="r1")
    assert (await alice.hear("refused"))["code"] == Code.DEPOSIT_REQUIRED
    response = await notify(front, PAYMENT)
    told = {"payment": "pay-1", "lot": "D", "at": NOW, "repeat": False, "pending": False}
    assert (response.status_code, response.json()) == (200, told)
    assert held(front) == 500
    alice.say(op="bid", lot="D", amount=100, ref="r2")
    assert (await alice.hear("accepted"))["leading"] is True


async def test_a_notice_that_comes_twice_is_answered_again_and_changes_nothing(front: Front) -> None:
    first = await notify(front, PAYMENT)
    before = front.house.lots["D"]
    front.clock.advance(60 * SECOND_US)
    again = await notify(front, PAYMENT)
    assert (again.status_code, again.json()) == (200, {**first.json(), "repeat": True})
    assert front.house.lots["D"] == before


async def test_a_notice_says_nothing_of_the_paddle(front: Front) -> None:
    async with front.http() as http:
        public = (await http.get("/v1/lots/D/events")).content
        response = await notify(front, PAYMENT)
        assert front.house.lots["D"].state.paddles["alice"] not in response.json().values()
        assert (await http.get("/v1/lots/D/events")).content == public


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": 499}, 409, Code.WRONG_AMOUNT),
        ({"amount": 501}, 409, Code.WRONG_AMOUNT),
        ({"amount": 0}, 409, Code.WRONG_AMOUNT),
        ({"currency": "USD"}, 409, Code.WRONG_AMOUNT),
        ({"lot": "A"}, 409, Code.WRONG_AMOUNT),
        ({"lot": "Z"}, 404, Code.UNKNOWN_LOT),
        ({"lot": "no id at all"}, 404, Code.UNKNOWN_LOT),
        ({"amount": -500}, 400, Code.MALFORMED),
        ({"amount": "500"}, 400, Code.MALFORMED),
        ({"amount": 500.0}, 400, Code.MALFORMED),
        ({"currency": "eur"}, 400, Code.MALFORMED),
        ({"bidder": "@floor"}, 400, Code.MALFORMED),
        ({"payment": "p 1"}, 400, Code.MALFORMED),
        ({"color": "red"}, 400, Code.MALFORMED),
    ],
)
async def test_a_notice_that_does_not_fit_changes_nothing(
    front: Front, change: Message, status: int, code: str
) -> None:
    before = dict(front.house.lots)
    is_problem(await notify(front, {**PAYMENT, **change}), status, code)
    assert front.house.lots == before


async def test_another_notice_of_the_same_payment_is_refused(front: Front) -> None:
    await notify(front, PAYMENT)
    before = front.house.lots["D"]
    is_problem(await notify(front, {**PAYMENT, "bidder": "bob"}), 409, Code.REF_REUSED)
    is_problem(await notify(front, {**PAYMENT, "payment": "pay-2"}), 409, Code.ALREADY_DONE)
    assert front.house.lots["D"] == before


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"payment":"p"}', b"[" * 5_000])
async def test_a_signed_body_that_is_no_notice_is_malformed(front: Front, body: bytes) -> None:
    is_problem(await notify(front, body), 400, Code.MALFORMED)


async def test_what_is_not_signed_now_changes_nothing(front: Front) -> None:
    is_problem(await notify(front, PAYMENT, **{"webhook-signature": OTHER}), 401, "bad_signature")
    is_problem(await notify(front, PAYMENT, **{"webhook-id": "another"}), 401, "bad_signature")
    is_problem(await notify(front, b"not even JSON", **{"webhook-signature": "v1,x"}), 401, "bad_signature")
    body, headers = orjson.dumps(PAYMENT), signed(orjson.dumps(PAYMENT))
    async with front.http() as http:
        is_problem(await http.post("/v1/payments", content=body, headers=bearer("ada", "admin")), 401, "bad_signature")
        is_problem(await http.post("/v1/payments?x=1", content=body, headers=headers), 400, Code.MALFORMED)
        front.clock.advance(301 * SECOND_US)
        is_problem(await http.post("/v1/payments", content=body, headers=headers), 401, "too_old")
    assert held(front) == 0


async def test_an_operator_cannot_take_a_payments_ref_first(front: Front) -> None:
    async with front.http() as http:
        order = {"order": "notice", "ref": "pay-1", "text": "Mine."}
        for sub in ("payments", "otto"):
            given_first = await http.post("/v1/lots/D/orders", headers=bearer(sub, "operator"), json=order)
            assert given_first.status_code == 200
    assert (await notify(front, PAYMENT)).status_code == 200


async def test_a_house_without_a_secret_takes_no_notices() -> None:
    async with open_front(payment_secret=None) as front:
        problem = is_problem(await notify(front, PAYMENT), 404, "not_found")
        assert "no payment notices" in problem["detail"]


async def test_a_house_with_half_a_secret_does_not_open() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        async with open_front(payment_secret="whsec_c2hvcnQ="):
            pass


async def test_a_body_is_bounded() -> None:
    async with open_front(body_bytes_max=1_000) as front:
        is_problem(await notify(front, b" " * 1_001), 413, Code.MALFORMED)
