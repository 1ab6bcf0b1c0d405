"""Decisions: `decide(lot, order, at) -> Decision(events, outcome)`.

Pure: what an order leads to is worked out from the lot, the order and the instant, and from nothing else. It refuses to
know who asks over which wire, and whether the events will be stored. A refusal is a value; the lot is then as it was.

Invariants: no bid is accepted at or after the end, no lot closes before it; a `ref` has one effect; of equal
ceilings the earlier leads; a refused bid never extends. One function of the clock (`extended_end`) works out the end.
Amounts are integer minor units, instants microseconds.
Sources: rules.md, sections 1, 3 and 4; protocol.md, "Terms of a lot".
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from clock.instants import MINUTE_US
from clock.soft_close import extended_end, moved_end, triggers
from lots.events import (
    BidderAdmitted,
    BidderBarred,
    BidPlaced,
    CeilingRaised,
    Event,
    LotExtended,
    LotListed,
    LotOpened,
    LotPassed,
    LotPaused,
    LotResumed,
    LotSold,
    LotWithdrawn,
    NoticePosted,
)
from lots.orders import (
    Admit,
    Bar,
    Bid,
    Clerk,
    Extend,
    ExtendForOutage,
    ListLot,
    MaxBid,
    Notice,
    Offer,
    Open,
    Order,
    Pause,
    Resume,
    Ring,
    Withdraw,
)
from lots.paddles import draw
from lots.phases import Phase, may
from lots.refusals import Code, Refused
from lots.state import Accepted, Lot, Reserve, accepted_bid, accepted_raise, evolve, ref_key, repeated
from lots.terms import Raise

Outcome: TypeAlias = Accepted | Refused | None
"""What the giver of the order is told; a ring asks for no answer."""


class Decision(Struct, frozen=True, gc=False):
    """What an order leads to: events of its lot (and of lots linked to it), and what its giver is told."""

    events: tuple[Event, ...]
    outcome: Outcome


def decide(lots: Mapping[str, Lot], order: Order, at: int) -> Decision:
    """Decide one order within its closing group.

    Args:
        lots: The lots of the group, by id.
        order: What is asked.
        at: The order's stamp in microseconds.
    """
    lot = lots.get(order.lot)
    decision = _decide(lot, order, at)
    if lot is not None and lot.is_linked:
        return Decision(decision.events + _linked(lots, lot, decision.events, at), decision.outcome)
    return decision


def _decide(lot: Lot | None, order: Order, at: int) -> Decision:
    if lot is not None:
        return _BY_ORDER[type(order)](lot, order, at)
    if isinstance(order, ListLot):
        return _list_lot(order, at)
    return _refuse(Code.UNKNOWN_LOT, f"There is no lot {order.lot!r} in this house.", None, at)


def _refuse(code: Code, detail: str, lot: Lot | None, at: int) -> Decision:
    return Decision((), Refused(code, detail, lot.ask if lot is not None else None, at))


# Offers ---------------------------------------------------------------------------------------------------------------


def _offer(lot: Lot, order: Offer, at: int) -> Decision:
    """Take a bid or a ceiling: a `ref` seen before, then the house's reasons to refuse, then the bidder's, then yes."""
    op = "bid" if type(order) is Bid else "max_bid"
    kept = lot.refs.get(ref_key(order.bidder, order.ref))
    if kept is not None:
        return _again(kept.accepted, lot, at, same=kept.op == op and kept.body == order.amount)
    lot, opening = _opened_by_now(lot, at)
    refused = _closed_to_bids(lot, at) or _bidder_kept_out(lot, order) or _amount_wrong(lot, order)
    if refused is not None:
        return _refuse(refused[0], refused[1], lot, at)
    events, accepted = _accept(lot, order, at)
    return Decision(opening + events, accepted)


def _opened_by_now(lot: Lot, at: int) -> tuple[Lot, tuple[Event, ...]]:
    """Open a lot whose bell is late: the instant alone says that it is open."""
    if lot.phase is not Phase.UPCOMING or at < lot.terms.opens_at:
        return lot, ()
    opening = _opened(lot, at)
    return evolve(lot, opening), (opening,)


def _has_ended(lot: Lot, at: int) -> bool:
    """Tell whether the lot's end has come, though the bell may be late: the instant alone says so."""
    return lot.phase is Phase.OPEN and lot.closes_at is not None and at >= lot.closes_at


