"""Which tokens count, and whose request it is."""

import base64
import json
from collections.abc import Sequence

import jwt
import pytest

from clock.instants import SECOND_US
from gateway.auth import COOKIE, BadTokenError, Identity, Role, bearer, cookie, identify, read_token, sign, weakness
from gateway.origins import Origins, address_behind, is_loopback

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
    ("headers", "token"),
    [
        ([], None),
        ([f"{COOKIE}=abc"], "abc"),
        ([f'a=b; {COOKIE}="abc"; c'], "abc"),
        ([f"x{COOKIE}=abc"], None),
        ([f"{COOKIE}="], None),
    ],
)
def test_the_session_cookie_is_read(headers: Sequence[str], token: str | None) -> None:
    assert cookie(headers) == token


def test_a_header_beats_a_cookie() -> None:
    bob = Identity("bob", Role.BIDDER, None, ALICE.exp)
    headers = {
        "Authorization": [f"Bearer {sign(SECRET, bob)}"],
        "Cookie": [f"{COOKIE}={sign(SECRET, ALICE)}"],
        "Origin": ["https://house"],
        "Host": ["house"],
    }
    assert identify(SECRET, lambda name: headers.get(name, []), Origins(), NOW) == bob


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
