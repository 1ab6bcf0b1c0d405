"""Which tokens count, and whose request it is."""

import base64
import json
from collections.abc import Sequence

import jwt
import pytest

from clock.instants import SECOND_US
from gateway.auth import (
    COOKIE,
    COOKIES_MAX,
    BadTokenError,
    Doorkeeper,
    Identity,
    Role,
    SignedOut,
    bearer,
    mark_of,
    read_token,
    session_cookies,
    sign,
    weakness,
)
from gateway.origins import Origins, address_behind, is_loopback, is_plain_loopback

SECRET = "0123456789abcdef0123456789abcdef"
NOW_S = 1_700_000_000
NOW = NOW_S * SECOND_US
ALICE = Identity("alice", Role.BIDDER, None, NOW + 60 * SECOND_US)
CLAIMS = {"sub": "alice", "role": "bidder", "exp": NOW_S + 60}


def raw(claims: object, secret: str = SECRET, algorithm: str = "HS256") -> str:
    """Return a token of anything."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), secret, algorithm=algorithm)


def test_a_token_stands_for_who_signed_it() -> None:
    assert read_token(SECRET, sign(SECRET, ALICE), NOW) == ALICE


def test_any_jwt_library_can_sign() -> None:
    foreign = jwt.encode({**CLAIMS, "iss": "a bank", "iat": NOW_S + 9_999}, SECRET, algorithm="HS256")
    assert read_token(SECRET, foreign, NOW) == ALICE


def test_any_jwt_library_can_read_what_is_signed_here() -> None:
    options = {"verify_exp": False}
    assert jwt.decode(sign(SECRET, ALICE), SECRET, algorithms=["HS256"], options=options) == CLAIMS  # type: ignore[arg-type]


def test_an_operator_of_a_consignor_has_an_org() -> None:
    otto = Identity("otto", Role.OPERATOR, "consignor-7", ALICE.exp)
    assert read_token(SECRET, sign(SECRET, otto), NOW) == otto


@pytest.mark.parametrize(
    ("role", "org", "directs", "runs"),
    [
        (Role.ADMIN, None, True, {None, "K", "L", "gone"}),
        (Role.ADMIN, "K", True, {None, "K", "L", "gone"}),
        (Role.OPERATOR, None, True, {None, "K", "L", "gone"}),
        (Role.OPERATOR, "K", True, {"K"}),
        (Role.OPERATOR, "gone", True, set()),
        (Role.BIDDER, None, False, set()),
        (Role.BIDDER, "K", False, set()),
        (Role.AUDITOR, None, False, set()),
        (Role.AUDITOR, "K", False, set()),
    ],
)
def test_who_may_run_what(role: Role, org: str | None, *, directs: bool, runs: set[str | None]) -> None:
    identity = Identity("x", role, org, ALICE.exp)
    assert identity.may_direct is directs
    assert identity.runs_house is (runs == {None, "K", "L", "gone"})
    assert {of for of in (None, "K", "L", "gone") if identity.may_run(of, {"K", "L"})} == runs


def test_a_token_counts_until_its_end_and_not_at_it() -> None:
    token = sign(SECRET, ALICE)
    assert read_token(SECRET, token, ALICE.exp - 1) == ALICE
    with pytest.raises(BadTokenError, match="expired"):
        read_token(SECRET, token, ALICE.exp)


def test_a_token_counts_from_its_beginning() -> None:
    token = raw({**CLAIMS, "nbf": NOW_S + 1})
    with pytest.raises(BadTokenError, match="yet"):
        read_token(SECRET, token, NOW)
    assert read_token(SECRET, token, NOW + SECOND_US) == ALICE


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "alice", "role": "bidder"},
        {"sub": "alice", "exp": NOW_S + 60},
        {"role": "bidder", "exp": NOW_S + 60},
        {**CLAIMS, "role": "owner"},
        {**CLAIMS, "role": ["admin"]},
        {**CLAIMS, "sub": ""},
        {**CLAIMS, "sub": "alice smith"},
        {**CLAIMS, "sub": "alice\n"},
        {**CLAIMS, "sub": 7},
        {**CLAIMS, "exp": True},
        {**CLAIMS, "exp": "soon"},
        {**CLAIMS, "exp": -1},
        {**CLAIMS, "exp": float("nan")},
        {**CLAIMS, "exp": float("inf")},
        {**CLAIMS, "exp": 10**30},
        {**CLAIMS, "aud": "another house"},
        {**CLAIMS, "org": ""},
        [],
        "alice",
    ],
)
def test_claims_are_read_strictly(claims: object) -> None:
    with pytest.raises(BadTokenError):
        read_token(SECRET, raw(claims), NOW)


def unsigned(header: dict[str, object]) -> str:
    """Return a token with a header of one's own and no signature."""
    parts = (json.dumps(part).encode() for part in (header, CLAIMS))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": "none", "typ": "JWT"}),
        unsigned({"alg": "None"}),
        unsigned({"alg": "HS256"}),
        unsigned({"typ": "JWT"}),
        raw(CLAIMS, "another secret, just as long as ours"),
        raw(CLAIMS, SECRET * 2, "HS512"),
        sign(SECRET, ALICE)[:-1],
        sign(SECRET, ALICE) + "A",
        "",
        "..",
        "a.b.c",
        "\ud800",
        "ä.ö.ü",
        "A" * 8_000,
        sign(SECRET, ALICE) + "=",
        sign(SECRET, ALICE) + "\n",
        sign(SECRET, ALICE) + " ",
        sign(SECRET, ALICE)[:-9] + ";\r\n" + sign(SECRET, ALICE)[-9:],
    ],
)
def test_only_our_own_signature_counts(token: str) -> None:
    with pytest.raises(BadTokenError) as caught:
        read_token(SECRET, token, NOW)
    assert not token or token not in str(caught.value)


