"""The clerk: what operators order, each order a row of one table.

Compensating, never deleting: an order adds events, also where it takes something back. It refuses to know who may give
which order (the gateway does), and who a bidder is.

Invariants: a `ref` has one effect per operator; an order that finds no row in the table of phases is refused; a grave
order of a lot under four eyes is decided when the second operator gives his hand to it, as the lot stands then.
Amounts are integer minor units, instants microseconds. Source: rules.md, sections 1 and 5.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from clock.instants import DAY_US, MINUTE_US, seconds_to_us
from lots.admission import (
    Carried,
    Facts,
    admit,
    allocate,
    bar,
    confirm_deposit,
    decline,
    default,
    release,
    settle,
)
from lots.closing import caught_up, has_ended, opened, passed, sold
from lots.decision import Decision, Events, Objection, again, refuse
from lots.events import (
    BidVoided,
    FairWarningGiven,
    LotPaused,
    LotReoffered,
    LotReopened,
    LotResumed,
    LotWithdrawn,
    NoticePosted,
    OrderProposed,
    ProposalClosed,
    StepSet,
)
from lots.fold import evolve, offers_of, voided_with
from lots.formats import Format, Stage
from lots.money import HUNDRED_PERCENT, is_share
from lots.offers import accept, closed_to_bids, moved, wrong_in_format
from lots.orders import (
    FLOOR,
    OPS,
    Admit,
    Allocate,
    Bar,
    Bid,
    Clerk,
    ConfirmDeposit,
    Consent,
    Countersign,
    Decline,
    Default,
    Extend,
    FairWarning,
    FloorBid,
    Hammer,
    Notice,
    Open,
    Pass,
    Pause,
    Release,
    Reoffer,
    Reopen,
    Resume,
    SetStep,
    Settle,
    Suspend,
    Undo,
    VoidBid,
    Withdraw,
    op_of,
)
from lots.phases import Phase, may
from lots.refusals import Code
from lots.standing import restood
from lots.state import Accepted, Lot, Reserve, Settlement, ref_key

_SUSPENDED_AT_MOST_US = 5 * DAY_US
"""Within this a suspended lot is to be resumed (Fa Shi [2016] 18, article 28)."""
_DROP_PERCENT_MAX = 20
"""A re-auction may be so much cheaper (article 26)."""


def carry_out(lot: Lot, order: Clerk, at: int) -> Decision:
    """Decide an operator's order: its `ref`, what he saw, the table of phases, then the order's own rules."""
    op, body = op_of(order), _body_of(order)
    kept = lot.refs.get(ref_key(order.by, order.ref))
    if kept is not None:
        return again(kept, op, body, lot, at)
    if order.seen is not None and order.seen != lot.seq:
        return refuse(Objection(Code.STALE, f"The lot has gone on to {lot.seq} since you saw it; look again."), lot, at)
    facts = {"by": order.by, "ref": order.ref, "op": op, "body": body, "grounds": _grounds(order)}
    if isinstance(order, Countersign):
        return _countersigned(lot, order, at, facts)
    return _decided(lot, order, at, facts, is_proposed=op in lot.terms.four_eyes)


def _decided(lot: Lot, order: Clerk, at: int, facts: Facts, *, is_proposed: bool = False) -> Decision:
    """Carry an order out, or keep it for a second operator once it is clear that it could be."""
    row = _ROWS[type(order)]
    lot, before = caught_up(lot, at)
    refused = _out_of_phase(lot, row, op_of(order), at)
    carried = refused or row.carry(lot, order, at, facts)
    if isinstance(carried, Objection):
        return refuse(carried, lot, at)
    if isinstance(carried, Accepted):
        return Decision((), carried)
    if not carried and "proposal" in facts:
        carried = (ProposalClosed(lot=lot.lot, at=at, **facts),)
    if is_proposed and carried:
        proposed = _proposed(lot, order, at, facts)
        return Decision(before + proposed, Accepted(order.ref, lot.lot, lot.seq, at, pending=True))
    return Decision(before + carried, _answer(lot, carried, at, facts))


def _grounds(order: Clerk) -> str:
    """Return the operator's reason where no event publishes it: it is kept all the same."""
    row = _ROWS.get(type(order))
    return "" if row is not None and row.publishes else order.reason


def _answer(lot: Lot, carried: Events, at: int, facts: Facts) -> Accepted:
    """Return what the operator is told: the very answer that a retry will get, where the order left a trace."""
    after = reduce(evolve, carried, lot)
    kept = after.refs.get(ref_key(facts["by"], facts["ref"]))
    return Accepted(facts["ref"], lot.lot, lot.seq, at) if kept is None else kept.accepted


