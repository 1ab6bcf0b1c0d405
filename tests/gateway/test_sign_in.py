"""How a browser is signed in and out, and what an attacker gets by trying."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Origin

from clock.instants import SECOND_US
from gateway.auth import COOKIE, Identity, Person, Role, sign
from gateway.sign_in import PERSON_COUNTS_US, read_provider
from knockdown import PEOPLE as DEMO
from tests.gateway.front import NOW, SECRET, Front, Message, Visitor, bearer, is_problem, open_front, token
from tests.gateway.test_app import hear, served

SESSION = "/v1/session"
PAGE = {"Origin": "http://house.example"}
WATCHER: Message = {"sub": None, "role": "watcher", "org": None, "exp": None, "people": [], "provider": None}
EXP = NOW + 3_600 * SECOND_US
ALICE: Message = {**WATCHER, "sub": "alice", "role": "bidder", "exp": EXP}
PEOPLE = (Person("alice", Role.BIDDER), Person("olga", Role.OPERATOR), Person("karl", Role.OPERATOR, "K"))
SHOWN = [
    {"sub": "alice", "role": "bidder", "org": None},
    {"sub": "olga", "role": "operator", "org": None},
    {"sub": "karl", "role": "operator", "org": "K"},
]
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
"""What browsers say of a request that a page of ours makes."""


def cookie(*tokens: str) -> dict[str, str]:
    """Return the header of a browser that has these in its session cookies."""
    return {"Cookie": "; ".join(f"{COOKIE}={one}" for one in tokens)}


def of(token: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the headers of a WebSocket that a page of ours opens."""
    return ("Origin", "http://house.example"), ("Cookie", f"{COOKIE}={token}")


def another(sub: str = "alice", role: str = "bidder", jti: str = "1") -> str:
    """Return one more token of the same person."""
    return sign(SECRET, Identity(sub, Role(role), None, EXP), jti)


def set_cookie(response: httpx.Response) -> "Morsel[str]":
    """Return the one cookie that an answer sets."""
    (header,) = response.headers.get_list("set-cookie")
    return SimpleCookie(header)[COOKIE]


async def sign_in(http: httpx.AsyncClient, headers: dict[str, str] | None = None, **body: str) -> httpx.Response:
    """Sign in from a page of ours."""
    return await http.post(SESSION, headers={**PAGE, **(headers or {})}, json=body)