def test_another_algorithm_under_our_secret_does_not_count() -> None:
    token = raw(CLAIMS, SECRET + SECRET, "HS384")
    with pytest.raises(BadTokenError):
        read_token(SECRET + SECRET, token, NOW)


def test_a_short_secret_is_told_to_the_operator() -> None:
    assert weakness(SECRET) is None
    assert "32 bytes" in (weakness("short") or "")


@pytest.mark.parametrize("sub", ["", "a b", "x" * 65])
def test_nobody_is_signed_for_under_what_is_no_id(sub: str) -> None:
    with pytest.raises(ValueError, match="sub"):
        sign(SECRET, Identity(sub, Role.BIDDER, None, NOW))


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], None),
        (["Bearer abc"], "abc"),
        (["bearer  abc "], "abc"),
        (["Basic abc"], ""),
        (["Bearer"], ""),
        (["Bearer a", "Bearer b"], ""),
    ],
)
def test_a_bearer_header_is_read(headers: Sequence[str], token: str | None) -> None:
    assert bearer(headers) == token


@pytest.mark.parametrize(
    ("headers", "tokens"),
    [
        ([], []),
        ([f"{COOKIE}=abc"], ["abc"]),
        ([f'a=b; {COOKIE}="abc"; c'], ["abc"]),
        ([f"{COOKIE}=abc; {COOKIE}=abc"], ["abc"]),
        ([f"{COOKIE}=abc; {COOKIE}=def", f"{COOKIE}=ghi"], ["abc", "def", "ghi"]),
        ([f"x{COOKIE}=abc"], []),
        ([f"{COOKIE}="], []),
        (["; ".join(f"{COOKIE}={number}" for number in range(COOKIES_MAX))], [str(n) for n in range(COOKIES_MAX)]),
        (["; ".join(f"{COOKIE}={number}" for number in range(COOKIES_MAX + 1))], []),
    ],
)
def test_session_cookies_are_read(headers: Sequence[str], tokens: Sequence[str]) -> None:
    assert session_cookies(headers) == tokens


Headers = dict[str, list[str]]


def who(keeper: Doorkeeper, headers: Headers, *, only_reads: bool = False) -> str | None:
    """Return who shows this."""
    shown = keeper.shown(lambda name: headers.get(name, []), NOW, only_reads=only_reads)
    return None if shown is None else shown.identity.sub


BOB = Identity("bob", Role.BIDDER, None, ALICE.exp)
ON_OUR_PAGE: Headers = {"Origin": ["https://house"], "Host": ["house"]}
HIS_COOKIE: Headers = {"Cookie": [f"{COOKIE}={sign(SECRET, ALICE)}"], "Host": ["house"]}


def test_a_header_beats_a_cookie() -> None:
    headers = {**ON_OUR_PAGE, **HIS_COOKIE, "Authorization": [f"Bearer {sign(SECRET, BOB)}"]}
    assert who(Doorkeeper(SECRET, Origins(), 9), headers) == "bob"