Reason: TypeAlias = tuple[Code, str] | None


def _again(accepted: Accepted, lot: Lot, at: int, *, same: bool) -> Decision:
    if not same:
        return _refuse(Code.REF_REUSED, "This ref already stands for another order; choose a new one.", lot, at)
    return Decision((), repeated(accepted))


_NO_BIDS_IN: Mapping[Phase, tuple[Code, str]] = {
    Phase.UPCOMING: (Code.LOT_NOT_OPEN, "The lot is not open yet."),
    Phase.PAUSED: (Code.LOT_PAUSED, "The lot is paused; bids are taken again when the house resumes it."),
    Phase.WITHDRAWN: (Code.LOT_WITHDRAWN, "The lot was withdrawn from the sale."),
    Phase.SOLD: (Code.TOO_LATE, "The hammer has fallen."),
    Phase.PASSED: (Code.TOO_LATE, "The lot has closed."),
}


def _closed_to_bids(lot: Lot, at: int) -> Reason:
    if lot.phase is not Phase.OPEN:
        return _NO_BIDS_IN[lot.phase]
    if _has_ended(lot, at):
        return Code.TOO_LATE, "The bid came at or after the end of the lot."
    return None


def _bidder_kept_out(lot: Lot, order: Offer) -> Reason:
    if order.bidder in lot.barred:
        return Code.BARRED, "You may not bid on this lot."
    if lot.terms.deposit and order.bidder not in lot.paddles:
        return Code.DEPOSIT_REQUIRED, "This lot takes bids only from bidders whose deposit is confirmed."
    if type(order) is MaxBid and not lot.terms.proxy:
        return Code.PROXY_NOT_ALLOWED, "This lot takes plain bids only, no ceilings."
    return None


def _amount_wrong(lot: Lot, order: Offer) -> Reason:
    amount, least = order.amount, lot.least()
    leads = lot.leader_bidder == order.bidder
    if leads and type(order) is MaxBid:
        if amount <= lot.ceiling:
            return Code.BELOW_CEILING, f"Your ceiling is {lot.ceiling} already; it can only be raised."
    elif leads and not lot.terms.self_raise:
        return Code.ALREADY_LEADING, "You lead already; you may raise your ceiling instead."
    elif amount < least:
        if lot.price is None:
            return Code.BELOW_START, f"The start price is {least}."
        return Code.BELOW_ASK, f"The least acceptable bid is now {least}."
    if lot.terms.raise_ is Raise.MULTIPLE:
        step = lot.step()
        if (amount - lot.terms.start_price) % step:
            return Code.OFF_INCREMENT, f"Offers must stand above the start price by whole multiples of {step}."
    return _slip_of_the_finger(lot, order, least)


def _slip_of_the_finger(lot: Lot, order: Offer, least: int) -> Reason:
    limit = lot.terms.confirm_above
    if limit is None or order.confirm or order.amount <= limit * least:
        return None
    return (
        Code.ABOVE_LIMIT,
        f"{order.amount} is more than {limit:g} times the ask of {least}; confirm it if you mean it.",
    )


def _accept(lot: Lot, order: Offer, at: int) -> tuple[tuple[Event, ...], Accepted]:
    paddle = lot.paddles.get(order.bidder)
    before: tuple[Event, ...] = ()
    seq = lot.seq + 1
    if paddle is None:
        paddle = draw(lot.bidders, order.chance)
        before = (BidderAdmitted(lot=lot.lot, at=at, seq=seq, paddle=paddle, bidder=order.bidder),)
        seq += 1
    event = _placed(lot, order, paddle, seq, at)
    if event is None:
        raised = CeilingRaised(lot=lot.lot, at=at, bidder=order.bidder, ref=order.ref, amount=order.amount)
        return (raised,), accepted_raise(lot, raised)
    return (*before, event, *_extended(lot, event)), accepted_bid(event)


