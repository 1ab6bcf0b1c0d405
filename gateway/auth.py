"""Identities: who asks, by a signed token, and what he may do.

It refuses to know what is asked. A token is a JWT under HS256 and nothing else; its claims are read as strictly as
any message. Invariants: a token without an end is none; an identity ends at `exp`, on open connections too; a cookie
counts only together with an admitted `Origin`. Instants are microseconds, spans seconds. Source: RFC 7519;
protocol.md, "HTTP".
"""

import warnings
from collections.abc import Callable, Container, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, TypeAlias

import jwt
import msgspec
from msgspec import Meta, Struct

from clock.instants import SECOND_US, seconds_to_us
from gateway.origins import Origins
from lots.terms import Id

COOKIE: Final = "knockdown_session"
SECRET_BYTES_MIN: Final = 32
"""A key shorter than the hash can be guessed sooner than it (RFC 7518, section 3.2)."""
_ALGORITHM: Final = "HS256"
_TOKENS: Final = jwt.PyJWS(algorithms=[_ALGORITHM])
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
        return self.role is Role.BIDDER

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


class BadTokenError(ValueError):
    """A token that does not count; the sentence says why and repeats nothing of it."""


_READ: Final = msgspec.json.Decoder(Claims)
_WRITE: Final = msgspec.json.Encoder()


def weakness(secret: str) -> str | None:
    """Return what is wrong with a secret, one sentence for the operator; None when it is long enough to sign with."""
    if len(secret.encode()) >= SECRET_BYTES_MIN:
        return None
    return f"The secret has fewer than {SECRET_BYTES_MIN} bytes: who guesses it can bid under any name."


def sign(secret: str, identity: Identity) -> str:
    """Return a token that stands for `identity` until its end, in whole seconds.

    Raises:
        ValueError: its `sub` or `org` is no id, or its end is out of range.
    """
    end = identity.exp // SECOND_US
    claims = {"sub": identity.sub, "role": identity.role, "org": identity.org, "exp": end}
    payload = _WRITE.encode(msgspec.convert(claims, Claims))
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
    try:
        payload: bytes = _TOKENS.decode(token.encode(), secret, algorithms=[_ALGORITHM])
        return _READ.decode(payload)
    except (jwt.InvalidTokenError, UnicodeError):
        raise BadTokenError("The token was not signed by this house.") from None
    except (msgspec.DecodeError, RecursionError):
        raise BadTokenError("The token's claims are not those of this house: sub, role and exp.") from None


HeadersNamed: TypeAlias = Callable[[str], Sequence[str]]
"""All values of the headers of a name, as WebSocket and HTTP requests both can give them."""


def identify(secret: str, headers: HeadersNamed, origins: Origins, now: int) -> Identity | None:
    """Return who makes this request, or None when it does not say.

    A cookie that does not count any more is as none, since a page cannot take it back.

    Raises:
        BadTokenError: `Authorization` is there and does not count.
    """
    token = bearer(headers("Authorization"))
    if token is not None:
        return read_token(secret, token, now)
    origin = headers("Origin")
    token = cookie(headers("Cookie")) if origin and origins.admits(origin, headers("Host")) else None
    if token is None:
        return None
    try:
        return read_token(secret, token, now)
    except BadTokenError:
        return None


def bearer(headers: Sequence[str]) -> str | None:
    """Return the token of `Authorization: Bearer`, "" if what is there is no such thing, None without the header."""
    if not headers:
        return None
    scheme, _, token = headers[0].strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(headers) == 1 else ""


def cookie(headers: Sequence[str]) -> str | None:
    """Return the token of the session cookie; None without one. The first of several counts."""
    for header in headers:
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return value.strip('"') or None
    return None
