"""Closing: what the clock alone does to a lot, from its opening to the return of deposits after its end.

It opens a lot, lowers its price, brings it to its next stage, ends it, and gives deposits back.
It refuses to know why it is asked: a ring, or an offer that came before a late one; the instant alone decides.

Invariants: no lot closes before its end; a price of a Dutch lot is never skipped, however late the bell; what is due is
done in the order in which it was due. Amounts are integer minor units, instants microseconds.
Sources: rules.md, sections 1 and 2; Fa Shi [2016] 18, articles 23 and 25 for the deposits.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import UNSET

from clock.instants import seconds_to_us
from lots.decision import NOTHING, Decision, Events, Objection, refuse
from lots.events import (
    AccountsOpened,
    BidsOpened,
    ConsentLapsed,
    DepositMoved,
    DepositsReturned,
    Event,
    LotOpened,
    LotPassed,
    LotPaused,
    LotSold,
    PriceLowered,
    StageBegun,
)
from lots.fold import evolve
from lots.formats import DutchTerms, Format, Pricing, Stage, TwoPhaseTerms
from lots.ledger import Account
from lots.money import HUNDRED_PERCENT
from lots.orders import Attendance, OpenAccounts, Ring
from lots.phases import ENDED, OPEN, Phase
from lots.refusals import Code
from lots.standing import reserve_at
from lots.state import Accepted, Lot, Reserve, Sealed, Settlement


def ring(lot: Lot, order: Ring, at: int) -> Decision:
    """Do what a lot is due for; a stale or early ring decides to nothing."""
    deadline = lot.deadline
    if deadline is None or at < deadline:
        return NOTHING
    if lot.phase in ENDED:
        return Decision(tuple(_after_the_close(lot, at)), None)
    # A lot that opens late is not closed in the same breath: whoever rings may be about to extend it for an outage.
    _, events = caught_up(lot, at)
    return Decision(events or closed(lot, at, order.attendance), None)


def caught_up(lot: Lot, at: int) -> tuple[Lot, Events]:
    """Bring a lot to where it stands at this instant, though its bell may be late; it is not closed by that."""
    if lot.is_simple and lot.phase is OPEN:
        return lot, ()
    events: Events = ()
    while (event := _due(lot, at)) is not None:
        lot = evolve(lot, event)
        events += (event,)
    return lot, events


def _due(lot: Lot, at: int) -> Event | None:
    if lot.phase is Phase.UPCOMING and lot.terms.format is not Format.SALEROOM and at >= lot.terms.opens_at:
        return opened(lot, at)
    if lot.phase is not Phase.OPEN:
        return None
    if lot.terms.two_phase is not None:
        return _next_stage(lot, lot.terms.two_phase, at)
    if lot.terms.dutch is not None and lot.lowers_at is not None and at >= lot.lowers_at and not has_ended(lot, at):
        return _lowered(lot, lot.terms.dutch, lot.lowers_at, at)
    return None


def has_ended(lot: Lot, at: int) -> bool:
    """Tell whether the lot's end has come, though the bell may be late: the instant alone says so."""
    return lot.phase is OPEN and lot.closes_at is not None and at >= lot.closes_at


def opened(lot: Lot, at: int, **clerk: Any) -> LotOpened:  # noqa: ANN401  by, ref, body
    """Return the opening of a lot, with what its format begins with."""
    own: dict[str, Any] = {}
    if lot.terms.dutch is not None:
        own["lowers_at"] = at + seconds_to_us(lot.terms.dutch.every_s)
    if lot.terms.two_phase is not None:
        own["stage"] = Stage.FREE
    end = lot.terms.closes_at
    return LotOpened(lot=lot.lot, at=at, seq=lot.seq + 1, closes_at=end, ask=lot.least(), **own, **clerk)


def _lowered(lot: Lot, terms: DutchTerms, due: int, at: int) -> PriceLowered:
    """Lower the price by one step; where the bell is more than a step late, the next fall counts from now."""
    ask = max(lot.least() - terms.step, terms.floor)
    every_us = seconds_to_us(terms.every_s)
    following = due + every_us if at < due + every_us else at + every_us
    return PriceLowered(
        lot=lot.lot, at=at, seq=lot.seq + 1, ask=ask, lowers_at=None if ask == terms.floor else following
    )