def _placed(lot: Lot, order: Offer, paddle: int, seq: int, at: int) -> BidPlaced | None:
    """Return the bid as it stands in public; None when a leader's ceiling moves nothing that anyone may see."""
    amount, plain, leads = order.amount, type(order) is Bid, lot.leader_bidder == order.bidder
    if leads and not plain and not _lifts_to_reserve(lot, amount):
        return None
    wins = leads or lot.leader is None or amount > lot.ceiling
    if wins:
        price = amount if plain else _price_for_ceiling(lot, amount, leads=leads)
        ceiling = max(amount, lot.ceiling)
    else:
        # The leader's ceiling answers, one step above what it has beaten; at a tie the earlier one stands at its own.
        price = min(lot.ceiling, lot.ladder.above(amount))
        ceiling = lot.ceiling
    price = _lifted(lot, price, ceiling)
    return BidPlaced(
        lot=lot.lot,
        at=at,
        seq=seq,
        paddle=paddle,
        kind="bid" if plain else "max_bid",
        offered=amount if plain or not wins else None,
        price=price,
        ask=lot.ask_above(price),
        bids=lot.bids + 1,
        leader=paddle if wins else lot.leader or paddle,
        reserve=_reserve_at(lot, price),
        bidder=order.bidder,
        ref=order.ref,
        amount=amount,
        ceiling=ceiling,
    )


def _price_for_ceiling(lot: Lot, amount: int, *, leads: bool) -> int:
    """Return the price at which a ceiling takes the lead (rules.md, section 3), before any lift to a reserve."""
    if lot.price is None:
        return lot.terms.start_price
    if leads:
        return lot.price
    return min(amount, max(lot.least(), lot.ladder.above(lot.ceiling)))


def _lifts_to_reserve(lot: Lot, ceiling: int) -> bool:
    reserve = lot.terms.reserve
    return reserve is not None and lot.price is not None and lot.price < reserve <= ceiling


def _lifted(lot: Lot, price: int, ceiling: int) -> int:
    """Lift the price to a hidden reserve the leader's ceiling covers: he would pay it, the seller would sell."""
    reserve = lot.terms.reserve
    return reserve if reserve is not None and price < reserve <= ceiling else price


def _reserve_at(lot: Lot, price: int) -> str:
    if lot.terms.reserve is None:
        return Reserve.NONE
    return Reserve.MET if price >= lot.terms.reserve else Reserve.NOT_MET


def _extended(lot: Lot, bid: BidPlaced) -> tuple[Event, ...]:
    soft_close = lot.soft_close
    if soft_close is None:
        return ()
    moved, changed = bid.price != lot.price, bid.leader != lot.leader
    if not triggers(soft_close.trigger, price_moved=moved, leader_changed=changed):
        return ()
    end = extended_end(soft_close, lot.ending, bid.at)
    return () if end == lot.closes_at else (_moved(lot, end, "bid", bid.at, bid.seq + 1),)


def _moved(lot: Lot, end: int, cause: str, at: int, seq: int, **clerk: Any) -> LotExtended:  # noqa: ANN401  by, ref, body
    return LotExtended(lot=lot.lot, at=at, seq=seq, closes_at=end, extensions=lot.extensions + 1, cause=cause, **clerk)


def _linked(lots: Mapping[str, Lot], lot: Lot, events: tuple[Event, ...], at: int) -> tuple[Event, ...]:
    """One extends all: move the other open lots of the group by as much as this bid has moved its own."""
    for event in events:
        if isinstance(event, LotExtended) and event.cause == "bid" and lot.closes_at is not None:
            span_us = event.closes_at - lot.closes_at
            others = (other for other in lots.values() if other.lot != lot.lot)
            return tuple(moved for other in others for moved in _moved_along(other, span_us, at))
    return ()


