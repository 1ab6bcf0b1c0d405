"""Admission: how a bidder comes to his paddle, over HTTP: he registers, he joins, he sees where he stands.

It refuses to know who is let in: that is an order of the operators (`directing`) or what a payment brings. Invariants:
a bidder sees what is his own and nothing else; operators see who has asked to be let in and what he has paid, but no
paddle, nor anything from which one could be told: bidders stand by their names, not in the order of their admission.
Amounts are minor units. Source: running-sales.md, "Admission and deposits"; rules.md, section 1 (articles 17 and 18).
"""

from heapq import nsmallest
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import messages
from gateway.auth import Identity
from gateway.bid_desk import BidDesk
from gateway.counter import FrontCounter, awaited, parameters, whole_number
from gateway.frames import Message
from gateway.messages import JoinBody, RegistrationBody
from gateway.problems import ProblemError, answer
from lots.ledger import NOTHING
from lots.refusals import Code
from lots.state import Application, Lot

_PAGE: Final = 100
_PAGE_MAX: Final = 1_000

_REGISTRATION: Final = msgspec.json.Decoder(RegistrationBody)
_JOIN: Final = msgspec.json.Decoder(JoinBody)
_WHO: Final = "Say who you are first; this is for bidders."


class Admission:
    """The routes.

    Args:
        desk: Takes registrations in.
        counter: Receives the requests.
    """

    def __init__(self, desk: BidDesk, counter: FrontCounter) -> None:
        self._desk = desk
        self._counter = counter

    def routes(self) -> list[Route]:
        """Return all routes of the admission."""
        return [
            Route("/v1/lots/{lot}/registrations", self.registrations, methods=["GET"]),
            Route("/v1/lots/{lot}/registrations", self.register, methods=["POST"]),
            Route("/v1/lots/{lot}/registration", self.registration, methods=["GET"]),
            Route("/v1/lots/{lot}/join", self.join, methods=["POST"]),
        ]

    # Bidders ----------------------------------------------------------------------------------------------------------

    async def register(self, request: Request) -> Response:
        """Ask to be admitted."""
        identity = self._bidder(request)
        said = await self._counter.said(request, _REGISTRATION)
        lot = self._counter.lot(request).lot
        decided = await awaited(lambda reply: self._desk.register(identity, lot, said, reply))
        return self._counter.told(decided, said.ref, lot)

    async def join(self, request: Request) -> Response:
        """Confirm that one takes part in the timed phase."""
        identity = self._bidder(request)
        said = await self._counter.said(request, _JOIN)
        lot = self._counter.lot(request).lot
        joining = messages.Join(lot=lot, ref=said.ref)
        decided = await awaited(lambda reply: self._desk.join(identity, joining, reply))
        return self._counter.told(decided, said.ref, lot)

    async def registration(self, request: Request) -> Response:
        """Show a bidder where he stands."""
        identity = self._bidder(request)
        parameters(request)
        return answer(_own(self._counter.lot(request), identity.sub))

    def _bidder(self, request: Request) -> Identity:
        identity = self._counter.someone(request, _WHO)
        if not identity.may_bid:
            raise ProblemError(403, Code.FORBIDDEN, "This is for bidders.")
        return identity

    # Operators --------------------------------------------------------------------------------------------------------

    async def registrations(self, request: Request) -> Response:
        """Show those who run a lot a page of who has asked to be admitted to it."""
        identity = self._counter.director(request)
        lot = self._counter.lot(request)
        self._counter.must_run(identity, lot.listing.org)
        given = parameters(request, "after", "limit")
        limit = whole_number(given, "limit", _PAGE, 1, _PAGE_MAX)
        after = given.get("after", "")
        found = nsmallest(limit + 1, (bidder for bidder in _asking(lot) if bidder > after))
        cursor = found[limit - 1] if len(found) > limit else None
        return answer({"registrations": [_shown(lot, bidder) for bidder in found[:limit]], "cursor": cursor})


def _asking(lot: Lot) -> set[str]:
    """Return who stands on the lot's books, whether or not he has a paddle: he may have got that by bidding."""
    return {*lot.applications, *lot.ledger, *lot.barred}


def _shown(lot: Lot, bidder: str) -> Message:
    """Return what operators see of a bidder."""
    application = lot.applications.get(bidder, Application())
    return {
        "bidder": bidder,
        "registered": application.registered,
        "approved": application.approved,
        "rank": application.rank,
        "barred": bidder in lot.barred,
        "deposit": msgspec.to_builtins(lot.ledger.get(bidder, NOTHING)),
    }


def _own(lot: Lot, bidder: str) -> Message:
    """Return what a bidder sees of himself."""
    paddle = lot.paddles.get(bidder)
    return {
        "lot": lot.lot,
        **_shown(lot, bidder),
        "paddle": paddle,
        "admitted": paddle is not None and bidder not in lot.barred,
        "joined": bidder in lot.joined,
    }
