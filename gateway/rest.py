"""HTTP: the same house for programs that ask now and then (protocol.md, "HTTP").

Sales and lots are shown and listed, bids are taken in. It refuses to know sockets and WebSockets, and what operators
order (`directing`). Reading is open to all; bids go to the same desk as those over WebSockets. Every answer that is not
what was asked for is a problem (`problems`).

Invariants: types are as strict as over WebSockets; a page is bounded; a page of lots misses none that stays in the
house, however lots extend meanwhile. Amounts are minor units, instants microseconds.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.errors import JournalAway
from engine.house import House
from gateway import messages
from gateway.agenda import FIRST, Agenda, Place
from gateway.auth import Identity
from gateway.bid_desk import BidDesk
from gateway.counter import FrontCounter, awaited, listed, parameters, whole_number
from gateway.frames import Message
from gateway.indicative import Indicator
from gateway.messages import BidBody
from gateway.problems import UNKNOWN_SALE, ProblemError, answer, malformed
from gateway.zones import objection_to, zone_names
from lots import views
from lots.listing import Listing, Sale
from lots.phases import Phase
from lots.refusals import Code
from lots.state import Lot

_PAGE: Final = 50
_PAGE_MAX: Final = 200
_EVENTS_MAX: Final = 1_000
_SLICE: Final = 500

_BID: Final = msgspec.json.Decoder(BidBody)
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
        counter: Receives the requests.
    """

    def __init__(self, house: House, agenda: Agenda, desk: BidDesk, counter: FrontCounter) -> None:
        self._house = house
        self._agenda = agenda
        self._desk = desk
        self._counter = counter
        zone_names()  # read now, and not while bids wait

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
        ]

    # Looking ----------------------------------------------------------------------------------------------------------

    async def sales(self, request: Request) -> Response:
        """Show all sales."""
        parameters(request)
        return answer({"sales": [self._shown_sale(sale) for sale in self._house.sales.values()]})

    async def sale(self, request: Request) -> Response:
        """Show one sale."""
        parameters(request)
        sale = self._house.sales.get(request.path_params["sale"])
        if sale is None:
            raise ProblemError(404, UNKNOWN_SALE, "There is no such sale in this house.")
        return answer(self._shown_sale(sale))

    def _shown_sale(self, sale: Sale) -> Message:
        return {**msgspec.to_builtins(sale), "lots": self._agenda.counts(sale.sale)}

    async def lots(self, request: Request) -> Response:
        """Show a page of lots, in the order in which they close."""
        given = parameters(request, "sale", "phase", "category", "limit", "cursor", "indicative")
        phase = given.get("phase")
        if phase is not None and phase not in frozenset(Phase):
            raise malformed(f"phase must be one of {', '.join(Phase)}.")
        limit = whole_number(given, "limit", _PAGE, 1, _PAGE_MAX)
        indicator = self._indicator(given)
        after = _place(given["cursor"]) if "cursor" in given else FIRST
        wanted = Wanted(given.get("sale"), phase, given.get("category"))
        places = await self._find(wanted, after, limit + 1)
        cursor = _cursor(places[limit - 1]) if len(places) > limit else None
        shown = [self._snapshot(place.lot, indicator) for place in places[:limit]]
        return answer({"lots": shown, "cursor": cursor})

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

    def _indicator(self, given: Mapping[str, str]) -> Indicator | None:
        """Return what shows amounts in another currency, if that was asked for."""
        return Indicator(given["indicative"], self._house.registers.rates) if "indicative" in given else None

    def _snapshot(self, lot: str, indicator: Indicator | None = None) -> Message:
        state, head = self._house.lots[lot]
        shown = views.snapshot(state, head.hex(), self._house.clock.now())
        return shown if indicator is None else {**shown, "indicative": indicator.shown(state)}

    async def lot(self, request: Request) -> Response:
        """Show one lot."""
        given = parameters(request, "indicative")
        return answer(self._snapshot(self._counter.lot(request).lot, self._indicator(given)))

    async def events(self, request: Request) -> Response:
        """Show the public events of a lot, oldest first."""
        lot = self._counter.lot(request).lot
        given = parameters(request, "after", "limit")
        after = whole_number(given, "after", 0, 0, 2**53 - 1)
        limit = whole_number(given, "limit", 100, 1, _EVENTS_MAX)
        try:
            found = await self._house.events(lot, after, limit)
        except JournalAway:
            raise ProblemError(503, Code.UNAVAILABLE, "The record cannot be read at the moment.") from None
        return answer({"events": [{**event.public, "head": event.head.hex()} for event in found]})

    # Bidding ----------------------------------------------------------------------------------------------------------

    async def bid(self, request: Request) -> Response:
        """Hand a bid or a ceiling in."""
        identity = self._counter.someone(request, "Say who you are first; only bidders may bid.")
        body = await self._counter.said(request, _BID)
        lot = self._counter.lot(request).lot
        if body.amount is not None:
            bid = messages.Bid(lot=lot, amount=body.amount, ref=body.ref, confirm=body.confirm)
            return await self._handed_in(identity, bid)
        ceiling = messages.MaxBid(lot=lot, amount=body.max or 0, ref=body.ref, confirm=body.confirm)
        return await self._handed_in(identity, ceiling)

    async def _handed_in(self, identity: Identity, bid: messages.Bid | messages.MaxBid) -> Response:
        decided = await awaited(lambda reply: self._desk.hand_in(identity, bid, reply))
        return self._counter.told(decided, bid.ref, bid.lot)

    # Listing ----------------------------------------------------------------------------------------------------------

    async def list_sale(self, request: Request) -> Response:
        """List a sale."""
        identity = self._counter.director(request)
        sale = await self._counter.said(request, _SALE)
        self._counter.must_list_for(identity, sale.org)
        objection = objection_to(sale.zone)
        if objection is not None:
            raise malformed(objection)
        if sale.sale in self._house.sales:
            self._counter.must_run(identity, self._house.sales[sale.sale].org)
        accepted = self._counter.granted(await self._house.registers.list_sale(sale))
        return listed(accepted, f"/v1/sales/{sale.sale}", self._shown_sale(sale))

    async def list_lot(self, request: Request) -> Response:
        """List a lot."""
        identity = self._counter.director(request)
        listing = await self._counter.said(request, _LISTING)
        self._counter.must_list_for(identity, listing.org)
        self._counter.must_run(identity, *self._neighbours(listing))
        try:
            listing.check()
        except ValueError as error:
            raise malformed(messages.sentence(error)) from None
        accepted = self._counter.granted(await self._house.listings.list_lot(listing), lot=listing.lot)
        return listed(accepted, f"/v1/lots/{listing.lot}", self._snapshot(listing.lot))

    def _neighbours(self, listing: Listing) -> set[str | None]:
        """Return who runs what a lot would stand beside: its sale, the lots of its group, the lot it offers again.

        A sale that is not listed yet is the house's.
        """
        sale = self._house.sales.get(listing.sale)
        return {None if sale is None else sale.org, *self._counter.orgs_beside((listing,))}


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