def _next_stage(lot: Lot, terms: TwoPhaseTerms, at: int) -> StageBegun | None:
    """Return the stage that follows the one whose end has come; None while it lasts, and where the lot closes."""
    if lot.closes_at is None or at < lot.closes_at:
        return None
    match lot.stage:
        case Stage.FREE if terms.confirm_s is not None:
            return _begun(lot, Stage.JOINING, lot.closes_at + seconds_to_us(terms.confirm_s), None, at)
        case Stage.JOINING if not lot.joined:
            return None
        case Stage.FREE | Stage.JOINING:
            return _begun(lot, Stage.TIMED, lot.closes_at + seconds_to_us(terms.countdown_s), lot.least(), at)
    return None


def _begun(lot: Lot, stage: Stage, end: int, ask: int | None, at: int) -> StageBegun:
    return StageBegun(lot=lot.lot, at=at, seq=lot.seq + 1, stage=stage, closes_at=end, ask=ask)


def quotes_begun(lot: Lot, at: int) -> StageBegun:
    """Return the beginning of the quotes on a two-phase lot whose price has reached its ceiling."""
    terms = lot.terms.two_phase
    if terms is None:
        raise AssertionError(f"lot {lot.lot} takes no quotes")
    return _begun(lot, Stage.QUOTES, at + seconds_to_us(terms.quote_s), lot.price, at)


# The end --------------------------------------------------------------------------------------------------------------


def closed(lot: Lot, at: int, attendance: Attendance | None) -> Events:
    """End a lot whose time has come: open what is sealed and let the hammer fall.

    Where too many of its bidders have just lost their connection the lot is paused instead, if its terms say so.
    """
    if attendance is not None and _lost_too_many(lot, attendance):
        return (_paused_for(lot, at),)
    offers = _unseen_offers(lot)
    if not offers:
        return (hammered(lot, at, attendance),)
    event = _bids_opened(lot, offers, at)
    return (event, hammered(evolve(lot, event), at, attendance))


def _lost_too_many(lot: Lot, attendance: Attendance) -> bool:
    percent = lot.terms.suspend_lost_percent
    there = attendance.connected + attendance.lost
    return percent is not None and attendance.lost * HUNDRED_PERCENT > percent * there


def _paused_for(lot: Lot, at: int) -> LotPaused:
    """Pause a lot at its end. How many were there is not told: it may go on, and its bids may be unseen."""
    reason = (
        f"More than {lot.terms.suspend_lost_percent} % of the admitted bidders lost their connection within the last "
        "minute before the end; the lot goes on once the house has looked into it."
    )
    lowers_at = UNSET if lot.lowers_at is None else None
    return LotPaused(lot=lot.lot, at=at, seq=lot.seq + 1, reason=reason, cause="connections", lowers_at=lowers_at)


def hammered(lot: Lot, at: int, attendance: Attendance | None) -> LotSold | LotPassed:
    """Let the hammer fall: sold to the leader, or passed for want of bids or below the reserve."""
    if lot.leader is None or lot.price is None:
        return passed(lot, at, "no_bids", attendance)
    if lot.reserve == Reserve.NOT_MET:
        return passed(lot, at, "reserve_not_met", attendance)
    return sold(lot, at, attendance)


def sold(lot: Lot, at: int, attendance: Attendance | None = None, **clerk: Any) -> LotSold:  # noqa: ANN401  as above
    """Knock the lot down to its leader."""
    if lot.leader is None or lot.price is None:
        raise AssertionError(f"lot {lot.lot} has no leader to be sold to")
    return LotSold(
        lot=lot.lot,
        at=at,
        seq=lot.seq + 1,
        paddle=lot.leader,
        hammer_price=lot.price,
        lowers_at=UNSET if lot.lowers_at is None else None,
        provisional=False if lot.provisional else UNSET,
        settlement=Settlement.DUE,
        **_there(attendance),
        **clerk,
    )


def passed(lot: Lot, at: int, reason: str, attendance: Attendance | None, **clerk: Any) -> LotPassed:  # noqa: ANN401  as above
    """End the lot unsold; below its reserve the best bid may stand for the seller's consent."""
    provisional = reason == "reserve_not_met" and lot.terms.provisional_s is not None
    return LotPassed(
        lot=lot.lot,
        at=at,
        seq=lot.seq + 1,
        reason=reason,
        lowers_at=UNSET if lot.lowers_at is None else None,
        provisional=True if provisional else UNSET,
        **_there(attendance),
        **clerk,
    )