async def sign_out(http: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    """Sign out from a page of ours; keeps nothing of what it is told."""
    response = await http.delete(SESSION, headers={**PAGE, **headers})
    http.cookies.clear()
    return response


async def who(http: httpx.AsyncClient, headers: dict[str, str]) -> Any:  # noqa: ANN401  a name or null
    """Return as whom this asks."""
    return (await http.get(SESSION, headers=headers)).json()["sub"]


# Who asks -------------------------------------------------------------------------------------------------------------


async def test_nobody_is_a_watcher() -> None:
    async with open_front() as front, front.http() as http:
        response = await http.get(SESSION)
        assert (response.status_code, response.json()) == (200, WATCHER)
        assert response.headers["cache-control"] == "no-store"


async def test_whoever_asks_is_told_who_he_is() -> None:
    async with open_front() as front, front.http() as http:
        karl = bearer("karl", "operator", org="K")
        told = {**WATCHER, "sub": "karl", "role": "operator", "org": "K", "exp": EXP}
        assert (await http.get(SESSION, headers=karl)).json() == told


async def test_how_one_may_sign_in_here_is_told_to_all() -> None:
    async with open_front(people=PEOPLE, provider="https://id.example/in") as front, front.http() as http:
        assert (await http.get(SESSION)).json() == {**WATCHER, "people": SHOWN, "provider": "https://id.example/in"}


@pytest.mark.parametrize(
    ("header", "sub"),
    [
        (("Sec-Fetch-Site", "same-origin"), "alice"),
        (("Sec-Fetch-Site", "same-site"), None),
        (("Sec-Fetch-Site", "cross-site"), None),
        (("Sec-Fetch-Site", "none"), None),
        (("Origin", "http://house.example"), "alice"),
        (("Origin", "https://pages.example"), "alice"),
        (("Origin", "https://evil.example"), None),
        (("Referer", "http://house.example/"), None),
    ],
)
async def test_a_page_of_ours_reads_by_cookie_and_no_other(header: tuple[str, str], sub: str | None) -> None:
    async with open_front() as front, front.http() as http:
        assert await who(http, {**cookie(token()), header[0]: header[1]}) == sub


async def test_by_cookie_alone_one_reads_and_does_nothing() -> None:
    async with open_front() as front, front.http() as http:
        headers = {**cookie(token()), **SAME_ORIGIN}
        assert (await http.get("/v1/lots/A/registration", headers=headers)).status_code == 200
        bid = {"amount": 100, "ref": "r"}
        is_problem(await http.post("/v1/lots/A/bids", headers=headers, json=bid), 401, "unauthenticated")
        assert (await http.post("/v1/lots/A/bids", headers={**headers, **PAGE}, json=bid)).status_code == 200


async def test_a_socket_needs_an_origin_whatever_else_a_browser_says() -> None:
    async with open_front() as front:
        visitor = Visitor(front.gateway)
        visitor.knock(("Cookie", f"{COOKIE}={token()}"), *SAME_ORIGIN.items())
        assert visitor.take()[0]["role"] == "watcher"


async def test_who_he_is_ends_with_his_token() -> None:
    async with open_front() as front, front.http() as http:
        headers = {**cookie(token()), **SAME_ORIGIN}
        front.clock.set(EXP - 1)
        assert await who(http, headers) == "alice"
        front.clock.set(EXP)
        assert await who(http, headers) is None


async def test_with_two_cookies_that_count_nobody_asks() -> None:
    async with open_front() as front, front.http() as http:
        two = cookie(token(), token("mallory"))
        assert await who(http, {**two, **SAME_ORIGIN}) is None
        visitor = Visitor(front.gateway)
        visitor.knock(("Origin", PAGE["Origin"]), ("Cookie", two["Cookie"]))
        assert visitor.take()[0]["role"] == "watcher"


# Signing in -----------------------------------------------------------------------------------------------------------


async def test_a_token_becomes_a_cookie() -> None:
    async with open_front() as front, front.http() as http:
        response = await sign_in(http, token=token())
        assert (response.status_code, response.json()) == (200, ALICE)
        assert response.headers["cache-control"] == "no-store"
        kept = set_cookie(response)
        assert kept.value == token()
        assert kept.value not in response.text
        assert {name: value for name, value in kept.items() if value} == {
            "path": "/", "max-age": "3600", "secure": True, "httponly": True, "samesite": "strict",
        }  # fmt: skip
        assert await who(http, {**cookie(kept.value), **SAME_ORIGIN}) == "alice"


@pytest.mark.parametrize(
    ("base", "headers", "secure"),
    [
        ("http://localhost:8000", {}, False),
        ("http://127.0.0.1:8000", {}, False),
        ("http://127.1.2.3", {}, False),
        ("http://[::1]:8000", {}, False),
        ("https://localhost:8000", {}, True),
        ("http://house.example", {}, True),
        ("https://house.example", {}, True),
        ("http://192.0.2.7:8000", {}, True),
        ("http://localhost.evil.example", {}, True),
        ("http://localhost", {"X-Forwarded-Proto": "https"}, True),
        ("http://localhost", {"X-Forwarded-Proto": "http"}, False),
        ("http://localhost", {"X-Forwarded-Proto": "http, https"}, True),
        ("http://localhost", {"X-Forwarded-For": "203.0.113.9"}, True),
        ("http://house.example", {"X-Forwarded-Proto": "http"}, True),
    ],
)
async def test_the_cookie_is_secure_but_for_plain_http_within_this_machine(
    base: str, headers: dict[str, str], *, secure: bool
) -> None:
    async with open_front() as front, front.http() as http:
        http.base_url = httpx.URL(base)
        mine = {**headers, "Origin": base}
        for response in (
            await http.post(SESSION, headers=mine, json={"token": token()}),
            await http.delete(SESSION, headers=mine),
        ):
            assert response.status_code == 200
            assert bool(set_cookie(response)["secure"]) is secure


@pytest.mark.parametrize(
    ("ttl_s", "late_us", "age"),
    [(60, 0, "60"), (60, 1, "59"), (1, 1, "0"), (10 * 366 * 86_400, 0, str(400 * 86_400))],
)
async def test_the_cookie_does_not_outlive_its_token(ttl_s: int, late_us: int, age: str) -> None:
    async with open_front() as front, front.http() as http:
        front.clock.set(NOW + late_us)
        assert set_cookie(await sign_in(http, token=token(ttl_s=ttl_s)))["max-age"] == age


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"token": token(ttl_s=0)}, 401, "unauthenticated"),
        ({"token": token(ttl_s=-9)}, 401, "unauthenticated"),
        ({"token": sign("another house's secret, as long as ours", Identity("alice", Role.ADMIN, None, EXP))}, 401,
         "unauthenticated"),
        ({"token": "a.b.c"}, 401, "unauthenticated"),
        ({"token": f"{token()};"}, 401, "unauthenticated"),
        ({"token": f"{token()}\r\nSet-Cookie: a=b"}, 401, "unauthenticated"),
        ({"token": f"{token()}; Domain=example"}, 401, "unauthenticated"),
        ({"token": ""}, 400, "malformed"),
        ({"token": "a" * 3_801}, 400, "malformed"),
        ({"token": 7}, 400, "malformed"),
        ({}, 400, "malformed"),
        ({"token": token(), "person": "alice"}, 400, "malformed"),
        ({"token": token(), "next": "//evil.example"}, 400, "malformed"),
        ([], 400, "malformed"),
        ({"person": "alice"}, 404, "not_found"),
    ],
)  # fmt: skip
async def test_what_is_no_token_of_this_house_signs_nobody_in(given: object, status: int, code: str) -> None:
    async with open_front() as front, front.http() as http:
        response = await http.post(SESSION, headers=PAGE, content=msgspec.json.encode(given))
        is_problem(response, status, code)
        assert "set-cookie" not in response.headers
        assert token() not in response.text


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Origin", "")],
        [("Origin", "http://house.example.evil.example")],
        [("Origin", "http://house.example:8080")],
        [("Origin", "http://house.example"), ("Origin", "https://evil.example")],
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "same-origin")],
        [("Referer", "http://house.example/")],
        [("Origin", "https://evil.example"), ("Authorization", f"Bearer {token()}")],
        [("Origin", "https://evil.example"), ("X-Forwarded-Host", "evil.example")],
    ],
)
async def test_no_foreign_page_signs_anybody_in_or_out(method: str, headers: Sequence[tuple[str, str]]) -> None:
    async with open_front(people=PEOPLE) as front, front.http() as http:
        alice = front.visitor(*of(token()))
        sent = [*headers, ("Cookie", f"{COOKIE}={token()}"), ("Content-Type", "text/plain")]
        for body in ({"token": token("mallory")}, {"person": "olga"}) if method == "POST" else ({},):
            response = await http.request(method, SESSION, headers=sent, content=msgspec.json.encode(body))
            is_problem(response, 403, "forbidden")
            assert "set-cookie" not in response.headers
        assert alice.closed is None
        assert await who(http, {"Authorization": f"Bearer {token()}"}) == "alice"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_token_in_an_address_is_refused_and_not_repeated(method: str) -> None:
    async with open_front() as front, front.http() as http:
        body = {"token": token()} if method == "POST" else None
        response = await http.request(method, f"{SESSION}?token={token()}", headers=PAGE, json=body)
        is_problem(response, 400, "malformed")
        assert token() not in response.text
        assert "set-cookie" not in response.headers


