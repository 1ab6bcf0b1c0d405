"""HTTP: the same house for programs that ask now and then (protocol.md, "HTTP").

It refuses to know sockets and WebSockets. Reading is open to all; bids go to the same desk as those over WebSockets,
operators' orders to the house. Every answer that is not what was asked for is a problem (`problems`).

Invariants: types are as strict as over WebSockets; a body and a page are bounded; a page of lots misses none that
stays in the house, however lots extend meanwhile. Amounts are minor units, instants microseconds.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import seconds_to_us
from engine.actor import Answer
from engine.errors import JournalAway
from engine.house import House
from engine.limits import GatewayLimits
from gateway import answers, messages
from gateway.agenda import FIRST, Agenda, Place
from gateway.auth import BadTokenError, Identity, identify
from gateway.bid_desk import BidDesk
from gateway.frames import Message
from gateway.messages import BidBody, Malformed, OrderBody
from gateway.origins import Origins
from gateway.problems import UNKNOWN_SALE, UNSUPPORTED_ORDER, ProblemError, answer, malformed, status_of
from lots import orders, views
from lots.listing import Listing, Sale
from lots.phases import Phase
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot, ref_key

T = TypeVar("T")

_PAGE: Final = 50
_PAGE_MAX: Final = 200
_EVENTS_MAX: Final = 1_000
_SLICE: Final = 500
_BODY_WAIT_S: Final = 10.0

_BID: Final = msgspec.json.Decoder(BidBody)
_ORDER: Final[msgspec.json.Decoder[OrderBody]] = msgspec.json.Decoder(OrderBody)
_SALE: Final = msgspec.json.Decoder(Sale)
_LISTING: Final = msgspec.json.Decoder(Listing)


class Wanted(NamedTuple):
    """Which lots a page is to show."""

    sale: str | None
    phase: str | None
    category: str | None

    def shows(self, lot: Lot) -> bool:
        """Whether this lot belongs on it."""
        return (
            (self.sale is None or lot.sale == self.sale)
            and (self.phase is None or lot.phase == self.phase)
            and (self.category is None or lot.listing.category == self.category)
        )


class Rest:
    """The routes.

    Args:
        house: What is asked about and given orders to.
        agenda: The lots in the order in which they close.
        desk: Takes bids in.
        secret: What tokens are signed with.
        limits: How large a request may be.
        origins: Which pages may ask in somebody's name.
    """

    def __init__(
        self, house: House, agenda: Agenda, desk: BidDesk, secret: str, limits: GatewayLimits, origins: Origins
    ) -> None:
        self._house = house
        self._agenda = agenda
        self._desk = desk
        self._secret = secret
        self._body_bytes_max = limits.body_bytes_max
        self._origins = origins

    def routes(self) -> list[Route]:
        """Return all routes of the sale."""
        return [
            Route("/v1/sales", self.sales, methods=["GET"]),
            Route("/v1/sales", self.list_sale, methods=["POST"]),
            Route("/v1/sales/{sale}", self.sale, methods=["GET"]),
            Route("/v1/lots", self.lots, methods=["GET"]),
            Route("/v1/lots", self.list_lot, methods=["POST"]),
            Route("/v1/lots/{lot}", self.lot, methods=["GET"]),
            Route("/v1/lots/{lot}/events", self.events, methods=["GET"]),
            Route("/v1/lots/{lot}/bids", self.bid, methods=["POST"]),
            Route("/v1/lots/{lot}/orders", self.order, methods=["POST"]),
        ]

    # Looking ----------------------------------------------------------------------------------------------------------

    async def sales(self, request: Request) -> Response:
        """Show all sales."""
        _parameters(request)
        return answer({"sales": [self._shown_sale(sale) for sale in self._house.sales.values()]})

    async def sale(self, request: Request) -> Response:
        """Show one sale."""
        _parameters(request)
        sale = self._house.sales.get(request.path_params["sale"])
        if sale is None:
            raise ProblemError(404, UNKNOWN_SALE, "There is no such sale in this house.")
        return answer(self._shown_sale(sale))

    def _shown_sale(self, sale: Sale) -> Message:
        return {**msgspec.structs.asdict(sale), "lots": self._agenda.counts(sale.sale)}

    async def lots(self, request: Request) -> Response:
        """Show a page of lots, in the order in which they close."""
        given = _parameters(request, "sale", "phase", "category", "limit", "cursor")
        phase = given.get("phase")
        if phase is not None and phase not in frozenset(Phase):
            raise malformed(f"phase must be one of {', '.join(Phase)}.")
        limit = _whole_number(given, "limit", _PAGE, 1, _PAGE_MAX)
        after = _place(given["cursor"]) if "cursor" in given else FIRST
        wanted = Wanted(given.get("sale"), phase, given.get("category"))
        places = await self._find(wanted, after, limit + 1)
        cursor = _cursor(places[limit - 1]) if len(places) > limit else None
        return answer({"lots": [self._snapshot(place.lot) for place in places[:limit]], "cursor": cursor})

    async def _find(self, wanted: Wanted, after: Place, limit: int) -> list[Place]:
        """Look through the agenda a slice at a time, so that a rare category does not hold everyone up."""
        found: list[Place] = []
        lots = self._house.lots
        while places := self._agenda.after(after, _SLICE):
            found.extend(place for place in places if wanted.shows(lots[place.lot].state))
            if len(found) >= limit or len(places) < _SLICE:
                break
            after = places[-1]
            await asyncio.sleep(0)
        return found[:limit]

    def _snapshot(self, lot: str) -> Message:
        state, head = self._house.lots[lot]
        return views.snapshot(state, head.hex(), self._house.clock.now())

    async def lot(self, request: Request) -> Response:
        """Show one lot."""
        _parameters(request)
        return answer(self._snapshot(self._known_lot(request)))

    def _known_lot(self, request: Request) -> str:
        lot: str = request.path_params["lot"]
        if lot not in self._house.lots:
            raise ProblemError(404, Code.UNKNOWN_LOT, "There is no such lot in this house.")
        return lot

    async def events(self, request: Request) -> Response:
        """Show the public events of a lot, oldest first."""
        lot = self._known_lot(request)
        given = _parameters(request, "after", "limit")
        after = _whole_number(given, "after", 0, 0, 2**53 - 1)
        limit = _whole_number(given, "limit", 100, 1, _EVENTS_MAX)
        try:
            found = await self._house.events(lot, after, limit)
        except JournalAway:
            raise ProblemError(503, Code.UNAVAILABLE, "The record cannot be read at the moment.") from None
        return answer({"events": [{**event.public, "head": event.head.hex()} for event in found]})

    # Bidding ----------------------------------------------------------------------------------------------------------

    async def bid(self, request: Request) -> Response:
        """Hand a bid or a ceiling in."""
        identity = self._who(request)
        if identity is None:
            raise ProblemError(401, Code.UNAUTHENTICATED, "Say who you are first; only bidders may bid.")
        body = await self._said(request, _BID)
        lot = self._known_lot(request)
        if body.amount is not None:
            bid = messages.Bid(lot=lot, amount=body.amount, ref=body.ref, confirm=body.confirm)
            return await self._handed_in(identity, bid)
        ceiling = messages.MaxBid(lot=lot, amount=body.max or 0, ref=body.ref, confirm=body.confirm)
        return await self._handed_in(identity, ceiling)

    async def _handed_in(self, identity: Identity, bid: messages.Bid | messages.MaxBid) -> Response:
        decided = await _awaited(lambda reply: self._desk.hand_in(identity, bid, reply))
        return self._told(decided, bid.ref, bid.lot)

    def _told(self, decided: Answer, ref: str, lot: str) -> Response:
        """Return the fields of `accepted`, or a problem with those of `refused`."""
        if isinstance(decided, Refused):
            raise self._problem(decided, ref, lot)
        return answer(_without_ev(answers.accepted(decided)))

    def _problem(self, refused: Refused, ref: str | None, lot: str | None) -> ProblemError:
        fields = _without_ev(answers.refused(refused, ref, lot, self._house.clock.now()))
        return ProblemError(status_of(refused.code), fields.pop("code"), fields.pop("detail"), **fields)

    # Directing --------------------------------------------------------------------------------------------------------

    async def list_sale(self, request: Request) -> Response:
        """List a sale."""
        self._director(request)
        sale = await self._said(request, _SALE)
        decided = await self._house.list_sale(sale)
        if isinstance(decided, Refused):
            raise self._problem(decided, None, None)
        return _listed(decided, f"/v1/sales/{sale.sale}", self._shown_sale(sale))

    async def list_lot(self, request: Request) -> Response:
        """List a lot."""
        self._director(request)
        listing = await self._said(request, _LISTING)
        try:
            listing.check()
        except ValueError as error:
            raise malformed(messages.sentence(error)) from None
        decided = await self._house.list_lot(listing)
        if isinstance(decided, Refused):
            raise self._problem(decided, None, listing.lot)
        return _listed(decided, f"/v1/lots/{listing.lot}", self._snapshot(listing.lot))

    async def order(self, request: Request) -> Response:
        """Give an operator's order."""
        identity = self._director(request)
        body = await self._body(request)
        said = messages.read_body(_ORDER, body)
        if isinstance(said, Malformed):
            name = messages.order_named(body)
            if name in messages.NOT_YET:
                raise ProblemError(409, UNSUPPORTED_ORDER, f"This house does not take the order {name!r} yet.")
            raise malformed(said.detail)
        lot = self._known_lot(request)
        order = self._order(said, lot, identity.sub)
        decided = await _awaited(lambda reply: self._house.submit(order, reply))
        return self._told(decided, said.ref, lot)

    def _order(self, said: OrderBody, lot: str, by: str) -> orders.ClerkOrder:
        """Return the order as the house takes it: with who gives it, and what chance or the lot's state adds."""
        fields: dict[str, Any] = {**msgspec.structs.asdict(said), "lot": lot, "by": by}
        if isinstance(said, messages.Extend):
            fields["closes_at"] = self._new_end(said, lot, by)
            del fields["seconds"]
        elif isinstance(said, messages.Admit):
            fields["chance"] = self._desk.chance()
        return _ORDERS[type(said)](**fields)

    def _new_end(self, said: messages.Extend, lot: str, by: str) -> int:
        """Return to which instant the end moves; a retry by `seconds` means the instant it meant the first time."""
        if said.closes_at is not None:
            return said.closes_at
        state = self._house.lots[lot].state
        kept = state.refs.get(ref_key(by, said.ref))
        if kept is not None and kept.op == "extend" and isinstance(kept.body, int):
            return kept.body
        end = state.scheduled_close_at if state.closes_at is None else state.closes_at
        return end + seconds_to_us(said.seconds or 0)

    # Who asks, and what he says ---------------------------------------------------------------------------------------

    def _who(self, request: Request) -> Identity | None:
        try:
            return identify(self._secret, request.headers.getlist, self._origins, self._house.clock.now())
        except BadTokenError as error:
            raise ProblemError(401, Code.UNAUTHENTICATED, str(error)) from None

    def _director(self, request: Request) -> Identity:
        """Return who asks if he may direct the house."""
        identity = self._who(request)
        if identity is None:
            raise ProblemError(401, Code.UNAUTHENTICATED, "Say who you are first; this is for operators.")
        if not identity.may_direct:
            raise ProblemError(403, Code.FORBIDDEN, "This is for the house's own operators.")
        return identity

    async def _said(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        said = messages.read_body(decoder, await self._body(request))
        if isinstance(said, Malformed):
            raise malformed(said.detail)
        return said

    async def _body(self, request: Request) -> bytes:
        """Read a body of bounded size in bounded time."""
        _parameters(request)
        too_large = ProblemError(413, Code.MALFORMED, f"A request may have at most {self._body_bytes_max} bytes.")
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_WAIT_S):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._body_bytes_max:
                        raise too_large
        except TimeoutError:
            raise ProblemError(408, Code.MALFORMED, "The request did not arrive in time.") from None
        except ClientDisconnect:
            raise malformed("The request broke off.") from None
        return bytes(body)