@pytest.mark.parametrize(
    ("headers", "when_reading", "when_doing"),
    [
        ({"Origin": ["https://house"]}, "alice", "alice"),
        ({"Origin": ["https://listed"]}, "alice", "alice"),
        ({"Origin": ["https://evil"]}, None, None),
        ({"Origin": ["null"]}, None, None),
        ({"Origin": [""]}, None, None),
        ({"Origin": ["https://house", "https://house"]}, None, None),
        ({"Origin": ["https://evil"], "Sec-Fetch-Site": ["same-origin"]}, None, None),
        ({"Origin": ["null"], "Sec-Fetch-Site": ["same-origin"]}, None, None),
        ({"Sec-Fetch-Site": ["same-origin"]}, "alice", None),
        ({"Sec-Fetch-Site": ["same-site"]}, None, None),
        ({"Sec-Fetch-Site": ["cross-site"]}, None, None),
        ({"Sec-Fetch-Site": ["none"]}, None, None),
        ({"Sec-Fetch-Site": [""]}, None, None),
        ({"Sec-Fetch-Site": ["same-origin, cross-site"]}, None, None),
        ({"Sec-Fetch-Site": ["same-origin", "cross-site"]}, None, None),
        ({"Sec-Fetch-Site": ["same-origin", "same-origin"]}, None, None),
        ({}, None, None),
        ({"Referer": ["https://house/"]}, None, None),
    ],
)
def test_a_cookie_counts_where_a_browser_says_that_our_page_asks(
    headers: Headers, when_reading: str | None, when_doing: str | None
) -> None:
    keeper = Doorkeeper(SECRET, Origins(["https://listed"]), 9)
    assert who(keeper, {**HIS_COOKIE, **headers}, only_reads=True) == when_reading
    assert who(keeper, {**HIS_COOKIE, **headers}) == when_doing


@pytest.mark.parametrize(
    ("cookies", "sub"),
    [
        ((ALICE,), "alice"),
        ((ALICE, ALICE), "alice"),
        ((ALICE, BOB), None),
        ((BOB, ALICE), None),
        ((Identity("bob", Role.BIDDER, None, NOW), ALICE), "alice"),
    ],
)
def test_of_two_cookies_that_count_neither_does(cookies: Sequence[Identity], sub: str | None) -> None:
    pairs = [f"{COOKIE}={sign(SECRET, one)}" for one in cookies]
    keeper = Doorkeeper(SECRET, Origins(), 9)
    assert who(keeper, {**ON_OUR_PAGE, "Cookie": ["; ".join(pairs)]}) == sub
    assert who(keeper, {**ON_OUR_PAGE, "Cookie": pairs}) == sub


# Signed out -----------------------------------------------------------------------------------------------------------


