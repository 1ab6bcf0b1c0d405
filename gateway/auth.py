"""Identities: who asks, by a signed token, and what he may do.

It refuses to know what is asked. A token is a JWT under HS256 and nothing else; its claims are read as strictly as
any message. Invariants: a token without an end is none; an identity ends at `exp`, on open connections too; a cookie
counts only where a browser says that a page of ours asks: with an admitted `Origin`, or, for a request that only
reads and names no origin, with `Sec-Fetch-Site: same-origin`; a token that was signed out counts nowhere any more,
however it is written. Instants are microseconds, spans seconds. Source: RFC 7519; W3C Fetch Metadata; protocol.md,
"HTTP" and "Sessions of a browser".
"""

import re
import warnings
from collections.abc import Container, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from heapq import heappop, heappush
from typing import Annotated, Final

import jwt
import msgspec
from msgspec import Meta, Struct

from clock.instants import SECOND_US, seconds_to_us
from gateway.origins import HeadersNamed, Origins
from lots.terms import Id

COOKIE: Final = "knockdown_session"
COOKIES_MAX: Final = 32
"""More session cookies than this are none: each costs a look, and a browser sends as many as it is made to."""
SECRET_BYTES_MIN: Final = 32
"""A key shorter than the hash can be guessed sooner than it (RFC 7518, section 3.2)."""
_ALGORITHM: Final = "HS256"
_TOKENS: Final = jwt.PyJWS(algorithms=[_ALGORITHM])
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""How a token is written (RFC 7515, section 3.1); the library would also take one with other characters strewn in."""
# The house says once, at its start, that its secret is weak; the library would say it with every token.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

Numeric = Annotated[int, Meta(ge=0, le=2**43)] | Annotated[float, Meta(ge=0, le=2**43)]
"""Seconds since the epoch, as JWT has them."""


class Role(StrEnum):
    """What kind of person a token speaks for."""

    BIDDER = "bidder"
    OPERATOR = "operator"
    ADMIN = "admin"
    AUDITOR = "auditor"


_BIDDER = Role.BIDDER  # as `OPEN` in `lots.phases`: every bid asks


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims that are read; a token may hold more. One made for another audience is not for this house."""

    sub: Id
    role: Role
    exp: Numeric
    org: Id | None = None
    nbf: Numeric | None = None
    aud: None = None


class Identity(Struct, frozen=True):
    """Who somebody is until `exp` (microseconds since the epoch)."""

    sub: str
    role: Role
    org: str | None
    exp: int

    @property
    def may_bid(self) -> bool:
        """Whether he may bid."""
        return self.role is _BIDDER

    @property
    def may_direct(self) -> bool:
        """Whether he may list lots, give orders and see the operations at all; of which lots, `may_run` says."""
        return self.role in (Role.ADMIN, Role.OPERATOR)

    @property
    def runs_house(self) -> bool:
        """Whether all of the house is his to run: admins, and operators of no consignor."""
        return self.role is Role.ADMIN or (self.role is Role.OPERATOR and self.org is None)

    def may_run(self, org: str | None, consignors: Container[str]) -> bool:
        """Whether he may direct what `org` runs (None: the house); of `consignors` are those that were taken on."""
        if self.runs_house:
            return True
        return self.may_direct and org is not None and org == self.org and org in consignors

    def has_ended(self, now: int) -> bool:
        """Whether the token's time is over."""
        return now >= self.exp


class Person(Struct, frozen=True):
    """Somebody whom a house for show lets everyone be."""

    sub: Id
    role: Role
    org: Id | None = None


class Pass(Struct, frozen=True):
    """A token that counts: who he is, and by what it is known again without being kept."""

    identity: Identity
    mark: bytes


class BadTokenError(ValueError):
    """A token that does not count; the sentence says why and repeats nothing of it."""


_READ: Final = msgspec.json.Decoder(Claims)
_WRITE: Final = msgspec.json.Encoder()


def weakness(secret: str) -> str | None:
    """Return what is wrong with a secret, one sentence for the operator; None when it is long enough to sign with."""
    if len(secret.encode()) >= SECRET_BYTES_MIN:
        return None
    return f"The secret has fewer than {SECRET_BYTES_MIN} bytes: who guesses it can bid under any name."


class _OneOfAKind(Claims, frozen=True, kw_only=True, omit_defaults=True):
    """Claims that are told from the same claims signed another time (RFC 7519, section 4.1.7)."""

    jti: str | None = None


def sign(secret: str, identity: Identity, jti: str | None = None) -> str:
    """Return a token that stands for `identity` until its end, in whole seconds; `jti` tells it from others like it.

    Raises:
        ValueError: its `sub` or `org` is no id, or its end is out of range.
    """
    end = identity.exp // SECOND_US
    claims = {"sub": identity.sub, "role": identity.role, "org": identity.org, "exp": end, "jti": jti}
    payload = _WRITE.encode(msgspec.convert(claims, _OneOfAKind))
    return _TOKENS.encode(payload, secret, algorithm=_ALGORITHM, headers={"typ": "JWT"})