_ORDERS: Final[Mapping[type[OrderBody], Callable[..., orders.ClerkOrder]]] = {
    messages.Open: orders.Open,
    messages.Pause: orders.Pause,
    messages.Resume: orders.Resume,
    messages.Extend: orders.Extend,
    messages.Withdraw: orders.Withdraw,
    messages.Notice: orders.Notice,
    messages.Admit: orders.Admit,
    messages.Bar: orders.Bar,
}


async def _awaited(submit: Callable[[Callable[[Answer], None]], None]) -> Answer:
    """Hand something in and wait for the answer; one that comes when nobody waits any more is let go."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    submit(lambda decided: None if answered.done() else answered.set_result(decided))
    return await answered


def _listed(decided: Accepted, location: str, body: Message) -> Response:
    return answer(body, 200 if decided.repeat else 201, {"Location": location})


def _without_ev(message: Message) -> Message:
    del message["ev"]
    return message


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the query's parameters; each must be known and stand there once."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise malformed(f"There is no parameter {name!r} here.")
        if name in given:
            raise malformed(f"{name} is given twice.")
        given[name] = value
    return given


def _whole_number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise malformed(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.closes_at}.{place.lot}".encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    """Return the place that a cursor names; it need not be anybody's place any more."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except ValueError:
        raise malformed("This cursor was not made here.") from None
    end, dot, lot = text.partition(".")
    if not dot or not (end.isascii() and end.isdigit() and len(end) <= 16):
        raise malformed("This cursor was not made here.")
    return Place(int(end), lot)
