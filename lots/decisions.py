"""Decisions: `decide(lot, order, at) -> Decision(events, outcome)`, for the lots of one closing group.

Pure: what an order leads to is worked out from the lots, the order and the instant, and from nothing else. It refuses
to know who asks over which wire, and whether the events will be stored. A refusal is a value; the lot stays as it was.

Who decides what: `offers` bids and ceilings, `admission` registrations and deposits, `clerk` operators' orders,
`closing` what the clock brings; here is what is left, listing, and what one lot's fate means for those linked to it.
Amounts are integer minor units, instants microseconds. Sources: rules.md; protocol.md, "Terms of a lot".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clock.soft_close import moved_end
from lots.admission import join, register
from lots.clerk import carry_out, withdrawn
from lots.closing import caught_up, closed, has_ended, open_accounts, opened, ring
from lots.decision import Decision, Events, Objection, refuse
from lots.events import Event, LotExtended, LotListed, LotSold
from lots.fold import evolve
from lots.formats import Format
from lots.offers import moved, offer
from lots.orders import OPS, Bid, ExtendForOutage, Join, ListLot, MaxBid, OpenAccounts, Order, Register, Ring
from lots.phases import ENDED, Phase
from lots.refusals import Code
from lots.state import Accepted, Lot, Reserve, Settlement
from lots.terms import Scope


def decide(lots: Mapping[str, Lot], order: Order, at: int) -> Decision:
    """Decide one order within its closing group.

    Args:
        lots: The lots of the group, by id.
        order: What is asked.
        at: The order's stamp in microseconds.
    """
    lot = lots.get(order.lot)
    if lot is None:
        return _of_no_lot(order, at)
    decision = _BY_ORDER[type(order)](lot, order, at)
    if lot.is_linked and decision.events:
        return Decision(decision.events + tuple(_linked(lots, lot, decision.events, at)), decision.outcome)
    return decision


def _of_no_lot(order: Order, at: int) -> Decision:
    if isinstance(order, ListLot):
        return _list_lot(order, at)
    return refuse(Objection(Code.UNKNOWN_LOT, f"There is no lot {order.lot!r} in this house."), None, at)


# Listing --------------------------------------------------------------------------------------------------------------


def _list_again(lot: Lot, order: ListLot, at: int) -> Decision:
    if lot.listing != order.listing:
        return refuse(Objection(Code.CONFLICT, f"Lot {lot.lot!r} is listed already, as something else."), lot, at)
    return Decision((), Accepted("", lot.lot, 1, lot.last_at, repeat=True))


def _list_lot(order: ListLot, at: int) -> Decision:
    listing, terms = order.listing, order.listing.terms
    if terms.closes_at is not None and terms.closes_at <= at:
        return refuse(Objection(Code.MALFORMED, "closes_at has passed: the lot could not be bid on."), None, at)
    reserve = Reserve.NONE if terms.reserve is None else Reserve.NOT_MET
    listed = LotListed(lot=listing.lot, at=at, seq=1, listing=listing, reserve=reserve, barred=order.barred)
    accepted = Accepted("", listing.lot, 1, at)
    if terms.opens_at > at or terms.format is Format.SALEROOM:
        return Decision((listed,), accepted)
    return Decision((listed, opened(evolve(None, listed), at)), accepted)


# Faults ---------------------------------------------------------------------------------------------------------------


def _extend_for_outage(lot: Lot, order: ExtendForOutage, at: int) -> Decision:
    if lot.phase is not Phase.OPEN or lot.closes_at is None or order.closes_at <= lot.closes_at:
        return Decision((), None)
    return Decision((moved(lot, order.closes_at, "outage", at, lot.seq + 1),), None)


# Linked lots ----------------------------------------------------------------------------------------------------------


def _linked(lots: Mapping[str, Lot], lot: Lot, events: Events, at: int) -> Iterator[Event]:
    """Yield what these events of one lot mean for the others of its group."""
    others = [other for other in lots.values() if other.lot != lot.lot]
    for event in events:
        if isinstance(event, LotExtended) and event.cause == "bid" and _extends_all(lot):
            span_us = event.closes_at - lot.ending.closes_at
            yield from (along for other in others for along in _moved_along(other, span_us, at))
        elif isinstance(event, LotSold) and lot.terms.debt is not None:
            yield from _stopped(others, event.hammer_price, lot.terms.debt, at)


def _extends_all(lot: Lot) -> bool:
    return lot.terms.soft_close is not None and lot.terms.soft_close.scope is Scope.GROUP


def _moved_along(lot: Lot, span_us: int, at: int) -> Events:
    """One extends all: move another open lot of the group by as much as a bid has moved its own."""
    lot, opening = caught_up(lot, at)
    if lot.phase is not Phase.OPEN or lot.closes_at is None or has_ended(lot, at):
        return ()
    end = moved_end(lot.ending, span_us)
    return () if end == lot.closes_at else (*opening, moved(lot, end, "group", at, lot.seq + 1))


def _stopped(others: list[Lot], hammer_price: int, debt: int, at: int) -> Iterator[Event]:
    """Stop selling once the proceeds cover the debt; what has ended by this very instant is closed as it stands."""
    if hammer_price + sum(map(_proceeds, others)) < debt:
        return
    going_on = (other for other in others if other.phase not in ENDED)
    for other in sorted(going_on, key=lambda one: (one.closes_at or 0, one.lot)):
        yield from _closed_or_withdrawn(other, at)


def _proceeds(lot: Lot) -> int:
    """Return what a lot of the group has brought; one whose buyer has defaulted has brought nothing."""
    return 0 if lot.hammer_price is None or lot.settlement == Settlement.DEFAULTED else lot.hammer_price


def _closed_or_withdrawn(lot: Lot, at: int) -> Events:
    last, before = caught_up(lot, at) if lot.phase is Phase.OPEN else (lot, ())
    if has_ended(last, at):
        return (*before, *closed(last, at, None))
    return (withdrawn(lot, "debt_covered", at),)


_BY_ORDER: Mapping[type, Callable[[Lot, Any, int], Decision]] = {
    Bid: offer,
    MaxBid: offer,
    Register: register,
    Join: join,
    Ring: ring,
    ExtendForOutage: _extend_for_outage,
    OpenAccounts: open_accounts,
    ListLot: _list_again,
    **dict.fromkeys(OPS.values(), carry_out),
}
