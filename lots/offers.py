"""Offers: bids and ceilings, from the first look at their `ref` to the events that they lead to.

It refuses to know who leads at which price (`standing`) and when a lot is due to close (`closing`).

Invariants: no offer is accepted at or after the end; a `ref` has one effect; a refused offer changes nothing and never
extends. One function of the clock (`extended_end`) works out the end. Amounts are integer minor units, instants
microseconds. Sources: rules.md, sections 1 to 3; protocol.md, "Terms of a lot".
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from clock.instants import seconds_to_us
from clock.soft_close import extended_end, triggers
from lots.closing import caught_up, has_ended, quotes_begun, sold
from lots.decision import Decision, Events, Objection, again, refuse
from lots.events import (
    BidderAdmitted,
    BidPlaced,
    CeilingRaised,
    CountdownStarted,
    LotExtended,
    PaddleAssigned,
    SealedBidPlaced,
)
from lots.fold import accepted_bid, accepted_raise, accepted_unseen, evolve
from lots.formats import Format, Stage
from lots.orders import FLOOR, Bid, MaxBid, Offer
from lots.paddles import draw
from lots.phases import OPEN, Phase
from lots.refusals import Code
from lots.standing import reserve_at, stand
from lots.state import Accepted, Lot, ref_key
from lots.terms import Raise

_AT_LEAST, _SEALED, _QUOTES = Raise.AT_LEAST, Format.SEALED, Stage.QUOTES  # as `OPEN` in `phases`


def offer(lot: Lot, order: Offer, at: int) -> Decision:
    """Take a bid or a ceiling: a `ref` seen before, then the house's reasons to refuse, then the bidder's, then yes."""
    kept = lot.refs.get(ref_key(order.bidder, order.ref))
    if kept is not None:
        return again(kept, "bid" if type(order) is Bid else "max_bid", order.amount, lot, at)
    lot, events = caught_up(lot, at)
    refused = closed_to_bids(lot, at) or _bidder_kept_out(lot, order) or wrong_in_format(lot, order)
    if refused is not None:
        return refuse(refused, lot, at)
    more, accepted = accept(lot, order, at)
    return Decision(events + more, accepted)


# Reasons to refuse ----------------------------------------------------------------------------------------------------


NO_BIDS_IN: Mapping[Phase, Objection] = {
    Phase.UPCOMING: Objection(Code.LOT_NOT_OPEN, "The lot is not open yet."),
    Phase.PAUSED: Objection(Code.LOT_PAUSED, "The lot is paused; bids are taken again when the house resumes it."),
    Phase.WITHDRAWN: Objection(Code.LOT_WITHDRAWN, "The lot was withdrawn from the sale."),
    Phase.SOLD: Objection(Code.TOO_LATE, "The hammer has fallen."),
    Phase.PASSED: Objection(Code.TOO_LATE, "The lot has closed."),
}


def closed_to_bids(lot: Lot, at: int) -> Objection | None:
    """Return why the lot takes no offer at this instant, whosever it is."""
    if lot.phase is not OPEN:
        return NO_BIDS_IN[lot.phase]
    if has_ended(lot, at):
        return Objection(Code.TOO_LATE, "The bid came at or after the end of the lot.")
    return None


def _bidder_kept_out(lot: Lot, order: Offer) -> Objection | None:
    if order.bidder in lot.barred:
        return Objection(Code.BARRED, "You may not bid on this lot.")
    if lot.needs_admission:
        missing = missing_for_admission(lot, order.bidder)
        if missing is not None:
            return missing
    if type(order) is MaxBid and not lot.terms.proxy:
        return Objection(Code.PROXY_NOT_ALLOWED, "This lot takes plain bids only, no ceilings.")
    return None


def missing_for_admission(lot: Lot, bidder: str) -> Objection | None:
    """Return what a bidder still lacks before he may bid on a lot that admits its bidders."""
    registration, application = lot.terms.registration, lot.applications.get(bidder)
    if registration is not None:
        if application is None or not application.registered:
            return Objection(Code.NOT_ADMITTED, "Register for this lot first.")
        if application.declined or (registration.check and not application.approved):
            return Objection(Code.NOT_ADMITTED, "Your registration has not been admitted.")
    if lot.held(bidder) < lot.terms.deposit or bidder not in lot.paddles:
        return Objection(Code.DEPOSIT_REQUIRED, "This lot takes bids only from bidders whose deposit is confirmed.")
    return None


def wrong_in_format(lot: Lot, order: Offer) -> Objection | None:
    """Return what is wrong with an offer by the lot's format; the lot takes offers, and this bidder may bid."""
    if lot.is_simple:
        return _wrong_raise(lot, order)
    match lot.terms.format:
        case Format.DUTCH:
            # However much he offers, he pays the ask: there is nothing to slip.
            return _only_plain(order) or _below_ask(order.amount, lot.least())
        case Format.SEALED:
            refused = _only_plain(order) or _below_start(order.amount, lot.terms.start_price)
            return refused or _slip_of_the_finger(lot, order)
        case Format.TWO_PHASE:
            return _out_of_stage(lot, order) or _wrong_quote(lot, order)
    return _wrong_raise(lot, order)


