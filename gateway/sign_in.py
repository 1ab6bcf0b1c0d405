"""Sign-in: the session of a browser, from the token that it brings to the cookie that its pages then ask with.

A session is a token of this house in a cookie that no script can read. It refuses to know who gives out tokens, and
what they let anyone do; only a house for show signs some itself, for the people one may pick.

Invariants: nobody is signed in or out but by a page of ours; the token is never shown again, and stands in no address
and no line of the log; what is signed out counts nowhere in this process from that moment on; who signs in as somebody
else has signed out before. Instants are microseconds, the cookie's age seconds. Source: RFC 6265 with SameSite
(6265bis); protocol.md, "Sessions of a browser".
"""

from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import SECOND_US, Clock
from gateway.auth import COOKIE, BadTokenError, Doorkeeper, Identity, Pass, Person, bearer
from gateway.counter import FrontCounter, parameters
from gateway.frames import Message
from gateway.origins import Origins, is_plain_loopback
from gateway.problems import NOT_FOUND, ProblemError, answer
from lots.refusals import Code

PATH: Final = "/v1/session"
PERSON_COUNTS_US: Final = 12 * 3_600 * SECOND_US
_AGE_MAX_S: Final = 400 * 86_400
"""Browsers keep no cookie for longer."""
_UNSEEN: Final = {"Cache-Control": "no-store"}
"""No store between here and the browser shows one what another was told."""
_NOT_OURS: Final = "Only a page of this house signs in and out: the request names no Origin that is admitted here."
_NOBODY_TO_PICK: Final = "This house has nobody to pick; sign in with a token of its identity provider."
_NO_SUCH_PERSON: Final = "There is nobody of this name to pick; GET /v1/session says who there is."

AnyPerson = Annotated[str, Meta(min_length=1, max_length=64, description="the sub of one of the people to pick")]
SessionToken = Annotated[str, Meta(min_length=1, max_length=3_800, description="a JWT that fits into a cookie")]


class SignInBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what somebody signs in: a token of this house; or, where there are people to pick, one of them."""

    token: SessionToken | None = None
    person: AnyPerson | None = None

    def __post_init__(self) -> None:
        """See that it is one of the two."""
        if (self.token is None) == (self.person is None):
            raise ValueError("give either token or person")


_BODY: Final = msgspec.json.Decoder(SignInBody)


def read_provider(url: str) -> str:
    """Return the address at which people sign in with the identity provider.

    Raises:
        ValueError: it is none that a link of ours may lead to.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError(f"the address of the identity provider is {url!r}; it must begin with https://")
    return url


class SignIn:
    """The routes.

    Args:
        clock: Says whether a token counts.
        doorkeeper: Looks at what browsers show, and signs for the people to pick.
        counter: Receives the requests.
        origins: Which pages are ours.
        part: Parts with everyone who is there with a token.
        people: Whom everyone may be: in a house for show alone.
        provider: Where people sign in; they come back with a token.

    Raises:
        ValueError: One of the people is nobody that a token can stand for.
    """

    def __init__(
        self,
        clock: Clock,
        doorkeeper: Doorkeeper,
        counter: FrontCounter,
        origins: Origins,
        part: Callable[[Pass], None],
        people: Iterable[Person] = (),
        provider: str | None = None,
    ) -> None:
        self._clock = clock
        self._doorkeeper = doorkeeper
        self._counter = counter
        self._origins = origins
        self._part = part
        self._people = {person.sub: msgspec.convert(msgspec.to_builtins(person), Person) for person in people}
        self._provider = provider

    def routes(self) -> list[Route]:
        """Return all routes of the session."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.sign_in, methods=["POST"]),
            Route(PATH, self.sign_out, methods=["DELETE"]),
        ]

    async def show(self, request: Request) -> Response:
        """Say who asks."""
        parameters(request)
        return self._told(self._counter.who(request))

    async def sign_in(self, request: Request) -> Response:
        """Let a browser ask in somebody's name from now on."""
        self._must_be_our_page(request)
        said = await self._counter.said(request, _BODY)
        now = self._clock.now()
        token = said.token or self._token_of(said.person or "", now)
        shown = self._read(token, now)
        for other in self._doorkeeper.in_cookies(request.headers.getlist("Cookie"), now):
            if _person(other.identity) != _person(shown.identity):
                self._end(other, now)
        response = self._told(shown.identity)
        _set_cookie(response, request, token, (shown.identity.exp - now) // SECOND_US)
        return response

    async def sign_out(self, request: Request) -> Response:
        """Let what this browser shows count no more, wherever else it is shown."""
        self._must_be_our_page(request)
        parameters(request)
        now = self._clock.now()
        token = bearer(request.headers.getlist("Authorization"))
        shown = [] if token is None else [self._read(token, now)]
        for one in (*shown, *self._doorkeeper.in_cookies(request.headers.getlist("Cookie"), now)):
            self._end(one, now)
        response = self._told(None)
        _set_cookie(response, request, "", 0)
        return response

    def _must_be_our_page(self, request: Request) -> None:
        headers = request.headers.getlist
        if not self._origins.admits_page(headers("Origin"), headers("Host")):
            raise ProblemError(403, Code.FORBIDDEN, _NOT_OURS)

    def _read(self, token: str, now: int) -> Pass:
        try:
            return self._doorkeeper.read(token, now)
        except BadTokenError as error:
            raise ProblemError(401, Code.UNAUTHENTICATED, str(error)) from None

    def _token_of(self, sub: str, now: int) -> str:
        """Sign for somebody to pick; never twice the same, so that one session's end is not another's."""
        if not self._people:
            raise ProblemError(404, NOT_FOUND, _NOBODY_TO_PICK)
        person = self._people.get(sub)
        if person is None:
            raise ProblemError(404, NOT_FOUND, _NO_SUCH_PERSON)
        identity = Identity(person.sub, person.role, person.org, now + PERSON_COUNTS_US)
        return self._doorkeeper.sign(identity, token_hex(8))

    def _end(self, shown: Pass, now: int) -> None:
        self._doorkeeper.sign_out(shown, now)
        self._part(shown)

    def _told(self, identity: Identity | None) -> Response:
        people = [msgspec.to_builtins(person) for person in self._people.values()]
        return answer({**_who(identity), "people": people, "provider": self._provider}, headers=_UNSEEN)


def _who(identity: Identity | None) -> Message:
    if identity is None:
        return {"sub": None, "role": "watcher", "org": None, "exp": None}
    return {"sub": identity.sub, "role": identity.role, "org": identity.org, "exp": identity.exp}


def _person(identity: Identity) -> Person:
    return Person(identity.sub, identity.role, identity.org)


def _set_cookie(response: Response, request: Request, token: str, age_s: int) -> None:
    """Have the browser keep the token for so long, where none but this house gets it; 0: no more."""
    peer = request.client.host if request.client is not None else ""
    response.set_cookie(
        COOKIE,
        token,
        max_age=min(age_s, _AGE_MAX_S),
        path="/",
        secure=not is_plain_loopback(peer, request.scope["scheme"], request.headers.getlist),
        httponly=True,
        samesite="strict",
    )
