"""Directing: operators' orders over HTTP, on their way to the house.

What an operator says becomes an order: with who gives it, the chance and the attendance that its decision needs, an end
that was named by seconds as an instant, and a lot that is offered again as the listing of another lot, which is listed
once the order was carried out. It refuses to know the rules: whether an order may be given now, the house decides.

Invariants: nobody directs a lot that is not his to run; an order that is sent twice has one effect, also when the house
ended in between. Amounts are minor units, instants microseconds. Source: running-sales.md, "Orders".
"""

import asyncio
from typing import Any, Final

import msgspec
from msgspec import UNSET, structs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clock.instants import seconds_to_us
from engine.house import House
from gateway import answers
from gateway.bid_desk import BidDesk
from gateway.counter import FrontCounter, parameters
from gateway.directions import Clerk, Extend, OrderBody, Reauction, Reoffer, Reopen, SellOff
from gateway.frames import Message
from gateway.messages import sentence
from gateway.problems import answer, malformed
from lots import orders
from lots.formats import Format
from lots.listing import Listing
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot, Proposal, ref_key
from lots.terms import Terms

_ORDER: Final[msgspec.json.Decoder[OrderBody]] = msgspec.json.Decoder(OrderBody)


class Directing:
    """The routes.

    Args:
        house: Is given the orders.
        desk: Draws what an order leaves to chance.
        counter: Receives the requests.
    """

    def __init__(self, house: House, desk: BidDesk, counter: FrontCounter) -> None:
        self._house = house
        self._desk = desk
        self._counter = counter
        self._offering = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return all routes of orders."""
        return [
            Route("/v1/lots/{lot}/orders", self.proposals, methods=["GET"]),
            Route("/v1/lots/{lot}/orders", self.order, methods=["POST"]),
        ]

    async def proposals(self, request: Request) -> Response:
        """Show those who run a lot which orders wait for a second operator."""
        identity = self._counter.director(request)
        lot = self._counter.lot(request)
        self._counter.must_run(identity, lot.listing.org)
        parameters(request)
        return answer({"lot": lot.lot, "proposals": [_shown(one) for one in lot.proposals.values()]})

    async def order(self, request: Request) -> Response:
        """Give an operator's order."""
        identity = self._counter.director(request)
        lot = self._counter.lot(request)
        self._counter.must_run(identity, lot.listing.org)
        said = await self._counter.said(request, _ORDER)
        order = self._order(said, lot, identity.sub)
        listing = _listing_of(order, lot)
        if listing is None:
            return answer(answers.directed(await self._give(order)))
        async with self._offering:
            return answer(answers.directed(await self._offer_again(order, listing)))

    async def _give(self, order: orders.ClerkOrder) -> Accepted:
        return self._counter.granted(await self._house.ask(order), order.ref, order.lot)

    # From what is said to the order -----------------------------------------------------------------------------------

    def _order(self, said: OrderBody, lot: Lot, by: str) -> orders.ClerkOrder:
        """Return the order as the house takes it."""
        if isinstance(said, Reoffer):
            return _reoffer(said, lot, by)
        fields: dict[str, Any] = {**structs.asdict(said), "lot": lot.lot, "by": by}
        if isinstance(said, Extend | Reopen):
            fields["closes_at"] = self._end(said, lot, by)
            del fields["seconds"]
        kind: Any = orders.OPS[_name(said)]
        if "chance" in kind.__struct_fields__:
            fields["chance"] = self._desk.chance()
        if "attendance" in kind.__struct_fields__:
            fields["attendance"] = self._house.attendance(lot.paddles)
        order: orders.ClerkOrder = kind(**fields)
        return order

    def _end(self, said: Extend | Reopen, lot: Lot, by: str) -> int | None:
        """Return to which instant the end moves; a retry by `seconds` means the instant it meant the first time."""
        if said.seconds is None:
            return said.closes_at
        kept = lot.refs.get(ref_key(by, said.ref))
        if kept is not None and kept.op == _name(said) and isinstance(kept.body, int) and kept.body:
            return kept.body
        end = lot.scheduled_close_at if lot.closes_at is None else lot.closes_at
        start = self._house.clock.now() if isinstance(said, Reopen) or end is None else end
        return start + seconds_to_us(said.seconds)

    # Offering a lot again ---------------------------------------------------------------------------------------------

    async def _offer_again(self, order: orders.ClerkOrder, listing: Listing) -> Accepted:
        """Give an order that offers a lot again, and list the other lot once it was carried out.

        Both are harmless when repeated, so that a crash between the two heals by a retry.
        """
        self._see_that_it_can_be_listed(order, listing)
        accepted = await self._give(order)
        if self._house.lots[order.lot].state.successor == listing.lot:
            self._counter.granted(await self._house.listings.list_lot(listing), order.ref, order.lot)
        return accepted

    def _see_that_it_can_be_listed(self, order: orders.ClerkOrder, listing: Listing) -> None:
        """See that the other lot is new or this very one, before the lot itself says that it is offered again."""
        if not self._house.lots[order.lot].state.is_free:
            return  # the order itself is refused, and says why
        known = self._house.lots.get(listing.lot)
        refused = self._house.listings.cannot_list(listing)
        if refused is None and known is not None and known.state.listing != listing:
            refused = Refused(Code.CONFLICT, f"Lot {listing.lot!r} is listed already, as something else.")
        if refused is not None:
            self._counter.granted(refused, order.ref, order.lot)