def _only_plain(order: Offer) -> Objection | None:
    if type(order) is MaxBid:
        return Objection(Code.FORMAT_MISMATCH, "This format takes plain bids only, no ceilings.")
    return None


def _below_start(amount: int, least: int) -> Objection | None:
    return None if amount >= least else Objection(Code.BELOW_START, f"The start price is {least}.")


def _below_ask(amount: int, least: int) -> Objection | None:
    return None if amount >= least else Objection(Code.BELOW_ASK, f"The least acceptable bid is now {least}.")


def _out_of_stage(lot: Lot, order: Offer) -> Objection | None:
    if lot.stage is Stage.JOINING:
        return Objection(Code.NOT_IN_STAGE, "No bids are taken while bidders confirm that they join the timed phase.")
    # Quotes, or a reopening, may come straight from the free period: then nobody was asked to join.
    if not lot.was_timed or order.bidder in lot.joined or order.bidder.startswith(FLOOR):
        return None
    if lot.terms.two_phase is not None and lot.terms.two_phase.confirm_s is not None:
        return Objection(Code.NOT_JOINED, "You have not confirmed that you join the timed phase.")
    return None


def _wrong_quote(lot: Lot, order: Offer) -> Objection | None:
    if lot.stage is not Stage.QUOTES:
        ceiling = lot.price_ceiling
        if ceiling is not None and order.amount > ceiling:
            return Objection(
                Code.ABOVE_CEILING, f"Bids end at the price ceiling of {ceiling}; beyond it only quotes are taken."
            )
        return _wrong_raise(lot, order)
    if order.bidder in lot.sealed:
        return Objection(Code.ALREADY_QUOTED, "You have given your quote; there is one to each bidder.")
    return _only_plain(order) or _below_ask(order.amount, lot.least()) or _slip_of_the_finger(lot, order)


def _wrong_raise(lot: Lot, order: Offer) -> Objection | None:
    if not lot.is_simple and lot.sells_now(order.amount, plain=type(order) is Bid):
        return None
    return _too_low(lot, order) or _off_increment(lot, order) or _slip_of_the_finger(lot, order)


def _too_low(lot: Lot, order: Offer) -> Objection | None:
    amount = order.amount
    leads = lot.leader_bidder == order.bidder
    if leads and type(order) is MaxBid:
        if amount <= lot.ceiling:
            return Objection(Code.BELOW_CEILING, f"Your ceiling is {lot.ceiling} already; it can only be raised.")
    elif leads and not lot.terms.self_raise:
        return Objection(Code.ALREADY_LEADING, "You lead already; you may raise your ceiling instead.")
    elif amount < lot.least() and not _matches(lot, order):
        return _below_start(amount, lot.least()) if lot.price is None else _below_ask(amount, _least_for(lot, order))
    return None


def _matches(lot: Lot, order: Offer) -> bool:
    """Whether a priority purchaser offers no less than the price of somebody who goes after him."""
    return bool(lot.ranks) and order.amount >= _least_for(lot, order)


def _least_for(lot: Lot, order: Offer) -> int:
    leader = lot.leader_bidder
    if lot.price is not None and leader is not None and lot.outranks(order.bidder, leader):
        return lot.price
    return lot.least()


def _off_increment(lot: Lot, order: Offer) -> Objection | None:
    if lot.terms.raise_ is _AT_LEAST or order.amount in (lot.price_ceiling, lot.price):
        return None
    step = lot.step()
    base = lot.terms.start_price if lot.next_step is None else lot.least()
    if (order.amount - base) % step:
        where = "the start price" if lot.next_step is None else f"the ask of {base}"
        return Objection(Code.OFF_INCREMENT, f"Offers must stand above {where} by whole multiples of {step}.")
    return None


def _slip_of_the_finger(lot: Lot, order: Offer) -> Objection | None:
    limit = lot.terms.confirm_above
    if limit is None or order.confirm:
        return None
    least = lot.least()
    if order.amount <= limit * least:
        return None
    return Objection(
        Code.ABOVE_LIMIT,
        f"{order.amount} is more than {limit:g} times the ask of {least}; confirm it if you mean it.",
    )


# Taking an offer ------------------------------------------------------------------------------------------------------


def accept(lot: Lot, order: Offer, at: int, clerk: str = "", grounds: str = "") -> tuple[Events, Accepted]:
    """Return what an offer leads to that nothing speaks against, and what its giver is told.

    Args:
        lot: The lot as it stands at `at`.
        order: The offer.
        at: Its stamp.
        clerk: The operator who gives it in for somebody in the room.
        grounds: His reason.
    """
    if lot.terms.format is _SEALED or lot.stage is _QUOTES:
        return _accept_unseen(lot, order, at)
    paddle, before = _shown_paddle(lot, order, at)
    event = _placed(lot, order, paddle, lot.seq + 1 + len(before), at)
    if event is None:
        raised = CeilingRaised(lot=lot.lot, at=at, bidder=order.bidder, ref=order.ref, amount=order.amount)
        return (raised,), accepted_raise(lot, raised)
    if clerk:
        event = replace(event, kind="floor", by=clerk, grounds=grounds)
    return (*before, event, *_follows(lot, order, event)), accepted_bid(event)


