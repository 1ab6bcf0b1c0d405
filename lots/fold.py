"""The fold: `evolve(lot, event) -> lot`, from events to the state of a lot.

It refuses to judge: what is in the log has happened. Reading a log of years ago and taking in an event of just now are
the same function, so an event carries all that its effect depends on and that the state before it does not hold.

Invariants: those of `state`; the ledger balances after every entry. Amounts are integer minor units, instants
microseconds.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import takewhile
from typing import Any, ClassVar

from immutables import Map, MapMutation
from msgspec import UNSET
from msgspec.structs import replace

from clock.instants import seconds_to_us
from clock.soft_close import Mode, SoftClose, Trigger
from lots import ledger
from lots.events import (
    AccountsOpened,
    ApplicationChecked,
    BidderAdmitted,
    BidderBarred,
    BidderJoined,
    BidderRegistered,
    BidPlaced,
    BidsOpened,
    BidVoided,
    ByClerk,
    CeilingRaised,
    ConsentLapsed,
    CountdownStarted,
    DepositMoved,
    DepositsReturned,
    Event,
    FairWarningGiven,
    LotExtended,
    LotListed,
    LotOpened,
    LotPassed,
    LotPaused,
    LotReoffered,
    LotReopened,
    LotResumed,
    LotSettled,
    LotSold,
    LotWithdrawn,
    NoticePosted,
    OrderProposed,
    PaddleAssigned,
    PriceLowered,
    PrivateByClerk,
    ProposalClosed,
    SealedBidPlaced,
    StageBegun,
    StepSet,
    WinnerDefaulted,
)
from lots.formats import Stage
from lots.ladder import Ladder
from lots.ledger import Account
from lots.phases import ENDED, Phase, after
from lots.state import Accepted, Application, Kept, Lot, Proposal, Sealed, Settlement, ref_key
from lots.terms import Scope, SoftCloseTerms, Terms

# Making a lot ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _ladder(bands: tuple[tuple[int, int], ...]) -> Ladder:
    return Ladder(bands or ((0, 1),))


@lru_cache(maxsize=256)
def _arithmetic(terms: SoftCloseTerms) -> SoftClose:
    return terms.arithmetic()


@lru_cache(maxsize=256)
def _restarting(countdown_s: float) -> SoftClose:
    """Return the arithmetic of a countdown that every bid begins anew."""
    span_us = seconds_to_us(countdown_s)
    return SoftClose(span_us, span_us, Mode.FROM_BID, Trigger.ANY)


def listed(event: LotListed) -> Lot:
    """Make the lot that this event begins."""
    terms = event.listing.terms
    soft = terms.soft_close
    return Lot(
        lot=event.lot,
        listing=event.listing,
        terms=terms,
        ladder=_ladder(terms.ladder),
        soft_close=None if soft is None else _arithmetic(soft),
        is_simple=terms.format.is_ascending
        and (terms.two_phase, terms.buy_now, terms.first_bid_closes_s) == (None, None, None),
        needs_admission=terms.deposit > 0 or terms.registration is not None,
        is_linked=terms.debt is not None or (soft is not None and soft.scope is Scope.GROUP),
        phase=Phase.UPCOMING,
        seq=event.seq,
        last_at=event.at,
        reserve=event.reserve,
        closes_at=terms.closes_at,
        scheduled_close_at=terms.closes_at,
        hard_end_at=_hard_end(terms),
        barred=Map(dict.fromkeys(event.barred, "defaulted on the lot before")),
    )


def _hard_end(terms: Terms) -> int | None:
    soft = terms.soft_close
    if soft is None or soft.hard_end_s is None or terms.closes_at is None:
        return None
    return terms.closes_at + seconds_to_us(soft.hard_end_s)


def evolve(lot: Lot | None, event: Event) -> Lot:
    """Return the lot after `event`; a lot begins with `LotListed`.

    Raises:
        AssertionError: the event cannot follow on this state: the log is broken.
    """
    if lot is None:
        if not isinstance(event, LotListed):
            raise AssertionError(f"the log of lot {event.lot} begins with {type(event).__name__}, not with LotListed")
        return listed(event)
    return _FOLD[type(event)](lot, event)


# Offers ---------------------------------------------------------------------------------------------------------------


def accepted_bid(event: BidPlaced) -> Accepted:
    """Return what the bidder is told of his bid."""
    return Accepted(event.ref, event.lot, event.seq, event.at, event.paddle, event.price, event.leader == event.paddle)


def accepted_raise(lot: Lot, event: CeilingRaised) -> Accepted:
    """Return what the leader is told of the ceiling he raised; it has no number of its own."""
    return Accepted(event.ref, event.lot, lot.seq, event.at, lot.leader, lot.price, leading=True)


def accepted_unseen(lot: Lot, event: SealedBidPlaced | BidderRegistered | BidderJoined) -> Accepted:
    """Return what a bidder is told of what nobody else hears of."""
    return Accepted(event.ref, event.lot, lot.seq, event.at, lot.paddles.get(event.bidder))


def _keep(
    lot: Lot, who: str, ref: str, op: str, body: str | int | None, accepted: Accepted, placed: int = 0
) -> Map[str, Kept]:
    return lot.refs.set(ref_key(who, ref), Kept(op, body, accepted, len(lot.refs), placed, lot.next_step))


def _keep_bid(lot: Lot, event: BidPlaced) -> Map[str, Kept]:
    who = event.by or event.bidder
    refs = _keep(lot, who, event.ref, _OP[event.kind], event.amount, accepted_bid(event), event.seq)
    if not lot.sells_now(event.amount, plain=event.kind != "max_bid"):
        return refs
    key = ref_key(who, event.ref)
    return refs.set(key, replace(refs[key], bought=True))


_OP = {"bid": "bid", "max_bid": "max_bid", "floor": "floor_bid"}


def _bid_placed(lot: Lot, event: BidPlaced) -> Lot:
    leader_bidder = event.bidder if event.leader == event.paddle else lot.leader_bidder
    return _bid_stands(lot, event, leader_bidder, _keep_bid(lot, event))


def _bid_stands(lot: Lot, event: BidPlaced, leader_bidder: str | None, refs: Map[str, Kept]) -> Lot:
    return replace(
        lot,
        seq=event.seq,
        last_at=event.at,
        price=event.price,
        ask=event.ask,
        bids=event.bids,
        leader=event.leader,
        leader_bidder=leader_bidder,
        reserve=event.reserve,
        ceiling=event.ceiling,
        warned=False,
        next_step=None,
        refs=refs,
    )


def _ceiling_raised(lot: Lot, event: CeilingRaised) -> Lot:
    refs = _keep(lot, event.bidder, event.ref, "max_bid", event.amount, accepted_raise(lot, event))
    return replace(lot, last_at=event.at, ceiling=event.amount, refs=refs)


def _sealed_bid_placed(lot: Lot, event: SealedBidPlaced) -> Lot:
    sealed = lot.sealed.set(event.bidder, Sealed(event.amount, len(lot.refs)))
    refs = _keep(lot, event.bidder, event.ref, "bid", event.amount, accepted_unseen(lot, event))
    return replace(lot, last_at=event.at, sealed=sealed, refs=refs)


def _bids_opened(lot: Lot, event: BidsOpened) -> Lot:
    leader, shown = event.leader, {paddle for paddle, _ in event.offers}
    return replace(
        lot,
        seq=event.seq,
        last_at=event.at,
        bids=event.bids,
        price=event.price,
        leader=leader,
        leader_bidder=None if leader is None else lot.bidders[leader],
        reserve=event.reserve,
        unshown=Map({bidder: paddle for bidder, paddle in lot.unshown.items() if paddle not in shown}),
    )


def offers_of(lot: Lot) -> list[tuple[str, Kept]]:
    """Return all offers that were accepted, voided ones too, in the order of acceptance, each with its key."""
    offers = ((key, kept) for key, kept in lot.refs.items() if kept.is_offer)
    return sorted(offers, key=lambda offer: offer[1].n)


def voided_with(lot: Lot, seq: int) -> list[str]:
    """Return the keys of what falls with the bid of this seq: itself, and the bidder's raises up to his next bid.

    A raise has no number of its own: it amends the ceiling that was public before it. Empty when there is no such bid.
    """
    offers = offers_of(lot)
    place = next((i for i, (_, kept) in enumerate(offers) if 0 < kept.placed == seq), None)
    if place is None:
        return []
    key, bid = offers[place]
    own = [(key, kept) for key, kept in offers[place + 1 :] if kept.accepted.paddle == bid.accepted.paddle]
    return [key, *(key for key, _ in takewhile(lambda offer: not offer[1].placed, own))]


def _bid_voided(lot: Lot, event: BidVoided) -> Lot:
    refs = lot.refs
    for key in voided_with(lot, event.voided):
        refs = refs.set(key, replace(refs[key], voided=True))
    return _by_clerk(
        replace(lot, refs=refs),
        event,
        "void_bid",
        price=event.price,
        ask=event.ask,
        bids=event.bids,
        leader=event.leader,
        reserve=event.reserve,
        leader_bidder=event.leader_bidder,
        ceiling=event.ceiling,
        warned=False,
        next_step=None,
    )


# Bidders --------------------------------------------------------------------------------------------------------------


def _bidder_registered(lot: Lot, event: BidderRegistered) -> Lot:
    known = lot.applications.get(event.bidder, Application())
    refs = _keep(lot, event.bidder, event.ref, "register", "", accepted_unseen(lot, event))
    applications = lot.applications.set(event.bidder, replace(known, registered=True))
    return replace(lot, last_at=event.at, applications=applications, refs=refs)


def _application_checked(lot: Lot, event: ApplicationChecked) -> Lot:
    known = lot.applications.get(event.bidder, Application())
    application = replace(known, approved=event.admitted, declined=not event.admitted, rank=event.rank)
    ranks = lot.ranks
    if event.rank is not None:
        ranks = ranks.set(event.bidder, event.rank)
    elif event.bidder in ranks:
        ranks = ranks.delete(event.bidder)
    return _unheard(
        lot,
        event,
        "admit" if event.admitted else "decline",
        applications=lot.applications.set(event.bidder, application),
        ranks=ranks,
    )


def _paddle_assigned(lot: Lot, event: PaddleAssigned) -> Lot:
    return _unheard(
        lot,
        event,
        "admit",
        paddles=lot.paddles.set(event.bidder, event.paddle),
        bidders=lot.bidders.set(event.paddle, event.bidder),
        unshown=lot.unshown.set(event.bidder, event.paddle),
    )


def _bidder_admitted(lot: Lot, event: BidderAdmitted) -> Lot:
    """Show a paddle; logs of the first version admitted in public what is admitted in private now."""
    known = lot.ledger.get(event.bidder, ledger.NOTHING)
    deposits = lot.ledger
    if event.by and lot.terms.deposit and not known.received:
        known = ledger.moved(known, Account.RECEIVED, Account.HELD, lot.terms.deposit)
        deposits = deposits.set(event.bidder, known)
    return _by_clerk(
        lot,
        event,
        "admit",
        paddles=lot.paddles.set(event.bidder, event.paddle),
        bidders=lot.bidders.set(event.paddle, event.bidder),
        unshown=lot.unshown.delete(event.bidder) if event.bidder in lot.unshown else lot.unshown,
        ledger=deposits,
    )


def _bidder_barred(lot: Lot, event: BidderBarred) -> Lot:
    return _unheard(lot, event, "bar", barred=lot.barred.set(event.bidder, event.reason))


def _bidder_joined(lot: Lot, event: BidderJoined) -> Lot:
    refs = _keep(lot, event.bidder, event.ref, "join", "", accepted_unseen(lot, event))
    return replace(lot, last_at=event.at, joined=lot.joined.set(event.bidder, True), refs=refs)


def _deposit_moved(lot: Lot, event: DepositMoved) -> Lot:
    known = lot.ledger.get(event.bidder, ledger.NOTHING)
    after_entry = ledger.moved(known, event.source, event.to, event.amount)
    payments = lot.payments
    if event.payment:
        accepted = Accepted(event.ref, event.lot, lot.seq, event.at)
        payments = payments.set(ref_key(event.bidder, event.payment), accepted)
    return _unheard(
        lot,
        event,
        "deposit",
        ledger=lot.ledger.set(event.bidder, after_entry),
        payments=payments,
        is_returned=lot.is_returned or (lot.phase in ENDED and event.source is Account.HELD),
    )


# The clerk ------------------------------------------------------------------------------------------------------------


def _by_clerk(lot: Lot, event: ByClerk, op: str, **changes: Any) -> Lot:  # noqa: ANN401  fields of a Lot, each with its own type
    if event.by:
        accepted = Accepted(event.ref, event.lot, event.seq, event.at)
        changes |= _order_done(lot, event, op, accepted)
    return replace(lot, seq=event.seq, last_at=event.at, **changes)


def _unheard(lot: Lot, event: PrivateByClerk, op: str, **changes: Any) -> Lot:  # noqa: ANN401  as above
    if event.by:
        changes |= _order_done(lot, event, op, Accepted(event.ref, event.lot, lot.seq, event.at))
    return replace(lot, last_at=event.at, **changes)


def _order_done(lot: Lot, event: ByClerk | PrivateByClerk, op: str, accepted: Accepted) -> dict[str, Any]:
    """Return what changes of a lot with any order of an operator: its ref is kept, a proposal is carried out."""
    changes: dict[str, Any] = {"refs": _keep(lot, event.by, event.ref, event.op or op, event.body, accepted)}
    if event.proposal:
        changes["proposals"] = lot.proposals.delete(event.proposal)
    return changes


def _order_proposed(lot: Lot, event: OrderProposed) -> Lot:
    accepted = Accepted(event.ref, event.lot, lot.seq, event.at, pending=True)
    refs = _keep(lot, event.by, event.ref, event.op, event.body, accepted)
    proposals = lot.proposals.set(ref_key(event.by, event.ref), Proposal(event.op, event.by, event.order))
    return replace(lot, last_at=event.at, refs=refs, proposals=proposals)


def _proposal_closed(lot: Lot, event: ProposalClosed) -> Lot:
    return _unheard(lot, event, "countersign")


def _lot_opened(lot: Lot, event: LotOpened) -> Lot:
    return _by_clerk(
        lot,
        event,
        "open",
        phase=after(lot.phase, "lot_opened"),
        closes_at=event.closes_at,
        ask=event.ask,
        stage=_told(event.stage, lot.stage),
        lowers_at=_told(event.lowers_at, lot.lowers_at),
        opened_at=event.at,
        soft_close=_soft_close_in(lot, _told(event.stage, lot.stage)),
    )


def _told(value: Any, before: Any) -> Any:  # noqa: ANN401  whatever the field holds
    """Return what an event says of a field; where it says nothing, what it was before."""
    return before if value is UNSET else value


def _soft_close_in(lot: Lot, stage: Stage | None) -> SoftClose | None:
    """Return how bids move the end: in the timed phase every bid begins the countdown anew."""
    terms = lot.terms.two_phase
    if terms is None:
        return lot.soft_close
    return _restarting(terms.countdown_s) if stage is Stage.TIMED else None


def _lot_paused(lot: Lot, event: LotPaused) -> Lot:
    """Keep what is left to the end, and to the next fall of a Dutch price; a saleroom lot has neither."""
    end = event.at if lot.closes_at is None else lot.closes_at
    return _by_clerk(
        lot,
        event,
        "pause",
        phase=after(lot.phase, "lot_paused"),
        left_us=end - event.at,
        paused_end=end,
        lower_left_us=0 if lot.lowers_at is None else max(0, lot.lowers_at - event.at),
        closes_at=None,
        ask=None,
        lowers_at=_told(event.lowers_at, lot.lowers_at),
        resume_by=_told(event.resume_by, lot.resume_by),
    )


def _lot_resumed(lot: Lot, event: LotResumed) -> Lot:
    span_us = 0 if event.closes_at is None else event.closes_at - lot.paused_end
    return _by_clerk(
        lot,
        event,
        "resume",
        phase=after(lot.phase, "lot_resumed"),
        closes_at=event.closes_at,
        ask=event.ask,
        hard_end_at=_moved_hard_end(lot, span_us),
        lowers_at=_told(event.lowers_at, lot.lowers_at),
        resume_by=_told(event.resume_by, lot.resume_by),
    )


def _lot_reopened(lot: Lot, event: LotReopened) -> Lot:
    """Take bids again; the hard end goes by the new end, for what the house reopens it gives time."""
    end = event.closes_at
    hard_end = lot.hard_end_at if end is None or lot.hard_end_at is None else max(lot.hard_end_at, end)
    stage = _told(event.stage, lot.stage)
    return _by_clerk(
        lot,
        event,
        "reopen",
        phase=after(lot.phase, "lot_reopened"),
        closes_at=end,
        ask=event.ask,
        hammer_price=None,
        warned=False,
        provisional=False,
        settlement=None,
        hard_end_at=hard_end,
        stage=stage,
        soft_close=_soft_close_in(lot, stage),
        release_at=None,
        consent_until=None,
    )


def _lot_withdrawn(lot: Lot, event: LotWithdrawn) -> Lot:
    phase = after(lot.phase, "lot_withdrawn")
    nothing_due = {"closes_at": None, "lowers_at": None, "resume_by": None}
    return _by_clerk(lot, event, "withdraw", phase=phase, ask=None, **nothing_due, **_ended(lot, event.at))


def _ended(lot: Lot, at: int) -> dict[str, Any]:
    """Return when the house has to give deposits back, once a lot has ended."""
    span_us = seconds_to_us(lot.terms.release_after_s)
    return {"ended_at": at, "release_at": at + span_us if lot.ledger else None}


def _lot_extended(lot: Lot, event: LotExtended) -> Lot:
    by_bid = event.cause in ("bid", "group")
    return _by_clerk(
        lot,
        event,
        "extend",
        closes_at=event.closes_at,
        extensions=event.extensions,
        bid_extensions=lot.bid_extensions + by_bid,
        hard_end_at=lot.hard_end_at if by_bid else _moved_hard_end(lot, event.closes_at - lot.ending.closes_at),
    )


def _moved_hard_end(lot: Lot, span_us: int) -> int | None:
    """Move the hard end with the end: time lost to a fault or a pause, or granted by the house, is given whole."""
    return None if lot.hard_end_at is None else lot.hard_end_at + span_us


def _countdown_started(lot: Lot, event: CountdownStarted) -> Lot:
    return replace(lot, seq=event.seq, last_at=event.at, closes_at=event.closes_at, counting=True)


def _stage_begun(lot: Lot, event: StageBegun) -> Lot:
    return replace(
        lot,
        seq=event.seq,
        last_at=event.at,
        stage=event.stage,
        was_timed=event.stage is Stage.TIMED or lot.was_timed,
        closes_at=event.closes_at,
        ask=event.ask,
        soft_close=_soft_close_in(lot, event.stage),
    )


def _price_lowered(lot: Lot, event: PriceLowered) -> Lot:
    return replace(lot, seq=event.seq, last_at=event.at, ask=event.ask, fallen_to=event.ask, lowers_at=event.lowers_at)


def _fair_warning_given(lot: Lot, event: FairWarningGiven) -> Lot:
    return _by_clerk(lot, event, "fair_warning", warned=True)


def _step_set(lot: Lot, event: StepSet) -> Lot:
    return _by_clerk(lot, event, "step", next_step=event.step, ask=event.ask)


def _notice_posted(lot: Lot, event: NoticePosted) -> Lot:
    return _by_clerk(lot, event, "notice", notice=event.notice)


# The close, and what comes after it -----------------------------------------------------------------------------------


def _lot_sold(lot: Lot, event: LotSold) -> Lot:
    return _by_clerk(
        lot,
        event,
        "hammer",
        phase=after(lot.phase, "lot_sold"),
        hammer_price=event.hammer_price,
        ask=None,
        lowers_at=None,
        provisional=False,
        consent_until=None,
        settlement=_told(event.settlement, lot.settlement),
        **_ended(lot, event.at),
    )


def _lot_passed(lot: Lot, event: LotPassed) -> Lot:
    provisional = event.provisional is True
    span_us = seconds_to_us(lot.terms.provisional_s or 0)
    return _by_clerk(
        lot,
        event,
        "pass",
        phase=after(lot.phase, "lot_passed"),
        ask=None,
        lowers_at=None,
        provisional=provisional,
        consent_until=event.at + span_us if provisional else None,
        **_ended(lot, event.at),
    )


def _consent_lapsed(lot: Lot, event: ConsentLapsed) -> Lot:
    return replace(lot, seq=event.seq, last_at=event.at, provisional=False, consent_until=None)


def _deposits_returned(lot: Lot, event: DepositsReturned) -> Lot:
    return replace(lot, last_at=event.at, release_at=None)


def _accounts_opened(lot: Lot, event: AccountsOpened) -> Lot:
    return replace(lot, last_at=event.at, is_disclosed=True)


def _lot_settled(lot: Lot, event: LotSettled) -> Lot:
    return _by_clerk(lot, event, "settle", settlement=Settlement.PAID)


def _winner_defaulted(lot: Lot, event: WinnerDefaulted) -> Lot:
    return _by_clerk(
        lot,
        event,
        "default",
        settlement=Settlement.DEFAULTED,
        defaulters=(*lot.defaulters, event.bidder),
        barred=lot.barred.set(event.bidder, event.reason),
    )


def _lot_reoffered(lot: Lot, event: LotReoffered) -> Lot:
    return _by_clerk(lot, event, event.kind, successor=event.successor)


def _listed_twice(lot: Lot, event: LotListed) -> Lot:
    raise AssertionError(f"the log of lot {lot.lot} lists it again at seq {event.seq}")


_FOLD: dict[type[Event], Callable[[Lot, Any], Lot]] = {
    LotListed: _listed_twice,
    LotOpened: _lot_opened,
    LotPaused: _lot_paused,
    LotResumed: _lot_resumed,
    LotReopened: _lot_reopened,
    LotExtended: _lot_extended,
    LotWithdrawn: _lot_withdrawn,
    CountdownStarted: _countdown_started,
    StageBegun: _stage_begun,
    PriceLowered: _price_lowered,
    FairWarningGiven: _fair_warning_given,
    StepSet: _step_set,
    NoticePosted: _notice_posted,
    BidderAdmitted: _bidder_admitted,
    BidPlaced: _bid_placed,
    BidVoided: _bid_voided,
    BidsOpened: _bids_opened,
    LotSold: _lot_sold,
    LotPassed: _lot_passed,
    ConsentLapsed: _consent_lapsed,
    LotReoffered: _lot_reoffered,
    LotSettled: _lot_settled,
    WinnerDefaulted: _winner_defaulted,
    CeilingRaised: _ceiling_raised,
    SealedBidPlaced: _sealed_bid_placed,
    BidderRegistered: _bidder_registered,
    ApplicationChecked: _application_checked,
    PaddleAssigned: _paddle_assigned,
    BidderBarred: _bidder_barred,
    BidderJoined: _bidder_joined,
    DepositMoved: _deposit_moved,
    AccountsOpened: _accounts_opened,
    DepositsReturned: _deposits_returned,
    OrderProposed: _order_proposed,
    ProposalClosed: _proposal_closed,
}


# Many events ----------------------------------------------------------------------------------------------------------


class Retelling:
    """A lot told again from its log: `evolve` for one event after the other, when only the last lot is wanted.

    What a run of bids leaves behind is the last of them, who leads, and the refs of all. So the refs of a run go into
    one open map, and the lot is made when something else happens: a map of a million refs made anew for each bid, and a
    lot with it, would be most of a recovery.

    Attributes:
        WITHIN_RUN: Events that neither look at the refs nor add one, unless an operator has ordered them.
    """

    WITHIN_RUN: ClassVar = frozenset({LotExtended, BidderAdmitted, CountdownStarted, FairWarningGiven})

    def __init__(self, lot: Lot | None = None) -> None:
        self._lot = lot
        self._refs: MapMutation[str, Kept] | None = None
        self._last: BidPlaced | None = None
        self._leader_bidder: str | None = None

    @property
    def lot(self) -> Lot | None:
        """The lot after all that was told; None before it was listed."""
        lot = self._bidding_so_far()
        if lot is not None and self._refs is not None:
            lot = replace(lot, refs=self._refs.finish())
        self._lot, self._refs = lot, None
        return lot

    def tell(self, events: Iterable[Event]) -> None:
        """Take the next events.

        Raises:
            AssertionError: one cannot follow on what was told before: the log is broken.
        """
        for event in events:
            if type(event) is BidPlaced and (refs := self._open_refs()) is not None:
                key = ref_key(event.by or event.bidder, event.ref)
                refs[key] = Kept(_OP[event.kind], event.amount, accepted_bid(event), len(refs), event.seq)
                if event.leader == event.paddle:
                    self._leader_bidder = event.bidder
                self._last = event
            elif self._refs is not None and self.leaves_refs(event):
                self._lot = evolve(self._bidding_so_far(), event)
            else:
                self._lot = evolve(self.lot, event)

    @classmethod
    def leaves_refs(cls, event: Event) -> bool:
        """Whether the run of bids goes on after this event."""
        return type(event) in cls.WITHIN_RUN and not getattr(event, "by", "")

    def _open_refs(self) -> "MapMutation[str, Kept] | None":
        """Return the open map that takes the ref of a bid; None where a bid does more than bids do in a run."""
        lot = self._lot
        if self._refs is None and lot is not None and lot.is_simple and lot.next_step is None:
            self._refs, self._leader_bidder = lot.refs.mutate(), lot.leader_bidder
        return self._refs

    def _bidding_so_far(self) -> Lot | None:
        """Return the lot after the last bid of the run; the refs of the run are still to come."""
        if self._lot is not None and self._last is not None:
            self._lot = _bid_stands(self._lot, self._last, self._leader_bidder, self._lot.refs)
            self._last = None
        return self._lot
