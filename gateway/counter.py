"""The counter: where every HTTP request is received, whichever routes it is for.

Who asks, what is his to direct, what his body and his query say, how the house's decision is told him: what all
classes of routes (`rest`, `registry`) share, so that none is looser than another. It refuses to know what is asked for.

Invariants: a body is bounded in size and time; of a query every parameter is known and stands there once; an operator
of a consignor directs what is his consignor's and nothing else. Sizes are bytes, waits seconds, instants
microseconds. Source: protocol.md, "HTTP".
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from engine.actor import Answer
from engine.house import House
from engine.limits import GatewayLimits
from gateway import answers, messages
from gateway.auth import BadTokenError, Doorkeeper, Identity, Role
from gateway.frames import Message
from gateway.messages import Malformed
from gateway.problems import ProblemError, answer, malformed, status_of
from lots.listing import Listing
from lots.orders import OpenAccounts
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot

T = TypeVar("T")

_READING: Final = ("GET", "HEAD")
_BODY_WAIT_S: Final = 10.0
_NOT_YOURS: Final = "This is run by somebody else than your organisation."


class FrontCounter:
    """Receives requests.

    Args:
        house: Its clock says whether a token counts, its consignors whose operators do.
        doorkeeper: Looks at what people show to say who they are.
        limits: How large a request may be.
    """

    def __init__(self, house: House, doorkeeper: Doorkeeper, limits: GatewayLimits) -> None:
        self._house = house
        self._doorkeeper = doorkeeper
        self._body_bytes_max = limits.body_bytes_max

    # Who asks ---------------------------------------------------------------------------------------------------------

    def who(self, request: Request) -> Identity | None:
        """Return who asks; None when he does not say.

        Raises:
            ProblemError: He says so by a token that does not count.
        """
        only_reads = request.method in _READING
        try:
            shown = self._doorkeeper.shown(request.headers.getlist, self._house.clock.now(), only_reads=only_reads)
        except BadTokenError as error:
            raise ProblemError(401, Code.UNAUTHENTICATED, str(error)) from None
        return None if shown is None else shown.identity

    def someone(self, request: Request, sentence: str) -> Identity:
        """Return who asks; `sentence` tells those who do not say why they must.

        Raises:
            ProblemError: He does not say.
        """
        identity = self.who(request)
        if identity is None:
            raise ProblemError(401, Code.UNAUTHENTICATED, sentence)
        return identity

    def director(self, request: Request) -> Identity:
        """Return who asks if he may direct anything; what exactly, `must_run` says.

        Raises:
            ProblemError: He does not say who he is, is no operator, or speaks for a consignor that is none here.
        """
        identity = self.someone(request, "Say who you are first; this is for operators.")
        if not identity.may_direct:
            raise ProblemError(403, Code.FORBIDDEN, "This is for operators.")
        if not self.may_run(identity, identity.org):
            raise ProblemError(403, Code.NOT_YOURS, "Your organisation was not taken on by this house.")
        return identity

    def admin(self, request: Request) -> Identity:
        """Return who asks if he is an admin of the house.

        Raises:
            ProblemError: He does not say who he is, or is none.
        """
        identity = self.someone(request, "Say who you are first; this is for admins.")
        if identity.role is not Role.ADMIN:
            raise ProblemError(403, Code.FORBIDDEN, "This is for the house's admins.")
        return identity

    # What is his ------------------------------------------------------------------------------------------------------

    def may_run(self, identity: Identity, org: str | None) -> bool:
        """Whether he may direct the lots and sales that this consignor runs (None: the house itself)."""
        return identity.may_run(org, self._house.registers.consignors)

    def must_run(self, identity: Identity, *orgs: str | None) -> None:
        """See that he may direct the lots and sales of all these.

        Raises:
            ProblemError: He may not.
        """
        if not all(self.may_run(identity, org) for org in orgs):
            raise ProblemError(403, Code.NOT_YOURS, _NOT_YOURS)

    def orgs_beside(self, listings: Collection[Listing]) -> set[str | None]:
        """Return who runs the lots beside which these would stand: of their groups, and those they offer again."""
        lots = self._house.lots
        beside = {listing.before for listing in listings if listing.before is not None}
        for group in {listing.group for listing in listings}:
            beside.update(self._house.lots_of_group(group))
        return {lots[lot].state.listing.org for lot in beside if lot in lots}

    def must_list_for(self, identity: Identity, org: str | None) -> None:
        """See that he may list lots and sales for this consignor (None: for the house itself).

        Raises:
            ProblemError: He may not, or the consignor was never taken on.
        """
        self.must_run(identity, org)
        if org is not None and org not in self._house.registers.consignors:
            raise malformed(f"There is no consignor {org!r} in this house.")

    def accountant(self, request: Request) -> Identity:
        """Return who asks if he may read accounts: an operator of those he runs, an auditor of all.

        Raises:
            ProblemError: He may not.
        """
        identity = self.someone(request, "Say who you are first; this is for operators and auditors.")
        if identity.role is not Role.AUDITOR and not identity.may_direct:
            raise ProblemError(403, Code.FORBIDDEN, "This is for operators and auditors.")
        return identity

    def may_read(self, identity: Identity, org: str | None) -> bool:
        """Whether he may read the accounts of what this consignor runs (None: the house itself)."""
        return identity.role is Role.AUDITOR or self.may_run(identity, org)

    def must_read(self, identity: Identity, org: str | None) -> None:
        """See that he may read the accounts of what this consignor runs.

        Raises:
            ProblemError: He may not.
        """
        if not self.may_read(identity, org):
            raise ProblemError(403, Code.NOT_YOURS, _NOT_YOURS)

    async def open_accounts(self, identity: Identity, lots: Iterable[Lot]) -> None:
        """Have it kept that he reads what only the house knew of these lots, which have ended.

        Raises:
            ProblemError: It cannot be kept now, or one of them was reopened just now.
        """
        orders = [OpenAccounts(lot.lot, identity.sub) for lot in lots if not lot.is_disclosed]
        for decided in await asyncio.gather(*(self._house.ask(order) for order in orders)):
            self.granted(decided)

    # What he asks for -------------------------------------------------------------------------------------------------

    def lot(self, request: Request) -> Lot:
        """Return the lot that the path names, as it stands.

        Raises:
            ProblemError: There is no such lot.
        """
        standing = self._house.lots.get(request.path_params["lot"])
        if standing is None:
            raise ProblemError(404, Code.UNKNOWN_LOT, "There is no such lot in this house.")
        return standing.state

    # What he says -----------------------------------------------------------------------------------------------------

    async def said(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        """Return what the body says.

        Raises:
            ProblemError: It says nothing of this kind.
        """
        said = messages.read_body(decoder, await self.body(request))
        if isinstance(said, Malformed):
            raise malformed(said.detail)
        return said

    async def body(self, request: Request) -> bytes:
        """Read a body of bounded size in bounded time; such a request has no parameters.

        Raises:
            ProblemError: It is too large, too slow, or breaks off.
        """
        parameters(request)
        return await read(request, self._body_bytes_max, _BODY_WAIT_S)

    # What he is told --------------------------------------------------------------------------------------------------

    def told(self, decided: Answer, ref: str | None, lot: str) -> Response:
        """Return the fields of `accepted`.

        Raises:
            ProblemError: It was refused; it has the fields of `refused`.
        """
        return answer(_without_ev(answers.accepted(self.granted(decided, ref, lot))))

    def granted(self, decided: Answer, ref: str | None = None, lot: str | None = None) -> Accepted:
        """Return the acceptance.

        Raises:
            ProblemError: It was refused; it has the fields of `refused`.
        """
        if isinstance(decided, Refused):
            raise self._problem(decided, ref, lot)
        return decided

    def _problem(self, refused: Refused, ref: str | None, lot: str | None) -> ProblemError:
        fields = _without_ev(answers.refused(refused, ref, lot, self._house.clock.now()))
        return ProblemError(status_of(refused.code), fields.pop("code"), fields.pop("detail"), **fields)


async def read(request: Request, bytes_max: int, wait_s: float) -> bytes:
    """Read a body of at most this size in at most this time.

    Raises:
        ProblemError: It is too large, too slow, or breaks off.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(wait_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise ProblemError(413, Code.MALFORMED, f"This request may have at most {bytes_max} bytes.")
    except TimeoutError:
        raise ProblemError(408, Code.MALFORMED, "The request did not arrive in time.") from None
    except ClientDisconnect:
        raise malformed("The request broke off.") from None
    return bytes(body)


async def awaited(submit: Callable[[Callable[[Answer], None]], None]) -> Answer:
    """Hand something in and wait for the answer; one that comes when nobody waits any more is let go."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    submit(lambda decided: None if answered.done() else answered.set_result(decided))
    return await answered


def listed(accepted: Accepted, location: str, body: Message) -> Response:
    """Return what was taken in, and where it is: 201 the first time, 200 when it was there already."""
    return answer(body, 200 if accepted.repeat else 201, {"Location": location})


def parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the query's parameters; each must be known and stand there once.

    Raises:
        ProblemError: One is not.
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise malformed(f"There is no parameter {name!r} here.")
        if name in given:
            raise malformed(f"{name} is given twice.")
        given[name] = value
    return given


def whole_number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a parameter that is a whole number.

    Raises:
        ProblemError: It is none, or not from `least` to `most`.
    """
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise malformed(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _without_ev(message: Message) -> Message:
    del message["ev"]
    return message