def _out_of_phase(lot: Lot, row: "_Row", op: str, at: int) -> Objection | None:
    if row.event is None:
        return None
    if not may(lot.phase, row.event):
        return Objection(Code.WRONG_PHASE, f"A lot that is {lot.phase} cannot be given the order {op!r}.")
    if has_ended(lot, at):
        return Objection(Code.WRONG_PHASE, "The lot's end has passed; it is about to close.")
    return None


# Two operators --------------------------------------------------------------------------------------------------------


def _proposed(lot: Lot, order: Clerk, at: int, facts: Facts) -> Events:
    fields: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(order))  # as a log of it is read
    return (OrderProposed(lot=lot.lot, at=at, order=fields, **facts),)


def _countersigned(lot: Lot, order: Countersign, at: int, facts: Facts) -> Decision:
    key = ref_key(order.of_by, order.of_ref)
    proposal = lot.proposals.get(key)
    if proposal is None:
        return refuse(
            Objection(Code.UNKNOWN_PROPOSAL, "No order waits for a second operator under this name."), lot, at
        )
    if proposal.by == order.by:
        return refuse(Objection(Code.NEEDS_ANOTHER, "Another operator than the first must countersign."), lot, at)
    kind = OPS.get(proposal.op, Reoffer)
    first = msgspec.convert(proposal.order, kind)
    fresh = {name: getattr(order, name) for name in ("chance", "attendance") if hasattr(first, name)}
    return _decided(lot, replace(first, seen=None, **fresh), at, {**facts, "proposal": key})


# The run of a lot -----------------------------------------------------------------------------------------------------


def _open(lot: Lot, _order: Open, at: int, facts: Facts) -> Carried:
    return (opened(lot, at, **facts),)


def _pause(lot: Lot, order: Pause, at: int, facts: Facts) -> Carried:
    return (_paused(lot, order, at, facts),)


def _suspend(lot: Lot, order: Suspend, at: int, facts: Facts) -> Carried:
    if not order.reason:
        return Objection(Code.MALFORMED, "A suspension needs a reason, which is published.")
    return (_paused(lot, order, at, facts, cause="suspension", resume_by=at + _SUSPENDED_AT_MOST_US),)


def _paused(lot: Lot, order: Clerk, at: int, facts: Facts, **more: Any) -> LotPaused:  # noqa: ANN401  fields of the event
    if lot.lowers_at is not None:
        more["lowers_at"] = None
    return LotPaused(lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, **more, **facts)


def _resume(lot: Lot, _order: Resume, at: int, facts: Facts) -> Carried:
    """Give back the time that was left, but at least one window, and at least a minute where the close is hard."""
    more: dict[str, Any] = {}
    if lot.terms.dutch is not None and lot.least() > lot.terms.dutch.floor:
        more["lowers_at"] = at + lot.lower_left_us
    if lot.resume_by is not None:
        more["resume_by"] = None
    ask = None if lot.stage is Stage.JOINING else lot.least()
    return (
        LotResumed(lot=lot.lot, at=at, seq=lot.seq + 1, closes_at=_end_after_pause(lot, at), ask=ask, **more, **facts),
    )


def _end_after_pause(lot: Lot, at: int) -> int | None:
    if lot.terms.format is Format.SALEROOM:
        return None
    least_us = MINUTE_US if lot.soft_close is None else lot.soft_close.window_us
    return at + max(lot.left_us, least_us)


def _withdraw(lot: Lot, order: Withdraw, at: int, facts: Facts) -> Carried:
    return (withdrawn(lot, order.reason, at, **facts),)


def withdrawn(lot: Lot, reason: str, at: int, **clerk: Any) -> LotWithdrawn:  # noqa: ANN401  by, ref, body
    """Return the event that takes a lot out of the sale."""
    due: dict[str, Any] = {name: None for name in ("lowers_at", "resume_by") if getattr(lot, name) is not None}
    return LotWithdrawn(lot=lot.lot, at=at, seq=lot.seq + 1, reason=reason, **due, **clerk)


def _extend(lot: Lot, order: Extend, at: int, facts: Facts) -> Carried:
    if lot.phase is not Phase.OPEN or lot.closes_at is None or has_ended(lot, at):
        return Objection(Code.WRONG_PHASE, f"Only an open lot with an end can be extended; this one is {lot.phase}.")
    if order.closes_at <= lot.closes_at:
        return Objection(Code.MALFORMED, f"The end can only move later than {lot.closes_at}.")
    return (moved(lot, order.closes_at, "operator", at, lot.seq + 1, **facts),)