def _there(attendance: Attendance | None) -> dict[str, Any]:
    return {} if attendance is None else {"connected": attendance.connected, "lost": attendance.lost}


Offers: TypeAlias = list[tuple[str, Sealed]]
"""What bidders have offered unseen, the best first."""


def _unseen_offers(lot: Lot) -> Offers:
    """Return sealed bids, or quotes, by amount, rank and who was earlier; those of barred bidders do not count."""
    offers = (offer for offer in lot.sealed.items() if offer[0] not in lot.barred)
    return sorted(offers, key=lambda offer: _merit(lot, *offer))


def _bids_opened(lot: Lot, offers: Offers, at: int) -> BidsOpened:
    """Open what was offered unseen."""
    bidder, price = _best(lot, offers)
    return BidsOpened(
        lot=lot.lot,
        at=at,
        seq=lot.seq + 1,
        offers=tuple((lot.paddles[offerer], sealed.amount) for offerer, sealed in offers),
        bids=lot.bids + len(offers),
        price=price,
        leader=lot.paddles[bidder],
        reserve=reserve_at(lot, price),
    )


_LAST_RANK = 2**31


def _merit(lot: Lot, bidder: str, sealed: Sealed) -> tuple[int, int, int]:
    return -sealed.amount, lot.ranks.get(bidder, _LAST_RANK), sealed.n


def _best(lot: Lot, offers: Offers) -> tuple[str, int]:
    """Return who wins at which price. Where quotes end a bidding, the leader's bid stands and was earlier than any."""
    bidder, best = offers[0]
    if lot.leader_bidder is not None and lot.price is not None:
        stands = best.amount == lot.price and not lot.outranks(bidder, lot.leader_bidder)
        return (lot.leader_bidder, lot.price) if stands else (bidder, best.amount)
    if lot.terms.sealed is None or lot.terms.sealed.pricing is Pricing.FIRST:
        return bidder, best.amount
    second = offers[1][1].amount if len(offers) > 1 else 0
    return bidder, min(best.amount, max(second, lot.terms.start_price, lot.terms.reserve or 0))


# After the close ------------------------------------------------------------------------------------------------------


def _after_the_close(lot: Lot, at: int) -> Iterator[Event]:
    """Free the best bidder whom the seller did not want, and give deposits back, as far as they are due."""
    lapsed = lot.consent_until is not None and at >= lot.consent_until
    if lapsed:
        yield ConsentLapsed(lot=lot.lot, at=at, seq=lot.seq + 1)
        if lot.leader_bidder is not None and lot.release_at is None and lot.held(lot.leader_bidder):
            yield deposit_moved(lot, lot.leader_bidder, Account.HELD, Account.RELEASED, at)
    if lot.release_at is not None and at >= lot.release_at:
        yield from _returned(lot, at, awaited=lot.provisional and not lapsed)


def _returned(lot: Lot, at: int, *, awaited: bool) -> Iterator[Event]:
    """Release the losers' deposits and apply the winner's; that of a bidder whose sale is awaited stays."""
    best = lot.leader_bidder if lot.phase is Phase.SOLD or awaited else None
    for bidder in sorted(lot.ledger):
        if not lot.held(bidder) or (bidder == best and awaited):
            continue
        to = Account.APPLIED if bidder == best else Account.RELEASED
        yield deposit_moved(lot, bidder, Account.HELD, to, at)
    yield DepositsReturned(lot=lot.lot, at=at)


def deposit_moved(lot: Lot, bidder: str, source: Account, to: Account, at: int, **clerk: Any) -> DepositMoved:  # noqa: ANN401  by, ref, body
    """Return the entry that moves all of a bidder's deposit from one account to another."""
    amount = getattr(lot.ledger[bidder], source)
    return DepositMoved(lot=lot.lot, at=at, bidder=bidder, source=source, to=to, amount=amount, **clerk)


def open_accounts(lot: Lot, order: OpenAccounts, at: int) -> Decision:
    """Let somebody read what only the house knew, once the lot has ended; then it is not reopened any more."""
    if lot.phase not in ENDED:
        sentence = f"The lot is {lot.phase}: this can be read once it has ended."
        return refuse(Objection(Code.WRONG_PHASE, sentence), lot, at)
    event = AccountsOpened(lot=lot.lot, at=at, by=order.by)
    return Decision(() if lot.is_disclosed else (event,), Accepted("", lot.lot, lot.seq, at, repeat=lot.is_disclosed))