def _moved_along(lot: Lot, span_us: int, at: int) -> tuple[Event, ...]:
    lot, opening = _opened_by_now(lot, at)
    if lot.phase is not Phase.OPEN or _has_ended(lot, at):
        return ()
    end = moved_end(lot.ending, span_us)
    return () if end == lot.closes_at else (*opening, _moved(lot, end, "group", at, lot.seq + 1))


# The clock ------------------------------------------------------------------------------------------------------------


def _ring(lot: Lot, _order: Ring, at: int) -> Decision:
    """Open or close a lot whose time has come; a stale or early ring decides to nothing."""
    deadline = lot.deadline
    if deadline is None or at < deadline:
        return Decision((), None)
    return Decision((_opened(lot, at) if lot.phase is Phase.UPCOMING else _hammer(lot, at),), None)


def _opened(lot: Lot, at: int, **clerk: Any) -> LotOpened:  # noqa: ANN401  by, ref, body
    return LotOpened(lot=lot.lot, at=at, seq=lot.seq + 1, closes_at=lot.terms.closes_at, ask=lot.least(), **clerk)


def _hammer(lot: Lot, at: int) -> Event:
    if lot.leader is None or lot.price is None:
        return LotPassed(lot=lot.lot, at=at, seq=lot.seq + 1, reason="no_bids")
    if lot.reserve == Reserve.NOT_MET:
        return LotPassed(lot=lot.lot, at=at, seq=lot.seq + 1, reason="reserve_not_met")
    return LotSold(lot=lot.lot, at=at, seq=lot.seq + 1, paddle=lot.leader, hammer_price=lot.price)


def _extend_for_outage(lot: Lot, order: ExtendForOutage, at: int) -> Decision:
    if lot.phase is not Phase.OPEN or lot.closes_at is None or order.closes_at <= lot.closes_at:
        return Decision((), None)
    return Decision((_moved(lot, order.closes_at, "outage", at, lot.seq + 1),), None)


# The house ------------------------------------------------------------------------------------------------------------


def _list_again(lot: Lot, order: ListLot, at: int) -> Decision:
    if lot.listing != order.listing:
        return _refuse(Code.CONFLICT, f"Lot {lot.lot!r} is listed already, as something else.", lot, at)
    return Decision((), Accepted("", lot.lot, 1, lot.last_at, repeat=True))


def _list_lot(order: ListLot, at: int) -> Decision:
    listing = order.listing
    if listing.terms.closes_at <= at:
        return _refuse(Code.MALFORMED, "closes_at has passed: the lot could not be bid on.", None, at)
    reserve = Reserve.NONE if listing.terms.reserve is None else Reserve.NOT_MET
    listed = LotListed(lot=listing.lot, at=at, seq=1, listing=listing, reserve=reserve)
    accepted = Accepted("", listing.lot, 1, at)
    if listing.terms.opens_at > at:
        return Decision((listed,), accepted)
    return Decision((listed, _opened(evolve(None, listed), at)), accepted)


def _by_clerk(lot: Lot, order: Clerk, at: int) -> Decision:
    op, event_name, body = _CLERK[type(order)]
    kept = lot.refs.get(ref_key(order.by, order.ref))
    if kept is not None:
        return _again(kept.accepted, lot, at, same=kept.op == op and kept.body == body(order))
    if event_name is not None and not may(lot.phase, event_name):
        return _refuse(Code.WRONG_PHASE, f"A lot that is {lot.phase} cannot be given the order {op!r}.", lot, at)
    if event_name is not None and _has_ended(lot, at):
        return _refuse(Code.WRONG_PHASE, "The lot's end has passed; it is about to close.", lot, at)
    event = _CARRY_OUT[type(order)](lot, order, at, {"by": order.by, "ref": order.ref, "body": body(order)})
    if isinstance(event, Refused):
        return Decision((), event)
    seq = getattr(event, "seq", lot.seq)
    return Decision((event,) if event is not None else (), Accepted(order.ref, lot.lot, seq, at))