_NOT_SHOWN: Final = frozenset({"lot", "by", "ref", "reason", "seen", "chance", "attendance"})
"""Of a proposal: what stands beside its fields, and what the house has added to them."""


def _shown(proposal: Proposal) -> Message:
    """Return what an operator must know of an order before he gives his hand to it."""
    order = proposal.order
    fields = {name: value for name, value in order.items() if name not in _NOT_SHOWN}
    named = {"of_by": proposal.by, "of_ref": order["ref"], "order": proposal.op, "reason": order["reason"]}
    return {**named, "fields": fields}


def _name(said: Clerk) -> str:
    return str(said.__struct_config__.tag)


def _reoffer(said: Reoffer, lot: Lot, by: str) -> orders.Reoffer:
    listing = structs.replace(lot.listing, lot=said.successor, before=lot.lot, terms=_new_terms(said, lot.terms))
    try:
        listing.check()
    except ValueError as error:
        raise malformed(sentence(error)) from None
    return orders.Reoffer(
        lot=lot.lot, by=by, ref=said.ref, reason=said.reason, seen=said.seen, kind=_name(said), listing=listing
    )


def _new_terms(said: Reoffer, terms: Terms) -> Terms:
    """Return the terms under which a lot is offered again: as they were, but for what is said."""
    changes: dict[str, Any] = {"opens_at": said.opens_at, "closes_at": said.closes_at}
    changes |= {name: value for name in ("start_price", "deposit") if (value := getattr(said, name)) is not None}
    if said.reserve is not UNSET:
        changes["reserve"] = said.reserve
    if isinstance(said, Reauction | SellOff) and terms.bounds is not None:
        # The least share of the appraisal binds the first auction; how far the next may go below it is the order's own.
        changes["bounds"] = structs.replace(terms.bounds, start_percent_of_appraisal_min=None)
    if isinstance(said, SellOff):
        changes |= {"format": Format.ENGLISH, "dutch": None, "sealed": None, "two_phase": None}
        changes["first_bid_closes_s"] = said.first_bid_closes_s
    return structs.replace(terms, **changes)


def _listing_of(order: orders.ClerkOrder, lot: Lot) -> Listing | None:
    """Return the lot that an order offers, its own or that of the order it countersigns; None for all other orders."""
    if isinstance(order, orders.Reoffer):
        return order.listing
    if not isinstance(order, orders.Countersign):
        return None
    proposal = lot.proposals.get(ref_key(order.of_by, order.of_ref))
    if proposal is None or proposal.op not in orders.REOFFERS:
        return None
    return msgspec.convert(proposal.order["listing"], Listing)