def _shown_paddle(lot: Lot, order: Offer, at: int) -> tuple[int, Events]:
    """Return the bidder's paddle, and its first showing where nobody has seen it yet."""
    paddle = lot.paddles.get(order.bidder)
    if paddle is not None and not (lot.unshown and order.bidder in lot.unshown):
        return paddle, ()
    if paddle is None:
        paddle = draw(lot.bidders, order.chance)
    return paddle, (BidderAdmitted(lot=lot.lot, at=at, seq=lot.seq + 1, paddle=paddle, bidder=order.bidder),)


def _accept_unseen(lot: Lot, order: Offer, at: int) -> tuple[Events, Accepted]:
    before: Events = ()
    if order.bidder not in lot.paddles:
        paddle = draw(lot.bidders, order.chance)
        before = (PaddleAssigned(lot=lot.lot, at=at, bidder=order.bidder, paddle=paddle),)
        lot = evolve(lot, before[0])
    event = SealedBidPlaced(lot=lot.lot, at=at, bidder=order.bidder, ref=order.ref, amount=order.amount)
    return (*before, event), accepted_unseen(lot, event)


def _placed(lot: Lot, order: Offer, paddle: int, seq: int, at: int) -> BidPlaced | None:
    """Return the bid as it stands in public; None when a leader's ceiling moves nothing that anyone may see."""
    plain = type(order) is Bid
    taken = None if lot.is_simple else _taken_at(lot, order)
    stood = stand(lot, order.bidder, order.amount, plain=plain) if taken is None else (taken, taken, True)
    if stood is None:
        return None
    price, ceiling, leads = stood
    bid = BidPlaced(
        lot=lot.lot,
        at=at,
        seq=seq,
        paddle=paddle,
        kind="bid" if plain else "max_bid",
        offered=order.amount if plain or not leads else None,
        price=price,
        ask=lot.ask_above(price),
        bids=lot.bids + 1,
        leader=paddle if leads else lot.leader or paddle,
        reserve=reserve_at(lot, price),
        bidder=order.bidder,
        ref=order.ref,
        amount=order.amount,
        ceiling=ceiling,
    )
    if not (lot.warned or lot.terms.priority):
        return bid
    # Apart, because a call with more than fifteen names costs three times as much, and a storm is made of this one.
    return replace(bid, rank=lot.ranks.get(order.bidder), warned=False if lot.warned else None)


def _taken_at(lot: Lot, order: Offer) -> int | None:
    """Return the price that whoever bids that or more pays: the falling one, or the one to buy at once; else None."""
    if lot.terms.dutch is not None:
        return lot.least()
    if lot.terms.buy_now is not None and lot.sells_now(order.amount, plain=type(order) is Bid):
        return lot.terms.buy_now
    return None


def _follows(lot: Lot, order: Offer, bid: BidPlaced) -> Events:
    """Return what an accepted bid brings with it: the hammer, a countdown, quotes, a later end."""
    if lot.is_simple:
        return _extended(lot, bid)
    if _taken_at(lot, order) is not None:
        return (sold(evolve(lot, bid), bid.at, order.attendance if isinstance(order, Bid) else None),)
    if lot.terms.first_bid_closes_s is not None and _is_first(lot):
        end = bid.at + seconds_to_us(lot.terms.first_bid_closes_s)
        return (CountdownStarted(lot=lot.lot, at=bid.at, seq=bid.seq + 1, closes_at=end),)
    if lot.price_ceiling is not None and bid.price >= lot.price_ceiling:
        return (quotes_begun(evolve(lot, bid), bid.at),)
    return _extended(lot, bid)


def _is_first(lot: Lot) -> bool:
    """Whether nobody has ever bid: neither who was voided since, nor who bought a lot that was reopened."""
    return not lot.counting and not lot.bids and not any(kept.placed for kept in lot.refs.values())


def _extended(lot: Lot, bid: BidPlaced) -> Events:
    soft_close = lot.soft_close
    if soft_close is None:
        return ()
    moved_price, changed = bid.price != lot.price, bid.leader != lot.leader
    if not triggers(soft_close.trigger, price_moved=moved_price, leader_changed=changed):
        return ()
    end = extended_end(soft_close, lot.ending, bid.at)
    return () if end == lot.closes_at else (moved(lot, end, "bid", bid.at, bid.seq + 1),)


def moved(lot: Lot, end: int, cause: str, at: int, seq: int, **clerk: Any) -> LotExtended:  # noqa: ANN401  by, ref, body
    """Return the event that moves the end."""
    return LotExtended(lot=lot.lot, at=at, seq=seq, closes_at=end, extensions=lot.extensions + 1, cause=cause, **clerk)