async def test_tokens_stand_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with open_front(people=PEOPLE) as front, front.http() as http:
        picked = set_cookie(await sign_in(http, person="olga")).value
        await sign_in(http, token=token())
        await sign_in(http, token=token(ttl_s=-1))
        await sign_out(http, cookie(picked))
        for one in (token(), token(ttl_s=-1), picked):
            assert one not in caplog.text
            assert one.rpartition(".")[2] not in caplog.text


async def test_pages_of_other_hosts_that_were_named_may_sign_out_too() -> None:
    async with open_front() as front, front.http() as http:
        asked = {"Origin": "https://pages.example", "Access-Control-Request-Method": "DELETE"}
        response = await http.options(SESSION, headers=asked)
        assert "DELETE" in response.headers["access-control-allow-methods"]


# People to pick -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", SHOWN, ids=lambda person: person["sub"])
async def test_in_a_house_for_show_one_picks_whom_to_be(person: Message) -> None:
    async with open_front(people=PEOPLE) as front, front.http() as http:
        response = await sign_in(http, person=person["sub"])
        told = {**person, "exp": NOW + PERSON_COUNTS_US, "people": SHOWN, "provider": None}
        assert (response.status_code, response.json()) == (200, told)
        kept = set_cookie(response)
        assert kept["max-age"] == str(12 * 3_600)
        assert await who(http, {**cookie(kept.value), **SAME_ORIGIN}) == person["sub"]