def ways_to_write(token: str) -> list[str]:
    """Return the token in every way in which its signature stands for the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    signature = base64.urlsafe_b64decode(token.rpartition(".")[2] + "=")
    written = [token[:-1] + letter for letter in letters]
    return [one for one in written if base64.urlsafe_b64decode(one.rpartition(".")[2] + "=") == signature]


def test_a_token_that_was_signed_out_counts_no_more_however_it_is_written() -> None:
    """Some versions of the library take a signature in one writing only, some in all."""
    keeper, token = Doorkeeper(SECRET, Origins(), 9), sign(SECRET, ALICE)
    written = ways_to_write(token)
    assert len(written) == 4
    assert {mark_of(one) for one in written} == {keeper.read(token, NOW).mark}
    keeper.sign_out(keeper.read(token, NOW), NOW)
    with pytest.raises(BadTokenError, match="signed out"):
        keeper.read(token, NOW)
    for one in written:
        with pytest.raises(BadTokenError):
            keeper.read(one, NOW)


def test_another_token_of_the_same_person_counts_on() -> None:
    keeper, first, second = Doorkeeper(SECRET, Origins(), 9), sign(SECRET, ALICE, "1"), sign(SECRET, ALICE, "2")
    keeper.sign_out(keeper.read(first, NOW), NOW)
    assert keeper.read(second, NOW).identity == ALICE


def test_what_was_signed_out_is_forgotten_once_it_has_ended() -> None:
    marks = SignedOut(9)
    for number in range(5):
        marks.add(b"%d" % number, NOW + number, NOW - 1)
    assert len(marks) == 5
    marks.add(b"last", NOW + 9, NOW + 2)
    assert [b"%d" % number in marks for number in range(5)] == [False, False, False, True, True]
    assert b"last" in marks


def test_of_too_many_those_that_end_first_are_forgotten() -> None:
    marks = SignedOut(3)
    for number in (4, 1, 3, 2, 5):
        marks.add(b"%d" % number, NOW + number, NOW)
    assert [number for number in range(1, 6) if b"%d" % number in marks] == [3, 4, 5]


def test_signed_out_twice_is_signed_out_once() -> None:
    marks = SignedOut(2)
    for _ in range(3):
        marks.add(b"1", NOW + 1, NOW)
    marks.add(b"2", NOW + 2, NOW)
    assert b"1" in marks
    assert len(marks) == len(marks._by_end) == 2


# Where a request comes from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "host", "admitted"),
    [
        ("https://house.example", "house.example", True),
        ("https://house.example:443", "house.example", True),
        ("http://house.example", "house.example:80", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("HTTPS://House.Example", "house.example", True),
        ("https://listed.example", "house.example", True),
        ("https://house.example:8443", "house.example", False),
        ("https://house.example.evil", "house.example", False),
        ("https://evil/house.example", "house.example", False),
        ("https://evil@house.example", "house.example", False),
        ("https://house.example#evil", "house.example", False),
        ("https://", "", False),
        ("null", "house.example", False),
        ("", "house.example", False),
        ("house.example", "house.example", False),
        ("https://house.example:99999", "house.example:99999", False),
        ("https://[", "[", False),
    ],
)
def test_origins(origin: str, host: str, *, admitted: bool) -> None:
    assert Origins(["https://listed.example/", " "]).admits([origin], [host]) is admitted


def test_two_origins_or_two_hosts_are_foreign() -> None:
    assert not Origins().admits(["https://a", "https://b"], ["a"])
    assert not Origins().admits(["https://a"], ["a", "b"])
    assert not Origins().admits(["https://a"], [])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["127.0.0.1"], "192.0.2.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
        ("::1", ["a", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [""], "127.0.0.1"),
    ],
)
def test_only_a_proxy_on_this_machine_speaks_for_others(peer: str, forwarded: Sequence[str], address: str) -> None:
    assert address_behind(peer, forwarded) == address


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("::ffff:192.0.2.1", False),
     ("192.0.2.1", False), ("localhost", False), ("", False), ("fe80::1%eth0", False)],
)  # fmt: skip
def test_loopback(address: str, *, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_what_names_no_origin_is_no_page() -> None:
    assert Origins().admits([], ["house"])
    assert not Origins().admits_page([], ["house"])
    assert Origins().admits_page(["https://house"], ["house"])
    assert not Origins().admits_page(["https://evil"], ["house"])


HERE, PROXY, FAR = "127.0.0.1", "127.0.0.1", "192.0.2.1"
AT_HOME: Headers = {"Host": ["localhost:8000"]}


@pytest.mark.parametrize(
    ("peer", "scheme", "headers", "plain"),
    [
        (HERE, "http", AT_HOME, True),
        (HERE, "http", {"Host": ["LOCALHOST"]}, True),
        (HERE, "http", {"Host": ["127.0.0.1:8000"]}, True),
        (HERE, "http", {"Host": ["127.9.9.9"]}, True),
        (HERE, "http", {"Host": ["[::1]:8000"]}, True),
        (FAR, "http", AT_HOME, True),
        (HERE, "https", AT_HOME, False),
        (HERE, "http", {"Host": ["house.example"]}, False),
        (HERE, "http", {"Host": ["192.0.2.7:8000"]}, False),
        (HERE, "http", {"Host": ["0.0.0.0:8000"]}, False),
        (HERE, "http", {"Host": ["localhost.evil"]}, False),
        (HERE, "http", {"Host": ["evil@localhost"]}, False),
        (HERE, "http", {"Host": ["localhost:99999"]}, False),
        (HERE, "http", {"Host": ["localhost", "house.example"]}, False),
        (HERE, "http", {"Host": [""]}, False),
        (HERE, "http", {}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-Proto": ["https"]}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-Proto": ["HTTP"]}, True),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-Proto": ["http, https"]}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-Proto": ["http", "https"]}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-Proto": [""]}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-For": ["203.0.113.9"]}, False),
        (PROXY, "http", {**AT_HOME, "X-Forwarded-For": ["127.0.0.1"]}, True),
        (FAR, "https", {**AT_HOME, "X-Forwarded-Proto": ["http"]}, False),
    ],
)
def test_only_plain_http_within_this_machine_is_plain(peer: str, scheme: str, headers: Headers, *, plain: bool) -> None:
    assert is_plain_loopback(peer, scheme, lambda name: headers.get(name, [])) is plain