def _fair_warning(lot: Lot, order: FairWarning, at: int, facts: Facts) -> Carried:
    refused = _not_open(lot, at)
    if refused is not None:
        return refused
    if lot.warned:
        return Objection(Code.ALREADY_DONE, "Fair warning was given already.")
    return (FairWarningGiven(lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, **facts),)


def _not_open(lot: Lot, at: int) -> Objection | None:
    if lot.phase is not Phase.OPEN or has_ended(lot, at):
        return Objection(Code.WRONG_PHASE, f"The lot must be open; it is {lot.phase}.")
    return None


def _notice(lot: Lot, order: Notice, at: int, facts: Facts) -> Carried:
    event = NoticePosted(lot=lot.lot, at=at, seq=lot.seq + 1, text=order.text, notice=order.text, **facts)
    return (event,)


def _set_step(lot: Lot, order: SetStep, at: int, facts: Facts) -> Carried:
    refused = _not_open(lot, at)
    if refused is not None:
        return refused
    if not lot.terms.format.is_ascending:
        return Objection(Code.FORMAT_MISMATCH, "This format has no steps.")
    if lot.price is None or lot.stage in (Stage.JOINING, Stage.QUOTES):
        return Objection(Code.WRONG_PHASE, "There is no bid yet that a step could stand above.")
    ask = replace(lot, ask=None, next_step=order.step).least()
    return (StepSet(lot=lot.lot, at=at, seq=lot.seq + 1, step=order.step, ask=ask, **facts),)


def _floor_bid(lot: Lot, order: FloorBid, at: int, facts: Facts) -> Carried:
    """Take a bid from the room, under the rules of any plain bid."""
    if lot.terms.format is Format.SEALED or lot.stage is Stage.QUOTES:
        return Objection(Code.FORMAT_MISMATCH, "What is offered unseen cannot come from the room.")
    bidder = f"{FLOOR}:{order.hand}" if order.hand else FLOOR
    bid = Bid(lot.lot, bidder, facts["ref"], order.amount, confirm=True, chance=order.chance)
    refused = closed_to_bids(lot, at) or wrong_in_format(lot, bid)
    if refused is not None:
        return refused
    events, _ = accept(lot, bid, at, clerk=facts["by"], grounds=facts["grounds"])
    return events


# The hammer -----------------------------------------------------------------------------------------------------------


def _hammer(lot: Lot, order: Hammer, at: int, facts: Facts) -> Carried:
    if lot.phase is not Phase.OPEN:
        return Objection(Code.WRONG_PHASE, f"The hammer falls on an open lot; this one is {lot.phase}.")
    if lot.terms.format is Format.SEALED or lot.stage is Stage.QUOTES:
        return Objection(Code.FORMAT_MISMATCH, "Sealed bids are opened at the end, and not before.")
    if lot.leader is None:
        return Objection(Code.NO_BIDS, "There is no bid to knock the lot down to; pass it instead.")
    if lot.reserve == Reserve.NOT_MET:
        return Objection(Code.RESERVE_NOT_MET, "The reserve is not met; pass the lot instead.")
    least_s = None if lot.terms.bounds is None else lot.terms.bounds.open_s_min
    if least_s is not None and at < lot.opened_at + seconds_to_us(least_s):
        return Objection(Code.TOO_EARLY, f"The lot must be open for at least {least_s:g} s.")
    return (sold(lot, at, order.attendance, **facts),)


def _pass(lot: Lot, order: Pass, at: int, facts: Facts) -> Carried:
    if lot.terms.format is Format.SEALED or lot.stage is Stage.QUOTES:
        return Objection(Code.FORMAT_MISMATCH, "Sealed bids are opened at the end, and not before.")
    reason = "no_bids" if lot.leader is None else "by_clerk"
    if lot.leader is not None and lot.reserve == Reserve.NOT_MET:
        reason = "reserve_not_met"
    return (passed(lot, at, reason, order.attendance, **facts),)


def _consent(lot: Lot, _order: Consent, at: int, facts: Facts) -> Carried:
    if not lot.provisional or lot.consent_until is None or at >= lot.consent_until:
        return Objection(Code.WRONG_PHASE, "No bid waits for the seller's consent.")
    return (sold(lot, at, **facts),)