@pytest.mark.parametrize(
    ("people", "person", "helps"),
    [((), "alice", "token"), (PEOPLE, "mallory", "GET /v1/session"), (PEOPLE, "Alice", "GET /v1/session")],
)
async def test_whom_one_may_not_pick_one_is_told(people: Sequence[Person], person: str, helps: str) -> None:
    async with open_front(people=people) as front, front.http() as http:
        problem = is_problem(await sign_in(http, person=person), 404, "not_found")
        assert helps in problem["detail"]


async def test_the_same_person_picked_twice_has_two_sessions() -> None:
    async with open_front(people=PEOPLE) as front, front.http() as one, front.http() as other:
        mine, his = [set_cookie(await sign_in(http, person="alice")).value for http in (one, other)]
        assert mine != his
        await sign_out(one, cookie(mine))
        assert await who(other, {**cookie(his), **SAME_ORIGIN}) == "alice"
        again = set_cookie(await sign_in(one, person="alice")).value
        assert await who(one, {**cookie(again), **SAME_ORIGIN}) == "alice"


@pytest.mark.parametrize("person", [Person("a b", Role.BIDDER), Person("", Role.ADMIN), Person("a", Role.ADMIN, "b b")])
async def test_nobody_stands_to_be_picked_for_whom_no_token_can_stand(person: Person) -> None:
    with pytest.raises(msgspec.ValidationError):
        await opened(open_front(people=[person]))


async def opened(front: AbstractAsyncContextManager[Front]) -> None:
    async with front:
        pass


async def test_the_demo_has_people_of_every_role_to_pick() -> None:
    async with open_front(people=DEMO) as front, front.http() as http:
        shown = (await http.get(SESSION)).json()["people"]
        assert {person["role"] for person in shown} == set(Role)
        assert not [person for person in shown if person["sub"].startswith("bidder-") or person["sub"] == "clerk"]
        for person in shown:
            assert (await sign_in(http, person=person["sub"])).json()["role"] == person["role"]


@pytest.mark.parametrize("url", ["https://id.example/in?to=house", "http://localhost:9000/"])
def test_an_address_of_an_identity_provider(url: str) -> None:
    assert read_provider(url) == url


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "id.example/in", "//id.example", "https://", "https://a b", "ä"]
)
async def test_a_link_of_ours_leads_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match="identity provider"):
        await opened(open_front(provider=url))


# Signing out ----------------------------------------------------------------------------------------------------------


async def test_signing_out_ends_exactly_this_session() -> None:
    async with open_front() as front, front.http() as http:
        mine, again = front.visitor(*of(token())), front.visitor(*of(token()))
        bare = front.visitor(("Authorization", f"Bearer {token()}"))
        later = front.visitor()
        later.say(op="auth", token=token())
        his, bob, watcher = front.visitor(*of(another())), front.visitor(*of(token("bob"))), front.visitor()
        left = front.visitor(*of(token()))
        left.say(op="auth", token=another())
        response = await sign_out(http, cookie(token()))
        assert (response.status_code, response.json()) == (200, WATCHER)
        assert [one.closed for one in (mine, again, bare, later)] == [4401] * 4
        assert [one.closed for one in (his, bob, watcher, left)] == [None] * 4
        assert front.gateway.reception.connections == 4
        assert front.gateway.presence.attendance(["alice", "bob"]).connected == 2


async def test_a_browser_signs_in_comes_in_and_is_parted_with_over_real_sockets() -> None:
    async with served() as house, httpx.AsyncClient(base_url=f"http://{house.place}") as http:
        page = {"Origin": f"http://{house.place}"}
        kept = set_cookie(await http.post(SESSION, headers=page, json={"token": token()}))
        headers = cookie(kept.value)
        async with connect(
            f"ws://{house.place}/v1/ws", origin=Origin(page["Origin"]), additional_headers=headers
        ) as ws:
            assert (await hear(ws, "hello"))["bidder"] == "alice"
            assert (await http.delete(SESSION, headers=page)).json() == WATCHER
            with pytest.raises(ConnectionClosedError) as closed:
                await hear(ws, "anything")
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "signed out")
        assert await who(http, SAME_ORIGIN) is None