def read_token(secret: str, token: str, now: int) -> Identity:
    """Return the identity that a token stands for.

    Raises:
        BadTokenError: It was not signed by this house, is not of this kind, or its time is not now.
    """
    claims = _claims(secret, token)
    if claims.nbf is not None and now < seconds_to_us(claims.nbf):
        raise BadTokenError("The token does not count yet.")
    identity = Identity(claims.sub, claims.role, claims.org, seconds_to_us(claims.exp))
    if identity.has_ended(now):
        raise BadTokenError("The token has expired.")
    return identity


@lru_cache(maxsize=1_024)
def _claims(secret: str, token: str) -> Claims:
    """Check the signature and read the claims: the part that does not depend on the time."""
    if _COMPACT.fullmatch(token) is None:
        raise BadTokenError("The token was not signed by this house.")
    try:
        payload: bytes = _TOKENS.decode(token.encode(), secret, algorithms=[_ALGORITHM])
        return _READ.decode(payload)
    except (jwt.InvalidTokenError, UnicodeError):
        raise BadTokenError("The token was not signed by this house.") from None
    except (msgspec.DecodeError, RecursionError):
        raise BadTokenError("The token's claims are not those of this house: sub, role and exp.") from None


def mark_of(token: str) -> bytes:
    """Return by what a token is known again: the hash of what its signature covers.

    The signature itself is left out: its last character may be written in several ways that all stand for the same
    bytes, and so would a token that was signed out come back.
    """
    return sha256(token.rpartition(".")[0].encode()).digest()


class SignedOut:
    """The marks of tokens that were given up before their end.

    Args:
        most: So many are kept; beyond, those go that would have ended first anyhow.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_end: list[tuple[int, bytes]] = []
        self._marks: set[bytes] = set()

    def __contains__(self, mark: bytes) -> bool:
        return mark in self._marks

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, mark: bytes, exp: int, now: int) -> None:
        """Keep a mark until its token ends, and let go of those whose tokens have ended."""
        if mark not in self._marks:
            self._marks.add(mark)
            heappush(self._by_end, (exp, mark))
        while self._by_end and (self._by_end[0][0] <= now or len(self._by_end) > self._most):
            self._marks.discard(heappop(self._by_end)[1])


class Doorkeeper:
    """Looks at what people show to say who they are.

    Args:
        secret: What tokens are signed with.
        origins: Which pages may ask in somebody's name.
        signed_out_max: So many tokens are remembered that were given up before their end.
    """

    def __init__(self, secret: str, origins: Origins, signed_out_max: int) -> None:
        self._secret = secret
        self._origins = origins
        self._signed_out = SignedOut(signed_out_max)

    def sign(self, identity: Identity, jti: str) -> str:
        """Return a token of this house; `jti` tells it from others like it.

        Raises:
            ValueError: its `sub` or `org` is no id, or its end is out of range.
        """
        return sign(self._secret, identity, jti)

    def read(self, token: str, now: int) -> Pass:
        """Return what a token stands for.

        Raises:
            BadTokenError: It was not signed by this house, is not of this kind, its time is not now, or it was signed
                out.
        """
        shown = Pass(read_token(self._secret, token, now), mark_of(token))
        if shown.mark in self._signed_out:
            raise BadTokenError("The token was signed out.")
        return shown

    def shown(self, headers: HeadersNamed, now: int, *, only_reads: bool = False) -> Pass | None:
        """Return by what somebody says who he is, or None when he does not.

        A cookie that does not count any more is as none, since a page cannot take it back. Of two that both count
        neither does: another host of the same site may have set one, in whose name nobody here asks. `only_reads` is
        for requests that change nothing, which browsers send without an `Origin`.

        Raises:
            BadTokenError: `Authorization` is there and does not count.
        """
        token = bearer(headers("Authorization"))
        if token is not None:
            return self.read(token, now)
        if not self._is_of_our_page(headers, only_reads=only_reads):
            return None
        passes = self.in_cookies(headers("Cookie"), now)
        return passes[0] if len(passes) == 1 else None

    def _is_of_our_page(self, headers: HeadersNamed, *, only_reads: bool) -> bool:
        """Whether a browser says that a page of ours asks; no script of a page can write these headers."""
        if headers("Origin"):
            return self._origins.admits_page(headers("Origin"), headers("Host"))
        return only_reads and list(headers("Sec-Fetch-Site")) == ["same-origin"]

    def in_cookies(self, cookies: Sequence[str], now: int) -> list[Pass]:
        """Return what the session cookies stand for, each once; not whether cookies count in this request."""
        passes = {}
        for token in session_cookies(cookies):
            try:
                shown = self.read(token, now)
            except BadTokenError:
                continue
            passes[shown.mark] = shown
        return list(passes.values())

    def sign_out(self, shown: Pass, now: int) -> None:
        """Let this token count no more."""
        self._signed_out.add(shown.mark, shown.identity.exp, now)


def bearer(headers: Sequence[str]) -> str | None:
    """Return the token of `Authorization: Bearer`, "" if what is there is no such thing, None without the header."""
    if not headers:
        return None
    scheme, _, token = headers[0].strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(headers) == 1 else ""


def session_cookies(headers: Sequence[str]) -> list[str]:
    """Return the tokens of all session cookies, each once; none if there are more than `COOKIES_MAX`.

    A browser sends several where several paths or hosts have set one.
    """
    pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
    values = (value.strip('"') for name, _, value in pairs if name == COOKIE)
    found = list(dict.fromkeys(filter(None, values)))
    return found if len(found) <= COOKIES_MAX else []