def _reopen(lot: Lot, order: Reopen, at: int, facts: Facts) -> Carried:
    if lot.terms.format in (Format.DUTCH, Format.SEALED) or lot.sealed:
        return Objection(Code.FORMAT_MISMATCH, "This format cannot be reopened; offer the lot again instead.")
    if _is_done_with(lot):
        sentence = "The lot is settled, offered again, its accounts were read or its deposits given back."
        return Objection(Code.WRONG_PHASE, sentence)
    end = order.closes_at
    if (end is None) != (lot.terms.format is Format.SALEROOM):
        return Objection(Code.MALFORMED, "A reopened lot needs an end, unless it is a saleroom lot.")
    if end is not None and end <= at:
        return Objection(Code.MALFORMED, "The new end has passed already.")
    stage = UNSET if lot.stage is None else Stage.TIMED
    event = LotReopened(
        lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, closes_at=end, ask=lot.least(), stage=stage, **facts
    )
    return (event,)


def _is_done_with(lot: Lot) -> bool:
    """Whether a close cannot be taken back: who bought is known, or the deposits that stood for the bids are gone."""
    is_settled = lot.settlement in (Settlement.PAID, Settlement.DEFAULTED)
    return is_settled or lot.successor is not None or lot.is_disclosed or lot.is_returned


# Voiding --------------------------------------------------------------------------------------------------------------


def _void_bid(lot: Lot, order: VoidBid, at: int, facts: Facts) -> Carried:
    return _not_to_be_voided(lot, at) or _voided(lot, order.seq, order.reason, at, facts)


def _undo(lot: Lot, order: Undo, at: int, facts: Facts) -> Carried:
    refused = _not_to_be_voided(lot, at)
    if refused is not None:
        return refused
    standing = [kept.placed for _, kept in offers_of(lot) if not kept.voided]
    latest = max(standing, default=0)
    if not latest:
        return Objection(Code.NO_BIDS, "There is no bid to undo.")
    return _voided(lot, latest, order.reason, at, facts)


def _not_to_be_voided(lot: Lot, at: int) -> Objection | None:
    if not lot.terms.format.is_ascending:
        return Objection(
            Code.FORMAT_MISMATCH, "In this format bids cannot be voided; withdraw the lot, or offer it again."
        )
    if lot.phase not in (Phase.OPEN, Phase.PAUSED) or has_ended(lot, at):
        return Objection(Code.WRONG_PHASE, f"Bids are voided while the lot is open or paused; it is {lot.phase}.")
    if lot.stage is Stage.QUOTES:
        return Objection(Code.NOT_IN_STAGE, "Bids cannot be voided once quotes are taken.")
    return None


def _voided(lot: Lot, seq: int, reason: str, at: int, facts: Facts) -> Carried:
    fallen = voided_with(lot, seq)
    if not fallen:
        return Objection(Code.UNKNOWN_BID, f"No accepted bid has the number {seq}.")
    bid = lot.refs[fallen[0]]
    if bid.voided:
        return Objection(Code.ALREADY_DONE, "This bid was voided already.")
    if bid.has_felt and any(kept.voided and kept.has_felt for kept in lot.refs.values()):
        return Objection(Code.ALREADY_DONE, "A bid from the room that met a ceiling is taken back once only.")
    return (_bid_voided(lot, restood(lot, fallen), seq, reason, at, facts),)


def _bid_voided(lot: Lot, after: Lot, seq: int, reason: str, at: int, facts: Facts) -> BidVoided:
    return BidVoided(
        lot=lot.lot,
        at=at,
        seq=lot.seq + 1,
        voided=seq,
        reason=reason,
        price=after.price,
        ask=None if lot.ask is None else after.least(),
        bids=after.bids,
        leader=after.leader,
        reserve=after.reserve,
        leader_bidder=after.leader_bidder,
        ceiling=after.ceiling,
        **facts,
    )


# Offering again -------------------------------------------------------------------------------------------------------


def _reoffer(lot: Lot, order: Reoffer, at: int, facts: Facts) -> Carried:
    refused = _not_to_be_reoffered(lot) or _REOFFERS[order.kind](lot, order, at)
    if refused is not None:
        return refused
    event = LotReoffered(
        lot=lot.lot,
        at=at,
        seq=lot.seq + 1,
        reason=order.reason,
        kind=order.kind,
        successor=order.listing.lot,
        **facts,
    )
    return (event,)


def _not_to_be_reoffered(lot: Lot) -> Objection | None:
    if lot.successor is not None:
        return Objection(Code.ALREADY_DONE, f"The lot is offered again as {lot.successor!r} already.")
    if not lot.is_free:
        return Objection(
            Code.WRONG_PHASE, "Only a lot that was not sold, or whose buyer has defaulted, is offered again."
        )
    return None