def _reason(order: Clerk) -> str:
    return order.reason


_CLERK: Mapping[type[Clerk], tuple[str, str | None, Callable[[Any], str | int]]] = {
    Open: ("open", "lot_opened", _reason),
    Pause: ("pause", "lot_paused", _reason),
    Resume: ("resume", "lot_resumed", _reason),
    Withdraw: ("withdraw", "lot_withdrawn", _reason),
    Extend: ("extend", None, lambda order: int(order.closes_at)),
    Notice: ("notice", None, lambda order: str(order.text)),
    Admit: ("admit", None, lambda order: str(order.bidder)),
    Bar: ("bar", None, lambda order: str(order.bidder)),
}
"""Each order's name, the row it needs in the table of phases, and what of it must be the same in a retry."""

Facts: TypeAlias = dict[str, Any]


def _open(lot: Lot, _order: Open, at: int, facts: Facts) -> Event:
    return _opened(lot, at, **facts)


def _pause(lot: Lot, order: Pause, at: int, facts: Facts) -> Event:
    return LotPaused(lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, **facts)


def _resume(lot: Lot, _order: Resume, at: int, facts: Facts) -> Event:
    """Give back the time that was left, but at least one window, and at least a minute where the close is hard."""
    least_us = MINUTE_US if lot.soft_close is None else lot.soft_close.window_us
    end = at + max(lot.left_us, least_us)
    return LotResumed(lot=lot.lot, at=at, seq=lot.seq + 1, closes_at=end, ask=lot.least(), **facts)


def _withdraw(lot: Lot, order: Withdraw, at: int, facts: Facts) -> Event:
    return LotWithdrawn(lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, **facts)


def _extend(lot: Lot, order: Extend, at: int, facts: Facts) -> Event | Refused:
    if lot.phase is not Phase.OPEN or lot.closes_at is None or _has_ended(lot, at):
        return Refused(Code.WRONG_PHASE, f"Only an open lot can be extended; this one is {lot.phase}.", lot.ask, at)
    if order.closes_at <= lot.closes_at:
        return Refused(Code.MALFORMED, f"The end can only move later than {lot.closes_at}.", lot.ask, at)
    facts["grounds"] = order.reason
    return _moved(lot, order.closes_at, "operator", at, lot.seq + 1, **facts)


def _notice(lot: Lot, order: Notice, at: int, facts: Facts) -> Event:
    facts["grounds"] = order.reason
    return NoticePosted(lot=lot.lot, at=at, seq=lot.seq + 1, text=order.text, notice=order.text, **facts)


def _admit(lot: Lot, order: Admit, at: int, facts: Facts) -> Event | None:
    if order.bidder in lot.paddles:
        return None
    paddle = draw(lot.bidders, order.chance)
    facts["grounds"] = order.reason
    return BidderAdmitted(lot=lot.lot, at=at, seq=lot.seq + 1, paddle=paddle, bidder=order.bidder, **facts)


def _bar(lot: Lot, order: Bar, at: int, facts: Facts) -> Event:
    return BidderBarred(lot=lot.lot, at=at, bidder=order.bidder, reason=order.reason, **facts)


_CARRY_OUT: Mapping[type[Clerk], Callable[[Lot, Any, int, Facts], Event | Refused | None]] = {
    Open: _open,
    Pause: _pause,
    Resume: _resume,
    Withdraw: _withdraw,
    Extend: _extend,
    Notice: _notice,
    Admit: _admit,
    Bar: _bar,
}

_BY_ORDER: Mapping[type[Order], Callable[[Lot, Any, int], Decision]] = {
    Bid: _offer,
    MaxBid: _offer,
    Ring: _ring,
    ExtendForOutage: _extend_for_outage,
    ListLot: _list_again,
    Open: _by_clerk,
    Pause: _by_clerk,
    Resume: _by_clerk,
    Extend: _by_clerk,
    Withdraw: _by_clerk,
    Notice: _by_clerk,
    Admit: _by_clerk,
    Bar: _by_clerk,
}