async def test_signing_out_takes_the_cookie_back() -> None:
    async with open_front() as front, front.http() as http:
        for headers in ({}, cookie(token()), cookie("nonsense"), cookie(token(ttl_s=-1))):
            response = await sign_out(http, headers)
            assert (response.status_code, response.json()) == (200, WATCHER)
            kept = set_cookie(response)
            assert (kept.value, kept["max-age"], kept["path"]) == ("", "0", "/")
            assert (kept["httponly"], kept["samesite"]) == (True, "strict")


async def test_a_token_that_was_signed_out_counts_nowhere() -> None:
    async with open_front() as front, front.http() as http:
        await sign_out(http, cookie(token()))
        assert await who(http, {**cookie(token()), **SAME_ORIGIN}) is None
        assert await who(http, {**cookie(token()), **PAGE}) is None
        said = is_problem(await http.get(SESSION, headers=bearer()), 401, "unauthenticated")
        assert "signed out" in said["detail"]
        is_problem(await http.get("/v1/lots/A/registration", headers=bearer()), 401, "unauthenticated")
        is_problem(await sign_in(http, token=token()), 401, "unauthenticated")
        refusal = Visitor(front.gateway).knock(("Authorization", f"Bearer {token()}"))
        assert refusal is not None
        assert refusal[0] == 401
        copied = Visitor(front.gateway)
        copied.knock(*of(token()))
        assert copied.take()[0]["role"] == "watcher"
        copied.say(op="auth", token=token())
        assert [message["code"] for message in copied.take("error")] == ["unauthenticated"]
        assert copied.closed == 4401


async def test_another_token_of_the_same_person_counts_on() -> None:
    async with open_front() as front, front.http() as http:
        await sign_out(http, cookie(token()))
        assert (await sign_in(http, token=another())).json() == ALICE


async def test_a_token_can_be_taken_back_by_whoever_has_it() -> None:
    async with open_front() as front, front.http() as http:
        alice = front.bidder()
        assert (await sign_out(http, bearer())).status_code == 200
        assert alice.closed == 4401
        is_problem(await http.get(SESSION, headers=bearer()), 401, "unauthenticated")
        is_problem(await sign_out(http, bearer()), 401, "unauthenticated")


async def test_with_two_cookies_both_sessions_end() -> None:
    async with open_front() as front, front.http() as http:
        await sign_out(http, cookie("nonsense", token(), token("mallory")))
        for sub in ("alice", "mallory"):
            is_problem(await http.get(SESSION, headers=bearer(sub)), 401, "unauthenticated")


async def test_after_signing_out_no_clock_brings_an_identity_back() -> None:
    async with open_front() as front, front.http() as http:
        mine = front.visitor(*of(token()))
        await sign_out(http, cookie(token()))
        front.clock.set(EXP + SECOND_US)
        front.gateway.operations.tick()
        assert mine.closed == 4401
        assert mine.take() == []


# One after the other --------------------------------------------------------------------------------------------------


async def test_who_signs_in_as_somebody_else_has_signed_out_before() -> None:
    async with open_front() as front, front.http() as http:
        alice = front.visitor(*of(token()))
        response = await sign_in(http, cookie(token()), token=token("bob"))
        assert response.json()["sub"] == "bob"
        assert alice.closed == 4401
        is_problem(await http.get(SESSION, headers=bearer()), 401, "unauthenticated")


@pytest.mark.parametrize("fresh", [token(), another()])
async def test_who_signs_in_again_stays_where_he_is(fresh: str) -> None:
    async with open_front() as front, front.http() as http:
        alice = front.visitor(*of(token()))
        assert (await sign_in(http, cookie(token()), token=fresh)).json() == ALICE
        assert alice.closed is None
        assert await who(http, bearer()) == "alice"


async def test_a_bad_token_leaves_the_session_that_was_there() -> None:
    async with open_front() as front, front.http() as http:
        alice = front.visitor(*of(token()))
        is_problem(await sign_in(http, cookie(token()), token="a.b.c"), 401, "unauthenticated")
        assert alice.closed is None
        assert await who(http, {**cookie(token()), **SAME_ORIGIN}) == "alice"