def _beyond_bounds(lot: Lot, order: Reoffer, at: int) -> Objection | None:
    """Return what a house that bounds its re-auctions has against offering the lot again under another name."""
    bounds = lot.terms.bounds
    if bounds is None or (bounds.reoffer_drop_percent_max is None and bounds.reoffer_within_s is None):
        return None
    return _cheap_or_late_reauction(lot, order, at)


def _cheap_or_late_reauction(lot: Lot, order: Reoffer, _at: int) -> Objection | None:
    bounds, terms = lot.terms.bounds, order.listing.terms
    drop = None if bounds is None else bounds.reoffer_drop_percent_max
    percent = HUNDRED_PERCENT - (_DROP_PERCENT_MAX if drop is None else drop)
    if not is_share(terms.start_price, percent, lot.terms.start_price):
        return Objection(
            Code.DROP_TOO_LARGE, f"A re-auction begins at {percent} % of the start price before it, or more."
        )
    within_s = None if bounds is None else bounds.reoffer_within_s
    if within_s is not None and terms.opens_at > lot.ended_at + seconds_to_us(within_s):
        return Objection(Code.TOO_LATE, f"A re-auction opens within {within_s:g} s of the close before it.")
    return None


def _no_sell_off(lot: Lot, order: Reoffer, _at: int) -> Objection | None:
    terms = order.listing.terms
    if terms.start_price != lot.terms.start_price:
        return Objection(Code.DROP_TOO_LARGE, "A sell-off is held at the last start price.")
    if terms.format is not Format.ENGLISH or terms.first_bid_closes_s is None:
        return Objection(
            Code.FORMAT_MISMATCH, "In a sell-off the first bid starts a countdown: first_bid_closes_s is needed."
        )
    return None


_REOFFERS: Mapping[str, Callable[[Lot, Reoffer, int], Objection | None]] = {
    "reoffer": _beyond_bounds,
    "reauction": _cheap_or_late_reauction,
    "sell_off": _no_sell_off,
}


# The table ------------------------------------------------------------------------------------------------------------


def _reason(order: Clerk) -> str:
    return order.reason


def _offered_again(order: Reoffer) -> str:
    terms = order.listing.terms
    return f"{order.listing.lot} {terms.start_price} {terms.opens_at} {terms.closes_at}"


class _Row(NamedTuple):
    """An order.

    Attributes:
        carry: How it is carried out.
        body: What of it a retry must repeat.
        event: The row it needs in the table of phases.
        publishes: Whether its reason stands in the event itself.
    """

    carry: Callable[[Lot, Any, int, Facts], Carried]
    body: Callable[[Any], str | int] = _reason
    event: str | None = None
    publishes: bool = False


_ROWS: Mapping[type[Clerk], _Row] = {
    Open: _Row(_open, event="lot_opened"),
    Pause: _Row(_pause, event="lot_paused", publishes=True),
    Suspend: _Row(_suspend, event="lot_paused", publishes=True),
    Resume: _Row(_resume, event="lot_resumed"),
    Extend: _Row(_extend, lambda order: int(order.closes_at)),
    FairWarning: _Row(_fair_warning, publishes=True),
    Hammer: _Row(_hammer, event="lot_sold"),
    Pass: _Row(_pass, event="lot_passed"),
    Withdraw: _Row(_withdraw, event="lot_withdrawn", publishes=True),
    Reopen: _Row(_reopen, lambda order: order.closes_at or 0, event="lot_reopened", publishes=True),
    VoidBid: _Row(_void_bid, lambda order: int(order.seq), publishes=True),
    Undo: _Row(_undo, publishes=True),
    FloorBid: _Row(_floor_bid, lambda order: int(order.amount)),
    SetStep: _Row(_set_step, lambda order: int(order.step)),
    Notice: _Row(_notice, lambda order: str(order.text)),
    Admit: _Row(admit, lambda order: order.bidder if order.rank is None else f"{order.bidder} {order.rank}"),
    Decline: _Row(decline, lambda order: str(order.bidder)),
    Bar: _Row(bar, lambda order: str(order.bidder), publishes=True),
    ConfirmDeposit: _Row(confirm_deposit, lambda order: f"{order.bidder} {order.amount} {order.payment}"),
    Release: _Row(release, lambda order: str(order.bidder)),
    Consent: _Row(_consent),
    Settle: _Row(settle),
    Default: _Row(default, publishes=True),
    Allocate: _Row(allocate, lambda order: f"{order.costs} {order.shortfall}"),
    Reoffer: _Row(_reoffer, _offered_again, publishes=True),
}


def _body_of(order: Clerk) -> str | int:
    if isinstance(order, Countersign):
        return f"{order.of_by} {order.of_ref}"
    return _ROWS[type(order)].body(order)
